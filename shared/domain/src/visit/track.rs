//! Reads of one tracking: a camera that follows a car reports it more than once, and its newest report says which plate
//! the car had all along.
//!
//! A correction is a fact too. It lies with the plate that was wrong, so that each plate's visits stay a fold over its own
//! set. Which plates a correction concerns is told by the set of all reads of the tracking, in any order.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Facts;
use crate::{EventId, GateObservation, Passage, PlateNumber, Track, TrackId};

/// Reads further apart are not of one tracking: a camera that was restarted counts its cars from the beginning again.
pub const TRACK_SPAN: SignedDuration = SignedDuration::from_hours(1);

/// A later read of the same tracking, under another plate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Superseded {
    /// The read that corrects.
    pub by: EventId,
    /// Its place in the tracking.
    pub track: Track,
    /// When it was taken.
    pub at: Timestamp,
}

/// What is kept of a read with its tracking, to find the plates it was filed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackRead {
    /// The read.
    pub event_id: EventId,
    /// The plate whose facts it is among.
    pub filed_under: PlateNumber,
    /// Whether the camera read a plate: a report without one corrects nothing.
    pub legible: bool,
    /// Its place in the tracking.
    pub track: Track,
    /// When it was taken.
    pub at: Timestamp,
    /// What it means for the visit.
    pub passage: Passage,
}

/// Who has the last word, smallest first: legible before not, then the vendor's sequence, the time, the id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a>(bool, i64, Timestamp, &'a EventId);

impl TrackRead {
    /// A tracked read filed under `plate`; `None` when it is not tracked.
    pub fn of(read: &GateObservation, plate: &PlateNumber) -> Option<Self> {
        Some(Self {
            event_id: read.event_id.clone(),
            filed_under: plate.clone(),
            legible: !read.plate.is_unread(),
            track: read.track.clone()?,
            at: read.observed_at,
            passage: read.passage,
        })
    }

    fn rank(&self) -> Rank<'_> {
        Rank(self.legible, self.track.sequence, self.at, &self.event_id)
    }
}

impl Superseded {
    fn rank(&self) -> Rank<'_> {
        Rank(true, self.track.sequence, self.at, &self.by)
    }
}

fn near(a: Timestamp, b: Timestamp) -> bool {
    a.duration_since(b).abs() <= TRACK_SPAN
}

/// The plates among whose facts a tracking has left a read that is corrected by a read of another plate, each with these
/// corrections. A function of the set: the order of `reads` makes no difference.
pub fn superseded_plates(reads: &[TrackRead]) -> Vec<(PlateNumber, Vec<Superseded>)> {
    let mut plates: Vec<&PlateNumber> = reads.iter().map(|read| &read.filed_under).collect();
    plates.sort();
    plates.dedup();
    let corrections = |plate: &PlateNumber| {
        let (own, others): (Vec<&TrackRead>, Vec<&TrackRead>) =
            reads.iter().partition(|read| read.filed_under == *plate);
        let corrects = |other: &&&TrackRead| {
            other.legible && own.iter().any(|read| near(read.at, other.at) && read.rank() < other.rank())
        };
        let mut found: Vec<Superseded> = others
            .iter()
            .filter(corrects)
            .map(|other| Superseded { by: other.event_id.clone(), track: other.track.clone(), at: other.at })
            .collect();
        found.sort_by(|a, b| a.by.cmp(&b.by));
        found.dedup_by(|a, b| a.by == b.by);
        found
    };
    let found = plates.into_iter().map(|plate| (plate.clone(), corrections(plate)));
    found.filter(|(_, corrections)| !corrections.is_empty()).collect()
}

/// Of the sorted reads those that count: none of a tracking whose last word is another plate, and of each tracking the
/// first of a kind, since a camera that reports again tells of the same passage.
pub(super) fn one_a_tracking<'a>(
    reads: &[&'a GateObservation],
    superseded: &[Superseded],
) -> Vec<&'a GateObservation> {
    let mut first: Vec<(&TrackId, Passage, Timestamp)> = Vec::new();
    let counts = |read: &&'a GateObservation| {
        let Some(track) = &read.track else { return true };
        if overruled(reads, read, track, superseded) {
            return false;
        }
        let known = first.iter().any(|(id, passage, at)| {
            **id == track.id && *passage == read.passage && near(*at, read.observed_at)
        });
        if !known {
            first.push((&track.id, read.passage, read.observed_at));
        }
        !known
    };
    reads.iter().copied().filter(counts).collect()
}

/// Whether a read does not count for the plate of these facts: its camera has found another plate since.
pub fn is_superseded(facts: &Facts, read: &GateObservation) -> bool {
    let reads: Vec<&GateObservation> = facts.observations.iter().collect();
    read.track.as_ref().is_some_and(|track| overruled(&reads, read, track, &facts.superseded))
}

/// Whether the last word of a read's tracking, as far as it concerns this plate, is another plate.
fn overruled(
    reads: &[&GateObservation],
    read: &GateObservation,
    track: &Track,
    superseded: &[Superseded],
) -> bool {
    let overruled_by = |correction: &Superseded| {
        near(correction.at, read.observed_at)
            && reads.iter().all(|own| own_rank(own, &track.id, correction).is_none_or(Ordering::is_lt))
    };
    superseded.iter().any(|correction| correction.track.id == track.id && overruled_by(correction))
}

/// How a read of this plate and tracking stands to the correction; `None` for all other reads.
fn own_rank(own: &GateObservation, track: &TrackId, correction: &Superseded) -> Option<Ordering> {
    let place =
        own.track.as_ref().filter(|place| place.id == *track && near(correction.at, own.observed_at))?;
    let rank = Rank(!own.plate.is_unread(), place.sequence, own.observed_at, &own.event_id);
    Some(rank.cmp(&correction.rank()))
}
