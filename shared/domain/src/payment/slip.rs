//! What the gateway tells of how a payment was made, for its receipt. Nothing is decided by it.

use serde::{Deserialize, Serialize};

/// The slip (매출전표) as far as the gateway tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Slip {
    /// The card's issuer, the pay service, or the bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The card's number, masked by the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_number: Option<String>,
    /// The card company's approval number (승인번호).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_number: Option<String>,
    /// Where the PG shows its own receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
