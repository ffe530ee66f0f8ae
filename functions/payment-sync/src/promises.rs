//! Keeps promises: a car was let out on its payer's word, and the charge runs behind it.
//!
//! The payment is written down before the gateway is asked, under an id that only this promise has. So a charge that timed out
//! on our side and succeeded on theirs is found, and never made twice.

use baro_clients::{
    Secret,
    portone::{BillingKeyCharge, GatewayError, RefusalKind},
};
use baro_domain::{
    CompanyId,
    payment::{Means, Payment, PaymentStatus, PromisedOrder, VisitFact},
    purse::BillingKey,
};
use baro_store::{Begun, Committed, Stored};

use crate::{PaymentSync, SyncError};

/// The payer has nothing to pay with.
const NO_CARD: &str = "no-card";

impl PaymentSync {
    /// Begins the payment of a promise, or finds the one it has; `None` when there is nothing to charge.
    pub(crate) async fn begin(&self, order: &PromisedOrder) -> Result<Option<Stored<Payment>>, SyncError> {
        if let Some(known) = self.billing.payment(&order.payment_id()).await? {
            return Ok(Some(known));
        }
        let now = self.clock.now();
        let purse = self.billing.purse(&order.payer).await?.value;
        if let Some(company) = purse.on_account() {
            return self.put_on_account(order, company).await;
        }
        let Some(card) = purse.card() else {
            if let Some(ruling) = order.broken(NO_CARD, now) {
                self.parking.rule(&order.stay.lot, &order.stay.plate, &ruling).await?;
            }
            tracing::warn!(visit = %order.stay.visit, code = NO_CARD, "a promise can't be kept");
            return Ok(None);
        };
        let payment = order.payment(&self.shop, card, now);
        match self.billing.begin(&payment, order.revision).await? {
            Begun::New => Ok(Some(Stored { value: payment, revision: 1 })),
            Begun::Existing(known) => Ok(Some(*known)),
            Begun::Outdated => {
                tracing::info!(visit = %order.stay.visit, "the facts have moved on: a newer order comes, or none");
                Ok(None)
            }
        }
    }

    /// A company on deferred payment: the visit is paid at once, and stands on the company's account.
    async fn put_on_account(
        &self,
        order: &PromisedOrder,
        company: &CompanyId,
    ) -> Result<Option<Stored<Payment>>, SyncError> {
        let now = self.clock.now();
        let decision = order.on_account(&self.shop, company, now)?;
        match self.billing.begin_on_account(&decision, order.revision, now).await? {
            Begun::New => {
                tracing::info!(payment = %decision.payment.id, %company, "put on account");
                Ok(Some(Stored { value: decision.payment, revision: 1 }))
            }
            Begun::Existing(known) => Ok(Some(*known)),
            Begun::Outdated => Ok(None),
        }
    }

    /// Charges what is still to be charged. To be called after a look at the gateway was decided on.
    pub(crate) async fn charge(&self, stored: Stored<Payment>) -> Result<Stored<Payment>, SyncError> {
        let payment = &stored.value;
        let Means::Card { billing_key, .. } = &payment.means else { return Ok(stored) };
        if payment.status != PaymentStatus::Requested {
            return Ok(stored);
        }
        if let Some(why) = self.outdated(payment).await? {
            return self.charge_refused(stored, why.code()).await;
        }
        let charge = charge_of(payment, billing_key);
        let refusal = match self.gateway.charge(&payment.id, &charge).await {
            Ok(_) => return self.look(stored).await,
            Err(GatewayError::Final(refusal)) => refusal,
            // Not done, or not known: the message comes again, and the first thing then is a look.
            Err(error) => return Err(error.into()),
        };
        match refusal.kind {
            RefusalKind::AlreadyPaid => self.look(stored).await,
            // The secret is being rotated, or wrong: nobody refused this charge.
            RefusalKind::Unauthorized | RefusalKind::Forbidden => Err(GatewayError::Final(refusal).into()),
            kind => {
                let code = refusal.pg_code.unwrap_or_else(|| format!("{kind:?}"));
                let looked = self.look(stored).await?;
                self.charge_refused(looked, &code).await
            }
        }
    }

    async fn charge_refused(
        &self,
        stored: Stored<Payment>,
        code: &str,
    ) -> Result<Stored<Payment>, SyncError> {
        let Some(failed) = stored.value.charge_refused(code) else { return Ok(stored) };
        let now = self.clock.now();
        let broken = failed.broken_promise(now).map(VisitFact::Broken);
        tracing::warn!(payment = %failed.id, code, "the charge was refused");
        match self.billing.commit(&failed, stored.revision, &[], broken.as_ref(), now).await? {
            Committed::Done => Ok(Stored { value: failed, revision: stored.revision + 1 }),
            Committed::LostRace(current) => Ok(*current),
            Committed::WalletShort => Err(SyncError::Races),
        }
    }
}

fn charge_of(payment: &Payment, key: &BillingKey) -> BillingKeyCharge {
    BillingKeyCharge {
        billing_key: Secret::new(key.expose()),
        order_name: payment.order.order_name.clone(),
        total: payment.order.amount,
    }
}
