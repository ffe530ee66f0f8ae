//! The errors that any request at a gate's address can meet.

use baro_runtime::{
    ErrorCode, Problem,
    problem::{UNAVAILABLE, chain, internal},
};
use baro_store::StoreError;

/// No gate has this id.
pub const GATE_NOT_FOUND: ErrorCode = ErrorCode::new(404, "gate-not-found", "There is no such gate");
/// The gate's secret is missing or another one.
pub const WRONG_GATE_SECRET: ErrorCode =
    ErrorCode::new(401, "wrong-gate-secret", "The secret is not this gate's");
/// More than five minutes ahead.
pub const OBSERVED_IN_FUTURE: ErrorCode =
    ErrorCode::new(422, "observed-in-future", "The time lies in the future");
/// Our own configuration of the gate.
pub const UNKNOWN_TIME_ZONE: ErrorCode =
    ErrorCode::new(500, "unknown-time-zone", "The gate's time zone is set up wrongly");
/// More than 1,000 events or spaces.
pub const TOO_MANY_ENTRIES: ErrorCode =
    ErrorCode::new(413, "too-many-entries", "The body has more than 1,000 entries");

/// The most entries of one body.
pub const MAX_ENTRIES: usize = 1_000;

/// Something we depend on did not answer; whatever was done may be done again.
pub fn unavailable(cause: &str) -> Problem {
    UNAVAILABLE.problem().retry_after_s(1).caused_by(cause)
}

/// A table that could not be read or written.
pub fn store(error: &StoreError) -> Problem {
    if error.is_transient() { unavailable(&chain(error)) } else { internal(error) }
}
