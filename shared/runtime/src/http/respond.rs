//! Writing an answer.

use crate::problem::{Problem, internal};
use ::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use ::http::{HeaderName, HeaderValue, Response, StatusCode};
use jiff::{Timestamp, tz::TimeZone};
use lambda_http::Body;
use serde::Serialize;

/// For how long an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// By nobody: anything about a visit, a payment or a person. The default of every answer.
    Never,
    /// By the client alone.
    Private {
        /// Seconds.
        max_age_s: u32,
    },
    /// By CloudFront too.
    Public {
        /// Seconds.
        max_age_s: u32,
    },
    /// By CloudFront too, which may go on giving it for a while as it fetches the next (RFC 5861).
    PublicWhileFetching {
        /// Seconds.
        max_age_s: u32,
        /// Seconds after those.
        stale_s: u32,
    },
}

/// A moment with the offset of a lot's zone, in whole seconds: people leave by the second told, not by a later one.
pub fn local_time(zone: &TimeZone, at: Timestamp) -> String {
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    at.display_with_offset(zone.to_offset(at)).to_string()
}

/// An answer as JSON that nobody keeps.
pub fn respond_json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Result<Response<Body>, Problem> {
    let text = serde_json::to_string(value).map_err(|error| internal(&error))?;
    Ok(respond_text(status, "application/json", text))
}

/// An answer of that content type that nobody keeps.
pub fn respond_text(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    with_caching(response, Caching::Never)
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    with_caching(response, Caching::Never)
}

/// The answer with another rule for caches.
pub fn with_caching(response: Response<Body>, caching: Caching) -> Response<Body> {
    let rule = match caching {
        Caching::Never => "no-store".to_owned(),
        Caching::Private { max_age_s } => format!("private, max-age={max_age_s}"),
        Caching::Public { max_age_s } => format!("public, max-age={max_age_s}"),
        Caching::PublicWhileFetching { max_age_s, stale_s } => {
            format!("public, max-age={max_age_s}, stale-while-revalidate={stale_s}")
        }
    };
    with_header(response, CACHE_CONTROL, &rule)
}

/// The answer with a header set; a value that no header can hold is left out.
pub fn with_header(mut response: Response<Body>, name: HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_the_offset_of_the_lot_not_of_the_server() {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        let at: Timestamp = "2026-11-20T01:00:00.987Z".parse().unwrap();
        assert_eq!(local_time(&zone, at), "2026-11-20T10:00:00+09:00");
    }

    #[test]
    fn an_answer_is_kept_by_nobody_unless_said_otherwise() {
        let response =
            respond_json(StatusCode::OK, &serde_json::json!({"amount": 1_500, "currency": "KRW"})).unwrap();
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(response.body().as_ref(), br#"{"amount":1500,"currency":"KRW"}"#);
        let kept = with_caching(response, Caching::Public { max_age_s: 30 });
        assert_eq!(kept.headers()[CACHE_CONTROL], "public, max-age=30");
    }

    #[test]
    fn a_value_that_can_not_be_written_is_our_fault_and_says_nothing() {
        let keys_that_are_no_text = std::collections::BTreeMap::from([(vec![1], 1)]);
        let problem = respond_json(StatusCode::OK, &keys_that_are_no_text).unwrap_err();
        assert_eq!(problem.code(), "internal-error");
        assert_eq!(problem.detail_text(), None);
    }
}
