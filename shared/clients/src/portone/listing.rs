//! What the gateway's books say of a span of time: the other side of a reconciliation.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{GatewayError, GatewayPayment};

/// Asks a payment gateway for all payments of a span of time. Apart from [`super::PaymentGateway`], since only
/// reconciliation needs it.
#[async_trait]
pub trait PaymentListing: Send + Sync {
    /// Every payment of ours that was asked for, or whose state last changed, from `from` until just before `until`:
    /// each once, as it is now, by id. All of them or an error, never a part.
    async fn touched_within(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<GatewayPayment>, GatewayError>;
}
