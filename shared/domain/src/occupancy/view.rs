//! What is told: for each class the word of the most trusted source that is not outdated.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{OUTDATED_AFTER, OccupancyState, Reading, Source, SpaceClass};
use crate::Lot;

/// What kind of source a number comes from. Which device it was concerns the operator alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// An absolute counter.
    Counter,
    /// A camera.
    Camera,
    /// Sensors at each space.
    Spaces,
    /// Open visits.
    Visits,
}

/// How full the spaces of a class are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassOccupancy {
    /// Which spaces.
    pub class: SpaceClass,
    /// How many there are.
    pub capacity: u32,
    /// How many are free, never more than there are; `None` when no source has said anything yet.
    pub free: Option<u32>,
    /// Who is believed.
    pub source: Option<SourceKind>,
    /// When it was so, by the source's clock.
    pub observed_at: Option<Timestamp>,
    /// Whether every source has been silent for [`OUTDATED_AFTER`]: the newest word is told nevertheless.
    pub outdated: bool,
    /// Whether the source said what can't be: fewer than no cars, or more than there are spaces.
    pub implausible: bool,
}

/// A source's word, before it is held against the number of spaces.
#[derive(Debug, Clone, Copy)]
struct Word {
    source: SourceKind,
    free: i64,
    observed_at: Timestamp,
}

fn word(lot: &Lot, state: &OccupancyState, class: SpaceClass, source: &Source) -> Option<Word> {
    let capacity = i64::from(lot.spaces(class));
    let counted = |kind| {
        let count = state.counts.get(&(source.clone(), class))?;
        let free = match count.reading {
            Reading::Occupied(cars) => capacity - i64::from(cars),
            Reading::Free(free) => i64::from(free),
        };
        Some(Word { source: kind, free, observed_at: count.observed_at })
    };
    match source {
        Source::Counter { .. } => counted(SourceKind::Counter),
        Source::Camera { .. } => counted(SourceKind::Camera),
        Source::Spaces => {
            let (_, free) = state.spaces.of(class)?;
            Some(Word {
                source: SourceKind::Spaces,
                free: i64::from(free),
                observed_at: state.spaces.newest?,
            })
        }
        Source::Visits if class == SpaceClass::All => {
            let visits = state.visits?;
            let free = capacity.saturating_sub(visits.occupied);
            Some(Word { source: SourceKind::Visits, free, observed_at: visits.counted_at })
        }
        Source::Visits => None,
    }
}

/// Visits don't age: a car that stands for a day says nothing meanwhile.
fn is_fresh(word: &Word, now: Timestamp) -> bool {
    word.source == SourceKind::Visits || now.duration_since(word.observed_at) <= OUTDATED_AFTER
}

fn of_class(lot: &Lot, state: &OccupancyState, class: SpaceClass, now: Timestamp) -> ClassOccupancy {
    let capacity = lot.spaces(class);
    let sources = lot.occupancy.sources.get(&class).map_or(&[][..], Vec::as_slice);
    let words: Vec<Word> = sources.iter().filter_map(|source| word(lot, state, class, source)).collect();
    let fresh = words.iter().find(|word| is_fresh(word, now));
    // Of outdated ones the newest; of equally new ones the most trusted, which stands first.
    let told = fresh.or_else(|| words.iter().rev().max_by_key(|word| word.observed_at));
    let clipped = told.map(|word| word.free.clamp(0, i64::from(capacity)));
    ClassOccupancy {
        class,
        capacity,
        free: clipped.and_then(|free| u32::try_from(free).ok()),
        source: told.map(|word| word.source),
        observed_at: told.map(|word| word.observed_at),
        outdated: told.is_some() && fresh.is_none(),
        implausible: told.is_some_and(|word| clipped != Some(word.free)),
    }
}

/// How full a lot is at `now`: the whole of it first, then each class that it has spaces or sources of.
pub fn merged(lot: &Lot, state: &OccupancyState, now: Timestamp) -> Vec<ClassOccupancy> {
    SpaceClass::EACH
        .into_iter()
        .filter(|class| match class {
            SpaceClass::All => true,
            class => lot.occupancy.capacity.contains_key(class) || lot.occupancy.sources.contains_key(class),
        })
        .map(|class| of_class(lot, state, class, now))
        .collect()
}
