//! What changed between two folds of the same plate: the domain events that the table's stream hands on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ended, FeeSchedule, Timeline, Visit, VisitStatus};
use crate::{EventId, LotId, PlateNumber, VisitId, Won};

/// What happened to a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum VisitEventKind {
    /// A car came in.
    Opened,
    /// A car left, or was let go.
    Closed {
        /// When.
        left_at: Timestamp,
        /// Fee of the stay, won; `None` when it can't be computed.
        fee: Option<Won>,
        /// What of it is still owed, won.
        outstanding: Won,
    },
    /// What a visit that is over owes is another amount than was told.
    Owes {
        /// When the car left.
        left_at: Timestamp,
        /// What is still owed now, won.
        outstanding: Won,
    },
    /// The car was not seen leaving: it came in again, or there was no sign of it for long.
    ExitMissed,
    /// A visit that was there is explained differently by newer facts.
    Withdrawn,
    /// A visit counted as over is open again.
    Reopened,
}

/// One domain event of a visit. `id` is derived from the visit and the kind, so a replay gives the same event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VisitEvent {
    /// For consumers to tell repetitions by.
    pub id: EventId,
    /// Visit.
    pub visit: VisitId,
    /// Lot.
    pub lot: LotId,
    /// Plate.
    pub plate: PlateNumber,
    /// When the car came in.
    pub entered_at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: VisitEventKind,
}

fn event(visit: &Visit, kind: VisitEventKind) -> VisitEvent {
    let name = match &kind {
        VisitEventKind::Opened => "opened".to_owned(),
        VisitEventKind::Closed { left_at, .. } => format!("closed@{left_at}"),
        VisitEventKind::Owes { left_at, outstanding } => format!("owes@{left_at}:{}", outstanding.get()),
        VisitEventKind::ExitMissed => "exit-missed".to_owned(),
        VisitEventKind::Withdrawn => "withdrawn".to_owned(),
        VisitEventKind::Reopened => "reopened".to_owned(),
    };
    VisitEvent {
        id: EventId::derive(&[visit.id.as_str(), &name]),
        visit: visit.id.clone(),
        lot: visit.lot.clone(),
        plate: visit.plate.clone(),
        entered_at: visit.entered_at,
        kind,
    }
}

fn ending<F: FeeSchedule>(fees: &F, visit: &Visit) -> Option<VisitEvent> {
    match visit.status {
        VisitStatus::Over { ended: Ended::MissedExit | Ended::Presumed, .. } => {
            Some(event(visit, VisitEventKind::ExitMissed))
        }
        VisitStatus::Over { left_at, .. } => {
            let fee = fees.fee(visit.entered_at, visit.priced_until(left_at));
            let outstanding = visit.due(fees, left_at).unwrap_or(Won::ZERO);
            Some(event(visit, VisitEventKind::Closed { left_at, fee, outstanding }))
        }
        _ => None,
    }
}

fn owes(visit: &Visit, ended: &VisitEvent) -> Option<VisitEvent> {
    match ended.kind {
        VisitEventKind::Closed { left_at, outstanding, .. } => {
            Some(event(visit, VisitEventKind::Owes { left_at, outstanding }))
        }
        _ => None,
    }
}

/// The events that lead from `old` to `new`, in the order of the visits.
pub fn events_between<F: FeeSchedule>(fees: &F, old: &Timeline, new: &Timeline) -> Vec<VisitEvent> {
    let find =
        |timeline: &'_ Timeline, id: &VisitId| timeline.visits.iter().position(|visit| visit.id == *id);
    let mut events = Vec::new();
    let moved_away = |visit: &&Visit| new.trimmed_until.is_some_and(|cut| visit.entered_at <= cut);
    let gone = old.visits.iter().filter(|visit| find(new, &visit.id).is_none() && !moved_away(visit));
    for visit in gone {
        events.push(event(visit, VisitEventKind::Withdrawn));
    }
    for visit in &new.visits {
        let before = find(old, &visit.id).and_then(|at| old.visits.get(at));
        let Some(before) = before else {
            events.push(event(visit, VisitEventKind::Opened));
            events.extend(ending(fees, visit));
            continue;
        };
        let (was, is) = (ending(fees, before), ending(fees, visit));
        match (was, is) {
            (Some(_), None) => events.push(event(visit, VisitEventKind::Reopened)),
            // The same end with another sum: told as such, or consumers would take it for the repetition of an old event.
            (Some(was), Some(is)) if was.id == is.id && was != is => {
                events.extend(owes(visit, &is).filter(|_| was.outstanding() != is.outstanding()));
            }
            (was, Some(is)) if was.as_ref() != Some(&is) => events.push(is),
            _ => {}
        }
    }
    events
}

/// By how much the number of cars in the lot changes: −1, 0 or 1.
pub fn open_delta(old: &Timeline, new: &Timeline) -> i32 {
    i32::from(new.open().is_some()) - i32::from(old.open().is_some())
}

impl VisitEvent {
    /// Whether this tells of money owed after the car has left.
    pub fn outstanding(&self) -> Won {
        match self.kind {
            VisitEventKind::Closed { outstanding, .. } | VisitEventKind::Owes { outstanding, .. } => {
                outstanding
            }
            _ => Won::ZERO,
        }
    }
}
