//! Batches of SQS and of DynamoDB streams: one bad record fails itself, never its neighbours.
//!
//! Both mappings must have `FunctionResponseTypes: [ReportBatchItemFailures]`. A record that fails again and again goes where the queue's
//! redrive policy, or the mapping's on-failure destination, sends it.

use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::{FutureExt as _, StreamExt as _};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;

/// The batch can't be answered record by record; Lambda hands all of it out again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A failed message has no id. An answer with an empty id would be the same as failing all, but said by accident.
    #[error("a failed message has no message id")]
    NoMessageId,
    /// A failed stream record has no sequence number.
    #[error("a failed stream record has no sequence number")]
    NoSequenceNumber,
}

/// Runs `handle` for every message of an SQS batch, at most `concurrency` at a time, and reports the failed ones.
///
/// Messages of a FIFO queue are taken in order within their group; at the first failure the rest of that group is reported as failed
/// without being tried, since trying it would overtake. A panic fails its message alone.
pub async fn sqs<Handle, Fut, E>(
    event: SqsEvent,
    concurrency: usize,
    handle: Handle,
) -> Result<SqsBatchResponse, BatchError>
where
    Handle: Fn(SqsMessage) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let handle = &handle;
    let failed: Vec<Option<String>> = futures::stream::iter(lines(event.records))
        .map(|line| run_line(line, handle))
        .buffer_unordered(concurrency.max(1))
        .concat()
        .await;
    let mut response = SqsBatchResponse::default();
    for id in failed {
        response.add_failure(id.filter(|id| !id.is_empty()).ok_or(BatchError::NoMessageId)?);
    }
    Ok(response)
}

/// Messages that must follow each other, each line in its order: a group of a FIFO queue, or a single message of a standard queue (where
/// a group id only asks for fair turns).
fn lines(messages: Vec<SqsMessage>) -> Vec<Vec<SqsMessage>> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    let mut lines: Vec<Vec<SqsMessage>> = Vec::new();
    for message in messages {
        let is_fifo = message.event_source_arn.as_deref().is_some_and(is_fifo_queue);
        let group = message.attributes.get("MessageGroupId").filter(|_| is_fifo).cloned();
        if let Some(line) = group.as_ref().and_then(|group| groups.get(group)) {
            lines[*line].push(message);
        } else {
            groups.extend(group.map(|group| (group, lines.len())));
            lines.push(vec![message]);
        }
    }
    lines
}

/// SQS requires exactly this ending of a FIFO queue's name, in lower case.
#[allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "it is the end of an ARN, not of a file name"
)]
fn is_fifo_queue(arn: &str) -> bool {
    arn.ends_with(".fifo")
}

/// The ids of the messages of a line that failed or were not tried.
async fn run_line<Handle, Fut, E>(line: Vec<SqsMessage>, handle: &Handle) -> Vec<Option<String>>
where
    Handle: Fn(SqsMessage) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut messages = line.into_iter();
    while let Some(message) = messages.next() {
        let id = message.message_id.clone();
        if let Err(cause) = guarded(|| handle(message)).await {
            let rest: Vec<_> = messages.map(|message| message.message_id).collect();
            let message_id = id.as_deref().unwrap_or("");
            tracing::error!(message_id, held_back = rest.len(), cause, "message failed");
            return std::iter::once(id).chain(rest).collect();
        }
    }
    Vec::new()
}

/// Runs `handle` for the records of a stream batch in order, stops at the first that fails and reports it: Lambda starts again there.
pub async fn stream<Handle, Fut, E>(
    event: StreamEvent,
    handle: Handle,
) -> Result<DynamoDbEventResponse, BatchError>
where
    Handle: Fn(EventRecord) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut response = DynamoDbEventResponse::default();
    for record in event.records {
        let number = record.change.sequence_number.clone();
        if let Err(cause) = guarded(|| handle(record)).await {
            let number = number.filter(|number| !number.is_empty()).ok_or(BatchError::NoSequenceNumber)?;
            tracing::error!(sequence_number = number, cause, "stream record failed");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number);
            response.batch_item_failures.push(failure);
            break;
        }
    }
    Ok(response)
}

/// The outcome of one record, with a panic (already logged by the hook) as an error. What a panic leaves half done is not seen again: the
/// record's future is dropped, and services hold no state between records but clients.
async fn guarded<Start, Fut, E>(start: Start) -> Result<(), String>
where
    Start: FnOnce() -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    match AssertUnwindSafe(async { start().await }).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("panicked".to_owned()),
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
