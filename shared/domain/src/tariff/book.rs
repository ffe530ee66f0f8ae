//! The versions of a lot's tariff: which is in force for a stay. An old version is never rewritten, so that an old quote
//! can always be made again.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Quote, Stay, Tariff, TariffError};

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TariffBook {
    /// Ascending by their first day.
    versions: Vec<Tariff>,
    chosen_by: ChosenBy,
}

/// Why versions make no book, or a stay finds none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Two versions begin on the same day.
    #[error("versions {0} and {1} both begin on {2}")]
    SameDay(u32, u32, Date),
    /// No version is in force.
    #[error("no tariff is in force on {0}")]
    NoneInForce(Date),
    /// The version in force gives no price.
    #[error(transparent)]
    Tariff(#[from] TariffError),
}

impl TariffBook {
    /// A book of versions. A later one ends the one before it on the eve of its first day.
    pub fn new(mut versions: Vec<Tariff>, chosen_by: ChosenBy) -> Result<Self, BookError> {
        versions.sort_by_key(|tariff| (tariff.spec().valid_from, tariff.version()));
        let mut pairs = versions.iter().zip(versions.iter().skip(1));
        if let Some((a, b)) = pairs.find(|(a, b)| a.spec().valid_from == b.spec().valid_from) {
            return Err(BookError::SameDay(a.version(), b.version(), a.spec().valid_from));
        }
        Ok(Self { versions, chosen_by })
    }

    /// The versions, ascending by their first day.
    pub fn versions(&self) -> &[Tariff] {
        &self.versions
    }

    /// The version in force on a day.
    pub fn in_force(&self, day: Date) -> Result<&Tariff, BookError> {
        let latest = self.versions.iter().rfind(|tariff| tariff.spec().valid_from <= day);
        let valid = latest.filter(|tariff| tariff.spec().valid_until.is_none_or(|until| day <= until));
        valid.ok_or(BookError::NoneInForce(day))
    }

    /// The quote of the version that charges a stay.
    pub fn quote(&self, stay: &Stay<'_>) -> Result<Quote, BookError> {
        let moment = match self.chosen_by {
            ChosenBy::Entry => stay.entered_at,
            ChosenBy::Exit => stay.left_at,
        };
        let tariff = self.in_force(stay.time_zone.to_datetime(moment).date())?;
        Ok(tariff.quote(stay)?)
    }
}
