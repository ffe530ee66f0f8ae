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
