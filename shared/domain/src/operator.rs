//! The operator of lots and the persons who act for it.

use serde::{Deserialize, Serialize};

use crate::OperatorId;

/// Who operates lots, often a city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// Its name, Korean.
    pub name: String,
    /// One key for each person or system that acts for it.
    pub keys: Vec<OperatorKey>,
}

/// A key. The secret itself has 256 random bits and is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorKey {
    /// Whose it is: this name stands under what was decided with it.
    pub name: String,
    /// SHA-256 of the secret, hex.
    pub secret_sha256: String,
}
