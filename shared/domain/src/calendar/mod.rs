//! Which dates are public holidays, and what kind of day a date is. Data and arithmetic only: the calendar is an
//! argument of every quote, so that an old quote can be repeated with the calendar it was made with.

mod day;
mod korea;

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use day::{DayKind, DaySet};
pub use korea::{FIRST_YEAR, LAST_YEAR, SOURCE};

/// One public holiday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holiday {
    /// The date.
    pub date: Date,
    /// Its name, Korean.
    pub name_ko: Cow<'static, str>,
    /// Its name, English.
    pub name_en: Cow<'static, str>,
    /// Why it is one: the clause of the law, or who decided it.
    pub basis: Cow<'static, str>,
}

/// What an operator sets for one date over the national calendar: a day the government proclaimed since, or a day the
/// lot treats otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateOverride {
    /// The date.
    pub date: Date,
    /// Whether it counts as a public holiday.
    pub holiday: bool,
    /// What the operator calls it.
    pub name_ko: String,
}

/// Public holidays by date. Cheap to ask: a bit per day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Days since 1970-01-01 of the first bit.
    first_day: i64,
    bits: Vec<u64>,
    holidays: Vec<Holiday>,
}

static KOREA: LazyLock<Calendar> = LazyLock::new(|| Calendar::from_holidays(korea::holidays()));

/// Days from 1970-01-01 to the date.
pub(crate) fn epoch_day(date: Date) -> i64 {
    // Howard Hinnant's days_from_civil, in the proleptic Gregorian calendar that `civil::Date` also uses.
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl Calendar {
    /// The public holidays of the Republic of Korea from [`FIRST_YEAR`] to [`LAST_YEAR`]; see [`SOURCE`].
    pub fn korea() -> &'static Self {
        &KOREA
    }

    /// A calendar without holidays: only weekdays tell days apart.
    pub fn weekdays_only() -> Self {
        Self::from_holidays(Vec::new())
    }

    /// A calendar of these holidays.
    pub fn from_holidays(mut holidays: Vec<Holiday>) -> Self {
        holidays.sort_by_key(|holiday| holiday.date);
        let days: Vec<i64> = holidays.iter().map(|holiday| epoch_day(holiday.date)).collect();
        let first_day = days.first().copied().unwrap_or(0);
        let words = days.last().map_or(0, |last| usize::try_from((last - first_day) / 64 + 1).unwrap_or(0));
        let mut bits = vec![0_u64; words];
        for day in days {
            let offset = day - first_day;
            if let Some(word) = usize::try_from(offset / 64).ok().and_then(|word| bits.get_mut(word)) {
                *word |= 1 << (offset % 64);
            }
        }
        Self { first_day, bits, holidays }
    }

    /// The same calendar with an operator's own dates; a later override of the same date wins.
    #[must_use]
    pub fn with_overrides(&self, overrides: &[DateOverride]) -> Self {
        let mut holidays = self.holidays.clone();
        for change in overrides {
            holidays.retain(|holiday| holiday.date != change.date);
            if change.holiday {
                holidays.push(Holiday {
                    date: change.date,
                    name_ko: Cow::Owned(change.name_ko.clone()),
                    name_en: Cow::Borrowed("Operator's holiday"),
                    basis: Cow::Borrowed("operator"),
                });
            }
        }
        Self::from_holidays(holidays)
    }

    /// What kind of day a date is.
    pub fn day_kind(&self, date: Date) -> DayKind {
        self.kind_of_epoch_day(epoch_day(date))
    }

    /// The holidays of a date; two may coincide (개천절 and 추석 in 2028).
    pub fn holidays_on(&self, date: Date) -> impl Iterator<Item = &Holiday> {
        self.holidays.iter().filter(move |holiday| holiday.date == date)
    }

    /// Every holiday, by date.
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    pub(crate) fn kind_of_epoch_day(&self, day: i64) -> DayKind {
        let offset = day - self.first_day;
        let word = usize::try_from(offset.div_euclid(64)).ok().and_then(|word| self.bits.get(word));
        match word {
            Some(word) if word >> offset.rem_euclid(64) & 1 == 1 => DayKind::Holiday,
            _ => DayKind::weekday_of(day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn an_operator_may_add_and_take_away_holidays() {
        let anniversary =
            DateOverride { date: date(2026, 11, 18), holiday: true, name_ko: "개장 기념일".into() };
        let working =
            DateOverride { date: date(2026, 12, 25), holiday: false, name_ko: "정상 영업".into() };
        let own = Calendar::korea().with_overrides(&[anniversary, working]);
        assert_eq!(own.day_kind(date(2026, 11, 18)), DayKind::Holiday);
        assert_eq!(own.day_kind(date(2026, 12, 25)), DayKind::Friday);
        assert_eq!(Calendar::korea().day_kind(date(2026, 12, 25)), DayKind::Holiday);
        assert_eq!(own.holidays_on(date(2026, 11, 18)).next().unwrap().name_ko, "개장 기념일");
    }

    #[test]
    fn days_are_counted_as_jiff_counts_them() {
        for day in
            [date(1970, 1, 1), date(1969, 12, 31), date(2000, 2, 29), date(2026, 11, 20), date(2100, 3, 1)]
        {
            let since = date(1970, 1, 1).until(day).unwrap().get_days();
            assert_eq!(epoch_day(day), i64::from(since), "{day}");
            assert_eq!(
                DayKind::weekday_of(epoch_day(day)) as i8,
                day.weekday().to_monday_zero_offset(),
                "{day}"
            );
        }
    }

    #[test]
    fn dates_outside_the_table_are_told_by_weekday_only() {
        assert_eq!(Calendar::korea().day_kind(date(1999, 1, 1)), DayKind::Friday);
        assert_eq!(Calendar::korea().day_kind(date(2099, 1, 1)), DayKind::Thursday);
        assert_eq!(Calendar::weekdays_only().day_kind(date(2026, 1, 1)), DayKind::Thursday);
    }
}
