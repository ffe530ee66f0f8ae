//! The versions of a lot's tariff made ready to price stays.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::versions::{ChosenBy, LotTariffs};
use super::{Quote, Stay, Tariff, TariffError};

/// The versions of a lot's tariff, compiled.
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
    /// A version does not hold together, or the version in force gives no price.
    #[error(transparent)]
    Tariff(#[from] TariffError),
}

impl TariffBook {
    /// A book of versions. A later one ends the one before it on the eve of its first day.
    pub fn new(tariffs: LotTariffs) -> Result<Self, BookError> {
        let mut versions =
            tariffs.versions.into_iter().map(Tariff::new).collect::<Result<Vec<Tariff>, TariffError>>()?;
        versions.sort_by_key(|tariff| (tariff.spec().valid_from, tariff.version()));
        let mut pairs = versions.iter().zip(versions.iter().skip(1));
        if let Some((a, b)) = pairs.find(|(a, b)| a.spec().valid_from == b.spec().valid_from) {
            return Err(BookError::SameDay(a.version(), b.version(), a.spec().valid_from));
        }
        Ok(Self { versions, chosen_by: tariffs.chosen_by })
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

    /// The version that charges a stay.
    pub fn charging(
        &self,
        entered_at: Timestamp,
        left_at: Timestamp,
        zone: &TimeZone,
    ) -> Result<&Tariff, BookError> {
        let moment = match self.chosen_by {
            ChosenBy::Entry => entered_at,
            ChosenBy::Exit => left_at,
        };
        self.in_force(zone.to_datetime(moment).date())
    }

    /// The quote of the version that charges a stay.
    pub fn quote(&self, stay: &Stay<'_>) -> Result<Quote, BookError> {
        Ok(self.charging(stay.entered_at, stay.left_at, stay.time_zone)?.quote(stay)?)
    }
}
