//! Firebase Cloud Messaging, HTTP v1: a push to one phone.
//!
//! A push carries the notice's id as its collapse id, so a push that is sent twice replaces itself on the phone: an unclear
//! outcome may simply be repeated.

mod oauth;

use std::collections::BTreeMap;

use async_trait::async_trait;
use baro_domain::NoticeId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Answer, CallFailure, HttpClient};
use crate::secret::Secret;
use oauth::{AccessTokens, TokenError};

/// The service account that may send: the `fcm` part of the messenger secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FcmAccount {
    /// Firebase project.
    pub project_id: String,
    /// The service account.
    pub client_email: String,
    /// Its private key: PKCS#8 PEM, RSA.
    pub private_key: Secret,
}

/// Where Google is.
#[derive(Debug, Clone)]
pub struct FcmEndpoints {
    /// `https://fcm.googleapis.com`
    pub base_url: String,
    /// `https://oauth2.googleapis.com/token`
    pub token_url: String,
}

/// A push to one phone.
#[derive(Debug, Clone)]
pub struct PushMessage {
    /// The notice it carries: its collapse id.
    pub notice: NoticeId,
    /// Registration token of the phone.
    pub token: Secret,
    /// Title.
    pub title: String,
    /// Text.
    pub body: String,
    /// For the app.
    pub data: BTreeMap<String, String>,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// Google took it.
    Sent {
        /// Google's name of the message.
        name: String,
    },
    /// The phone is gone or the token never was one: forget the token, try another channel.
    Unregistered,
    /// Google can't now; sending again is safe.
    Retry(String),
    /// Google will not: try another channel.
    Refused(String),
}

/// Sends pushes.
#[async_trait]
pub trait PushSender: Send + Sync {
    /// Sends a push to one phone.
    async fn push(&self, message: &PushMessage, now: Timestamp) -> PushOutcome;
}

/// A client of FCM HTTP v1.
#[derive(Debug)]
pub struct Fcm {
    http: HttpClient,
    send_url: String,
    tokens: AccessTokens,
}

impl Fcm {
    /// A client over the shared HTTP client. Opens no connection and reads no key yet.
    pub fn new(http: HttpClient, endpoints: &FcmEndpoints, account: FcmAccount) -> Self {
        let base_url = endpoints.base_url.trim_end_matches('/');
        let send_url = format!("{base_url}/v1/projects/{}/messages:send", account.project_id);
        let tokens = AccessTokens::new(http.clone(), endpoints.token_url.clone(), account);
        Self { http, send_url, tokens }
    }
}

#[async_trait]
impl PushSender for Fcm {
    async fn push(&self, message: &PushMessage, now: Timestamp) -> PushOutcome {
        let access_token = match self.tokens.get(now).await {
            Ok(token) => token,
            Err(TokenError::Passing(cause)) => return PushOutcome::Retry(cause),
            Err(TokenError::Refused(cause)) => return PushOutcome::Refused(cause),
        };
        let request =
            self.http.inner().post(&self.send_url).bearer_auth(access_token.expose()).json(&body(message));
        let outcome = match self.http.call(request).await {
            Ok(answer) => sort(&answer),
            Err(CallFailure::NotSent(cause) | CallFailure::NoAnswer(cause)) => PushOutcome::Retry(cause),
        };
        if matches!(&outcome, PushOutcome::Retry(cause) if cause == UNAUTHENTICATED) {
            self.tokens.forget().await;
        }
        outcome
    }
}

const UNAUTHENTICATED: &str = "the access token is no longer accepted";

fn body(message: &PushMessage) -> Value {
    let id = message.notice.as_str();
    json!({"message": {
        "token": message.token.expose(),
        "notification": {"title": message.title, "body": message.body},
        "data": message.data,
        "android": {"collapse_key": id, "notification": {"tag": id}},
        // APNs takes at most 64 bytes here; a notice's id has 24.
        "apns": {"headers": {"apns-collapse-id": id}},
    }})
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorStatus,
}

#[derive(Deserialize)]
struct ErrorStatus {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<Value>,
}

fn sort(answer: &Answer) -> PushOutcome {
    if answer.is_success() {
        let name = answer.json::<Value>().and_then(|body| Some(body.get("name")?.as_str()?.to_owned()));
        return PushOutcome::Sent { name: name.unwrap_or_default() };
    }
    if answer.status == 401 {
        return PushOutcome::Retry(UNAUTHENTICATED.to_owned());
    }
    if answer.is_passing_fault() {
        return PushOutcome::Retry(format!("HTTP {}", answer.status));
    }
    let Some(ErrorBody { error }) = answer.json() else {
        return PushOutcome::Refused(format!("HTTP {}", answer.status));
    };
    if token_is_gone(&error) {
        return PushOutcome::Unregistered;
    }
    // The sentence can repeat what was sent, also the phone's token: only its kind is told.
    PushOutcome::Refused(format!("HTTP {} {}", answer.status, error.status))
}

/// Only FCM's own detail condemns a token: the same status also comes for a bad field or a wrong project. And FCM's own
/// INVALID_ARGUMENT condemns it only if no other field is named as the bad one.
fn token_is_gone(error: &ErrorStatus) -> bool {
    let of = |kind: &str| {
        let kind = format!("type.googleapis.com/{kind}");
        error.details.iter().find(move |detail| detail["@type"] == kind.as_str())
    };
    let Some(detail) = of("google.firebase.fcm.v1.FcmError") else { return false };
    match detail["errorCode"].as_str() {
        Some("UNREGISTERED") => true,
        Some("INVALID_ARGUMENT") => of("google.rpc.BadRequest")
            .and_then(|request| request["fieldViolations"].as_array())
            .map_or(!error.message.contains("message."), |fields| {
                fields.iter().all(|field| field["field"] == "message.token")
            }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, body: &str) -> PushOutcome {
        sort(&Answer { status, body: body.as_bytes().to_vec() })
    }

    fn error(code: &str, details: &str) -> String {
        format!(r#"{{"error":{{"code":400,"message":"m","status":"{code}","details":[{details}]}}}}"#)
    }

    const FCM_UNREGISTERED: &str =
        r#"{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"UNREGISTERED"}"#;
    const FCM_INVALID: &str =
        r#"{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"INVALID_ARGUMENT"}"#;

    #[test]
    fn a_token_is_dropped_only_on_fcms_own_word() {
        assert_eq!(outcome(404, &error("NOT_FOUND", FCM_UNREGISTERED)), PushOutcome::Unregistered);
        assert_eq!(outcome(400, &error("INVALID_ARGUMENT", FCM_INVALID)), PushOutcome::Unregistered);
        assert!(matches!(outcome(404, &error("NOT_FOUND", "")), PushOutcome::Refused(_)));
        assert!(matches!(outcome(400, &error("INVALID_ARGUMENT", "")), PushOutcome::Refused(_)));
    }

    #[test]
    fn a_bad_field_of_ours_does_not_cost_a_person_the_token() {
        let field = |name| {
            format!(
                r#"{FCM_INVALID},{{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{{"field":"{name}"}}]}}"#
            )
        };
        let ours = outcome(400, &error("INVALID_ARGUMENT", &field("message.data[0].value")));
        assert!(matches!(ours, PushOutcome::Refused(_)));
        assert_eq!(
            outcome(400, &error("INVALID_ARGUMENT", &field("message.token"))),
            PushOutcome::Unregistered
        );
    }

    #[test]
    fn quota_and_faults_pass() {
        for status in [401, 429, 500, 503] {
            assert!(matches!(outcome(status, ""), PushOutcome::Retry(_)), "{status}");
        }
    }

    #[test]
    fn a_repeated_push_replaces_the_first() {
        let notice = NoticeId::derive(&["evt_1"]);
        let message = PushMessage {
            notice: notice.clone(),
            token: Secret::new("token"),
            title: "출차".into(),
            body: "안녕히 가세요".into(),
            data: BTreeMap::new(),
        };
        let sent = body(&message);
        assert_eq!(sent["message"]["android"]["collapse_key"], notice.as_str());
        assert_eq!(sent["message"]["android"]["notification"]["tag"], notice.as_str());
        assert_eq!(sent["message"]["apns"]["headers"]["apns-collapse-id"], notice.as_str());
        assert!(!format!("{message:?}").contains("\"token\""));
    }
}
