//! V1's registered cards: charged, where there are any, and not registered. Its page names the key itself (`customer_uid`), so
//! nothing at the gateway says for whom a card was issued, and a browser's word is not taken.

use async_trait::async_trait;

use super::{PortOneV1, refusal};
use crate::portone::{BillingKeys, GatewayError, IssuedBillingKey, RefusalKind};
use crate::secret::Secret;

fn not_here() -> GatewayError {
    refusal(RefusalKind::NotInContract, "cards are registered with PortOne's V2 alone")
}

#[async_trait]
impl BillingKeys for PortOneV1 {
    async fn billing_key(&self, _key: &Secret) -> Result<Option<IssuedBillingKey>, GatewayError> {
        Err(not_here())
    }

    async fn delete_billing_key(&self, _key: &Secret) -> Result<(), GatewayError> {
        Err(not_here())
    }
}
