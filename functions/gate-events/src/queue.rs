//! The FIFO queue of reads that no barrier waits for.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use baro_gates::passages::BacklogMessage;
use baro_runtime::Aws;
use futures::{StreamExt as _, TryStreamExt as _};

/// SQS takes so many messages a call.
const MAX_MESSAGES_A_CALL: usize = 10;
/// Calls under way at the same time: a full backlog is a hundred calls, and its sender waits.
const CONCURRENT_CALLS: usize = 8;

/// The queue did not take all messages. Those it took are told from their repetition by their deduplication id within
/// five minutes, and by the read's event id for ever.
#[derive(Debug, thiserror::Error)]
#[error("queue: {0}")]
pub(crate) struct QueueError(String);

/// The queue.
#[derive(Debug)]
pub(crate) struct BacklogQueue {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl BacklogQueue {
    pub(crate) fn new(aws: &Aws, url: &str) -> Self {
        Self { sqs: aws_sdk_sqs::Client::new(aws), url: url.to_owned() }
    }

    pub(crate) async fn send(&self, messages: &[BacklogMessage]) -> Result<(), QueueError> {
        // Made first: a stream of borrowed chunks would tie the future to a lifetime that a spawned handler can't have.
        let calls: Vec<_> = messages.chunks(MAX_MESSAGES_A_CALL).map(|chunk| self.send_some(chunk)).collect();
        futures::stream::iter(calls).buffer_unordered(CONCURRENT_CALLS).try_collect::<()>().await
    }

    async fn send_some(&self, messages: &[BacklogMessage]) -> Result<(), QueueError> {
        let mut call = self.sqs.send_message_batch().queue_url(&self.url);
        for (index, message) in messages.iter().enumerate() {
            let body = serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?;
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_group_id(message.group())
                .message_deduplication_id(message.observation.event_id.as_str())
                .message_body(body)
                .build();
            call = call.entries(entry.map_err(|error| QueueError(error.to_string()))?);
        }
        let sent = call.send().await;
        let sent =
            sent.map_err(|error| QueueError(aws_sdk_sqs::error::DisplayErrorContext(error).to_string()))?;
        match sent.failed().first() {
            Some(first) => {
                let count = sent.failed().len();
                Err(QueueError(format!("{count} of {} were refused: {}", messages.len(), first.code())))
            }
            None => Ok(()),
        }
    }
}
