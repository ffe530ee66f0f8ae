//! Members: drivers and companies that register a card and their plates, so that the barrier opens without anybody paying by
//! hand.
//!
//! A module per subject; each handler reads as key → member → load → decide → one conditional write → answer. Nothing is
//! charged here: a registered plate is a word that the gates go by, and `payment-sync` keeps it.

mod cards;
pub mod codes;
mod join;
mod me;
mod plates;
mod service;

use std::sync::Arc;

use baro_runtime::{Problem, http::route_key, problem::ROUTE_NOT_FOUND};
use http::Response;
use lambda_http::{Body, Request};

pub use codes::CODES;
pub use service::{Members, Shop};

/// The routes of this function, as API Gateway names them. Tests compare them with the template.
pub const ROUTES: [&str; 6] = [
    "POST /v1/members",
    "GET /v1/members/me",
    "POST /v1/members/me/cards",
    "DELETE /v1/members/me/cards/{cardId}",
    "PUT /v1/members/me/plates/{plate}",
    "DELETE /v1/members/me/plates/{plate}",
];

/// Answers one request.
pub async fn handle(api: Arc<Members>, request: Request) -> Result<Response<Body>, Problem> {
    match route_key(&request) {
        Some("POST /v1/members") => join::join(&api, &request).await,
        Some("GET /v1/members/me") => me::me(&api, &request).await,
        Some("POST /v1/members/me/cards") => cards::register(&api, &request).await,
        Some("DELETE /v1/members/me/cards/{cardId}") => cards::take_back(&api, &request).await,
        Some("PUT /v1/members/me/plates/{plate}") => plates::register(&api, &request).await,
        Some("DELETE /v1/members/me/plates/{plate}") => plates::take_back(&api, &request).await,
        _ => Err(ROUTE_NOT_FOUND.problem()),
    }
}
