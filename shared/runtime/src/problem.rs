//! Errors as a client sees them: `application/problem+json` (RFC 9457) with a stable `code`. Debug text never leaves the function.

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use ::http::{HeaderValue, Response, StatusCode};
use lambda_http::Body;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// Where a `type` points; the code is the fragment.
pub const TYPE_BASE: &str = "https://baro.example/errors#";

/// One entry of a crate's table of codes. Every crate that answers clients lists its codes in a `pub const CODES: &[ErrorCode]`;
/// a test compares the tables with `infra/docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// HTTP status.
    pub status: u16,
    /// Stable, kebab-case, never reused for another meaning.
    pub code: &'static str,
    /// The same sentence for every occurrence.
    pub title: &'static str,
}

impl ErrorCode {
    /// An entry of the table.
    pub const fn new(status: u16, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title }
    }

    /// An occurrence of it.
    pub fn problem(self) -> Problem {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Problem::new(status, self.code, self.title)
    }
}

/// Something went wrong that only we can repair.
pub const INTERNAL_ERROR: ErrorCode =
    ErrorCode::new(500, "internal-error", "The request could not be handled");
/// Something we depend on doesn't answer; trying again is right.
pub const UNAVAILABLE: ErrorCode =
    ErrorCode::new(503, "temporarily-unavailable", "Please try again in a moment");
/// There is no such path.
pub const ROUTE_NOT_FOUND: ErrorCode =
    ErrorCode::new(404, "route-not-found", "There is nothing at this address");
/// The path exists, with another method.
pub const METHOD_NOT_ALLOWED: ErrorCode =
    ErrorCode::new(405, "method-not-allowed", "This address does not take this method");

/// What a client is told about an error.
///
/// The members are those of RFC 9457 plus `code` and any added by [`Problem::with`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Members>);

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Members {
    #[serde(rename = "type")]
    kind: String,
    title: Cow<'static, str>,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
    #[serde(skip)]
    cause: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    /// An error without details. Prefer [`ErrorCode::problem`], which keeps the table complete.
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Members {
            kind: format!("{TYPE_BASE}{code}"),
            title: title.into(),
            status,
            code,
            detail: None,
            instance: None,
            extra: Map::new(),
            retry_after_s: None,
            cause: None,
        }))
    }

    /// What happened this time, in words that help the client to mend it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// What names this occurrence; the runner puts the request id here where nothing else stands.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.0.instance = Some(instance.into());
        self
    }

    /// An extra member. The members of the standard can't be overwritten this way.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        if !matches!(member, "type" | "title" | "status" | "code" | "detail" | "instance") {
            self.0.extra.insert(member.to_owned(), value.into());
        }
        self
    }

    /// When to try again, in seconds; becomes the `Retry-After` header.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The cause, for the log alone: the client never sees it. It must hold no plate, phone number or secret.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened this time, if told.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The cause for the log, if known.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// An extra member added by [`Problem::with`].
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.extra.get(name)
    }

    pub(crate) fn or_instance(mut self, instance: impl FnOnce() -> Option<String>) -> Self {
        if self.0.instance.is_none() {
            self.0.instance = instance();
        }
        self
    }

    /// Writes the one log line of this error: what is ours to mend as an error, what the client has to mend as information.
    /// The detail may quote the request, so it stays out.
    pub fn log(&self) {
        let (code, status) = (self.0.code, self.0.status.as_u16());
        let cause = self.0.cause.as_deref().unwrap_or("");
        if self.0.status.is_server_error() {
            tracing::error!(code, status, cause, "request failed");
        } else {
            tracing::info!(code, status, cause, "request refused");
        }
    }

    /// The answer to the client.
    pub fn into_response(self) -> Response<Body> {
        let text = serde_json::to_string(&self).unwrap_or_else(|_| last_resort());
        let mut response = Response::new(Body::Text(text));
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What is said when even the error can't be written: a constant, so that it can't fail.
fn last_resort() -> String {
    format!(
        r#"{{"type":"{TYPE_BASE}{code}","title":"{title}","status":{status},"code":"{code}"}}"#,
        code = INTERNAL_ERROR.code,
        title = INTERNAL_ERROR.title,
        status = INTERNAL_ERROR.status,
    )
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.title, self.0.code)
    }
}

impl std::error::Error for Problem {}

/// How a layer's own error is told to a client. The implementation chooses the code; the error's Display goes to the log as the cause.
pub trait ToProblem {
    /// The problem that a client sees.
    fn to_problem(&self) -> Problem;
}

/// For a failure of what lies below: asked again in a second where that may help, else an internal error.
pub fn failure(error: &(dyn std::error::Error + 'static), is_transient: bool) -> Problem {
    if is_transient {
        UNAVAILABLE.problem().retry_after_s(1).caused_by(chain(error))
    } else {
        internal(error)
    }
}

/// For an error that has no words for a client: code `internal-error`, with the whole chain of causes for the log.
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    INTERNAL_ERROR.problem().caused_by(chain(error))
}

/// An error and all that caused it, as one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some libraries repeat their source in their own Display.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response<Body>) -> Value {
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn a_problem_has_the_members_of_the_standard_and_a_code() {
        let response = ErrorCode::new(404, "unknown-lot", "There is no such lot")
            .problem()
            .detail("lot_1 is not known here")
            .with("lot", "lot_1")
            .with("status", 200)
            .into_response();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            body(&response),
            serde_json::json!({
                "type": "https://baro.example/errors#unknown-lot",
                "title": "There is no such lot",
                "status": 404,
                "code": "unknown-lot",
                "detail": "lot_1 is not known here",
                "lot": "lot_1",
            })
        );
    }

    #[test]
    fn the_cause_is_for_the_log_and_never_for_the_client() {
        let cause = std::io::Error::other("password=hunter2");
        let problem = internal(&cause);
        assert_eq!(problem.cause(), Some("password=hunter2"));
        let response = problem.into_response();
        assert_eq!(response.status(), 500);
        assert!(!String::from_utf8_lossy(response.body()).contains("hunter2"));
    }

    #[test]
    fn a_chain_of_causes_is_one_line_without_repetition() {
        #[derive(Debug, thiserror::Error)]
        #[error("can't store the visit: {0}")]
        struct Outer(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("the gate got no answer")]
        struct Outermost(#[source] Outer);
        let error = Outermost(Outer(std::io::Error::other("connection reset")));
        assert_eq!(chain(&error), "the gate got no answer: can't store the visit: connection reset");
    }

    #[test]
    fn waiting_is_told_in_the_header() {
        let response = UNAVAILABLE.problem().retry_after_s(3).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "3");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn the_last_resort_is_a_valid_problem() {
        let value: Value = serde_json::from_str(&last_resort()).unwrap();
        assert_eq!(value, serde_json::to_value(INTERNAL_ERROR.problem()).unwrap());
    }
}
