//! What a source says, checked against what the lot's configuration lets it say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MAX_AHEAD, Source, SpaceClass, SpaceId};
use crate::Lot;

/// A number as its source gives it: some count cars, some count what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Spaces taken.
    Occupied(u32),
    /// Spaces left.
    Free(u32),
}

/// A reading with the time its source gave it.
///
/// The order is that of trust between two words of one source: the later one counts, and of two of the same moment the
/// greater one, so that it does not matter which arrives first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Count {
    /// By the source's clock.
    pub observed_at: Timestamp,
    /// What it said.
    pub reading: Reading,
}

/// An absolute number of a counter or camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountReport {
    /// Who says so: a counter or a camera.
    pub source: Source,
    /// About which spaces.
    pub class: SpaceClass,
    /// What, and when.
    pub count: Count,
}

/// A sensor's word on one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceReport {
    /// The space.
    pub space: SpaceId,
    /// What kind of space it is; never [`SpaceClass::All`].
    pub class: SpaceClass,
    /// Whether a car stands there.
    pub occupied: bool,
    /// By the sensor's clock.
    pub observed_at: Timestamp,
}

/// Why a report is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The lot's configuration does not name this source for this class.
    #[error("the lot does not look at this source for this class")]
    SourceNotConfigured,
    /// The time lies more than [`MAX_AHEAD`] ahead.
    #[error("the time lies in the future")]
    ObservedInFuture,
    /// A space belongs to one class, not to all.
    #[error("a space is of one class")]
    NoClassOfASpace,
    /// More spaces report than a lot of this size can have.
    #[error("more spaces report than the lot can have")]
    TooManySpaces,
}

fn in_time(observed_at: Timestamp, now: Timestamp) -> Result<(), ReportError> {
    if observed_at.duration_since(now) > MAX_AHEAD { Err(ReportError::ObservedInFuture) } else { Ok(()) }
}

impl CountReport {
    /// Whether the lot takes this report. A late one is taken: it changes nothing that is newer.
    pub fn check(&self, lot: &Lot, now: Timestamp) -> Result<(), ReportError> {
        let absolute = matches!(self.source, Source::Counter { .. } | Source::Camera { .. });
        if !absolute || !lot.occupancy.names_for(self.class, &self.source) {
            return Err(ReportError::SourceNotConfigured);
        }
        in_time(self.count.observed_at, now)
    }
}

/// Whether the lot hears its sensors' controller say at this moment that it lives.
pub fn check_alive(lot: &Lot, alive_at: Timestamp, now: Timestamp) -> Result<(), ReportError> {
    if lot.occupancy.names(&Source::Spaces) {
        in_time(alive_at, now)
    } else {
        Err(ReportError::SourceNotConfigured)
    }
}

impl SpaceReport {
    /// Whether the lot takes this report.
    pub fn check(&self, lot: &Lot, now: Timestamp) -> Result<(), ReportError> {
        if !lot.occupancy.names(&Source::Spaces) {
            return Err(ReportError::SourceNotConfigured);
        }
        if self.class == SpaceClass::All {
            return Err(ReportError::NoClassOfASpace);
        }
        in_time(self.observed_at, now)
    }
}
