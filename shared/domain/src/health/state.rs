//! A gate as it is known from minute to minute: who is silent, whose clock is wrong, what is usual.
//!
//! [`GateHealth::advance`] is given what was counted in the hour before and in this one, as often as one likes: what it
//! was given before changes nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ClockCorrections, Delays, GateTally, HOUR, Habit, LaneClock, hour_of, shifted};
use crate::{GateId, LaneId, LotId};

/// An hour is closed this long after its end: writers hand in what they counted within five minutes, while they are used.
const CLOSING: SignedDuration = SignedDuration::from_mins(10);
/// A gate with fewer signs of life in an hour has no rhythm that could be missed.
const MIN_HEARTBEATS: u32 = 4;
/// So many signs of life in a row may be missing.
const MISSED_HEARTBEATS: i64 = 3;
/// Signs of life are written down up to a minute later, and looked at once a minute.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_secs(90);

/// Reads are written down up to five minutes later, or never where nothing follows them: cars that came in this time after
/// the last one known are not missed.
const COUNTED_WITHIN: SignedDuration = SignedDuration::from_mins(6);

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthEvent {
    /// The gate gives no sign of life any more; none of its lanes does.
    GateSilent {
        /// Its last one.
        since: Timestamp,
    },
    /// It does again.
    GateBack {
        /// Since when it had been silent.
        since: Timestamp,
    },
    /// A lane reads no car any more though many should have come.
    LaneSilent {
        /// Which.
        lane: LaneId,
        /// Its last read.
        since: Timestamp,
    },
    /// It does again.
    LaneBack {
        /// Which.
        lane: LaneId,
        /// Since when it had been silent.
        since: Timestamp,
    },
    /// A clock is wrong by more than is corrected.
    ClockBeyond {
        /// Which.
        lane: LaneId,
        /// Ahead of ours by so many seconds; behind: negative.
        ahead_s: i64,
        /// When that was found.
        since: Timestamp,
    },
    /// It is not any more.
    ClockWithin {
        /// Which.
        lane: LaneId,
        /// When it was found to be.
        since: Timestamp,
    },
}

impl HealthEvent {
    /// The lane it is about; `None` where it is about the gate.
    pub fn lane(&self) -> Option<&LaneId> {
        match self {
            Self::GateSilent { .. } | Self::GateBack { .. } => None,
            Self::LaneSilent { lane, .. }
            | Self::LaneBack { lane, .. }
            | Self::ClockBeyond { lane, .. }
            | Self::ClockWithin { lane, .. } => Some(lane),
        }
    }

    /// Whether it tells of something that people must mend.
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::GateSilent { .. } | Self::LaneSilent { .. } | Self::ClockBeyond { .. })
    }
}

/// A lane as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LaneHealth {
    /// When its last read reached us, those kept while offline apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_read_at: Option<Timestamp>,
    /// Since when it has been silent, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Timestamp>,
    /// Its clock.
    pub clock: LaneClock,
    /// Since when that clock has been known to be wrong beyond correction, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_flagged_since: Option<Timestamp>,
    /// What is usual.
    pub habit: Habit,
}

/// A gate as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateHealth {
    /// Lot.
    pub lot: LotId,
    /// Gate.
    pub gate: GateId,
    /// When its last report of any kind reached us.
    pub last_sign_at: Timestamp,
    /// Since when it has been silent, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Timestamp>,
    /// Signs of life in the last closed hour in which it lived; 0 where its dialect has none.
    pub heartbeats_per_hour: u32,
    /// Hours before this are closed: learned from, and not looked at again.
    pub closed_until: Timestamp,
    /// Lanes that ever read a car.
    #[serde(default)]
    pub lanes: BTreeMap<LaneId, LaneHealth>,
}

/// What a look at the counts brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// News, each once.
    pub events: Vec<HealthEvent>,
    /// Whether the state is worth writing: more has changed than what the counts show anyway.
    pub is_news: bool,
}

impl GateHealth {
    /// A gate heard of for the first time. The hour it came up in is no full hour, and teaches nothing.
    pub fn new(lot: LotId, gate: GateId, now: Timestamp) -> Self {
        let closed_until = shifted(hour_of(now), HOUR);
        let lanes = BTreeMap::new();
        Self { lot, gate, last_sign_at: now, silent_since: None, heartbeats_per_hour: 0, closed_until, lanes }
    }

    /// Looks at what was counted in the hour before `now`'s and in its own, by the start of the hour.
    pub fn advance(&mut self, hours: &BTreeMap<Timestamp, GateTally>, now: Timestamp) -> Advance {
        let before = self.clone();
        for tally in hours.values() {
            self.last_sign_at = self.last_sign_at.max(tally.last_sign_at.unwrap_or(self.last_sign_at));
            for (lane, tally) in &tally.lanes {
                let lane = self.lanes.entry(lane.clone()).or_default();
                lane.last_read_at = lane.last_read_at.max(tally.last_read_at);
            }
        }
        let mut events = Vec::new();
        self.watch_clocks(hours, now, &mut events);
        self.watch_silence(now, &mut events);
        self.close_hours(hours, now);
        let is_news = !events.is_empty() || self.without_times() != before.without_times();
        Advance { events, is_news }
    }

    /// The times of the last reports are in the counts; they alone are not worth writing down.
    fn without_times(&self) -> Self {
        let mut bare = self.clone();
        bare.last_sign_at = Timestamp::UNIX_EPOCH;
        bare.lanes.values_mut().for_each(|lane| lane.last_read_at = None);
        bare
    }

    fn watch_clocks(
        &mut self,
        hours: &BTreeMap<Timestamp, GateTally>,
        now: Timestamp,
        events: &mut Vec<HealthEvent>,
    ) {
        for (id, lane) in &mut self.lanes {
            let mut open = Delays::default();
            // The first, partial hour teaches no habit, yet its clock is as good as any.
            let from = self.closed_until.min(hour_of(now));
            for tally in hours.range(from..).filter_map(|(_, tally)| tally.lanes.get(id)) {
                open.merge(&tally.delays);
            }
            lane.clock.observe(&open, now);
            match (lane.clock_flagged_since, lane.clock.is_beyond()) {
                (None, true) => {
                    lane.clock_flagged_since = Some(now);
                    let ahead_s = lane.clock.ahead_s().unwrap_or_default();
                    events.push(HealthEvent::ClockBeyond { lane: id.clone(), ahead_s, since: now });
                }
                (Some(since), false) => {
                    lane.clock_flagged_since = None;
                    events.push(HealthEvent::ClockWithin { lane: id.clone(), since });
                }
                _ => {}
            }
        }
    }

    fn watch_silence(&mut self, now: Timestamp, events: &mut Vec<HealthEvent>) {
        if let Some(since) = self.silent_since.take_if(|since| self.last_sign_at > *since) {
            events.push(HealthEvent::GateBack { since });
        }
        if self.silent_since.is_none() && self.misses_heartbeats(now) {
            self.silent_since = Some(self.last_sign_at);
            events.push(HealthEvent::GateSilent { since: self.last_sign_at });
        }
        for (id, lane) in &mut self.lanes {
            let Some(last_read_at) = lane.last_read_at else { continue };
            if let Some(since) = lane.silent_since.take_if(|since| last_read_at > *since) {
                events.push(HealthEvent::LaneBack { lane: id.clone(), since });
            }
            // A silent gate has been told of; its lanes say nothing new.
            let is_told = self.silent_since.is_some() || lane.silent_since.is_some();
            if !is_told && lane.habit.is_silent(shifted(last_read_at, COUNTED_WITHIN), now) {
                lane.silent_since = Some(last_read_at);
                events.push(HealthEvent::LaneSilent { lane: id.clone(), since: last_read_at });
            }
        }
    }

    fn misses_heartbeats(&self, now: Timestamp) -> bool {
        if self.heartbeats_per_hour < MIN_HEARTBEATS {
            return false;
        }
        let interval_s = HOUR.as_secs() / i64::from(self.heartbeats_per_hour);
        let patience = SignedDuration::from_secs(MISSED_HEARTBEATS * interval_s) + WRITTEN_WITHIN;
        now.duration_since(self.last_sign_at) > patience
    }

    /// Learns from each hour that is over. One that is not among the counts any more, since nobody looked for a while,
    /// teaches nothing.
    fn close_hours(&mut self, hours: &BTreeMap<Timestamp, GateTally>, now: Timestamp) {
        let oldest = shifted(hour_of(now), -HOUR);
        let nothing = GateTally::default();
        while shifted(self.closed_until, HOUR + CLOSING) <= now {
            let hour = self.closed_until;
            self.closed_until = shifted(hour, HOUR);
            if hour < oldest {
                self.closed_until = self.closed_until.max(oldest);
                continue;
            }
            let tally = hours.get(&hour).unwrap_or(&nothing);
            let is_alive = self.silent_since.is_none();
            if is_alive && self.last_sign_at >= hour {
                self.heartbeats_per_hour = tally.heartbeats;
            }
            for (id, lane) in &mut self.lanes {
                let read = tally.lanes.get(id);
                lane.clock.close_hour(&read.map(|read| read.delays.clone()).unwrap_or_default());
                // Silence must not become a habit.
                if is_alive && lane.silent_since.is_none() {
                    lane.habit.learn(hour, read.map_or(0, |read| read.reads));
                }
            }
        }
    }

    /// Whether nobody hears from a lane: itself, or its gate.
    pub fn lane_silent_since(&self, lane: &LaneId) -> Option<Timestamp> {
        self.silent_since.or_else(|| self.lanes.get(lane)?.silent_since)
    }

    /// What its clocks are corrected by.
    pub fn corrections(&self) -> ClockCorrections {
        let added_s = self.lanes.iter().map(|(id, lane)| (id.clone(), lane.clock.correction_s()));
        let flagged_s = |(id, lane): (&LaneId, &LaneHealth)| Some((id.clone(), lane.clock.flagged_s()?));
        ClockCorrections::of(added_s).flagging(self.lanes.iter().filter_map(flagged_s))
    }
}
