//! Payments in V1's words: flat, times in seconds of the epoch with 0 for "not yet", and `paid` also for what was given back in part.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::portone::payments::{Method, PaymentRecord, Status};

/// A payment as V1's API answers it.
pub(in crate::sandbox::portone) fn payment(record: &PaymentRecord) -> Value {
    let order = &record.order;
    let status = match record.status {
        Status::Ready | Status::PayPending | Status::VirtualAccountIssued => "ready",
        Status::Paid | Status::PartialCancelled => "paid",
        Status::Failed => "failed",
        Status::Cancelled => "cancelled",
    };
    let since = |is: bool| if is { record.changed_at.as_second() } else { 0 };
    let history: Vec<Value> = record
        .cancellations
        .iter()
        .map(|one| {
            json!({
                "pg_tid": format!("pgc-{}", one.id), "amount": one.total, "cancelled_at": one.at.as_second(),
                "reason": one.reason, "receipt_url": null, "cancellation_id": one.id,
            })
        })
        .collect();
    let mut body = json!({
        "imp_uid": record.transaction_id, "merchant_uid": order.payment_id, "status": status,
        "name": order.name, "amount": order.total, "cancel_amount": record.cancelled(),
        "currency": order.currency, "buyer_name": order.customer["name"], "custom_data": order.custom_data,
        "channel": if order.billing_key.is_some() { "api" } else { "pc" },
        "pg_provider": "tosspayments", "emb_pg_provider": null, "pg_id": "baro-sandbox",
        "pg_tid": record.pg_tx_id, "escrow": false, "customer_uid": order.billing_key,
        "started_at": record.requested_at.as_second(),
        "paid_at": record.paid_at.map_or(0, Timestamp::as_second),
        "failed_at": since(record.status == Status::Failed),
        "cancelled_at": record.cancellations.last().map_or(0, |one| one.at.as_second()),
        "fail_reason": record.failure.as_ref().map(|(_, message)| message),
        "cancel_reason": record.cancellations.last().map(|one| &one.reason),
        "receipt_url": record.paid_at.map(|_| format!("https://receipt.example.invalid/{}", order.payment_id)),
        "cancel_history": history, "cash_receipt_issued": false,
    });
    for (name, value) in method(record.method.as_ref()) {
        body[name] = value;
    }
    body
}

fn method(method: Option<&Method>) -> Vec<(&'static str, Value)> {
    match method {
        None => vec![("pay_method", json!("card"))],
        Some(Method::Card(card)) => vec![
            ("pay_method", json!("card")),
            ("apply_num", json!("30012345")),
            ("card_code", json!("366")),
            ("card_name", json!("신한카드")),
            ("card_quota", json!(0)),
            ("card_number", json!(card.masked)),
            ("card_type", json!(0)),
        ],
        Some(Method::EasyPay { provider }) => {
            vec![("pay_method", json!("point")), ("emb_pg_provider", json!(provider.to_lowercase()))]
        }
        Some(Method::VirtualAccount { account_number, expired_at, issued_at }) => vec![
            ("pay_method", json!("vbank")),
            ("vbank_code", json!("081")),
            ("vbank_name", json!("하나은행")),
            ("vbank_num", json!(account_number)),
            ("vbank_holder", json!("바로주차")),
            ("vbank_date", json!(expired_at.as_second())),
            ("vbank_issued_at", json!(issued_at.as_second())),
        ],
    }
}

/// How a payment window of V1 answers the shop's page.
pub(in crate::sandbox::portone) fn outcome(
    imp_uid: &str,
    merchant_uid: &str,
    error: Option<(&str, &str)>,
) -> Value {
    let mut outcome =
        json!({"imp_uid": imp_uid, "merchant_uid": merchant_uid, "imp_success": error.is_none()});
    if let Some((code, message)) = error {
        outcome["error_code"] = json!(code);
        outcome["error_msg"] = json!(message);
    }
    outcome
}
