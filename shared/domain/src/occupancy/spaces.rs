//! Sensors at each space. Those of a lot are spread over pages, so that neither a page nor its totals grow with the lot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ReportError, SpaceClass, SpaceReport};

/// A page holds about this many spaces of a lot that has a sensor at each.
const SPACES_A_PAGE: u32 = 64;
/// No lot has more pages: the totals of all must fit one small item.
const MAX_PAGES: u32 = 64;
/// More spaces than this in a page are no lot's spaces but a sender's mistake.
pub const MAX_PAGE_SPACES: usize = 512;

/// What the guidance system calls a space: 1 to 24 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpaceId(String);

impl SpaceId {
    /// Takes a name as it came from outside.
    pub fn parse(name: impl Into<String>) -> Result<Self, String> {
        let name = name.into();
        if name.is_empty() || name.chars().count() > 24 || name.chars().any(char::is_control) {
            return Err("a space's name has 1 to 24 characters".to_owned());
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SpaceId {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(name)
    }
}

impl From<SpaceId> for String {
    fn from(space: SpaceId) -> Self {
        space.0
    }
}

/// Over how many pages the sensors of a lot of this size are spread: a power of two, so that it rarely changes.
pub fn pages_for(capacity: u32) -> u32 {
    capacity.div_ceil(SPACES_A_PAGE).clamp(1, MAX_PAGES).next_power_of_two()
}

/// The page of a space.
pub fn page_of(space: &SpaceId, pages: u32) -> u32 {
    let hash = Sha256::digest(space.as_str().as_bytes());
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % pages.max(1)
}

/// The newest word on a space. As JSON an array, since a page holds many: class, occupied, moment (microseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(i64, SpaceClass, bool)", into = "(i64, SpaceClass, bool)")]
struct Word {
    observed_at: i64,
    class: SpaceClass,
    occupied: bool,
}

impl From<(i64, SpaceClass, bool)> for Word {
    fn from((observed_at, class, occupied): (i64, SpaceClass, bool)) -> Self {
        Self { observed_at, class, occupied }
    }
}

impl From<Word> for (i64, SpaceClass, bool) {
    fn from(word: Word) -> Self {
        (word.observed_at, word.class, word.occupied)
    }
}

/// Some of a lot's spaces, each with its sensor's newest word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpacePage {
    words: BTreeMap<SpaceId, Word>,
}

/// Taken and free spaces of each class, with the newest moment any of their sensors named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceTotals {
    /// Taken and free, by class.
    #[serde(rename = "c")]
    pub classes: BTreeMap<SpaceClass, (u32, u32)>,
    /// The newest moment; `None` when no space has reported.
    #[serde(rename = "t")]
    pub newest: Option<Timestamp>,
}

impl SpacePage {
    /// Takes a report. Answers whether anything changed: an older or a repeated one changes nothing, and of two of the
    /// same moment the greater one stays, whichever comes first.
    pub fn take(&mut self, report: &SpaceReport) -> Result<bool, ReportError> {
        let SpaceReport { space, class, occupied, observed_at } = report;
        let word = Word { observed_at: observed_at.as_microsecond(), class: *class, occupied: *occupied };
        if self.words.get(space).is_some_and(|known| *known >= word) {
            return Ok(false);
        }
        if self.words.len() >= MAX_PAGE_SPACES && !self.words.contains_key(space) {
            return Err(ReportError::TooManySpaces);
        }
        self.words.insert(space.clone(), word);
        Ok(true)
    }

    /// What the page adds to the lot.
    pub fn totals(&self) -> SpaceTotals {
        let mut totals = SpaceTotals::default();
        for word in self.words.values() {
            let (taken, free) = totals.classes.entry(word.class).or_default();
            *if word.occupied { taken } else { free } += 1;
            totals.newest = totals.newest.max(Timestamp::from_microsecond(word.observed_at).ok());
        }
        totals
    }
}

impl SpaceTotals {
    /// The totals of several pages.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (class, (taken, free)) in &other.classes {
            let sum = self.classes.entry(*class).or_default();
            *sum = (sum.0.saturating_add(*taken), sum.1.saturating_add(*free));
        }
        self.newest = self.newest.max(other.newest);
        self
    }

    /// Taken and free spaces of a class, of all for [`SpaceClass::All`]; `None` where no sensor is.
    pub fn of(&self, class: SpaceClass) -> Option<(u32, u32)> {
        match class {
            SpaceClass::All => self
                .classes
                .values()
                .copied()
                .reduce(|a, b| (a.0.saturating_add(b.0), a.1.saturating_add(b.1))),
            class => self.classes.get(&class).copied(),
        }
    }
}
