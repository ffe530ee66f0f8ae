//! The operator of lots and the keys of the persons who act for it.

use serde::{Deserialize, Serialize};

use crate::{AccessKey, OperatorId};

/// Who operates lots, often a city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// Its name, Korean.
    pub name: String,
    /// One key for each person or system that acts for it.
    pub keys: Vec<AccessKey>,
}
