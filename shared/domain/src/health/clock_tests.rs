#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{ClockCorrections, Delays, GateTally, LaneClock, MAX_CORRECTION};
use crate::{
    EventId, GateObservation, LaneId, LotId, Passage, PlateNumber,
    lot::LotRules,
    visit::{Facts, FoldContext, VisitStatus, fold},
};

fn noon() -> Timestamp {
    "2026-11-20T12:00:00+09:00".parse().unwrap()
}

fn minutes(count: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(count)
}

fn ms(delay: i64) -> SignedDuration {
    SignedDuration::from_millis(delay)
}

/// A clock after ten reads that were each this long under way, by a clock that runs so far ahead.
fn after_reads(clock: &mut LaneClock, ahead_s: i64, under_way_ms: i64, now: Timestamp) {
    let mut delays = Delays::default();
    for read in 0..10 {
        delays.add(ms(under_way_ms + read - ahead_s * 1_000));
    }
    clock.observe(&delays, now);
    clock.close_hour(&delays);
}

/// The same twice, far enough apart that a delay which grew is believed.
fn settled(clock: &mut LaneClock, ahead_s: i64) {
    after_reads(clock, ahead_s, 200, minutes(0));
    after_reads(clock, ahead_s, 200, minutes(20));
}

fn lane(name: &str) -> LaneId {
    LaneId::parse(format!("lane_{name}")).unwrap()
}

fn read(name: &str, lane_name: &str, passage: Passage, at: Timestamp) -> GateObservation {
    GateObservation {
        event_id: EventId::derive(&[name]),
        lot: LotId::parse("lot_test").unwrap(),
        lane: lane(lane_name),
        passage,
        plate: PlateNumber::parse("12가3456"),
        confidence: None,
        observed_at: at,
        reported_at: None,
        received_at: at,
        image_key: None,
        track: None,
        unasked: None,
    }
}

#[test]
fn a_clock_within_three_seconds_is_right() {
    for ahead_s in [-2, 0, 2] {
        let mut clock = LaneClock::default();
        settled(&mut clock, ahead_s);
        assert_eq!(clock.correction_s(), 0, "{ahead_s}");
    }
}

#[test]
fn a_clock_that_runs_ahead_is_corrected_at_the_first_look() {
    let mut clock = LaneClock::default();
    assert_eq!(clock.ahead_s(), None);
    after_reads(&mut clock, 95, 200, minutes(0));
    assert_eq!((clock.ahead_s(), clock.correction_s()), (Some(94), -94));
}

#[test]
fn a_clock_that_runs_behind_is_corrected_once_it_is_sure_that_nothing_was_late() {
    let mut clock = LaneClock::default();
    after_reads(&mut clock, -60, 200, minutes(0));
    assert_eq!(clock.correction_s(), 0);
    after_reads(&mut clock, -60, 200, minutes(20));
    assert_eq!(clock.correction_s(), 60);
}

#[test]
fn reads_kept_while_the_line_was_down_are_not_taken_for_a_clock_behind() {
    let mut clock = LaneClock::default();
    let mut hour = Delays::default();
    for kept in 0..10 {
        hour.add(SignedDuration::from_secs(240 - kept * 10));
    }
    clock.observe(&hour, minutes(0));
    clock.observe(&hour, minutes(30));
    assert_eq!(clock.correction_s(), 0, "the same reads, looked at again, prove nothing");
    for _ in 0..3 {
        hour.add(ms(300));
    }
    clock.observe(&hour, minutes(31));
    assert_eq!(clock.correction_s(), 0);
}

#[test]
fn two_wild_times_move_nothing() {
    let mut clock = LaneClock::default();
    let mut delays = Delays::default();
    for delay in [-250_000, -180_000, 200, 210, 220, 230, 240, 250] {
        delays.add(ms(delay));
    }
    clock.observe(&delays, noon());
    assert_eq!(clock.correction_s(), 0);
}

#[test]
fn a_clock_beyond_the_bound_is_told_and_left_alone() {
    let mut clock = LaneClock::default();
    settled(&mut clock, -3_600);
    assert!(clock.is_beyond());
    assert_eq!((clock.correction_s(), clock.ahead_s()), (0, Some(-3_600)));
    after_reads(&mut clock, 0, 200, minutes(30));
    assert!(!clock.is_beyond(), "somebody set it");
    assert_eq!(clock.correction_s(), 0);
}

#[test]
fn a_clock_at_the_bound_is_not_flagged_back_and_forth() {
    let mut clock = LaneClock::default();
    let mut changes = 0;
    for round in 0..12 {
        let was_beyond = clock.is_beyond();
        after_reads(&mut clock, if round % 2 == 0 { 303 } else { 297 }, 200, minutes(20 * round));
        changes += u32::from(was_beyond != clock.is_beyond());
    }
    assert_eq!(changes, 1);
}

#[test]
fn a_lane_with_few_reads_is_estimated_over_more_hours() {
    let mut clock = LaneClock::default();
    for hour in 0..3 {
        let mut delays = Delays::default();
        (0..3).for_each(|read| delays.add(ms(-30_000 + read)));
        clock.observe(&delays, minutes(60 * hour));
        clock.close_hour(&delays);
    }
    assert_eq!(clock.correction_s(), -30);
}

#[test]
fn an_exit_read_by_a_clock_behind_folds_after_its_entry_once_corrected() {
    let truth = |name, lane, passage, minute, ahead_s: i64| {
        let mut read = read(name, lane, passage, minutes(minute));
        read.observed_at += SignedDuration::from_secs(ahead_s);
        read
    };
    let entry = truth("in", "in", Passage::Entered, 0, 90);
    let exit = truth("out", "out", Passage::Left, 2, -45);
    let visits = |reads: Vec<GateObservation>| {
        let lot = LotId::parse("lot_test").unwrap();
        let fees = |_: Timestamp, _: Timestamp| None;
        let mut facts = Facts::none(PlateNumber::parse("12가3456"));
        facts.observations = reads;
        fold(&FoldContext { lot: &lot, rules: LotRules::default(), fees: &fees }, &facts).visits
    };
    let wrong = visits(vec![entry.clone(), exit.clone()]);
    assert!(
        wrong.iter().all(|visit| visit.status == VisitStatus::Inside),
        "the exit comes before the entry: {wrong:?}"
    );
    let clocks = ClockCorrections::of([(lane("in"), -90), (lane("out"), 45)]);
    let corrected = [exit, entry].map(|mut read| {
        clocks.correct(&mut read);
        read
    });
    let right = visits(corrected.to_vec());
    assert_eq!((right.len(), right[0].entered_at), (1, minutes(0)));
    assert!(matches!(right[0].status, VisitStatus::Over { .. }));
}

#[test]
fn a_correction_keeps_what_the_gate_said() {
    let clocks = ClockCorrections::of([(lane("in"), -90)]);
    let mut moved = read("a", "in", Passage::Entered, noon());
    clocks.correct(&mut moved);
    assert_eq!((moved.clock_time(), moved.reported_at), (noon(), Some(noon())));
    assert_eq!(moved.observed_at, noon() - SignedDuration::from_secs(90));
    let mut other = read("a", "out", Passage::Entered, noon());
    clocks.correct(&mut other);
    assert_eq!(other, read("a", "out", Passage::Entered, noon()));
}

#[test]
fn a_live_read_of_a_flagged_clock_counts_from_its_receipt_if_the_clock_explains_its_delay() {
    let clocks = ClockCorrections::default().flagging([(lane("in"), 600), (lane("ahead"), -86_400)]);
    let by = |lane_name: &str, ahead_s: i64, under_way_s: i64| {
        let mut read = read("a", lane_name, Passage::Entered, noon() + SignedDuration::from_secs(ahead_s));
        read.received_at = noon() + SignedDuration::from_secs(under_way_s);
        let said = read.observed_at;
        clocks.correct_live(&mut read);
        assert_eq!(read.clock_time(), said, "what it said is kept");
        read.observed_at
    };
    assert_eq!(by("in", -600, 0), noon());
    assert_eq!(by("in", -600, 119), minutes(1) + SignedDuration::from_secs(59));
    assert_eq!(by("in", -600, 121), minutes(-10), "it was late, not only its clock");
    assert_eq!(by("in", 0, 1), noon(), "somebody set it");
    assert_eq!(by("ahead", 86_400, 1), noon() + SignedDuration::from_secs(1));
    assert_eq!(by("out", -600, 0), minutes(-10), "nobody knows of its clock");
    let mut kept = read("a", "in", Passage::Entered, minutes(-10));
    kept.received_at = noon();
    clocks.correct(&mut kept);
    assert_eq!((kept.observed_at, kept.reported_at), (minutes(-10), None), "no kept read is moved by it");
}

#[test]
fn a_read_taken_at_its_receipt_is_not_corrected_again() {
    let clocks = ClockCorrections::of([(lane("in"), -90)]);
    let mut ahead = read("a", "in", Passage::Entered, minutes(1_440));
    ahead.received_at = noon();
    ahead.take_on_receipt();
    clocks.correct_live(&mut ahead);
    assert_eq!((ahead.observed_at, ahead.clock_time()), (noon(), minutes(1_440)));
}

proptest! {
    #[test]
    fn a_known_skew_is_found_however_late_twice_or_out_of_order_reads_come(
        skew_ms in -290_000_i64..290_000,
        live in prop::collection::vec(0_i64..1_500, 8..40),
        late in prop::collection::vec(60_000_i64..7_200_000, 0..40),
        repeats in prop::collection::vec((any::<prop::sample::Index>(), 0_i64..30_000), 0..20),
        parts in prop::collection::vec(0_usize..4, 100),
    ) {
        let mut under_way: Vec<i64> = live.iter().chain(&late).copied().collect();
        for (which, later) in &repeats {
            under_way.push(which.get(&live) + later);
        }
        // In four parts, as four writers or periods would have them, and joined in another order.
        let mut written = [const { None::<Delays> }; 4];
        for (under_way_ms, part) in under_way.iter().zip(&parts) {
            written[*part].get_or_insert_default().add(ms(under_way_ms - skew_ms));
        }
        let mut joined = Delays::default();
        written.iter().rev().flatten().for_each(|part| joined.merge(part));
        prop_assert_eq!(joined.count() as usize, under_way.len().min(100));
        let mut clock = LaneClock::default();
        clock.observe(&joined, minutes(0));
        clock.close_hour(&joined);
        clock.observe(&joined, minutes(15));
        let found_ms = clock.ahead_s().unwrap() * 1_000;
        prop_assert!((found_ms - skew_ms).abs() <= 1_500 + 2_000 + 1_000, "{found_ms} for {skew_ms}");
        if clock.correction_s() != 0 {
            prop_assert!((clock.correction_s() * 1_000 + skew_ms).abs() <= 4_500);
        }
        prop_assert!(clock.correction_s().abs() <= MAX_CORRECTION.as_secs());
    }

    #[test]
    fn tallies_of_parts_add_up_in_any_order(tallies in prop::collection::vec(tally(), 1..6)) {
        let sum = |parts: &mut dyn Iterator<Item = &GateTally>| {
            let mut sum = GateTally::default();
            parts.for_each(|part| sum.merge(part));
            sum
        };
        let forth = sum(&mut tallies.iter());
        prop_assert_eq!(&forth, &sum(&mut tallies.iter().rev()));
        let (left, right) = tallies.split_at(tallies.len() / 2);
        let mut halves = sum(&mut left.iter());
        halves.merge(&sum(&mut right.iter()));
        prop_assert_eq!(&forth, &halves);
        let reads = tallies.iter().flat_map(|tally| tally.lanes.values()).map(|lane| lane.reads).sum::<u32>();
        prop_assert_eq!(forth.lanes.values().map(|lane| lane.reads).sum::<u32>(), reads);
    }
}

fn tally() -> impl Strategy<Value = GateTally> {
    let seen = (0_usize..3, -300_i64..300, any::<bool>());
    (prop::collection::vec(seen, 0..20), 0_u32..500).prop_map(|(reads, heartbeats)| {
        let mut tally = GateTally { heartbeats, ..GateTally::default() };
        for (index, (lane_index, delay_s, is_unread)) in reads.into_iter().enumerate() {
            let at = minutes(i64::try_from(index).unwrap());
            let mut seen = read(&index.to_string(), ["a", "b", "c"][lane_index], Passage::Entered, at);
            seen.received_at += SignedDuration::from_secs(delay_s);
            if is_unread {
                seen.plate = PlateNumber::unread();
                *tally.refused.entry("missing-field".to_owned()).or_default() += 1;
            }
            tally.last_sign_at = tally.last_sign_at.max(Some(at));
            tally.lane(&seen.lane.clone()).count_read(&seen);
        }
        tally
    })
}
