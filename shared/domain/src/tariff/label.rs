//! The words of a quote's lines. Written by hand and not with `format!`: a month's quote has a hundred of them.

use super::spec::Label;
use super::timeline::Clock;
use crate::calendar::DayKind;

/// A label under construction in both languages.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) ko: String,
    pub(crate) en: String,
}

impl Words {
    pub(crate) fn new() -> Self {
        Self { ko: String::with_capacity(72), en: String::with_capacity(64) }
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
        let mut buffer = [0_u8; 26];
        let text = digits(value, &mut buffer);
        self.both(text)
    }

    /// `1,200원` and `1,200 won`.
    pub(crate) fn won(&mut self, value: i64) -> &mut Self {
        self.number(value).each("원", " won")
    }

    /// The date, `11/20 `.
    pub(crate) fn date(&mut self, clock: &Clock<'_>, minute: i64) -> &mut Self {
        let (month, day) = month_and_day(clock.wall(minute).div_euclid(1440));
        self.number(month).both("/").number(day).both(" ")
    }

    /// The hours, `09:00–10:00`.
    pub(crate) fn span(&mut self, clock: &Clock<'_>, start: i64, end: i64) -> &mut Self {
        self.time_of_day(clock.wall(start).rem_euclid(1440)).both("–");
        // The end of a day is written 24:00, so that a span never seems to run backwards.
        let last = clock.wall(end - 1) + 1;
        let shown = if last.rem_euclid(1440) == 0 { 1440 } else { last.rem_euclid(1440) };
        self.time_of_day(shown)
    }

    /// The band's own name, or the kind of day.
    pub(crate) fn kind(&mut self, label: Option<&Label>, kind: DayKind) -> &mut Self {
        match label {
            Some(label) => self.label(label),
            None => self.each(kind.label_ko(), kind.label_en()),
        }
    }

    fn time_of_day(&mut self, minute: i64) -> &mut Self {
        let (hour, minute) = (minute / 60, minute % 60);
        let text = [two(hour / 10), two(hour % 10), b':', two(minute / 10), two(minute % 10)];
        self.both(std::str::from_utf8(&text).unwrap_or_default())
    }
}

fn two(digit: i64) -> u8 {
    b'0' + u8::try_from(digit.rem_euclid(10)).unwrap_or(0)
}

fn digits(value: i64, buffer: &mut [u8; 26]) -> &str {
    let mut rest = value.unsigned_abs();
    let mut at = buffer.len();
    let mut written = 0;
    loop {
        if written > 0 && written % 3 == 0 {
            at -= 1;
            buffer[at] = b',';
        }
        at -= 1;
        buffer[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        written += 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
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
            assert_eq!(words.ko, crate::Won::new(value).to_string());
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
