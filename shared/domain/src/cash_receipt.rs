//! A cash receipt (현금영수증) for a payment that was made by bank: what its payer asked for, and how it follows the money. What is
//! to be asked at the gateway is written down first; what it made of it is taken from the gateway's own word alone.
//!
//! A receipt is whole or not there: the gateway cancels no part of one. So after a partial refund it is cancelled, and issued
//! anew over the rest.

mod identity;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    PaymentId, Quote, Won,
    money::VatSplit,
    payment::{Method, Payment, PaymentStatus},
};

pub use identity::{InvalidIdentity, ReceiptIdentity, ReceiptUse};

/// Whoever asks the gateway has died, or has its answer, after so long: a function of ours runs for 30 seconds.
pub const ASKING_TAKES: SignedDuration = SignedDuration::from_secs(45);
/// A payer may ask so often, where the gateway refused.
const MAX_WISHES: u8 = 5;

/// What the gateway is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum ReceiptCall {
    /// A receipt over so much, won.
    Issue {
        /// Won.
        amount: Won,
    },
    /// The end of this one.
    Cancel {
        /// Its approval number.
        number: String,
    },
}

/// A call that is under way, or whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// What for.
    #[serde(flatten)]
    pub call: ReceiptCall,
    /// When.
    pub at: Timestamp,
}

/// A receipt as the gateway has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedReceipt {
    /// Approval number (승인번호).
    pub number: String,
    /// What it is over, won.
    pub amount: Won,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When.
    pub issued_at: Timestamp,
    /// Since when it is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// Whether it was asked for by a call like ours; else the payment window or the bank made it, and whoever made it
    /// lowers it.
    pub by_call: bool,
}

impl IssuedReceipt {
    fn is_valid(&self) -> bool {
        self.cancelled_at.is_none()
    }
}

/// A call that the gateway refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which.
    #[serde(flatten)]
    pub call: ReceiptCall,
    /// When that was known.
    pub at: Timestamp,
    /// Its code.
    pub code: String,
}

/// The cash receipt of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CashReceipt {
    /// The payment.
    pub payment: PaymentId,
    /// Whose it shall be.
    pub identity: ReceiptIdentity,
    /// When it was asked for, the last time.
    pub requested_at: Timestamp,
    /// How often.
    pub wishes: u8,
    /// What the gateway is being asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
    /// What it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<IssuedReceipt>,
    /// What it refused last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// How a cash receipt stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// It follows the deposit.
    Requested,
    /// It is there.
    Issued,
    /// It was there: the money went back.
    Cancelled,
    /// The gateway refused it.
    Refused,
}

/// Why nobody can ask for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// It was not paid by bank, or nothing of it is kept.
    #[error("only what is paid by bank, and kept, has a cash receipt")]
    NotOffered,
    /// It is issued, or just being issued, to another number.
    #[error("a receipt was begun for another number")]
    AlreadyBegun,
    /// The gateway refused it too often.
    #[error("asked for at most {MAX_WISHES} times")]
    TooOften,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptStep {
    /// Nothing.
    Rest,
    /// Somebody else is asking the gateway: come again.
    Wait,
    /// The gateway's word is new: write it down.
    Learn(Box<CashReceipt>),
    /// Write this down, then ask.
    Ask(Box<CashReceipt>, ReceiptCall),
}

/// What a cash receipt of this payment is to be over now, won: what is kept of the fee in money. A surcharge is no price of a service.
pub fn due(payment: &Payment) -> Won {
    let money = payment.captured.remaining_after(payment.returned);
    if is_by_bank(payment) { payment.kept_of_fee().min(money) } else { Won::ZERO }
}

/// Whether it was, or is being, paid in a way that has a cash receipt at all.
pub fn is_by_bank(payment: &Payment) -> bool {
    matches!(payment.method, Some(Method::VirtualAccount | Method::Transfer))
}

/// Whether its payer may ask for one: before the deposit, and as long as something of it is kept.
pub fn is_offered(payment: &Payment) -> bool {
    let awaited = payment.status == PaymentStatus::AwaitingDeposit && is_by_bank(payment);
    payment.stay().is_some() && (awaited || !due(payment).is_zero())
}

/// The VAT in a part of a fee: none where the lot's quote bore none.
pub fn vat_in(payment: &Payment, amount: Won) -> VatSplit {
    let quote: Option<Quote> = serde_json::from_value(payment.quote.clone()).ok();
    let exempt = quote.is_some_and(|quote| !quote.total.is_zero() && quote.vat.tax_free == quote.total);
    amount.vat_split(if exempt { amount } else { Won::ZERO })
}

impl CashReceipt {
    /// The wish for one, written over what was there; `None` where that says the same already.
    pub fn wish(
        known: Option<&Self>,
        payment: &Payment,
        identity: ReceiptIdentity,
        now: Timestamp,
    ) -> Result<Option<Self>, NoReceipt> {
        if !is_offered(payment) {
            return Err(NoReceipt::NotOffered);
        }
        let wishes = known.map_or(0, |known| known.wishes);
        if let Some(known) = known {
            let is_begun = known.asking.is_some() || known.valid().is_some();
            match (known.identity == identity, is_begun) {
                (true, true) => return Ok(None),
                (true, false) if known.refused.is_none() => return Ok(None),
                (false, true) => return Err(NoReceipt::AlreadyBegun),
                (_, false) if wishes >= MAX_WISHES => return Err(NoReceipt::TooOften),
                _ => {}
            }
        }
        Ok(Some(Self {
            payment: payment.id.clone(),
            identity,
            requested_at: now,
            wishes: wishes + 1,
            asking: None,
            issued: known.and_then(|known| known.issued.clone()),
            refused: None,
        }))
    }

    /// How it stands.
    pub fn state(&self) -> ReceiptState {
        match (&self.issued, &self.refused) {
            (Some(issued), _) if issued.is_valid() => ReceiptState::Issued,
            (_, Some(_)) => ReceiptState::Refused,
            (Some(_), None) => ReceiptState::Cancelled,
            (None, None) => ReceiptState::Requested,
        }
    }

    fn valid(&self) -> Option<&IssuedReceipt> {
        self.issued.as_ref().filter(|issued| issued.is_valid())
    }

    /// The call that brings it to what is due; `None` where it is there.
    fn missing(&self, due: Won) -> Option<ReceiptCall> {
        match self.valid() {
            // Whoever made it lowers it.
            Some(valid) if !valid.by_call || valid.amount == due => None,
            Some(valid) => Some(ReceiptCall::Cancel { number: valid.number.clone() }),
            None if due.is_zero() => None,
            None => Some(ReceiptCall::Issue { amount: due }),
        }
    }

    fn is_refused(&self, call: &ReceiptCall) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.call == *call)
    }

    /// Whether the gateway need not be asked how it stands: there is nothing to do as far as we know.
    pub fn is_at_rest(&self, payment: &Payment) -> bool {
        self.asking.is_none() && self.missing(due(payment)).is_none_or(|call| self.is_refused(&call))
    }

    /// What comes next, with the receipt as the gateway has it now.
    pub fn next(&self, payment: &Payment, seen: Option<&IssuedReceipt>, now: Timestamp) -> ReceiptStep {
        let mut next = Self { issued: seen.cloned(), ..self.clone() };
        if next.asking.as_ref().is_some_and(|asking| next.has_happened(&asking.call)) {
            next.asking = None;
            next.refused = None;
        }
        if next != *self {
            return ReceiptStep::Learn(Box::new(next));
        }
        let call = self.missing(due(payment)).filter(|call| !self.is_refused(call));
        match (&self.asking, call) {
            (Some(asking), _) if asking.at.duration_until(now) < ASKING_TAKES => ReceiptStep::Wait,
            (_, Some(call)) => {
                next.asking = Some(Asking { call: call.clone(), at: now });
                ReceiptStep::Ask(Box::new(next), call)
            }
            // What was asked for is needed no more, and it never happened.
            (Some(_), None) => ReceiptStep::Learn(Box::new(Self { asking: None, ..next })),
            (None, None) => ReceiptStep::Rest,
        }
    }

    /// Whether what the gateway has shows that a call was carried out.
    fn has_happened(&self, call: &ReceiptCall) -> bool {
        match call {
            ReceiptCall::Issue { .. } => self.valid().is_some(),
            ReceiptCall::Cancel { number } => self.valid().is_none_or(|valid| valid.number != *number),
        }
    }

    /// The receipt after the gateway refused what it was asked for.
    #[must_use]
    pub fn refused(&self, call: ReceiptCall, code: &str, now: Timestamp) -> Self {
        Self { asking: None, refused: Some(Refused { call, at: now, code: code.to_owned() }), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
