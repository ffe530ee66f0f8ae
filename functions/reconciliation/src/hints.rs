//! Asks payment-sync to look at a payment.

use aws_sdk_sqs::error::DisplayErrorContext;
use baro_runtime::Aws;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::ReconcileError;

/// Messages sent at a time.
const CONCURRENT_SENDS: usize = 8;

/// The payment queue.
pub(crate) struct Hints {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl Hints {
    pub(crate) fn new(aws: &Aws, url: &str) -> Self {
        Self { sqs: aws_sdk_sqs::Client::new(aws), url: url.to_owned() }
    }

    /// One message for each payment; all of them or an error.
    pub(crate) async fn send<'a>(
        &self,
        payments: impl Iterator<Item = &'a str>,
    ) -> Result<(), ReconcileError> {
        let payments: Vec<String> = payments.map(str::to_owned).collect();
        futures::stream::iter(payments)
            .map(|payment| async move {
                let body = json!({"source": "reconciliation", "paymentId": payment}).to_string();
                let sent = self.sqs.send_message().queue_url(&self.url).message_body(body).send().await;
                sent.map(drop).map_err(|error| ReconcileError::Queue(DisplayErrorContext(error).to_string()))
            })
            .buffered(CONCURRENT_SENDS)
            .try_collect()
            .await
    }
}
