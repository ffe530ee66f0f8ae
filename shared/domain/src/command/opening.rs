//! What calls for a barrier to be raised: a car stood before it and was told to wait, and has been paid for since, or a
//! person lets it out.

use jiff::{SignedDuration, Timestamp};

use super::{Action, Command, OpenCause};
use crate::{
    RulingId, VisitId,
    visit::{Ended, Facts, FeeSchedule, FoldContext, RulingKind, Timeline, Visit, VisitStatus},
};

/// A car that asked to leave is taken to stand there still for so long after its last read. Paying on the phone takes
/// a minute or two; beyond this it has most likely backed out of the lane.
pub const STANDS_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The opening that follows from a change of facts; none where no car waits, or where the gate's own read has opened.
///
/// The fold of a lane with a single read counts the car as gone from the moment it asked, once it is paid; of other
/// lanes it says that the car still stands there. Both need the barrier.
pub fn opening<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    before: &Timeline,
    after: &Timeline,
    facts: &Facts,
    now: Timestamp,
) -> Option<Command> {
    let waiting = before.open()?;
    let VisitStatus::AtExit { asked_at } = waiting.status else { return None };
    if waiting.is_covered(context.fees, asked_at) || now.duration_since(asked_at) > STANDS_FOR {
        return None;
    }
    let visit = after.visits.iter().find(|visit| visit.id == waiting.id)?;
    let paid_by = || visit.payments.iter().rfind(|payment| !waiting.payments.contains(payment)).cloned();
    let cause = match visit.status {
        VisitStatus::AtExit { asked_at: since }
            if since == asked_at && visit.is_covered(context.fees, now) =>
        {
            OpenCause::Payment(paid_by()?)
        }
        VisitStatus::Over { ended: Ended::Released, .. } => OpenCause::Payment(paid_by()?),
        VisitStatus::Over { ended: Ended::LetGo, .. } => OpenCause::Ruling(let_go_by(facts)?),
        _ => return None,
    };
    let read = facts
        .observations
        .iter()
        .filter(|read| read.passage.is_exit() && read.observed_at == asked_at)
        .max_by_key(|read| &read.event_id)?;
    let action =
        Action::Open { lane: read.lane.clone(), plate: facts.plate.clone(), visit: visit.id.clone(), cause };
    Some(Command { lot: context.lot.clone(), revision: 0, requested_at: now, action })
}

fn let_go_by(facts: &Facts) -> Option<RulingId> {
    let let_go = facts.rulings.iter().filter(|ruling| ruling.kind == RulingKind::LetGo);
    let_go.max_by_key(|ruling| (ruling.at, &ruling.id)).map(|ruling| ruling.id.clone())
}

/// Whether the car of this visit is known to have left. One that was merely let go may still stand there.
pub fn has_left(timeline: &Timeline, visit: &VisitId) -> bool {
    let is_gone = |visit: &Visit| match visit.status {
        VisitStatus::Over { ended, .. } => !matches!(ended, Ended::Released | Ended::LetGo),
        VisitStatus::Inside | VisitStatus::AtExit { .. } => false,
    };
    timeline.visits.iter().find(|known| known.id == *visit).is_none_or(is_gone)
}
