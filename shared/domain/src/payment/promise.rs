//! From a promise made at an exit to a charge, and what becomes of the promise.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Means, Order, PaidStay, Payment, PaymentStatus, Purpose};
use crate::{
    LotId, PaymentId, RulingId, Won,
    notice::Contact,
    purse::RegisteredCard,
    visit::{BrokenWord, Payer, RuledBy, Ruling, RulingKind},
};

/// What is to be charged for a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromisedOrder {
    /// The stay, with the exit read that made the promise.
    pub stay: PaidStay,
    /// How much, won.
    pub amount: Won,
    /// What the payer reads on the bill.
    pub order_name: String,
    /// The explained quote: the receipt once paid.
    pub quote: serde_json::Value,
    /// Who pays.
    pub payer: Payer,
    /// The revision of the facts that the promise follows from. Newer facts bring a newer order, or none.
    pub revision: i64,
}

/// Our shop at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Store.
    pub store_id: String,
    /// `LIVE` or `TEST`.
    pub channel_type: String,
}

impl PromisedOrder {
    /// One promise, one payment: whatever arrives twice.
    pub fn payment_id(&self) -> PaymentId {
        let read = self.stay.promised_at.as_ref().map_or("", |read| read.as_str());
        promise_payment(&self.stay.lot, read)
    }

    /// The payment that charges this card.
    pub fn payment(&self, shop: &Shop, card: &RegisteredCard, now: Timestamp) -> Payment {
        let means = Means::Card {
            payer: self.payer.clone(),
            card: card.id.clone(),
            billing_key: card.billing_key.clone(),
        };
        self.payment_by(shop, means, now)
    }

    pub(super) fn payment_by(&self, shop: &Shop, means: Means, now: Timestamp) -> Payment {
        Payment {
            id: self.payment_id(),
            status: PaymentStatus::Requested,
            order: Order {
                store_id: shop.store_id.clone(),
                channel_type: shop.channel_type.clone(),
                amount: self.amount,
                currency: "KRW".to_owned(),
                order_name: self.order_name.clone(),
            },
            purpose: Purpose::Stay(self.stay.clone()),
            means,
            quote: self.quote.clone(),
            contact: Contact::default(),
            created_at: now,
            paid_at: None,
            captured: Won::ZERO,
            returned: Won::ZERO,
            deposit_account: None,
            mismatch: None,
            method: None,
            refunds: Vec::new(),
            failure: None,
            pg_tx_id: None,
            points: None,
            slip: None,
        }
    }

    /// What the visit learns when nothing can be charged.
    pub fn broken(&self, code: &str, now: Timestamp) -> Option<Ruling> {
        let word = BrokenWord { payer: self.payer.clone(), amount: self.amount, card: None };
        broken(&self.stay, code, Some(word), now)
    }
}

/// The payment of the promise that this read made.
pub(crate) fn promise_payment(lot: &LotId, read: &str) -> PaymentId {
    PaymentId::derive(&["promise", lot.as_str(), read])
}

fn broken(stay: &PaidStay, code: &str, word: Option<BrokenWord>, now: Timestamp) -> Option<Ruling> {
    let read = stay.promised_at.clone()?;
    Some(Ruling {
        id: RulingId::derive(&["broken", stay.lot.as_str(), read.as_str()]),
        at: now,
        by: RuledBy::Platform,
        note: String::new(),
        kind: RulingKind::PledgeBroken { read, code: code.to_owned(), word },
    })
}

impl Payment {
    /// What its visit learns when it has failed: that a promise is broken.
    pub fn broken_promise(&self, now: Timestamp) -> Option<Ruling> {
        let failure = self.failure.as_deref().unwrap_or("failed");
        let word = match &self.means {
            Means::Card { payer, card, .. } => {
                Some(BrokenWord { payer: payer.clone(), amount: self.order.amount, card: Some(card.clone()) })
            }
            _ => None,
        };
        broken(self.stay().filter(|_| self.status == PaymentStatus::Failed)?, failure, word, now)
    }

    /// The payment after the gateway refused its charge for good; `None` when it is past that.
    pub fn charge_refused(&self, code: &str) -> Option<Self> {
        let still_asked = self.status == PaymentStatus::Requested;
        still_asked.then(|| Self {
            status: PaymentStatus::Failed,
            failure: Some(code.to_owned()),
            ..self.clone()
        })
    }
}
