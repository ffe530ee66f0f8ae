//! Solapi's messages API. The codes of failed messages that Solapi publishes only behind its login are the sandbox's own
//! choice (marked below); clients tell them apart by class, not by number.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use baro_clients::solapi::{CarrierText, TextKind};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Desk, SentMessage};
use crate::sandbox::support::{lock, now, random_id, rfc3339};

/// How far a signature's date may be off, seconds.
const SKEW_SECONDS: i64 = 900;
const TAKEN: &str = "2000";
/// The sandbox's own: the caller number is not registered.
const WRONG_CALLER: &str = "1010";
/// The sandbox's own: the number is not a mobile number.
const WRONG_NUMBER: &str = "1020";
/// The sandbox's own: template, channel or variables don't fit.
const WRONG_TEMPLATE: &str = "1030";
/// The sandbox's own: too long for its type.
const TOO_LONG: &str = "1040";

type Sandbox = State<Arc<Desk>>;

pub(super) fn router(desk: &Arc<Desk>) -> Router {
    Router::new()
        .route("/messages/v4/send-many/detail", post(send))
        .route("/messages/v4/list", get(list))
        .with_state(desk.clone())
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"errorCode": code, "errorMessage": message}))).into_response()
}

/// `HMAC-SHA256 apiKey=…, date=…, salt=…, signature=…`; a signature is taken once.
fn authenticate(desk: &Desk, headers: &HeaderMap) -> Result<(), (&'static str, &'static str)> {
    let refused = |code, message| Err((code, message));
    let header = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(fields) = header.strip_prefix("HMAC-SHA256 ") else {
        return refused("Unauthorized", "인증 정보가 없습니다.");
    };
    let fields: BTreeMap<&str, &str> =
        fields.split(',').filter_map(|field| field.trim().split_once('=')).collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    if field("apiKey") != desk.config.api_key {
        return refused("InvalidAPIKey", "유효한 API Key가 아닙니다.");
    }
    let Ok(date) = field("date").parse::<Timestamp>() else {
        return refused("InvalidDate", "날짜 형식이 올바르지 않습니다.");
    };
    if (now().as_second() - date.as_second()).abs() > SKEW_SECONDS {
        return refused("RequestTimeTooSkewed", "요청 시간과 서버 시간의 차이가 큽니다.");
    }
    let salt = field("salt");
    if !(12..=64).contains(&salt.len()) {
        return refused("InvalidSalt", "salt는 12~64자입니다.");
    }
    let expected = Hmac::<Sha256>::new_from_slice(desk.config.api_secret.as_bytes())
        .map(|mac| mac.chain_update(field("date")).chain_update(salt).finalize().into_bytes());
    if expected.map(hex::encode).ok().as_deref() != Some(field("signature")) {
        return refused("SignatureDoesNotMatch", "서명이 일치하지 않습니다.");
    }
    if !lock(&desk.state).used_signatures.insert(field("signature").to_owned()) {
        return refused("DuplicatedSignature", "이미 사용된 서명입니다.");
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendBody {
    messages: Vec<Message>,
    #[serde(default)]
    show_message_list: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    to: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    text: String,
    #[serde(rename = "type", default = "sms")]
    kind: String,
    kakao_options: Option<KakaoOptions>,
    #[serde(default)]
    custom_fields: BTreeMap<String, String>,
}

fn sms() -> String {
    "SMS".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KakaoOptions {
    #[serde(default)]
    pf_id: String,
    #[serde(default)]
    template_id: String,
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

async fn send(State(desk): Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    let strike = desk.strike("text");
    tokio::time::sleep(strike.latency).await;
    if let Some(status) = strike.refusal {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return error(status, "SandboxFault", "sandbox fault");
    }
    if let Err((code, message)) = authenticate(&desk, &headers) {
        return error(StatusCode::FORBIDDEN, code, message);
    }
    let body: SendBody = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(cause) => return error(StatusCode::BAD_REQUEST, "ValidationError", &cause.to_string()),
    };
    if body.messages.is_empty() {
        return error(StatusCode::BAD_REQUEST, "ValidationError", "messages가 비어 있습니다.");
    }
    let answer = take_all(&desk, &body);
    if let Some(silence) = strike.silence_after {
        desk.be_silent(silence).await;
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    Json(answer).into_response()
}

fn take_all(desk: &Desk, body: &SendBody) -> Value {
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for message in &body.messages {
        let id = random_id("M4V");
        let common = json!({
            "messageId": id, "to": message.to, "from": message.from, "type": message.kind, "country": "82",
            "accountId": "baro-sandbox", "customFields": message.custom_fields,
        });
        let with = |code: &str, sentence: &str| {
            let mut item = common.clone();
            item["statusCode"] = json!(code);
            item["statusMessage"] = json!(sentence);
            item
        };
        match take(desk, message, &id) {
            Ok(()) => taken.push(with(TAKEN, "정상 접수(이통사로 접수 예정)")),
            Err((code, sentence)) => failed.push(with(&code, sentence)),
        }
    }
    let at = rfc3339(now());
    let mut answer = json!({
        "failedMessageList": failed,
        "groupInfo": {
            "count": {
                "total": body.messages.len(), "registeredFailed": failed.len(), "registeredSuccess": taken.len(),
                "sentTotal": 0, "sentFailed": 0, "sentSuccess": 0, "sentPending": 0, "sentReplacement": 0, "refund": 0,
            },
            "groupId": random_id("G4V"), "status": "SENDING", "accountId": "baro-sandbox", "apiVersion": "4",
            "allowDuplicates": false, "isRefunded": false, "dateCreated": at, "dateUpdated": at,
        },
    });
    if body.show_message_list {
        answer["messageList"] = Value::from(taken);
    }
    answer
}

/// What the person reads, or why Solapi does not take it.
fn read(desk: &Desk, message: &Message) -> Result<(&'static str, String), (String, &'static str)> {
    let refused = |code: &str, why: &'static str| Err((code.to_owned(), why));
    if message.kind == "ATA" {
        let Some(kakao) = &message.kakao_options else {
            return refused(WRONG_TEMPLATE, "kakaoOptions가 없습니다.");
        };
        let template = desk.config.templates.get(&kakao.template_id);
        let Some(template) = template.filter(|_| kakao.pf_id == desk.config.pf_id) else {
            return refused(WRONG_TEMPLATE, "승인된 템플릿이 아닙니다.");
        };
        let text =
            kakao.variables.iter().fold(template.clone(), |text, (name, value)| text.replace(name, value));
        return match (text.contains("#{"), text.chars().count()) {
            (true, _) => refused(WRONG_TEMPLATE, "치환되지 않은 변수가 있습니다."),
            (false, 0..=1_000) => Ok(("alimTalk", text)),
            (false, _) => refused(TOO_LONG, "알림톡은 1,000자까지입니다."),
        };
    }
    match (message.kind.as_str(), CarrierText::new(&message.text)) {
        ("SMS", Ok(text)) if text.kind == TextKind::Sms && text.bytes > 0 => Ok(("sms", text.text)),
        ("LMS", Ok(text)) if text.bytes > 0 => Ok(("lms", text.text)),
        _ => refused(TOO_LONG, "메시지 길이가 올바르지 않습니다."),
    }
}

fn take(desk: &Desk, message: &Message, id: &str) -> Result<(), (String, &'static str)> {
    if message.from != desk.config.from {
        return Err((WRONG_CALLER.to_owned(), "등록되지 않은 발신번호입니다."));
    }
    let digits = message.to.len() >= 10
        && message.to.starts_with("01")
        && message.to.bytes().all(|c| c.is_ascii_digit());
    if !digits {
        return Err((WRONG_NUMBER.to_owned(), "수신번호가 올바르지 않습니다."));
    }
    let (channel, text) = read(desk, message)?;
    let mut state = lock(&desk.state);
    if let Some(code) = state.failing_numbers.get(&message.to) {
        return Err((code.clone(), "sandbox: this number fails"));
    }
    state.sent.push(SentMessage {
        id: id.to_owned(),
        channel,
        to: message.to.clone(),
        text,
        notice_id: message.custom_fields.get("noticeId").cloned(),
        at: now(),
        status_code: "4000".to_owned(),
        copies: 1,
    });
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    to: Option<String>,
    message_id: Option<String>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    limit: Option<usize>,
}

async fn list(State(desk): Sandbox, headers: HeaderMap, Query(query): Query<ListQuery>) -> Response {
    if let Err((code, message)) = authenticate(&desk, &headers) {
        return error(StatusCode::FORBIDDEN, code, message);
    }
    let limit = query.limit.unwrap_or(20).min(500);
    let state = lock(&desk.state);
    let found = state
        .sent
        .iter()
        .rev()
        .filter(|sent| sent.channel != "push")
        .filter(|sent| query.to.as_ref().is_none_or(|to| *to == sent.to))
        .filter(|sent| query.message_id.as_ref().is_none_or(|id| *id == sent.id))
        .filter(|sent| query.start_date.is_none_or(|from| sent.at >= from))
        .filter(|sent| query.end_date.is_none_or(|until| sent.at <= until))
        .take(limit);
    let messages: serde_json::Map<String, Value> = found
        .map(|sent| {
            let kind = match sent.channel {
                "alimTalk" => "ATA",
                "lms" => "LMS",
                _ => "SMS",
            };
            let message = json!({
                "messageId": sent.id, "type": kind, "to": sent.to, "from": desk.config.from, "text": sent.text,
                "status": "COMPLETE", "statusCode": sent.status_code, "dateCreated": rfc3339(sent.at),
                "customFields": sent.notice_id.as_ref().map(|id| json!({"noticeId": id})),
            });
            (sent.id.clone(), message)
        })
        .collect();
    Json(json!({"startKey": null, "nextKey": null, "limit": limit, "messageList": messages})).into_response()
}
