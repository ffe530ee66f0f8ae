//! PortOne's typed errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error as PortOne's API answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    kind: &'static str,
    message: String,
    pg: Option<(String, String)>,
}

impl ApiError {
    /// An error of a type with its sentence.
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), pg: None }
    }

    /// The PG behind PortOne refused.
    pub(super) fn pg(code: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind: "PG_PROVIDER", message: message.clone(), pg: Some((code.into(), message)) }
    }

    /// 400.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("INVALID_REQUEST", message)
    }

    /// PortOne's `type`.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The sentence.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The code and sentence of the PG behind PortOne, when it was it that refused.
    pub(super) fn pg_said(&self) -> Option<(&str, &str)> {
        self.pg.as_ref().map(|(code, message)| (code.as_str(), message.as_str()))
    }

    fn status(&self) -> StatusCode {
        match self.kind {
            "INVALID_REQUEST" | "INVALID_PAYMENT_TOKEN" | "INFORMATION_MISMATCH" => StatusCode::BAD_REQUEST,
            "UNAUTHORIZED" => StatusCode::UNAUTHORIZED,
            "FORBIDDEN" => StatusCode::FORBIDDEN,
            "PG_PROVIDER" => StatusCode::BAD_GATEWAY,
            kind if kind.ends_with("_NOT_FOUND") => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({"type": self.kind, "message": self.message});
        if let Some((code, message)) = &self.pg {
            body["pgCode"] = json!(code);
            body["pgMessage"] = json!(message);
        }
        (self.status(), Json(body)).into_response()
    }
}
