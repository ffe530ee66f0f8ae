//! Tasks about gates: a silence or a wrong clock is told to a person once, and is off the desk when it is over.

use jiff::Timestamp;

use super::{Task, TaskChange, TaskKind};
use crate::{
    LaneId, TaskId,
    health::{GateHealth, HealthEvent},
};

/// One id for one silence, or one time that a clock was wrong.
fn id_of(health: &GateHealth, what: &str, lane: Option<&LaneId>, since: Timestamp) -> TaskId {
    let lane = lane.map_or("", LaneId::as_str);
    let moment = since.to_string();
    TaskId::since(since, &[what, health.lot.as_str(), health.gate.as_str(), lane, &moment])
}

impl TaskChange {
    /// What news of a gate means for the tasks of its lot.
    pub fn of_gate(health: &GateHealth, event: &HealthEvent) -> Self {
        let gate = health.gate.clone();
        let lane = event.lane();
        let (what, since, kind) = match event {
            HealthEvent::GateSilent { since } | HealthEvent::LaneSilent { since, .. } => {
                ("silent", *since, Some(TaskKind::SilentGate { gate, lane: lane.cloned() }))
            }
            HealthEvent::GateBack { since } | HealthEvent::LaneBack { since, .. } => ("silent", *since, None),
            HealthEvent::ClockBeyond { lane, ahead_s, since } => {
                ("clock", *since, Some(TaskKind::WrongClock { gate, lane: lane.clone(), ahead_s: *ahead_s }))
            }
            HealthEvent::ClockWithin { since, .. } => ("clock", *since, None),
        };
        let id = id_of(health, what, lane, since);
        let Some(kind) = kind else { return Self::Explained(id) };
        let lot = health.lot.clone();
        Self::Open(Box::new(Task { id, lot, plate: None, since, kind, candidates: Vec::new() }))
    }
}
