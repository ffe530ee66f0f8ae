//! What tasks look like. An operator sees plates in full: they are what the task is about.

use baro_domain::{
    GateId, PlateNumber,
    task::{Candidate, Elsewhere, Outcome, TaskKind, Verdict},
    visit::{DisputeReason, RuledBy},
};
use baro_runtime::http::local_time;
use baro_store::FiledTask;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::evidence::Evidence;

/// A page of tasks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskPage {
    pub(super) tasks: Vec<TaskView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

/// A task with what is known of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskInFull {
    #[serde(flatten)]
    pub(super) task: TaskView,
    /// Absent where it is about a gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<Evidence>,
}

/// A task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskView {
    task_id: String,
    kind: &'static str,
    /// `open`, `explained` or `decided`.
    state: &'static str,
    /// The plate as read or filed; absent where nothing could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<PlateNumber>,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<String>,
    /// The gate, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateId>,
    /// By how many seconds a wrong clock ran ahead when it was found; behind: negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<DisputeView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elsewhere: Option<ElsewhereView>,
    candidates: Vec<Candidate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<ResolutionView>,
}

/// A driver's dispute.
#[derive(Debug, Serialize)]
struct DisputeView {
    reason: DisputeReason,
    note: String,
}

/// The other visit of a plate that is in two lots at once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ElsewhereView {
    entered_at: String,
    /// Only where one operator runs both lots: where a car stands is told to nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_id: Option<String>,
}

impl ElsewhereView {
    fn new(pair: &Elsewhere, zone: &TimeZone) -> Self {
        Self {
            entered_at: local_time(zone, pair.other_entered_at),
            lot_id: pair.same_operator.then(|| pair.other_lot.to_string()),
        }
    }
}

/// How a task ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResolutionView {
    at: String,
    /// The name of the key that was used; absent where later facts explained the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl TaskView {
    pub(super) fn new(filed: &FiledTask, zone: &TimeZone) -> Self {
        let task = &filed.task;
        let (mut dispute, mut elsewhere, mut gate, mut ahead_s) = (None, None, None, None);
        let mut lane = task.read().map(|read| &read.lane);
        let kind = match &task.kind {
            TaskKind::UnexplainedExit(_) => "unexplained_exit",
            TaskKind::UnreadExit(_) => "unread_exit",
            TaskKind::LongStay { .. } => "long_stay",
            TaskKind::SeenElsewhere(pair) => {
                elsewhere = Some(ElsewhereView::new(pair, zone));
                "seen_elsewhere"
            }
            TaskKind::Dispute { reason, note, .. } => {
                dispute = Some(DisputeView { reason: *reason, note: note.clone() });
                "dispute"
            }
            TaskKind::SilentGate { gate: silent, lane: of } => {
                (gate, lane) = (Some(silent.clone()), of.as_ref());
                "silent_gate"
            }
            TaskKind::WrongClock { gate: wrong, lane: of, ahead_s: by } => {
                (gate, lane, ahead_s) = (Some(wrong.clone()), Some(of), Some(*by));
                "wrong_clock"
            }
        };
        let (state, resolution) = match &filed.outcome {
            None => ("open", None),
            Some(outcome) => ended(outcome, zone),
        };
        let is_unread = matches!(task.kind, TaskKind::UnreadExit(_));
        Self {
            task_id: task.id.to_string(),
            kind,
            state,
            plate: task.plate.clone().filter(|_| !is_unread),
            since: local_time(zone, task.since),
            lane: lane.map(ToString::to_string),
            gate,
            ahead_s,
            dispute,
            elsewhere,
            candidates: task.candidates.clone(),
            resolution,
        }
    }
}

fn ended(outcome: &Outcome, zone: &TimeZone) -> (&'static str, Option<ResolutionView>) {
    match outcome {
        Outcome::Explained { at } => {
            let view = ResolutionView { at: local_time(zone, *at), by: None, verdict: None, note: None };
            ("explained", Some(view))
        }
        Outcome::Decided { at, by, verdict, note, .. } => {
            let by = match by {
                RuledBy::Operator { name, .. } => Some(name.clone()),
                RuledBy::LotRule | RuledBy::Driver | RuledBy::Platform => None,
            };
            let (verdict, note) = (Some(verdict.clone()), Some(note.clone()));
            ("decided", Some(ResolutionView { at: local_time(zone, *at), by, verdict, note }))
        }
    }
}
