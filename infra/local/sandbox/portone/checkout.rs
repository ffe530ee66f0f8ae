//! The payment window a payer sees, and the browser SDK that opens it. The SDK's calls and answers are PortOne's own, so a
//! shop's page uses them unchanged.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use baro_domain::Won;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::payments::{Order, Version};
use super::shop::{Choice, Shop};
use super::v1;
use crate::sandbox::support::{html, lock};

type Sandbox = State<Arc<Shop>>;

pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new()
        .route("/v2/browser-sdk.js", get(browser_sdk))
        .route("/checkout", get(show))
        .route("/checkout/{id}", post(finish))
        .with_state(shop.clone())
}

/// What the browser SDK was called with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Window {
    store_id: Option<String>,
    channel_key: Option<String>,
    #[serde(default)]
    pub(super) payment_id: String,
    order_name: String,
    // A query parameter is a text, a JSON field a number.
    #[serde(deserialize_with = "amount")]
    total_amount: Won,
    #[serde(default, deserialize_with = "amount")]
    tax_free_amount: Won,
    #[serde(default = "krw")]
    currency: String,
    #[serde(default)]
    pay_method: String,
    #[serde(default)]
    redirect_url: String,
    /// `iframe` or `popup`: the answer goes to the page that opened the window instead of to `redirectUrl`.
    #[serde(default, rename = "window")]
    shown_in: String,
    #[serde(default = "deposit_hours", deserialize_with = "hours")]
    deposit_hours: i64,
    #[serde(default)]
    customer_name: Option<String>,
    #[serde(default)]
    custom_data: Option<String>,
    #[serde(default)]
    notice_url: Option<String>,
    #[serde(default)]
    version: Version,
}

fn krw() -> String {
    "KRW".to_owned()
}

fn deposit_hours() -> i64 {
    super::shop::DEPOSIT_HOURS
}

/// PortOne lets a shop say up to a month.
fn hours<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    amount(deserializer).map(|number| number.get().clamp(1, 24 * 31))
}

/// An amount in won: a number, or a number's text.
pub(super) fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Won, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let won = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    won.map(Won::new).ok_or_else(|| serde::de::Error::custom("an amount in won is a whole number"))
}

impl Window {
    /// The order it asks to pay; store and channel default to the shop's own.
    pub(super) fn order(&self, shop: &Shop) -> Order {
        let own = |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
        Order {
            payment_id: self.payment_id.clone(),
            store_id: own(&self.store_id, &shop.config.store_id),
            channel_key: own(&self.channel_key, &shop.config.channel_key),
            name: self.order_name.clone(),
            total: self.total_amount,
            tax_free: self.tax_free_amount,
            currency: self.currency.clone(),
            customer: self.customer_name.as_ref().map_or_else(|| json!({}), |name| json!({"name": name})),
            custom_data: self.custom_data.clone(),
            notice_urls: self.notice_url.iter().cloned().collect(),
            billing_key: None,
            schedule_id: None,
            version: self.version,
            deposit_hours: self.deposit_hours,
        }
    }

    fn answer(&self, outcome: &Value) -> Response {
        hand_back(&self.shown_in, &self.redirect_url, outcome)
    }

    fn outcome(&self, shop: &Shop, error: Option<(&str, &str)>) -> Value {
        let attempt = {
            let state = lock(&shop.state);
            state
                .payments
                .get(&self.payment_id)
                .map(|record| record.transaction_id.clone())
                .unwrap_or_default()
        };
        if self.version == Version::V1 {
            return v1::outcome(&attempt, &self.payment_id, error);
        }
        let mut outcome =
            json!({"transactionType": "PAYMENT", "txId": attempt, "paymentId": self.payment_id});
        if let Some((code, message)) = error {
            outcome["code"] = json!(code);
            outcome["message"] = json!(message);
        }
        outcome
    }
}

/// Hands an outcome back to the shop's page, the way PortOne does: by message to the page that opened the window, else by
/// redirection.
pub(super) fn hand_back(shown_in: &str, redirect_url: &str, outcome: &Value) -> Response {
    if !shown_in.is_empty() {
        let script = include_str!("answer.html").replace("{{outcome}}", &script_json(outcome));
        return Html(script).into_response();
    }
    match Url::parse(redirect_url) {
        Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
            for (key, value) in outcome.as_object().into_iter().flatten() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                url.query_pairs_mut().append_pair(key, &text);
            }
            Redirect::to(url.as_str()).into_response()
        }
        _ => (StatusCode::BAD_REQUEST, "redirectUrl is not an http address").into_response(),
    }
}

/// JSON that may stand inside a script element.
fn script_json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

async fn browser_sdk() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, include_str!("browser-sdk.js")).into_response()
}

/// The window opens: the attempt exists from now on.
async fn show(State(shop): Sandbox, Query(window): Query<Window>) -> Response {
    if let Err(error) = shop.open(window.order(&shop)) {
        let outcome = window.outcome(&shop, Some((error.kind(), error.message())));
        return window.answer(&outcome);
    }
    let checked = |method: &str| if window.pay_method == method { " checked" } else { "" };
    let card =
        if matches!(window.pay_method.as_str(), "EASY_PAY" | "VIRTUAL_ACCOUNT") { "" } else { " checked" };
    let page = include_str!("checkout.html")
        .replace("{{card}}", card)
        .replace("{{easyPay}}", checked("EASY_PAY"))
        .replace("{{virtualAccount}}", checked("VIRTUAL_ACCOUNT"))
        .replace("{{amount}}", &window.total_amount.to_string())
        .replace("{{paymentId}}", &html(&window.payment_id))
        .replace("{{orderName}}", &html(&window.order_name));
    lock(&shop.state).windows.insert(window.payment_id.clone(), window);
    ([(header::CACHE_CONTROL, "no-store")], Html(page)).into_response()
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(default)]
    method: String,
    press: String,
}

/// The payer pressed a button.
async fn finish(State(shop): Sandbox, Path(id): Path<String>, Form(pressed): Form<Pressed>) -> Response {
    let window = lock(&shop.state).windows.get(&id).cloned();
    let Some(window) = window else {
        return ApiError::new("PAYMENT_NOT_FOUND", "no payment window is open for this payment")
            .into_response();
    };
    let failure = match pressed.press.as_str() {
        "pay" => None,
        "fail" => Some(("PG_PROVIDER_ERROR", "카드 한도가 초과되었습니다.")),
        _ => Some(("USER_CANCEL", "사용자가 결제를 취소했습니다.")),
    };
    let outcome = match failure {
        None => Choice::parse(&pressed.method).and_then(|choice| shop.press(&id, &choice, None)),
        Some((code, message)) => shop.fail(&id, code, message).map(|()| None),
    };
    let error = outcome.as_ref().err();
    let told = failure.or_else(|| error.map(|error| (error.kind(), error.message())));
    let mut answer = window.outcome(&shop, told);
    if let Ok(Some(token)) = &outcome {
        answer["paymentToken"] = json!(token);
    }
    window.answer(&answer)
}
