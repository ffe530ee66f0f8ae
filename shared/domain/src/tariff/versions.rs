//! The versions of a lot's tariff as they are kept, and the rule by which one is added: what a price was, or is today, is never
//! rewritten.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::TariffSpec;

/// Versions kept at most: with a price change every month, four years.
pub const MAX_VERSIONS: usize = 50;

/// Which moment of a stay decides which version charges it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// The entry: what the sign said when the driver came in.
    #[default]
    Entry,
    /// The exit.
    Exit,
}

/// The versions of a lot's tariff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LotTariffs {
    /// Ascending by their first day. A later one ends the one before it on the eve of that day.
    pub versions: Vec<TariffSpec>,
    /// Which of them charges a stay.
    #[serde(default)]
    pub chosen_by: ChosenBy,
}

/// Why a version is not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmendError {
    /// A version of that number was in force and said something else.
    #[error("version {0} has been in force: a change of it needs a new number")]
    WasInForce(u32),
    /// Its number must be above those of the versions that were in force.
    #[error("the version must be above {0}")]
    NumberNotAbove(u32),
    /// A stay that is being priced today would change its price.
    #[error("a new version can be in force from {0} at the earliest")]
    TooEarly(Date),
    /// Another version begins on the same day.
    #[error("version {0} begins on the same day")]
    SameDay(u32),
    /// Too many versions.
    #[error("no more than {MAX_VERSIONS} versions are kept")]
    TooMany,
}

impl LotTariffs {
    /// A first version, the only one.
    pub fn of(version: TariffSpec) -> Self {
        Self { versions: vec![version], chosen_by: ChosenBy::default() }
    }

    /// The version in force on a day.
    pub fn in_force(&self, day: Date) -> Option<&TariffSpec> {
        let latest = self.versions.iter().rfind(|version| version.valid_from <= day)?;
        latest.valid_until.is_none_or(|until| day <= until).then_some(latest)
    }

    /// The versions with one more, asked for on the day `today` of the lot's zone. A version that is not in force yet gives way to a
    /// new one of the same number; one that was or is in force stays as it is, and the same asked for twice changes nothing.
    pub fn amended(&self, new: TariffSpec, today: Date) -> Result<Self, AmendError> {
        let (used, mut pending): (Vec<_>, Vec<_>) =
            self.versions.iter().cloned().partition(|version| version.valid_from <= today);
        if let Some(same) = used.iter().find(|version| version.version == new.version) {
            return if *same == new { Ok(self.clone()) } else { Err(AmendError::WasInForce(new.version)) };
        }
        if let Some(highest) = used.iter().map(|version| version.version).max().filter(|it| new.version < *it)
        {
            return Err(AmendError::NumberNotAbove(highest));
        }
        let earliest = today.tomorrow().unwrap_or(today);
        if !used.is_empty() && new.valid_from < earliest {
            return Err(AmendError::TooEarly(earliest));
        }
        pending.retain(|version| version.version != new.version);
        if let Some(other) = pending.iter().find(|version| version.valid_from == new.valid_from) {
            return Err(AmendError::SameDay(other.version));
        }
        let mut versions = used;
        versions.extend(pending);
        versions.push(new);
        versions.sort_by_key(|version| (version.valid_from, version.version));
        if versions.len() > MAX_VERSIONS {
            return Err(AmendError::TooMany);
        }
        Ok(Self { versions, chosen_by: self.chosen_by })
    }

    /// The versions after a source that knows no versions, such as the national file, says how the tariff reads: unchanged where it says what
    /// the newest version says, else with a version from its own first day, tomorrow at the earliest.
    pub fn following(&self, said: &TariffSpec, today: Date) -> Result<Self, AmendError> {
        let Some(newest) = self.versions.last() else { return Ok(Self::of(said.clone())) };
        let as_newest = TariffSpec {
            version: newest.version,
            valid_from: newest.valid_from,
            valid_until: newest.valid_until,
            ..said.clone()
        };
        if as_newest == *newest {
            return Ok(self.clone());
        }
        let earliest = today.tomorrow().unwrap_or(today);
        let in_turn = newest.valid_from.tomorrow().unwrap_or(earliest);
        let new = TariffSpec {
            version: newest.version.saturating_add(1),
            valid_from: said.valid_from.max(earliest).max(in_turn),
            ..said.clone()
        };
        self.amended(new, today)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = date(2026, 11, 21);

    fn version(number: u32, valid_from: Date) -> TariffSpec {
        let document =
            r#"{"id":"t","version":1,"name":"시험","validFrom":"2026-01-01","schedule":{"bands":[]}}"#;
        TariffSpec { version: number, valid_from, ..serde_json::from_str(document).unwrap() }
    }

    fn named(number: u32, valid_from: Date, name: &str) -> TariffSpec {
        TariffSpec { name: name.into(), ..version(number, valid_from) }
    }

    fn lot() -> LotTariffs {
        LotTariffs::of(version(1, date(2026, 1, 1)))
    }

    #[test]
    fn a_new_price_begins_tomorrow_at_the_earliest() {
        assert_eq!(lot().amended(version(2, TODAY), TODAY), Err(AmendError::TooEarly(date(2026, 11, 22))));
        let amended = lot().amended(version(2, date(2026, 11, 22)), TODAY).unwrap();
        assert_eq!(amended.in_force(TODAY).unwrap().version, 1);
        assert_eq!(amended.in_force(date(2026, 11, 22)).unwrap().version, 2);
    }

    #[test]
    fn a_version_that_was_in_force_is_never_rewritten() {
        let changed = named(1, date(2027, 1, 1), "다른 요금");
        assert_eq!(lot().amended(changed, TODAY), Err(AmendError::WasInForce(1)));
        assert_eq!(lot().amended(version(1, date(2026, 1, 1)), TODAY), Ok(lot()), "the same asked for twice");
        assert_eq!(lot().amended(version(0, date(2027, 1, 1)), TODAY), Err(AmendError::NumberNotAbove(1)));
    }

    #[test]
    fn a_version_that_is_not_in_force_yet_may_be_corrected() {
        let announced = lot().amended(version(2, date(2027, 1, 1)), TODAY).unwrap();
        let corrected = announced.amended(named(2, date(2027, 2, 1), "정정"), TODAY).unwrap();
        assert_eq!(corrected.versions.len(), 2);
        assert_eq!(corrected.in_force(date(2027, 1, 15)).unwrap().version, 1);
        assert_eq!(announced.amended(version(3, date(2027, 1, 1)), TODAY), Err(AmendError::SameDay(2)));
    }

    #[test]
    fn a_file_that_says_the_same_again_makes_no_version() {
        let again = version(7, date(2026, 11, 1));
        assert_eq!(lot().following(&again, TODAY), Ok(lot()));
        let dearer = lot().following(&named(1, date(2026, 11, 1), "인상"), TODAY).unwrap();
        assert_eq!(dearer.versions[1].valid_from, date(2026, 11, 22), "the file's date has gone by");
        assert_eq!(dearer.versions[1].version, 2);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_the_price_up_to_today_stays(
            asked in prop::collection::vec((0_u32..6, -40_i64..40, 0_i64..10), 0..12),
        ) {
            let mut today = TODAY;
            let mut lot = lot();
            for (number, days, later) in asked {
                let valid_from = today.checked_add(jiff::Span::new().days(days)).unwrap();
                let before = lot.clone();
                if let Ok(amended) = lot.amended(named(number, valid_from, &format!("{number} {days}")), today) {
                    lot = amended;
                }
                for back in 0..60 {
                    let day = today.checked_sub(jiff::Span::new().days(back)).unwrap();
                    prop_assert_eq!(lot.in_force(day), before.in_force(day));
                }
                today = today.checked_add(jiff::Span::new().days(later)).unwrap();
            }
        }
    }
}
