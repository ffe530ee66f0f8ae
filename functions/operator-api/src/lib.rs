//! What a lot's operator sees and decides: who is in the lot, and what the gates could not settle by themselves.
//!
//! A module per subject; each handler reads as path → key → lot → load → answer. Every address needs an operator's key,
//! and a lot of another operator is as unknown as one that does not exist.

mod access;
pub mod codes;
mod gates;
mod payments;
mod receivables;
mod service;
mod tariffs;
mod tasks;
mod visits;

use std::sync::Arc;

use baro_runtime::{Problem, problem::ROUTE_NOT_FOUND};
use http::Response;
use lambda_http::{Body, Request, RequestExt as _, request::RequestContext};

pub use codes::CODES;
pub use service::OperatorApi;

/// The routes of this function, as API Gateway names them. Tests compare them with the template.
pub const ROUTES: [&str; 12] = [
    "GET /v1/operator/lots/{lotId}/gates",
    "GET /v1/operator/lots/{lotId}/receivables",
    "POST /v1/operator/lots/{lotId}/receivables/{receivableId}/write-off",
    "GET /v1/operator/lots/{lotId}/visits",
    "GET /v1/operator/lots/{lotId}/tasks",
    "GET /v1/operator/lots/{lotId}/tasks/{taskId}",
    "POST /v1/operator/lots/{lotId}/tasks/{taskId}/resolution",
    "GET /v1/operator/lots/{lotId}/tariffs",
    "PUT /v1/operator/lots/{lotId}/tariffs/{version}",
    "GET /v1/operator/payments/{paymentId}",
    "POST /v1/operator/payments/{paymentId}/refunds",
    "PUT /v1/operator/payments/{paymentId}/refunds/{refundId}/account",
];

/// Answers one request.
pub async fn handle(api: Arc<OperatorApi>, request: Request) -> Result<Response<Body>, Problem> {
    match route_key(&request) {
        Some("GET /v1/operator/lots/{lotId}/gates") => gates::list(&api, &request).await,
        Some("GET /v1/operator/lots/{lotId}/receivables") => receivables::list(&api, &request).await,
        Some("POST /v1/operator/lots/{lotId}/receivables/{receivableId}/write-off") => {
            receivables::write_off(&api, &request).await
        }
        Some("GET /v1/operator/lots/{lotId}/visits") => visits::open(&api, &request).await,
        Some("GET /v1/operator/lots/{lotId}/tasks") => tasks::list(&api, &request).await,
        Some("GET /v1/operator/lots/{lotId}/tasks/{taskId}") => tasks::one(&api, &request).await,
        Some("POST /v1/operator/lots/{lotId}/tasks/{taskId}/resolution") => {
            tasks::resolve(&api, &request).await
        }
        Some("GET /v1/operator/lots/{lotId}/tariffs") => tariffs::list(&api, &request).await,
        Some("PUT /v1/operator/lots/{lotId}/tariffs/{version}") => tariffs::put(&api, &request).await,
        Some("GET /v1/operator/payments/{paymentId}") => payments::one(&api, &request).await,
        Some("POST /v1/operator/payments/{paymentId}/refunds") => payments::refund(&api, &request).await,
        Some("PUT /v1/operator/payments/{paymentId}/refunds/{refundId}/account") => {
            payments::put_account(&api, &request).await
        }
        _ => Err(ROUTE_NOT_FOUND.problem()),
    }
}

fn route_key(request: &Request) -> Option<&str> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.route_key.as_deref(),
        // Another feature of `lambda_http` elsewhere in the workspace may add variants.
        #[allow(unreachable_patterns, reason = "only this variant exists with this crate's own features")]
        _ => None,
    }
}
