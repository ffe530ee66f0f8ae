//! What a lot is owed, in the same document. The shapes are written here as `operator-api` answers them; its tests hold the
//! answers.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::ToSchema;

/// A page of what a lot is owed, oldest first.
#[derive(Serialize, ToSchema)]
struct OperatorReceivables {
    /// What is owed.
    receivables: Vec<OperatorReceivable>,
    /// Asks for the next page; absent on the last.
    cursor: Option<String>,
}

/// A receivable as its lot's operator sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorReceivable {
    /// Id: who has it may see and pay it.
    receivable_id: String,
    /// `open`, `settled`, `written_off` or `withdrawn`.
    state: String,
    /// Plate in full.
    plate: String,
    /// Visit.
    visit_id: String,
    /// When the car came in (RFC 3339 with the lot's offset, as all times).
    entered_at: String,
    /// When it left.
    left_at: String,
    /// What of the fee is unpaid, won.
    principal: i64,
    /// The surcharge on it, won.
    surcharge: i64,
    /// `KRW`.
    currency: String,
    /// The notices sent, oldest first.
    notices: Vec<ReceivableNotice>,
    /// How often the payer's card was charged again, oldest first.
    tries: Vec<ReceivableTry>,
    /// That it was given up.
    written_off: Option<ReceivableWriteOff>,
}

/// A notice that was sent.
#[derive(Serialize, ToSchema)]
struct ReceivableNotice {
    /// Which, from 1.
    number: u32,
    /// When.
    at: String,
}

/// One more charge of the payer's card.
#[derive(Serialize, ToSchema)]
struct ReceivableTry {
    /// Which, from 1.
    number: u32,
    /// When it was ordered.
    at: String,
    /// `pending`, `paid`, `refused` or `not_made`.
    outcome: String,
    /// Why it was refused or not made.
    code: Option<String>,
}

/// Who gave it up, when and why.
#[derive(Serialize, ToSchema)]
struct ReceivableWriteOff {
    /// When.
    at: String,
    /// By the name of the key.
    by: String,
    /// Why.
    note: String,
}

/// Why nothing more is asked for.
#[derive(Serialize, ToSchema)]
struct AskedWriteOff {
    /// 1 to 200 characters on one line.
    note: String,
}

#[utoipa::path(
    get, path = "/v1/operator/lots/{lotId}/receivables", tag = "operators", operation_id = "operatorReceivables",
    summary = "What a lot is owed, oldest first",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("cursor" = Option<String>, Query, description = "From the page before"),
    ),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "A page", body = OperatorReceivables),
        (status = "4XX", description = "`wrong-operator-key` (401), `lot-not-found` (404), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn operator_receivables() {}

#[utoipa::path(
    post, path = "/v1/operator/lots/{lotId}/receivables/{receivableId}/write-off", tag = "operators", operation_id = "writeOff",
    summary = "Give an unpaid fee up",
    description = "Nothing more is asked for it and no notice goes. Asked again, it stays what it is.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("receivableId" = String, Path, description = "Receivable", example = "rcv_e147de0b159756e681a7_0123456789abcdefghjkmnpqrstvwxyz"),
    ),
    security(("operatorKey" = [])),
    request_body = AskedWriteOff,
    responses(
        (status = 200, description = "Given up", body = OperatorReceivable),
        (status = "4XX", description = "`receivable-closed` (409), `invalid-member` (400), `wrong-operator-key` (401), \
            `lot-not-found`, `receivable-not-found` (404)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn write_off() {}
