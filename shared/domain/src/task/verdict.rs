//! What a person decides, and the facts that follow from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ExitRead, TaskKind};
use crate::{
    EventId, GateObservation, PlateNumber, RulingId,
    visit::{Ended, Facts, FeeSchedule, FoldContext, RulingKind, Timeline, Visit, VisitStatus, fold},
};

/// What a person decides about a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase", tag = "verdict")]
pub enum Verdict {
    /// The read is of this car: it is filed there, and its visit goes on from it.
    Match {
        /// A car with a visit that has no end.
        plate: PlateNumber,
    },
    /// The car left then.
    Left {
        /// When.
        left_at: Timestamp,
    },
    /// The car is let out, with nothing to pay.
    LetGo,
    /// The car was seen in the lot: the clock goes on.
    StillHere,
    /// Nothing is done: the read is nobody's, the driver is wrong.
    Dismiss,
}

/// Why a verdict can't be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// A task of this kind can't end this way.
    #[error("a task of this kind does not end this way")]
    NotThisWay,
    /// There is no visit that this could be said of.
    #[error("no visit of this car is open at that moment")]
    NoVisit,
    /// The moment is not within the visit.
    #[error("the moment must lie between the entry and now")]
    Moment,
}

/// What is added to the facts of one plate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Whose facts.
    pub plate: PlateNumber,
    /// What is said of it.
    pub rulings: Vec<RulingKind>,
    /// A read that is filed here too.
    pub read: Option<GateObservation>,
}

impl FileChange {
    fn rulings(plate: &PlateNumber, rulings: Vec<RulingKind>) -> Vec<Self> {
        vec![Self { plate: plate.clone(), rulings, read: None }]
    }
}

/// What follows from a verdict at `now`. `facts` are those of the task's plate (of no plate, where it is about a gate);
/// `matched` those of the plate that a match names.
pub fn decide<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    task: &TaskKind,
    facts: &Facts,
    matched: Option<&Facts>,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<Vec<FileChange>, TaskError> {
    match task {
        TaskKind::UnexplainedExit(read) | TaskKind::UnreadExit(read) => {
            of_exit(context, read, facts, matched, verdict)
        }
        TaskKind::LongStay { .. } | TaskKind::SeenElsewhere(_) => {
            of_visit(context, facts, verdict, None, now)
        }
        TaskKind::Dispute { ruling, .. } => of_visit(context, facts, verdict, Some(ruling), now),
        // It is seen to, or is no fault: a closed lane, a gate that is being rebuilt.
        TaskKind::SilentGate { .. } | TaskKind::WrongClock { .. } => match verdict {
            Verdict::Dismiss => Ok(Vec::new()),
            _ => Err(TaskError::NotThisWay),
        },
    }
}

fn of_exit<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    exit: &ExitRead,
    facts: &Facts,
    matched: Option<&Facts>,
    verdict: &Verdict,
) -> Result<Vec<FileChange>, TaskError> {
    let not_this_car = |whose: Option<&PlateNumber>| RulingKind::NotThisCar {
        event: exit.event.clone(),
        whose: whose.cloned(),
    };
    match verdict {
        Verdict::Match { plate } => {
            let read = read_of(facts, &exit.event).ok_or(TaskError::NoVisit)?;
            let matched = matched.filter(|named| named.plate == *plate && *plate != facts.plate);
            let timeline = fold(context, matched.ok_or(TaskError::NoVisit)?);
            if !has_no_end(&timeline, read.observed_at) {
                return Err(TaskError::NoVisit);
            }
            let mut changes = FileChange::rulings(&facts.plate, vec![not_this_car(Some(plate))]);
            changes.push(FileChange { plate: plate.clone(), rulings: Vec::new(), read: Some(read.clone()) });
            Ok(changes)
        }
        Verdict::LetGo => Ok(FileChange::rulings(&facts.plate, vec![not_this_car(None), RulingKind::LetGo])),
        Verdict::Dismiss => Ok(FileChange::rulings(&facts.plate, vec![not_this_car(None)])),
        Verdict::Left { .. } | Verdict::StillHere => Err(TaskError::NotThisWay),
    }
}

fn read_of<'a>(facts: &'a Facts, event: &EventId) -> Option<&'a GateObservation> {
    facts.observations.iter().find(|read| read.event_id == *event)
}

/// Whether the last visit begun before `at` still waits for its exit.
fn has_no_end(timeline: &Timeline, at: Timestamp) -> bool {
    let visit = timeline.visits.iter().rev().find(|visit| visit.entered_at <= at);
    visit.is_some_and(|visit| match visit.status {
        VisitStatus::Over { ended, .. } => matches!(ended, Ended::MissedExit | Ended::Presumed),
        _ => true,
    })
}

fn of_visit<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    facts: &Facts,
    verdict: &Verdict,
    dispute: Option<&RulingId>,
    now: Timestamp,
) -> Result<Vec<FileChange>, TaskError> {
    let timeline = fold(context, facts);
    let open = timeline.open();
    let said = match verdict {
        Verdict::Left { left_at } => Some(left(open, *left_at, now)?),
        Verdict::LetGo if open.is_some() => Some(RulingKind::LetGo),
        Verdict::LetGo if dispute.is_some() && !timeline.visits.is_empty() => Some(RulingKind::Waived),
        Verdict::StillHere if dispute.is_none() => {
            Some(open.map(|_| RulingKind::StillHere).ok_or(TaskError::NoVisit)?)
        }
        Verdict::Dismiss => None,
        Verdict::LetGo => return Err(TaskError::NoVisit),
        Verdict::StillHere | Verdict::Match { .. } => return Err(TaskError::NotThisWay),
    };
    let upheld = said.is_some();
    let decided = dispute.map(|dispute| RulingKind::Decided { dispute: dispute.clone(), upheld });
    let rulings: Vec<RulingKind> = said.into_iter().chain(decided).collect();
    Ok(if rulings.is_empty() { Vec::new() } else { FileChange::rulings(&facts.plate, rulings) })
}

fn left(open: Option<&Visit>, left_at: Timestamp, now: Timestamp) -> Result<RulingKind, TaskError> {
    let visit = open.ok_or(TaskError::NoVisit)?;
    if left_at < visit.entered_at || left_at > now {
        return Err(TaskError::Moment);
    }
    Ok(RulingKind::Left { left_at })
}
