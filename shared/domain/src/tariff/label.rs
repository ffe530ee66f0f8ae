//! The words of a quote's lines. Written by hand and not with `format!`: a month's quote has a hundred of them.

use super::quote::LineLabel;
use super::spec::Label;
use super::timeline::Clock;
use crate::calendar::DayKind;

/// A label under construction in both languages. Kept and emptied from line to line, so that it grows once.
#[derive(Debug)]
pub(crate) struct Words {
    ko: String,
    en: String,
    /// What both languages write alike, written once.
    alike: String,
    /// The day written last, and as it is written: lines of one day follow each other.
    day: (i64, String),
    /// Spans written before, from and until as minutes of the day: bands come again each day. Empty where there is but one day.
    spans: Vec<(i64, i64, String)>,
}

/// Spans kept to be written again.
const KEPT_SPANS: usize = 16;

/// The words of a tier's units around their number: the same for every quote, so made with the plan.
#[derive(Debug, Clone)]
pub(crate) struct TierWords {
    before: LineLabel,
    after: LineLabel,
}

impl TierWords {
    pub(crate) fn new(unit: i64, price: i64, base: bool) -> Self {
        let (mut before, mut after) = (Words::new(), Words::new());
        before.both(", ");
        if base {
            before.each("기본 ", "base ");
        }
        before.number(unit).each("분 단위 ", " min × ");
        after.each("회 × ", " at ").won(price);
        Self { before: before.finish(), after: after.finish() }
    }
}

impl Words {
    /// For one label, or the few of a day.
    pub(crate) fn new() -> Self {
        Self::keeping(0)
    }

    /// For the labels of several days.
    pub(crate) fn of_days() -> Self {
        Self::keeping(KEPT_SPANS)
    }

    fn keeping(spans: usize) -> Self {
        Self {
            ko: String::with_capacity(96),
            en: String::with_capacity(96),
            alike: String::with_capacity(24),
            day: (i64::MIN, String::new()),
            spans: Vec::with_capacity(spans),
        }
    }

    /// The finished label; the next one begins empty.
    pub(crate) fn finish(&mut self) -> LineLabel {
        let label = LineLabel::new(&self.ko, &self.en);
        self.ko.clear();
        self.en.clear();
        label
    }

    pub(crate) fn both(&mut self, text: &str) -> &mut Self {
        self.ko.push_str(text);
        self.en.push_str(text);
        self
    }

    pub(crate) fn each(&mut self, ko: &str, en: &str) -> &mut Self {
        self.ko.push_str(ko);
        self.en.push_str(en);
        self
    }

    pub(crate) fn label(&mut self, label: &Label) -> &mut Self {
        self.each(&label.ko, &label.en)
    }

    /// A number with thousands separators.
    pub(crate) fn number(&mut self, value: i64) -> &mut Self {
        self.alike(|text| push_number(text, value.unsigned_abs()))
    }

    /// `1,200원` and `1,200 won`.
    pub(crate) fn won(&mut self, value: i64) -> &mut Self {
        self.number(value).each("원", " won")
    }

    /// `6회 × 200원` with the words of its tier around it.
    pub(crate) fn units(&mut self, words: &TierWords, units: i64) -> &mut Self {
        self.each(words.before.ko(), words.before.en()).number(units).each(words.after.ko(), words.after.en())
    }

    /// The date, `11/20 `.
    pub(crate) fn date(&mut self, clock: &Clock<'_>, minute: i64) -> &mut Self {
        let epoch_day = clock.wall(minute).div_euclid(1440);
        let (known, text) = &mut self.day;
        if *known != epoch_day {
            *known = epoch_day;
            text.clear();
            let (month, day) = month_and_day(epoch_day);
            push_short(text, month);
            text.push('/');
            push_short(text, day);
            text.push(' ');
        }
        self.ko.push_str(text);
        self.en.push_str(text);
        self
    }

    /// The hours after other words, ` 09:00–10:00`.
    pub(crate) fn span(&mut self, clock: &Clock<'_>, start: i64, end: i64) -> &mut Self {
        let from = clock.wall(start).rem_euclid(1440);
        // The end of a day is written 24:00, so that a span never seems to run backwards.
        let last = clock.wall(end - 1) + 1;
        let until = if last.rem_euclid(1440) == 0 { 1440 } else { last.rem_euclid(1440) };
        if let Some((.., text)) = self.spans.iter().find(|(kept, to, _)| (*kept, *to) == (from, until)) {
            self.ko.push_str(text);
            self.en.push_str(text);
            return self;
        }
        self.alike(|text| {
            text.push(' ');
            push_time(text, from);
            text.push('–');
            push_time(text, until);
        });
        if self.spans.len() < self.spans.capacity() {
            self.spans.push((from, until, self.alike.as_str().to_owned()));
        }
        self
    }

    /// The band's own name, or the kind of day.
    pub(crate) fn kind(&mut self, label: Option<&Label>, kind: DayKind) -> &mut Self {
        match label {
            Some(label) => self.label(label),
            None => self.each(kind.label_ko(), kind.label_en()),
        }
    }

    fn alike(&mut self, write: impl FnOnce(&mut String)) -> &mut Self {
        self.alike.clear();
        write(&mut self.alike);
        self.ko.push_str(&self.alike);
        self.en.push_str(&self.alike);
        self
    }
}

/// The last decimal digit.
fn digit(value: u64) -> char {
    char::from(b'0' + u8::try_from(value % 10).unwrap_or(0))
}

/// With thousands separators.
fn push_number(text: &mut String, value: u64) {
    if value < 1_000 {
        push_below_thousand(text, value);
        return;
    }
    push_number(text, value / 1_000);
    let rest = value % 1_000;
    text.push(',');
    text.push(digit(rest / 100));
    text.push(digit(rest / 10));
    text.push(digit(rest));
}

fn push_below_thousand(text: &mut String, value: u64) {
    if value >= 100 {
        text.push(digit(value / 100));
    }
    if value >= 10 {
        text.push(digit(value / 10));
    }
    text.push(digit(value));
}

/// A number below 100 as it is spoken.
fn push_short(text: &mut String, value: i64) {
    push_below_thousand(text, value.unsigned_abs());
}

/// Minutes after midnight as a time of day.
fn push_time(text: &mut String, minute: i64) {
    let (hour, minute) = ((minute / 60).unsigned_abs(), (minute % 60).unsigned_abs());
    text.push(digit(hour / 10));
    text.push(digit(hour));
    text.push(':');
    text.push(digit(minute / 10));
    text.push(digit(minute));
}

/// Month and day of a day counted from 1970-01-01 (civil_from_days, Howard Hinnant).
fn month_and_day(epoch_day: i64) -> (i64, i64) {
    let shifted = epoch_day + 719_468;
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    (if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::epoch_day;
    use jiff::civil::date;

    #[test]
    fn numbers_are_written_as_won_writes_them() {
        for value in [0, 7, 999, 1_000, 12_345, 1_234_567, i64::MAX] {
            let mut words = Words::new();
            words.won(value);
            assert_eq!(words.finish().ko(), crate::Won::new(value).to_string());
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let mut day = date(2023, 12, 25);
        while day < date(2029, 1, 5) {
            assert_eq!(
                month_and_day(epoch_day(day)),
                (i64::from(day.month()), i64::from(day.day())),
                "{day}"
            );
            day = day.tomorrow().unwrap();
        }
    }
}
