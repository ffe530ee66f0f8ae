//! Tasks for a lot's operator: what the gates could not settle by themselves, and what follows from a person's verdict.
//!
//! A task comes from a change of facts, and its id from the event behind it, so that a repeated change makes one task. It
//! is explained, without a person, by the facts that were missing: a late entry, a read filed under another plate.

mod elsewhere;
mod gate;
mod verdict;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    EventId, GateId, GateObservation, LaneId, LotId, PlateNumber, RulingId, TaskId, VisitId,
    plate::similar::{PlateDistance, distance},
    visit::{DisputeReason, Facts, FoldContext, RuledBy, RulingKind, Timeline, Visit},
};

pub use elsewhere::{Elsewhere, OpenStay, TOGETHER_FOR, seen_elsewhere};
pub use verdict::{FileChange, TaskError, Verdict, decide};

/// So many candidates are shown to a person.
const MAX_CANDIDATES: usize = 5;

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Derived from the cause; sorts by its moment.
    pub id: TaskId,
    /// Lot.
    pub lot: LotId,
    /// The plate that the facts are filed under; `None` where it is about a gate and no car.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<PlateNumber>,
    /// The moment of the cause.
    pub since: Timestamp,
    /// What it is about.
    #[serde(flatten)]
    pub kind: TaskKind,
    /// Plates in the lot that look like the one read, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// What a task is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum TaskKind {
    /// A car wants out, or went, that no visit explains.
    UnexplainedExit(ExitRead),
    /// A car wants out, or went, and its plate could not be read.
    UnreadExit(ExitRead),
    /// A visit outlasts what is usual at the lot.
    LongStay {
        /// The visit.
        visit: VisitId,
    },
    /// A plate is in another lot too.
    SeenElsewhere(Elsewhere),
    /// A driver disputes a visit.
    Dispute {
        /// The dispute.
        ruling: RulingId,
        /// On what ground.
        reason: DisputeReason,
        /// In the driver's words. Never logged.
        note: String,
    },
    /// A gate gives no sign of life, or one of its lanes reads no car though many should have come.
    SilentGate {
        /// Gate.
        gate: GateId,
        /// The lane, where the gate itself lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lane: Option<LaneId>,
    },
    /// A lane's clock is wrong by more than is corrected.
    WrongClock {
        /// Gate.
        gate: GateId,
        /// Lane.
        lane: LaneId,
        /// Ahead of ours by so many seconds when that was found; behind: negative.
        #[serde(rename = "aheadS")]
        ahead_s: i64,
    },
}

/// The read behind a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExitRead {
    /// The read.
    pub event: EventId,
    /// Its lane.
    pub lane: LaneId,
    /// S3 key of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_key: Option<String>,
}

/// A plate that the one read may mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The plate.
    pub plate: PlateNumber,
    /// How unlike it looks, in thousandths of a character.
    pub distance: u16,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// Facts that came later explain it.
    Explained {
        /// When.
        at: Timestamp,
    },
    /// A person decided.
    Decided {
        /// When.
        at: Timestamp,
        /// Who.
        by: RuledBy,
        /// What.
        #[serde(flatten)]
        verdict: Verdict,
        /// Why, in the person's words. Never logged.
        note: String,
        /// The key by which a repeated request is known.
        key: String,
    },
}

/// What a change of facts means for the tasks of the lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskChange {
    /// There is a task.
    Open(Box<Task>),
    /// The task, if there is one, is no more.
    Explained(TaskId),
}

impl TaskChange {
    /// Which task.
    pub fn id(&self) -> &TaskId {
        match self {
            Self::Open(task) => &task.id,
            Self::Explained(id) => id,
        }
    }
}

fn exit_task_id(read: &GateObservation) -> TaskId {
    TaskId::since(read.observed_at, &[read.lot.as_str(), read.event_id.as_str()])
}

fn long_stay_id(visit: &Visit) -> TaskId {
    let since = visit.vouched_at.to_string();
    TaskId::since(visit.entered_at, &[visit.id.as_str(), "long-stay", &since])
}

impl Task {
    /// The task to look whether a car is still there. One for each time that a person has seen it.
    pub fn long_stay(visit: &Visit) -> Self {
        Self {
            id: long_stay_id(visit),
            lot: visit.lot.clone(),
            plate: Some(visit.plate.clone()),
            since: visit.entered_at,
            kind: TaskKind::LongStay { visit: visit.id.clone() },
            candidates: Vec::new(),
        }
    }

    /// The read behind it, if it is about one.
    pub fn read(&self) -> Option<&ExitRead> {
        match &self.kind {
            TaskKind::UnexplainedExit(read) | TaskKind::UnreadExit(read) => Some(read),
            TaskKind::LongStay { .. }
            | TaskKind::SeenElsewhere(_)
            | TaskKind::Dispute { .. }
            | TaskKind::SilentGate { .. }
            | TaskKind::WrongClock { .. } => None,
        }
    }

    /// Fills in the plates of `open` that look like the one read. An unread plate looks like none.
    pub fn look_among(&mut self, open: &[PlateNumber]) {
        let Some(own) = &self.plate else { return };
        let others = open.iter().filter(|plate| *plate != own);
        let near = others.filter_map(|plate| Some((distance(own, plate)?, plate)));
        let mut near: Vec<_> = near.filter(|(distance, _)| *distance <= PlateDistance::CANDIDATE).collect();
        near.sort();
        near.dedup();
        let candidate = |(distance, plate): (PlateDistance, &PlateNumber)| Candidate {
            plate: plate.clone(),
            distance: distance.get(),
        };
        self.candidates = near.into_iter().take(MAX_CANDIDATES).map(candidate).collect();
    }
}

/// What leads from one set of facts of a plate to the next at `now`, for the lot's tasks. Candidates are not looked for here.
pub fn changes<F>(
    context: &FoldContext<'_, F>,
    (old, before): (&Facts, &Timeline),
    (new, after): (&Facts, &Timeline),
    now: Timestamp,
) -> Vec<TaskChange> {
    let mut found = Vec::new();
    let is_moved_away = |at: Timestamp| after.trimmed_until.is_some_and(|cut| at <= cut);
    let read_of = |facts: &'_ Facts, event: &EventId| {
        facts.observations.iter().find(|read| read.event_id == *event).cloned()
    };
    for orphan in &before.orphans {
        if !after.orphans.contains(orphan) && !is_moved_away(orphan.at) {
            found.extend(
                read_of(old, &orphan.event_id).map(|read| TaskChange::Explained(exit_task_id(&read))),
            );
        }
    }
    for orphan in after.orphans.iter().filter(|orphan| !before.orphans.contains(orphan)) {
        let read = read_of(new, &orphan.event_id);
        found.extend(read.map(|read| TaskChange::Open(Box::new(exit_task(new, &read)))));
    }
    // A read that is filed here under another text was an orphan under its own.
    for read in new.observations.iter().filter(|read| read.passage.is_exit() && read.plate != new.plate) {
        let is_new = !old.observations.iter().any(|known| known.event_id == read.event_id);
        let is_filed_elsewhere = !read.plate.is_unread() || !new.plate.as_str().starts_with('?');
        if is_new && is_filed_elsewhere {
            found.push(TaskChange::Explained(exit_task_id(read)));
        }
    }
    for ruling in new.rulings.iter().filter(|ruling| !old.rulings.contains(ruling)) {
        if let RulingKind::Disputed { reason, .. } = ruling.kind {
            let kind = TaskKind::Dispute { ruling: ruling.id.clone(), reason, note: ruling.note.clone() };
            found.push(TaskChange::Open(Box::new(Task {
                id: TaskId::since(ruling.at, &[context.lot.as_str(), ruling.id.as_str()]),
                lot: context.lot.clone(),
                plate: Some(new.plate.clone()),
                since: ruling.at,
                kind,
                candidates: Vec::new(),
            })));
        }
    }
    if let Some(was) = before.open().filter(|was| after.open().is_none_or(|is| is.id != was.id))
        && was.long_since(context.rules).is_some_and(|since| since < now)
    {
        found.push(TaskChange::Explained(long_stay_id(was)));
    }
    found
}

fn exit_task(facts: &Facts, read: &GateObservation) -> Task {
    let exit =
        ExitRead { event: read.event_id.clone(), lane: read.lane.clone(), image_key: read.image_key.clone() };
    Task {
        id: exit_task_id(read),
        lot: read.lot.clone(),
        plate: Some(facts.plate.clone()),
        since: read.observed_at,
        kind: if read.plate.is_unread() {
            TaskKind::UnreadExit(exit)
        } else {
            TaskKind::UnexplainedExit(exit)
        },
        candidates: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
