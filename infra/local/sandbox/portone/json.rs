//! Payments in the words of PortOne's API.

use serde_json::{Value, json};

use super::payments::{CancellationRecord, Method, PaymentRecord, Status};
use super::webhooks::Delivery;
use super::{ChannelType, PortOneSandboxConfig};
use crate::sandbox::support::rfc3339;
use baro_domain::Won;

/// A payment as `GET /payments/{id}` answers it.
pub(super) fn payment(
    record: &PaymentRecord,
    config: &PortOneSandboxConfig,
    webhooks: &[&Delivery],
) -> Value {
    let order = &record.order;
    let mut body = json!({
        "status": record.status.name(),
        "id": order.payment_id,
        "transactionId": record.transaction_id,
        "merchantId": config.merchant_id(),
        "storeId": order.store_id,
        "channel": channel(config, &order.channel_key),
        "version": "V2",
        "requestedAt": rfc3339(record.requested_at),
        "updatedAt": rfc3339(record.changed_at),
        "statusChangedAt": rfc3339(record.changed_at),
        "orderName": order.name,
        "amount": amount(record),
        "currency": order.currency,
        "customer": order.customer,
        "isCulturalExpense": false,
        "webhooks": webhooks.iter().map(|delivery| webhook(delivery)).collect::<Vec<_>>(),
    });
    let set = |body: &mut Value, key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[key] = value;
        }
    };
    set(&mut body, "method", record.method.as_ref().map(method));
    set(&mut body, "customData", order.custom_data.as_ref().map(|data| json!(data)));
    set(&mut body, "billingKey", order.billing_key.as_ref().map(|key| json!(key)));
    set(&mut body, "pgTxId", record.pg_tx_id.as_ref().map(|id| json!(id)));
    set(&mut body, "paidAt", record.paid_at.map(|at| json!(rfc3339(at))));
    match record.status {
        Status::Paid | Status::PartialCancelled | Status::Cancelled => {
            body["disputes"] = json!([]);
            body["receiptUrl"] = json!(format!("https://receipt.example.invalid/{}", order.payment_id));
        }
        Status::Failed => {
            let (code, message) = record.failure.clone().unwrap_or_default();
            body["failedAt"] = json!(rfc3339(record.changed_at));
            body["failure"] = json!({"reason": message, "pgCode": code, "pgMessage": message});
        }
        Status::Ready | Status::VirtualAccountIssued => {}
    }
    if !record.cancellations.is_empty() {
        body["cancellations"] = record.cancellations.iter().map(cancellation).collect();
    }
    if record.status == Status::Cancelled {
        body["cancelledAt"] = json!(rfc3339(record.changed_at));
    }
    body
}

/// A cancellation that succeeded.
pub(super) fn cancellation(record: &CancellationRecord) -> Value {
    let split = record.total.vat_split(record.tax_free);
    json!({
        "status": "SUCCEEDED",
        "id": record.id,
        "pgCancellationId": format!("pgc-{}", record.id),
        "totalAmount": record.total,
        "taxFreeAmount": record.tax_free,
        "vatAmount": split.vat,
        "reason": record.reason,
        "cancelledAt": rfc3339(record.at),
        "requestedAt": rfc3339(record.at),
        "trigger": if record.requester.as_deref() == Some("CUSTOMER") { "API" } else { "CONSOLE" },
    })
}

/// A channel as PortOne names it.
pub(super) fn channel(config: &PortOneSandboxConfig, key: &str) -> Value {
    json!({
        "type": match config.channel_type { ChannelType::Live => "LIVE", ChannelType::Test => "TEST" },
        "id": format!("channel-id-{key}"),
        "key": key,
        "name": "Baro sandbox",
        "pgProvider": "TOSSPAYMENTS",
        "pgMerchantId": "baro-sandbox",
    })
}

/// A webhook of a payment as the API lists it.
pub(super) fn webhook(delivery: &Delivery) -> Value {
    let mut body = json!({
        "id": delivery.webhook_id,
        "url": delivery.url,
        "isAsync": false,
        "currentExecutionCount": delivery.attempts.len(),
        "maxExecutionCount": super::webhooks::MAX_ATTEMPTS,
        "triggeredAt": rfc3339(delivery.created_at),
        "request": {"body": delivery.body, "requestedAt": rfc3339(delivery.created_at)},
    });
    match delivery.attempts.last().map(|attempt| attempt.status) {
        Some(Some(200..=299)) => body["status"] = json!("SUCCEEDED"),
        Some(Some(_)) => body["status"] = json!("FAILED_NOT_OK_RESPONSE"),
        Some(None) => body["status"] = json!("FAILED_UNEXPECTED_ERROR"),
        None => {}
    }
    body
}

fn amount(record: &PaymentRecord) -> Value {
    let order = &record.order;
    let split = order.total.vat_split(order.tax_free);
    let cancelled_tax_free = Won::sum(record.cancellations.iter().map(|cancellation| cancellation.tax_free));
    let paid = if record.paid_at.is_some() { order.total } else { Won::ZERO };
    json!({
        "total": order.total,
        "taxFree": order.tax_free,
        "vat": split.vat,
        "supply": split.supply,
        "discount": 0,
        "paid": paid,
        "cancelled": record.cancelled(),
        "cancelledTaxFree": cancelled_tax_free.unwrap_or_default(),
    })
}

fn method(method: &Method) -> Value {
    let card = json!({
        "publisher": "ISSUER_SHINHAN", "issuer": "SHINHAN_CARD", "brand": "LOCAL", "type": "CREDIT",
        "ownerType": "PERSONAL", "bin": "94452000", "name": "신한카드", "number": "94452000****1234",
    });
    match method {
        Method::Card => json!({
            "type": "PaymentMethodCard", "card": card, "approvalNumber": "30012345",
            "installment": {"month": 0, "isInterestFree": false}, "pointUsed": false,
        }),
        Method::EasyPay { provider } => json!({
            "type": "PaymentMethodEasyPay", "provider": provider,
            "easyPayMethod": {"type": "PaymentMethodCard", "card": card, "approvalNumber": "30012346"},
        }),
        Method::VirtualAccount { account_number, expired_at, issued_at } => json!({
            "type": "PaymentMethodVirtualAccount", "bank": "HANA", "accountNumber": account_number,
            "accountType": "NORMAL", "remitteeName": "바로주차", "issuedAt": rfc3339(*issued_at),
            "expiredAt": rfc3339(*expired_at),
        }),
    }
}
