//! Which payments raise a barrier.

use super::*;
use crate::{
    EventId, GateObservation, Passage, Won,
    lot::LotRules,
    visit::{Facts, FoldContext, PaidFact, RuledBy, Ruling, RulingKind, Timeline, fold},
};

const MINUTE: i64 = 60;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn lot() -> LotId {
    LotId::parse("lot_test").unwrap()
}

/// 100 won for each started minute.
#[allow(clippy::unnecessary_wraps, reason = "the shape of a fee schedule")]
fn fee(entered: Timestamp, left: Timestamp) -> Option<Won> {
    let minutes = left.duration_since(entered).as_secs().max(0).cast_unsigned().div_ceil(60);
    Some(Won::new(i64::try_from(minutes).unwrap() * 100))
}

fn read(name: &str, passage: Passage, seconds: i64) -> GateObservation {
    GateObservation {
        event_id: EventId::derive(&[name]),
        lot: lot(),
        lane: LaneId::parse(format!("lane_{name}")).unwrap(),
        passage,
        plate: PlateNumber::parse("12가3456"),
        confidence: None,
        observed_at: at(seconds),
        received_at: at(seconds),
        reported_at: None,
        image_key: None,
        track: None,
        unasked: None,
    }
}

fn paid(name: &str, won: i64, seconds: i64) -> PaidFact {
    PaidFact {
        payment: PaymentId::derive(&[name]),
        amount: Won::new(won),
        quoted_until: at(seconds),
        paid_at: at(seconds),
        promised_at: None,
    }
}

/// A car that came an hour before and was read at the exit like this.
fn standing(exit: &[GateObservation]) -> Facts {
    let mut facts = Facts::none(PlateNumber::parse("12가3456"));
    facts.observations.push(read("in", Passage::Entered, -60 * MINUTE));
    facts.observations.extend_from_slice(exit);
    facts
}

fn after_paying(before: &Facts, payment: PaidFact, now: i64) -> Option<Command> {
    let mut after = before.clone();
    after.payments.push(payment);
    after_changing(before, &after, now)
}

fn after_changing(before: &Facts, after: &Facts, now: i64) -> Option<Command> {
    let lot = lot();
    let fees = fee;
    let context = FoldContext { lot: &lot, rules: LotRules::default(), fees: &fees };
    let folded = |facts: &Facts| -> Timeline { fold(&context, facts) };
    opening(&context, &folded(before), &folded(after), after, at(now))
}

fn lane_of(command: &Command) -> &str {
    let Action::Open { lane, .. } = &command.action else { panic!("no opening: {command:?}") };
    lane.as_str()
}

#[test]
fn a_car_that_pays_before_the_barrier_is_let_out_through_its_lane() {
    let facts = standing(&[read("ask", Passage::AtExit, 0)]);
    let command = after_paying(&facts, paid("p", 6_000, 30), 32).unwrap();
    assert_eq!(lane_of(&command), "lane_ask");
    assert_eq!(command.requested_at, at(32));
}

#[test]
fn a_lane_with_a_single_read_opens_too_however_often_it_asked() {
    for asked in [vec![0], vec![0, 20, 40]] {
        let reads: Vec<_> =
            asked.iter().map(|s| read(&format!("only{s}"), Passage::AtExitOnly, *s)).collect();
        let command = after_paying(&standing(&reads), paid("p", 6_100, 50), 52).unwrap();
        assert_eq!(lane_of(&command), format!("lane_only{}", asked.last().unwrap()));
    }
}

#[test]
fn a_car_that_a_person_lets_out_is_let_out_at_once() {
    let facts = standing(&[read("ask", Passage::AtExit, 0)]);
    let mut after = facts.clone();
    let id = RulingId::derive(&["ruling"]);
    let (by, kind, note) = (RuledBy::LotRule, RulingKind::LetGo, String::new());
    after.rulings.push(Ruling { id: id.clone(), at: at(30), by, note, kind });
    let command = after_changing(&facts, &after, 31).unwrap();
    assert_eq!(lane_of(&command), "lane_ask");
    assert!(matches!(command.action, Action::Open { cause: OpenCause::Ruling(of), .. } if of == id));
}

#[test]
fn the_same_change_told_again_is_the_same_command() {
    let facts = standing(&[read("ask", Passage::AtExit, 0)]);
    let (first, again) =
        (after_paying(&facts, paid("p", 6_000, 30), 32), after_paying(&facts, paid("p", 6_000, 30), 40));
    assert_eq!(first.unwrap().id(), again.unwrap().id());
    let other = after_paying(&facts, paid("q", 6_000, 30), 32).unwrap();
    assert_ne!(after_paying(&facts, paid("p", 6_000, 30), 32).unwrap().id(), other.id());
}

#[test]
fn nobody_is_let_out_who_paid_too_little() {
    let facts = standing(&[read("ask", Passage::AtExit, 0)]);
    let lot = lot();
    let fees = fee;
    let rules = LotRules { leave_grace_s: 0, ..LotRules::default() };
    let context = FoldContext { lot: &lot, rules, fees: &fees };
    let mut after = facts.clone();
    after.payments.push(paid("p", 100, 30));
    let (before, folded) = (fold(&context, &facts), fold(&context, &after));
    assert_eq!(opening(&context, &before, &folded, &after, at(32)), None);
}

#[test]
fn a_car_still_among_the_spaces_moves_no_barrier() {
    assert_eq!(after_paying(&standing(&[]), paid("p", 6_000, 30), 32), None);
}

#[test]
fn a_car_that_left_unpaid_and_pays_later_moves_no_barrier() {
    let facts = standing(&[read("ask", Passage::AtExit, 0), read("out", Passage::Left, 10)]);
    assert_eq!(after_paying(&facts, paid("p", 6_000, 30), 32), None);
}

#[test]
fn a_car_that_the_gate_itself_let_go_needs_no_command() {
    let mut facts = standing(&[read("ask", Passage::AtExit, 0)]);
    facts.payments.push(paid("advance", 6_000, -MINUTE));
    assert_eq!(after_paying(&facts, paid("p", 500, 30), 32), None);
}

#[test]
fn a_car_that_asked_long_ago_is_not_waited_for() {
    let facts = standing(&[read("ask", Passage::AtExit, 0)]);
    let late = STANDS_FOR.as_secs() + 1;
    assert_eq!(after_paying(&facts, paid("p", 6_600, late - 2), late), None);
    assert!(after_paying(&facts, paid("p", 6_600, late - 2), late - 1).is_some());
}

#[test]
fn a_car_has_left_only_when_a_gate_saw_it_leave() {
    let lot = lot();
    let fees = fee;
    let context = FoldContext { lot: &lot, rules: LotRules::default(), fees: &fees };
    let left = |exit: &[GateObservation], payments: &[PaidFact]| {
        let mut facts = standing(exit);
        facts.payments = payments.to_vec();
        let timeline = fold(&context, &facts);
        let visit = timeline.visits[0].id.clone();
        has_left(&timeline, &visit)
    };
    assert!(!left(&[read("ask", Passage::AtExit, 0)], &[]));
    assert!(!left(&[read("ask", Passage::AtExitOnly, 0)], &[paid("p", 6_000, 5)]), "let go, not gone");
    assert!(left(&[read("ask", Passage::AtExit, 0), read("out", Passage::Left, 9)], &[]));
}
