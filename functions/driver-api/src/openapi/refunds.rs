//! The routes by which a lot's operator gives money back, as `operator-api` answers them; its tests hold the answers.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::ToSchema;

/// A payment as its lot's operator sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorPayment {
    /// Id.
    payment_id: String,
    /// As in the driver's view.
    status: String,
    /// `card`, `easy_pay`, `transfer`, `virtual_account` or `other`, once it is known.
    method: Option<String>,
    /// Lot.
    lot_id: String,
    /// Plate in full.
    plate: String,
    /// Visit.
    visit_id: String,
    /// What was asked for, in money and in points, won.
    amount: i64,
    /// What was paid, in money and in points, won.
    captured: i64,
    /// What of it went back, won.
    refunded: i64,
    /// What can be given back beside the refunds under way, won.
    refundable: i64,
    /// What of `amount` the driver's points pay, won.
    points: Option<i64>,
    /// `KRW`.
    currency: String,
    /// When it was asked for (RFC 3339 with the lot's offset, as all times).
    created_at: String,
    /// When the gateway took the money.
    paid_at: Option<String>,
    /// Oldest first.
    refunds: Vec<OperatorRefund>,
}

/// Money given back, or to be. The account it goes to is not shown again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OperatorRefund {
    /// Id.
    refund_id: String,
    /// Won.
    amount: i64,
    /// Why.
    reason: String,
    /// `operator`, `driver` or `platform`.
    who: String,
    /// The operator.
    operator: Option<String>,
    /// The person, by the name of the key.
    name: Option<String>,
    /// When.
    requested_at: String,
    /// `awaiting_account`, `requested`, `under_way`, `done` or `refused`.
    state: String,
    /// When the money went back.
    done_at: Option<String>,
    /// The gateway's code, or ours.
    refused_because: Option<String>,
}

/// A wish to give money back.
#[derive(Serialize, ToSchema)]
struct AskedRefund {
    /// Won; absent: all that is left.
    amount: Option<i64>,
    /// Why: 1 to 100 characters on one line. The gateway's console shows it.
    reason: String,
    /// Needed for what was paid into a virtual account.
    account: Option<RefundAccount>,
}

/// Where a deposit goes back to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefundAccount {
    /// The gateway's name of the bank: `KOOKMIN`, `TOSS`, ….
    bank: String,
    /// 6 to 20 digits; spaces and hyphens do not matter.
    number: String,
    /// Whose it is.
    holder_name: String,
}

#[utoipa::path(
    get, path = "/v1/operator/payments/{paymentId}", tag = "operators", operation_id = "operatorPayment",
    summary = "A payment and its refunds",
    params(("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7")),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "The payment", body = OperatorPayment),
        (status = "4XX", description = "`wrong-operator-key` (401), `payment-not-found` (404), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn operator_payment() {}

#[utoipa::path(
    post, path = "/v1/operator/payments/{paymentId}/refunds", tag = "operators", operation_id = "refundPayment",
    summary = "Give money back, all or in part",
    description = "It is written down and asked for at the gateway a moment later; ask for the payment to see how it went. The same key gives one refund.",
    params(
        ("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7"),
        ("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    security(("operatorKey" = [])),
    request_body = AskedRefund,
    responses(
        (status = 202, description = "Written down", body = OperatorPayment),
        (status = "4XX", description = "`refund-too-large` (409, with `refundable`), `refund-not-possible` (409), \
            `refund-account-needed`, `idempotency-key-reused` (422), `invalid-member` (400), `wrong-operator-key` (401), `payment-not-found` (404)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn refund_payment() {}

#[utoipa::path(
    put, path = "/v1/operator/payments/{paymentId}/refunds/{refundId}/account", tag = "operators", operation_id = "nameRefundAccount",
    summary = "Say where a deposit goes back to",
    description = "For a refund that waits for an account: money that came into a virtual account and was not asked for, or was paid twice.",
    params(
        ("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7"),
        ("refundId" = String, Path, description = "Refund", example = "rfd_0123456789abcdef0123"),
    ),
    security(("operatorKey" = [])),
    request_body = RefundAccount,
    responses(
        (status = 202, description = "Written down", body = OperatorPayment),
        (status = "4XX", description = "`refund-not-possible` (409), `invalid-member` (400), `wrong-operator-key` (401), `payment-not-found` (404)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn name_refund_account() {}
