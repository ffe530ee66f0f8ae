//! The fold under everything that can happen to a message: repeated, late, out of order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{EventId, LaneId, Passage, VisitId};

pub(crate) fn lot() -> LotId {
    LotId::parse("lot_test").unwrap()
}

pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + minute * 60).unwrap()
}

#[allow(clippy::unnecessary_wraps, reason = "the shape of a fee schedule")]
/// 100 won for each started minute beyond 10.
pub(crate) fn fee(entered: Timestamp, left: Timestamp) -> Option<Won> {
    let minutes = left.duration_since(entered).as_secs().max(0).cast_unsigned().div_ceil(60);
    Some(Won::new(i64::try_from(minutes.saturating_sub(10)).unwrap() * 100))
}

pub(crate) fn read(name: &str, passage: Passage, minute: i64) -> GateObservation {
    GateObservation {
        event_id: EventId::derive(&[name]),
        lot: lot(),
        lane: LaneId::parse("lane_1").unwrap(),
        passage,
        plate: PlateNumber::parse("12가3456"),
        confidence: None,
        observed_at: at(minute),
        reported_at: None,
        received_at: at(minute),
        image_key: None,
        track: None,
        unasked: None,
    }
}

pub(crate) fn paid(name: &str, amount: i64, quoted_minute: i64) -> PaidFact {
    PaidFact {
        payment: PaymentId::derive(&[name]),
        amount: Won::new(amount),
        quoted_until: at(quoted_minute),
        paid_at: at(quoted_minute),
        promised_at: None,
    }
}

pub(crate) fn facts(observations: Vec<GateObservation>, payments: Vec<PaidFact>) -> Facts {
    Facts { observations, payments, ..Facts::none(PlateNumber::parse("12가3456")) }
}

pub(crate) fn folded(facts: &Facts) -> Timeline {
    fold(&FoldContext { lot: &lot(), rules: LotRules::default(), fees: &fee }, facts)
}

fn decide(facts: &Facts, read: &GateObservation) -> ExitDecision {
    let context_lot = lot();
    let context = FoldContext { lot: &context_lot, rules: LotRules::default(), fees: &fee };
    decide_exit(&context, &fold(&context, facts), read)
}

#[test]
fn a_car_comes_in_pays_and_leaves() {
    let ask = read("ask", Passage::AtExit, 60);
    let all = facts(
        vec![read("in", Passage::Entered, 0), ask.clone(), read("out", Passage::Left, 61)],
        vec![paid("card", 4_700, 57)],
    );
    let timeline = folded(&all);
    assert_eq!(timeline.visits.len(), 1);
    assert_eq!(timeline.visits[0].status, VisitStatus::Over { left_at: at(61), ended: Ended::SeenLeaving });
    assert_eq!(timeline.visits[0].paid, Won::new(4_700));
    let before = facts(vec![read("in", Passage::Entered, 0), ask.clone()], all.payments.clone());
    assert!(matches!(decide(&before, &ask), ExitDecision::Open { reason: OpenReason::PaidWithinGrace, .. }));
}

#[test]
fn an_overrun_costs_only_the_difference() {
    let ask = read("ask", Passage::AtExit, 90);
    let all = facts(vec![read("in", Passage::Entered, 0), ask.clone()], vec![paid("card", 4_700, 57)]);
    let ExitDecision::AmountDue(due) = decide(&all, &ask) else { panic!("the barrier opened") };
    assert_eq!((due.total.get(), due.paid.get(), due.due.get()), (8_000, 4_700, 3_300));
}

#[test]
fn a_refunded_payment_no_longer_opens_the_barrier() {
    let ask = read("ask", Passage::AtExit, 60);
    let all = facts(vec![read("in", Passage::Entered, 0), ask.clone()], vec![paid("card", 0, 57)]);
    assert!(matches!(decide(&all, &ask), ExitDecision::AmountDue(_)));
}

#[test]
fn a_short_stay_is_free() {
    let ask = read("ask", Passage::AtExitOnly, 9);
    let all = facts(vec![read("in", Passage::Entered, 0), ask.clone()], vec![]);
    assert!(matches!(decide(&all, &ask), ExitDecision::Open { reason: OpenReason::Free, .. }));
    assert_eq!(folded(&all).visits[0].status, VisitStatus::Over { left_at: at(9), ended: Ended::Released });
}

#[test]
fn a_single_read_lane_releases_the_car_once_it_has_paid() {
    let unpaid = facts(vec![read("in", Passage::Entered, 0), read("ask", Passage::AtExitOnly, 60)], vec![]);
    assert_eq!(folded(&unpaid).visits[0].status, VisitStatus::AtExit { asked_at: at(60) });
    let settled = facts(unpaid.observations.clone(), vec![paid("card", 5_000, 60)]);
    assert_eq!(
        folded(&settled).visits[0].status,
        VisitStatus::Over { left_at: at(60), ended: Ended::Released }
    );
}

#[test]
fn the_gate_that_asks_twice_is_answered_the_same() {
    let (first, again) = (read("ask", Passage::AtExitOnly, 9), {
        let mut again = read("again", Passage::AtExitOnly, 9);
        again.observed_at = at(9).saturating_add(jiff::SignedDuration::from_secs(20)).unwrap();
        again
    });
    let all = facts(vec![read("in", Passage::Entered, 0), first, again.clone()], vec![]);
    assert!(matches!(decide(&all, &again), ExitDecision::Open { reason: OpenReason::AlreadyReleased, .. }));
    assert_eq!(folded(&all).orphans, vec![]);
}

#[test]
fn a_late_entry_after_the_exit_completes_the_visit() {
    let exit_only = facts(vec![read("out", Passage::Left, 61)], vec![]);
    assert_eq!(folded(&exit_only).orphans.len(), 1);
    let both = facts(vec![read("out", Passage::Left, 61), read("in", Passage::Entered, 0)], vec![]);
    assert_eq!((folded(&both).orphans.len(), folded(&both).visits.len()), (0, 1));
}

#[test]
fn an_exit_without_a_visit_asks_the_operator() {
    let ask = read("ask", Passage::AtExit, 60);
    assert!(matches!(decide(&facts(vec![ask.clone()], vec![]), &ask), ExitDecision::AskOperator { .. }));
}

#[test]
fn a_stranger_who_asks_twice_is_not_let_out_on_an_earlier_visit() {
    let (first, mut again) = (read("ask", Passage::AtExit, 600), read("again", Passage::AtExit, 600));
    again.observed_at = at(600).saturating_add(jiff::SignedDuration::from_secs(20)).unwrap();
    let earlier = vec![read("in", Passage::Entered, 0), read("out", Passage::Left, 30)];
    let all = facts([earlier, vec![first.clone(), again.clone()]].concat(), vec![]);
    assert!(matches!(decide(&all, &first), ExitDecision::AskOperator { .. }));
    assert!(matches!(decide(&all, &again), ExitDecision::AskOperator { .. }));
}

#[test]
fn coming_in_again_closes_the_earlier_visit_as_missed_exit() {
    let all = facts(vec![read("in", Passage::Entered, 0), read("in2", Passage::Entered, 600)], vec![]);
    let timeline = folded(&all);
    assert_eq!(timeline.visits[0].status, VisitStatus::Over { left_at: at(0), ended: Ended::MissedExit });
    assert!(timeline.visits[1].is_open());
}

#[test]
fn two_reads_of_one_entry_are_one_visit() {
    let all = facts(vec![read("in", Passage::Entered, 0), read("in2", Passage::Entered, 1)], vec![]);
    assert_eq!(folded(&all).visits.len(), 1);
}

#[test]
fn a_payment_counts_for_the_stay_it_was_quoted_for() {
    let all = facts(
        vec![
            read("in", Passage::Entered, 0),
            read("out", Passage::Left, 60),
            read("in2", Passage::Entered, 100),
        ],
        vec![paid("first", 5_000, 55), paid("second", 700, 117), paid("stray", 100, -5)],
    );
    let timeline = folded(&all);
    assert_eq!(timeline.visits.iter().map(|visit| visit.paid.get()).collect::<Vec<_>>(), [5_000, 700]);
    assert_eq!(timeline.unassigned, [PaymentId::derive(&["stray"])]);
}

fn without(facts: &Facts, gone: &Outworn) -> Facts {
    let mut kept = facts.clone();
    kept.observations.retain(|read| !gone.events.contains(&read.event_id));
    kept.payments.retain(|paid| !gone.payments.contains(&paid.payment));
    kept.trimmed_until = Some(gone.until);
    kept
}

#[test]
fn moving_old_facts_away_is_no_event_and_changes_no_later_visit() {
    let mut reads = Vec::new();
    for day in 0..12 {
        reads.push(read(&format!("in{day}"), Passage::Entered, day * 1_440));
        reads.push(read(&format!("out{day}"), Passage::Left, day * 1_440 + 5));
    }
    let all = facts(reads, vec![paid("old", 500, 3), paid("new", 500, 11 * 1_440 + 3)]);
    let before = folded(&all);
    let gone = outworn(&all, &before, at(12 * 1_440)).unwrap();
    let kept = without(&all, &gone);
    let after = folded(&kept);
    assert!(events_between(&fee, &before, &after).is_empty());
    assert!(after.visits.len() < before.visits.len());
    assert!(before.visits.ends_with(&after.visits));
    let late_duplicate = {
        let mut late = kept.clone();
        late.observations.push(all.observations[0].clone());
        late
    };
    assert_eq!(folded(&late_duplicate), after);
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let passage = prop_oneof![
        3 => Just(Passage::Entered), 2 => Just(Passage::AtExit), 1 => Just(Passage::AtExitOnly), 3 => Just(Passage::Left)
    ];
    let reads = prop::collection::vec((passage, 0_i64..400, 0_u8..20), 0..14);
    let payments = prop::collection::vec((0_i64..6_000, 0_i64..400), 0..4);
    (reads, payments).prop_map(|(reads, payments)| {
        let observations = reads
            .iter()
            .enumerate()
            .map(|(i, (passage, minute, _))| read(&format!("r{i}"), *passage, *minute));
        let payments =
            payments.iter().enumerate().map(|(i, (amount, minute))| paid(&format!("p{i}"), *amount, *minute));
        facts(observations.collect(), payments.collect())
    })
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        (original, shuffled) in any_facts().prop_flat_map(|facts| {
            let doubled: Vec<_> = facts.observations.iter().chain(&facts.observations).cloned().collect();
            let payments: Vec<_> = facts.payments.iter().chain(&facts.payments).cloned().collect();
            let plate = facts.plate.clone();
            let shuffled = (Just(doubled).prop_shuffle(), Just(payments).prop_shuffle())
                .prop_map(move |(observations, payments)| Facts { observations, payments, ..Facts::none(plate.clone()) });
            (Just(facts), shuffled)
        })
    ) {
        prop_assert_eq!(folded(&original), folded(&shuffled));
    }

    #[test]
    fn at_most_the_last_visit_is_open_and_ids_are_unique(facts in any_facts()) {
        let timeline = folded(&facts);
        let earlier = timeline.visits.len().saturating_sub(1);
        prop_assert!(timeline.visits.iter().take(earlier).all(|visit| !visit.is_open()));
        let ids: BTreeSet<&VisitId> = timeline.visits.iter().map(|visit| &visit.id).collect();
        prop_assert_eq!(ids.len(), timeline.visits.len());
    }

    #[test]
    fn no_payment_is_counted_twice_or_lost(facts in any_facts()) {
        let timeline = folded(&facts);
        let counted: usize = timeline.visits.iter().map(|visit| visit.payments.len()).sum();
        prop_assert_eq!(counted + timeline.unassigned.len(), facts.payments.len());
    }

    #[test]
    fn the_events_of_any_batching_tell_the_same_cars_in_the_lot(facts in any_facts(), cut in 0_usize..14) {
        let first = Facts {
            observations: facts.observations.iter().take(cut).cloned().collect(),
            ..Facts::none(facts.plate.clone())
        };
        let (start, middle, end) = (Timeline::default(), folded(&first), folded(&facts));
        prop_assert_eq!(open_delta(&start, &middle) + open_delta(&middle, &end), open_delta(&start, &end));
        prop_assert!(events_between(&fee, &end, &end).is_empty());
    }
}
