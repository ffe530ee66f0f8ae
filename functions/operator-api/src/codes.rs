//! The errors an operator's page can meet, and how the layers below are told as them.

use baro_runtime::{
    ErrorCode, Problem,
    problem::{UNAVAILABLE, chain, internal},
};
use baro_store::StoreError;

/// No operator's key was sent, or one that fits no operator.
pub const WRONG_OPERATOR_KEY: ErrorCode =
    ErrorCode::new(401, "wrong-operator-key", "A valid operator's key is needed");
/// No lot has this id, or another operator's has.
pub const LOT_NOT_FOUND: ErrorCode = ErrorCode::new(404, "lot-not-found", "There is no such lot");

/// All codes of this crate.
pub const CODES: &[ErrorCode] = &[WRONG_OPERATOR_KEY, LOT_NOT_FOUND];

/// A store that may work again in a moment, or one that will not.
#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
pub(crate) fn store(error: StoreError) -> Problem {
    if error.is_transient() {
        UNAVAILABLE.problem().retry_after_s(1).caused_by(chain(&error))
    } else {
        internal(&error)
    }
}
