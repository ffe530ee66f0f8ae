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

use super::charging::{Approved, Charge};
use super::error::ApiError;
use super::payments::{CancelOrder, Order, Version};
use super::shop::{Prepared, Shop};
use super::{billing, confirm, json, listing, receipts, schedules, webhooks};
use crate::sandbox::support::{lock, rfc3339, silence};

type Sandbox = State<Arc<Shop>>;

/// The routes, all behind the API secret.
pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new()
        .route("/payments", get(listing::payments))
        .route("/payments/{id}", get(get_payment))
        .route("/payments/{id}/pre-register", post(pre_register))
        .route("/payments/{id}/confirm", post(confirm::confirm))
        .route("/payments/{id}/cancel", post(cancel))
        .route("/payments/{id}/billing-key", post(billing_key))
        .route("/payments/{id}/schedule", post(schedules::create))
        .route("/payments/{id}/resend-webhook", post(resend_webhook))
        .route("/payments/{id}/cash-receipt", get(receipts::get))
        .route("/payments/{id}/cash-receipt/cancel", post(receipts::cancel))
        .route("/payments-by-cursor", get(listing::by_cursor))
        .route("/payment-schedules", get(schedules::list).delete(schedules::revoke))
        .route("/payment-schedules/{id}", get(schedules::get))
        .route("/cash-receipts", get(receipts::list).post(receipts::issue))
        .route("/billing-keys", get(billing::list).post(billing::issue))
        .route("/billing-keys/{key}", get(billing::get).delete(billing::delete))
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
/// The effect is told whether the PG behind the gateway is to refuse.
pub(super) async fn under_faults<E: IntoResponse>(
    shop: &Arc<Shop>,
    operation: &str,
    payment_id: &str,
    effect: impl FnOnce(bool) -> Result<Value, E>,
) -> Response {
    let faults = lock(&shop.state).faults.for_call(operation, payment_id, &shop.dice);
    tokio::time::sleep(faults.latency).await;
    if faults.server_error {
        return (StatusCode::INTERNAL_SERVER_ERROR, "<html>sandbox fault</html>").into_response();
    }
    let outcome = effect(faults.pg_refusal);
    if let Some(duration) = faults.silence_after {
        silence(&shop.stop, duration).await;
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    outcome.map(Json).into_response()
}

/// The shop as GET requests name it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoreQuery {
    pub(super) store_id: Option<String>,
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
    vat_amount: Option<Won>,
    reason: String,
    current_cancellable_amount: Option<Won>,
    refund_account: Option<RefundAccount>,
    #[serde(default)]
    skip_webhook: bool,
}

/// Where the money of a virtual account is to go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundAccount {
    bank: String,
    number: String,
    holder_name: String,
}

impl RefundAccount {
    fn check(&self) -> Result<(), ApiError> {
        if [&self.bank, &self.number, &self.holder_name].iter().any(|part| part.is_empty()) {
            return Err(ApiError::invalid("refundAccount needs bank, number and holderName"));
        }
        Ok(())
    }
}

async fn cancel(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    let effect = |refused: bool| {
        let body: CancelBody = read(&body)?;
        check_store(&shop, body.store_id.as_deref())?;
        if refused {
            return Err(ApiError::pg("NOT_CANCELABLE", "취소할 수 없는 결제입니다."));
        }
        body.refund_account.as_ref().map_or(Ok(()), RefundAccount::check)?;
        let order = CancelOrder {
            amount: body.amount,
            tax_free: body.tax_free_amount,
            vat: body.vat_amount,
            reason: body.reason,
            trigger: "API",
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
    pub(super) custom_data: Option<String>,
    pub(super) amount: AmountInput,
    pub(super) currency: String,
    #[serde(default)]
    notice_urls: Vec<String>,
}

/// A sum with its parts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AmountInput {
    pub(super) total: Won,
    #[serde(default)]
    pub(super) tax_free: Won,
    pub(super) vat: Option<Won>,
}

/// A customer as the API answers it, from how it was told: the name is one text then.
pub(super) fn customer(told: Option<&Value>) -> Value {
    let mut customer = json!({});
    let Some(told) = told else { return customer };
    for field in ["id", "birthYear", "birthMonth", "birthDay", "gender", "email", "phoneNumber", "zipcode"] {
        if told[field].is_string() {
            customer[field] = told[field].clone();
        }
    }
    let name = &told["name"];
    let (first, last) = (&name["separated"]["first"], &name["separated"]["last"]);
    if let Some(full) = name["full"].as_str() {
        customer["name"] = json!(full);
    } else if let (Some(first), Some(last)) = (first.as_str(), last.as_str()) {
        customer["name"] = json!(format!("{first} {last}"));
    }
    customer
}

impl ChargeBody {
    /// Who is charged, as the API answers it.
    pub(super) fn customer(&self) -> Value {
        customer(self.customer.as_ref())
    }

    /// The order that is charged.
    pub(super) fn order(&self, shop: &Shop, payment_id: &str) -> Result<Order, ApiError> {
        check_store(shop, self.store_id.as_deref())?;
        if let Some(vat) = self.amount.vat
            && !self.amount.tax_free.plus(vat).is_ok_and(|parts| parts <= self.amount.total)
        {
            return Err(ApiError::new("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "the parts exceed the total"));
        }
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
            customer: self.customer(),
            custom_data: self.custom_data.clone(),
            notice_urls: self.notice_urls.clone(),
            billing_key: Some(self.billing_key.clone()),
            schedule_id: None,
            version: Version::V2,
            deposit_hours: super::shop::DEPOSIT_HOURS,
        })
    }
}

async fn billing_key(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    let mut deciding = None;
    let answer = under_faults(&shop, "billingKey", &id, |refused: bool| {
        let body: ChargeBody = read(&body)?;
        schedules::check_free(&shop, &id)?;
        match shop.charge(body.order(&shop, &id)?, &body.billing_key, refused)? {
            Charge::Approved(approved) => Ok(charged(&approved)),
            Charge::Deciding(told) => {
                deciding = Some(told);
                Ok::<_, ApiError>(Value::Null)
            }
        }
    })
    .await;
    match deciding {
        None => answer,
        // The caller hears of it if it still waits; the approval comes either way.
        Some(told) => told
            .await
            .map(|approved| Json(charged(&approved)))
            .map_err(|_| StatusCode::GATEWAY_TIMEOUT)
            .into_response(),
    }
}

fn charged(approved: &Approved) -> Value {
    json!({"payment": {"pgTxId": approved.pg_tx_id, "paidAt": rfc3339(approved.paid_at)}})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResendBody {
    store_id: Option<String>,
    webhook_id: Option<String>,
}

async fn resend_webhook(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    let effect = |_| {
        let body: ResendBody = read(&body)?;
        check_store(&shop, body.store_id.as_deref())?;
        if !lock(&shop.state).payments.contains_key(&id) {
            return Err(ApiError::new("PAYMENT_NOT_FOUND", "no such payment"));
        }
        let delivery = webhooks::resend(&shop, &id, body.webhook_id.as_deref());
        let delivery = delivery.ok_or_else(|| ApiError::new("WEBHOOK_NOT_FOUND", "no such webhook"))?;
        Ok(json!({"webhook": json::webhook(&delivery)}))
    };
    under_faults(&shop, "resendWebhook", &id, effect).await
}
