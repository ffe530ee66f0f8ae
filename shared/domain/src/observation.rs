//! What a gate saw, in the platform's own words: the canonical form every vendor's report is adapted to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EventId, LaneId, LotId, PlateNumber, TrackId};

/// How sure the reader was of the plate, in per mille (0–1000). Vendors give 0–1, 0–100 or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReadConfidence(u16);

impl ReadConfidence {
    /// Clamped to 1000.
    pub fn per_mille(value: u16) -> Self {
        Self(value.min(1000))
    }

    /// Per mille, 0–1000.
    pub fn get(self) -> u16 {
        self.0
    }

    /// At or above this a single near match may open the barrier.
    pub const HIGH: Self = Self(900);
}

/// What a read means for the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// The car came in.
    Entered,
    /// The car stands before the exit barrier and asks to leave.
    AtExit,
    /// As `AtExit`, and no further read will follow: an opened barrier means that it left.
    AtExitOnly,
    /// The car has left.
    Left,
}

impl Passage {
    /// Whether the read was taken on the way out.
    pub fn is_exit(self) -> bool {
        !matches!(self, Self::Entered)
    }
}

/// Where a read stands in its camera's tracking of one car: a system that follows a car reports it several times, and a
/// later report may correct the plate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Track {
    /// The tracking, derived from the vendor's id of it.
    pub id: TrackId,
    /// Rises with each report of the tracking: the vendor's counter or the camera's time.
    pub sequence: i64,
}

/// Why a read asks for no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unasked {
    /// The barrier was up when the car came: it has passed already.
    BarrierUp,
    /// The report ends a tracking: the car is out of the camera's sight.
    TrackEnded,
}

/// One read of one plate. Two deliveries of the same read have the same `event_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateObservation {
    /// Derived from what the vendor says identifies the read (its UUID; else gate, lane, plate and time), so that a
    /// resend has the same id.
    pub event_id: EventId,
    /// Lot.
    pub lot: LotId,
    /// Lane.
    pub lane: LaneId,
    /// What it means.
    pub passage: Passage,
    /// The plate as read; an unrecognised one is kept.
    pub plate: PlateNumber,
    /// How sure the reader was; `None` when the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<ReadConfidence>,
    /// When the car was there: as the gate says, put right where its clock is known to be wrong
    /// ([`crate::health::ClockCorrections`]).
    pub observed_at: Timestamp,
    /// What the gate's own clock showed, where `observed_at` was put right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// When we got the report.
    pub received_at: Timestamp,
    /// S3 key of the picture, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_key: Option<String>,
    /// The tracking that the read belongs to, where its dialect announces corrections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<Track>,
    /// Why nobody waits for a decision; `None` for an ordinary read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unasked: Option<Unasked>,
}

impl GateObservation {
    /// Sets the gate's own time aside: the read was taken when we received it.
    pub fn take_on_receipt(&mut self) {
        self.reported_at = Some(self.clock_time());
        self.observed_at = self.received_at;
    }

    /// What the gate's own clock showed: the same in every delivery of a read, whatever is known of the clock by then.
    pub fn clock_time(&self) -> Timestamp {
        self.reported_at.unwrap_or(self.observed_at)
    }
}
