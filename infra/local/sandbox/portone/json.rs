//! Payments in the words of PortOne's API.

use serde_json::{Value, json};

use super::cards::Card;
use super::payments::{CancellationRecord, Method, PaymentRecord, Status, Version};
use super::receipts::Receipt;
use super::webhooks::Delivery;
use super::{ChannelType, PortOneSandboxConfig};
use crate::sandbox::support::rfc3339;
use baro_domain::Won;

/// A payment as `GET /payments/{id}` answers it.
pub(super) fn payment(
    record: &PaymentRecord,
    config: &PortOneSandboxConfig,
    webhooks: &[&Delivery],
    receipt: Option<&Receipt>,
) -> Value {
    let order = &record.order;
    let mut body = json!({
        "status": record.status.name(),
        "id": order.payment_id,
        "transactionId": record.transaction_id,
        "merchantId": config.merchant_id(),
        "storeId": order.store_id,
        "channel": channel(config, &order.channel_key),
        "version": match order.version { Version::V1 => "V1", Version::V2 => "V2" },
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
    set(&mut body, "method", record.method.as_ref().map(|one| method(one, record)));
    set(&mut body, "customData", order.custom_data.as_ref().map(|data| json!(data)));
    set(&mut body, "billingKey", order.billing_key.as_ref().map(|key| json!(key)));
    set(&mut body, "scheduleId", order.schedule_id.as_ref().map(|id| json!(id)));
    set(&mut body, "pgTxId", record.pg_tx_id.as_ref().map(|id| json!(id)));
    set(&mut body, "paidAt", record.paid_at.map(|at| json!(rfc3339(at))));
    match record.status {
        Status::Paid | Status::PartialCancelled | Status::Cancelled => {
            if record.status == Status::Paid {
                body["disputes"] = json!([]);
            }
            body["receiptUrl"] = json!(format!("https://receipt.example.invalid/{}", order.payment_id));
            set(&mut body, "cashReceipt", receipt.map(Receipt::in_payment));
        }
        Status::Failed => {
            let (code, message) = record.failure.clone().unwrap_or_default();
            body["failedAt"] = json!(rfc3339(record.changed_at));
            body["failure"] = json!({"reason": message, "pgCode": code, "pgMessage": message});
        }
        Status::Ready | Status::PayPending | Status::VirtualAccountIssued => {}
    }
    if !record.cancellations.is_empty() {
        body["cancellations"] = record.cancellations.iter().map(cancellation).collect();
    }
    if matches!(record.status, Status::Cancelled | Status::PartialCancelled) {
        body["cancelledAt"] = json!(rfc3339(record.changed_at));
    }
    body
}

/// A cancellation that succeeded.
pub(super) fn cancellation(record: &CancellationRecord) -> Value {
    json!({
        "status": "SUCCEEDED",
        "id": record.id,
        "pgCancellationId": format!("pgc-{}", record.id),
        "totalAmount": record.total,
        "taxFreeAmount": record.tax_free,
        "vatAmount": record.vat,
        "reason": record.reason,
        "cancelledAt": rfc3339(record.at),
        "requestedAt": rfc3339(record.at),
        "trigger": record.trigger,
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
        "maxExecutionCount": delivery.wire.attempts(),
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

/// A card as the API shows it.
pub(super) fn card(card: &Card) -> Value {
    json!({
        "publisher": "ISSUER_SHINHAN", "issuer": "SHINHAN_CARD", "brand": "LOCAL", "type": "CREDIT",
        "ownerType": "PERSONAL", "bin": card.bin, "name": "신한카드", "number": card.masked,
    })
}

fn method(method: &Method, record: &PaymentRecord) -> Value {
    match method {
        Method::Card(one) => json!({
            "type": "PaymentMethodCard", "card": card(one), "approvalNumber": "30012345",
            "installment": {"month": 0, "isInterestFree": false}, "pointUsed": false,
        }),
        Method::EasyPay { provider } => json!({
            "type": "PaymentMethodEasyPay", "provider": provider,
            "easyPayMethod": {
                "type": "PaymentMethodCard", "card": card(&Card::standard()), "approvalNumber": "30012346",
            },
        }),
        Method::VirtualAccount { account_number, expired_at, issued_at } => {
            let mut body = json!({
                "type": "PaymentMethodVirtualAccount", "bank": "HANA", "accountNumber": account_number,
                "accountType": "NORMAL", "remitteeName": "바로주차", "issuedAt": rfc3339(*issued_at),
                "expiredAt": rfc3339(*expired_at),
            });
            if record.paid_at.is_some() && !record.cancellations.is_empty() {
                body["refundStatus"] = json!("COMPLETED");
            }
            body
        }
    }
}
