//! The operator of lots and the keys of the persons who act for it.

use serde::{Deserialize, Serialize};

use crate::{AccessKey, BusinessNumber, OperatorId};

/// Who operates lots, often a city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// Its name, Korean.
    pub name: String,
    /// Its business number, for receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_number: Option<BusinessNumber>,
    /// One key for each person or system that acts for it.
    pub keys: Vec<AccessKey>,
}
