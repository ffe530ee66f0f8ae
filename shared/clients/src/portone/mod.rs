//! The payment gateway PortOne: what Baro asks of it, and what it answers.
//!
//! Callers hold a [`PaymentGateway`]; [`PortOneV2`] and, for merchants of the older contract, [`PortOneV1`] are the real ones. Whether an answer means "paid" for one of our orders
//! is not decided here but in `baro-domain`, after store, channel, amount and currency were compared.

mod api;
mod billing_keys;
mod cash_receipts;
mod error;
mod listing;
mod model;
mod v1;
mod v2;
mod v2_billing_keys;
mod v2_cash_receipts;
mod v2_listing;

use async_trait::async_trait;
use baro_domain::{PaymentId, Won};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::webhook::WebhookSecrets;

pub use api::{PortOneApi, UnknownApi};
pub use billing_keys::{BillingKeys, IssuedBillingKey};
pub use cash_receipts::{CashReceiptOrder, CashReceipts};
pub use error::{GatewayError, Refusal, RefusalKind};
pub use listing::PaymentListing;
pub use model::{
    Cancellation, CancellationStatus, Card, Channel, ChannelType, GatewayPayment, PayFailure, PaymentAmount,
    PaymentMethod, PaymentStatus,
};
pub use v1::{PortOneV1, PortOneV1Config};
pub use v2::{InvalidBaseUrl, PortOneV2, PortOneV2Config};

/// Our secrets at PortOne, as Secrets Manager keeps them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortOneSecrets {
    /// The V2 API secret.
    pub api_secret: Secret,
    /// What webhooks are signed with: one, or two while they are rotated.
    pub webhook_secrets: WebhookSecrets,
}

/// Who asked for a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelRequester {
    /// The driver.
    Customer,
    /// Us, or a lot's operator.
    Admin,
}

/// The account a virtual-account payment is paid back to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundAccount {
    /// PortOne's name of the bank (`KOOKMIN`, `TOSS`, …).
    pub bank: String,
    /// Account number, digits only.
    pub number: String,
    /// Whose account it is.
    pub holder_name: String,
}

/// A cancellation, whole or in part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelRequest {
    /// How much; `None` = all that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Won>,
    /// Why, as it will stand in the gateway's console.
    pub reason: String,
    /// Who asked.
    pub requester: CancelRequester,
    /// What we hold to be cancellable: the gateway refuses if it knows otherwise, so that two refunds at once can't both pass.
    pub current_cancellable_amount: Won,
    /// Needed to pay back what was paid into a virtual account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_account: Option<RefundAccount>,
}

/// A charge of a registered card. The payment's id makes it safe to repeat: a second one is refused as already paid.
#[derive(Debug, Clone)]
pub struct BillingKeyCharge {
    /// The registered card.
    pub billing_key: Secret,
    /// What the driver reads on the card's statement.
    pub order_name: String,
    /// How much, VAT included.
    pub total: Won,
}

/// A charge that went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargedPayment {
    /// The card company's or PG's own id.
    pub pg_tx_id: String,
    /// When it was approved.
    pub paid_at: Timestamp,
}

/// What Baro asks of a payment gateway.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The payment as the gateway knows it now. `Ok(None)`: it knows none of that id (nobody opened its payment window).
    async fn get_payment(&self, payment: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError>;

    /// Cancels a payment, whole or in part.
    async fn cancel(
        &self,
        payment: &PaymentId,
        request: &CancelRequest,
    ) -> Result<Cancellation, GatewayError>;

    /// Fixes the amount beforehand, so that a page changed in the browser can't pay less.
    async fn pre_register(&self, payment: &PaymentId, total: Won) -> Result<(), GatewayError>;

    /// Charges a registered card.
    async fn charge(
        &self,
        payment: &PaymentId,
        charge: &BillingKeyCharge,
    ) -> Result<ChargedPayment, GatewayError>;
}
