//! The page on which a payer registers a card, as the browser SDK's `requestIssueBillingKey` opens it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::billing::KeyRequest;
use super::cards::{Card, TEST_CARDS};
use super::checkout::hand_back;
use super::error::ApiError;
use super::shop::Shop;
use crate::sandbox::support::{html, lock};

type Sandbox = State<Arc<Shop>>;

pub(super) fn router(shop: &Arc<Shop>) -> Router {
    Router::new().route("/issue", get(show)).route("/issue/{key}", post(finish)).with_state(shop.clone())
}

/// What the browser SDK was called with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueWindow {
    store_id: Option<String>,
    channel_key: Option<String>,
    #[serde(default)]
    billing_key_method: String,
    issue_id: Option<String>,
    issue_name: Option<String>,
    customer_id: Option<String>,
    customer_name: Option<String>,
    custom_data: Option<String>,
    notice_url: Option<String>,
    #[serde(default)]
    redirect_url: String,
    /// `iframe` or `popup`: the answer goes to the page that opened the window instead of to `redirectUrl`.
    #[serde(default, rename = "window")]
    shown_in: String,
}

impl IssueWindow {
    fn check(&self, shop: &Shop) -> Result<(), ApiError> {
        if self.store_id.as_ref().is_some_and(|id| *id != shop.config.store_id) {
            return Err(ApiError::new("STORE_NOT_FOUND", "no such store"));
        }
        if self.channel_key.as_ref().is_some_and(|key| *key != shop.config.channel_key) {
            return Err(ApiError::new("CHANNEL_NOT_FOUND", "no such channel"));
        }
        if !matches!(self.billing_key_method.as_str(), "" | "CARD") {
            return Err(ApiError::invalid("the sandbox registers cards only"));
        }
        Ok(())
    }

    fn request(&self) -> KeyRequest {
        let mut customer = json!({});
        for (name, value) in [("id", &self.customer_id), ("name", &self.customer_name)] {
            if let Some(value) = value {
                customer[name] = json!(value);
            }
        }
        KeyRequest {
            key: None,
            customer,
            issue_id: self.issue_id.clone(),
            issue_name: self.issue_name.clone(),
            custom_data: self.custom_data.clone(),
        }
    }

    fn answer(&self, key: &str, failure: Option<&ApiError>) -> Response {
        let mut outcome = json!({"transactionType": "ISSUE_BILLING_KEY", "billingKey": key});
        if let Some(error) = failure {
            // A key that does not work must not look like one.
            outcome["billingKey"] = json!("");
            outcome["code"] = json!(error.kind());
            outcome["message"] = json!(error.message());
            if let Some((code, message)) = error.pg_said() {
                outcome["pgCode"] = json!(code);
                outcome["pgMessage"] = json!(message);
            }
        }
        hand_back(&self.shown_in, &self.redirect_url, &outcome)
    }

    fn page(&self, key: &str, refused: Option<&ApiError>) -> Response {
        let cards = TEST_CARDS.iter().map(|card| {
            format!(
                "<button type=button class=card data-number={}>{} <small>{}</small><br><small>{}</small></button>",
                card.number, card.does[0], card.does[1], card.number,
            )
        });
        let told = refused.map_or_else(String::new, |error| {
            format!("<p class=refused role=alert>{}</p>", html(error.message()))
        });
        let page = include_str!("issue.html")
            .replace("{{cards}}", &cards.collect::<String>())
            .replace("{{refused}}", &told)
            .replace("{{key}}", &html(key))
            .replace(
                "{{issueName}}",
                &html(self.issue_name.as_deref().unwrap_or("카드 등록 · Register a card")),
            );
        let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        (status, [(header::CACHE_CONTROL, "no-store")], Html(page)).into_response()
    }
}

/// The page opens: the key-to-be exists from now on.
async fn show(State(shop): Sandbox, Query(window): Query<IssueWindow>) -> Response {
    let notice_urls = window.notice_url.iter().cloned().collect();
    match window.check(&shop).and_then(|()| shop.begin_key(window.request(), notice_urls)) {
        Err(error) => window.answer("", Some(&error)),
        Ok(key) => {
            let page = window.page(&key, None);
            lock(&shop.state).issuing.insert(key, window);
            page
        }
    }
}

#[derive(Deserialize)]
struct Typed {
    press: String,
    #[serde(default)]
    number: String,
    /// `MM/YY`
    #[serde(default)]
    expiry: String,
}

/// The payer pressed a button.
async fn finish(State(shop): Sandbox, Path(key): Path<String>, Form(typed): Form<Typed>) -> Response {
    let window = lock(&shop.state).issuing.get(&key).cloned();
    let Some(window) = window else {
        return ApiError::new("BILLING_KEY_NOT_FOUND", "no issuing page is open for this key")
            .into_response();
    };
    let failure = match typed.press.as_str() {
        "issue" => {
            let card =
                Card::read(&typed.number).and_then(|card| check_expiry(&shop, &typed.expiry).map(|()| card));
            match card {
                // The payer may correct what was mistyped.
                Err(error) => return window.page(&key, Some(&error)),
                Ok(card) => shop.issue_key(&key, card).err(),
            }
        }
        "fail" => Some(ApiError::pg("NOT_REGISTERED_CARD", "카드 등록에 실패했습니다.")),
        _ => Some(ApiError::new("USER_CANCEL", "사용자가 카드 등록을 취소했습니다.")),
    };
    if typed.press != "issue"
        && let Err(error) = shop.fail_key(&key)
    {
        return window.answer("", Some(&error));
    }
    window.answer(&key, failure.as_ref())
}

/// A card is good until its month ends.
fn check_expiry(shop: &Shop, typed: &str) -> Result<(), ApiError> {
    let invalid = || ApiError::pg("INVALID_CARD_EXPIRATION", "카드 유효기간을 다시 확인해주세요.");
    let (month, year) = typed.split_once('/').ok_or_else(invalid)?;
    let (month, year) = (month.trim().parse::<i8>(), year.trim().parse::<i16>());
    let (Ok(month @ 1..=12), Ok(year @ 0..=99)) = (month, year) else { return Err(invalid()) };
    let today = shop.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    if (2000 + year, month) < (today.year(), today.month()) { Err(invalid()) } else { Ok(()) }
}
