//! A stay laid out on the wall clock: which of its minutes are charged, by which band, on which charging day, and
//! which a pass covers. Minutes are counted from entry. The work grows with bands crossed, not with minutes.

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, ToSpan};

use super::clock_time::DAY_MINUTES;
use super::plan::SchedulePlan;
use super::spec::ChargingDay;
use crate::calendar::{Calendar, DayKind};

/// The wall clock around a stay.
#[derive(Debug, Clone)]
pub(crate) struct Clock<'a> {
    zone: &'a TimeZone,
    /// Entry, in whole minutes since 1970-01-01 UTC.
    entry: i64,
    /// Offset at entry, minutes east.
    offset: i64,
    /// Up to here (minutes since 1970 UTC) the offset does not change.
    steady_until: i64,
}

impl<'a> Clock<'a> {
    pub(crate) fn new(zone: &'a TimeZone, entered_at: Timestamp) -> Self {
        let next = zone.following(entered_at).next();
        Self {
            zone,
            entry: entered_at.as_second().div_euclid(60),
            offset: i64::from(zone.to_offset(entered_at).seconds()).div_euclid(60),
            steady_until: next
                .map_or(i64::MAX, |transition| transition.timestamp().as_second().div_euclid(60)),
        }
    }

    /// The instant so many minutes after entry.
    pub(crate) fn instant(&self, minute: i64) -> Timestamp {
        Timestamp::from_second((self.entry + minute) * 60).unwrap_or(Timestamp::MAX)
    }

    /// Minutes after entry at which an instant falls, rounded down.
    pub(crate) fn minute_of(&self, instant: Timestamp) -> i64 {
        instant.as_second().div_euclid(60) - self.entry
    }

    /// What the wall clock shows so many minutes after entry, in minutes since 1970-01-01 00:00 of that wall.
    pub(crate) fn wall(&self, minute: i64) -> i64 {
        let utc = self.entry + minute;
        if utc < self.steady_until {
            return utc + self.offset;
        }
        utc + i64::from(self.zone.to_offset(self.instant(minute)).seconds()).div_euclid(60)
    }

    /// Minutes after entry at which the wall clock shows a time. A time that a change of clocks skips is its end; of
    /// one shown twice, the first.
    pub(crate) fn minute_at(&self, day: i64, minute_of_day: i64) -> i64 {
        let wall = day * DAY_MINUTES + minute_of_day;
        let utc = wall - self.offset;
        if utc <= self.steady_until {
            return utc - self.entry;
        }
        self.minute_after_change(wall).unwrap_or(utc - self.entry)
    }

    /// The same, asked of the zone itself; `None` beyond the calendar's end.
    fn minute_after_change(&self, wall: i64) -> Option<i64> {
        let shown = date(1970, 1, 1).at(0, 0, 0, 0).checked_add(0.minutes().try_minutes(wall).ok()?).ok()?;
        let ambiguous = self.zone.to_ambiguous_timestamp(shown);
        let is_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        let instant = ambiguous.compatible().ok()?;
        if !is_gap {
            return Some(self.minute_of(instant));
        }
        let day_before = instant.checked_sub(SignedDuration::from_hours(24)).ok()?;
        self.zone.following(day_before).next().map(|change| self.minute_of(change.timestamp()))
    }
}

/// Charged minutes in a row: one band, one charging day, covered by a pass or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Minutes after entry.
    pub(crate) start: i64,
    /// First minute after.
    pub(crate) end: i64,
    /// Index into [`Timeline::days`].
    pub(crate) day: usize,
    /// Index of the band.
    pub(crate) band: usize,
    /// The day (since 1970) on which this occurrence of the band began.
    pub(crate) began: i64,
    /// Kind of the day on the wall.
    pub(crate) kind: DayKind,
    /// Whether a pass covers it.
    pub(crate) covered: bool,
}

/// A charging day of the stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayStart {
    /// Minutes after entry, not negative.
    pub(crate) start: i64,
    /// First minute of the next one.
    pub(crate) end: i64,
    /// Kind of day on the wall at its start.
    pub(crate) kind: DayKind,
}

/// What a timeline is made from.
#[derive(Debug, Clone)]
pub(crate) struct Layout<'a> {
    pub(crate) clock: Clock<'a>,
    pub(crate) calendar: &'a Calendar,
    pub(crate) schedule: &'a SchedulePlan,
    pub(crate) free_days: &'a [i64],
    pub(crate) charging_day: ChargingDay,
    /// Minutes after entry that passes cover: ascending, apart.
    pub(crate) covered: Vec<(i64, i64)>,
}

/// The charged segments of a stay as far as they have been laid out.
#[derive(Debug)]
pub(crate) struct Timeline<'a> {
    pub(crate) layout: Layout<'a>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) days: Vec<DayStart>,
    /// Everything that starts before this minute is laid out.
    laid_until: i64,
    next_day: i64,
}

impl<'a> Timeline<'a> {
    /// With room for the days of a stay of so many minutes.
    pub(crate) fn new(layout: Layout<'a>, minutes: i64) -> Self {
        let next_day = layout.clock.wall(0).div_euclid(DAY_MINUTES);
        // Room is no promise: a stay of years begins with that of a month.
        let days = usize::try_from(minutes / DAY_MINUTES).unwrap_or(0).min(31) + 2;
        let (segments, days) = (Vec::with_capacity(days * 3), Vec::with_capacity(days));
        Self { layout, segments, days, laid_until: 0, next_day }
    }

    /// Lays out whole days until every minute before `minute` is covered.
    pub(crate) fn extend_to(&mut self, minute: i64) {
        while self.laid_until < minute {
            self.lay_out_day();
        }
    }

    fn lay_out_day(&mut self) {
        let day = self.next_day;
        let kind = self.layout.calendar.kind_of_epoch_day(day);
        let end = self.layout.clock.minute_at(day + 1, 0);
        self.begin_charging_days(kind, end);
        if self.layout.free_days.binary_search(&day).is_err() {
            let yesterday = self.layout.calendar.kind_of_epoch_day(day - 1);
            let schedule = self.layout.schedule;
            for (piece, from_yesterday) in schedule.pieces(yesterday, kind) {
                let from = self.layout.clock.minute_at(day, piece.from).max(0);
                let until = self.layout.clock.minute_at(day, piece.until);
                let (began, kind) = if from_yesterday { (day - 1, yesterday) } else { (day, kind) };
                let segment = Segment {
                    start: from,
                    end: until,
                    day: 0,
                    band: piece.band,
                    began,
                    kind,
                    covered: false,
                };
                self.cut_by_charging_day(segment);
            }
        }
        self.next_day = day + 1;
        self.laid_until = end;
    }

    fn begin_charging_days(&mut self, kind: DayKind, end: i64) {
        match self.layout.charging_day {
            ChargingDay::Calendar => self.days.push(DayStart { start: self.laid_until, end, kind }),
            ChargingDay::FromEntry => {
                let mut start = self.days.last().map_or(0, |day| day.end);
                while start < end {
                    self.days.push(DayStart { start, end: start + DAY_MINUTES, kind });
                    start += DAY_MINUTES;
                }
            }
        }
    }

    fn cut_by_charging_day(&mut self, mut segment: Segment) {
        while segment.start < segment.end {
            let mut day = self.days.len().saturating_sub(1);
            while day > 0 && self.days[day].start > segment.start {
                day -= 1;
            }
            let end = self.days.get(day).map_or(segment.end, |it| it.end.min(segment.end));
            self.cut_by_coverage(Segment { end, day, ..segment });
            segment.start = end;
        }
    }

    fn cut_by_coverage(&mut self, mut segment: Segment) {
        for &(from, until) in &self.layout.covered {
            if until <= segment.start {
                continue;
            }
            if from >= segment.end {
                break;
            }
            if from > segment.start {
                self.segments.push(Segment { end: from, ..segment });
                segment.start = from;
            }
            let end = until.min(segment.end);
            self.segments.push(Segment { end, covered: true, ..segment });
            segment.start = end;
        }
        if segment.start < segment.end {
            self.segments.push(segment);
        }
    }
}
