//! Whether the exit barrier opens.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Ended, FeeSchedule, FoldContext, Timeline, Visit, VisitStatus};
use crate::{GateObservation, PlateNumber, VisitId, Won};

/// Why an exit barrier opens. Stable codes for gates and statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenReason {
    /// The stay costs nothing.
    Free,
    /// What the stay costs is paid.
    Paid,
    /// More time has run, but the driver paid and is within the time to leave.
    PaidWithinGrace,
    /// Its payer has promised to pay: the charge runs behind the car.
    Promised,
    /// The same car was let go a moment ago; the gate asks again.
    AlreadyReleased,
}

/// What the driver still owes at the barrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AmountDue {
    /// For which visit.
    pub visit: VisitId,
    /// Fee of the stay until now, won.
    pub total: Won,
    /// Paid so far, won.
    pub paid: Won,
    /// Difference, won.
    pub due: Won,
}

/// What the gate is told when a car asks to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum ExitDecision {
    /// Raise the barrier.
    Open {
        /// Why.
        reason: OpenReason,
        /// Whose.
        visit: VisitId,
    },
    /// Keep it down until this is paid.
    AmountDue(AmountDue),
    /// A person decides: no visit explains this plate, or no fee can be computed.
    AskOperator {
        /// Plates in the lot that look like this one.
        candidates: Vec<PlateNumber>,
    },
}

/// Decides for a car that stands at the exit (or was just seen leaving) at `read.observed_at`.
///
/// `timeline` is the fold with the read in it. Without a visit the answer is [`ExitDecision::AskOperator`] with no
/// candidates: the caller, who can look at the lot's other open visits, adds them.
pub fn decide_exit<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    timeline: &Timeline,
    read: &GateObservation,
) -> ExitDecision {
    let at = read.observed_at;
    let Some(visit) = visit_behind(context, timeline, at) else {
        return ExitDecision::AskOperator { candidates: Vec::new() };
    };
    let open = |reason| ExitDecision::Open { reason, visit: visit.id.clone() };
    if let VisitStatus::Over { left_at, .. } = visit.status
        && left_at < at
    {
        return open(OpenReason::AlreadyReleased);
    }
    let Some(total) = context.fees.fee(visit.entered_at, visit.priced_until(at)) else {
        return ExitDecision::AskOperator { candidates: Vec::new() };
    };
    let due = total.remaining_after(visit.paid);
    if due.is_zero() {
        return open(if visit.paid > Won::ZERO { OpenReason::Paid } else { OpenReason::Free });
    }
    if !visit.promises.is_empty() && visit.is_covered(context.fees, at) {
        return open(OpenReason::Promised);
    }
    if visit.leave_by.is_some_and(|leave_by| at <= leave_by) {
        return open(OpenReason::PaidWithinGrace);
    }
    ExitDecision::AmountDue(AmountDue { visit: visit.id.clone(), total, paid: visit.paid, due })
}

/// The visit that explains an exit read at `at`: the last that had begun, unless the read is an orphan or its exit was
/// missed. A second read of an orphan's passage is as much an orphan as the first, though the fold lists it once.
pub fn visit_behind<'a, F>(
    context: &FoldContext<'_, F>,
    timeline: &'a Timeline,
    at: Timestamp,
) -> Option<&'a Visit> {
    let visit = timeline.visits.iter().rev().find(|visit| visit.entered_at <= at)?;
    let passage = SignedDuration::from_secs(i64::from(context.rules.same_passage_s));
    let orphaned = timeline.orphans.iter().any(|orphan| {
        visit.entered_at <= orphan.at && orphan.at <= at && at.duration_since(orphan.at) < passage
    });
    let missed = matches!(visit.status, VisitStatus::Over { ended: Ended::MissedExit | Ended::Presumed, .. });
    (!orphaned && !missed).then_some(visit)
}
