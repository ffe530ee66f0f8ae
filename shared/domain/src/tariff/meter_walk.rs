//! One run of the meter, segment by segment, and the states between segments from which a longer run can go on.

use super::meter::{Meter, Terms, Totals, count, is_within};
use super::meter_sums::{Bound, Group, Level, Sink};
use super::spec::{CapPer, Counting, Each, MeterRestart, OnceExceeded};
use super::timeline::{Segment, Timeline};

/// Where a run stands between two segments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub(crate) totals: Totals,
    pub(crate) reading: i64,
    /// Minutes of the unit begun last that are still paid for.
    pub(crate) carry: i64,
    pub(crate) day: Option<usize>,
    pub(crate) band: Option<(i64, usize)>,
    pub(crate) band_level: Level,
    pub(crate) day_level: Level,
    pub(crate) stay_level: Level,
    /// What of the units beside a pass a stay rule lets through.
    pub(crate) due_level: Level,
    /// Price of the charging day that replaces its sum: cap index and amount.
    pub(crate) day_price: Option<(usize, i64)>,
    pub(crate) day_all: i64,
    pub(crate) day_due: i64,
    pub(crate) day_has_uncovered: bool,
    /// Whether the meter counted any minute of the day.
    pub(crate) day_counted: bool,
    pub(crate) grace_left: i64,
    pub(crate) exempt_left: i64,
    pub(crate) exempt_daily_left: i64,
    /// Minutes counted so far towards the window.
    pub(crate) window_at: i64,
    pub(crate) skip_day: bool,
}

/// A run up to the beginning of a charging day, from which longer stays can be priced without starting over. It holds
/// for every later end of the stay as long as no rule reaches back (see `Plan::reaches_back`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkpoint {
    pub(crate) segment: usize,
    pub(crate) state: State,
}

pub(crate) struct Walk<'a, S> {
    pub(crate) meter: &'a Meter<'a>,
    pub(crate) timeline: &'a Timeline<'a>,
    pub(crate) until: i64,
    pub(crate) terms: Terms,
    pub(crate) sink: &'a mut S,
    /// The charging day at whose beginning a checkpoint is wanted, and the checkpoint.
    pub(crate) wanted: Option<usize>,
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) state: State,
}

impl<S: Sink> Walk<'_, S> {
    pub(crate) fn run(mut self, first: usize) -> (Totals, Option<Checkpoint>) {
        let (timeline, until) = (self.timeline, self.until);
        let mut next = first;
        for segment in timeline.segments[first..].iter().take_while(|segment| segment.start < until) {
            if self.state.day != Some(segment.day) {
                self.finish_day();
                self.save(next, segment.day);
                self.begin_day(segment.day);
            }
            next += 1;
            if self.state.skip_day {
                continue;
            }
            if self.state.band != Some((segment.began, segment.band)) {
                self.begin_band(segment);
            }
            self.charge(*segment);
        }
        self.finish_day();
        // The wanted day may have begun without a charged minute yet.
        if self.wanted.is_some_and(|day| timeline.days.get(day).is_some_and(|day| day.start <= until)) {
            self.save(next, usize::MAX);
        }
        self.state.band_level.report(until, self.sink);
        self.state.stay_level.report(until, self.sink);
        let totals = &mut self.state.totals;
        totals.due = totals.due.clamp(0, totals.all.max(0));
        totals.paid_ahead = self.state.carry;
        (*totals, self.checkpoint)
    }

    /// Keeps the state before a segment of the wanted day or a later one, once.
    fn save(&mut self, segment: usize, day: usize) {
        if self.wanted.is_some_and(|wanted| day >= wanted) {
            self.wanted = None;
            self.checkpoint = Some(Checkpoint { segment, state: State { day: None, ..self.state } });
        }
    }

    fn begin_day(&mut self, index: usize) {
        let day = self.timeline.days[index];
        self.state.day = Some(index);
        let (bound, cap) = self.meter.cap_in_force(CapPer::Day, day, self.timeline, self.until);
        self.state.day_level = Level::new(cap, bound.map(Bound::Cap), day.start);
        self.state.day_price = self.meter.day_price(day, self.timeline, self.until);
        (self.state.day_all, self.state.day_due) = (0, 0);
        (self.state.day_has_uncovered, self.state.day_counted) = (false, false);
        self.state.exempt_daily_left = self.terms.exempt_daily;
        if self.terms.window.is_some_and(|window| window.each.is_day()) {
            self.state.window_at = 0;
        }
        if self.meter.restart == MeterRestart::EachDay {
            (self.state.reading, self.state.carry) = (0, 0);
        }
        self.state.skip_day = false;
        let Some(grace) = self.meter.grace.filter(|grace| grace.each.is_day()) else { return };
        match grace.once_exceeded {
            OnceExceeded::Deducted if grace.counting == Counting::Charged => {
                self.state.grace_left = grace.minutes;
            }
            OnceExceeded::Deducted => {}
            OnceExceeded::FromZero => {
                let minutes = count(self.timeline, grace.counting, (day.start, day.end), self.until);
                self.state.skip_day = is_within(grace, minutes);
                if self.state.skip_day {
                    self.sink.grace(day.start, day.end.min(self.until));
                }
            }
        }
    }

    fn finish_day(&mut self) {
        let Some(day) = self.state.day.map(|index| self.timeline.days[index]) else { return };
        let end = day.end.min(self.until);
        self.state.day_level.report(end, self.sink);
        if let Some((index, price)) = self.state.day_price.filter(|_| self.state.day_counted) {
            let change = price - self.state.day_all;
            if change != 0 {
                self.sink.bound(Bound::Cap(index), day.start, end, change);
            }
            let covered = self.state.day_all - self.state.day_due;
            let due = if self.state.day_has_uncovered { (price - covered).max(0) } else { 0 };
            self.state.totals.all += change;
            self.state.totals.due += due - self.state.day_due;
        }
    }

    fn begin_band(&mut self, segment: &Segment) {
        self.state.band_level.report(segment.start.min(self.until), self.sink);
        let at_most = self.meter.schedule.bands[segment.band].at_most;
        self.state.band = Some((segment.began, segment.band));
        self.state.band_level = Level::new(at_most, Some(Bound::Band(segment.band)), segment.start);
        if self.meter.restart == MeterRestart::EachBand {
            (self.state.reading, self.state.carry) = (0, 0);
        }
    }

    /// Takes the free front off a segment: grace, then exempt minutes. Answers where charging begins.
    fn after_free_minutes(&mut self, segment: &Segment, end: i64) -> i64 {
        let mut start = segment.start;
        if let Some(grace) = self.meter.grace.filter(|it| it.once_exceeded == OnceExceeded::Deducted) {
            let free_until = match (grace.counting, grace.each) {
                (Counting::Elapsed, Each::Stay) => grace.minutes,
                (Counting::Elapsed, Each::Day) => self.timeline.days[segment.day].start + grace.minutes,
                (Counting::Charged, _) => start + self.state.grace_left,
            };
            let paid_from = free_until.clamp(start, end);
            if grace.counting == Counting::Charged {
                self.state.grace_left -= paid_from - start;
            }
            if paid_from > start {
                self.sink.grace(start, paid_from);
            }
            start = paid_from;
        }
        if !segment.covered {
            for left in [&mut self.state.exempt_daily_left, &mut self.state.exempt_left] {
                let taken = (*left).min(end - start);
                *left -= taken;
                start += taken;
            }
        }
        start
    }

    fn charge(&mut self, segment: Segment) {
        let end = segment.end.min(self.until);
        let mut at = self.after_free_minutes(&segment, end);
        // Where the window's count stands at minute 0 of the stay, so that adding a minute gives its place.
        let window_origin = self.state.window_at - at;
        if !segment.covered {
            self.state.window_at += end - at;
            self.state.day_has_uncovered |= at < end;
        }
        self.state.totals.charged_minutes += end - at;
        self.state.day_counted |= at < end;
        let carried = self.state.carry.min(end - at);
        at += carried;
        self.state.reading += carried;
        self.state.carry -= carried;
        let band = &self.meter.schedule.bands[segment.band];
        let mut index = band.tier_at(self.state.reading);
        while at < end {
            let tier = &band.tiers[index];
            let left = tier.until - self.state.reading;
            let minutes = left.min(end - at);
            let units = (minutes + tier.unit - 1) / tier.unit;
            let mut group = Group {
                start: at,
                end: at + minutes,
                segment,
                tier: index,
                unit: tier.unit,
                units,
                price: tier.price,
                amount: units * tier.price,
                counted: 0,
            };
            group.counted = self.accrue(group.amount, segment.covered);
            self.sink.group(&group);
            if let Some(window) = self.terms.window.filter(|_| !segment.covered) {
                group.counted = self.state.due_level.add(group.counted);
                self.state.totals.in_window += group.counted_within(window, window_origin);
            }
            self.state.carry = (units * tier.unit).min(left) - minutes;
            self.state.reading += minutes;
            at += minutes;
            index += usize::from(self.state.reading >= tier.until);
        }
    }

    /// Adds an amount under the caps of band, day and stay; what of it they let through.
    fn accrue(&mut self, amount: i64, covered: bool) -> i64 {
        let of_day = self.state.band_level.add(amount);
        let of_stay = self.state.day_level.add(of_day);
        let counted = self.state.stay_level.add(of_stay);
        self.state.totals.all += counted;
        self.state.day_all += counted;
        if !covered {
            self.state.totals.due += counted;
            self.state.day_due += counted;
        }
        counted
    }
}
