use proptest::prelude::*;

use super::*;
use crate::{
    DriverId, Won,
    purse::BillingKey,
    receivable::{
        Command, Kept, WriteOff, decide,
        tests::{claimed, days, left, receivable, whole_fee},
    },
    visit::{BrokenWord, fold_tests::at},
};

const NO_LIMIT: Won = Won::new(1_000_000);

fn payer() -> Payer {
    Payer::Driver(DriverId::derive(&["d"]))
}

fn pledge(limit: Won) -> Pledge {
    Pledge { payer: payer(), limit }
}

fn card(name: &str) -> CardId {
    RegisteredCard::new(BillingKey::new(name), "신한 1234", at(0)).id
}

/// The car left at `days(0)`; its charge was refused then.
fn refused(code: &str) -> Receivable {
    let word = BrokenWord { payer: payer(), amount: whole_fee(), card: Some(card("first")) };
    let payment = PaymentId::derive(&["promise"]);
    let mut known = receivable();
    known.claim.refused = Some(super::super::RefusedCharge { payment, at: days(0), code: code.into(), word });
    known
}

fn hours(number: i64) -> Timestamp {
    days(0) + SignedDuration::from_hours(number)
}

/// What the newest try's charge came to.
fn ends(known: &Receivable, code: Option<&str>, now: Timestamp) -> Receivable {
    let id = known.payment_of(known.tries.last().unwrap());
    let command = match code {
        None => Command::Paid(id, Kept { of_fee: whole_fee(), returned: Won::ZERO, paid_at: now }),
        Some(code) => Command::Asked(id, Asked::Refused { code: code.into(), card: Some(card("first")) }),
    };
    decide(known, command, now).unwrap()
}

fn tries(known: &Receivable, now: Timestamp) -> Option<Receivable> {
    decide(known, Command::Try(pledge(NO_LIMIT)), now)
}

/// Runs each morning as `receivables` does, every try being refused with this code; on which hours a try was made.
fn mornings(first: &str, each: &str) -> Vec<i64> {
    let (mut known, mut made) = (refused(first), Vec::new());
    for hour in (12..24 * 14).step_by(24) {
        for repeated in 0..2 {
            if let Some(next) = tries(&known, hours(hour + repeated)) {
                made.push(hour + repeated);
                known = ends(&next, Some(each), hours(hour + repeated));
            }
        }
    }
    made
}

#[test]
fn an_empty_card_is_tried_on_each_of_the_next_three_mornings_and_no_more() {
    assert_eq!(mornings("REJECT_CARD_PAYMENT", "REJECT_CARD_PAYMENT"), [12, 36, 60]);
    assert_eq!(mornings("InvalidRequest", "REJECT_CARD_PAYMENT"), [0_i64; 0], "our own fault");
    assert_eq!(mornings("PgProvider", "ChannelNotFound"), [12], "that it is ours shows with the first");
}

#[test]
fn a_card_that_is_lost_or_deleted_is_not_charged_again_and_another_one_is() {
    for code in ["INVALID_CARD_LOST_OR_STOLEN", "BillingKeyAlreadyDeleted"] {
        let known = tries(&refused(code), hours(12)).unwrap();
        let id = known.payment_of(&known.tries[0]);
        let with = |name| known.chargeable(&id, Some(&card(name)), hours(12));
        assert_eq!((with("first"), with("second")), (Err(NoTry::SameCard), Ok(whole_fee())));
        assert_eq!(known.chargeable(&id, None, hours(12)), Err(NoTry::NoCard));
    }
}

#[test]
fn a_word_that_was_taken_back_or_given_for_less_charges_nothing() {
    let known = refused("PgProvider");
    let another = Pledge { payer: Payer::Driver(DriverId::derive(&["e"])), limit: NO_LIMIT };
    let less = pledge(whole_fee().remaining_after(Won::new(1)));
    for word in [another, less] {
        assert_eq!(decide(&known, Command::Try(word), hours(12)), None);
    }
    assert!(decide(&known, Command::Try(pledge(whole_fee())), hours(12)).is_some());
}

#[test]
fn while_a_window_is_open_or_a_deposit_awaited_no_card_is_charged() {
    let link = PaymentId::derive(&["link"]);
    for asked in [Asked::UnderWay { until: hours(13) }, Asked::AwaitingDeposit { until: hours(50) }] {
        let until = asked.until().unwrap();
        let ordered = tries(&refused("PgProvider"), hours(12)).unwrap();
        let id = ordered.payment_of(&ordered.tries[0]);
        let asked = Command::Asked(link.clone(), asked);
        let waits = decide(&refused("PgProvider"), asked.clone(), hours(11)).unwrap();
        assert_eq!(waits.next_try_at(), Some(until));
        assert_eq!(tries(&waits, hours(12)), None);
        let meets = decide(&ordered, asked, hours(12)).unwrap();
        assert_eq!(meets.chargeable(&id, Some(&card("first")), hours(12)), Err(NoTry::UnderWay));
        assert_eq!(meets.chargeable(&id, Some(&card("first")), until), Ok(whole_fee()));
    }
}

#[test]
fn what_a_person_gave_back_is_not_charged_again() {
    let tried = ends(&tries(&refused("PgProvider"), hours(12)).unwrap(), None, hours(12));
    assert_eq!((tried.is_open(), tried.outcome(&tried.tries[0])), (false, TryOutcome::Paid));
    let back = Kept { of_fee: Won::ZERO, returned: whole_fee(), paid_at: hours(12) };
    let again = decide(&tried, Command::Paid(tried.payment_of(&tried.tries[0]), back), hours(20)).unwrap();
    assert_eq!((again.is_open(), again.next_try_at()), (true, None));
    // The first charge was made after all, and given back: the facts know its payment.
    let mut late = refused("PgProvider");
    late.claim.counted.insert(PaymentId::derive(&["promise"]), Won::ZERO);
    assert_eq!((late.is_open(), late.next_try_at()), (true, None));
}

#[test]
fn a_try_that_was_not_made_counts_and_one_that_was_begun_has_its_own_end() {
    let ordered = tries(&refused("PgProvider"), hours(12)).unwrap();
    assert_eq!(ordered.next_try_at(), None, "one after the other");
    let ended = decide(&ordered, Command::NotMade(1, NoTry::NoCard), hours(12)).unwrap();
    assert_eq!(ended.outcome(&ended.tries[0]), TryOutcome::NotMade(NoTry::NoCard));
    assert_eq!(ended.next_try_at(), Some(hours(32)));
    let begun = Command::Asked(ordered.payment_of(&ordered.tries[0]), Asked::UnderWay { until: hours(13) });
    let begun = decide(&ordered, begun, hours(12)).unwrap();
    assert_eq!(decide(&begun, Command::NotMade(1, NoTry::NoCard), hours(12)), None);
    let late = ends(&ended, Some("LIMIT"), hours(12));
    assert_eq!(late.outcome(&late.tries[0]), TryOutcome::Refused("LIMIT".into()));
}

#[test]
fn on_the_day_of_a_try_no_notice_goes_and_then_they_go_as_ever() {
    let rules = crate::lot::UnpaidRules::default();
    let tried = ends(&tries(&refused("PgProvider"), hours(36)).unwrap(), Some("LIMIT"), hours(36));
    assert_eq!(refused("PgProvider").next_notice_at(rules), Some(hours(24)));
    assert_eq!(tried.next_notice_at(rules), Some(hours(56)));
    let lost = ends(&tries(&refused("PgProvider"), hours(36)).unwrap(), Some("STOLEN"), hours(36));
    assert_eq!((tried.tries_again(), lost.tries_again()), (true, false), "what its owner is told");
}

#[test]
fn an_earlier_word_of_a_payment_says_nothing() {
    let id = PaymentId::derive(&["link"]);
    let failed = Asked::Refused { code: "x".into(), card: None };
    let known = decide(&refused("x"), Command::Asked(id.clone(), failed), hours(1)).unwrap();
    let earlier = Command::Asked(id.clone(), Asked::AwaitingDeposit { until: hours(99) });
    assert_eq!(decide(&known, earlier.clone(), hours(2)), None);
    let kept = Kept { of_fee: whole_fee(), returned: Won::ZERO, paid_at: hours(2) };
    let paid = decide(&known, Command::Paid(id, kept), hours(2)).unwrap();
    assert!(paid.asked.is_empty());
    assert_eq!(decide(&paid, earlier, hours(3)), None);
}

#[test]
fn the_refusal_of_a_visit_is_found_in_its_facts_with_its_word() {
    use crate::{
        Passage, RulingId,
        visit::{RuledBy, Ruling, RulingKind, fold_tests::read},
    };
    let word = BrokenWord { payer: payer(), amount: whole_fee(), card: None };
    let mut facts = left(vec![]);
    let exit = read("ask", Passage::AtExit, 59);
    let kind = RulingKind::PledgeBroken {
        read: exit.event_id.clone(),
        code: "no-card".into(),
        word: Some(word.clone()),
    };
    facts.rulings.push(Ruling {
        id: RulingId::derive(&["b"]),
        at: at(61),
        by: RuledBy::Platform,
        note: String::new(),
        kind,
    });
    assert_eq!(claimed(&facts, 1).claim.refused, None, "the read is another visit's");
    facts.observations.push(exit.clone());
    let found = claimed(&facts, 1).claim.refused.unwrap();
    assert_eq!((found.at, found.word), (at(61), word));
    let written = serde_json::to_string(&refused("x")).unwrap();
    assert_eq!(serde_json::from_str::<Receivable>(&written).unwrap(), refused("x"));
}

#[derive(Debug, Clone)]
enum Step {
    Morning(i64),
    Refused(&'static str),
    Taken,
    NotMade,
    Link(bool),
    GivenBack,
    GivenUp,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let code = prop::sample::select(vec!["PgProvider", "LIMIT", "LOST", "InvalidRequest"]);
    let step = prop_oneof![
        4 => (0_i64..40_000).prop_map(Step::Morning),
        2 => code.prop_map(Step::Refused),
        1 => Just(Step::Taken),
        1 => Just(Step::NotMade),
        1 => any::<bool>().prop_map(Step::Link),
        1 => Just(Step::GivenBack),
        1 => Just(Step::GivenUp),
    ];
    prop::collection::vec((1_i64..30, step), 1..24)
}

/// The receivable after a step, if it changes.
fn after(known: &Receivable, step: &Step, now: Timestamp) -> Option<Receivable> {
    let own = known.tries.last().map(|tried| known.payment_of(tried));
    let link = PaymentId::derive(&["link"]);
    let kept = |of_fee: Won| Kept { of_fee, returned: whole_fee().remaining_after(of_fee), paid_at: now };
    let command = match step {
        Step::Morning(limit) => Command::Try(pledge(Won::new(*limit))),
        Step::Refused(code) => {
            Command::Asked(own?, Asked::Refused { code: (*code).into(), card: Some(card("first")) })
        }
        Step::Taken => Command::Paid(own?, kept(whole_fee())),
        Step::NotMade => Command::NotMade(known.tries.last()?.number, NoTry::NoCard),
        Step::Link(true) => Command::Paid(link, kept(whole_fee())),
        Step::Link(false) => {
            Command::Asked(link, Asked::UnderWay { until: now + SignedDuration::from_hours(1) })
        }
        Step::GivenBack => Command::Paid(known.payments.keys().next()?.clone(), kept(Won::ZERO)),
        Step::GivenUp => {
            Command::WriteOff(WriteOff { at: now, by: "당직".into(), note: "오인식".into() })
        }
    };
    decide(known, command, now)
}

proptest! {
    /// Whatever happens: three tries at most, one after the other and apart, none of them more than is owed, promised or allowed,
    /// none once money came or nothing is asked for, none long after the refusal.
    #[test]
    fn no_card_is_charged_too_often_too_much_or_for_nothing(steps in steps()) {
        let (mut known, mut now) = (refused("PgProvider"), days(0));
        for (pass, step) in steps {
            now += SignedDuration::from_hours(pass);
            let Some(next) = after(&known, &step, now) else { continue };
            if next.tries.len() > known.tries.len() {
                let (made, earlier) = (next.tries.last().unwrap(), known.tries.last());
                let amount = next.chargeable(&next.payment_of(made), Some(&card("second")), now).unwrap();
                prop_assert!(amount <= known.principal() && amount <= whole_fee());
                prop_assert!(amount <= made.pledge.limit && amount > Won::ZERO);
                prop_assert!(known.is_open() && known.payments.is_empty());
                prop_assert!(now >= hours(8) && now >= earlier.map_or(now, |e| e.at + SignedDuration::from_hours(20)));
                prop_assert!(earlier.is_none_or(|e| known.outcome(e) != TryOutcome::Pending));
                prop_assert!(known.next_try_at().is_some_and(|due| due <= now) && now <= hours(7 * 24));
            }
            prop_assert!(next.tries.len() <= MAX_TRIES);
            let ids: std::collections::BTreeSet<_> = next.tries.iter().map(|tried| next.payment_of(tried)).collect();
            prop_assert_eq!(ids.len(), next.tries.len());
            known = next;
        }
    }
}
