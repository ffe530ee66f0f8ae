//! What a payer pays with: the cards registered at the gateway, in the order in which they are tried.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CardId, CompanyId, visit::Payer};

/// A payer registers at most so many cards.
pub const MAX_CARDS: usize = 5;

/// The gateway's key to a registered card. Whoever has it and our secret can charge the card: never shown, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BillingKey(String);

impl BillingKey {
    /// A key as the gateway gave it.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key in plain, for the call to the gateway.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The id of its card, by which it may be spoken of where the key itself must not stand.
    pub fn card_id(&self) -> CardId {
        CardId::derive(&[&self.0])
    }
}

impl std::fmt::Debug for BillingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BillingKey(…)")
    }
}

/// A registered card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredCard {
    /// Derived from its key.
    pub id: CardId,
    /// Its key at the gateway.
    pub billing_key: BillingKey,
    /// How its owner knows it: the issuer's name and the number as the gateway masks it.
    pub label: String,
    /// When it was registered.
    pub registered_at: Timestamp,
}

impl RegisteredCard {
    /// A card of this key.
    pub fn new(billing_key: BillingKey, label: impl Into<String>, now: Timestamp) -> Self {
        Self { id: billing_key.card_id(), billing_key, label: label.into(), registered_at: now }
    }
}

/// What a payer pays with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Purse {
    /// Whose.
    pub payer: Payer,
    /// Cards; the first is charged. A company has one at most: its own.
    #[serde(default)]
    pub cards: Vec<RegisteredCard>,
    /// How it pays. A person pays by card.
    #[serde(default)]
    pub terms: Terms,
}

/// How a payer pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Terms {
    /// By a registered card; a company by its own card only.
    #[default]
    Card,
    /// By an invoice for the month: no card is ever charged. For companies.
    MonthlyInvoice,
}

/// Why a card is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PurseError {
    /// [`MAX_CARDS`], or a company's second.
    #[error("no more cards can be registered")]
    Full,
}

impl Purse {
    /// An empty one.
    pub fn empty(payer: Payer) -> Self {
        Self { payer, cards: Vec::new(), terms: Terms::Card }
    }

    /// The company that gets an invoice for it, if one does.
    pub fn on_account(&self) -> Option<&CompanyId> {
        match (&self.payer, self.terms) {
            (Payer::Company(company), Terms::MonthlyInvoice) => Some(company),
            _ => None,
        }
    }

    /// The card that is charged.
    pub fn card(&self) -> Option<&RegisteredCard> {
        self.cards.first().filter(|_| self.on_account().is_none())
    }

    /// With this card as the one that is charged; a card that is there already moves to the front.
    pub fn with_card(&self, card: RegisteredCard) -> Result<Self, PurseError> {
        let mut next = self.clone();
        next.cards.retain(|known| known.id != card.id);
        let most = match self.payer {
            Payer::Driver(_) => MAX_CARDS,
            Payer::Company(_) => 1,
        };
        if next.cards.len() >= most {
            return Err(PurseError::Full);
        }
        next.cards.insert(0, card);
        Ok(next)
    }

    /// Without this card.
    #[must_use]
    pub fn without_card(&self, card: &CardId) -> Self {
        let mut next = self.clone();
        next.cards.retain(|known| known.id != *card);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DriverId;

    fn card(key: &str) -> RegisteredCard {
        RegisteredCard::new(BillingKey::new(key), "신한카드 1234", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_newest_card_is_charged_and_one_registered_again_comes_to_the_front() {
        let purse = Purse::empty(Payer::Driver(DriverId::derive(&["d"])));
        let purse = purse.with_card(card("a")).unwrap().with_card(card("b")).unwrap();
        assert_eq!(purse.card(), Some(&card("b")));
        let purse = purse.with_card(card("a")).unwrap();
        assert_eq!((purse.card(), purse.cards.len()), (Some(&card("a")), 2));
        assert_eq!(purse.without_card(&card("a").id).card(), Some(&card("b")));
    }

    #[test]
    fn a_company_offers_exactly_its_own_card() {
        let purse = Purse::empty(Payer::Company(CompanyId::derive(&["c"]))).with_card(card("a")).unwrap();
        assert_eq!(purse.with_card(card("b")), Err(PurseError::Full));
        assert!(purse.with_card(card("a")).is_ok(), "the same again changes nothing");
    }

    #[test]
    fn a_billing_key_does_not_show_itself() {
        assert!(!format!("{:?}", card("secret-key")).contains("secret-key"));
    }
}
