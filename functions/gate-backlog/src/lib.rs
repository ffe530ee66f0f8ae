//! Reads that no barrier waits for, from the queue to the facts of their plate: the same filing and fold as at a gate,
//! without a decision. A read that was filed before changes nothing, so a message may come as often as it likes.

#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use baro_gates::passages::{BacklogMessage, PassageError, Passages};
use baro_runtime::{Aws, Clock, Config, InitError, batch, batch::BatchError};
use baro_store::{Directory, Parking};

/// Groups of a batch worked on together: each is another plate's item.
const CONCURRENT_GROUPS: usize = 10;

/// Why a message comes again.
#[derive(Debug, thiserror::Error)]
pub enum BacklogError {
    /// Not a message of ours: it ends in the dead-letter queue, where a person sees it. The text says where it broke
    /// off, not what it said.
    #[error("the message does not read: line {line}, column {column}")]
    Malformed {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// The read could not be filed.
    #[error(transparent)]
    Passage(#[from] PassageError),
}

/// The function.
#[derive(Debug)]
pub struct GateBacklog {
    passages: Passages,
    clock: Clock,
}

impl GateBacklog {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let passages = Passages::new(
            Parking::new(dynamodb.clone(), config.required("PARKING_TABLE")?),
            Directory::new(dynamodb, config.required("DIRECTORY_TABLE")?),
        );
        Ok(Self::new(passages, Clock::default()))
    }

    /// Of its parts.
    pub fn new(passages: Passages, clock: Clock) -> Self {
        Self { passages, clock }
    }

    /// Works on a batch; each message fails alone, and with it those of its plate behind it.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, BatchError> {
        batch::sqs(event, CONCURRENT_GROUPS, |message| self.message(message)).await
    }

    async fn message(&self, message: SqsMessage) -> Result<(), BacklogError> {
        let body = message.body.unwrap_or_default();
        let read: BacklogMessage = serde_json::from_str(&body)
            .map_err(|error| BacklogError::Malformed { line: error.line(), column: error.column() })?;
        self.passages.file(&read.observation, Some(&read.raw()), self.clock.now()).await?;
        Ok(())
    }
}
