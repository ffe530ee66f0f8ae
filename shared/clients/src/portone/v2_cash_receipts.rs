//! V2's cash receipts (`IssueCashReceiptBody`, `CashReceipt` of @portone/server-sdk 0.19). A cancellation names no amount: it is the
//! whole receipt's.

use async_trait::async_trait;
use baro_domain::{
    PaymentId, Won,
    cash_receipt::{IssuedReceipt, ReceiptIdentity, ReceiptUse},
};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::json;

use super::error::{Effect, from_answer, from_failure, unreadable};
use super::{CashReceiptOrder, CashReceipts, GatewayError, PortOneV2, RefusalKind};
use crate::http::Answer;

/// A receipt of the gateway; one that it failed to issue has no number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    status: String,
    issue_number: Option<String>,
    amount: Option<Won>,
    url: Option<String>,
    is_manual: bool,
    issued_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    status_updated_at: Option<Timestamp>,
}

impl Seen {
    /// `None` for one that never came to be. A status of tomorrow is no answer: whether there is a receipt is not known.
    fn receipt(self) -> Result<Option<IssuedReceipt>, GatewayError> {
        let cancelled_at = match self.status.as_str() {
            "ISSUE_FAILED" => return Ok(None),
            "ISSUED" => None,
            "CANCELLED" => self.cancelled_at.or(self.status_updated_at).or(self.issued_at),
            other => return Err(unreadable(other, Effect::None)),
        };
        let (Some(number), Some(amount), Some(issued_at)) = (self.issue_number, self.amount, self.issued_at)
        else {
            return Err(unreadable("a cash receipt without number, amount or time", Effect::None));
        };
        let by_call = self.is_manual;
        Ok(Some(IssuedReceipt { number, amount, url: self.url, issued_at, cancelled_at, by_call }))
    }
}

impl PortOneV2 {
    async fn receipt_call(&self, request: RequestBuilder, effect: Effect) -> Result<Answer, GatewayError> {
        let answer = self.http().call(request).await.map_err(|failure| from_failure(failure, effect))?;
        if answer.is_success() { Ok(answer) } else { Err(from_answer(&answer, effect)) }
    }
}

#[async_trait]
impl CashReceipts for PortOneV2 {
    async fn cash_receipt(&self, payment: &PaymentId) -> Result<Option<IssuedReceipt>, GatewayError> {
        let request = self.at(Method::GET, &["payments", payment.as_str(), "cash-receipt"]);
        let request = request.query(&[("storeId", self.store_id())]);
        match self.receipt_call(request, Effect::None).await {
            Ok(answer) => {
                let seen: Seen = serde_json::from_slice(&answer.body)
                    .map_err(|error| unreadable(&error.to_string(), Effect::None))?;
                seen.receipt()
            }
            Err(GatewayError::Final(refusal)) if refusal.kind == RefusalKind::CashReceiptNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn issue_cash_receipt(&self, order: &CashReceiptOrder) -> Result<(), GatewayError> {
        let kind = match order.identity.purpose() {
            ReceiptUse::Personal => "PERSONAL",
            ReceiptUse::Corporate => "CORPORATE",
        };
        let by = match order.identity {
            ReceiptIdentity::Phone(_) => "PHONE",
            ReceiptIdentity::Card(_) => "CARD",
            ReceiptIdentity::Business(_) => "BUSINESS",
        };
        let mut body = json!({
            "storeId": self.store_id(),
            "paymentId": order.payment,
            "channelKey": order.channel_key,
            "type": kind,
            "orderName": order.order_name,
            "currency": "KRW",
            "amount": {"total": order.total, "taxFree": order.vat.tax_free, "vat": order.vat.vat},
            "customer": {"identityNumber": order.identity.expose(), "identityNumberType": by},
        });
        if let Some(paid_at) = order.paid_at {
            body["paidAt"] = json!(paid_at);
        }
        let request = self.at(Method::POST, &["cash-receipts"]).json(&body);
        self.receipt_call(request, Effect::Money).await.map(drop)
    }

    async fn cancel_cash_receipt(&self, payment: &PaymentId) -> Result<(), GatewayError> {
        let request = self.at(Method::POST, &["payments", payment.as_str(), "cash-receipt", "cancel"]);
        let request = request.query(&[("storeId", self.store_id())]);
        self.receipt_call(request, Effect::Money).await.map(drop)
    }
}

#[cfg(test)]
#[path = "v2_cash_receipts_tests.rs"]
mod tests;
