//! A card that was refused behind the car is charged again by itself: when, how often, for how much, and when not (D-092).
//!
//! A try is written into the receivable before anybody asks the gateway, and its payment's id follows from visit and number. What
//! becomes of it the payment says; only a try that came to nothing before the call has its end here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Receivable, refusal::Refusal};
use crate::{
    CardId, Lot, PaymentId, PricedLot, Won,
    payment::{Means, OwedPart, PaidStay, Payment, PaymentStatus, PromisedOrder, Shop},
    purse::RegisteredCard,
    visit::{Payer, Pledge},
};

/// A card is charged again so often at most.
pub const MAX_TRIES: usize = 3;
/// The first try is made so long after the refusal at the earliest: an account is rarely filled the same night.
const FIRST_AFTER: SignedDuration = SignedDuration::from_hours(8);
/// Each further one so long after the one before: one a morning, also where the morning's run comes late or twice.
const THEN_AFTER: SignedDuration = SignedDuration::from_hours(20);
/// No card is charged out of the blue: so long after the refusal the notices alone ask.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A window that was opened is believed to be under way for so long.
const WINDOW_FOR: SignedDuration = SignedDuration::from_hours(1);
/// An account that names no end awaits its deposit for so long.
const DEPOSIT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A payment made for a receivable that took no money so far. The order is that of its states: a later word never is an earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase", tag = "state")]
pub enum Asked {
    /// A window is open, or a card is being charged.
    UnderWay {
        /// Until when that is believed.
        until: Timestamp,
    },
    /// An account was given out.
    AwaitingDeposit {
        /// Until when it takes the deposit.
        until: Timestamp,
    },
    /// It failed.
    Refused {
        /// Why.
        code: String,
        /// The card that was charged, where we charged one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<CardId>,
    },
}

impl Asked {
    /// Of a payment; `None` where money was taken.
    pub fn of(payment: &Payment) -> Option<Self> {
        let after = |at: Timestamp, span| at.saturating_add(span).unwrap_or(Timestamp::MAX);
        match payment.status {
            PaymentStatus::Requested => Some(Self::UnderWay { until: after(payment.created_at, WINDOW_FOR) }),
            PaymentStatus::AwaitingDeposit => {
                let until = payment.deposit_account.as_ref().and_then(|account| account.expires_at);
                let until = until.unwrap_or(after(payment.created_at, DEPOSIT_FOR));
                Some(Self::AwaitingDeposit { until })
            }
            PaymentStatus::Failed => {
                let card = match &payment.means {
                    Means::Card { card, .. } => Some(card.clone()),
                    _ => None,
                };
                let code = payment.failure.clone().unwrap_or_else(|| "failed".to_owned());
                Some(Self::Refused { code, card })
            }
            _ => None,
        }
    }

    fn until(&self) -> Option<Timestamp> {
        match self {
            Self::UnderWay { until } | Self::AwaitingDeposit { until } => Some(*until),
            Self::Refused { .. } => None,
        }
    }
}

/// Why a try was not made after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoTry {
    /// Nothing is owed any more, money came for it, or the try is over.
    NotOwed,
    /// The payer has no card.
    NoCard,
    /// The payer's card is the one that was refused for good.
    SameCard,
    /// It is more than the payer pays for one visit.
    OverLimit,
    /// Another payment is under way, or its deposit awaited.
    UnderWay,
}

impl NoTry {
    /// As it stands in an answer, and as the failure of a payment that was begun for the try.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotOwed => "not-owed",
            Self::NoCard => "no-card",
            Self::SameCard => "same-card",
            Self::OverLimit => "over-limit",
            Self::UnderWay => "under-way",
        }
    }
}

/// One more charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Try {
    /// Which, from 1.
    pub number: u32,
    /// When it was ordered.
    pub at: Timestamp,
    /// Who pays, and up to how much for a visit, as it was then.
    #[serde(flatten)]
    pub pledge: Pledge,
    /// Why it came to nothing before the gateway was asked, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_made: Option<NoTry>,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TryOutcome {
    /// Not known yet.
    Pending,
    /// The money was taken.
    Paid,
    /// The charge was refused, with the gateway's code.
    Refused(String),
    /// The gateway was not asked.
    NotMade(NoTry),
}

impl TryOutcome {
    /// Its name in an answer.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Refused(_) => "refused",
            Self::NotMade(_) => "not_made",
        }
    }
}

/// What payment-sync is told of a try; the rest it asks the receivable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryOrder {
    /// The stay, with its receivable.
    pub stay: PaidStay,
    /// Which try.
    pub number: u32,
    /// What the payer reads on the bill.
    pub order_name: String,
    /// The explained quote: the receipt once paid.
    pub quote: serde_json::Value,
}

/// What a bank prints of an order's name is short.
const MAX_LOT_NAME_CHARS: usize = 30;

impl RetryOrder {
    /// Of a try at this lot.
    pub fn of(owed: &Receivable, tried: &Try, lot: &PricedLot) -> Result<Self, serde_json::Error> {
        let name: String = lot.lot.name.chars().take(MAX_LOT_NAME_CHARS).collect();
        Ok(Self {
            // A try never takes the surcharge: that is asked for by a notice.
            stay: owed.stay(&lot.lot, Won::ZERO),
            number: tried.number,
            order_name: format!("{name} 주차요금"),
            quote: owed.explained(lot)?,
        })
    }

    /// One try, one payment: whatever arrives twice.
    pub fn payment_id(&self) -> PaymentId {
        try_payment(self.stay.visit.as_str(), self.number)
    }

    /// The payment that charges so much to this card.
    pub fn payment(
        &self,
        shop: &Shop,
        (payer, card): (&Payer, &RegisteredCard),
        amount: Won,
        now: Timestamp,
    ) -> Payment {
        let as_promised = PromisedOrder {
            stay: self.stay.clone(),
            amount,
            order_name: self.order_name.clone(),
            quote: self.quote.clone(),
            payer: payer.clone(),
            revision: 0,
        };
        Payment { id: self.payment_id(), ..as_promised.payment(shop, card, now) }
    }
}

fn try_payment(visit: &str, number: u32) -> PaymentId {
    PaymentId::derive(&["retry", visit, &number.to_string()])
}

impl Receivable {
    /// The stay that a payment of it is for.
    pub fn stay(&self, lot: &Lot, surcharge: Won) -> PaidStay {
        PaidStay {
            lot: self.lot.clone(),
            plate: self.plate.clone(),
            visit: self.visit.clone(),
            entered_at: self.entered_at,
            quoted_until: self.left_at,
            time_zone: lot.time_zone.clone(),
            promised_at: None,
            owed: Some(OwedPart { receivable: self.id.clone(), surcharge }),
        }
    }

    /// The quote of the stay, where it still explains what is owed: a price that was held, or a tariff corrected since, does not.
    pub fn explained(&self, lot: &PricedLot) -> Result<serde_json::Value, serde_json::Error> {
        let quote = lot.fees.quote(self.entered_at, self.left_at).ok();
        serde_json::to_value(quote.filter(|quote| quote.total == self.claim.asked))
    }

    /// The payment of a try.
    pub fn payment_of(&self, tried: &Try) -> PaymentId {
        try_payment(self.visit.as_str(), tried.number)
    }

    /// What became of a try.
    pub fn outcome(&self, tried: &Try) -> TryOutcome {
        let id = self.payment_of(tried);
        if self.payments.contains_key(&id) {
            return TryOutcome::Paid;
        }
        match (self.asked.get(&id), tried.not_made) {
            (Some(Asked::Refused { code, .. }), _) => TryOutcome::Refused(code.clone()),
            (None, Some(why)) => TryOutcome::NotMade(why),
            _ => TryOutcome::Pending,
        }
    }

    /// The refusal that counts, with its card: the newest.
    fn last_refusal(&self) -> Option<(&str, Option<&CardId>)> {
        let of_try =
            self.tries.iter().rev().find_map(|tried| match self.asked.get(&self.payment_of(tried)) {
                Some(Asked::Refused { code, card }) => Some((code.as_str(), card.as_ref())),
                _ => None,
            });
        of_try.or_else(|| self.claim.refused.as_ref().map(|r| (r.code.as_str(), r.word.card.as_ref())))
    }

    /// Whether money came for it after the charge was refused. What of that went back a person gave back, and no card is
    /// charged for it again.
    fn money_came(&self) -> bool {
        let late = self.claim.refused.as_ref().is_some_and(|r| self.claim.counted.contains_key(&r.payment));
        late || !self.payments.is_empty()
    }

    /// Until when other payments for it may still bring money.
    fn under_way_until(&self, own: Option<&PaymentId>) -> Option<Timestamp> {
        self.asked.iter().filter(|(id, _)| Some(*id) != own).filter_map(|(_, asked)| asked.until()).max()
    }

    /// The earliest that another try may come by the last one; `None` where none was made.
    pub(super) fn next_try_after(&self) -> Option<Timestamp> {
        self.tries.last()?.at.checked_add(THEN_AFTER).ok()
    }

    /// When the card is to be charged again; `None` where it is not.
    pub fn next_try_at(&self) -> Option<Timestamp> {
        let refused = self.claim.refused.as_ref()?;
        let pending = self.tries.last().is_some_and(|last| self.outcome(last) == TryOutcome::Pending);
        let (code, _) = self.last_refusal()?;
        let no_more = self.tries.len() >= MAX_TRIES || Refusal::of(code) == Refusal::Lasting;
        if !self.is_open() || self.money_came() || pending || no_more {
            return None;
        }
        let first = refused.at.checked_add(FIRST_AFTER).ok()?;
        let due = self.next_try_after().unwrap_or(first).max(self.under_way_until(None).unwrap_or(first));
        (due <= refused.at.checked_add(TRIED_FOR).ok()?).then_some(due)
    }

    /// Whether the same card is charged once more, as things stand: what its owner is told.
    pub fn tries_again(&self) -> bool {
        let of_card = self.last_refusal().is_some_and(|(code, _)| Refusal::of(code) == Refusal::OfCard);
        self.next_try_at().is_some() && !of_card
    }

    /// What a try takes, won: of what is owed, no more than the word was given for.
    fn try_amount(&self) -> Option<Won> {
        Some(self.principal().min(self.claim.refused.as_ref()?.word.amount))
    }

    fn within(&self, limit: Won, amount: Won) -> bool {
        self.held().plus(amount).is_ok_and(|total| total <= limit)
    }

    /// The try that is due, on the word of who pays for the plate now. A word that was taken back, given by another or for less
    /// is no word for this.
    pub(super) fn next_try(&self, pledge: &Pledge, now: Timestamp) -> Option<Try> {
        self.next_try_at().filter(|due| *due <= now)?;
        let (amount, refused) = (self.try_amount()?, self.claim.refused.as_ref()?);
        if now > refused.at.checked_add(TRIED_FOR).ok()?
            || pledge.payer != refused.word.payer
            || !self.within(pledge.limit, amount)
        {
            return None;
        }
        let number = u32::try_from(self.tries.len()).ok()?.checked_add(1)?;
        Some(Try { number, at: now, pledge: pledge.clone(), not_made: None })
    }

    /// Whether this card may be charged again: not where it is the one that was refused for good.
    pub fn takes_card(&self, card: Option<&CardId>) -> Result<(), NoTry> {
        let card = card.ok_or(NoTry::NoCard)?;
        match self.last_refusal() {
            Some((code, Some(refused))) if refused == card && Refusal::of(code) == Refusal::OfCard => {
                Err(NoTry::SameCard)
            }
            _ => Ok(()),
        }
    }

    /// What a try may take from the payer's card now, won. To be asked again right before the call.
    pub fn chargeable(
        &self,
        payment: &PaymentId,
        card: Option<&CardId>,
        now: Timestamp,
    ) -> Result<Won, NoTry> {
        let last = self.tries.last().filter(|last| self.payment_of(last) == *payment);
        let last = last.ok_or(NoTry::NotOwed)?;
        if !self.is_open() || self.money_came() || self.outcome(last) != TryOutcome::Pending {
            return Err(NoTry::NotOwed);
        }
        if self.under_way_until(Some(payment)).is_some_and(|until| until > now) {
            return Err(NoTry::UnderWay);
        }
        self.takes_card(card)?;
        let amount = self.try_amount().filter(|amount| *amount > Won::ZERO).ok_or(NoTry::NotOwed)?;
        if self.within(last.pledge.limit, amount) { Ok(amount) } else { Err(NoTry::OverLimit) }
    }

    pub(super) fn note_asked(&mut self, payment: PaymentId, asked: Asked) -> Option<()> {
        let known = self.asked.get(&payment);
        if self.payments.contains_key(&payment) || known.is_some_and(|known| *known >= asked) {
            return None;
        }
        self.asked.insert(payment, asked);
        Some(())
    }

    pub(super) fn end_try(&mut self, number: u32, why: NoTry) -> Option<()> {
        let id = try_payment(self.visit.as_str(), number);
        // What was begun has its own end.
        if self.asked.contains_key(&id) || self.payments.contains_key(&id) {
            return None;
        }
        let tried = self.tries.iter_mut().find(|tried| tried.number == number && tried.not_made.is_none())?;
        tried.not_made = Some(why);
        Some(())
    }
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
