//! Cards registered at the gateway: looked up before one is taken, and deleted when its owner takes it back.

use async_trait::async_trait;

use super::{ChannelType, GatewayError};
use crate::secret::Secret;

/// What the gateway knows of a card that can be charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedBillingKey {
    /// The shop that it was issued for.
    pub store_id: String,
    /// Whom the page named when the card was registered (`customerId`).
    pub customer_id: Option<String>,
    /// The kinds of the channels that can charge it.
    pub channel_types: Vec<ChannelType>,
    /// How its owner knows it: the issuer's name and the number as the gateway masks it.
    pub label: String,
}

/// What is asked about registered cards. Apart from [`super::PaymentGateway`], since only members' cards need it.
#[async_trait]
pub trait BillingKeys: Send + Sync {
    /// The card as the gateway knows it now; `None` where it knows none, or one that is deleted.
    async fn billing_key(&self, key: &Secret) -> Result<Option<IssuedBillingKey>, GatewayError>;

    /// Deletes a card: it is charged no more. One that is deleted already, or was never there, is no error.
    async fn delete_billing_key(&self, key: &Secret) -> Result<(), GatewayError>;
}
