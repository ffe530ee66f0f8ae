//! Counting a lot's open visits anew, so that a counter which has drifted heals.
//!
//! A counter drifts where a change never reached it: a record of the stream that was given up, an entry that was forgotten
//! before its exit came, a lot whose visits began to be counted while cars stood in it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::VisitCount;

/// A counter that moved within this time is not held against the list of open visits. The list trails the table by
/// fractions of a second, and a correction of it follows the read by as much; ten seconds are far more than both.
pub const QUIET_FOR: SignedDuration = SignedDuration::from_secs(10);

/// The counter of a lot's open visits, and the newest change in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitCounter {
    /// What it says.
    pub count: VisitCount,
    /// The newest change that it has counted, by the stream's own name.
    pub newest: String,
}

/// What a count of the open visits found, and for which state of the counter that holds: it says nothing once any
/// later change was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recount {
    /// The newest change in the counter before the count began; `None` where there was no counter.
    pub after: Option<String>,
    /// Open visits.
    pub occupied: u32,
    /// When they were counted. Makes each marker another one, so that the stream tells of it.
    pub counted_at: Timestamp,
}

impl VisitCounter {
    /// Whether nothing moved for [`QUIET_FOR`].
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        now.duration_since(self.count.counted_at) >= QUIET_FOR
    }
}

impl Recount {
    /// What is to be marked after `counter` was read and then `occupied` visits were counted; nothing where both agree.
    pub fn of(counter: Option<&VisitCounter>, occupied: u32, now: Timestamp) -> Option<Self> {
        if counter.is_some_and(|counter| counter.count.occupied == i64::from(occupied)) {
            return None;
        }
        Some(Self { after: counter.map(|counter| counter.newest.clone()), occupied, counted_at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(occupied: i64) -> VisitCounter {
        let count = VisitCount { occupied, counted_at: Timestamp::UNIX_EPOCH };
        VisitCounter { count, newest: "7".into() }
    }

    #[test]
    fn a_counter_that_is_right_needs_no_marker_and_one_that_is_missing_needs_one() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(Recount::of(Some(&counter(3)), 3, now), None);
        let drifted = Recount::of(Some(&counter(-2)), 0, now).unwrap();
        assert_eq!((drifted.after.as_deref(), drifted.occupied), (Some("7"), 0));
        assert_eq!(Recount::of(None, 0, now).unwrap().after, None);
    }

    #[test]
    fn a_counter_is_quiet_ten_seconds_after_it_moved() {
        let moved = Timestamp::UNIX_EPOCH;
        assert!(!counter(1).is_quiet(moved + SignedDuration::from_millis(9_999)));
        assert!(counter(1).is_quiet(moved + QUIET_FOR));
    }
}
