//! The errors a gate can meet, and how the layers below are told as them.

use baro_door::codes::{
    GATE_NOT_FOUND, OBSERVED_IN_FUTURE, TOO_MANY_ENTRIES, UNKNOWN_TIME_ZONE, WRONG_GATE_SECRET, unavailable,
};
use baro_gates::{AdaptError, AdaptErrorKind, passages::PassageError};
use baro_runtime::{
    ErrorCode, Problem,
    http::MALFORMED_JSON,
    problem::{chain, internal},
};

/// Not XML as cameras send it.
pub(crate) const MALFORMED_XML: ErrorCode = ErrorCode::new(400, "malformed-xml", "The body is not valid XML");
/// Not multipart, or cut off before the report.
pub(crate) const MALFORMED_MULTIPART: ErrorCode =
    ErrorCode::new(400, "malformed-multipart", "The body is not valid multipart/form-data");
/// A content type that the gate's vendor never sends.
pub(crate) const UNSUPPORTED_CONTENT_TYPE: ErrorCode =
    ErrorCode::new(415, "unsupported-content-type", "The gate's vendor does not send this content type");
/// A field that the vendor's form requires is not there; `field` says which.
pub(crate) const MISSING_FIELD: ErrorCode =
    ErrorCode::new(422, "missing-field", "A required field is missing");
/// A field has a value that the vendor's form does not know; `field` says which.
pub(crate) const INVALID_FIELD: ErrorCode =
    ErrorCode::new(422, "invalid-field", "A field has an unknown value");
/// No lane of the gate has the vendor's code.
pub(crate) const UNKNOWN_LANE: ErrorCode = ErrorCode::new(422, "unknown-lane", "The gate has no such lane");
/// The lane goes both ways and the report does not say which.
pub(crate) const UNKNOWN_DIRECTION: ErrorCode =
    ErrorCode::new(422, "unknown-direction", "The report does not say which way the car went");
/// A time in no known form.
pub(crate) const UNPARSEABLE_TIME: ErrorCode =
    ErrorCode::new(422, "unparseable-time", "The time can't be read");
/// More than 30 days back.
pub(crate) const OBSERVED_TOO_OLD: ErrorCode =
    ErrorCode::new(422, "observed-too-old", "The time lies more than 30 days back");
/// Neither an array nor the vendor's own form of batch.
pub(crate) const NOT_A_BATCH: ErrorCode =
    ErrorCode::new(422, "not-a-batch", "The body is not a batch of events");

/// All codes of this crate; with those of the runtime, all that a gate can meet.
pub const CODES: &[ErrorCode] = &[
    GATE_NOT_FOUND,
    WRONG_GATE_SECRET,
    MALFORMED_XML,
    MALFORMED_MULTIPART,
    UNSUPPORTED_CONTENT_TYPE,
    MISSING_FIELD,
    INVALID_FIELD,
    UNKNOWN_LANE,
    UNKNOWN_DIRECTION,
    UNPARSEABLE_TIME,
    OBSERVED_IN_FUTURE,
    OBSERVED_TOO_OLD,
    UNKNOWN_TIME_ZONE,
    NOT_A_BATCH,
    TOO_MANY_ENTRIES,
];

fn code_of(kind: AdaptErrorKind) -> ErrorCode {
    match kind {
        AdaptErrorKind::MalformedJson => MALFORMED_JSON,
        AdaptErrorKind::MalformedXml => MALFORMED_XML,
        AdaptErrorKind::MalformedMultipart => MALFORMED_MULTIPART,
        AdaptErrorKind::UnsupportedContentType => UNSUPPORTED_CONTENT_TYPE,
        AdaptErrorKind::MissingField => MISSING_FIELD,
        AdaptErrorKind::InvalidField => INVALID_FIELD,
        AdaptErrorKind::UnknownLane => UNKNOWN_LANE,
        AdaptErrorKind::UnknownDirection => UNKNOWN_DIRECTION,
        AdaptErrorKind::UnparseableTime => UNPARSEABLE_TIME,
        AdaptErrorKind::ObservedInFuture => OBSERVED_IN_FUTURE,
        AdaptErrorKind::ObservedTooOld => OBSERVED_TOO_OLD,
        AdaptErrorKind::UnknownTimeZone => UNKNOWN_TIME_ZONE,
        AdaptErrorKind::NotABatch => NOT_A_BATCH,
        AdaptErrorKind::TooManyEntries => TOO_MANY_ENTRIES,
    }
}

/// A body that could not be read.
pub(crate) fn adapt(error: &AdaptError) -> Problem {
    let problem = code_of(error.kind()).problem().detail(error.kind().to_string());
    match error.field() {
        Some(field) => problem.with("field", field),
        None => problem,
    }
}

/// A read that could not be filed.
pub(crate) fn passage(error: &PassageError) -> Problem {
    if error.is_transient() { unavailable(&chain(error)) } else { internal(error) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_also_among_those_of_the_runtime() {
        let all = CODES.iter().chain(baro_runtime::CODES);
        let names: BTreeSet<_> = all.clone().map(|entry| entry.code).collect();
        assert_eq!(names.len(), all.count());
    }

    #[test]
    fn every_fault_of_a_body_is_told_under_its_own_code() {
        for kind in AdaptErrorKind::ALL {
            let code = code_of(kind);
            assert_eq!(code.code, kind.code());
            assert!(CODES.contains(&code) || baro_runtime::CODES.contains(&code), "{kind:?}");
        }
    }
}
