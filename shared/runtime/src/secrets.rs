//! Secrets, read from Secrets Manager when first needed and kept for five minutes.

use crate::aws::Aws;
use crate::clock::Clock;
use crate::problem::chain;
use aws_sdk_secretsmanager::Client;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use tokio::sync::Mutex;

/// How long a secret is used before it is read again; a rotation must keep the old one valid for at least this long.
pub const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// How long an old value is used before Secrets Manager, having failed, is asked again.
const KEPT_AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(30);

/// A value that no Debug, no Display and no error message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value, for tests and the local cloud.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value as JSON. The error says where it fails to be one, never what stands there.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, SecretError> {
        serde_json::from_str(&self.0)
            .map_err(|error| SecretError::NotAsExpected { line: error.line(), column: error.column() })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager gave none, and none was kept.
    #[error("secret {id} can't be read: {cause}")]
    Unreadable {
        /// Name or ARN.
        id: String,
        /// What Secrets Manager said.
        cause: String,
    },
    /// The value has another shape than its reader wants.
    #[error("the secret is not the JSON it should be (line {line}, column {column})")]
    NotAsExpected {
        /// Line in the value.
        line: usize,
        /// Column in the value.
        column: usize,
    },
}

struct Kept {
    secret: Secret,
    until: Timestamp,
}

/// Reads secrets, keeping each for [`KEPT`]. While Secrets Manager fails, the last value stays in use.
pub struct SecretReader {
    client: Client,
    clock: Clock,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl SecretReader {
    /// A reader that has read nothing yet.
    pub fn new(aws: &Aws, clock: Clock) -> Self {
        Self { client: Client::new(aws), clock, kept: Mutex::new(BTreeMap::new()) }
    }

    /// The secret of that name or ARN. Callers wait for each other, so that a secret is never read twice at once.
    pub async fn get(&self, id: &str) -> Result<Secret, SecretError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(entry) = kept.get(id).filter(|entry| now < entry.until) {
            return Ok(entry.secret.clone());
        }
        let read = self.read(id).await;
        let (secret, lasting) = match (read, kept.get(id)) {
            (Ok(secret), _) => (secret, KEPT),
            (Err(error), Some(old)) => {
                tracing::warn!(cause = %error, "the secret's old value stays in use");
                (old.secret.clone(), KEPT_AFTER_FAILURE)
            }
            (Err(error), None) => return Err(error),
        };
        let until = now.saturating_add(lasting).unwrap_or(Timestamp::MAX);
        kept.insert(id.to_owned(), Kept { secret: secret.clone(), until });
        Ok(secret)
    }

    /// Forgets a secret, so that the next [`SecretReader::get`] reads it anew: for when the other side refuses it.
    pub async fn forget(&self, id: &str) {
        self.kept.lock().await.remove(id);
    }

    async fn read(&self, id: &str) -> Result<Secret, SecretError> {
        let unreadable = |cause: String| SecretError::Unreadable { id: id.to_owned(), cause };
        let answer = self.client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| unreadable(chain(&error)))?;
        answer.secret_string.map(Secret).ok_or_else(|| unreadable("it is binary".to_owned()))
    }
}

impl fmt::Debug for SecretReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretReader")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_by_debug_nor_by_the_error_of_its_reader() {
        let secret = Secret::new(r#"{"apiSecret": "hunter2"}"#);
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        let error = secret.json::<Vec<u8>>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let inner: BTreeMap<String, u8> = BTreeMap::new();
        let error = secret.json::<BTreeMap<String, u8>>().map(|_| inner).unwrap_err();
        assert_eq!(error.to_string(), "the secret is not the JSON it should be (line 1, column 23)");
    }
}
