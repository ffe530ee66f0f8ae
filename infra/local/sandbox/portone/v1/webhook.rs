//! V1's webhook: unsigned, tried once, and silent about most of what V2 tells.

use serde_json::json;

use crate::sandbox::portone::payments::{About, Event, PaymentRecord};
use crate::sandbox::portone::shop::State;
use crate::sandbox::portone::webhooks::{Message, Wire};

/// What tells of an event of a V1 payment; `None`: nothing does. A payer at the payment page sees a failure, so only that of a
/// scheduled charge is told.
pub(in crate::sandbox::portone) fn message(
    state: &State,
    record: &PaymentRecord,
    event: &Event,
) -> Option<Message> {
    let About::Payment { payment_id, transaction_id, cancellation_id } = &event.about else { return None };
    let status = match event.kind {
        "Transaction.Paid" => "paid",
        "Transaction.VirtualAccountIssued" => "ready",
        "Transaction.Failed" if record.order.schedule_id.is_some() => "failed",
        "Transaction.Cancelled" | "Transaction.PartialCancelled" => "cancelled",
        _ => return None,
    };
    let target = state.v1_webhook.as_ref();
    let own = &record.order.notice_urls;
    let urls = if own.is_empty() {
        target.map(|target| target.url.clone()).into_iter().collect()
    } else {
        own.clone()
    };
    let mut fields =
        vec![("imp_uid", transaction_id.as_str()), ("merchant_uid", payment_id), ("status", status)];
    if let Some(id) = cancellation_id {
        fields.push(("cancellation_id", id));
    }
    if !target.is_some_and(|target| target.as_form) {
        let body = fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        return Some(Message {
            wire: Wire::PlainJson,
            urls,
            body: serde_json::Value::Object(body).to_string(),
        });
    }
    let mut form = reqwest::Url::parse("http://form.invalid/").ok()?;
    form.query_pairs_mut().extend_pairs(fields);
    Some(Message { wire: Wire::PlainForm, urls, body: form.query().unwrap_or_default().to_owned() })
}
