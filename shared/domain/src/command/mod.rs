//! What Baro asks of a lot's barrier controller, and how such a command ends.
//!
//! A command is named by what caused it, so the same cause gives the same command; [`decide`] moves it forwards only.
//! Nothing here speaks to a controller: `shared/clients` has its words, `functions/gate-commands` carries it out.

mod opening;
mod progress;

pub use opening::{STANDS_FOR, has_left, opening};
pub use progress::{Event, Move, Progress, Refusal, Report, Status, Step, decide, plan};

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{CommandId, LaneId, LotId, PaymentId, PlateNumber, RulingId, VisitId};

/// An open command that was not carried out within this time is never sent: the car has left by another read, or has
/// backed out, and a barrier must not open for nobody.
pub const OPEN_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// A command to the barrier controller of one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Lot.
    pub lot: LotId,
    /// Of the commands with the same id only the one with the highest revision counts. Passes of one plate count up
    /// with each change; an opening is asked for once and has 0.
    #[serde(default)]
    pub revision: u64,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// What is to be done.
    #[serde(flatten)]
    pub action: Action,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase", tag = "do")]
pub enum Action {
    /// Raise the barrier of a lane for one car.
    Open {
        /// Lane.
        lane: LaneId,
        /// The car that stands there.
        plate: PlateNumber,
        /// Its visit.
        visit: VisitId,
        /// What let it go.
        cause: OpenCause,
    },
    /// Let a plate in and out by itself for some days, in place of what it had before.
    SetPass {
        /// Plate.
        plate: PlateNumber,
        /// On what terms.
        pass: PassTerms,
    },
    /// Take that right away.
    ClearPass {
        /// Plate.
        plate: PlateNumber,
    },
}

/// What lets a car out that was told to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenCause {
    /// It was paid for.
    Payment(PaymentId),
    /// A person lets it out.
    Ruling(RulingId),
}

impl OpenCause {
    fn as_str(&self) -> &str {
        match self {
            Self::Payment(payment) => payment.as_str(),
            Self::Ruling(ruling) => ruling.as_str(),
        }
    }
}

/// The terms of a pass as a controller knows it. Whose it is stays with us: a controller needs the plate alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PassTerms {
    /// The controller's own name of the kind of pass, as the operator set it up there.
    pub kind: String,
    /// First day, local.
    pub from: Date,
    /// Last day, local.
    pub until: Date,
}

impl Command {
    /// What it is called: an opening after visit and cause, a pass after lot and plate, since a controller holds one
    /// pass a plate.
    pub fn id(&self) -> CommandId {
        match &self.action {
            Action::Open { visit, cause, .. } => CommandId::derive(&["open", visit.as_str(), cause.as_str()]),
            Action::SetPass { plate, .. } | Action::ClearPass { plate } => {
                CommandId::derive(&["pass", self.lot.as_str(), plate.as_str()])
            }
        }
    }

    /// Whether it raises a barrier.
    pub fn is_opening(&self) -> bool {
        matches!(self.action, Action::Open { .. })
    }

    /// Whether it is too late for it.
    pub fn is_too_late(&self, now: Timestamp) -> bool {
        self.is_opening() && now.duration_since(self.requested_at) > OPEN_WITHIN
    }
}

#[cfg(test)]
mod opening_tests;
#[cfg(test)]
mod tests;
