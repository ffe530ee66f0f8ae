//! Facts that no later read can change any more: they are moved away, so that a daily visitor's item stays small.

use jiff::{SignedDuration, Timestamp};

use super::{Facts, RulingKind, Timeline, VisitStatus};
use crate::{EventId, PaymentId, RulingId};

/// A late read may come this long after the visit it belongs to: an offline controller's backlog.
pub const LATE_READS_FOR: SignedDuration = SignedDuration::from_hours(72);
/// Below so many reads nothing is moved: moving costs more than carrying them.
pub const CARRIED_READS: usize = 16;

/// Facts to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outworn {
    /// Everything up to and including this moment.
    pub until: Timestamp,
    /// Reads.
    pub events: Vec<EventId>,
    /// Payments.
    pub payments: Vec<PaymentId>,
    /// Rulings.
    pub rulings: Vec<RulingId>,
}

/// What can be moved away at `now`, if it is worth it.
pub fn outworn(facts: &Facts, timeline: &Timeline, now: Timestamp) -> Option<Outworn> {
    if facts.observations.len() < CARRIED_READS {
        return None;
    }
    let horizon = now.saturating_sub(LATE_READS_FOR).ok()?;
    // Reads that repeat the end of a visit lie shortly after it: the cut is where the next visit begins, less a tick.
    let mut settled = timeline.visits.windows(2).filter_map(|pair| match pair {
        [visit, next] if next.entered_at <= horizon && matches!(visit.status, VisitStatus::Over { .. }) => {
            next.entered_at.checked_sub(SignedDuration::from_micros(1)).ok()
        }
        _ => None,
    });
    let until = settled.next_back()?;
    let events: Vec<EventId> = facts
        .observations
        .iter()
        .filter(|read| read.observed_at <= until)
        .map(|read| read.event_id.clone())
        .collect();
    let payments = facts
        .payments
        .iter()
        .filter(|paid| paid.quoted_until <= until)
        .map(|paid| paid.payment.clone())
        .collect();
    let rulings = rulings_until(facts, until, &events);
    (!events.is_empty()).then_some(Outworn { until, events, payments, rulings })
}

/// A ruling goes with what it speaks of: a moment, a read, a dispute.
fn rulings_until(facts: &Facts, until: Timestamp, events: &[EventId]) -> Vec<RulingId> {
    let goes = |ruling: &&super::Ruling| match &ruling.kind {
        RulingKind::NotThisCar { event, .. } => events.contains(event),
        RulingKind::Decided { dispute, .. } => {
            facts.rulings.iter().any(|other| other.id == *dispute && other.concerns() <= until)
        }
        _ => ruling.concerns() <= until,
    };
    facts.rulings.iter().filter(goes).map(|ruling| ruling.id.clone()).collect()
}
