//! Turns what the meter reports into the lines of a quote.

use super::label::Words;
use super::meter::{Bound, Group, Sink};
use super::quote::{LineRule, QuoteLine};
use super::spec::{CapHolds, CapKind, CapPer, Schedule};
use super::timeline::Clock;
use crate::Won;

/// Collects lines.
pub(crate) struct Lines<'a> {
    pub(crate) clock: &'a Clock<'a>,
    pub(crate) schedule: &'a Schedule,
    /// Whether the stay touches several dates, so that times need them.
    pub(crate) dated: bool,
    pub(crate) written: Vec<QuoteLine>,
    /// Grace reported so far and not yet written: a grace that runs over several segments is one line.
    grace: Option<(i64, i64, i64)>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(clock: &'a Clock<'a>, schedule: &'a Schedule, until: i64, capacity: usize) -> Self {
        let last = (until - 1).max(0);
        let dated = clock.wall(0).div_euclid(1440) != clock.wall(last).div_euclid(1440);
        Self { clock, schedule, dated, written: Vec::with_capacity(capacity), grace: None }
    }

    /// Adds a line without units.
    pub(crate) fn add(
        &mut self,
        rule: LineRule,
        code: &str,
        words: Words,
        (start, end): (i64, i64),
        amount: i64,
    ) {
        self.written.push(QuoteLine {
            rule,
            code: code.to_owned(),
            label_ko: words.ko,
            label_en: words.en,
            from: self.clock.instant(start),
            to: self.clock.instant(end),
            units: 0,
            unit_minutes: 0,
            unit_price: Won::ZERO,
            amount: Won::new(amount),
        });
    }

    /// Writes what was held back, and says that nothing was charged when that is so.
    pub(crate) fn finish(&mut self, until: i64) {
        self.write_grace();
        if self.written.is_empty() {
            let mut words = Words::new();
            words.each("요금을 받지 않는 시간", "No charge at this time");
            self.add(LineRule::Free, "", words, (0, until), 0);
        }
    }

    fn write_grace(&mut self) {
        if let Some((start, end, minutes)) = self.grace.take() {
            let mut words = Words::new();
            words.each("무료 ", "Free: ").number(minutes).each("분", " min");
            self.add(LineRule::Grace, "", words, (start, end), 0);
        }
    }
}

impl Sink for Lines<'_> {
    fn group(&mut self, group: &Group) {
        self.write_grace();
        let band = &self.schedule.bands[group.segment.band];
        let mut words = Words::new();
        if self.dated {
            words.date(self.clock, group.start);
        }
        words.kind(band.label.as_ref(), group.segment.kind).both(" ");
        words.span(self.clock, group.start, group.end).both(", ");
        let base = group.tier == 0 && band.tiers.len() > 1;
        if base {
            words.each("기본 ", "base ");
        }
        words
            .number(group.unit)
            .each("분 단위 ", " min × ")
            .number(group.units)
            .each("회 × ", " at ")
            .won(group.price);
        self.written.push(QuoteLine {
            rule: if group.tier == 0 { LineRule::Base } else { LineRule::Additional },
            code: band.code.clone(),
            label_ko: words.ko,
            label_en: words.en,
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
        let mut words = Words::new();
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
                (LineRule::BandCap, band.code.clone())
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
                (rule, String::new())
            }
        };
        words.each(" 적용", " applied");
        self.add(rule, &code, words, (start, end), change);
    }
}
