//! Cash receipts (현금영수증) at the gateway: issued, looked at, cancelled.

use async_trait::async_trait;
use baro_domain::{
    PaymentId, Won,
    cash_receipt::{IssuedReceipt, ReceiptIdentity},
    money::VatSplit,
};
use jiff::Timestamp;

use super::GatewayError;

/// A receipt to be issued for a payment that was made by bank.
#[derive(Debug, Clone)]
pub struct CashReceiptOrder {
    /// The payment: the gateway takes one receipt for each, until that is cancelled.
    pub payment: PaymentId,
    /// The channel whose PG issues it.
    pub channel_key: String,
    /// Whose it is.
    pub identity: ReceiptIdentity,
    /// What was sold.
    pub order_name: String,
    /// What it is over, won.
    pub total: Won,
    /// The same told apart.
    pub vat: VatSplit,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
}

/// What is asked about cash receipts. Apart from [`super::PaymentGateway`], since few payments have one.
#[async_trait]
pub trait CashReceipts: Send + Sync {
    /// The receipt of a payment as the gateway knows it now, also one that is cancelled.
    async fn cash_receipt(&self, payment: &PaymentId) -> Result<Option<IssuedReceipt>, GatewayError>;

    /// Issues one. `Unknown`: look at it before anything else.
    async fn issue_cash_receipt(&self, order: &CashReceiptOrder) -> Result<(), GatewayError>;

    /// Cancels the one of a payment, whole.
    async fn cancel_cash_receipt(&self, payment: &PaymentId) -> Result<(), GatewayError>;
}
