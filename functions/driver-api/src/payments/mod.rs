//! Payments: asking for one, how it stands, and a nudge to look at the gateway.

pub(crate) mod cash_receipt;
pub(crate) mod receipt;
pub(crate) mod start;
pub(crate) mod state;

use baro_domain::{
    PaymentId,
    payment::{Payment, PaymentStatus},
};
use baro_runtime::{
    Problem,
    http::{path_parsed, respond_json},
    problem::{UNAVAILABLE, chain, internal},
};
use baro_store::Stored;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    codes::{PAYMENT_NOT_FOUND, store},
    service::DriverApi,
};

pub(crate) use start::start;
pub(crate) use state::state;

/// What `payment-sync` reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefreshHint<'a> {
    source: &'a str,
    payment_id: &'a PaymentId,
    received_at: jiff::Timestamp,
}

/// That a look at the gateway was asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshAccepted {
    /// Which payment.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    payment_id: PaymentId,
    /// How it stood when it was asked for.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    status: PaymentStatus,
}

async fn stored(api: &DriverApi, request: &Request) -> Result<Stored<Payment>, Problem> {
    let id: PaymentId = path_parsed(request, "paymentId")?;
    api.billing.payment(&id).await.map_err(store)?.ok_or_else(|| PAYMENT_NOT_FOUND.problem())
}

/// `POST /v1/payments/{paymentId}/refresh`: the browser is back from the gateway, perhaps before its webhook.
///
/// Only for payments of ours, so that nobody fills the queue with invented ids; and not once the money is here.
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/v1/payments/{paymentId}/refresh", tag = "payments", operation_id = "refreshPayment",
    summary = "Ask for a look at the gateway",
    description = "For a browser that came back before the gateway's webhook did. Ask for the state a moment later.",
    params(("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7")),
    responses((status = 202, description = "It will be looked at", body = RefreshAccepted))
))]
pub(crate) async fn refresh(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let payment = stored(api, request).await?.value;
    if payment.status.rank() < PaymentStatus::Paid.rank() {
        let hint = RefreshHint { source: "refresh", payment_id: &payment.id, received_at: api.clock.now() };
        let body = serde_json::to_string(&hint).map_err(|error| internal(&error))?;
        let queue = &api.payments;
        let sent = queue.client.send_message().queue_url(&queue.url).message_body(body).send().await;
        sent.map_err(|error| UNAVAILABLE.problem().retry_after_s(1).caused_by(chain(&error)))?;
    }
    respond_json(StatusCode::ACCEPTED, &RefreshAccepted { payment_id: payment.id, status: payment.status })
}
