//! Google's token endpoint and FCM HTTP v1.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use rsa::pkcs1v15::Signature;
use rsa::signature::Verifier;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, SentMessage};
use crate::sandbox::support::{lock, now, random_id};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an access token lasts, seconds.
const TOKEN_SECONDS: i64 = 3_599;
/// How far an assertion's times may be off, seconds.
const SKEW_SECONDS: i64 = 60;

type Sandbox = State<Arc<Desk>>;

pub(super) fn router(desk: &Arc<Desk>) -> Router {
    Router::new()
        .route("/token", post(token))
        .route("/v1/projects/{project}/messages:send", post(send))
        .with_state(desk.clone())
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    assertion: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

async fn token(State(desk): Sandbox, headers: HeaderMap, Form(form): Form<TokenForm>) -> Response {
    let strike = desk.strike("token");
    tokio::time::sleep(strike.latency).await;
    if let Some(status) = strike.refusal {
        return StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE).into_response();
    }
    if form.grant_type != GRANT_TYPE {
        return oauth_error("unsupported_grant_type", "Invalid grant_type");
    }
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    if let Err(why) = check_assertion(&desk, &form.assertion, &format!("http://{host}/token")) {
        return oauth_error("invalid_grant", why);
    }
    let value = random_id("ya29.");
    let expires_at = now().saturating_add(SignedDuration::from_secs(TOKEN_SECONDS)).unwrap_or_default();
    lock(&desk.state).access_tokens.insert(value.clone(), expires_at);
    Json(json!({"access_token": value, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})).into_response()
}

fn oauth_error(code: &str, why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": code, "error_description": why}))).into_response()
}

fn check_assertion(desk: &Desk, assertion: &str, audience: &str) -> Result<(), &'static str> {
    let malformed = "Invalid JWT";
    let (signed, signature) = assertion.rsplit_once('.').ok_or(malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
    let signature = Signature::try_from(signature.as_slice()).map_err(|_| malformed)?;
    desk.public_key.verify(signed.as_bytes(), &signature).map_err(|_| "Invalid JWT Signature.")?;
    let (header, claims) = signed.split_once('.').ok_or(malformed)?;
    let header: Value = decode(header).ok_or(malformed)?;
    let claims: Claims = decode(claims).ok_or(malformed)?;
    let at = now().as_second();
    match () {
        () if header["alg"] != "RS256" => Err("Invalid JWT: alg"),
        () if claims.iss != desk.config.client_email => Err("Invalid grant: account not found"),
        () if claims.scope != SCOPE => Err("Invalid scope"),
        () if claims.aud != audience => Err("Invalid JWT: aud"),
        () if claims.iat > at + SKEW_SECONDS || claims.exp < at || claims.exp - claims.iat > 3_600 => {
            Err("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
        }
        () => Ok(()),
    }
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[derive(Deserialize)]
struct SendBody {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    token: String,
    #[serde(default)]
    notification: Notification,
    #[serde(default)]
    data: serde_json::Map<String, Value>,
    #[serde(default)]
    android: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Notification {
    title: String,
    body: String,
}

async fn send(
    State(desk): Sandbox,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let strike = desk.strike("push");
    tokio::time::sleep(strike.latency).await;
    if let Some(status) = strike.refusal {
        let (code, status_text) = if status == 429 {
            ("QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED")
        } else {
            ("UNAVAILABLE", "UNAVAILABLE")
        };
        return google_error(status, status_text, "sandbox fault", &[fcm_detail(code)]);
    }
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let known = bearer.and_then(|token| lock(&desk.state).access_tokens.get(token).copied());
    if known.is_none_or(|expires_at| expires_at < now()) {
        return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", &[]);
    }
    if project != desk.config.project_id {
        return google_error(
            403,
            "PERMISSION_DENIED",
            "no permission on this project",
            &[fcm_detail("SENDER_ID_MISMATCH")],
        );
    }
    let answer = accept(&desk, &project, &body);
    if let Some(silence) = strike.silence_after {
        desk.be_silent(silence).await;
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    answer
}

fn accept(desk: &Desk, project: &str, body: &[u8]) -> Response {
    let message = match serde_json::from_slice::<SendBody>(body) {
        Ok(body) => body.message,
        Err(error) => {
            return google_error(400, "INVALID_ARGUMENT", &error.to_string(), &[bad_request("message")]);
        }
    };
    if let Some((name, _)) = message.data.iter().find(|(_, value)| !value.is_string()) {
        let field = format!("message.data[{name}].value");
        return google_error(
            400,
            "INVALID_ARGUMENT",
            &format!("Invalid value at '{field}'"),
            &[bad_request(&field)],
        );
    }
    if message.token.is_empty() || message.token.contains(char::is_whitespace) {
        let details = [fcm_detail("INVALID_ARGUMENT"), bad_request("message.token")];
        return google_error(
            400,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
            &details,
        );
    }
    let mut state = lock(&desk.state);
    if state.unregistered_tokens.contains(&message.token) {
        return google_error(
            404,
            "NOT_FOUND",
            "Requested entity was not found.",
            &[fcm_detail("UNREGISTERED")],
        );
    }
    let collapse_key = message.android["collapse_key"].as_str().map(str::to_owned);
    let name = format!("projects/{project}/messages/{}", random_id("0:"));
    let shown = state.sent.iter_mut().find(|sent| {
        sent.channel == "push"
            && sent.to == message.token
            && collapse_key.is_some()
            && sent.notice_id == collapse_key
    });
    // A phone shows the newer of two pushes with one collapse id in place of the older.
    if let Some(shown) = shown {
        shown.copies += 1;
        shown.id.clone_from(&name);
    } else {
        state.sent.push(SentMessage {
            id: name.clone(),
            channel: "push",
            to: message.token,
            text: format!("{}\n{}", message.notification.title, message.notification.body),
            notice_id: collapse_key,
            at: now(),
            status_code: "4000".to_owned(),
            copies: 1,
        });
    }
    Json(json!({"name": name})).into_response()
}

fn google_error(status: u16, code: &str, message: &str, details: &[Value]) -> Response {
    let body = json!({"error": {"code": status, "message": message, "status": code, "details": details}});
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
}

fn fcm_detail(code: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
}

fn bad_request(field: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field}]})
}
