//! The errors an operator's page can meet, and how the layers below are told as them.

use baro_runtime::{ErrorCode, Problem, problem::failure};
use baro_store::StoreError;

/// No operator's key was sent, or one that fits no operator.
pub const WRONG_OPERATOR_KEY: ErrorCode =
    ErrorCode::new(401, "wrong-operator-key", "A valid operator's key is needed");
/// No lot has this id, or another operator's has.
pub const LOT_NOT_FOUND: ErrorCode = ErrorCode::new(404, "lot-not-found", "There is no such lot");

/// The lot has no such task.
pub const TASK_NOT_FOUND: ErrorCode = ErrorCode::new(404, "task-not-found", "There is no such task");
/// Somebody else, or a later read, has ended the task.
pub const TASK_ENDED: ErrorCode = ErrorCode::new(409, "task-ended", "The task has ended already");
/// Such a task can't end this way.
pub const VERDICT_NOT_POSSIBLE: ErrorCode =
    ErrorCode::new(409, "verdict-not-possible", "A task of this kind does not end this way");
/// No visit is there that the verdict could be about.
pub const NO_OPEN_VISIT: ErrorCode =
    ErrorCode::new(409, "no-open-visit", "No visit of this car is open at that moment");
/// The key was used for another request.
pub const IDEMPOTENCY_KEY_REUSED: ErrorCode =
    ErrorCode::new(422, "idempotency-key-reused", "This Idempotency-Key belongs to another request");
/// The tariff does not hold together; `problems` lists each fault with the path of its field.
pub const TARIFF_INVALID: ErrorCode =
    ErrorCode::new(422, "tariff-invalid", "The tariff does not hold together");
/// The document's `version` is not the one of the address.
pub const TARIFF_VERSION_DIFFERS: ErrorCode =
    ErrorCode::new(422, "tariff-version-differs", "The document is of another version than the address");
/// The version would rewrite a price that holds or held, or stands where another does; `earliest` says from when it can be.
pub const TARIFF_VERSION_REFUSED: ErrorCode =
    ErrorCode::new(409, "tariff-version-refused", "This version of the tariff can't be taken");
/// The gateway and we know no payment of this id.
pub const PAYMENT_NOT_FOUND: ErrorCode = ErrorCode::new(404, "payment-not-found", "There is no such payment");
/// It holds no money, has too many refunds, or no refund of it waits for an account.
pub const REFUND_NOT_POSSIBLE: ErrorCode =
    ErrorCode::new(409, "refund-not-possible", "The payment can't be refunded so");
/// More than is left beside other refunds under way; `refundable` says how much that is.
pub const REFUND_TOO_LARGE: ErrorCode =
    ErrorCode::new(409, "refund-too-large", "So much can't be given back");
/// What was deposited into a virtual account goes back to an account that must be named.
pub const REFUND_ACCOUNT_NEEDED: ErrorCode =
    ErrorCode::new(422, "refund-account-needed", "A deposit needs an account to go back to");
/// Nothing of this id is owed to the lot, nor was lately.
pub const RECEIVABLE_NOT_FOUND: ErrorCode =
    ErrorCode::new(404, "receivable-not-found", "There is no such unpaid fee");
/// It was paid, or nothing is owed after all.
pub const RECEIVABLE_CLOSED: ErrorCode = ErrorCode::new(409, "receivable-closed", "Nothing is owed any more");

/// All codes of this crate.
pub const CODES: &[ErrorCode] = &[
    WRONG_OPERATOR_KEY,
    LOT_NOT_FOUND,
    TASK_NOT_FOUND,
    TASK_ENDED,
    VERDICT_NOT_POSSIBLE,
    NO_OPEN_VISIT,
    IDEMPOTENCY_KEY_REUSED,
    TARIFF_INVALID,
    TARIFF_VERSION_DIFFERS,
    TARIFF_VERSION_REFUSED,
    PAYMENT_NOT_FOUND,
    REFUND_NOT_POSSIBLE,
    REFUND_TOO_LARGE,
    REFUND_ACCOUNT_NEEDED,
    RECEIVABLE_NOT_FOUND,
    RECEIVABLE_CLOSED,
];

/// A store that may work again in a moment, or one that will not.
#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
pub(crate) fn store(error: StoreError) -> Problem {
    failure(&error, error.is_transient())
}
