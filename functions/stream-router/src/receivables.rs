//! What visits that are over owe: claims of the facts, payments made by the link, the notices that were given out, and the
//! tries to charge a card again.
//!
//! Only visits that owe or owed cost a request here, and payments that were made for a receivable.

use std::sync::Arc;

use baro_domain::{
    PaymentId, PricedLot, ReceivableId,
    payment::Payment,
    receivable::{Asked, Claimed, Command, Kept, Receivable, RetryOrder},
};

use crate::{Consequences, RouteError, Router, notices, queue::PaymentHint};

/// What a record says of what is owed.
#[derive(Debug)]
pub(crate) enum Owed {
    /// The facts ask for this.
    Claimed(Arc<PricedLot>, Box<Claimed>),
    /// A payment made for it stands so.
    Paid(ReceivableId, PaymentId, Kept),
    /// A payment made for it took no money so far.
    Asked(ReceivableId, PaymentId, Asked),
}

/// What a payment means for the receivable it was made for, if it was for one.
pub(crate) fn of_payment(payment: &Payment) -> Option<Owed> {
    let (owed, id) = (payment.stay()?.owed.as_ref()?.receivable.clone(), payment.id.clone());
    match Kept::of(payment) {
        Some(kept) => Some(Owed::Paid(owed, id, kept)),
        None => Some(Owed::Asked(owed, id, Asked::of(payment)?)),
    }
}

impl Router {
    /// Books what is owed; answers which payments were made a second time, for their money to go back.
    pub(crate) async fn book(&self, owed: Vec<Owed>) -> Result<Vec<PaymentHint>, RouteError> {
        let (billing, now) = (&self.tables.billing, self.clock.now());
        let mut paid_twice = Vec::new();
        for one in owed {
            let moved = match one {
                Owed::Claimed(lot, claimed) => {
                    billing.claim(&lot.lot, &claimed, &self.ids.next()?, now).await?
                }
                Owed::Paid(id, payment, kept) => {
                    billing.move_receivable(&id, &Command::Paid(payment, kept), now).await?
                }
                Owed::Asked(id, payment, asked) => {
                    billing.move_receivable(&id, &Command::Asked(payment, asked), now).await?
                }
            };
            let Some(moved) = moved else { continue };
            let after = &moved.after;
            tracing::info!(visit = %after.visit, lot = %after.lot, state = ?after.state(), principal = after.principal().get(), "receivable");
            paid_twice.extend(after.surplus().map(|(payment, keep)| PaymentHint::surplus(payment, keep)));
        }
        Ok(paid_twice)
    }

    /// The notices that were given out with this change, still without the person, and the tries that were ordered.
    pub(crate) async fn of_receivable(
        &self,
        old: Option<&Receivable>,
        new: &Receivable,
    ) -> Result<Consequences, RouteError> {
        let mut found = Consequences::default();
        let known = old.map_or(0, |old| old.tries.len());
        let lot = self.lot(&new.lot).await?;
        for tried in new.tries.iter().skip(known) {
            let order =
                RetryOrder::of(new, tried, &lot).map_err(|error| RouteError::Quote(error.to_string()))?;
            found.payments.push(PaymentHint::retry(order));
        }
        for notice in notices::of_receivable(old, new, &lot.lot, &self.site_url) {
            found.tell(notice);
        }
        Ok(found)
    }
}
