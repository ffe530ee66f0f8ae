//! Turns what the meter reports into the lines of a quote.

use super::label::Words;
use super::meter::{Bound, Group, Sink};
use super::plan::SchedulePlan;
use super::quote::{LineLabel, LineRule, QuoteLine};
use super::spec::{CapHolds, CapKind, CapPer, Schedule};
use super::timeline::Clock;
use crate::Won;

/// Collects lines.
pub(crate) struct Lines<'a> {
    pub(crate) clock: &'a Clock<'a>,
    pub(crate) schedule: &'a Schedule,
    plan: &'a SchedulePlan,
    words: Words,
    /// Whether the stay touches several dates, so that times need them.
    pub(crate) dated: bool,
    pub(crate) written: Vec<QuoteLine>,
    /// Grace reported so far and not yet written: a grace that runs over several segments is one line.
    grace: Option<(i64, i64, i64)>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(
        clock: &'a Clock<'a>,
        (schedule, plan): (&'a Schedule, &'a SchedulePlan),
        until: i64,
        capacity: usize,
    ) -> Self {
        let last = (until - 1).max(0);
        let dated = clock.wall(0).div_euclid(1440) != clock.wall(last).div_euclid(1440);
        let words = if dated { Words::of_days() } else { Words::new() };
        let written = Vec::with_capacity(capacity);
        Self { clock, schedule, plan, words, dated, written, grace: None }
    }

    /// Adds a line without units.
    pub(crate) fn add(
        &mut self,
        rule: LineRule,
        code: &str,
        label: LineLabel,
        (start, end): (i64, i64),
        amount: i64,
    ) {
        self.written.push(QuoteLine {
            rule,
            code: code.into(),
            label,
            from: self.clock.instant(start),
            to: self.clock.instant(end),
            units: 0,
            unit_minutes: 0,
            unit_price: Won::ZERO,
            amount: Won::new(amount),
        });
    }

    /// The same, with words written for it.
    pub(crate) fn write(
        &mut self,
        rule: LineRule,
        code: &str,
        span: (i64, i64),
        amount: i64,
        words: impl FnOnce(&mut Words),
    ) {
        words(&mut self.words);
        let label = self.words.finish();
        self.add(rule, code, label, span, amount);
    }

    /// Writes what was held back, and says that nothing was charged when that is so.
    pub(crate) fn finish(&mut self, until: i64) {
        self.write_grace();
        if self.written.is_empty() {
            self.write(LineRule::Free, "", (0, until), 0, |words| {
                words.each("요금을 받지 않는 시간", "No charge at this time");
            });
        }
    }

    fn write_grace(&mut self) {
        if let Some((start, end, minutes)) = self.grace.take() {
            self.write(LineRule::Grace, "", (start, end), 0, |words| {
                words.each("무료 ", "Free: ").number(minutes).each("분", " min");
            });
        }
    }
}

impl Sink for Lines<'_> {
    fn group(&mut self, group: &Group) {
        self.write_grace();
        let band = &self.schedule.bands[group.segment.band];
        if self.dated {
            self.words.date(self.clock, group.start);
        }
        let tier = &self.plan.bands[group.segment.band].tiers[group.tier];
        self.words
            .kind(band.label.as_ref(), group.segment.kind)
            .span(self.clock, group.start, group.end)
            .units(&tier.words, group.units);
        let label = self.words.finish();
        self.written.push(QuoteLine {
            rule: if group.tier == 0 { LineRule::Base } else { LineRule::Additional },
            code: band.code.as_str().into(),
            label,
            from: self.clock.instant(group.start),
            to: self.clock.instant(group.end),
            units: group.units,
            unit_minutes: group.unit,
            unit_price: Won::new(group.price),
            amount: Won::new(group.amount),
        });
    }

    fn grace(&mut self, start: i64, end: i64) {
        let (from, _, minutes) = self.grace.unwrap_or((start, end, 0));
        self.grace = Some((from, end, minutes + end - start));
    }

    fn bound(&mut self, bound: Bound, start: i64, end: i64, change: i64) {
        self.write_grace();
        let words = &mut self.words;
        if self.dated && !matches!(bound, Bound::Cap(index) if self.schedule.caps[index].per == CapPer::Stay)
        {
            words.date(self.clock, start);
        }
        let (rule, code) = match bound {
            Bound::Band(index) => {
                let band = &self.schedule.bands[index];
                if let Some(label) = &band.label {
                    words.label(label).both(" ");
                }
                let at_most = band.at_most.map_or(0, Won::get);
                words.each("최대 ", "at most ").won(at_most);
                (LineRule::BandCap, band.code.as_str())
            }
            Bound::Cap(index) => {
                let cap = &self.schedule.caps[index];
                match (cap.kind, cap.per, cap.holds) {
                    (CapKind::DayTicket, ..) => words.each("1일권 요금 ", "Day ticket "),
                    (_, CapPer::Stay, _) => words.each("주차 1회 최대 ", "Stay at most "),
                    (_, _, CapHolds::AtMost) => words.each("1일 최대 ", "Day at most "),
                    (_, _, CapHolds::Exactly) => words.each("1일 요금 ", "Day price "),
                };
                words.won(cap.amount.get());
                let rule = match (cap.kind, cap.per) {
                    (CapKind::DayTicket, _) => LineRule::DayTicket,
                    (CapKind::Cap, CapPer::Day) => LineRule::DayCap,
                    (CapKind::Cap, CapPer::Stay) => LineRule::StayCap,
                };
                (rule, "")
            }
        };
        words.each(" 적용", " applied");
        let label = words.finish();
        self.add(rule, code, label, (start, end), change);
    }
}
