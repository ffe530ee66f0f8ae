//! What the meter reports, and the running sums under caps it reports from.

use super::meter::Window;
use super::timeline::Segment;

/// Units of one tier in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    /// Minute after entry at which the first unit starts.
    pub(crate) start: i64,
    /// First minute that is no longer charged by these units or no longer part of the stay.
    pub(crate) end: i64,
    pub(crate) segment: Segment,
    /// Index of the tier in its band.
    pub(crate) tier: usize,
    pub(crate) unit: i64,
    pub(crate) units: i64,
    pub(crate) price: i64,
    pub(crate) amount: i64,
    /// What of the amount the caps let through.
    pub(crate) counted: i64,
}

impl Group {
    /// What the units that start within a window add. Caps let the first units through and cut the last.
    pub(crate) fn counted_within(&self, window: Window, origin: i64) -> i64 {
        let place = origin + self.start;
        let begun_before = |bound: i64| {
            let minutes = bound.saturating_sub(place).max(0);
            (minutes / self.unit + i64::from(minutes % self.unit > 0)).min(self.units)
        };
        let first = |units: i64| (units * self.price).min(self.counted);
        first(begun_before(window.until)) - first(begun_before(window.from))
    }
}

/// What changed a sum other than units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A band's own `atMost`.
    Band(usize),
    /// A cap of the schedule, by index.
    Cap(usize),
}

/// Hears what the meter does.
pub(crate) trait Sink {
    fn group(&mut self, _group: &Group) {}
    /// Free minutes from `start` to `end` by grace.
    fn grace(&mut self, _start: i64, _end: i64) {}
    /// A bound changed the sum by so much.
    fn bound(&mut self, _bound: Bound, _start: i64, _end: i64, _change: i64) {}
}

impl Sink for () {}

/// A running sum under a cap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    sum: i64,
    cap: i64,
    /// Which bound the cap is.
    bound: Option<Bound>,
    /// What the cap has cut off so far.
    trimmed: i64,
    since: i64,
}

impl Level {
    pub(crate) const fn new(cap: i64, bound: Option<Bound>, since: i64) -> Self {
        Self { sum: 0, cap, bound, trimmed: 0, since }
    }

    /// Adds an amount; what of it the cap lets through.
    pub(crate) fn add(&mut self, amount: i64) -> i64 {
        let before = self.sum.min(self.cap);
        self.sum += amount;
        let counted = self.sum.min(self.cap) - before;
        self.trimmed += amount - counted;
        counted
    }

    pub(crate) fn report(&self, end: i64, sink: &mut impl Sink) {
        if let (Some(bound), true) = (self.bound, self.trimmed != 0) {
            sink.bound(bound, self.since, end, -self.trimmed);
        }
    }
}
