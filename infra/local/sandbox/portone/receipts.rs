//! Cash receipts (현금영수증): for money that was paid in cash or by bank, whether through this gateway or beside it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use baro_domain::Won;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{AmountInput, QueryBody, StoreQuery, check_store, read, under_faults};
use super::error::ApiError;
use super::json;
use super::listing::{Range, SortOrder, Wanted, page};
use super::payments::Method;
use super::shop::Shop;
use crate::sandbox::support::{lock, random_id, rfc3339};

/// A receipt.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    payment_id: String,
    kind: Kind,
    order_name: String,
    currency: String,
    amount: Won,
    tax_free: Won,
    vat: Won,
    issue_number: String,
    issued_at: Timestamp,
    cancelled_at: Option<Timestamp>,
}

/// Whose it is: a person's (소득공제) or a business's (지출증빙).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Personal,
    Corporate,
}

impl Receipt {
    fn status(&self) -> &'static str {
        if self.cancelled_at.is_some() { "CANCELLED" } else { "ISSUED" }
    }

    fn common(&self) -> Value {
        let mut body = json!({
            "status": self.status(),
            "type": match self.kind { Kind::Personal => "PERSONAL", Kind::Corporate => "CORPORATE" },
            "pgReceiptId": format!("pgr-{}", self.issue_number),
            "issueNumber": self.issue_number,
            "taxFreeAmount": self.tax_free,
            "currency": self.currency,
            "url": format!("https://receipt.example.invalid/cash/{}", self.issue_number),
            "issuedAt": rfc3339(self.issued_at),
        });
        if let Some(at) = self.cancelled_at {
            body["cancelledAt"] = json!(rfc3339(at));
        }
        body
    }

    /// As the console lists it: payment, kind, amount, state and number.
    pub(super) fn shown(&self) -> [String; 5] {
        let kind = match self.kind {
            Kind::Personal => "소득공제 · PERSONAL",
            Kind::Corporate => "지출증빙 · CORPORATE",
        };
        let (amount, number) = (self.amount.to_string(), self.issue_number.clone());
        [self.payment_id.clone(), kind.to_owned(), amount, self.status().to_owned(), number]
    }

    /// As a part of its payment.
    pub(super) fn in_payment(&self) -> Value {
        let mut body = self.common();
        body["totalAmount"] = json!(self.amount);
        body
    }

    fn to_json(&self, shop: &Shop) -> Value {
        let mut body = self.common();
        let own = json!({
            "merchantId": shop.config.merchant_id(), "storeId": shop.config.store_id,
            "paymentId": self.payment_id, "channel": json::channel(&shop.config, &shop.config.channel_key),
            "amount": self.amount, "vatAmount": self.vat, "orderName": self.order_name, "isManual": true,
            "statusUpdatedAt": rfc3339(self.cancelled_at.unwrap_or(self.issued_at)),
        });
        if let (Some(body), Value::Object(own)) = (body.as_object_mut(), own) {
            body.extend(own);
        }
        body
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueBody {
    store_id: Option<String>,
    payment_id: String,
    channel_key: String,
    #[serde(rename = "type")]
    kind: Kind,
    order_name: String,
    currency: String,
    amount: AmountInput,
    customer: CustomerInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomerInput {
    /// A phone's, a card's or a business's number.
    identity_number: String,
}

impl Shop {
    fn issue_receipt(&self, body: IssueBody) -> Result<Value, ApiError> {
        check_store(self, body.store_id.as_deref())?;
        if body.channel_key != self.config.channel_key {
            return Err(ApiError::new("CHANNEL_NOT_FOUND", "no such channel"));
        }
        let amount = body.amount;
        let vat = amount.vat.unwrap_or_else(|| amount.total.vat_split(amount.tax_free).vat);
        let fits = amount.tax_free.plus(vat).is_ok_and(|parts| parts <= amount.total);
        if amount.total.is_negative() || amount.total.is_zero() || !fits {
            return Err(ApiError::invalid("the amount must be positive and hold its parts"));
        }
        let identity = body.customer.identity_number;
        if !(10..=18).contains(&identity.len()) || !identity.bytes().all(|c| c.is_ascii_digit()) {
            return Err(ApiError::invalid("identityNumber is 10 to 18 digits"));
        }
        let mut state = lock(&self.state);
        if state.receipts.get(&body.payment_id).is_some_and(|receipt| receipt.cancelled_at.is_none()) {
            return Err(ApiError::new("CASH_RECEIPT_ALREADY_ISSUED", "there is a receipt for it"));
        }
        if let Some(record) = state.payments.get(&body.payment_id) {
            let in_cash = matches!(record.method, Some(Method::VirtualAccount { .. }));
            if !in_cash || record.paid_at.is_none() {
                return Err(ApiError::invalid("only what was paid in cash has a cash receipt"));
            }
        }
        let receipt = Receipt {
            payment_id: body.payment_id.clone(),
            kind: body.kind,
            order_name: body.order_name,
            currency: body.currency,
            amount: amount.total,
            tax_free: amount.tax_free,
            vat,
            issue_number: random_id(""),
            issued_at: self.clock.now(),
            cancelled_at: None,
        };
        let common = receipt.common();
        let summary = json!({
            "issueNumber": common["issueNumber"], "url": common["url"], "pgReceiptId": common["pgReceiptId"],
        });
        state.receipts.insert(body.payment_id, receipt);
        Ok(json!({"cashReceipt": summary}))
    }

    fn cancel_receipt(&self, payment_id: &str) -> Result<Value, ApiError> {
        let at = self.clock.now();
        let mut state = lock(&self.state);
        let receipt = state.receipts.get_mut(payment_id).ok_or_else(not_found)?;
        if receipt.cancelled_at.is_some() {
            return Err(ApiError::new("CASH_RECEIPT_NOT_ISSUED", "the receipt is cancelled"));
        }
        receipt.cancelled_at = Some(at);
        Ok(json!({"cancelledAmount": receipt.amount, "cancelledAt": rfc3339(at)}))
    }
}

fn not_found() -> ApiError {
    ApiError::new("CASH_RECEIPT_NOT_FOUND", "no such cash receipt")
}

/// `POST /cash-receipts`
pub(super) async fn issue(State(shop): State<Arc<Shop>>, body: Bytes) -> Response {
    let read: Result<IssueBody, ApiError> = read(&body);
    let id = read.as_ref().map(|body| body.payment_id.clone()).unwrap_or_default();
    under_faults(&shop, "cashReceipt", &id, |refused| {
        if refused {
            return Err(ApiError::pg("CASH_RECEIPT_REFUSED", "현금영수증 발급에 실패했습니다."));
        }
        shop.issue_receipt(read?)
    })
    .await
}

/// `POST /payments/{id}/cash-receipt/cancel`
pub(super) async fn cancel(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
    Query(query): Query<StoreQuery>,
) -> Response {
    under_faults(&shop, "cashReceipt", &id, |refused| {
        check_store(&shop, query.store_id.as_deref())?;
        if refused {
            return Err(ApiError::pg("CASH_RECEIPT_REFUSED", "현금영수증 취소에 실패했습니다."));
        }
        shop.cancel_receipt(&id)
    })
    .await
}

/// `GET /payments/{id}/cash-receipt`
pub(super) async fn get(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
    Query(query): Query<StoreQuery>,
) -> Response {
    under_faults(&shop, "cashReceipt", &id, |_| {
        check_store(&shop, query.store_id.as_deref())?;
        lock(&shop.state).receipts.get(&id).map(|receipt| receipt.to_json(&shop)).ok_or_else(not_found)
    })
    .await
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sort {
    #[serde(default)]
    order: SortOrder,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    store_id: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    payment_id: Option<String>,
    statuses: Option<Vec<String>>,
}

/// `GET /cash-receipts`: by time of issue.
pub(super) async fn list(State(shop): State<Arc<Shop>>, Query(query): Query<QueryBody>) -> Response {
    under_faults(&shop, "list", "", |_| {
        let Wanted::<Sort, Filter> { page: wanted, sort, filter } = query.read()?;
        check_store(&shop, filter.store_id.as_deref())?;
        let range = Range::of(filter.from, filter.until, shop.clock.now());
        let state = lock(&shop.state);
        let mut found: Vec<_> = state
            .receipts
            .values()
            .filter(|one| range.holds(one.issued_at))
            .filter(|one| filter.payment_id.as_ref().is_none_or(|id| *id == one.payment_id))
            .filter(|one| {
                filter.statuses.as_ref().is_none_or(|names| names.iter().any(|name| name == one.status()))
            })
            .collect();
        found.sort_by_key(|one| (one.issued_at, &one.payment_id));
        sort.order.arrange(&mut found);
        page(found.iter().map(|one| one.to_json(&shop)).collect(), &wanted)
    })
    .await
}
