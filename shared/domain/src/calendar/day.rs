//! Kinds of day, and sets of them: what a band, a cap or a discount is said to hold on.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a date is to a tariff. A public holiday is a holiday whatever weekday it falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// 월요일.
    Monday,
    /// 화요일.
    Tuesday,
    /// 수요일.
    Wednesday,
    /// 목요일.
    Thursday,
    /// 금요일.
    Friday,
    /// 토요일.
    Saturday,
    /// 일요일.
    Sunday,
    /// 공휴일, substitute and election days included.
    Holiday,
}

impl DayKind {
    /// Every kind, Monday first.
    pub const ALL: [Self; 8] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
        Self::Holiday,
    ];

    /// The weekday of a day counted from 1970-01-01 (a Thursday).
    pub(crate) fn weekday_of(epoch_day: i64) -> Self {
        // rem_euclid(7) is 0–6.
        let index = usize::try_from((epoch_day + 3).rem_euclid(7)).unwrap_or(0);
        Self::ALL[index]
    }

    /// How the kind reads on a receipt.
    pub const fn label_ko(self) -> &'static str {
        match self {
            Self::Saturday => "토요일",
            Self::Sunday => "일요일",
            Self::Holiday => "공휴일",
            _ => "평일",
        }
    }

    /// How the kind reads on an English receipt.
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
            Self::Holiday => "Holiday",
            _ => "Weekday",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
            Self::Holiday => "holiday",
        }
    }
}

/// A set of [`DayKind`]s. In JSON a list of `weekday` (Monday to Friday), `monday` … `sunday`, `holiday`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DaySet(u8);

const WEEKDAY: &str = "weekday";

impl DaySet {
    /// No day.
    pub const NONE: Self = Self(0);
    /// Every day.
    pub const ALL: Self = Self(0xff);
    /// Monday to Friday, holidays excluded.
    pub const WEEKDAYS: Self = Self(0x1f);
    /// Saturdays that are no holiday.
    pub const SATURDAY: Self = Self(0x20);
    /// Sundays and public holidays.
    pub const SUNDAY_AND_HOLIDAY: Self = Self(0xc0);

    /// The set of these kinds.
    pub fn of(kinds: &[DayKind]) -> Self {
        Self(kinds.iter().fold(0, |bits, kind| bits | (1 << *kind as u8)))
    }

    /// Whether the kind is in the set.
    pub const fn contains(self, kind: DayKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether no day is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every day is in it.
    pub const fn is_all(&self) -> bool {
        self.0 == 0xff
    }

    /// The names JSON uses, in the order of the week.
    pub fn names(self) -> Vec<&'static str> {
        let mut names = Vec::with_capacity(8);
        let whole_week = self.0 & Self::WEEKDAYS.0 == Self::WEEKDAYS.0;
        if whole_week {
            names.push(WEEKDAY);
        }
        let rest = DayKind::ALL.iter().filter(|kind| self.contains(**kind));
        names.extend(
            rest.filter(|kind| !(whole_week && Self::WEEKDAYS.contains(**kind))).map(|kind| kind.name()),
        );
        names
    }

    fn from_name(name: &str) -> Option<Self> {
        if name == WEEKDAY {
            return Some(Self::WEEKDAYS);
        }
        DayKind::ALL.iter().find(|kind| kind.name() == name).map(|kind| Self(1 << *kind as u8))
    }
}

impl Default for DaySet {
    fn default() -> Self {
        Self::ALL
    }
}

impl Serialize for DaySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for DaySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().try_fold(Self::NONE, |set, name| {
            Self::from_name(name).map(|one| set.union(one)).ok_or_else(|| {
                de::Error::custom(format_args!("{name:?} is not weekday, monday … sunday or holiday"))
            })
        })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for DaySet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DaySet".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = [WEEKDAY].into_iter().chain(DayKind::ALL.map(DayKind::name)).collect();
        schemars::json_schema!({
            "description": "Kinds of day. `weekday` is Monday to Friday; a public holiday is `holiday` whatever its weekday.",
            "type": "array",
            "items": { "enum": names },
            "uniqueItems": true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_days_survives_json() {
        for bits in 0..=255_u8 {
            let text = serde_json::to_string(&DaySet(bits)).unwrap();
            assert_eq!(serde_json::from_str::<DaySet>(&text).unwrap(), DaySet(bits), "{text}");
        }
        assert_eq!(serde_json::to_string(&DaySet::WEEKDAYS).unwrap(), r#"["weekday"]"#);
        assert!(serde_json::from_str::<DaySet>(r#"["workday"]"#).is_err());
    }

    #[test]
    fn the_epoch_was_a_thursday() {
        assert_eq!(DayKind::weekday_of(0), DayKind::Thursday);
        assert_eq!(DayKind::weekday_of(-4), DayKind::Sunday);
        assert_eq!(DayKind::weekday_of(20_777), DayKind::Friday, "2026-11-20");
    }
}
