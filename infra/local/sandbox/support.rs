//! What both sandboxes need: the time, ids nobody can guess, dice that fall the same way for the same seed.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// The sandbox is a vendor of its own: it has its own clock.
#[allow(clippy::disallowed_methods, reason = "the one place where a sandbox reads the clock")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// A time as vendors write it: UTC with milliseconds.
pub(super) fn rfc3339(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// `prefix` and 24 hex digits that nobody can guess.
pub(super) fn random_id(prefix: &str) -> String {
    let mut bytes = [0_u8; 12];
    // Without randomness an operating system runs nothing; an id of zeros would only collide.
    getrandom::fill(&mut bytes).unwrap_or_default();
    format!("{prefix}{}", hex::encode(bytes))
}

/// Nothing for a while, or until the sandbox is stopped.
pub(super) async fn silence(stop: &watch::Sender<bool>, duration: Duration) {
    let mut stop = stop.subscribe();
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        _ = stop.wait_for(|stopped| *stopped) => {}
    }
}

/// Dice for faults by rate and for jitter: xorshift, so that a run with the same seed has the same faults.
#[derive(Debug)]
pub(super) struct Dice(Mutex<u64>);

impl Dice {
    /// Dice that fall as `seed` says.
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    fn next(&self) -> u64 {
        let mut state = lock(&self.0);
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    /// True in `permille` of a thousand cases.
    pub(super) fn falls(&self, permille: u32) -> bool {
        self.next() % 1_000 < u64::from(permille)
    }

    /// A duration from nothing up to `longest`: full jitter.
    pub(super) fn jitter(&self, longest: Duration) -> Duration {
        let longest_us = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.next() % (longest_us + 1))
    }
}

/// Locks, also after another thread panicked while it held the lock: a sandbox's state is only ever whole records.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Escapes a text for HTML, attribute values included.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let falls = |seed| (0..200).map(|_| Dice::new(seed).falls(500)).collect::<Vec<_>>();
        assert_eq!(falls(7), falls(7));
        let dice = Dice::new(7);
        let hits = (0..10_000).filter(|_| dice.falls(100)).count();
        assert!((800..1_200).contains(&hits), "{hits}");
        assert!(dice.jitter(Duration::from_millis(3)) <= Duration::from_millis(3));
    }

    #[test]
    fn html_can_not_be_injected() {
        assert_eq!(html(r#"<a href="x">'&"#), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    }
}
