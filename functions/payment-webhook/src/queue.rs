//! The queue that `payment-sync` reads.

use baro_domain::CardId;
use baro_runtime::Aws;
use jiff::Timestamp;
use serde::Serialize;

/// The queue did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("queue: {0}")]
pub(crate) struct QueueError(String);

/// A message: something happened at the gateway. It tells where to look, never what to believe.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hint<'a> {
    pub(crate) source: &'static str,
    pub(crate) webhook_id: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_id: Option<&'a str>,
    /// A card that was deleted at the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_id: Option<CardId>,
    pub(crate) raw_key: &'a str,
    pub(crate) received_at: Timestamp,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct PaymentQueue {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl PaymentQueue {
    pub(crate) fn new(aws: &Aws, url: &str) -> Self {
        Self { sqs: aws_sdk_sqs::Client::new(aws), url: url.to_owned() }
    }

    pub(crate) async fn send(&self, hint: &Hint<'_>) -> Result<(), QueueError> {
        let body = serde_json::to_string(hint).map_err(|error| QueueError(error.to_string()))?;
        let sent = self.sqs.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop).map_err(|error| QueueError(aws_sdk_sqs::error::DisplayErrorContext(error).to_string()))
    }
}
