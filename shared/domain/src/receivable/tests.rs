use proptest::prelude::*;

use super::*;
use crate::{
    Passage,
    lot::LotRules,
    visit::{
        FoldContext, PaidFact, fold,
        fold_tests::{at, facts, fee, lot, paid, read},
    },
};

const HOUR: i64 = 60;

fn context<'a, F>(lot: &'a LotId, fees: &'a F) -> FoldContext<'a, F> {
    FoldContext { lot, rules: LotRules { leave_grace_s: 0, ..LotRules::default() }, fees }
}

pub(super) fn left(payments: Vec<PaidFact>) -> Facts {
    facts(vec![read("in", Passage::Entered, 0), read("out", Passage::Left, HOUR)], payments)
}

pub(super) fn claimed(facts: &Facts, revision: i64) -> Claimed {
    let lot = lot();
    let context = context(&lot, &fee);
    let timeline = fold(&context, facts);
    let visit = &timeline.visits[0];
    Claimed {
        visit: visit.id.clone(),
        plate: visit.plate.clone(),
        entered_at: visit.entered_at,
        left_at: left_at(visit),
        claim: Claim::of(&fee, facts, Some(visit), revision),
    }
}

pub(super) fn whole_fee() -> Won {
    fee(at(0), at(HOUR)).unwrap()
}

pub(super) fn receivable() -> Receivable {
    let claimed = claimed(&left(vec![]), 1);
    Receivable {
        id: ReceivableId::of(&claimed.visit, "token").unwrap(),
        lot: lot(),
        operator: OperatorId::derive(&["o"]),
        plate: claimed.plate.clone(),
        visit: claimed.visit.clone(),
        entered_at: claimed.entered_at,
        left_at: claimed.left_at.unwrap(),
        claim: claimed.claim,
        payments: BTreeMap::new(),
        notices: Vec::new(),
        asked: BTreeMap::new(),
        tries: Vec::new(),
        write_off: None,
        closed_at: None,
    }
}

fn kept(of_fee: Won, returned: Won) -> Command {
    Command::Paid(PaymentId::derive(&["link"]), Kept { of_fee, returned, paid_at: at(90) })
}

pub(super) fn days(number: i64) -> Timestamp {
    at(HOUR) + SignedDuration::from_hours(24 * number)
}

#[test]
fn a_payment_settles_it_also_when_the_facts_are_forgotten() {
    let open = receivable();
    assert_eq!((open.principal(), open.state()), (whole_fee(), ReceivableState::Open));
    let settled = decide(&open, kept(whole_fee(), Won::ZERO), days(90)).unwrap();
    assert_eq!((settled.state(), settled.closed_at), (ReceivableState::Settled, Some(days(90))));
    assert_eq!(decide(&settled, kept(whole_fee(), Won::ZERO), days(91)), None, "the webhook again");
}

#[test]
fn a_payment_that_the_facts_counted_too_pays_once() {
    let open = receivable();
    let half = Won::new(1);
    let fact = PaidFact { paid_at: at(61), ..paid("link", half.get(), HOUR) };
    let facts = left(vec![PaidFact { payment: PaymentId::derive(&["link"]), ..fact }]);
    let both = decide(&open, kept(half, Won::ZERO), days(1)).unwrap();
    let both = decide(&both, Command::Claim(Box::new(claimed(&facts, 2))), days(1)).unwrap();
    assert!(both.principal() >= whole_fee().remaining_after(half) || both.principal().is_zero());
    assert_eq!(both.held(), half);
}

#[test]
fn a_refund_opens_it_again_and_the_older_word_does_not_close_it() {
    let settled = decide(&receivable(), kept(whole_fee(), Won::ZERO), days(1)).unwrap();
    let again = decide(&settled, kept(Won::ZERO, whole_fee()), days(2)).unwrap();
    assert_eq!((again.state(), again.closed_at), (ReceivableState::Open, None));
    assert_eq!(decide(&again, kept(whole_fee(), Won::ZERO), days(3)), None);
}

#[test]
fn a_visit_that_was_none_after_all_owes_nothing() {
    let nothing = Claim { revision: 2, asked: Won::ZERO, counted: BTreeMap::new(), refused: None };
    let withdrawn = Claimed { left_at: None, claim: nothing, ..claimed(&left(vec![]), 2) };
    let next = decide(&receivable(), Command::Claim(Box::new(withdrawn)), days(1)).unwrap();
    assert_eq!(next.state(), ReceivableState::Withdrawn);
}

#[test]
fn notices_go_when_they_are_due_and_the_third_bears_the_surcharge() {
    let rules = UnpaidRules { surcharge_times: 4, ..UnpaidRules::default() };
    let mut known = receivable();
    let mut sent = Vec::new();
    for day in 0..60 {
        if let Some(next) = decide(&known, Command::Notice(rules), days(day)) {
            sent.push((day, next.notices.last().unwrap().demand.surcharge));
            known = next;
        }
    }
    assert_eq!(sent, [(1, Won::ZERO), (15, Won::ZERO), (29, whole_fee().times(4).unwrap())]);
    assert_eq!(known.demand(rules).unwrap().surcharge, whole_fee().times(4).unwrap());
    assert_eq!(known.demand(UnpaidRules::default()).unwrap().surcharge, Won::ZERO, "a private lot");
    let paid = decide(&known, kept(whole_fee(), Won::ZERO), days(60)).unwrap();
    assert_eq!(paid.demand(rules).unwrap().surcharge, Won::ZERO, "who pays what they were told is done");
}

#[test]
fn what_was_given_up_is_asked_for_no_more() {
    let write_off = WriteOff { at: days(1), by: "당직".into(), note: "오인식".into() };
    let given_up = decide(&receivable(), Command::WriteOff(write_off.clone()), days(1)).unwrap();
    assert_eq!(given_up.state(), ReceivableState::WrittenOff);
    assert_eq!(decide(&given_up, Command::WriteOff(write_off), days(2)), None, "once");
    assert_eq!(decide(&given_up, Command::Notice(UnpaidRules::default()), days(9)), None);
}

#[test]
fn of_two_windows_that_both_took_the_fee_one_gives_it_back() {
    let mut known = receivable();
    for name in ["a", "b"] {
        let kept = Kept { of_fee: whole_fee(), returned: Won::ZERO, paid_at: at(90) };
        known = decide(&known, Command::Paid(PaymentId::derive(&[name]), kept), days(1)).unwrap();
    }
    let (payment, keep) = known.surplus().unwrap();
    assert_eq!(keep, Won::ZERO);
    let gone = Kept { of_fee: Won::ZERO, returned: whole_fee(), paid_at: at(90) };
    let after = decide(&known, Command::Paid(payment, gone), days(1)).unwrap();
    assert_eq!((after.surplus(), after.state()), (None, ReceivableState::Settled));
}

#[test]
fn only_visits_that_owe_or_owed_are_spoken_of() {
    let lot = lot();
    let context = context(&lot, &fee);
    let none = Facts::none(left(vec![]).plate);
    let inside = facts(vec![read("in", Passage::Entered, 0)], vec![]);
    let all = left(vec![paid("p", whole_fee().get(), HOUR)]);
    let between = |old: &Facts, new: &Facts| {
        claims_between(&fee, (old, &fold(&context, old)), (new, &fold(&context, new)), 7)
    };
    assert_eq!(between(&none, &inside), []);
    assert_eq!(between(&inside, &all), [], "paid before it left");
    let owing = between(&inside, &left(vec![]));
    assert_eq!((owing.len(), owing[0].owes(), owing[0].claim.revision), (1, true, 7));
    let settled = between(&left(vec![]), &all);
    assert_eq!((settled.len(), settled[0].owes()), (1, false));
    assert!(!between(&left(vec![]), &inside)[0].owes(), "open again");
    assert!(!between(&left(vec![]), &none)[0].owes(), "withdrawn");
    let mut archived = none.clone();
    archived.trimmed_until = Some(at(HOUR));
    assert_eq!(between(&left(vec![]), &archived), [], "what moves to the archive is owed still");
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let claim = (2_i64..6).prop_map(|revision| {
        // What a revision says is always the same.
        let sum = (revision * 700) % 2_100;
        let facts = if sum == 0 { left(vec![]) } else { left(vec![paid("p", sum, HOUR)]) };
        Command::Claim(Box::new(claimed(&facts, revision)))
    });
    let pay = (0_u8..3, 0_i64..3).prop_map(|(name, back)| {
        let returned = Won::new(back * 300);
        let of_fee = Won::new(600).remaining_after(returned);
        Command::Paid(PaymentId::derive(&[&name.to_string()]), Kept { of_fee, returned, paid_at: at(90) })
    });
    prop::collection::vec(prop_oneof![claim, pay], 1..12)
}

fn run(commands: &[Command]) -> (Receivable, usize) {
    let (mut known, mut closings) = (receivable(), 0);
    for (index, command) in commands.iter().enumerate() {
        let now = days(1) + SignedDuration::from_mins(i64::try_from(index).unwrap());
        if let Some(next) = decide(&known, command.clone(), now) {
            closings += usize::from(known.is_open() && !next.is_open());
            known = next;
        }
    }
    (known, closings)
}

proptest! {
    /// Claims and payments overtake each other and come twice: what is owed in the end is the same.
    #[test]
    fn any_order_and_repetition_ends_in_the_same_state(
        (given, shuffled) in commands().prop_flat_map(|given| {
            let twice: Vec<_> = given.iter().chain(&given).cloned().collect();
            (Just(given), Just(twice).prop_shuffle())
        })
    ) {
        let ((one, _), (other, _)) = (run(&given), run(&shuffled));
        prop_assert_eq!((&one.claim, &one.payments), (&other.claim, &other.payments));
        prop_assert_eq!((one.state(), one.principal()), (other.state(), other.principal()));
    }

    /// The same words again close nothing a second time.
    #[test]
    fn what_is_closed_is_closed_once(given in commands()) {
        let (_, closings) = run(&given);
        let again: Vec<_> = given.iter().flat_map(|command| [command.clone(), command.clone()]).collect();
        prop_assert_eq!(run(&again).1, closings);
        let (known, _) = run(&given);
        prop_assert_eq!(known.closed_at.is_some(), !known.is_open());
    }
}
