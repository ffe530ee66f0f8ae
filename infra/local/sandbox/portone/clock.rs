//! The gateway's own clock: real time and how far it was put forward. Payments, accounts, schedules and V1 tokens go by it;
//! the time-stamp that signs a webhook does not, since the shop compares it with its own clock.

use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;
use tokio::sync::watch;

use crate::sandbox::support::{lock, now};

/// A clock that can be put forward.
#[derive(Debug)]
pub(super) struct Clock {
    ahead: Mutex<SignedDuration>,
    moved: watch::Sender<()>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ahead: Mutex::new(SignedDuration::ZERO), moved: watch::Sender::new(()) }
    }
}

impl Clock {
    /// What it shows.
    pub(super) fn now(&self) -> Timestamp {
        let real = now();
        real.saturating_add(*lock(&self.ahead)).unwrap_or(real)
    }

    /// How far it is ahead of real time, to the second: setting it takes some microseconds, which are nobody's concern.
    pub(super) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_secs(
            i64::try_from((lock(&self.ahead).as_millis() + 500) / 1_000).unwrap_or(i64::MAX),
        )
    }

    /// Puts it forward to `time`; it never goes back.
    pub(super) fn put_forward(&self, time: Timestamp) {
        {
            let mut ahead = lock(&self.ahead);
            *ahead = (*ahead).max(time.duration_since(now()));
        }
        self.moved.send_replace(());
    }

    /// Tells of each time that it is put forward.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }
}
