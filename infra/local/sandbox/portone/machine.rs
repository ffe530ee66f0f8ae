//! Routes for scripts and for a person who wants to look: what a payer, a bank or an unlucky network does. No vendor has these.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use baro_domain::Won;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::read;
use super::checkout::Window;
use super::error::ApiError;
use super::faults::FaultRule;
use super::payments::Status;
use super::shop::{BillingKey, Choice, Shop};
use crate::sandbox::support::{html, lock, now, random_id};

type Sandbox = State<Arc<Shop>>;
type Answer = Result<Json<Value>, ApiError>;

pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(console))
        .route("/sandbox/payments", get(list_payments))
        .route("/sandbox/payments/{id}/open", post(open))
        .route("/sandbox/payments/{id}/pay", post(pay))
        .route("/sandbox/payments/{id}/fail", post(fail))
        .route("/sandbox/payments/{id}/deposit", post(deposit))
        .route("/sandbox/billing-keys", post(issue_billing_key))
        .route("/sandbox/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/sandbox/webhooks", get(list_webhooks))
        .route("/sandbox/webhooks/url", put(set_webhook_url))
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
    shop.pay(&id, &Choice::parse(&body.method)?, body.amount)?;
    Ok(Json(shop.payment(&id)?))
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

async fn deposit(State(shop): Sandbox, Path(id): Path<String>, body: Bytes) -> Response {
    // The console's button posts a form without fields; scripts post JSON.
    let from_console = body.starts_with(b"console=");
    let body = if from_console { Ok(DepositBody { amount: None, late: false }) } else { read(&body) };
    let outcome = body.and_then(|body: DepositBody| shop.deposit(&id, body.amount, body.late));
    match outcome.and_then(|()| shop.payment(&id)) {
        Ok(_) if from_console => Redirect::to("/").into_response(),
        Ok(payment) => Json(payment).into_response(),
        Err(error) => error.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueBody {
    #[serde(default)]
    customer: Value,
}

/// A payer registered a card.
async fn issue_billing_key(State(shop): Sandbox, body: Bytes) -> Answer {
    let body: IssueBody = read(&body)?;
    let key = random_id("billing-key-");
    let customer = if body.customer.is_object() { body.customer } else { json!({}) };
    let record = BillingKey { customer, issued_at: now(), deleted_at: None };
    lock(&shop.state).billing_keys.insert(key.clone(), record);
    Ok(Json(json!({"billingKey": key})))
}

async fn list_faults(State(shop): Sandbox) -> Json<Value> {
    Json(json!({"items": lock(&shop.state).faults.rules()}))
}

async fn add_fault(State(shop): Sandbox, body: Bytes) -> Result<StatusCode, ApiError> {
    let rule: FaultRule = read(&body)?;
    lock(&shop.state).faults.add(rule);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(shop): Sandbox) -> StatusCode {
    lock(&shop.state).faults.clear();
    StatusCode::NO_CONTENT
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

/// The gateway's console in miniature: the payments, and a button that plays the bank's deposit.
async fn console(State(shop): Sandbox) -> Response {
    let mut rows = Vec::new();
    for record in lock(&shop.state).payments.values() {
        let id = html(&record.order.payment_id);
        let action = if record.status == Status::VirtualAccountIssued {
            format!(
                "<form method=post action='/sandbox/payments/{id}/deposit'><button name=console value=1>입금 · Deposit</button></form>"
            )
        } else {
            String::new()
        };
        let row = [
            id,
            html(&record.order.name),
            record.order.total.to_string(),
            record.status.name().to_owned(),
            record.cancelled().to_string(),
            action,
        ];
        rows.push(format!("<tr><td>{}</td></tr>", row.join("</td><td>")));
    }
    let page = include_str!("console.html").replace("{{rows}}", &rows.concat());
    ([(header::CACHE_CONTROL, "no-store")], Html(page)).into_response()
}
