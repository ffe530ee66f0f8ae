//! A card that is deleted at the gateway is charged no more: it leaves its owner's purse, so that the next card is charged, or
//! nobody's promise is taken for one that can be kept.

use baro_clients::Secret;
use baro_domain::{CardId, purse::BillingKey};
use baro_store::CardRecord;

use crate::{MAX_RACES, PaymentSync, SyncError};

impl PaymentSync {
    /// Looks whether the gateway still has the card, and drops it where it has not. A message about a card that nobody
    /// registered here, or that is gone already, is no news.
    pub(crate) async fn card_deleted(&self, id: &CardId) -> Result<(), SyncError> {
        let Some(gateway) = &self.cards else { return Ok(()) };
        for _ in 0..MAX_RACES {
            let Some(record) = self.billing.card(id).await? else { return Ok(()) };
            let before = self.billing.purse(&record.payer).await?;
            let card = before.value.cards.iter().find(|card| card.id == *id);
            let Some(key) = card.map(|card| &card.billing_key).or(record.leaving.as_ref()) else {
                return Ok(());
            };
            if gateway.billing_key(&secret(key)).await?.is_some() {
                tracing::warn!(card = %id, "told to be deleted, and still there");
                return Ok(());
            }
            let next = before.value.without_card(id);
            if next == before.value {
                return self.forget(id, &record).await;
            }
            if self.billing.change_cards(&before, &next).await? {
                tracing::info!(card = %id, "deleted at the gateway, so dropped");
                let leaving = CardRecord { payer: record.payer, leaving: Some(key.clone()) };
                return self.forget(id, &leaving).await;
            }
        }
        Err(SyncError::Races)
    }

    async fn forget(&self, id: &CardId, seen: &CardRecord) -> Result<(), SyncError> {
        self.billing.forget_card(id, seen).await?;
        Ok(())
    }
}

fn secret(key: &BillingKey) -> Secret {
    Secret::new(key.expose())
}
