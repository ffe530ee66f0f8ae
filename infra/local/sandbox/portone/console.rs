//! The gateway's console for a person: payments, cards, schedules and webhooks to look at, the clock to put forward, and the fault menu.
//! What its buttons do, the machine routes do too.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::billing::{BillingKey, KeyState};
use super::error::ApiError;
use super::faults::{FaultRule, OPERATIONS};
use super::machine::by_console;
use super::payments::{PaymentRecord, Status};
use super::shop::{Shop, State as ShopState};
use super::webhooks;
use crate::sandbox::support::{html, lock};

/// So many of the last webhooks are shown.
const WEBHOOKS_SHOWN: usize = 30;

/// The faults of the menu: name, what its number means, what it does.
const MENU: [(&str, &str, &str); 11] = [
    ("latency", "millis", "늦은 응답 · The API answers late (ms)"),
    ("serverError", "", "처리 전 500 · 500, nothing done"),
    ("pgRefusal", "", "PG 거절 · The PG refuses (502)"),
    ("timeoutAfterSuccess", "millis", "처리 후 무응답 · Done, but no answer (ms)"),
    ("webhookDuplicate", "", "웹훅 중복 · Webhook twice"),
    ("webhookDrop", "", "웹훅 유실 · Webhook lost"),
    ("webhookReorder", "millis", "웹훅 역순 · Webhook overtaken (ms)"),
    ("wrongAmount", "deltaWon", "다른 금액 결제 · Another amount is paid (+원)"),
    ("lateCapture", "millis", "취소 뒤 승인 · Paid after it was given up (ms)"),
    ("lateDeposit", "", "기한 후 입금 · Deposit after its time"),
    ("wrongDeposit", "deltaWon", "다른 금액 입금 · Deposit of another sum (+원)"),
];

type Sandbox = State<Arc<Shop>>;

pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/sandbox", get(page))
        .route("/sandbox/console", post(act))
        .with_state(shop.clone())
}

/// A button with what it acts on.
fn button(action: &str, id: &str, label: &str) -> String {
    format!(
        "<form method=post action=/sandbox/console><input type=hidden name=id value=\"{}\"><button name=action value={action}>{label}</button></form>",
        html(id)
    )
}

fn row(cells: &[String]) -> String {
    format!("<tr><td>{}</td></tr>", cells.join("</td><td>"))
}

fn payment(record: &PaymentRecord) -> String {
    let id = &record.order.payment_id;
    let mut actions = String::new();
    if record.status == Status::VirtualAccountIssued {
        actions += &button("deposit", id, "입금 · Deposit");
    }
    if matches!(record.status, Status::Paid | Status::PartialCancelled | Status::VirtualAccountIssued) {
        actions += &button("cancel", id, "취소 · Cancel");
    }
    if record.paid_at.is_none() && record.status != Status::PayPending {
        actions += &button("capture", id, "뒤늦은 승인 · Late capture");
    }
    row(&[
        html(id),
        html(&record.order.name),
        record.order.total.to_string(),
        record.status.name().to_owned(),
        record.cancelled().to_string(),
        actions,
    ])
}

fn billing_key(key: &str, record: &BillingKey) -> String {
    let (state, card, action) = match &record.state {
        KeyState::Ready => ("READY", "", String::new()),
        KeyState::Failed => ("FAILED", "", String::new()),
        KeyState::Issued { card, .. } => {
            ("ISSUED", card.masked.as_str(), button("deleteKey", key, "삭제 · Delete"))
        }
        KeyState::Deleted { card, .. } => ("DELETED", card.masked.as_str(), String::new()),
    };
    row(&[html(key), card.to_owned(), state.to_owned(), action])
}

fn webhook(delivery: &webhooks::Delivery) -> String {
    let last = delivery.attempts.last();
    let answered =
        last.and_then(|attempt| attempt.status).map_or("–".to_owned(), |status| status.to_string());
    let resend = match &delivery.subject {
        webhooks::Subject::Payment(_) => button("resend", &delivery.webhook_id, "재전송 · Again"),
        webhooks::Subject::BillingKey(_) => String::new(),
    };
    row(&[
        delivery.kind.to_owned(),
        html(delivery.subject.id()),
        delivery.state_name().to_owned(),
        format!("{} · {answered}", delivery.attempts.len()),
        resend,
    ])
}

fn fault(place: usize, rule: &FaultRule) -> String {
    row(&[
        html(&serde_json::to_string(&rule.fault).unwrap_or_default()),
        html(rule.payment_id.as_deref().unwrap_or("–")),
        html(rule.operation.as_deref().unwrap_or("–")),
        format!("{}.{} %", rule.rate_permille / 10, rule.rate_permille % 10),
        rule.times.map_or("∞".to_owned(), |times| times.to_string()),
        button("endFault", &place.to_string(), "끝내기 · End"),
    ])
}

fn tables(state: &ShopState) -> [(&'static str, String); 6] {
    let schedules = state.schedules.iter().map(|(id, one)| {
        row(&[
            html(id),
            html(one.payment_id()),
            format!("{:.0}", one.time_to_pay()),
            one.state_name().to_owned(),
        ])
    });
    [
        ("{{payments}}", state.payments.values().map(payment).collect()),
        (
            "{{receipts}}",
            state.receipts.values().map(|one| row(&one.shown().map(|cell| html(&cell)))).collect(),
        ),
        ("{{keys}}", state.billing_keys.iter().map(|(key, one)| billing_key(key, one)).collect()),
        ("{{schedules}}", schedules.collect()),
        (
            "{{faults}}",
            state.faults.rules().iter().enumerate().map(|(place, one)| fault(place, one)).collect(),
        ),
        ("{{webhooks}}", state.deliveries.iter().rev().take(WEBHOOKS_SHOWN).map(webhook).collect()),
    ]
}

async fn page(State(shop): Sandbox) -> Response {
    let option = |value: &str, label: &str| format!("<option value=\"{value}\">{label}</option>");
    let mut page = include_str!("console.html")
        .replace("{{menu}}", &MENU.iter().map(|(kind, _, label)| option(kind, label)).collect::<String>())
        .replace("{{operations}}", &OPERATIONS.iter().map(|name| option(name, name)).collect::<String>())
        .replace("{{now}}", &format!("{:.0}", shop.clock.now()))
        .replace("{{ahead}}", &format!("{:#}", shop.clock.ahead()));
    for (place, rows) in tables(&lock(&shop.state)) {
        page = page.replace(place, &rows);
    }
    ([(header::CACHE_CONTROL, "no-store")], Html(page)).into_response()
}

/// A pressed button with its form's fields, as a browser sends them: empty where nothing was typed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Pressed {
    action: String,
    id: String,
    kind: String,
    number: String,
    payment_id: String,
    operation: String,
    percent: String,
    times: String,
}

async fn act(State(shop): Sandbox, Form(pressed): Form<Pressed>) -> Response {
    let id = pressed.id.as_str();
    let done = match pressed.action.as_str() {
        "deposit" => shop.deposit(id, None, false),
        "cancel" => shop.cancel(id, by_console(None), false).map(drop),
        "capture" => shop.capture(id),
        "deleteKey" => shop.delete_key(id).map(drop),
        "resend" => resend(&shop, id),
        "addFault" => fault_of(&pressed).map(|rule| lock(&shop.state).faults.add(rule)),
        "endFault" => number(id).map(|place| {
            lock(&shop.state).faults.remove(place);
        }),
        "clearFaults" => {
            lock(&shop.state).faults.clear();
            Ok(())
        }
        "advance" => number(&pressed.number).and_then(|hours: i64| {
            let to = shop.clock.now().checked_add(SignedDuration::from_hours(hours));
            shop.advance(to.map_err(|error| ApiError::invalid(error.to_string()))?)
        }),
        other => Err(ApiError::invalid(format!("there is no button {other}"))),
    };
    match done {
        Ok(()) => Redirect::to("/sandbox").into_response(),
        Err(error) => error.into_response(),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, ApiError> {
    text.trim().parse().map_err(|_| ApiError::invalid(format!("{text} is no number that fits here")))
}

fn resend(shop: &Arc<Shop>, webhook_id: &str) -> Result<(), ApiError> {
    let payment = {
        let state = lock(&shop.state);
        let found = state.deliveries.iter().find(|delivery| delivery.webhook_id == webhook_id);
        found.map(|delivery| delivery.subject.id().to_owned())
    };
    payment
        .and_then(|id| webhooks::resend(shop, &id, Some(webhook_id)))
        .map(drop)
        .ok_or_else(|| ApiError::new("WEBHOOK_NOT_FOUND", "no such webhook"))
}

/// The rule that the menu's form describes.
fn fault_of(pressed: &Pressed) -> Result<FaultRule, ApiError> {
    let known = MENU.iter().find(|(kind, _, _)| *kind == pressed.kind);
    let (kind, field, _) = known.ok_or_else(|| ApiError::invalid("there is no such fault"))?;
    let mut fault = json!({"kind": kind});
    if !field.is_empty() {
        fault[*field] = json!(number::<i64>(&pressed.number)?);
    }
    let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let percent = given(&pressed.percent).map_or(Ok(100), |text| number::<u32>(&text))?;
    let times = given(&pressed.times).map(|text| number::<u32>(&text)).transpose()?;
    let rule = json!({
        "fault": fault, "paymentId": given(&pressed.payment_id), "operation": given(&pressed.operation),
        "ratePermille": percent.min(100) * 10, "times": times,
    });
    serde_json::from_value(rule).map_err(|error| ApiError::invalid(error.to_string()))
}
