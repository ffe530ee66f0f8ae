//! Routes for scripts: what a payer, a bank, an unlucky network or the passing of time does. No vendor has these.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use baro_domain::Won;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::V1Webhook;
use super::api::read;
use super::billing::KeyRequest;
use super::cards::{Card, TEST_CARDS};
use super::checkout::Window;
use super::error::ApiError;
use super::faults::{FaultRule, OPERATIONS};
use super::payments::CancelOrder;
use super::shop::{Choice, Shop};
use crate::sandbox::support::{lock, rfc3339};

type Sandbox = State<Arc<Shop>>;
type Answer = Result<Json<Value>, ApiError>;

pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new()
        .route("/sandbox/payments", get(list_payments))
        .route("/sandbox/payments/{id}/open", post(open))
        .route("/sandbox/payments/{id}/pay", post(pay))
        .route("/sandbox/payments/{id}/fail", post(fail))
        .route("/sandbox/payments/{id}/deposit", post(deposit))
        .route("/sandbox/payments/{id}/capture", post(capture))
        .route("/sandbox/payments/{id}/cancel", post(cancel))
        .route("/sandbox/billing-keys", post(issue_billing_key))
        .route("/sandbox/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/sandbox/faults/{place}", delete(remove_fault))
        .route("/sandbox/clock", get(clock).post(put_forward))
        .route("/sandbox/manual-confirm", put(set_manual_confirm))
        .route("/sandbox/webhooks", get(list_webhooks))
        .route("/sandbox/webhooks/url", put(set_webhook_url))
        .route("/sandbox/webhooks/v1", put(set_v1_webhook))
        .with_state(shop.clone())
}

async fn list_payments(State(shop): Sandbox) -> Answer {
    let ids: Vec<_> = lock(&shop.state).payments.keys().cloned().collect();
    let items: Result<Vec<_>, _> = ids.iter().map(|id| shop.payment(id)).collect();
    Ok(Json(json!({"items": items?})))
}

/// Opens a payment window without a browser: the parameters of `/checkout` as JSON.
async fn open(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Answer {
    let mut window: Window = read(&body)?;
    window.payment_id.clone_from(&id);
    shop.open(window.order(&shop))?;
    Ok(Json(shop.payment(&id)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayBody {
    /// `CARD`, `EASY_PAY:KAKAOPAY`, `VIRTUAL_ACCOUNT`.
    #[serde(default = "card")]
    method: String,
    amount: Option<Won>,
    /// When given, the window is opened first if nobody did.
    window: Option<Window>,
}

fn card() -> String {
    "CARD".to_owned()
}

async fn pay(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Answer {
    let body: PayBody = read(&body)?;
    if let Some(mut window) = body.window {
        window.payment_id.clone_from(&id);
        shop.open(window.order(&shop))?;
    }
    let token = shop.press(&id, &Choice::parse(&body.method)?, body.amount)?;
    let mut payment = shop.payment(&id)?;
    if let Some(token) = token {
        payment["paymentToken"] = json!(token);
    }
    Ok(Json(payment))
}

#[derive(Deserialize)]
struct FailBody {
    #[serde(default = "pg_error")]
    code: String,
    #[serde(default)]
    message: String,
}

fn pg_error() -> String {
    "PG_PROVIDER_ERROR".to_owned()
}

async fn fail(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Answer {
    let body: FailBody = read(&body)?;
    shop.fail(&id, &body.code, &body.message)?;
    Ok(Json(shop.payment(&id)?))
}

#[derive(Deserialize)]
struct DepositBody {
    amount: Option<Won>,
    #[serde(default)]
    late: bool,
}

async fn deposit(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Answer {
    let body: DepositBody = read(&body)?;
    shop.deposit(&id, body.amount, body.late)?;
    Ok(Json(shop.payment(&id)?))
}

/// The PG takes the money of a payment that was given up.
async fn capture(State(shop): Sandbox, Path(id): Path<String>) -> Answer {
    shop.capture(&id)?;
    Ok(Json(shop.payment(&id)?))
}

#[derive(Deserialize)]
struct ConsoleCancelBody {
    amount: Option<Won>,
}

/// A person at the shop cancels in PortOne's console.
async fn cancel(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Answer {
    let body: ConsoleCancelBody = read(&body)?;
    shop.cancel(&id, by_console(body.amount), false)?;
    Ok(Json(shop.payment(&id)?))
}

/// What a person orders who cancels in the console; of a virtual account they know where the money is to go.
pub(super) fn by_console(amount: Option<Won>) -> CancelOrder {
    CancelOrder {
        amount,
        tax_free: Won::ZERO,
        vat: None,
        reason: "관리자 콘솔에서 취소".to_owned(),
        trigger: "CONSOLE",
        current_cancellable: None,
        has_refund_account: true,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueBody {
    #[serde(default)]
    customer: Value,
    /// A card's number, of the test cards or any other; absent = the one that always approves.
    #[serde(default = "always_approved")]
    card: String,
    /// The key, where the shop names it (V1's `customer_uid`); absent = drawn.
    billing_key: Option<String>,
}

fn always_approved() -> String {
    TEST_CARDS[0].number.to_owned()
}

/// A payer registered a card.
async fn issue_billing_key(State(shop): Sandbox, body: Bytes) -> Answer {
    let body: IssueBody = read(&body)?;
    let card = Card::read(&body.card)?;
    let request = KeyRequest { key: body.billing_key, customer: body.customer, ..KeyRequest::default() };
    let key = shop.begin_key(request, Vec::new())?;
    shop.issue_key(&key, card)?;
    Ok(Json(json!({"billingKey": key})))
}

async fn list_faults(State(shop): Sandbox) -> Json<Value> {
    Json(json!({"items": lock(&shop.state).faults.rules()}))
}

async fn add_fault(State(shop): Sandbox, body: Bytes) -> Result<StatusCode, ApiError> {
    let rule: FaultRule = read(&body)?;
    // A misspelt call would be a fault that never strikes.
    if rule.operation.as_deref().is_some_and(|name| !OPERATIONS.contains(&name)) {
        return Err(ApiError::invalid(format!("operation is one of {}", OPERATIONS.join(", "))));
    }
    lock(&shop.state).faults.add(rule);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(shop): Sandbox) -> StatusCode {
    lock(&shop.state).faults.clear();
    StatusCode::NO_CONTENT
}

/// Ends the fault at this place of the list, counted from 0.
async fn remove_fault(State(shop): Sandbox, Path(place): Path<usize>) -> StatusCode {
    if lock(&shop.state).faults.remove(place) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn clock(State(shop): Sandbox) -> Json<Value> {
    Json(json!({"now": rfc3339(shop.clock.now()), "aheadSeconds": shop.clock.ahead().as_secs()}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockBody {
    advance_seconds: Option<i64>,
    to: Option<Timestamp>,
}

/// Puts the clock forward, by seconds or to a time.
async fn put_forward(state: Sandbox, body: Bytes) -> Answer {
    let body: ClockBody = read(&body)?;
    let now = state.clock.now();
    let to = match (body.advance_seconds, body.to) {
        (Some(seconds), None) => now.checked_add(SignedDuration::from_secs(seconds)).ok(),
        (None, to) => to,
        (Some(_), Some(_)) => None,
    };
    state.advance(to.ok_or_else(|| ApiError::invalid("either advanceSeconds or to is needed"))?)?;
    Ok(clock(state).await)
}

#[derive(Deserialize)]
struct SwitchBody {
    on: bool,
}

async fn set_manual_confirm(State(shop): Sandbox, body: Bytes) -> Result<StatusCode, ApiError> {
    let body: SwitchBody = read(&body)?;
    lock(&shop.state).manual_confirm = body.on;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_v1_webhook(State(shop): Sandbox, body: Bytes) -> Result<StatusCode, ApiError> {
    let target: V1Webhook = read(&body)?;
    lock(&shop.state).v1_webhook = Some(target);
    Ok(StatusCode::NO_CONTENT)
}

async fn list_webhooks(State(shop): Sandbox) -> Json<Value> {
    let items: Vec<_> = lock(&shop.state).deliveries.iter().map(super::webhooks::Delivery::to_json).collect();
    Json(json!({"items": items}))
}

#[derive(Deserialize)]
struct UrlBody {
    url: String,
}

async fn set_webhook_url(State(shop): Sandbox, body: Bytes) -> Result<StatusCode, ApiError> {
    let body: UrlBody = read(&body)?;
    lock(&shop.state).webhook_url = Some(body.url);
    Ok(StatusCode::NO_CONTENT)
}
