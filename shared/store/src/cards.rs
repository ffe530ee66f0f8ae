//! Registered cards (Billing): the purse and, for each card, whose it is. Both are written in one transaction, so that a card
//! which the gateway tells of by its key alone is found.

use aws_sdk_dynamodb::{
    operation::delete_item::DeleteItemError,
    types::{Put, TransactWriteItem},
};
use baro_domain::{
    CardId,
    purse::{BillingKey, Purse, RegisteredCard},
    visit::Payer,
};
use serde::{Deserialize, Serialize};

use crate::{
    Billing, MAX_CONFLICT_RETRIES, StoreError, Stored,
    billing::{Cancelled, cancelled_by},
    directory::unless_changed,
    item::{DOC, REV, doc, key, n, s, text, with_doc},
    payers::purse_item,
};

const CARD: &str = "CARD";

/// Whose a card is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardRecord {
    /// Whose.
    pub payer: Payer,
    /// Its key, once its owner has taken it back: it is to be deleted at the gateway still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<BillingKey>,
}

/// What of `cards` is not in `others`.
fn missing<'a>(cards: &'a [RegisteredCard], others: &[RegisteredCard]) -> Vec<&'a RegisteredCard> {
    cards.iter().filter(|card| others.iter().all(|other| other.id != card.id)).collect()
}

impl Billing {
    /// Writes a purse over the one that was read, with whose each new card is and which cards are to be deleted at the
    /// gateway; `false` if the purse has changed since.
    pub async fn change_cards(&self, before: &Stored<Purse>, next: &Purse) -> Result<bool, StoreError> {
        let put =
            Put::builder().table_name(&self.table).set_item(Some(purse_item(next, before.revision + 1)?));
        let put = if before.revision == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("#rev = :rev")
                .expression_attribute_names("#rev", REV)
                .expression_attribute_values(":rev", n(before.revision))
        };
        let mut items = vec![TransactWriteItem::builder().put(put.build()?).build()];
        let new = missing(&next.cards, &before.value.cards).into_iter().map(|card| (card, None));
        let left = missing(&before.value.cards, &next.cards)
            .into_iter()
            .map(|card| (card, Some(card.billing_key.clone())));
        for (card, leaving) in new.chain(left) {
            let record = CardRecord { payer: next.payer.clone(), leaving };
            let item = with_doc(card.id.as_str(), CARD, &record)?;
            let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        for attempt in 0..MAX_CONFLICT_RETRIES {
            match self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(true),
                Err(error) => match cancelled_by(error)? {
                    Cancelled::Conflict => {
                        tokio::time::sleep(std::time::Duration::from_millis(10 << attempt)).await;
                    }
                    Cancelled::Condition(_) => return Ok(false),
                },
            }
        }
        Err(StoreError::Contended(MAX_CONFLICT_RETRIES))
    }

    /// Whose a card is, strongly consistent.
    pub async fn card(&self, card: &CardId) -> Result<Option<CardRecord>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(card.as_str(), CARD)))
            .consistent_read(true)
            .send()
            .await?;
        output.item.map(|item| doc("card", &item)).transpose()
    }

    /// Forgets a card that is deleted at the gateway, unless it was registered anew since it was read.
    pub async fn forget_card(&self, card: &CardId, seen: &CardRecord) -> Result<bool, StoreError> {
        let seen = with_doc(card.as_str(), CARD, seen)?;
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(card.as_str(), CARD)))
            .condition_expression("#doc = :seen")
            .expression_attribute_names("#doc", DOC)
            .expression_attribute_values(":seen", s(text(&seen, DOC).unwrap_or_default()));
        unless_changed(delete.send().await, DeleteItemError::is_conditional_check_failed_exception)
    }
}
