//! Runs the meter over a timeline: units, tiers, grace, exempt minutes and caps. It answers what the stay costs and
//! reports each group of units and each trimming to a [`Sink`], so that pricing and explaining are one walk.
//!
//! Amounts here are plain `i64`: [`super::check`] bounds a unit's price by 10⁹ won and [`super::quote`] a stay by 10 years
//! (5.3 million minutes), so no sum can pass 5.3 × 10¹⁵.

use super::meter_sums::Level;
pub(crate) use super::meter_sums::{Bound, Group, Sink};
use super::plan::SchedulePlan;
use super::spec::{CapHolds, CapPer, Counting, Each, Grace, GraceBound, MeterRestart, OnceExceeded};
use super::timeline::{DayStart, Segment, Timeline};

/// Minutes that are exempt, or beyond which nothing is charged; counted over charged minutes that no pass covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) minutes: i64,
    pub(crate) each: Each,
}

/// What a discount changes in the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Exempt once a stay, minutes.
    pub(crate) exempt: i64,
    /// Exempt on each charging day, minutes.
    pub(crate) exempt_daily: i64,
    /// Only so many minutes are charged.
    pub(crate) limit: Option<Allowance>,
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
}

/// How a tariff's meter runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter<'a> {
    pub(crate) schedule: &'a SchedulePlan,
    pub(crate) grace: Option<Grace>,
    pub(crate) restart: MeterRestart,
}

struct Walk<'a, S> {
    meter: &'a Meter<'a>,
    timeline: &'a Timeline<'a>,
    until: i64,
    terms: Terms,
    sink: &'a mut S,
    totals: Totals,
    reading: i64,
    /// Minutes of the unit begun last that are still paid for.
    carry: i64,
    day: Option<usize>,
    band: Option<(i64, usize)>,
    band_level: Level,
    day_level: Level,
    stay_level: Level,
    /// Price of the charging day that replaces its sum: cap index and amount.
    day_price: Option<(usize, i64)>,
    day_all: i64,
    day_due: i64,
    day_has_uncovered: bool,
    /// Whether the meter counted any minute of the day.
    day_counted: bool,
    grace_left: i64,
    exempt_left: i64,
    exempt_daily_left: i64,
    limit_left: i64,
    skip_day: bool,
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
        if let Some(grace) = self.grace.filter(|grace| grace.each == Each::Stay)
            && grace.once_exceeded == OnceExceeded::FromZero
            && is_within(grace, count(timeline, grace.counting, (0, until), until))
        {
            sink.grace(0, until);
            return Totals::default();
        }
        let stay = self.cap_in_force(
            CapPer::Stay,
            DayStart {
                start: 0,
                end: i64::MAX,
                kind: timeline.days.first().map_or(crate::calendar::DayKind::Monday, |day| day.kind),
            },
            timeline,
            until,
        );
        let deducted = self.grace.filter(|grace| grace.once_exceeded == OnceExceeded::Deducted);
        let grace_left = deducted.filter(|it| it.each == Each::Stay && it.counting == Counting::Charged);
        let walk = Walk {
            meter: self,
            timeline,
            until,
            terms,
            sink,
            totals: Totals::default(),
            reading: 0,
            carry: 0,
            day: None,
            band: None,
            band_level: Level::new(i64::MAX, None, 0),
            day_level: Level::new(i64::MAX, None, 0),
            stay_level: Level::new(stay.1, stay.0.map(Bound::Cap), 0),
            day_price: None,
            day_all: 0,
            day_due: 0,
            day_has_uncovered: false,
            day_counted: false,
            grace_left: grace_left.map_or(0, |grace| grace.minutes),
            exempt_left: terms.exempt,
            exempt_daily_left: 0,
            limit_left: terms.limit.map_or(i64::MAX, |limit| limit.minutes),
            skip_day: false,
        };
        walk.run()
    }

    /// The lowest upper bound in force: its index and amount.
    fn cap_in_force(
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
    fn day_price(&self, day: DayStart, timeline: &Timeline<'_>, until: i64) -> Option<(usize, i64)> {
        let mut caps = self.schedule.caps_per(CapPer::Day);
        caps.find(|(_, cap)| {
            cap.holds == CapHolds::Exactly
                && cap.days.contains(day.kind)
                && count(timeline, cap.counting, (day.start, day.end), until) >= cap.from_minutes.max(1)
        })
        .map(|(index, cap)| (index, cap.amount))
    }
}

fn is_within(grace: Grace, minutes: i64) -> bool {
    match grace.bound {
        GraceBound::Inclusive => minutes <= grace.minutes,
        GraceBound::Exclusive => minutes < grace.minutes,
    }
}

/// Minutes of the stay in a stretch of it.
fn count(timeline: &Timeline<'_>, counting: Counting, (start, end): (i64, i64), until: i64) -> i64 {
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

impl<S: Sink> Walk<'_, S> {
    fn run(mut self) -> Totals {
        let (timeline, until) = (self.timeline, self.until);
        for segment in timeline.segments.iter().take_while(|segment| segment.start < until) {
            if self.day != Some(segment.day) {
                self.finish_day();
                self.begin_day(segment.day);
            }
            if self.skip_day {
                continue;
            }
            if self.band != Some((segment.began, segment.band)) {
                self.begin_band(segment);
            }
            self.charge(*segment);
        }
        self.finish_day();
        self.band_level.report(self.until, self.sink);
        self.stay_level.report(self.until, self.sink);
        self.totals.due = self.totals.due.clamp(0, self.totals.all.max(0));
        self.totals
    }

    fn begin_day(&mut self, index: usize) {
        let day = self.timeline.days[index];
        self.day = Some(index);
        let (bound, cap) = self.meter.cap_in_force(CapPer::Day, day, self.timeline, self.until);
        self.day_level = Level::new(cap, bound.map(Bound::Cap), day.start);
        self.day_price = self.meter.day_price(day, self.timeline, self.until);
        (self.day_all, self.day_due) = (0, 0);
        (self.day_has_uncovered, self.day_counted) = (false, false);
        self.exempt_daily_left = self.terms.exempt_daily;
        if let Some(limit) = self.terms.limit.filter(|limit| limit.each.is_day()) {
            self.limit_left = limit.minutes;
        }
        if self.meter.restart == MeterRestart::EachDay {
            (self.reading, self.carry) = (0, 0);
        }
        self.skip_day = false;
        let Some(grace) = self.meter.grace.filter(|grace| grace.each.is_day()) else { return };
        match grace.once_exceeded {
            OnceExceeded::Deducted if grace.counting == Counting::Charged => self.grace_left = grace.minutes,
            OnceExceeded::Deducted => {}
            OnceExceeded::FromZero => {
                let minutes = count(self.timeline, grace.counting, (day.start, day.end), self.until);
                self.skip_day = is_within(grace, minutes);
                if self.skip_day {
                    self.sink.grace(day.start, day.end.min(self.until));
                }
            }
        }
    }

    fn finish_day(&mut self) {
        let Some(day) = self.day.map(|index| self.timeline.days[index]) else { return };
        let end = day.end.min(self.until);
        self.day_level.report(end, self.sink);
        if let Some((index, price)) = self.day_price.filter(|_| self.day_counted) {
            let change = price - self.day_all;
            if change != 0 {
                self.sink.bound(Bound::Cap(index), day.start, end, change);
            }
            let covered = self.day_all - self.day_due;
            let due = if self.day_has_uncovered { (price - covered).max(0) } else { 0 };
            self.totals.all += change;
            self.totals.due += due - self.day_due;
        }
    }

    fn begin_band(&mut self, segment: &Segment) {
        self.band_level.report(segment.start.min(self.until), self.sink);
        let at_most = self.meter.schedule.bands[segment.band].at_most;
        self.band = Some((segment.began, segment.band));
        self.band_level = Level::new(at_most, Some(Bound::Band(segment.band)), segment.start);
        if self.meter.restart == MeterRestart::EachBand {
            (self.reading, self.carry) = (0, 0);
        }
    }

    /// Takes the free front off a segment: grace, then exempt minutes. Answers where charging begins.
    fn after_free_minutes(&mut self, segment: &Segment, end: i64) -> i64 {
        let mut start = segment.start;
        if let Some(grace) = self.meter.grace.filter(|it| it.once_exceeded == OnceExceeded::Deducted) {
            let free_until = match (grace.counting, grace.each) {
                (Counting::Elapsed, Each::Stay) => grace.minutes,
                (Counting::Elapsed, Each::Day) => self.timeline.days[segment.day].start + grace.minutes,
                (Counting::Charged, _) => start + self.grace_left,
            };
            let paid_from = free_until.clamp(start, end);
            if grace.counting == Counting::Charged {
                self.grace_left -= paid_from - start;
            }
            if paid_from > start {
                self.sink.grace(start, paid_from);
            }
            start = paid_from;
        }
        if !segment.covered {
            for left in [&mut self.exempt_daily_left, &mut self.exempt_left] {
                let taken = (*left).min(end - start);
                *left -= taken;
                start += taken;
            }
        }
        start
    }

    fn charge(&mut self, segment: Segment) {
        let mut end = segment.end.min(self.until);
        let mut at = self.after_free_minutes(&segment, end);
        if !segment.covered {
            end = end.min(at.saturating_add(self.limit_left));
            self.limit_left -= end - at;
            self.day_has_uncovered |= at < end;
        }
        self.totals.charged_minutes += end - at;
        self.day_counted |= at < end;
        let carried = self.carry.min(end - at);
        at += carried;
        self.reading += carried;
        self.carry -= carried;
        let band = &self.meter.schedule.bands[segment.band];
        let mut index = band.tier_at(self.reading);
        while at < end {
            let tier = band.tiers[index];
            let left = tier.until - self.reading;
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
            self.carry = (units * tier.unit).min(left) - minutes;
            self.reading += minutes;
            at += minutes;
            index += usize::from(self.reading >= tier.until);
        }
    }

    /// Adds an amount under the caps of band, day and stay; what of it they let through.
    fn accrue(&mut self, amount: i64, covered: bool) -> i64 {
        let of_day = self.band_level.add(amount);
        let of_stay = self.day_level.add(of_day);
        let counted = self.stay_level.add(of_stay);
        self.totals.all += counted;
        self.day_all += counted;
        if !covered {
            self.totals.due += counted;
            self.day_due += counted;
        }
        counted
    }
}
