//! Whether a lane's clock is right. Cameras run ahead or behind (facts/gates.md); what a read's delay tells is the sum
//! of the clock's error and the time under way, and only the second varies. So the smallest delays of many reads show
//! the error, however late the others came.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::shifted;
use crate::{GateObservation, LaneId};

/// A live read of a lane whose clock is flagged counts as having come at once if its delay is what the clock explains, within
/// this: as much as a live read of a right clock may be late.
const EXPLAINED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// A clock wrong by more than this is told to people, not corrected: nobody knows what else is wrong with it.
pub const MAX_CORRECTION: SignedDuration = SignedDuration::from_mins(5);
/// A clock beyond the bound counts as within it again below this.
const BACK_WITHIN: SignedDuration = SignedDuration::from_secs(290);
/// An estimate wants so many reads.
const MIN_READS: u32 = 8;
/// The estimate is the third smallest delay: two wild times move nothing.
const KEPT: usize = 3;
/// A clock counts as right up to this: vendors cut off fractions of a second, and reports take their time.
const RIGHT_WITHIN_MS: i64 = 3_000;
/// The estimate is left as it is until it is wrong by this.
const TOLERANCE_MS: i64 = 2_000;
/// A delay that grew is believed when it has not shrunk for so long, and not on the same reads: what was kept for some
/// minutes while the line was down looks the same at first.
const DOUBT: SignedDuration = SignedDuration::from_mins(10);
const DOUBT_READS: u32 = 3;

/// Delays from a gate's clock to our receipt, of reads that were sent as they happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delays {
    #[serde(rename = "n")]
    count: u32,
    /// The smallest, rising.
    #[serde(rename = "ms")]
    smallest_ms: Vec<i64>,
}

impl Delays {
    /// Adds one.
    pub fn add(&mut self, delay: SignedDuration) {
        self.count += 1;
        self.keep(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
    }

    /// Adds those of other reads.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        other.smallest_ms.iter().for_each(|delay| self.keep(*delay));
    }

    fn keep(&mut self, delay_ms: i64) {
        let at = self.smallest_ms.partition_point(|kept| *kept <= delay_ms);
        self.smallest_ms.insert(at, delay_ms);
        self.smallest_ms.truncate(KEPT);
    }

    /// How many.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// By how much receipt lies behind the gate's clock at the least, once there are enough reads.
    pub fn floor_ms(&self) -> Option<i64> {
        if self.count < MIN_READS { None } else { self.smallest_ms.get(KEPT - 1).copied() }
    }
}

/// What is known of a lane's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LaneClock {
    /// The delay that is believed, 0 until shown otherwise.
    delay_ms: i64,
    /// Whether it was ever estimated.
    known: bool,
    /// Whether it is beyond [`MAX_CORRECTION`].
    beyond: bool,
    /// Reads of past hours that were too few for an estimate.
    gathered: Delays,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<Doubt>,
}

/// A delay that grew, and is not believed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Doubt {
    since: Timestamp,
    count: u32,
}

impl LaneClock {
    /// Looks at the reads of the hours that are not closed.
    pub fn observe(&mut self, open_hours: &Delays, now: Timestamp) {
        let mut window = self.gathered.clone();
        window.merge(open_hours);
        let Some(floor_ms) = window.floor_ms() else { return };
        self.known = true;
        let grown_ms = floor_ms - self.delay_ms;
        if grown_ms.abs() <= TOLERANCE_MS {
            self.doubt = None;
        } else if grown_ms < 0 || self.is_believed(window.count, now) {
            // Nothing makes a read arrive before it was taken, so a delay that shrank needs no second look.
            self.delay_ms = floor_ms;
            self.doubt = None;
        }
        let wrong_by_ms = SignedDuration::from_millis(self.delay_ms).abs();
        self.beyond = wrong_by_ms > if self.beyond { BACK_WITHIN } else { MAX_CORRECTION };
    }

    fn is_believed(&mut self, count: u32, now: Timestamp) -> bool {
        let doubt = *self.doubt.get_or_insert(Doubt { since: now, count });
        now.duration_since(doubt.since) >= DOUBT && count >= doubt.count.saturating_add(DOUBT_READS)
    }

    /// Puts an hour behind: its reads are forgotten, unless they are still too few for an estimate.
    pub fn close_hour(&mut self, hour: &Delays) {
        self.gathered.merge(hour);
        if self.gathered.count >= MIN_READS {
            self.gathered = Delays::default();
            if let Some(doubt) = &mut self.doubt {
                doubt.count = 0;
            }
        }
    }

    /// By how many seconds the clock runs ahead of ours (behind: negative); `None` before there are enough reads.
    pub fn ahead_s(&self) -> Option<i64> {
        self.known.then_some(-self.delay_ms / 1_000)
    }

    /// Whether it is wrong beyond what is corrected.
    pub fn is_beyond(&self) -> bool {
        self.beyond
    }

    /// By how many seconds receipt lies behind a clock that is beyond what is corrected.
    pub fn flagged_s(&self) -> Option<i64> {
        self.beyond.then_some(self.delay_ms / 1_000)
    }

    /// What is made of it.
    pub fn standing(&self) -> ClockStanding {
        if self.beyond {
            ClockStanding::Flagged
        } else if self.correction_s() != 0 {
            ClockStanding::Corrected
        } else if self.known {
            ClockStanding::Right
        } else {
            ClockStanding::Unknown
        }
    }

    /// Seconds to add to the gate's time; 0 where the clock is right, or too wrong.
    pub fn correction_s(&self) -> i64 {
        let is_right = self.delay_ms.abs() < RIGHT_WITHIN_MS;
        if is_right || self.beyond { 0 } else { self.delay_ms / 1_000 }
    }
}

/// What is made of a lane's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockStanding {
    /// There were too few reads to say.
    Unknown,
    /// It is right.
    Right,
    /// It is wrong by up to [`MAX_CORRECTION`], and put right.
    Corrected,
    /// It is wrong by more: people are told, and live reads count from their receipt.
    Flagged,
}

/// What is known of the clocks of a gate's lanes. A lane that is not in it has the right time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClockCorrections {
    /// Seconds to add.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    added_s: BTreeMap<LaneId, i64>,
    /// Clocks beyond correction: by how many seconds receipt lies behind them. Never added to a time; it only tells whether a
    /// live read came at once.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    flagged_s: BTreeMap<LaneId, i64>,
}

impl ClockCorrections {
    /// Of these lanes; zeros are left out.
    pub fn of(lanes: impl IntoIterator<Item = (LaneId, i64)>) -> Self {
        let added_s = lanes.into_iter().filter(|(_, seconds)| *seconds != 0).collect();
        Self { added_s, flagged_s: BTreeMap::new() }
    }

    /// With these lanes' clocks beyond correction: by how many seconds receipt lies behind each.
    #[must_use]
    pub fn flagging(self, lanes: impl IntoIterator<Item = (LaneId, i64)>) -> Self {
        Self { flagged_s: lanes.into_iter().collect(), ..self }
    }

    /// As [`Self::correct`], for a read that was sent as it happened: where its clock is known to be wrong beyond
    /// correction and explains the delay, it was taken when we received it. So a gate whose clock is ten minutes behind
    /// is not taken for one whose reads come ten minutes late.
    pub fn correct_live(&self, read: &mut GateObservation) {
        let Some(seconds) = self.flagged_s.get(&read.lane) else { return self.correct(read) };
        let taken_at = shifted(read.observed_at, SignedDuration::from_secs(*seconds));
        let is_explained = read.received_at.duration_since(taken_at).abs() <= EXPLAINED_WITHIN;
        if read.reported_at.is_none() && is_explained {
            read.take_on_receipt();
        }
    }

    /// Puts a read at the time that it was by our clock. Its id stays: that comes from the gate's own time.
    ///
    /// A read was never taken after it was received, so no correction puts it there. One that was put right before stays.
    pub fn correct(&self, read: &mut GateObservation) {
        let Some(seconds) = self.added_s.get(&read.lane).filter(|_| read.reported_at.is_none()) else {
            return;
        };
        let by_gate = read.observed_at;
        let corrected = shifted(by_gate, SignedDuration::from_secs(*seconds));
        read.observed_at = corrected.min(read.received_at.max(by_gate));
        if read.observed_at != by_gate {
            read.reported_at = Some(by_gate);
        }
    }
}
