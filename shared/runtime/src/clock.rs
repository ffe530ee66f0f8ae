//! The only place that reads the clock. A handler takes the time once, here, and hands it on as an argument.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};

/// The time now, as the machine has it.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Where a service gets its time: the machine, or a test.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that moves only when told to; copies share the same hand.
    Set(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `time`.
    pub fn at(time: Timestamp) -> Self {
        Self::Set(Arc::new(Mutex::new(time)))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => now(),
            Self::Set(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Puts the hand of a set clock; the machine's clock is left alone.
    pub fn set(&self, time: Timestamp) {
        if let Self::Set(hand) = self {
            *hand.lock().unwrap_or_else(PoisonError::into_inner) = time;
        }
    }

    /// Moves the hand of a set clock, stopping at the ends of representable time.
    pub fn advance(&self, by: SignedDuration) {
        self.set(self.now().saturating_add(by).unwrap_or(Timestamp::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_moves_only_when_told_and_for_all_its_copies() {
        let start: Timestamp = "2026-11-20T09:00:00+09:00".parse().unwrap();
        let clock = Clock::at(start);
        let copy = clock.clone();
        clock.advance(SignedDuration::from_mins(90));
        assert_eq!(copy.now(), "2026-11-20T10:30:00+09:00".parse().unwrap());
    }

    #[test]
    fn the_system_clock_can_not_be_put() {
        let clock = Clock::System;
        clock.set(Timestamp::UNIX_EPOCH);
        assert!(clock.now() > "2026-01-01T00:00:00Z".parse().unwrap());
    }
}
