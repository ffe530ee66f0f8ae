//! Charges a card again for what a visit owes (D-092). `receivables` ordered it, the receivable says whether it is still right.
//!
//! As with promises the payment is written down before the gateway is asked, under an id that only this try has: a charge that
//! timed out on our side and succeeded on theirs is found, and never made twice.

use baro_domain::{
    payment::{Means, OwedPart, Payment},
    receivable::{Command, NoTry, Receivable, RetryOrder},
};
use baro_store::{Begun, Stored};

use crate::{MAX_RACES, PaymentSync, SyncError};

impl PaymentSync {
    /// Begins the payment of a try, or finds the one it has; `None` when nothing is to be charged.
    pub(crate) async fn try_again(&self, order: &RetryOrder) -> Result<Option<Stored<Payment>>, SyncError> {
        let id = order.payment_id();
        if let Some(known) = self.billing.payment(&id).await? {
            return Ok(Some(known));
        }
        for _ in 0..MAX_RACES {
            let Some(owed) = self.owed_by(order.stay.owed.as_ref()).await? else { return Ok(None) };
            let Some(tried) = owed.value.tries.iter().find(|tried| tried.number == order.number) else {
                return Ok(None);
            };
            // The card of today: its owner may have changed it since the refusal.
            let (now, payer) = (self.clock.now(), &tried.pledge.payer);
            let purse = self.billing.purse(payer).await?.value;
            let card = purse.card();
            let chargeable = owed.value.chargeable(&id, card.map(|card| &card.id), now);
            let (amount, card) = match (chargeable, card) {
                (Ok(amount), Some(card)) => (amount, card),
                (why, _) => {
                    return self.not_made(&owed.value, order, why.err().unwrap_or(NoTry::NoCard)).await;
                }
            };
            let payment = order.payment(&self.shop, (payer, card), amount, now);
            match self.billing.begin_try(&payment, owed.revision).await? {
                Begun::New => return Ok(Some(Stored { value: payment, revision: 1 })),
                Begun::Existing(known) => return Ok(Some(*known)),
                // Something moved: look at it again.
                Begun::Outdated => {}
            }
        }
        Err(SyncError::Races)
    }

    async fn not_made(
        &self,
        owed: &Receivable,
        order: &RetryOrder,
        why: NoTry,
    ) -> Result<Option<Stored<Payment>>, SyncError> {
        let command = Command::NotMade(order.number, why);
        let moved = self.billing.move_receivable(&owed.id, &command, self.clock.now()).await?;
        if moved.is_some() {
            tracing::info!(visit = %owed.visit, number = order.number, code = why.code(), "the card is not charged again");
        }
        Ok(None)
    }

    async fn owed_by(&self, part: Option<&OwedPart>) -> Result<Option<Stored<Receivable>>, SyncError> {
        let Some(part) = part else { return Ok(None) };
        Ok(self.billing.receivable(&part.receivable).await?)
    }

    /// Why this payment is not to be charged any more, if it is a try's: it may have waited long, and the debt been paid.
    pub(crate) async fn outdated(&self, payment: &Payment) -> Result<Option<NoTry>, SyncError> {
        let (Some(stay), Means::Card { card, .. }) = (payment.stay(), &payment.means) else {
            return Ok(None);
        };
        if stay.owed.is_none() {
            return Ok(None);
        }
        let Some(owed) = self.owed_by(stay.owed.as_ref()).await? else { return Ok(Some(NoTry::NotOwed)) };
        Ok(match owed.value.chargeable(&payment.id, Some(card), self.clock.now()) {
            Ok(amount) if amount >= payment.order.amount => None,
            Ok(_) => Some(NoTry::NotOwed),
            Err(why) => Some(why),
        })
    }
}
