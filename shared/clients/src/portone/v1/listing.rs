//! V1's lists of payments by state (`GET /payments/status/…`). A partial refund leaves a payment in state `paid`, so one that
//! is older than the span is not in the list: reconciliation looks at those of its own journal one by one.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use super::super::error::Effect;
use super::super::{ChannelType, GatewayError, GatewayPayment, PaymentListing, RefusalKind};
use super::{Payment, PortOneV1, at};

/// The most that V1 lists at a time.
const PAGE_SIZE: usize = 100;
/// More pages than this are a defect of one side, not a day.
const MAX_PAGES: usize = 1_000;

#[derive(Deserialize)]
struct Page {
    list: Vec<Payment>,
}

impl PortOneV1 {
    async fn page(
        &self,
        status: &str,
        (from, until): (Timestamp, Timestamp),
        number: usize,
        sandbox: bool,
    ) -> Result<Vec<Payment>, GatewayError> {
        let url = at(&self.base_url, &["payments", "status", status]);
        // `to` belongs to the span in V1: whole seconds, the last one before `until`.
        let query = [
            ("from", from.as_second().to_string()),
            ("to", (until.as_second() - 1).to_string()),
            ("limit", PAGE_SIZE.to_string()),
            ("page", number.to_string()),
            ("sorting", "started".to_owned()),
            ("include_sandbox", sandbox.to_string()),
        ];
        let page: Result<Page, _> =
            self.ask(Effect::None, |http| http.inner().get(url.clone()).query(&query)).await;
        match page {
            Ok(page) => Ok(page.list),
            // A page beyond the last one.
            Err(GatewayError::Final(refusal)) if refusal.kind == RefusalKind::PaymentNotFound => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl PaymentListing for PortOneV1 {
    async fn touched_within(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<GatewayPayment>, GatewayError> {
        let mut found = BTreeMap::new();
        // What stands in the list of real payments too is no test: it is read last.
        for (sandbox, kind) in [(true, ChannelType::Test), (false, ChannelType::Live)] {
            for status in ["paid", "cancelled"] {
                let mut read_to_the_end = false;
                for number in 1..=MAX_PAGES {
                    let page = self.page(status, (from, until), number, sandbox).await?;
                    if page.is_empty() {
                        read_to_the_end = true;
                        break;
                    }
                    found.extend(page.into_iter().map(|payment| {
                        (payment.merchant_uid.clone(), payment.into_gateway(&self.store_id, kind.clone()))
                    }));
                }
                if !read_to_the_end {
                    return Err(GatewayError::Retry(format!(
                        "the gateway's list has more than {MAX_PAGES} pages"
                    )));
                }
            }
        }
        Ok(found.into_values().collect())
    }
}
