//! What a driver asks from the phone: lots nearby, "my visit", its price, a payment and how it stands.
//!
//! A module per subject; each handler reads as path → load → decide → answer. What a visit costs is decided in
//! `baro-domain`, by the same code that the barrier asks.

pub mod codes;
mod contact;
mod disputes;
mod gateway;
mod lots;
mod occupancy;
#[cfg(feature = "openapi")]
pub mod openapi;
mod payments;
mod points;
mod price_text;
mod rate_table;
mod receivables;
mod service;
mod standing;
mod view;
mod visits;

use std::sync::Arc;

use baro_runtime::{
    Problem,
    http::{Language, route_key, with_header},
    problem::ROUTE_NOT_FOUND,
};
use http::{
    Response,
    header::{CONTENT_LANGUAGE, VARY},
};
use lambda_http::{Body, Request};

pub use codes::CODES;
pub use service::DriverApi;

/// The routes of this function, as API Gateway names them. Tests compare them with the template and the document.
pub const ROUTES: [&str; 19] = [
    "GET /v1/lots",
    "GET /v1/lots/{lotId}",
    "GET /v1/lots/{lotId}/occupancy",
    "GET /v1/lots/{lotId}/rate-table",
    "GET /v1/lots/{lotId}/visits/{plate}",
    "GET /v1/lots/{lotId}/visits/{plate}/quote",
    "POST /v1/lots/{lotId}/visits/{plate}/disputes",
    "POST /v1/lots/{lotId}/visits/{plate}/payments",
    "GET /v1/lots/{lotId}/visits/{plate}/owed",
    "GET /v1/payments/{paymentId}",
    "POST /v1/payments/{paymentId}/refresh",
    "GET /v1/payments/{paymentId}/receipt",
    "GET /v1/payments/{paymentId}/cash-receipt",
    "PUT /v1/payments/{paymentId}/cash-receipt",
    "GET /v1/receivables/{receivableId}",
    "POST /v1/receivables/{receivableId}/payments",
    "GET /v1/members/me/points",
    "POST /v1/members/me/points/top-ups",
    "POST /v1/members/me/points/refunds",
];

/// Answers one request. Texts are in the language asked for.
pub async fn handle(api: Arc<DriverApi>, request: Request) -> Result<Response<Body>, Problem> {
    let response = match route_key(&request) {
        // Without words in any language, so that one copy at the edge serves everybody.
        Some("GET /v1/lots/{lotId}/occupancy") => return occupancy::one(&api, &request).await,
        Some("GET /v1/lots") => lots::near(&api, &request).await,
        Some("GET /v1/lots/{lotId}") => lots::one(&api, &request).await,
        Some("GET /v1/lots/{lotId}/rate-table") => rate_table::rate_table(&api, &request).await,
        Some("GET /v1/lots/{lotId}/visits/{plate}") => visits::visit(&api, &request).await,
        Some("GET /v1/lots/{lotId}/visits/{plate}/quote") => visits::quote(&api, &request).await,
        Some("POST /v1/lots/{lotId}/visits/{plate}/disputes") => disputes::start(&api, &request).await,
        Some("POST /v1/lots/{lotId}/visits/{plate}/payments") => payments::start(&api, &request).await,
        Some("GET /v1/lots/{lotId}/visits/{plate}/owed") => receivables::owed(&api, &request).await,
        Some("GET /v1/receivables/{receivableId}") => receivables::one(&api, &request).await,
        Some("POST /v1/receivables/{receivableId}/payments") => receivables::pay(&api, &request).await,
        Some("GET /v1/members/me/points") => points::wallet(&api, &request).await,
        Some("POST /v1/members/me/points/top-ups") => points::top_up(&api, &request).await,
        Some("POST /v1/members/me/points/refunds") => points::cash_out(&api, &request).await,
        Some("GET /v1/payments/{paymentId}") => payments::state(&api, &request).await,
        Some("POST /v1/payments/{paymentId}/refresh") => payments::refresh(&api, &request).await,
        Some("GET /v1/payments/{paymentId}/receipt") => payments::receipt::receipt(&api, &request).await,
        Some("GET /v1/payments/{paymentId}/cash-receipt") => {
            payments::cash_receipt::one(&api, &request).await
        }
        Some("PUT /v1/payments/{paymentId}/cash-receipt") => {
            payments::cash_receipt::wish(&api, &request).await
        }
        _ => Err(ROUTE_NOT_FOUND.problem()),
    }?;
    let response = with_header(response, CONTENT_LANGUAGE, Language::of(request.headers()).tag());
    Ok(with_header(response, VARY, "accept-language"))
}
