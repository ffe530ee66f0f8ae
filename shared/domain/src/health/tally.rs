//! What a gate reported in a period, counted. Tallies of parts that do not overlap (two periods, two writers) add up,
//! in any order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Delays;
use crate::{GateObservation, LaneId, ReadConfidence};

/// How a car at the exit was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitMatch {
    /// An entry of the plate as read explains it: both ends read the same.
    ByPlate,
    /// One end misread; the only plate in the lot that looks alike was taken.
    BySimilarity,
    /// Nothing explains it: the entry was missed, or one end is unreadable or too unlike.
    Unmatched,
}

/// Reads of one lane in a period. The names it is kept under are short, as their bytes are paid for with each write.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneTally {
    /// Cars read as they passed.
    #[serde(rename = "r", skip_serializing_if = "is_zero")]
    pub reads: u32,
    /// The same car read or reported again. Not among `reads`.
    #[serde(rename = "a", skip_serializing_if = "is_zero")]
    pub repeats: u32,
    /// Reads that were kept while offline and came later. Not among `reads`.
    #[serde(rename = "l", skip_serializing_if = "is_zero")]
    pub late: u32,
    /// Of `reads`, those without a plate.
    #[serde(rename = "u", skip_serializing_if = "is_zero")]
    pub unread: u32,
    /// Of `reads`, those for which the reader said how sure it was.
    #[serde(rename = "c", skip_serializing_if = "is_zero")]
    pub rated: u32,
    /// Of `rated`, those below [`ReadConfidence::HIGH`].
    #[serde(rename = "d", skip_serializing_if = "is_zero")]
    pub unsure: u32,
    /// Exits explained by an entry of the same plate.
    #[serde(rename = "p", skip_serializing_if = "is_zero")]
    pub by_plate: u32,
    /// Exits explained by a plate that merely looks like it: misread at one end.
    #[serde(rename = "s", skip_serializing_if = "is_zero")]
    pub by_similarity: u32,
    /// Exits that nothing explains.
    #[serde(rename = "m", skip_serializing_if = "is_zero")]
    pub unmatched: u32,
    /// When the last read reached us, late ones apart.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub last_read_at: Option<Timestamp>,
    /// How far our receipt lay behind the gate's clock, of `reads`.
    #[serde(rename = "w")]
    pub delays: Delays,
}

/// Everything one gate sent in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GateTally {
    /// When the last report of any kind reached us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sign_at: Option<Timestamp>,
    /// Signs of life without a car.
    #[serde(skip_serializing_if = "is_zero")]
    pub heartbeats: u32,
    /// Reports that are no read and no sign of life, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, u32>,
    /// Reports that could not be used, by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u32>,
    /// Reads by lane.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lanes: BTreeMap<LaneId, LaneTally>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A lane's rates, per mille; `None` where nothing was counted to take them of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneRates {
    /// Reads without a plate, of all reads.
    pub unread_per_mille: Option<u32>,
    /// Reads below [`ReadConfidence::HIGH`], of those for which the reader said how sure it was.
    pub unsure_per_mille: Option<u32>,
    /// Exits whose plate, as read, has an entry, of all judged exits.
    pub match_per_mille: Option<u32>,
    /// Exits matched by likeness: one end misread.
    pub misread_per_mille: Option<u32>,
    /// Exits that nothing explains.
    pub unmatched_per_mille: Option<u32>,
}

/// `part` of `whole`, in per mille, rounded; `None` of nothing.
pub fn per_mille(part: u32, whole: u32) -> Option<u32> {
    let (part, whole) = (u64::from(part), u64::from(whole));
    (whole > 0).then(|| u32::try_from((part * 1_000 + whole / 2) / whole).unwrap_or(u32::MAX))
}

impl LaneTally {
    /// Counts a read of a car that has just come.
    pub fn count_read(&mut self, read: &GateObservation) {
        self.reads += 1;
        self.unread += u32::from(read.plate.is_unread());
        if let Some(confidence) = read.confidence {
            self.rated += 1;
            self.unsure += u32::from(confidence < ReadConfidence::HIGH);
        }
        self.delays.add(read.received_at.duration_since(read.clock_time()));
        self.last_read_at = self.last_read_at.max(Some(read.received_at));
    }

    /// Counts a further report of a car that was counted.
    pub fn count_repeat(&mut self, read: &GateObservation) {
        self.repeats += 1;
        self.last_read_at = self.last_read_at.max(Some(read.received_at));
    }

    /// Counts how a car at the exit was known.
    pub fn count_exit(&mut self, known: ExitMatch) {
        match known {
            ExitMatch::ByPlate => self.by_plate += 1,
            ExitMatch::BySimilarity => self.by_similarity += 1,
            ExitMatch::Unmatched => self.unmatched += 1,
        }
    }

    /// Exits of which it is known how they were matched.
    pub fn exits(&self) -> u32 {
        self.by_plate + self.by_similarity + self.unmatched
    }

    /// Its rates.
    pub fn rates(&self) -> LaneRates {
        let exits = self.exits();
        LaneRates {
            unread_per_mille: per_mille(self.unread, self.reads),
            unsure_per_mille: per_mille(self.unsure, self.rated),
            match_per_mille: per_mille(self.by_plate, exits),
            misread_per_mille: per_mille(self.by_similarity, exits),
            unmatched_per_mille: per_mille(self.unmatched, exits),
        }
    }

    /// Adds the tally of another period or writer.
    pub fn merge(&mut self, other: &Self) {
        self.reads += other.reads;
        self.repeats += other.repeats;
        self.late += other.late;
        self.unread += other.unread;
        self.rated += other.rated;
        self.unsure += other.unsure;
        self.by_plate += other.by_plate;
        self.by_similarity += other.by_similarity;
        self.unmatched += other.unmatched;
        self.last_read_at = self.last_read_at.max(other.last_read_at);
        self.delays.merge(&other.delays);
    }
}

impl GateTally {
    /// The tally of a lane, begun where there is none.
    pub fn lane(&mut self, lane: &LaneId) -> &mut LaneTally {
        self.lanes.entry(lane.clone()).or_default()
    }

    /// Adds the tally of another period or writer.
    pub fn merge(&mut self, other: &Self) {
        self.last_sign_at = self.last_sign_at.max(other.last_sign_at);
        self.heartbeats += other.heartbeats;
        for (mine, theirs) in [(&mut self.others, &other.others), (&mut self.refused, &other.refused)] {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
        for (lane, tally) in &other.lanes {
            self.lane(lane).merge(tally);
        }
    }
}
