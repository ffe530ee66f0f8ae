//! Tells each person once: push, else AlimTalk, else SMS or LMS.
//!
//! A message comes at least once, and a call to a vendor can end without an answer. So each try is written down before the
//! call and its outcome after it, both conditional on the record read; a try without an outcome is asked about. What to do
//! next is decided by the domain (`next_step`), what it says too (`wording`); here it is only carried out.

mod delivery;
mod messengers;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use baro_clients::{fcm::PushSender, solapi::TextSender};
use baro_domain::notice::{Channel, Notice, WordingError, wording};
use baro_runtime::{Aws, Clock, Config, InitError, batch, batch::BatchError};
use baro_store::{Activity, Directory, StoreError};

pub use delivery::MAY_STILL_RUN;
pub use messengers::Messengers;

/// Messages of a batch worked on together: each waits for a vendor, not for us.
const CONCURRENT_MESSAGES: usize = 10;

/// Why a message comes again.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Not a notice: it ends in the dead-letter queue, where a person sees it. Says where it fails to be one and not what
    /// stands there, since that may be a phone number.
    #[error("the message is not a notice (line {line}, column {column})")]
    Malformed {
        /// Line in the body.
        line: usize,
        /// Column in the body.
        column: usize,
    },
    /// The notice can't be put in words.
    #[error("wording: {0}")]
    Wording(#[from] WordingError),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The vendor of a channel can't take or tell anything now, or its answer was lost.
    #[error("{channel:?}: {cause}")]
    Vendor {
        /// Channel.
        channel: Channel,
        /// What it said.
        cause: String,
    },
    /// Another delivery of the same notice has begun and may still be waiting for the vendor.
    #[error("another delivery of this notice may still run")]
    InProgress,
    /// Others kept changing the record.
    #[error("gave up after {0} steps")]
    Steps(u32),
}

/// The function.
#[derive(Clone)]
pub struct Notifier {
    activity: Activity,
    directory: Directory,
    push: Arc<dyn PushSender>,
    texts: Arc<dyn TextSender>,
    clock: Clock,
}

impl Notifier {
    /// Reads the configuration and builds the clients.
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let activity = Activity::new(dynamodb.clone(), config.required("ACTIVITY_TABLE")?);
        let directory = Directory::new(dynamodb, config.required("DIRECTORY_TABLE")?);
        let clock = Clock::default();
        let messengers = Arc::new(Messengers::from_config(&aws, &config, clock.clone())?);
        aws.warm("dynamodb").await;
        Ok(Self::new(activity, directory, messengers.clone(), messengers, clock))
    }

    /// Of its parts.
    pub fn new(
        activity: Activity,
        directory: Directory,
        push: Arc<dyn PushSender>,
        texts: Arc<dyn TextSender>,
        clock: Clock,
    ) -> Self {
        Self { activity, directory, push, texts, clock }
    }

    /// Works on a batch; each message fails alone.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, BatchError> {
        batch::sqs(event, CONCURRENT_MESSAGES, |message| self.message(message)).await
    }

    async fn message(&self, message: SqsMessage) -> Result<(), NotifyError> {
        let body = message.body.unwrap_or_default();
        let notice: Notice = serde_json::from_str(&body)
            .map_err(|error| NotifyError::Malformed { line: error.line(), column: error.column() })?;
        self.tell(&notice).await
    }

    /// Tells a person, unless they were told.
    pub async fn tell(&self, notice: &Notice) -> Result<(), NotifyError> {
        let wording = wording(notice)?;
        let record = self.activity.notice(&notice.id).await?;
        delivery::Delivery::new(self, notice, wording, record).run().await
    }
}
