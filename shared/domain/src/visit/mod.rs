//! A visit is a fold over the set of what is known of one plate at one lot.
//!
//! Facts (reads of the gates, payments, rulings of persons) are only ever added to the set; the visits, their fees and the events they
//! cause are computed from it. So repetition and order of delivery cannot change a result: the fold sorts first.

mod decision;
mod events;
mod fold;
mod outworn;
mod pledge;
mod ruling;
mod surplus;
mod track;

pub use decision::{AmountDue, ExitDecision, OpenReason, decide_exit, visit_behind};
pub use events::{VisitEvent, VisitEventKind, events_between, open_delta};
pub use fold::{Ended, OrphanExit, Timeline, Visit, VisitStatus, fold};
pub use outworn::{CARRIED_READS, LATE_READS_FOR, Outworn, outworn};
pub use pledge::{BrokenWord, Payer, Pledge, Promise};
pub use ruling::{DisputeReason, LongStayStep, RuledBy, Ruling, RulingKind};
pub use surplus::surplus;
pub use track::{Superseded, TRACK_SPAN, TrackRead, is_superseded, superseded_plates};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EventId, GateObservation, LotId, PaymentId, PlateNumber, Won, lot::LotRules};

/// The price of a stay. The fold needs it for lanes with a single read, where the car counts as gone once it owes
/// nothing; `None` when no price can be computed, which opens no barrier and closes no visit.
pub trait FeeSchedule {
    /// Total fee from `entered_at` to `left_at`, won.
    fn fee(&self, entered_at: Timestamp, left_at: Timestamp) -> Option<Won>;
}

impl<F: Fn(Timestamp, Timestamp) -> Option<Won>> FeeSchedule for F {
    fn fee(&self, entered_at: Timestamp, left_at: Timestamp) -> Option<Won> {
        self(entered_at, left_at)
    }
}

/// What one lot brings to the fold.
#[derive(Debug, Clone, Copy)]
pub struct FoldContext<'a, F> {
    /// The lot.
    pub lot: &'a LotId,
    /// Its settings.
    pub rules: LotRules,
    /// Its prices.
    pub fees: &'a F,
}

/// Money that arrived for a stay. One per payment: a newer state of the payment replaces the older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaidFact {
    /// Which payment.
    pub payment: PaymentId,
    /// What is held now: captured less refunded, won.
    pub amount: Won,
    /// The moment the paid quote was computed for: it tells which stay was paid.
    pub quoted_until: Timestamp,
    /// When the payment gateway took it.
    pub paid_at: Timestamp,
    /// The read at the exit that let the car out on its driver's promise to pay this, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<EventId>,
}

impl PaidFact {
    /// Until when the driver may leave on this payment.
    ///
    /// Counted from the later of quote and payment, so that a slow bank does not eat the driver's way to the car.
    pub fn leave_by(&self, rules: LotRules) -> Timestamp {
        let grace = jiff::SignedDuration::from_secs(i64::from(rules.leave_grace_s));
        self.quoted_until.max(self.paid_at).saturating_add(grace).unwrap_or(Timestamp::MAX)
    }
}

/// All that is known of one plate at one lot: a set, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The plate the facts are filed under. A read may carry another text where it was matched by similarity.
    pub plate: PlateNumber,
    /// Reads of the gates.
    pub observations: Vec<GateObservation>,
    /// Payments.
    pub payments: Vec<PaidFact>,
    /// What persons and rules said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rulings: Vec<Ruling>,
    /// Reads of other plates by which a camera corrected itself: the car it had taken for this one is another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Superseded>,
    /// Facts up to this moment were moved away: none of them counts here any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trimmed_until: Option<Timestamp>,
}

impl Facts {
    /// Nothing known yet.
    pub fn none(plate: PlateNumber) -> Self {
        Self {
            plate,
            observations: Vec::new(),
            payments: Vec::new(),
            rulings: Vec::new(),
            superseded: Vec::new(),
            trimmed_until: None,
        }
    }
}

#[cfg(test)]
pub(crate) mod fold_tests;
#[cfg(test)]
mod pledge_tests;
#[cfg(test)]
mod ruling_tests;
#[cfg(test)]
mod track_tests;
