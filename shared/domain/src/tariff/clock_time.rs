//! Times of day as a tariff writes them: `09:00`, `24:00`. Not instants, and no zone.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Minutes in a day of the wall clock.
pub(crate) const DAY_MINUTES: i64 = 24 * 60;

/// A time of day in whole minutes, `00:00` to `24:00`. `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

impl ClockTime {
    /// `00:00`.
    pub const MIDNIGHT: Self = Self(0);
    /// `24:00`.
    pub const DAY_END: Self = Self(1440);

    /// From hours and minutes; `None` past `24:00`.
    pub const fn at(hour: u16, minute: u16) -> Option<Self> {
        if minute < 60 && (hour < 24 || (hour == 24 && minute == 0)) {
            Some(Self(hour * 60 + minute))
        } else {
            None
        }
    }

    /// Reads `9:00`, `09:00` or `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let legal = (1..=2).contains(&hour.len()) && minute.len() == 2;
        let digits = hour.bytes().chain(minute.bytes()).all(|c| c.is_ascii_digit());
        if !legal || !digits {
            return None;
        }
        Self::at(hour.parse().ok()?, minute.parse().ok()?)
    }

    /// Minutes after midnight, 0–1440.
    pub const fn minute_of_day(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for ClockTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom(format_args!("{text:?} is not a time of day (00:00–24:00)")))
    }
}

/// Hours of the day, `from` included, `until` excluded. `until` at or before `from` runs past midnight into the
/// next day; `00:00`–`24:00` is the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hours {
    /// First minute.
    pub from: ClockTime,
    /// First minute after.
    pub until: ClockTime,
}

impl Hours {
    /// The whole day.
    pub const ALL_DAY: Self = Self { from: ClockTime::MIDNIGHT, until: ClockTime::DAY_END };

    /// Minutes after midnight of the day it begins on: start and end, the end up to 1440 past the day's.
    pub(crate) fn span(self) -> (i64, i64) {
        let (from, until) = (i64::from(self.from.0), i64::from(self.until.0));
        if until > from { (from, until) } else { (from, until + DAY_MINUTES) }
    }

    /// Whether it runs past midnight.
    pub fn crosses_midnight(self) -> bool {
        self.span().1 > DAY_MINUTES
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::ALL_DAY
    }
}

#[cfg(test)]
impl schemars::JsonSchema for ClockTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClockTime".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A time of day in whole minutes, 00:00 to 24:00.",
            "type": "string",
            "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_24_00_and_no_later() {
        assert_eq!(ClockTime::parse("24:00"), Some(ClockTime::DAY_END));
        assert_eq!(ClockTime::parse("9:05").unwrap().to_string(), "09:05");
        for bad in ["24:01", "25:00", "09:60", "0900", "+9:00", "", "9:5", "009:00"] {
            assert_eq!(ClockTime::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn hours_that_end_before_they_begin_run_past_midnight() {
        let night =
            Hours { from: ClockTime::parse("18:00").unwrap(), until: ClockTime::parse("09:00").unwrap() };
        assert_eq!(night.span(), (1080, 1980));
        assert!(night.crosses_midnight());
        assert!(!Hours::ALL_DAY.crosses_midnight());
    }
}
