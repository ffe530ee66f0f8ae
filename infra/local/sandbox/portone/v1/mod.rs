//! The gateway's first API (V1, i'mport), which many merchants still use: its own tokens, envelope, words and webhook over the same
//! state. Its base URL is the sandbox's with `/v1` behind it, since both APIs have a `GET /payments/{id}`.

mod json;
mod webhook;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use baro_domain::Won;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::api::under_faults;
use super::charging::Charge;
use super::checkout::amount;
use super::error::ApiError;
use super::listing::is_test;
use super::payments::{CancelOrder, Order, Version};
use super::shop::{Prepared, Shop, State as ShopState};
use crate::sandbox::support::{lock, random_id};

pub(super) use json::outcome;
pub(super) use webhook::message;

/// A token is good for so long.
const TOKEN_MINUTES: i64 = 30;
/// How long a `merchant_uid` may be, characters.
const MERCHANT_UID_CHARS: usize = 40;

type Sandbox = State<Arc<Shop>>;

/// The routes, all but the first behind an access token.
pub(super) fn router(shop: &Arc<Shop>) -> Router {
    let behind_token = Router::new()
        .route("/payments/{imp_uid}", get(get_payment))
        .route("/payments/find/{merchant_uid}", get(find_payment))
        .route("/payments/cancel", post(cancel))
        .route("/payments/prepare", post(prepare))
        .route("/subscribe/payments/again", post(again))
        .layer(from_fn_with_state(shop.clone(), authenticate));
    let all = Router::new().route("/users/getToken", post(get_token)).merge(behind_token);
    Router::new().nest("/v1", all).with_state(shop.clone())
}

/// A refusal in V1's envelope: HTTP 200 with a code, save for a bad token and for a payment that does not exist.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: i32,
    message: String,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, code: 1, message: message.into() }
    }

    fn unauthorized(message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, code: -1, message: message.to_owned() }
    }

    fn not_found() -> Self {
        let message = "존재하지 않는 결제정보입니다.".to_owned();
        Self { status: StatusCode::NOT_FOUND, code: 1, message }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let message = match error.kind() {
            "PAYMENT_ALREADY_CANCELLED" => "이미 전액취소된 주문입니다.",
            "PAYMENT_NOT_PAID" => "결제완료되지 않은 주문은 취소할 수 없습니다.",
            "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN" => "취소 가능 잔액 검증에 실패하였습니다.",
            "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT" => "취소 가능 금액을 초과하였습니다.",
            "ALREADY_PAID" => "이미 승인완료된 merchant_uid로 결제를 신청할 수 없습니다.",
            "BILLING_KEY_NOT_FOUND" | "BILLING_KEY_ALREADY_DELETED" => "등록되지 않은 구매자입니다.",
            _ => return Self::new(error.message()),
        };
        Self::new(message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"code": self.code, "message": self.message, "response": null});
        (self.status, Json(body)).into_response()
    }
}

fn done(response: impl Into<Value>) -> Value {
    json!({"code": 0, "message": null, "response": response.into()})
}

/// Reads a JSON body or a form, as V1 takes either.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value = if kind.starts_with("application/x-www-form-urlencoded") {
        let query = String::from_utf8_lossy(body);
        let form = reqwest::Url::parse(&format!("http://form.invalid/?{query}"));
        let form = form.map_err(|error| Refusal::new(error.to_string()))?;
        form.query_pairs().map(|(key, value)| (key.into_owned(), Value::String(value.into_owned()))).collect()
    } else {
        serde_json::from_slice(body).map_err(|error| Refusal::new(error.to_string()))?
    };
    serde_json::from_value(value).map_err(|error| Refusal::new(error.to_string()))
}

fn maybe_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Won>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?.filter(|value| !value.is_null());
    value.map(amount).transpose().map_err(serde::de::Error::custom)
}

/// Yes or no: in a form it is a text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let flag = value.as_bool().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    flag.ok_or_else(|| serde::de::Error::custom("true or false"))
}

#[derive(Deserialize)]
struct Credentials {
    imp_key: String,
    imp_secret: String,
}

async fn get_token(State(shop): Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    under_faults(&shop, "token", "", |_| {
        let given: Credentials = read(&headers, &body)?;
        let own = &shop.config.v1;
        if given.imp_key != own.imp_key || given.imp_secret != own.imp_secret {
            return Err(Refusal::unauthorized(
                "imp_key, imp_secret 인증에 실패하였습니다. API키와 secret을 확인하세요.",
            ));
        }
        let now = shop.clock.now();
        let mut state = lock(&shop.state);
        let valid = state.v1_token.clone().filter(|(_, ends_at)| *ends_at > now);
        let (token, ends_at) = valid.unwrap_or_else(|| {
            let ends_at = now.saturating_add(SignedDuration::from_mins(TOKEN_MINUTES)).unwrap_or(now);
            (random_id(""), ends_at)
        });
        state.v1_token = Some((token.clone(), ends_at));
        let (now, expired_at) = (now.as_second(), ends_at.as_second());
        Ok(done(json!({"access_token": token, "now": now, "expired_at": expired_at})))
    })
    .await
}

async fn authenticate(State(shop): Sandbox, request: Request, next: Next) -> Response {
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let given = given.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    let now = shop.clock.now();
    let valid = lock(&shop.state)
        .v1_token
        .as_ref()
        .is_some_and(|(token, ends_at)| Some(token.as_str()) == given && *ends_at > now);
    if !valid {
        return Refusal::unauthorized("Unauthorized").into_response();
    }
    next.run(request).await
}

#[derive(Deserialize)]
struct GetQuery {
    #[serde(default)]
    include_sandbox: bool,
}

/// The payment of an attempt. One on a test channel is only shown to who asks for such.
fn shown(shop: &Shop, payment_id: Option<String>, query: &GetQuery) -> Result<Value, Refusal> {
    let state = lock(&shop.state);
    let record = payment_id.and_then(|id| state.payments.get(&id)).ok_or_else(Refusal::not_found)?;
    if is_test(shop) && !query.include_sandbox {
        return Err(Refusal::not_found());
    }
    Ok(done(json::payment(record)))
}

/// The shop's id of the payment whose last attempt this is.
fn of_attempt(state: &ShopState, imp_uid: &str) -> Option<String> {
    let found = state.payments.values().find(|record| record.transaction_id == imp_uid);
    found.map(|record| record.order.payment_id.clone())
}

async fn get_payment(
    State(shop): Sandbox,
    Path(imp_uid): Path<String>,
    Query(query): Query<GetQuery>,
) -> Response {
    let id = of_attempt(&lock(&shop.state), &imp_uid);
    let named = id.clone().unwrap_or_default();
    under_faults(&shop, "get", &named, |_| shown(&shop, id, &query)).await
}

async fn find_payment(
    State(shop): Sandbox,
    Path(merchant_uid): Path<String>,
    Query(query): Query<GetQuery>,
) -> Response {
    under_faults(&shop, "get", &merchant_uid, |_| shown(&shop, Some(merchant_uid.clone()), &query)).await
}

#[derive(Deserialize)]
struct CancelBody {
    imp_uid: Option<String>,
    merchant_uid: Option<String>,
    #[serde(default, deserialize_with = "maybe_amount")]
    amount: Option<Won>,
    #[serde(default, deserialize_with = "maybe_amount")]
    tax_free: Option<Won>,
    #[serde(default, deserialize_with = "maybe_amount")]
    checksum: Option<Won>,
    #[serde(default)]
    reason: String,
    refund_bank: Option<String>,
    refund_account: Option<String>,
    refund_holder: Option<String>,
    /// A cancellation by API is told by webhook only on demand.
    #[serde(default, deserialize_with = "flag")]
    enable_webhook: bool,
}

async fn cancel(State(shop): Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    let read: Result<CancelBody, Refusal> = read(&headers, &body);
    let id = read.as_ref().ok().and_then(|body| match (&body.imp_uid, &body.merchant_uid) {
        (Some(imp_uid), _) => of_attempt(&lock(&shop.state), imp_uid),
        (None, merchant_uid) => merchant_uid.clone(),
    });
    let named = id.clone().unwrap_or_default();
    under_faults(&shop, "cancel", &named, |refused| {
        let body = read?;
        let known = id.filter(|id| lock(&shop.state).payments.contains_key(id));
        let id = known.ok_or_else(|| Refusal::new("취소할 결제건이 존재하지 않습니다."))?;
        if refused {
            return Err(Refusal::new("취소할 수 없는 결제입니다."));
        }
        let order = CancelOrder {
            amount: body.amount,
            tax_free: body.tax_free.unwrap_or_default(),
            vat: None,
            reason: body.reason,
            trigger: "API",
            current_cancellable: body.checksum,
            has_refund_account: body.refund_bank.is_some()
                && body.refund_account.is_some()
                && body.refund_holder.is_some(),
        };
        shop.cancel(&id, order, !body.enable_webhook)?;
        let state = lock(&shop.state);
        Ok(done(state.payments.get(&id).map(json::payment).unwrap_or_default()))
    })
    .await
}

#[derive(Deserialize)]
struct PrepareBody {
    merchant_uid: String,
    #[serde(deserialize_with = "amount")]
    amount: Won,
}

async fn prepare(State(shop): Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    let read: Result<PrepareBody, Refusal> = read(&headers, &body);
    let named = read.as_ref().map(|body| body.merchant_uid.clone()).unwrap_or_default();
    under_faults(&shop, "preRegister", &named, |_| {
        let PrepareBody { merchant_uid, amount: total } = read?;
        check_uid(&merchant_uid)?;
        let mut state = lock(&shop.state);
        if state.prepared.contains_key(&merchant_uid) {
            return Err(Refusal::new("이미 등록된 merchant_uid입니다."));
        }
        if total.is_negative() || total.is_zero() {
            return Err(Refusal::new("amount는 0보다 커야 합니다."));
        }
        let answer = json!({"merchant_uid": merchant_uid, "amount": total});
        state.prepared.insert(merchant_uid, Prepared { total, currency: "KRW".to_owned() });
        Ok(done(answer))
    })
    .await
}

fn check_uid(merchant_uid: &str) -> Result<(), Refusal> {
    match merchant_uid.chars().count() {
        1..=MERCHANT_UID_CHARS => Ok(()),
        _ => Err(Refusal::new("merchant_uid는 1자 이상 40자 이하입니다.")),
    }
}

#[derive(Deserialize)]
struct AgainBody {
    customer_uid: String,
    merchant_uid: String,
    #[serde(deserialize_with = "amount")]
    amount: Won,
    #[serde(default, deserialize_with = "maybe_amount")]
    tax_free: Option<Won>,
    name: String,
    buyer_name: Option<String>,
    custom_data: Option<String>,
    notice_url: Option<String>,
}

/// A charge of a registered card. A card company's refusal is no refusal of the call: the payment it answers is `failed`.
async fn again(State(shop): Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    let read: Result<AgainBody, Refusal> = read(&headers, &body);
    let id = read.as_ref().map(|body| body.merchant_uid.clone()).unwrap_or_default();
    let mut deciding = None;
    let answer = under_faults(&shop, "billingKey", &id, |refused| {
        let body = read?;
        check_uid(&body.merchant_uid)?;
        let order = Order {
            payment_id: body.merchant_uid,
            store_id: shop.config.store_id.clone(),
            channel_key: shop.config.channel_key.clone(),
            name: body.name,
            total: body.amount,
            tax_free: body.tax_free.unwrap_or_default(),
            currency: "KRW".to_owned(),
            customer: body.buyer_name.map_or_else(|| json!({}), |name| json!({"name": name})),
            custom_data: body.custom_data,
            notice_urls: body.notice_url.into_iter().collect(),
            billing_key: Some(body.customer_uid.clone()),
            schedule_id: None,
            version: Version::V1,
            deposit_hours: super::shop::DEPOSIT_HOURS,
        };
        match shop.charge(order, &body.customer_uid, refused) {
            Ok(Charge::Deciding(told)) => deciding = Some(told),
            Ok(Charge::Approved(_)) => {}
            Err(error) if error.kind() == "PG_PROVIDER" => {}
            Err(error) => return Err(error.into()),
        }
        let state = lock(&shop.state);
        Ok::<_, Refusal>(done(state.payments.get(&id).map(json::payment).unwrap_or_default()))
    })
    .await;
    let Some(told) = deciding else { return answer };
    if told.await.is_err() {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    let state = lock(&shop.state);
    Json(done(state.payments.get(&id).map(json::payment).unwrap_or_default())).into_response()
}
