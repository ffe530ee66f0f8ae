//! What can go wrong between us and DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// An error of the store. A failed condition is not one: operations answer it in their own result.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB could not be reached, throttled, or refused the call. `code` is DynamoDB's own.
    #[error("DynamoDB: {code}")]
    Unavailable {
        /// DynamoDB's error code, or `unreachable`.
        code: String,
        /// Cause, for the log.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An item does not read back: written by newer code, or damaged.
    #[error("item {key} does not read back: {why}")]
    Corrupt {
        /// Its key. Holds no plate: see [`crate::item`].
        key: String,
        /// Why.
        why: String,
    },
    /// Other transactions kept winning.
    #[error("gave up after {0} conflicting transactions")]
    Contended(u32),
    /// A write would break an invariant of the store; nothing was written.
    #[error("refused: {0}")]
    Refused(&'static str),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Contended(_))
    }

    #[allow(clippy::needless_pass_by_value, reason = "an error is consumed where it is told")]
    pub(crate) fn corrupt(key: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Corrupt { key: key.into(), why: why.to_string() }
    }
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = error.code().unwrap_or("unreachable").to_owned();
        Self::Unavailable { code, source: Box::new(error) }
    }
}

impl From<aws_sdk_dynamodb::error::BuildError> for StoreError {
    fn from(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Unavailable { code: "request-incomplete".to_owned(), source: Box::new(error) }
    }
}
