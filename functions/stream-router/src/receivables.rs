//! What visits that are over owe: claims of the facts, payments made by the link, and the notices that were given out.
//!
//! Only visits that owe or owed cost a request here, and payments that were made for a receivable.

use std::sync::Arc;

use baro_domain::{
    EventId, PaymentId, PricedLot, ReceivableId,
    notice::{Contact, NoticeKind},
    payment::Payment,
    receivable::{Claimed, Command, Kept, Receivable},
};
use baro_runtime::random;

use crate::{Consequences, RouteError, Router, notices::notice, queue::PaymentHint};

/// What a record says of what is owed.
#[derive(Debug)]
pub(crate) enum Owed {
    /// The facts ask for this.
    Claimed(Arc<PricedLot>, Box<Claimed>),
    /// A payment made for it stands so.
    Paid(ReceivableId, PaymentId, Kept),
}

/// What a payment means for the receivable it was made for, if it was for one and money was taken.
pub(crate) fn paid(payment: &Payment) -> Option<Owed> {
    let owed = payment.stay()?.owed.as_ref()?;
    Some(Owed::Paid(owed.receivable.clone(), payment.id.clone(), Kept::of(payment)?))
}

impl Router {
    /// Books what is owed; answers which payments were made a second time, for their money to go back.
    pub(crate) async fn book(&self, owed: Vec<Owed>) -> Result<Vec<PaymentHint>, RouteError> {
        let (billing, now) = (&self.tables.billing, self.clock.now());
        let mut paid_twice = Vec::new();
        for one in owed {
            let moved = match one {
                Owed::Claimed(lot, claimed) => billing.claim(&lot.lot, &claimed, &random::id()?, now).await?,
                Owed::Paid(id, payment, kept) => {
                    billing.move_receivable(&id, &Command::Paid(payment, kept), now).await?
                }
            };
            let Some(moved) = moved else { continue };
            let after = &moved.after;
            tracing::info!(visit = %after.visit, lot = %after.lot, state = ?after.state(), principal = after.principal().get(), "receivable");
            paid_twice.extend(after.surplus().map(|(payment, back)| PaymentHint::surplus(payment, back)));
        }
        Ok(paid_twice)
    }

    /// The notice that was given out with this change, still without the person.
    pub(crate) async fn of_receivable(
        &self,
        old: Option<&Receivable>,
        new: &Receivable,
    ) -> Result<Consequences, RouteError> {
        let mut found = Consequences::default();
        let known = old.map_or(0, |old| old.notices.len());
        for sent in new.notices.iter().skip(known) {
            let demand = sent.demand;
            let event = EventId::derive(&[new.id.as_str(), "notice", &demand.notice.to_string()]);
            let kind = NoticeKind::Unpaid {
                number: demand.notice,
                principal: demand.principal,
                surcharge: demand.surcharge,
                link: format!("{}/#/owed/{}", self.site_url, new.id),
            };
            let lot = self.lot(&new.lot).await?;
            found.tell(notice(event, new.plate.clone(), &lot.lot, Contact::default(), kind));
        }
        Ok(found)
    }
}
