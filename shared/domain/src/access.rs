//! The keys that people and systems prove themselves with.

use serde::{Deserialize, Serialize};

/// A key of an operator, a company or a driver. The secret itself has 256 random bits and is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKey {
    /// Whose it is: this name stands under what was decided with it.
    pub name: String,
    /// SHA-256 of the secret, hex.
    pub secret_sha256: String,
}
