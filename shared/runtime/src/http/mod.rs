//! Reading requests of API Gateway (HTTP API, payload 2.0) and writing answers. Each reader fails with the [`Problem`](crate::problem::Problem)
//! that the client will see; nothing here knows a route.

mod language;
mod media_type;
mod request;
mod respond;

pub use language::Language;
pub use media_type::MediaType;
pub use request::{
    IdempotencyKey, body, content_type, header, idempotency_key, json_body, path_parameter, path_parsed,
    query, query_parsed, request_id, required_header, route_key, source_ip, token_header,
};
pub use respond::{Caching, empty, local_time, respond_json, respond_text, with_caching, with_header};

use crate::problem::ErrorCode;

/// The body is longer than this address takes.
pub const BODY_TOO_LARGE: ErrorCode = ErrorCode::new(413, "body-too-large", "The body is too large");
/// The body is not JSON at all.
pub const MALFORMED_JSON: ErrorCode = ErrorCode::new(400, "malformed-json", "The body is not valid JSON");
/// The body is JSON, but a member is missing or of the wrong kind; `pointer` says which.
pub const INVALID_MEMBER: ErrorCode =
    ErrorCode::new(400, "invalid-member", "A member of the body is missing or not as it should be");
/// The content type is missing, unreadable or another than the address takes.
pub const UNSUPPORTED_MEDIA_TYPE: ErrorCode =
    ErrorCode::new(415, "unsupported-media-type", "This content type is not taken here");
/// A header that must be there is not; `header` says which.
pub const MISSING_HEADER: ErrorCode = ErrorCode::new(400, "missing-header", "A header is missing");
/// A header is repeated or holds characters that it must not.
pub const INVALID_HEADER: ErrorCode =
    ErrorCode::new(400, "invalid-header", "A header is not as it should be");
/// A parameter of the path or the query is missing; `parameter` says which.
pub const MISSING_PARAMETER: ErrorCode = ErrorCode::new(400, "missing-parameter", "A parameter is missing");
/// A parameter of the path or the query is repeated or doesn't parse; `parameter` says which.
pub const INVALID_PARAMETER: ErrorCode =
    ErrorCode::new(400, "invalid-parameter", "A parameter is not as it should be");
/// A request that creates or charges needs an `Idempotency-Key` of 8 to 64 visible ASCII characters.
pub const INVALID_IDEMPOTENCY_KEY: ErrorCode = ErrorCode::new(
    400,
    "invalid-idempotency-key",
    "An Idempotency-Key of 8 to 64 visible ASCII characters is needed",
);

/// All codes of this crate.
pub const CODES: &[ErrorCode] = &[
    crate::problem::INTERNAL_ERROR,
    crate::problem::UNAVAILABLE,
    crate::problem::ROUTE_NOT_FOUND,
    crate::problem::METHOD_NOT_ALLOWED,
    BODY_TOO_LARGE,
    MALFORMED_JSON,
    INVALID_MEMBER,
    UNSUPPORTED_MEDIA_TYPE,
    MISSING_HEADER,
    INVALID_HEADER,
    MISSING_PARAMETER,
    INVALID_PARAMETER,
    INVALID_IDEMPOTENCY_KEY,
];

#[cfg(test)]
mod tests {
    use super::CODES;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_kebab_case_and_errors() {
        let names: BTreeSet<_> = CODES.iter().map(|entry| entry.code).collect();
        assert_eq!(names.len(), CODES.len());
        for entry in CODES {
            assert!((400..600).contains(&entry.status), "{entry:?}");
            assert!(entry.code.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'), "{entry:?}");
        }
    }
}
