//! PortOne V1's webhook. It has no signature, so it is believed by nobody: it is taken from V1's addresses alone, kept as
//! it came before it is read, and tells payment-sync where to look. V1 tries only once by default; what is lost here
//! is found by the browser's return or by the night's reconciliation.

use std::net::IpAddr;

use baro_clients::portone::PortOneApi;
use baro_clients::webhook_v1::{SOURCES, WebhookV1};
use baro_runtime::http::{body, empty, source_ip};
use baro_runtime::problem::UNAVAILABLE;
use baro_runtime::{Config, ErrorCode, InitError, Problem};
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use sha2::{Digest as _, Sha256};

use crate::archive::{self, Kept};
use crate::queue::Hint;
use crate::{BODY_INVALID, MAX_BODY_BYTES, PaymentWebhook};

/// Its route, as the template names it.
pub(crate) const ROUTE: &str = "POST /v1/webhooks/portone-v1";

/// Not from one of V1's addresses, or this deployment has the other contract.
pub const SOURCE_UNKNOWN: ErrorCode =
    ErrorCode::new(403, "webhook-source-unknown", "The webhook does not come from the gateway's addresses");

/// Whom V1's webhooks are taken from; nobody where the deployment has the other contract.
pub(crate) fn sources(config: &Config) -> Result<Vec<IpAddr>, InitError> {
    if config.parsed_or("PORTONE_API", PortOneApi::V2)? != PortOneApi::V1 {
        return Ok(Vec::new());
    }
    let Some(listed) = config.optional("PORTONE_V1_SOURCES") else { return Ok(SOURCES.to_vec()) };
    listed.split(',').map(|one| one.trim().parse().map_err(InitError::from)).collect()
}

/// Answers one webhook: 200 once it is stored and queued.
pub(crate) async fn handle(service: &PaymentWebhook, request: Request) -> Result<Response<Body>, Problem> {
    let now = service.clock.now();
    let source = source_ip(&request);
    if !source.is_some_and(|source| service.v1_sources.contains(&source)) {
        let detail = source.map_or_else(|| "no address".to_owned(), |source| source.to_string());
        return Err(service.refuse(&request, now, SOURCE_UNKNOWN.problem().detail(detail)).await);
    }
    let body = match body(&request, MAX_BODY_BYTES) {
        Ok(body) => body,
        Err(problem) => return Err(service.refuse(&request, now, problem).await),
    };
    // There is no id: the same words on the same day are the same webhook.
    let name = hex::encode(&Sha256::digest(body)[..16]);
    let raw_key = archive::key_v1(&name, now);
    let unavailable = |cause: String| UNAVAILABLE.problem().caused_by(cause);
    let kept = Kept::taken(&name, "v1", request.headers(), body, now);
    service.archive.keep(&raw_key, &kept).await.map_err(|error| unavailable(error.to_string()))?;
    let webhook = match WebhookV1::parse(body) {
        Ok(webhook) => webhook,
        Err(why) => {
            let problem = BODY_INVALID.problem().detail(why.to_string());
            return Err(service.refuse(&request, now, problem).await);
        }
    };
    let hint = Hint {
        source: "portone-v1",
        webhook_id: &name,
        kind: &webhook.status,
        payment_id: Some(&webhook.merchant_uid),
        card_id: None,
        raw_key: &raw_key,
        received_at: now,
    };
    service.queue.send(&hint).await.map_err(|error| unavailable(error.to_string()))?;
    tracing::info!(
        webhook = name,
        status = webhook.status,
        payment = webhook.merchant_uid,
        "webhook of V1 taken"
    );
    Ok(empty(StatusCode::OK))
}
