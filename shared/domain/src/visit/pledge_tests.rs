//! A car whose payer is registered never waits, is charged once for each leaving, and is not believed again after a refusal.

use proptest::prelude::*;

use super::{
    fold_tests::{at, facts, fee, folded, lot, paid, read},
    *,
};
use crate::{DriverId, EventId, Passage, RulingId};

fn ruling(name: &str, minute: i64, kind: RulingKind) -> Ruling {
    let id = RulingId::derive(&[name]);
    Ruling { id, at: at(minute), by: RuledBy::Platform, note: String::new(), kind }
}

fn pledged(minute: i64, limit: i64) -> Ruling {
    let payer = Payer::Driver(DriverId::derive(&["d"]));
    ruling("pledge", minute, RulingKind::Pledged(Pledge { payer, limit: Won::new(limit) }))
}

fn broken(name: &str, minute: i64) -> Ruling {
    let kind =
        RulingKind::PledgeBroken { read: EventId::derive(&[name]), code: "no-card".into(), word: None };
    ruling("broken", minute, kind)
}

/// A car that came at 0 with a pledge, and these reads at the exit.
fn parked(exit: Vec<GateObservation>, limit: i64) -> Facts {
    let mut reads = vec![read("in", Passage::Entered, 0)];
    reads.extend(exit);
    Facts { rulings: vec![pledged(0, limit)], ..facts(reads, vec![]) }
}

fn decided(facts: &Facts, read: &GateObservation) -> ExitDecision {
    let lot = lot();
    let context = FoldContext { lot: &lot, rules: LotRules::default(), fees: &fee };
    decide_exit(&context, &fold(&context, facts), read)
}

fn amounts(facts: &Facts) -> Vec<i64> {
    folded(facts).promises().map(|(_, promise)| promise.amount.get()).collect()
}

/// What the payer's card was charged for a read.
fn charged(name: &str, amount: i64, minute: i64) -> PaidFact {
    PaidFact { promised_at: Some(EventId::derive(&[name])), ..paid(name, amount, minute) }
}

#[test]
fn the_barrier_opens_on_the_payers_word_and_the_amount_is_promised() {
    let ask = read("ask", Passage::AtExit, 60);
    let facts = parked(vec![ask.clone()], 100_000);
    assert!(matches!(decided(&facts, &ask), ExitDecision::Open { reason: OpenReason::Promised, .. }));
    assert_eq!(amounts(&facts), [5_000]);
}

#[test]
fn a_gate_that_asks_again_and_the_passage_behind_it_promise_nothing_more() {
    let reads = vec![
        read("ask", Passage::AtExit, 60),
        read("again", Passage::AtExit, 61),
        read("out", Passage::Left, 62),
    ];
    let facts = parked(reads, 100_000);
    assert_eq!(amounts(&facts), [5_000]);
    let timeline = folded(&facts);
    assert_eq!(
        timeline.visits[0].due(&fee, at(62)),
        Some(Won::ZERO),
        "nobody is told of a debt that is being charged"
    );
}

#[test]
fn once_it_is_paid_the_promise_is_gone_and_does_not_come_back() {
    let mut facts = parked(vec![read("ask", Passage::AtExit, 60), read("out", Passage::Left, 62)], 100_000);
    facts.payments.push(charged("ask", 5_000, 60));
    assert!(amounts(&facts).is_empty());
    // A late entry makes the stay dearer: the card is not charged a second time for the same leaving.
    facts.observations.push(read("earlier", Passage::Entered, -1));
    assert!(amounts(&facts).is_empty());
}

#[test]
fn who_stays_beyond_the_time_to_leave_promises_the_difference() {
    let facts = parked(vec![read("ask", Passage::AtExit, 60), read("later", Passage::AtExit, 100)], 100_000);
    assert_eq!(amounts(&facts), [5_000, 4_000]);
}

#[test]
fn a_refused_charge_leaves_the_debt_and_the_word_counts_no_more() {
    let (ask, again) = (read("ask", Passage::AtExit, 60), read("again", Passage::AtExit, 90));
    let mut facts = parked(vec![ask, again.clone()], 100_000);
    facts.rulings.push(broken("ask", 61));
    assert!(amounts(&facts).is_empty());
    assert!(matches!(decided(&facts, &again), ExitDecision::AmountDue(due) if due.due == Won::new(8_000)));
}

#[test]
fn a_car_that_left_on_a_word_that_was_broken_owes_and_consumers_are_told() {
    let facts = parked(vec![read("ask", Passage::AtExit, 60), read("out", Passage::Left, 62)], 100_000);
    let mut refused = facts.clone();
    refused.rulings.push(broken("ask", 63));
    let told = events_between(&fee, &folded(&facts), &folded(&refused));
    assert_eq!(told.len(), 1);
    assert!(
        matches!(told[0].kind, VisitEventKind::Owes { outstanding, .. } if outstanding == Won::new(5_200))
    );
    let mut paid_after_all = refused.clone();
    paid_after_all.payments.push(paid("by phone", 5_200, 62));
    let told = events_between(&fee, &folded(&refused), &folded(&paid_after_all));
    assert!(matches!(told[0].kind, VisitEventKind::Owes { outstanding: Won::ZERO, .. }), "{told:?}");
}

#[test]
fn beyond_the_payers_limit_the_driver_is_asked() {
    let ask = read("ask", Passage::AtExit, 60);
    assert!(matches!(decided(&parked(vec![ask.clone()], 4_999), &ask), ExitDecision::AmountDue(_)));
    assert!(matches!(decided(&parked(vec![ask.clone()], 5_000), &ask), ExitDecision::Open { .. }));
}

#[test]
fn a_word_taken_back_before_the_exit_counts_no_more() {
    let ask = read("ask", Passage::AtExit, 60);
    let mut facts = parked(vec![ask.clone()], 100_000);
    facts.rulings.push(ruling("end", 30, RulingKind::PledgeEnded));
    assert!(matches!(decided(&facts, &ask), ExitDecision::AmountDue(_)));
}

#[test]
fn a_single_read_lane_lets_the_car_go_on_the_word() {
    let facts = parked(vec![read("ask", Passage::AtExitOnly, 60)], 100_000);
    assert!(matches!(folded(&facts).visits[0].status, VisitStatus::Over { ended: Ended::Released, .. }));
    assert_eq!(amounts(&facts), [5_000]);
}

proptest! {
    /// However reads, charges and refusals arrive and repeat: what is promised and paid together never exceeds the fee of the last
    /// read, and every read promises at most once.
    #[test]
    fn promises_and_payments_never_exceed_the_fee(
        minutes in prop::collection::btree_set(1_i64..500, 1..8),
        settled in prop::collection::vec(0_u8..3, 8), turn in 0_usize..8,
    ) {
        let names: Vec<String> = minutes.iter().map(|minute| format!("ask{minute}")).collect();
        let reads = minutes.iter().zip(&names).map(|(minute, name)| read(name, Passage::AtExit, *minute));
        let mut facts = parked(reads.collect(), 1_000_000);
        // Each promise in turn is charged, refused or left.
        for fate in &settled {
            let Some((read, minute, amount)) = folded(&facts).promises().next().map(|(_, promise)| {
                (promise.read.clone(), promise.at, promise.amount)
            }) else { break };
            let name = names.iter().find(|name| EventId::derive(&[name.as_str()]) == read).unwrap();
            let minute = minute.duration_since(at(0)).as_mins();
            match fate {
                0 => facts.payments.push(charged(name, amount.get(), minute)),
                1 => facts.rulings.push(broken(name, minute)),
                _ => break,
            }
        }
        let last = *minutes.last().unwrap();
        let timeline = folded(&facts);
        let visit = &timeline.visits[0];
        prop_assert!(visit.settled() <= fee(at(0), at(last)).unwrap());
        let reads: std::collections::BTreeSet<_> = visit.promises.iter().map(|promise| &promise.read).collect();
        prop_assert_eq!(reads.len(), visit.promises.len());
        let mut turned = facts.clone();
        turned.observations.rotate_left(turn % facts.observations.len());
        turned.observations.extend(facts.observations.clone());
        prop_assert_eq!(&folded(&turned), &timeline);
    }
}
