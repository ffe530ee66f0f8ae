//! How many cars a lane usually reads in each hour of the week, and how many should have come in an interval. Opening
//! hours need no setting of their own: a closed lot reads nothing, every week.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HOUR, hour_of, shifted};

const HOURS_OF_A_WEEK: usize = 168;
/// How many cars should have come before a lane is thought to be silent. If cars come at random, none of twelve comes
/// by chance once in 160,000 times.
pub const SURE_E3: u64 = 12_000;
/// What an hour counts for which nothing is known: a lane without any past is silent after a day.
const UNKNOWN_E3: u64 = SURE_E3 / 24;
/// The newest week counts for so much of an hour's mean: a quarter.
const WEEKS: u64 = 4;
/// Longer intervals are cut; every habit has spoken by then.
const MAX_HOURS: usize = 28 * 24;

/// Cars a lane reads in each hour of the week, UTC, in thousandths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Habit(Vec<Option<u64>>);

fn hour_of_week(hour: Timestamp) -> usize {
    let hours = hour.as_second().div_euclid(HOUR.as_secs());
    usize::try_from(hours).map_or(0, |hours| hours % HOURS_OF_A_WEEK)
}

impl Habit {
    /// Takes in what a full hour was like.
    pub fn learn(&mut self, hour: Timestamp, reads: u32) {
        self.0.resize(HOURS_OF_A_WEEK, None);
        let newest = u64::from(reads) * 1_000;
        if let Some(mean) = self.0.get_mut(hour_of_week(hour)) {
            *mean = Some(mean.map_or(newest, |mean| (mean * (WEEKS - 1) + newest) / WEEKS));
        }
    }

    /// How many cars should have come between two moments, in thousandths.
    pub fn expected_e3(&self, from: Timestamp, to: Timestamp) -> u64 {
        let mut sum = 0;
        let mut hour = hour_of(from);
        for _ in 0..MAX_HOURS {
            if hour >= to {
                break;
            }
            let end = shifted(hour, HOUR);
            let seconds = end.min(to).duration_since(hour.max(from)).as_secs();
            let mean = self.0.get(hour_of_week(hour)).copied().flatten().unwrap_or(UNKNOWN_E3);
            sum += mean * u64::try_from(seconds).unwrap_or(0) / 3_600;
            hour = end;
        }
        sum
    }

    /// Whether so many should have come that none is no chance.
    pub fn is_silent(&self, since: Timestamp, now: Timestamp) -> bool {
        self.expected_e3(since, now) >= SURE_E3
    }
}
