//! PortOne's V2 REST API. Bodies are read as JSON whatever content type they name: PortOne's own SDK names none.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use baro_domain::Won;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::ApiError;
use super::payments::{CancelOrder, Order};
use super::shop::{Prepared, Shop};
use super::{json, listing, schedules, webhooks};
use crate::sandbox::support::{lock, rfc3339};

type Sandbox = State<Arc<Shop>>;
type Answer = Result<Json<Value>, ApiError>;

/// The routes, all behind the API secret.
pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new()
        .route("/payments/{id}", get(get_payment))
        .route("/payments/{id}/pre-register", post(pre_register))
        .route("/payments/{id}/cancel", post(cancel))
        .route("/payments/{id}/billing-key", post(billing_key))
        .route("/payments/{id}/schedule", post(schedules::create))
        .route("/payments/{id}/resend-webhook", post(resend_webhook))
        .route("/payments-by-cursor", get(listing::by_cursor))
        .route("/payments", get(listing::by_page))
        .route("/payment-schedules", axum::routing::delete(schedules::revoke))
        .route("/payment-schedules/{id}", get(schedules::get))
        .route("/billing-keys/{key}", get(get_billing_key).delete(delete_billing_key))
        .layer(from_fn_with_state(shop.clone(), authenticate))
        .with_state(shop.clone())
}

async fn authenticate(State(shop): Sandbox, request: Request, next: Next) -> Response {
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("PortOne ")) != Some(shop.config.api_secret.as_str()) {
        return ApiError::new("UNAUTHORIZED", "the API secret is missing or wrong").into_response();
    }
    next.run(request).await
}

/// Reads a body; an empty one reads as `{}`.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::invalid(error.to_string()))
}

/// PortOne's GET and DELETE bodies: JSON in the query parameter `requestBody`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryBody {
    request_body: Option<String>,
}

impl QueryBody {
    /// Reads it.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        read(self.request_body.as_deref().unwrap_or_default().as_bytes())
    }
}

/// A shop may only speak of itself.
pub(super) fn check_store(shop: &Shop, store_id: Option<&str>) -> Result<(), ApiError> {
    match store_id {
        Some(store_id) if store_id != shop.config.store_id => {
            Err(ApiError::new("FORBIDDEN", "not your store"))
        }
        _ => Ok(()),
    }
}

/// Runs a call under the faults that strike it.
pub(super) async fn under_faults(
    shop: &Arc<Shop>,
    operation: &str,
    payment_id: &str,
    effect: impl FnOnce(bool) -> Result<Value, ApiError>,
) -> Response {
    let faults = lock(&shop.state).faults.for_call(operation, payment_id, &shop.dice);
    tokio::time::sleep(faults.latency).await;
    if faults.server_error {
        return (StatusCode::INTERNAL_SERVER_ERROR, "<html>sandbox fault</html>").into_response();
    }
    let outcome = effect(faults.pg_refusal);
    if let Some(silence) = faults.silence_after {
        let mut stop = shop.stop.subscribe();
        tokio::select! {
            () = tokio::time::sleep(silence) => {}
            _ = stop.wait_for(|stopped| *stopped) => {}
        }
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    outcome.map(Json).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoreQuery {
    store_id: Option<String>,
}

async fn get_payment(
    State(shop): Sandbox,
    Path(id): Path<String>,
    Query(query): Query<StoreQuery>,
) -> Response {
    let effect = |_| {
        check_store(&shop, query.store_id.as_deref())?;
        shop.payment(&id)
    };
    under_faults(&shop, "get", &id, effect).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreRegisterBody {
    store_id: Option<String>,
    total_amount: Option<Won>,
    #[serde(default = "won")]
    currency: String,
}

fn won() -> String {
    "KRW".to_owned()
}

async fn pre_register(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    let effect = |_| {
        let body: PreRegisterBody = read(&body)?;
        check_store(&shop, body.store_id.as_deref())?;
        let mut state = lock(&shop.state);
        if state.payments.get(&id).is_some_and(|record| record.paid_at.is_some()) {
            return Err(ApiError::new("ALREADY_PAID", "the payment is paid already"));
        }
        let total = body.total_amount.ok_or_else(|| ApiError::invalid("totalAmount is needed"))?;
        state.prepared.insert(id.clone(), Prepared { total, currency: body.currency });
        Ok(json!({}))
    };
    under_faults(&shop, "preRegister", &id, effect).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelBody {
    store_id: Option<String>,
    amount: Option<Won>,
    #[serde(default)]
    tax_free_amount: Won,
    reason: String,
    requester: Option<String>,
    current_cancellable_amount: Option<Won>,
    refund_account: Option<Value>,
    #[serde(default)]
    skip_webhook: bool,
}

async fn cancel(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    let effect = |refused: bool| {
        let body: CancelBody = read(&body)?;
        check_store(&shop, body.store_id.as_deref())?;
        if refused {
            return Err(ApiError::pg("NOT_CANCELABLE", "취소할 수 없는 결제입니다."));
        }
        let order = CancelOrder {
            amount: body.amount,
            tax_free: body.tax_free_amount,
            reason: body.reason,
            requester: body.requester,
            current_cancellable: body.current_cancellable_amount,
            has_refund_account: body.refund_account.is_some(),
        };
        Ok(json!({"cancellation": shop.cancel(&id, order, body.skip_webhook)?}))
    };
    under_faults(&shop, "cancel", &id, effect).await
}

/// A charge of a registered card, as it comes at once or on schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChargeBody {
    pub(super) store_id: Option<String>,
    pub(super) billing_key: String,
    channel_key: Option<String>,
    pub(super) order_name: String,
    customer: Option<Value>,
    custom_data: Option<String>,
    pub(super) amount: AmountInput,
    currency: String,
    #[serde(default)]
    notice_urls: Vec<String>,
}

/// A sum with its parts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AmountInput {
    pub(super) total: Won,
    #[serde(default)]
    tax_free: Won,
}

impl ChargeBody {
    /// The order that is charged.
    pub(super) fn order(&self, shop: &Shop, payment_id: &str) -> Result<Order, ApiError> {
        check_store(shop, self.store_id.as_deref())?;
        if self.channel_key.as_deref().is_some_and(|key| key != shop.config.channel_key) {
            return Err(ApiError::new("CHANNEL_NOT_FOUND", "no such channel"));
        }
        Ok(Order {
            payment_id: payment_id.to_owned(),
            store_id: shop.config.store_id.clone(),
            channel_key: shop.config.channel_key.clone(),
            name: self.order_name.clone(),
            total: self.amount.total,
            tax_free: self.amount.tax_free,
            currency: self.currency.clone(),
            customer: self.customer.clone().unwrap_or_else(|| json!({})),
            custom_data: self.custom_data.clone(),
            notice_urls: self.notice_urls.clone(),
            billing_key: Some(self.billing_key.clone()),
            deposit_hours: super::shop::DEPOSIT_HOURS,
        })
    }
}

async fn billing_key(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    let effect = |refused: bool| {
        let body: ChargeBody = read(&body)?;
        schedules::check_free(&shop, &id)?;
        let (pg_tx_id, paid_at) = shop.charge(body.order(&shop, &id)?, &body.billing_key, refused)?;
        Ok(json!({"payment": {"pgTxId": pg_tx_id, "paidAt": rfc3339(paid_at)}}))
    };
    under_faults(&shop, "billingKey", &id, effect).await
}

async fn get_billing_key(State(shop): Sandbox, Path(key): Path<String>) -> Answer {
    let state = lock(&shop.state);
    let record =
        state.billing_keys.get(&key).ok_or_else(|| ApiError::new("BILLING_KEY_NOT_FOUND", "no such key"))?;
    let mut body = json!({
        "status": if record.deleted_at.is_some() { "DELETED" } else { "ISSUED" },
        "billingKey": key, "merchantId": shop.config.merchant_id(), "storeId": shop.config.store_id,
        "channels": [json::channel(&shop.config, &shop.config.channel_key)],
        "customer": record.customer, "issuedAt": rfc3339(record.issued_at),
    });
    if let Some(at) = record.deleted_at {
        body["deletedAt"] = json!(rfc3339(at));
    }
    Ok(Json(body))
}

async fn delete_billing_key(State(shop): Sandbox, Path(key): Path<String>) -> Answer {
    let at = crate::sandbox::support::now();
    let mut state = lock(&shop.state);
    match state.billing_keys.get_mut(&key) {
        None => Err(ApiError::new("BILLING_KEY_NOT_FOUND", "no such billing key")),
        Some(record) if record.deleted_at.is_some() => {
            Err(ApiError::new("BILLING_KEY_ALREADY_DELETED", "the billing key is deleted"))
        }
        Some(record) => {
            record.deleted_at = Some(at);
            Ok(Json(json!({"deletedAt": rfc3339(at)})))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResendBody {
    store_id: Option<String>,
    webhook_id: Option<String>,
}

async fn resend_webhook(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Answer {
    let body: ResendBody = read(&body)?;
    check_store(&shop, body.store_id.as_deref())?;
    if !lock(&shop.state).payments.contains_key(&id) {
        return Err(ApiError::new("PAYMENT_NOT_FOUND", "no such payment"));
    }
    let delivery = webhooks::resend(&shop, &id, body.webhook_id.as_deref());
    let delivery = delivery.ok_or_else(|| ApiError::new("WEBHOOK_NOT_FOUND", "no such webhook"))?;
    Ok(Json(json!({"webhook": json::webhook(&delivery)})))
}
