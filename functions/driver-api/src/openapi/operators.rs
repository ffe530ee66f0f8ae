//! The routes for a lot's operator, in the same document. Their shapes are written here as `operator-api` answers them;
//! its tests hold the answers.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::{
    Modify, ToSchema,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// How an operator's people prove who they are: `Bearer OPERATOR_ID.SECRET`.
pub(super) struct OperatorKey;

impl Modify for OperatorKey {
    fn modify(&self, document: &mut OpenApi) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("OPERATOR_ID.SECRET").build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("operatorKey", SecurityScheme::Http(scheme));
    }
}

/// A page of open visits, longest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OpenVisits {
    /// The visits.
    visits: Vec<OperatorVisit>,
    /// Asks for the next page; absent on the last.
    cursor: Option<String>,
}

/// A visit as its lot's operator sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorVisit {
    /// Id.
    visit_id: String,
    /// Plate in full.
    plate: String,
    /// `inside`, `at_exit` or `left`.
    state: String,
    /// When the car came in (RFC 3339 with the lot's offset, as all times).
    entered_at: String,
    /// Through which lane.
    entry_lane: String,
    /// When it left.
    left_at: Option<String>,
    /// The last sign of the car: a read, or a person who saw it.
    seen_at: String,
    /// Paid so far, won.
    paid: i64,
    /// To pay for leaving now, won; absent when the tariff can't say.
    due: Option<i64>,
    /// `KRW`.
    currency: String,
    /// The price does not grow beyond this moment.
    held_at: Option<String>,
    /// Whether a driver disputes it.
    is_disputed: bool,
}

/// A page of tasks.
#[derive(Serialize, ToSchema)]
struct TaskPage {
    /// The tasks.
    tasks: Vec<OperatorTask>,
    /// Asks for the next page; absent on the last.
    cursor: Option<String>,
}

/// Something that a person must look at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorTask {
    /// Id; ids of a lot sort by `since`.
    task_id: String,
    /// `unexplained_exit`, `unread_exit`, `long_stay`, `seen_elsewhere`, `dispute`, `silent_gate` or `wrong_clock`.
    kind: String,
    /// `open`, `explained` (by later reads, or a gate that is back) or `decided` (by a person).
    state: String,
    /// The plate as read or filed; absent where nothing could be read, or where it is about a gate.
    plate: Option<String>,
    /// The moment of the cause.
    since: String,
    /// The lane of the read, if it is about one; the lane that is silent or whose clock is wrong.
    lane: Option<String>,
    /// The gate, if it is about one. Such a task ends by itself, or with `dismiss`.
    gate: Option<String>,
    /// By how many seconds a wrong clock ran ahead when it was found; behind: negative.
    ahead_s: Option<i64>,
    /// What the driver says.
    dispute: Option<OperatorDispute>,
    /// The other visit of a plate that is in two lots at once.
    elsewhere: Option<OperatorElsewhere>,
    /// Plates in the lot that look like the one read, nearest first.
    candidates: Vec<TaskCandidate>,
    /// How it ended.
    resolution: Option<TaskResolution>,
}

/// The other visit of a plate that is in two lots at once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorElsewhere {
    /// When the car came in there.
    entered_at: String,
    /// The other lot; absent where another operator runs it.
    lot_id: Option<String>,
}

/// What a driver says.
#[derive(Serialize, ToSchema)]
struct OperatorDispute {
    /// `already_left`, `not_my_car`, `wrong_times`, `wrong_price` or `other`.
    reason: String,
    /// In the driver's words.
    note: String,
}

/// A plate that the one read may mean.
#[derive(Serialize, ToSchema)]
struct TaskCandidate {
    /// The plate.
    plate: String,
    /// How unlike it looks, in thousandths of a character; a confusable one counts 300.
    distance: u16,
}

/// How a task ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaskResolution {
    /// When.
    at: String,
    /// Who: the name of the key.
    by: Option<String>,
    /// As in the request.
    verdict: Option<String>,
    /// With `match`.
    plate: Option<String>,
    /// With `left`.
    left_at: Option<String>,
    /// Why.
    note: Option<String>,
}

/// A task with what is known of its car and of the candidates.
#[derive(Serialize, ToSchema)]
struct TaskInFull {
    #[serde(flatten)]
    task: OperatorTask,
    /// The task's own car; absent where it is about a gate.
    evidence: Option<TaskEvidence>,
}

/// What is known.
#[derive(Serialize, ToSchema)]
struct TaskEvidence {
    #[serde(flatten)]
    car: TaskCar,
    /// The candidates' cars.
    candidates: Vec<TaskCar>,
}

/// What is known of a plate.
#[derive(Serialize, ToSchema)]
struct TaskCar {
    /// Plate.
    plate: String,
    /// Its newest visit.
    visit: Option<OperatorVisit>,
    /// Its newest reads, newest first.
    reads: Vec<TaskRead>,
}

/// A read of a gate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaskRead {
    /// The read.
    event_id: String,
    /// When.
    at: String,
    /// Lane.
    lane: String,
    /// `entered`, `at_exit`, `at_exit_only` or `left`.
    passage: String,
    /// The plate as the gate read it.
    plate_as_read: String,
    /// How sure the reader was.
    confidence_per_mille: Option<u16>,
    /// Address of the picture; works for five minutes.
    picture: Option<String>,
}

/// A person's verdict.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaskVerdict {
    /// `match` (with `plate`), `left` (with `leftAt`), `let_go`, `still_here` or `dismiss`.
    verdict: String,
    /// With `match`: the car that the read is of.
    plate: Option<String>,
    /// With `left`: when the car left.
    left_at: Option<String>,
    /// Why; 1 to 300 characters.
    note: String,
}

#[utoipa::path(
    get, path = "/v1/operator/lots/{lotId}/tasks", tag = "operators", operation_id = "tasks",
    summary = "What waits for a person",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("state" = Option<String>, Query, description = "`open` (oldest first) or `all` (newest first); `open` if left out"),
        ("cursor" = Option<String>, Query, description = "From the page before"),
    ),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "A page", body = TaskPage),
        (status = "4XX", description = "`wrong-operator-key` (401), `lot-not-found` (404), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn tasks() {}

#[utoipa::path(
    get, path = "/v1/operator/lots/{lotId}/tasks/{taskId}", tag = "operators", operation_id = "task",
    summary = "A task with its evidence",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("taskId" = String, Path, description = "Task", example = "tsk_1795139160_0123456789abcdef0123"),
    ),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "The task", body = TaskInFull),
        (status = "4XX", description = "`wrong-operator-key` (401), `lot-not-found`, `task-not-found` (404), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn task() {}

#[utoipa::path(
    post, path = "/v1/operator/lots/{lotId}/tasks/{taskId}/resolution", tag = "operators", operation_id = "resolveTask",
    summary = "A person's verdict",
    description = "The first verdict counts; sent again with its key it gives the same answer.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("taskId" = String, Path, description = "Task", example = "tsk_1795139160_0123456789abcdef0123"),
        ("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    security(("operatorKey" = [])),
    request_body = TaskVerdict,
    responses(
        (status = 200, description = "The task, ended", body = OperatorTask),
        (status = "4XX", description = "`task-ended`, `verdict-not-possible`, `no-open-visit` (409), `invalid-member` (400), \
            `idempotency-key-reused` (422), `wrong-operator-key` (401), `lot-not-found`, `task-not-found` (404)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn resolve_task() {}

#[utoipa::path(
    get, path = "/v1/operator/lots/{lotId}/visits", tag = "operators", operation_id = "openVisits",
    summary = "Who is in the lot, longest first",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("cursor" = Option<String>, Query, description = "From the page before"),
    ),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "A page", body = OpenVisits),
        (status = "4XX", description = "`wrong-operator-key` (401), `lot-not-found` (404), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn open_visits() {}
