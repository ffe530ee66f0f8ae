//! The queues that consequences are put on.

use aws_sdk_sqs::types::{SendMessageBatchRequestEntry, builders::SendMessageBatchRequestEntryBuilder};
use baro_domain::{
    PaymentId, Won, command::Command, notice::Notice, payment::PromisedOrder, receivable::RetryOrder,
};
use baro_runtime::Aws;
use serde::Serialize;

use crate::RouteError;

/// SQS takes so many messages a call.
const MAX_MESSAGES_A_CALL: usize = 10;
/// Points wait so long for the money beside them: as long as SQS can delay a message.
const POINTS_HELD_FOR_S: i32 = 900;

/// That a payment must be looked at; `payment-sync` reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentHint {
    pub(crate) source: &'static str,
    pub(crate) payment_id: PaymentId,
    /// What of it is to be kept, won: the rest was paid a second time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep: Option<Won>,
    /// A promise made at an exit, to be charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) promise: Option<PromisedOrder>,
    /// Whether its points are to be released if the money has not come by then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) release: bool,
    /// A card to be charged again for what its payer owes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry: Option<RetryOrder>,
}

impl PaymentHint {
    /// More of a payment is held than is to be kept.
    pub(crate) fn surplus(payment_id: PaymentId, keep: Won) -> Self {
        Self { keep: Some(keep), ..Self::look("surplus", payment_id) }
    }

    /// A refund waits.
    pub(crate) fn refund(payment_id: PaymentId) -> Self {
        Self::look("refund", payment_id)
    }

    /// A payer wishes a cash receipt.
    pub(crate) fn cash_receipt(payment_id: PaymentId) -> Self {
        Self::look("cash-receipt", payment_id)
    }

    /// A promise is to be charged.
    pub(crate) fn promise(order: PromisedOrder) -> Self {
        let look = Self::look("promise", order.payment_id());
        Self { promise: Some(order), ..look }
    }

    /// A card is to be charged again.
    pub(crate) fn retry(order: RetryOrder) -> Self {
        let look = Self::look("retry", order.payment_id());
        Self { retry: Some(order), ..look }
    }

    /// Points are held: they are not to be held for ever.
    pub(crate) fn release(payment_id: PaymentId) -> Self {
        Self { release: true, ..Self::look("points-held", payment_id) }
    }

    fn look(source: &'static str, payment_id: PaymentId) -> Self {
        Self { source, payment_id, keep: None, promise: None, retry: None, release: false }
    }
}

/// Where notices, commands and hints go.
#[derive(Debug)]
pub struct Queues {
    sqs: aws_sdk_sqs::Client,
    notices_url: String,
    commands_url: String,
    payments_url: String,
}

fn failed(error: impl std::fmt::Display) -> RouteError {
    RouteError::Queue(error.to_string())
}

fn entry(message: &impl Serialize) -> Result<SendMessageBatchRequestEntryBuilder, RouteError> {
    let body = serde_json::to_string(message).map_err(failed)?;
    Ok(SendMessageBatchRequestEntry::builder().message_body(body))
}

impl Queues {
    /// Of these addresses.
    pub fn new(aws: &Aws, notices_url: &str, commands_url: &str, payments_url: &str) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(aws),
            notices_url: notices_url.to_owned(),
            commands_url: commands_url.to_owned(),
            payments_url: payments_url.to_owned(),
        }
    }

    /// Has payments looked at, and money given back.
    pub(crate) async fn look_at(&self, hints: &[PaymentHint]) -> Result<(), RouteError> {
        let delayed = |hint: &PaymentHint| {
            let delay_s = if hint.release { POINTS_HELD_FOR_S } else { 0 };
            entry(hint).map(|entry| entry.delay_seconds(delay_s))
        };
        let entries = hints.iter().map(delayed).collect::<Result<_, _>>()?;
        self.send(&self.payments_url, entries).await
    }

    /// Has people told.
    pub(crate) async fn tell(&self, notices: &[Notice]) -> Result<(), RouteError> {
        let entries = notices.iter().map(entry).collect::<Result<_, _>>()?;
        self.send(&self.notices_url, entries).await
    }

    /// Has controllers do something. Each command is a group of its own: a car never waits for another, and changes of
    /// one pass stay in their order.
    pub(crate) async fn command(&self, commands: &[Command]) -> Result<(), RouteError> {
        let grouped = |command: &Command| {
            let id = command.id();
            let deduplication = format!("{id}-{}", command.revision);
            Ok(entry(command)?.message_group_id(id.as_str()).message_deduplication_id(deduplication))
        };
        let entries = commands.iter().map(grouped).collect::<Result<_, RouteError>>()?;
        self.send(&self.commands_url, entries).await
    }

    async fn send(
        &self,
        url: &str,
        entries: Vec<SendMessageBatchRequestEntryBuilder>,
    ) -> Result<(), RouteError> {
        let numbered =
            entries.into_iter().enumerate().map(|(index, entry)| entry.id(index.to_string()).build());
        let entries = numbered.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        for chunk in entries.chunks(MAX_MESSAGES_A_CALL) {
            let call = self.sqs.send_message_batch().queue_url(url).set_entries(Some(chunk.to_vec()));
            let sent =
                call.send().await.map_err(|error| failed(aws_sdk_sqs::error::DisplayErrorContext(error)))?;
            if let Some(refused) = sent.failed().first() {
                let count = sent.failed().len();
                return Err(failed(format!("{count} of a batch were refused: {}", refused.code())));
            }
        }
        Ok(())
    }
}
