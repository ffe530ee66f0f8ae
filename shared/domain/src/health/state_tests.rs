#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Advance, GateHealth, GateTally, HOUR, HealthEvent, LaneTally, hour_of, per_mille};
use crate::{GateId, LaneId, LotId};

/// Monday, midnight in UTC.
fn start() -> Timestamp {
    "2026-11-16T00:00:00Z".parse().unwrap()
}

fn lane() -> LaneId {
    LaneId::parse("lane_in").unwrap()
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// A gate and what it has reported, looked at every minute.
struct Watched {
    health: GateHealth,
    tallies: BTreeMap<Timestamp, GateTally>,
    now: Timestamp,
    events: Vec<(Timestamp, HealthEvent)>,
}

impl Watched {
    fn new() -> Self {
        let (lot, gate) = (LotId::parse("lot_test").unwrap(), GateId::parse("gate_test").unwrap());
        let health = GateHealth::new(lot, gate, start());
        Self { health, tallies: BTreeMap::new(), now: start(), events: Vec::new() }
    }

    fn tally(&mut self) -> &mut GateTally {
        let now = self.now;
        let tally = self.tallies.entry(hour_of(now)).or_default();
        tally.last_sign_at = Some(now);
        tally
    }

    fn read(&mut self) {
        let now = self.now;
        let lane = self.tally().lane(&lane());
        lane.reads += 1;
        lane.last_read_at = Some(now);
    }

    fn look(&mut self) -> Advance {
        let oldest = hour_of(self.now) - HOUR;
        self.tallies.retain(|hour, _| *hour >= oldest);
        let looked = self.health.advance(&self.tallies, self.now);
        self.events.extend(looked.events.iter().map(|event| (self.now, event.clone())));
        looked
    }

    /// Runs on for so many minutes, with a read every `cars` minutes from 07:00 to 22:00 and `heartbeats` in each.
    fn run(&mut self, for_minutes: i64, cars: Option<i64>, heartbeats: u32) {
        for minute in 0..for_minutes {
            let time = self.now.to_zoned(jiff::tz::TimeZone::UTC);
            if cars.is_some_and(|every| minute % every == 0) && (7..22).contains(&time.hour()) {
                self.read();
            }
            if heartbeats > 0 {
                self.tally().heartbeats += heartbeats;
            }
            self.look();
            self.now += minutes(1);
        }
    }
}

#[test]
fn a_lane_that_reads_nothing_where_twelve_cars_should_have_come_is_silent() {
    let mut gate = Watched::new();
    gate.run(9 * 24 * 60 + 12 * 60, Some(5), 0);
    assert_eq!(gate.events, []);
    let stopped = gate.now;
    gate.run(50, None, 0);
    assert_eq!(gate.events, [], "ten are missing");
    gate.run(20, None, 0);
    let [(at, HealthEvent::LaneSilent { lane: silent, .. })] = &gate.events[..] else {
        panic!("{:?}", gate.events);
    };
    assert_eq!(*silent, lane());
    assert!(at.duration_since(stopped) <= minutes(65));
    assert!(gate.health.lane_silent_since(&lane()).is_some());
}

#[test]
fn a_night_and_a_closed_lot_are_no_silence() {
    let mut gate = Watched::new();
    gate.run(15 * 24 * 60, Some(3), 0);
    assert_eq!(gate.events, [], "nine hours of every night");
}

#[test]
fn a_lane_with_a_car_every_fifteen_seconds_is_not_silent_for_what_is_not_written_yet() {
    let mut gate = Watched::new();
    for _ in 0..9 * 24 * 60 {
        let hour = gate.now.to_zoned(jiff::tz::TimeZone::UTC).hour();
        // Written every five minutes, with the reads until then.
        if (7..22).contains(&hour) && gate.now.as_second() % 300 == 0 {
            (0..20).for_each(|_| gate.read());
        }
        gate.look();
        gate.now += minutes(1);
    }
    assert_eq!(gate.events, []);
}

#[test]
fn silence_is_told_once_and_is_over_with_the_next_read() {
    let mut gate = Watched::new();
    gate.run(8 * 24 * 60 + 12 * 60, Some(5), 0);
    gate.run(3 * 24 * 60, None, 0);
    assert_eq!(gate.events.len(), 1);
    gate.read();
    assert!(matches!(gate.look().events[..], [HealthEvent::LaneBack { .. }]));
    assert_eq!(gate.look().events, []);
    assert_eq!(gate.health.lane_silent_since(&lane()), None);
}

#[test]
fn silence_does_not_become_a_habit() {
    let mut gate = Watched::new();
    gate.run(8 * 24 * 60 + 12 * 60, Some(5), 0);
    gate.run(21 * 24 * 60, None, 0);
    gate.read();
    gate.look();
    gate.run(70, None, 0);
    let told =
        gate.events.iter().filter(|(_, event)| matches!(event, HealthEvent::LaneSilent { .. })).count();
    assert_eq!(told, 2, "the lane is expected to be as busy as it was before");
}

#[test]
fn a_lane_without_any_past_is_silent_after_a_day() {
    let mut gate = Watched::new();
    gate.read();
    gate.run(23 * 60, None, 0);
    assert_eq!(gate.events, []);
    // The hours since have taught that nothing comes; only what is unknown counts.
    let mut unlearned = Watched::new();
    unlearned.read();
    unlearned.look();
    unlearned.now += minutes(24 * 60 + 6);
    assert!(matches!(unlearned.look().events[..], [HealthEvent::LaneSilent { .. }]));
}

#[test]
fn a_gate_that_misses_three_heartbeats_is_silent_within_minutes() {
    let mut gate = Watched::new();
    gate.run(3 * 60, None, 6);
    assert_eq!(gate.health.heartbeats_per_hour, 360);
    let last = gate.now;
    gate.run(5, None, 0);
    let [(at, HealthEvent::GateSilent { .. })] = &gate.events[..] else { panic!("{:?}", gate.events) };
    assert!(at.duration_since(last) <= minutes(3));
    gate.run(1, None, 6);
    let [(_, HealthEvent::GateSilent { since }), (_, HealthEvent::GateBack { since: was })] =
        &gate.events[..]
    else {
        panic!("{:?}", gate.events);
    };
    assert_eq!(since, was, "the silence that ended is the one that was told");
}

#[test]
fn lanes_of_a_silent_gate_are_told_with_it_and_not_again() {
    let mut gate = Watched::new();
    gate.run(8 * 24 * 60 + 12 * 60, Some(5), 6);
    gate.run(6 * 60, None, 0);
    assert!(matches!(gate.events[..], [(_, HealthEvent::GateSilent { .. })]), "{:?}", gate.events);
    assert!(gate.health.lane_silent_since(&lane()).is_some());
}

#[test]
fn a_gate_that_lives_while_its_lane_reads_nothing_is_told_as_that_lane() {
    let mut gate = Watched::new();
    gate.run(8 * 24 * 60 + 12 * 60, Some(5), 6);
    gate.run(2 * 60, None, 6);
    assert!(matches!(gate.events[..], [(_, HealthEvent::LaneSilent { .. })]), "{:?}", gate.events);
}

#[test]
fn hours_that_nobody_looked_at_teach_nothing() {
    let mut gate = Watched::new();
    gate.run(26 * 60, Some(5), 0);
    let habit = gate.health.lanes[&lane()].habit.clone();
    gate.now += minutes(10 * 60);
    gate.read();
    gate.look();
    assert_eq!(gate.health.lanes[&lane()].habit, habit);
    assert_eq!(gate.events, []);
}

#[test]
fn only_news_is_worth_writing() {
    let mut gate = Watched::new();
    gate.read();
    assert!(gate.look().is_news, "a lane it did not know");
    gate.now += minutes(1);
    gate.read();
    assert!(!gate.look().is_news);
    gate.now = start() + minutes(2 * 60 + 9);
    assert!(!gate.look().is_news);
    gate.now += minutes(1);
    assert!(gate.look().is_news, "an hour has taught something");
}

#[test]
fn a_share_of_nothing_is_not_known() {
    assert_eq!(
        [per_mille(0, 0), per_mille(0, 3), per_mille(2, 3), per_mille(3, 3)],
        [None, Some(0), Some(667), Some(1000)]
    );
}

proptest! {
    #[test]
    fn looking_again_at_the_same_counts_changes_nothing(
        reads in prop::collection::vec((0_i64..6_000, 0_u32..4), 1..60),
    ) {
        let mut gate = Watched::new();
        let mut reads = reads;
        reads.sort_unstable();
        for (at, count) in reads {
            gate.now = start() + minutes(at);
            let now = gate.now;
            let tally = LaneTally { reads: count, last_read_at: Some(now), ..LaneTally::default() };
            gate.tally().lane(&lane()).merge(&tally);
            gate.look();
            let once = gate.health.clone();
            prop_assert_eq!(gate.look(), Advance { events: Vec::new(), is_news: false });
            prop_assert_eq!(&gate.health, &once);
        }
    }
}
