//! V2's lists of payments. `GET /payments-by-cursor` goes by the time of creation alone and is stable while it is read;
//! `GET /payments` goes by the last change, and finds the refund of an older payment. Their union is a day
//! (both as in @portone/server-sdk 0.19; page numbers may shift while a list is read, so only the second one's rare
//! old payments depend on them).

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::error::{Effect, from_answer, from_failure, unreadable};
use super::{GatewayError, GatewayPayment, PaymentListing, PortOneV2};

/// Payments asked for at a time. A payment has some kilobytes (its webhooks are in it), and an answer may have 1 MiB.
const PAGE_SIZE: usize = 50;
/// More pages than this are a defect of one side, not a day: 100,000 payments.
const MAX_PAGES: usize = 2_000;

#[derive(Deserialize)]
struct CursorPage {
    items: Vec<CursorItem>,
}

#[derive(Deserialize)]
struct CursorItem {
    payment: GatewayPayment,
    cursor: String,
}

#[derive(Deserialize)]
struct NumberedPage {
    items: Vec<GatewayPayment>,
}

impl PortOneV2 {
    /// PortOne's GET with a body: JSON in the query parameter `requestBody`.
    async fn list<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, GatewayError> {
        let request = self.get(path).query(&[("requestBody", body.to_string())]);
        let answer =
            self.http().call(request).await.map_err(|failure| from_failure(failure, Effect::None))?;
        if !answer.is_success() {
            return Err(from_answer(&answer, Effect::None));
        }
        serde_json::from_slice(&answer.body).map_err(|error| unreadable(&error.to_string(), Effect::None))
    }

    /// All payments created in this span, page after page until an empty one.
    async fn created_within(
        &self,
        from: Timestamp,
        until: Timestamp,
        found: &mut BTreeMap<String, GatewayPayment>,
    ) -> Result<(), GatewayError> {
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut body =
                json!({"storeId": self.store_id(), "from": from, "until": until, "size": PAGE_SIZE});
            if let Some(cursor) = &cursor {
                body["cursor"] = Value::from(cursor.as_str());
            }
            let page: CursorPage = self.list("payments-by-cursor", &body).await?;
            let Some(last) = page.items.last().map(|item| item.cursor.clone()) else { return Ok(()) };
            if cursor.as_ref() == Some(&last) {
                return Err(GatewayError::Retry("the gateway's list stands still".to_owned()));
            }
            cursor = Some(last);
            found.extend(page.items.into_iter().map(|item| (item.payment.id.clone(), item.payment)));
        }
        Err(too_long())
    }

    /// All payments with money in them whose state last changed in this span.
    async fn changed_within(
        &self,
        from: Timestamp,
        until: Timestamp,
        found: &mut BTreeMap<String, GatewayPayment>,
    ) -> Result<(), GatewayError> {
        for number in 0..MAX_PAGES {
            let body = json!({
                "page": {"number": number, "size": PAGE_SIZE},
                "filter": {
                    "storeId": self.store_id(), "timestampType": "STATUS_CHANGED_AT", "from": from, "until": until,
                    "status": ["PAID", "PARTIAL_CANCELLED", "CANCELLED"],
                    "sortBy": "STATUS_CHANGED_AT", "sortOrder": "ASC",
                },
            });
            let page: NumberedPage = self.list("payments", &body).await?;
            if page.items.is_empty() {
                return Ok(());
            }
            found.extend(page.items.into_iter().map(|payment| (payment.id.clone(), payment)));
        }
        Err(too_long())
    }
}

fn too_long() -> GatewayError {
    GatewayError::Retry(format!("the gateway's list has more than {MAX_PAGES} pages"))
}

#[async_trait]
impl PaymentListing for PortOneV2 {
    async fn touched_within(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<GatewayPayment>, GatewayError> {
        let mut found = BTreeMap::new();
        self.created_within(from, until, &mut found).await?;
        self.changed_within(from, until, &mut found).await?;
        Ok(found.into_values().collect())
    }
}

#[cfg(test)]
#[path = "v2_listing_tests.rs"]
mod tests;
