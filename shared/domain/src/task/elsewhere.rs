//! The same car in two lots at once: a plate was misread at one of them, or its exit from one was missed. Which of the two is wrong
//! is for the persons at both to say.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Task, TaskKind};
use crate::{
    LotId, OperatorId, TaskId, VisitId,
    visit::{Timeline, Visit},
};

/// So long the later visit must have lasted. The read of an exit may be some minutes behind the entry elsewhere, and
/// a pair that comes apart by itself needs no person.
pub const TOGETHER_FOR: SignedDuration = SignedDuration::from_mins(15);

/// An open visit, with who runs its lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenStay {
    /// The visit.
    pub visit: Visit,
    /// Who runs the lot.
    pub operator: OperatorId,
}

/// A visit of this lot, and one of the same plate that is open at another lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Elsewhere {
    /// The visit here.
    pub visit: VisitId,
    /// The other lot.
    pub other_lot: LotId,
    /// The visit there.
    pub other_visit: VisitId,
    /// When the car came in there.
    pub other_entered_at: Timestamp,
    /// Whether one operator runs both. Where a car stands is told to nobody else: a person at this lot then learns that
    /// the plate is seen elsewhere, not where.
    pub same_operator: bool,
}

impl Elsewhere {
    /// Whether both visits are open still. Both timelines are of the task's plate, here and at the other lot.
    pub fn stands(&self, here: &Timeline, there: &Timeline) -> bool {
        let is_open =
            |timeline: &Timeline, id: &VisitId| timeline.open().is_some_and(|visit| visit.id == *id);
        is_open(here, &self.visit) && is_open(there, &self.other_visit)
    }
}

/// The tasks of open visits of one plate at `now`: for each visit and the next one elsewhere, a task for both desks. Only plates of the
/// documented grammar are compared: two cars of which as much was read as `12가` are not the same.
pub fn seen_elsewhere(stays: &[OpenStay], now: Timestamp) -> Vec<Task> {
    let of_one_car = |stay: &&OpenStay| stay.visit.is_open() && stay.visit.plate.is_recognised();
    let mut stays: Vec<&OpenStay> = stays.iter().filter(of_one_car).collect();
    stays.sort_by_key(|stay| (stay.visit.entered_at, &stay.visit.lot, &stay.visit.id));
    let mut tasks = Vec::new();
    for pair in stays.windows(2) {
        let [earlier, later] = pair else { continue };
        let together = now.duration_since(later.visit.entered_at);
        let is_one_plate = earlier.visit.plate == later.visit.plate && earlier.visit.lot != later.visit.lot;
        if is_one_plate && together >= TOGETHER_FOR {
            let since = later.visit.entered_at;
            tasks.extend([task(earlier, later, since), task(later, earlier, since)]);
        }
    }
    tasks
}

fn task(here: &OpenStay, there: &OpenStay, since: Timestamp) -> Task {
    let (own, other) = (&here.visit, &there.visit);
    Task {
        id: TaskId::since(since, &[own.id.as_str(), "seen-elsewhere", other.id.as_str()]),
        lot: own.lot.clone(),
        plate: Some(own.plate.clone()),
        since,
        kind: TaskKind::SeenElsewhere(Elsewhere {
            visit: own.id.clone(),
            other_lot: other.lot.clone(),
            other_visit: other.id.clone(),
            other_entered_at: other.entered_at,
            same_operator: here.operator == there.operator,
        }),
        candidates: Vec::new(),
    }
}

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod tests;
