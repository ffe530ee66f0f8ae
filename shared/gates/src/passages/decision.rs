//! What a gate is told, and why.

use baro_domain::{
    GateObservation, Passage, PlateNumber, PricedLot, Quote, Unasked, VisitId,
    visit::{AmountDue, ExitDecision, OpenReason, Timeline, decide_exit, visit_behind},
};
use serde::Serialize;

/// Why. Stable codes for gates and statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateReason {
    /// A car comes in.
    Entered,
    /// A car comes in and its plate could not be read: it is let in, and a person decides when it leaves.
    EnteredUnread,
    /// The stay costs nothing.
    Free,
    /// What the stay costs is paid.
    Paid,
    /// More time has run, but the driver paid and is within the time to leave.
    PaidWithinGrace,
    /// Its payer is registered; the charge runs behind the car.
    Promised,
    /// The same car was let go a moment ago; the gate asks again.
    AlreadyReleased,
    /// The plate as read has no visit; the only plate in the lot that looks like it may leave.
    MatchedBySimilarity,
    /// The plate as read has no visit; a person said a moment ago whose it is.
    MatchedByPerson,
    /// A person let this car out a moment ago.
    LetGo,
    /// Something is due.
    NotPaid,
    /// No visit explains the plate, and none in the lot looks like it.
    NoVisit,
    /// No visit explains the plate; more than one looks like it, or the reader was not sure enough.
    SimilarPlates,
    /// Nothing of the plate could be read.
    UnreadPlate,
    /// The tariff can't price the stay.
    FeeUnknown,
    /// The lot is not set up: no tariff, or one that does not hold together.
    LotNotReady,
    /// The car has left.
    Left,
    /// The barrier was up: the car has passed, and nothing was asked.
    BarrierUp,
    /// The camera lost sight of a car that it had reported before.
    TrackEnded,
    /// The camera has corrected itself since: the car has another plate.
    Superseded,
    /// The read came too late for a barrier ([`super::MAX_LATENESS`]).
    StaleRead,
}

/// What the gate is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateDecision {
    /// Raise the barrier.
    Open {
        /// Why.
        reason: GateReason,
        /// On what terms, where the reason is a likeness: what would have opened for the plate itself.
        basis: Option<GateReason>,
        /// Whose visit.
        visit: Option<VisitId>,
    },
    /// Keep it down until this is paid.
    AmountDue {
        /// Why: [`GateReason::NotPaid`], or a likeness.
        reason: GateReason,
        /// What.
        amount: AmountDue,
        /// How it comes about; `None` only if the tariff could price the stay but not explain it.
        quote: Option<Box<Quote>>,
    },
    /// A person decides.
    AskOperator {
        /// Why.
        reason: GateReason,
        /// Plates in the lot that look like the one read, nearest first.
        candidates: Vec<PlateNumber>,
    },
    /// Kept; the barrier is not concerned.
    Recorded {
        /// Why.
        reason: GateReason,
        /// Whose visit ended, if one did.
        visit: Option<VisitId>,
    },
}

impl GateDecision {
    /// The reason.
    pub fn reason(&self) -> GateReason {
        match self {
            Self::Open { reason, .. }
            | Self::AmountDue { reason, .. }
            | Self::AskOperator { reason, .. }
            | Self::Recorded { reason, .. } => *reason,
        }
    }

    /// What is recorded of the decision where nobody had asked for one.
    pub(super) fn unasked(self, why: Unasked) -> Self {
        let reason = match why {
            Unasked::BarrierUp => GateReason::BarrierUp,
            Unasked::TrackEnded => GateReason::TrackEnded,
        };
        let visit = match self {
            Self::Open { visit, .. } | Self::Recorded { visit, .. } => visit,
            Self::AmountDue { amount, .. } => Some(amount.visit),
            Self::AskOperator { .. } => None,
        };
        Self::Recorded { reason, visit }
    }

    /// The same decision, reached through another plate than the one read.
    pub(super) fn through(self, matched: GateReason) -> Self {
        match self {
            Self::Open { reason, visit, .. } => Self::Open { reason: matched, basis: Some(reason), visit },
            Self::AmountDue { amount, quote, .. } => Self::AmountDue { reason: matched, amount, quote },
            Self::Recorded { visit, .. } => Self::Recorded { reason: matched, visit },
            asked @ Self::AskOperator { .. } => asked,
        }
    }
}

/// Decides by the fold with the read in it; an exit read must have a visit that explains it.
pub(super) fn decide(lot: &PricedLot, timeline: &Timeline, read: &GateObservation) -> GateDecision {
    let context = lot.context();
    match read.passage {
        Passage::Entered => entered(read, timeline),
        Passage::Left => {
            let visit = visit_behind(&context, timeline, read.observed_at).map(|visit| visit.id.clone());
            GateDecision::Recorded { reason: GateReason::Left, visit }
        }
        Passage::AtExit | Passage::AtExitOnly => match decide_exit(&context, timeline, read) {
            ExitDecision::Open { reason, visit } => {
                GateDecision::Open { reason: open_reason(reason), basis: None, visit: Some(visit) }
            }
            ExitDecision::AmountDue(amount) => {
                let visit = visit_behind(&context, timeline, read.observed_at);
                let quote = visit.and_then(|visit| lot.quote(visit, read.observed_at).ok());
                GateDecision::AmountDue { reason: GateReason::NotPaid, amount, quote: quote.map(Box::new) }
            }
            ExitDecision::AskOperator { candidates } => {
                GateDecision::AskOperator { reason: GateReason::FeeUnknown, candidates }
            }
        },
    }
}

/// Where the lot has no prices: who comes in may, who wants out needs a person.
pub(super) fn without_lot(read: &GateObservation) -> GateDecision {
    match read.passage {
        Passage::Entered => entered(read, &Timeline::default()),
        Passage::Left => GateDecision::Recorded { reason: GateReason::Left, visit: None },
        Passage::AtExit | Passage::AtExitOnly => {
            GateDecision::AskOperator { reason: GateReason::LotNotReady, candidates: Vec::new() }
        }
    }
}

fn entered(read: &GateObservation, timeline: &Timeline) -> GateDecision {
    let reason = if read.plate.is_unread() { GateReason::EnteredUnread } else { GateReason::Entered };
    let visit = timeline.visits.iter().rev().find(|visit| visit.entered_at <= read.observed_at);
    GateDecision::Open { reason, basis: None, visit: visit.map(|visit| visit.id.clone()) }
}

fn open_reason(reason: OpenReason) -> GateReason {
    match reason {
        OpenReason::Free => GateReason::Free,
        OpenReason::Paid => GateReason::Paid,
        OpenReason::PaidWithinGrace => GateReason::PaidWithinGrace,
        OpenReason::Promised => GateReason::Promised,
        OpenReason::AlreadyReleased => GateReason::AlreadyReleased,
    }
}
