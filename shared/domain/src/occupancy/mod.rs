//! How full a lot is: what its sources report, merged by the order in which its operator trusts them.
//!
//! Sources are absolute counters and cameras (a number for the lot or a class of spaces), a sensor at each space, and the
//! visits that gates open and close. Each keeps its newest word by its own clock; which of them is believed is decided
//! when somebody asks ([`merged`]), so neither order nor repetition of reports can matter.

mod recount;
mod report;
mod spaces;
mod state;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{GateId, Lot};

pub use recount::{QUIET_FOR, Recount, VisitCounter};
pub use report::{Count, CountReport, Reading, ReportError, SpaceReport, check_alive};
pub use spaces::{MAX_PAGE_SPACES, SpaceId, SpacePage, SpaceTotals, page_of, pages_for};
pub use state::{OccupancyState, VisitCount, merge};
pub use view::{ClassOccupancy, SourceKind, merged};

/// A source whose newest word is older than this is outdated (ParkAPI v3's bound).
pub const OUTDATED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// A device's clock may be this far ahead; a later time is refused, since it would outlive every true report.
pub const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// In a lot of at most so many spaces the open visits are counted when somebody asks: reading them costs no more than a
/// few counters. In a larger one each change moves a counter.
pub const COUNTED_ON_READ_MAX_SPACES: u32 = 100;

/// Which spaces a number is about. The classes are those of ParkAPI v3, and compact cars (경차).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceClass {
    /// Every space of the lot.
    All,
    /// Spaces for anybody.
    General,
    /// For disabled people.
    Disabled,
    /// With a charger.
    Charging,
    /// For compact cars.
    Compact,
    /// For women.
    Woman,
    /// For families.
    Family,
}

impl SpaceClass {
    /// All of them, the whole lot first.
    pub const EACH: [Self; 7] =
        [Self::All, Self::General, Self::Disabled, Self::Charging, Self::Compact, Self::Woman, Self::Family];

    /// As it is written in documents and in addresses of the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::General => "general",
            Self::Disabled => "disabled",
            Self::Charging => "charging",
            Self::Compact => "compact",
            Self::Woman => "woman",
            Self::Family => "family",
        }
    }
}

/// Where a number comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Source {
    /// A device that counts and reports totals.
    Counter {
        /// The device, registered as a gate of the lot.
        device: GateId,
    },
    /// A camera that sees the spaces and reports totals.
    Camera {
        /// The device, registered as a gate of the lot.
        device: GateId,
    },
    /// Sensors at each space.
    Spaces,
    /// The visits that the lot's gates opened and did not close. They know nothing of classes.
    Visits,
}

/// A lot's settings of occupancy. None by default: cars are not counted there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OccupancyRules {
    /// Spaces of each special class; the rest of the lot's capacity is general.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub capacity: BTreeMap<SpaceClass, u32>,
    /// For each class its sources, the most trusted first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<SpaceClass, Vec<Source>>,
}

impl OccupancyRules {
    /// A lot whose cars are counted by its gates.
    pub fn by_visits() -> Self {
        Self { capacity: BTreeMap::new(), sources: BTreeMap::from([(SpaceClass::All, vec![Source::Visits])]) }
    }

    /// Whether nothing is configured.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether any class looks at this source.
    pub fn names(&self, source: &Source) -> bool {
        self.sources.values().flatten().any(|named| named == source)
    }

    /// The source that this device is to this class; which kind of device it is, the operator's settings say, not the
    /// device.
    pub fn source_of(&self, class: SpaceClass, device: &GateId) -> Option<&Source> {
        self.sources.get(&class)?.iter().find(|source| match source {
            Source::Counter { device: named } | Source::Camera { device: named } => named == device,
            Source::Spaces | Source::Visits => false,
        })
    }

    /// Whether this class looks at this source.
    pub fn names_for(&self, class: SpaceClass, source: &Source) -> bool {
        self.sources.get(&class).is_some_and(|sources| sources.contains(source))
    }
}

impl Lot {
    /// Spaces of a class. General ones are those that no class has.
    pub fn spaces(&self, class: SpaceClass) -> u32 {
        let special = |class: &SpaceClass| !matches!(class, SpaceClass::All | SpaceClass::General);
        let of = |class: &SpaceClass| self.occupancy.capacity.get(class).copied().unwrap_or(0);
        match class {
            SpaceClass::All => self.capacity,
            SpaceClass::General => SpaceClass::EACH
                .iter()
                .filter(|c| special(c))
                .fold(self.capacity, |rest, c| rest.saturating_sub(of(c))),
            special => of(&special).min(self.capacity),
        }
    }

    /// How the visits of this lot are counted, if anybody wants to know.
    pub fn visit_counting(&self) -> VisitCounting {
        if !self.occupancy.names(&Source::Visits) {
            VisitCounting::None
        } else if self.capacity <= COUNTED_ON_READ_MAX_SPACES {
            VisitCounting::OnRead
        } else {
            VisitCounting::ByChange
        }
    }
}

/// How a lot's open visits become a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitCounting {
    /// Not at all.
    None,
    /// The index of open visits is counted when somebody asks.
    OnRead,
    /// A counter follows each change.
    ByChange,
}
