//! The errors a driver's page can meet, and how the layers below are told as them.

use baro_domain::{TariffError, tariff::BookError};
pub use baro_door::WRONG_MEMBER_KEY;
use baro_runtime::{
    ErrorCode, Problem,
    problem::{failure, internal},
};
use baro_store::StoreError;

/// No lot has this id.
pub const LOT_NOT_FOUND: ErrorCode = ErrorCode::new(404, "lot-not-found", "There is no such lot");
/// The plate is not in the lot, nor left it within the last day.
pub const VISIT_NOT_FOUND: ErrorCode =
    ErrorCode::new(404, "visit-not-found", "This car has not been seen in this lot");
/// No payment has this id.
pub const PAYMENT_NOT_FOUND: ErrorCode = ErrorCode::new(404, "payment-not-found", "There is no such payment");
/// Nothing of this id is owed, nor was lately.
pub const RECEIVABLE_NOT_FOUND: ErrorCode =
    ErrorCode::new(404, "receivable-not-found", "There is no such unpaid fee");
/// Leaving now costs nothing more.
pub const NOTHING_DUE: ErrorCode = ErrorCode::new(409, "nothing-due", "Nothing is due");
/// The car has left, so it can't be asked what leaving later would cost.
pub const VISIT_OVER: ErrorCode = ErrorCode::new(409, "visit-over", "The car has left");
/// The tariff can't price the stay (longer than ten years), or none was in force: the lot's operator decides.
pub const FEE_UNKNOWN: ErrorCode =
    ErrorCode::new(409, "fee-unknown", "The operator of the lot must decide what this stay costs");
/// No version of the lot's tariff is in force.
pub const NO_TARIFF: ErrorCode = ErrorCode::new(404, "no-tariff", "No tariff is in force in this lot");
/// Somebody disputes this visit already, and nobody has decided.
pub const DISPUTE_OPEN: ErrorCode =
    ErrorCode::new(409, "dispute-open", "This visit is disputed already; the operator decides");
/// The key was used for an earlier stay of this car.
pub const IDEMPOTENCY_KEY_REUSED: ErrorCode =
    ErrorCode::new(422, "idempotency-key-reused", "This Idempotency-Key belongs to another request");
/// The wallet holds no points to spend, or fewer that can be had back; `most` says how many.
pub const POINTS_SHORT: ErrorCode = ErrorCode::new(409, "points-short", "The wallet has too few points");
/// A wallet holds at most `most` points.
pub const WALLET_FULL: ErrorCode = ErrorCode::new(409, "wallet-full", "The wallet can't take so many points");
/// Companies pay with their card, or on account.
pub const NO_WALLET: ErrorCode = ErrorCode::new(409, "no-wallet", "A company has no points");
/// The path holds no plate.
pub const INVALID_PLATE: ErrorCode = ErrorCode::new(400, "invalid-plate", "This is not a plate");
/// A phone number, push token or language that nobody can be reached by; `pointer` says which.
pub const INVALID_CONTACT: ErrorCode =
    ErrorCode::new(400, "invalid-contact", "A part of the contact is not as it should be");

/// Nothing was paid, or what came was not taken as payment.
pub const NO_RECEIPT: ErrorCode = ErrorCode::new(404, "no-receipt", "Nothing has been paid by this payment");
/// Only what is paid by bank has a cash receipt, and only as long as it is kept.
pub const CASH_RECEIPT_NOT_OFFERED: ErrorCode =
    ErrorCode::new(409, "cash-receipt-not-offered", "This payment has no cash receipt");
/// It is issued, or just being issued, to another number.
pub const CASH_RECEIPT_BEGUN: ErrorCode =
    ErrorCode::new(409, "cash-receipt-begun", "The cash receipt is issued to another number already");
/// The gateway refused it too often.
pub const CASH_RECEIPT_TOO_OFTEN: ErrorCode =
    ErrorCode::new(409, "cash-receipt-too-often", "The cash receipt was asked for too often");
/// Not one phone, card or business number, or one that can't be anybody's.
pub const INVALID_RECEIPT_NUMBER: ErrorCode =
    ErrorCode::new(400, "invalid-receipt-number", "A cash receipt can't be issued to this number");

/// All codes of this crate.
pub const CODES: &[ErrorCode] = &[
    LOT_NOT_FOUND,
    VISIT_NOT_FOUND,
    PAYMENT_NOT_FOUND,
    RECEIVABLE_NOT_FOUND,
    NOTHING_DUE,
    VISIT_OVER,
    FEE_UNKNOWN,
    NO_TARIFF,
    DISPUTE_OPEN,
    IDEMPOTENCY_KEY_REUSED,
    POINTS_SHORT,
    WALLET_FULL,
    NO_WALLET,
    WRONG_MEMBER_KEY,
    INVALID_PLATE,
    INVALID_CONTACT,
    NO_RECEIPT,
    CASH_RECEIPT_NOT_OFFERED,
    CASH_RECEIPT_BEGUN,
    CASH_RECEIPT_TOO_OFTEN,
    INVALID_RECEIPT_NUMBER,
];

/// A store that may work again in a moment, or one that will not.
#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
pub(crate) fn store(error: StoreError) -> Problem {
    failure(&error, error.is_transient())
}

/// A stay without a price.
#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
pub(crate) fn tariff(error: BookError) -> Problem {
    match error {
        BookError::Tariff(TariffError::StayTooLong) | BookError::NoneInForce(_) => {
            FEE_UNKNOWN.problem().caused_by(error)
        }
        other => internal(&other),
    }
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
}
