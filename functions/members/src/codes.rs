//! The errors a member's page can meet, and how the layers below are told as them.

use baro_clients::portone::{GatewayError, RefusalKind};
pub use baro_door::WRONG_MEMBER_KEY;
use baro_runtime::{
    ErrorCode, Problem,
    problem::{INTERNAL_ERROR, UNAVAILABLE, chain, failure},
};
use baro_store::StoreError;

/// A member was made with this key before, and its key is shown once alone.
pub const MEMBER_EXISTS: ErrorCode =
    ErrorCode::new(409, "member-exists", "This Idempotency-Key has made a member already");
/// The path holds no plate.
pub const INVALID_PLATE: ErrorCode = ErrorCode::new(400, "invalid-plate", "This is not a plate");
/// Somebody else pays for this plate.
pub const PLATE_TAKEN: ErrorCode = ErrorCode::new(409, "plate-taken", "Somebody else pays for this plate");
/// A driver has five plates, a company more; `most` says how many.
pub const PLATES_FULL: ErrorCode = ErrorCode::new(409, "plates-full", "No more plates can be registered");
/// A driver has five cards, a company exactly one: its own.
pub const CARDS_FULL: ErrorCode = ErrorCode::new(409, "cards-full", "No more cards can be registered");
/// The gateway knows no such card, or it was not registered for this member at our shop.
pub const CARD_REFUSED: ErrorCode =
    ErrorCode::new(422, "card-refused", "This card was not registered for this member");
/// The merchant's contract with the gateway registers none.
pub const CARDS_NOT_TAKEN: ErrorCode =
    ErrorCode::new(409, "cards-not-taken", "No cards can be registered here");

/// All codes of this crate.
pub const CODES: &[ErrorCode] = &[
    WRONG_MEMBER_KEY,
    MEMBER_EXISTS,
    INVALID_PLATE,
    PLATE_TAKEN,
    PLATES_FULL,
    CARDS_FULL,
    CARD_REFUSED,
    CARDS_NOT_TAKEN,
];

/// A store that may work again in a moment, or one that will not.
#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
pub(crate) fn store(error: StoreError) -> Problem {
    failure(&error, error.is_transient())
}

/// A gateway that does not answer, or refuses what should be possible.
#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
pub(crate) fn gateway(error: GatewayError) -> Problem {
    match &error {
        GatewayError::Retry(_) | GatewayError::Unknown(_) => {
            UNAVAILABLE.problem().retry_after_s(2).caused_by(chain(&error))
        }
        GatewayError::Final(said) if said.kind == RefusalKind::NotInContract => CARDS_NOT_TAKEN.problem(),
        GatewayError::Final(_) => INTERNAL_ERROR.problem().caused_by(chain(&error)),
    }
}
