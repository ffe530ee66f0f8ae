//! Runs the meter over a timeline: units, tiers, grace, exempt minutes and caps. It answers what the stay costs and
//! reports each group of units and each trimming to a [`Sink`], so that pricing and explaining are one walk.
//!
//! Amounts here are plain `i64`: [`super::check`] bounds a unit's price by 10⁹ won and [`super::quote`] a stay by 10 years
//! (5.3 million minutes), so no sum can pass 5.3 × 10¹⁵.

use super::meter_sums::Level;
pub(crate) use super::meter_sums::{Bound, Group, Sink};
pub(crate) use super::meter_walk::Checkpoint;
use super::meter_walk::{State, Walk};
use super::plan::SchedulePlan;
use super::spec::{CapHolds, CapPer, Counting, Each, Grace, GraceBound, MeterRestart, OnceExceeded};
use super::timeline::{DayStart, Timeline};
use crate::calendar::DayKind;

/// Charged minutes, counted over those that no pass covers and that are not exempt, whose units are summed apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) each: Each,
}

/// What a discount changes in the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Exempt once a stay, minutes.
    pub(crate) exempt: i64,
    /// Exempt on each charging day, minutes.
    pub(crate) exempt_daily: i64,
    /// Which minutes' units to sum apart.
    pub(crate) window: Option<Window>,
    /// What a stay rule leaves to pay of the minutes that no pass covers: the units begun first make it up.
    pub(crate) due_at_most: Option<i64>,
}

impl Terms {
    /// Whether a run under these terms answers what is asked of others: which minutes are summed apart changes no sum.
    pub(crate) fn answer(&self, asked: &Self) -> bool {
        Self { window: asked.window, ..*self } == *asked
            && (asked.window.is_none() || asked.window == self.window)
    }
}

/// What a stay costs, before stay rules and discounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// As if there were no pass.
    pub(crate) all: i64,
    /// Of it, what no pass covers.
    pub(crate) due: i64,
    /// Minutes that the meter counted.
    pub(crate) charged_minutes: i64,
    /// What the units begun within the window add, caps considered.
    pub(crate) in_window: i64,
    /// Charged minutes to come that the unit begun last already pays for.
    pub(crate) paid_ahead: i64,
}

/// How a tariff's meter runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter<'a> {
    pub(crate) schedule: &'a SchedulePlan,
    pub(crate) grace: Option<Grace>,
    pub(crate) restart: MeterRestart,
}

impl Meter<'_> {
    /// The cost of the first `until` minutes of the stay. The timeline must be laid out that far.
    pub(crate) fn run<S: Sink>(
        &self,
        timeline: &Timeline<'_>,
        until: i64,
        terms: Terms,
        sink: &mut S,
    ) -> Totals {
        if self.is_free_by_grace(timeline, until) {
            sink.grace(0, until);
            return Totals::default();
        }
        let state = self.beginning(timeline, until, terms);
        let (wanted, checkpoint) = (None, None);
        Walk { meter: self, timeline, until, terms, sink, wanted, checkpoint, state }.run(0).0
    }

    /// The cost of a longer stay from a checkpoint on.
    pub(crate) fn resume(
        &self,
        timeline: &Timeline<'_>,
        until: i64,
        terms: Terms,
        from: &Checkpoint,
    ) -> Totals {
        // The checkpoint may be from a longer stay than this one, which the grace still covers.
        if self.is_free_by_grace(timeline, until) {
            return Totals::default();
        }
        let (wanted, checkpoint, state) = (None, None, from.state);
        Walk { meter: self, timeline, until, terms, sink: &mut (), wanted, checkpoint, state }
            .run(from.segment)
            .0
    }

    /// The cost, and a checkpoint at the beginning of a charging day.
    pub(crate) fn run_to_checkpoint<S: Sink>(
        &self,
        timeline: &Timeline<'_>,
        until: i64,
        terms: Terms,
        day: usize,
        sink: &mut S,
    ) -> (Totals, Option<Checkpoint>) {
        if self.is_free_by_grace(timeline, until) {
            sink.grace(0, until);
            return (Totals::default(), None);
        }
        let (wanted, checkpoint) = (Some(day), None);
        let state = self.beginning(timeline, until, terms);
        Walk { meter: self, timeline, until, terms, sink, wanted, checkpoint, state }.run(0)
    }

    /// Whether a grace that is forfeited once exceeded still covers the whole stay.
    pub(crate) fn is_free_by_grace(&self, timeline: &Timeline<'_>, until: i64) -> bool {
        let forfeited =
            |grace: &Grace| grace.each == Each::Stay && grace.once_exceeded == OnceExceeded::FromZero;
        self.grace
            .filter(forfeited)
            .is_some_and(|grace| is_within(grace, count(timeline, grace.counting, (0, until), until)))
    }

    fn beginning(&self, timeline: &Timeline<'_>, until: i64, terms: Terms) -> State {
        let kind = timeline.days.first().map_or(DayKind::Monday, |day| day.kind);
        let whole = DayStart { start: 0, end: i64::MAX, kind };
        let (bound, cap) = self.cap_in_force(CapPer::Stay, whole, timeline, until);
        let deducted = self.grace.filter(|grace| grace.once_exceeded == OnceExceeded::Deducted);
        let grace_left = deducted.filter(|it| it.each == Each::Stay && it.counting == Counting::Charged);
        State {
            totals: Totals::default(),
            reading: 0,
            carry: 0,
            day: None,
            band: None,
            band_level: Level::new(i64::MAX, None, 0),
            day_level: Level::new(i64::MAX, None, 0),
            stay_level: Level::new(cap, bound.map(Bound::Cap), 0),
            due_level: Level::new(terms.due_at_most.unwrap_or(i64::MAX), None, 0),
            day_price: None,
            day_all: 0,
            day_due: 0,
            day_has_uncovered: false,
            day_counted: false,
            grace_left: grace_left.map_or(0, |grace| grace.minutes),
            exempt_left: terms.exempt,
            exempt_daily_left: 0,
            window_at: 0,
            skip_day: false,
        }
    }

    /// The lowest upper bound in force: its index and amount.
    pub(crate) fn cap_in_force(
        &self,
        per: CapPer,
        day: DayStart,
        timeline: &Timeline<'_>,
        until: i64,
    ) -> (Option<usize>, i64) {
        let mut lowest = (None, i64::MAX);
        for (index, cap) in self.schedule.caps_per(per) {
            let reached = cap.holds == CapHolds::AtMost
                && (per == CapPer::Stay || cap.days.contains(day.kind))
                && (cap.from_minutes == 0
                    || count(timeline, cap.counting, (day.start, day.end), until) >= cap.from_minutes);
            if reached && cap.amount < lowest.1 {
                lowest = (Some(index), cap.amount);
            }
        }
        lowest
    }

    /// The first price in force that replaces the day's sum.
    pub(crate) fn day_price(
        &self,
        day: DayStart,
        timeline: &Timeline<'_>,
        until: i64,
    ) -> Option<(usize, i64)> {
        let mut caps = self.schedule.caps_per(CapPer::Day);
        caps.find(|(_, cap)| {
            cap.holds == CapHolds::Exactly
                && cap.days.contains(day.kind)
                && count(timeline, cap.counting, (day.start, day.end), until) >= cap.from_minutes.max(1)
        })
        .map(|(index, cap)| (index, cap.amount))
    }
}

pub(crate) fn is_within(grace: Grace, minutes: i64) -> bool {
    match grace.bound {
        GraceBound::Inclusive => minutes <= grace.minutes,
        GraceBound::Exclusive => minutes < grace.minutes,
    }
}

/// Minutes of the stay in a stretch of it.
pub(crate) fn count(
    timeline: &Timeline<'_>,
    counting: Counting,
    (start, end): (i64, i64),
    until: i64,
) -> i64 {
    let end = end.min(until);
    match counting {
        Counting::Elapsed => (end - start).max(0),
        Counting::Charged => {
            let segments = &timeline.segments;
            let first = segments.partition_point(|segment| segment.end <= start);
            let inside = segments[first..].iter().take_while(|segment| segment.start < end);
            inside.map(|segment| segment.end.min(end) - segment.start.max(start)).sum()
        }
    }
}
