//! Why a charge was refused, and what of that may be another time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    EventId, PaymentId,
    payment::promise_payment,
    visit::{BrokenWord, Facts, RulingKind, Visit},
};

/// A charge behind a car that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedCharge {
    /// The promise's payment.
    pub payment: PaymentId,
    /// When it was refused.
    pub at: Timestamp,
    /// Why: the gateway's code, or ours.
    pub code: String,
    /// Whose word it was, and for how much: no try takes more.
    #[serde(flatten)]
    pub word: BrokenWord,
}

impl RefusedCharge {
    /// The refusal of what was promised for this visit; of several the newest.
    pub(super) fn of(facts: &Facts, visit: &Visit, left_at: Timestamp) -> Option<Self> {
        let of_visit = |read: &EventId| {
            let known = facts.observations.iter().find(|known| known.event_id == *read);
            known.is_some_and(|known| (visit.entered_at..=left_at).contains(&known.observed_at))
        };
        let refused = facts.rulings.iter().filter_map(|ruling| match &ruling.kind {
            RulingKind::PledgeBroken { read, code, word: Some(word) } if of_visit(read) => {
                let payment = promise_payment(&visit.lot, read.as_str());
                Some(Self { payment, at: ruling.at, code: code.clone(), word: word.clone() })
            }
            _ => None,
        });
        refused.max_by_key(|refused| (refused.at, refused.payment.clone()))
    }
}

/// What of a refusal may be another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Insufficient funds, a limit, trouble of the card company: another day it may pass.
    MayChange,
    /// This card never will: lost, expired, deleted. Another one may.
    OfCard,
    /// What we asked for was wrong: asking again changes nothing.
    Lasting,
}

/// Words in the codes of Korean PGs, or in their sentence where they have no code, for a card that is not taken any more, whatever is on the account.
const OF_CARD: [&str; 18] = [
    "LOST",
    "STOLEN",
    "STOPPED",
    "EXPIR",
    "CLOSED",
    "DELETED",
    "INVALID_CARD",
    "INVALID_REJECT_CARD",
    "RESTRICTED",
    "NOT_SUPPORTED_CARD",
    "BILLINGKEY",
    "BILLING_KEY",
    "NO-CARD",
    "분실",
    "도난",
    "정지",
    "유효기간",
    "해지",
];
/// The gateway's words for a request that it takes from nobody, and our own for one that we did not make.
const LASTING: [&str; 8] = [
    "INVALIDREQUEST",
    "NOTINCONTRACT",
    "CHANNELNOTFOUND",
    "SUMOFPARTS",
    "PAYMENTSCHEDULE",
    "PAYMENTNOTFOUND",
    "OTHER(",
    "NOT-OWED",
];

impl Refusal {
    /// A code that nobody knows may change: a PG's own number says little, and there are few tries.
    pub(super) fn of(code: &str) -> Self {
        let code = code.to_uppercase();
        if OF_CARD.iter().any(|word| code.contains(word)) {
            Self::OfCard
        } else if LASTING.iter().any(|word| code.contains(word)) {
            Self::Lasting
        } else {
            Self::MayChange
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_is_gone_is_told_from_one_that_is_empty() {
        for code in
            ["REJECT_CARD_PAYMENT", "EXCEED_MAX_AMOUNT", "PgProvider", "8061", "FAILED_INTERNAL_SYSTEM"]
        {
            assert_eq!(Refusal::of(code), Refusal::MayChange, "{code}");
        }
        for code in
            ["INVALID_CARD_LOST_OR_STOLEN", "INVALID_STOPPED_CARD", "BillingKeyAlreadyDeleted", "no-card"]
        {
            assert_eq!(Refusal::of(code), Refusal::OfCard, "{code}");
        }
        for code in ["InvalidRequest", "ChannelNotFound", "Other(\"X\")", "not-owed"] {
            assert_eq!(Refusal::of(code), Refusal::Lasting, "{code}");
        }
    }
}
