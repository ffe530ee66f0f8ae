//! Why the gateway did not do what it was asked, told apart by what the caller may do next.

use serde::Deserialize;

use crate::http::{Answer, CallFailure};

/// Why a call to the gateway failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Nothing was done: asking again later is safe and may help.
    #[error("the gateway can't answer now ({0})")]
    Retry(String),
    /// The gateway understood and said no: asking again the same will not help.
    #[error("the gateway refused: {0}")]
    Final(Refusal),
    /// The call may have had its effect (a time-out or a server fault after it was sent): look at the payment before
    /// anything else, and never repeat blindly.
    #[error("whether the gateway acted is not known ({0})")]
    Unknown(String),
}

/// What the gateway said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?} (HTTP {status}): {message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// PortOne's `type`.
    pub kind: RefusalKind,
    /// PortOne's sentence, for the log.
    pub message: String,
    /// The card company's or PG's own code, when it was they who refused.
    pub pg_code: Option<String>,
}

/// PortOne's error types that a caller tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are PortOne's own")]
pub enum RefusalKind {
    Unauthorized,
    Forbidden,
    InvalidRequest,
    PaymentNotFound,
    PaymentNotPaid,
    PaymentAlreadyCancelled,
    CancellableAmountConsistencyBroken,
    CancelAmountExceedsCancellableAmount,
    AlreadyPaid,
    BillingKeyNotFound,
    BillingKeyAlreadyDeleted,
    CashReceiptAlreadyIssued,
    CashReceiptNotFound,
    CashReceiptNotIssued,
    ChannelNotFound,
    SumOfPartsExceedsTotalAmount,
    PaymentScheduleAlreadyExists,
    PgProvider,
    /// Not the gateway's word but ours: the merchant's contract has no such call.
    NotInContract,
    /// A type that this version does not tell apart.
    Other(String),
}

impl RefusalKind {
    fn parse(kind: &str) -> Self {
        match kind {
            "UNAUTHORIZED" => Self::Unauthorized,
            "FORBIDDEN" => Self::Forbidden,
            "INVALID_REQUEST" => Self::InvalidRequest,
            "PAYMENT_NOT_FOUND" => Self::PaymentNotFound,
            "PAYMENT_NOT_PAID" => Self::PaymentNotPaid,
            "PAYMENT_ALREADY_CANCELLED" => Self::PaymentAlreadyCancelled,
            "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN" => Self::CancellableAmountConsistencyBroken,
            "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT" => Self::CancelAmountExceedsCancellableAmount,
            "ALREADY_PAID" => Self::AlreadyPaid,
            "BILLING_KEY_NOT_FOUND" => Self::BillingKeyNotFound,
            "BILLING_KEY_ALREADY_DELETED" => Self::BillingKeyAlreadyDeleted,
            "CASH_RECEIPT_ALREADY_ISSUED" => Self::CashReceiptAlreadyIssued,
            "CASH_RECEIPT_NOT_FOUND" => Self::CashReceiptNotFound,
            "CASH_RECEIPT_NOT_ISSUED" => Self::CashReceiptNotIssued,
            "CHANNEL_NOT_FOUND" => Self::ChannelNotFound,
            "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT" => Self::SumOfPartsExceedsTotalAmount,
            "PAYMENT_SCHEDULE_ALREADY_EXISTS" => Self::PaymentScheduleAlreadyExists,
            "PG_PROVIDER" => Self::PgProvider,
            other => Self::Other(other.to_owned()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    #[serde(rename = "type")]
    kind: String,
    message: Option<String>,
    pg_code: Option<String>,
    pg_message: Option<String>,
}

/// Whether a call changes something at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Reading, or a write that may be repeated without harm: an unclear outcome is simply asked again.
    None,
    /// Money moves.
    Money,
}

/// Sorts a call that got no answer.
pub(super) fn from_failure(failure: CallFailure, effect: Effect) -> GatewayError {
    match failure {
        CallFailure::NoAnswer(cause) => unclear(cause, effect),
        CallFailure::NotSent(cause) => GatewayError::Retry(cause),
    }
}

/// Sorts an answer that is not 2xx.
pub(super) fn from_answer(answer: &Answer, effect: Effect) -> GatewayError {
    let body: Option<ErrorBody> = answer.json();
    match body {
        // A PG's refusal (card limit, wrong account) comes as a 502 with its own code: an answer, not a fault.
        Some(body) if body.kind == "PG_PROVIDER" || !answer.is_passing_fault() => {
            GatewayError::Final(Refusal {
                status: answer.status,
                kind: RefusalKind::parse(&body.kind),
                message: body.pg_message.or(body.message).unwrap_or_default(),
                pg_code: body.pg_code,
            })
        }
        // 429 is answered before anything is done; a 5xx can come after it.
        _ if answer.status == 429 => GatewayError::Retry("HTTP 429".to_owned()),
        _ if answer.is_passing_fault() => unclear(format!("HTTP {}", answer.status), effect),
        _ => GatewayError::Final(Refusal {
            status: answer.status,
            kind: RefusalKind::Other(String::new()),
            message: "an answer without PortOne's error body".to_owned(),
            pg_code: None,
        }),
    }
}

/// Sorts an answer that says "done" in words we can't read.
pub(super) fn unreadable(what: &str, effect: Effect) -> GatewayError {
    unclear(format!("the answer can't be read: {what}"), effect)
}

fn unclear(cause: String, effect: Effect) -> GatewayError {
    match effect {
        Effect::None => GatewayError::Retry(cause),
        Effect::Money => GatewayError::Unknown(cause),
    }
}
