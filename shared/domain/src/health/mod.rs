//! How well the gates of a lot do: what they reported ([`tally`]), whether their clocks are right ([`clock`]), what is
//! usual for a lane ([`habit`]) and, from these, who has gone silent ([`state`]).
//!
//! Nothing here touches a visit but one thing: a clock that is known to be wrong by a little is corrected
//! ([`ClockCorrections`]), so that an exit is not folded before its entry.

pub mod clock;
pub mod habit;
pub mod state;
pub mod tally;

pub use clock::{ClockCorrections, ClockStanding, Delays, LaneClock, MAX_CORRECTION};
pub use habit::Habit;
pub use state::{Advance, GateHealth, HealthEvent, LaneHealth};
pub use tally::{ExitMatch, GateTally, LaneRates, LaneTally, per_mille};

use jiff::{SignedDuration, Timestamp};

/// Statistics are kept by the hour, UTC.
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The start of the hour that `at` lies in.
pub fn hour_of(at: Timestamp) -> Timestamp {
    let start = at.as_second().div_euclid(HOUR.as_secs()) * HOUR.as_secs();
    Timestamp::from_second(start).unwrap_or(at)
}

/// `at` moved by `by`; stops at the ends of time.
fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(by).unwrap_or(end)
}

#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod state_tests;
