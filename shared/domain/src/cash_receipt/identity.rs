//! Whose a cash receipt is. Personal data: never logged, never shown again but masked.

use serde::{Deserialize, Serialize};

use crate::{BusinessNumber, business::InvalidBusinessNumber};

/// What a cash receipt is for at the tax office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptUse {
    /// A person's deduction (소득공제).
    Personal,
    /// A business's proof of expense (지출증빙).
    Corporate,
}

/// By which number the tax office knows whose it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "number")]
pub enum ReceiptIdentity {
    /// A person's mobile number, digits only.
    Phone(String),
    /// A person's cash receipt card, digits only.
    Card(String),
    /// A business.
    Business(BusinessNumber),
}

/// The number can't be anybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// No mobile number.
    #[error("it is not a Korean mobile number")]
    Phone,
    /// No card.
    #[error("a card has 13 to 18 digits")]
    Card,
    /// No business number.
    #[error(transparent)]
    Business(#[from] InvalidBusinessNumber),
}

fn digits_of(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    digits.bytes().all(|c| c.is_ascii_digit()).then_some(digits)
}

impl ReceiptIdentity {
    /// A mobile number: `010-1234-5678`.
    pub fn phone(text: &str) -> Result<Self, InvalidIdentity> {
        let digits = digits_of(text).filter(|digits| matches!(digits.len(), 10 | 11));
        digits.filter(|digits| digits.starts_with("01")).map(Self::Phone).ok_or(InvalidIdentity::Phone)
    }

    /// A cash receipt card (현금영수증 카드).
    pub fn card(text: &str) -> Result<Self, InvalidIdentity> {
        let digits = digits_of(text).filter(|digits| (13..=18).contains(&digits.len()));
        digits.map(Self::Card).ok_or(InvalidIdentity::Card)
    }

    /// A business number, its check digit right.
    pub fn business(text: &str) -> Result<Self, InvalidIdentity> {
        Ok(Self::Business(BusinessNumber::parse(text)?))
    }

    /// What the receipt is for.
    pub fn purpose(&self) -> ReceiptUse {
        match self {
            Self::Phone(_) | Self::Card(_) => ReceiptUse::Personal,
            Self::Business(_) => ReceiptUse::Corporate,
        }
    }

    /// The number itself, for the gateway alone.
    pub fn expose(&self) -> &str {
        match self {
            Self::Phone(number) | Self::Card(number) => number,
            Self::Business(number) => number.as_str(),
        }
    }

    /// The last four digits, the others hidden: enough for its owner to know it again.
    pub fn masked(&self) -> String {
        let number = self.expose();
        let shown = number.len().saturating_sub(4);
        number.char_indices().map(|(place, digit)| if place < shown { '*' } else { digit }).collect()
    }
}

impl std::fmt::Debug for ReceiptIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ReceiptIdentity").field(&self.purpose()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_as_people_write_it_and_shown_by_its_end_alone() {
        let phone = ReceiptIdentity::phone("010-1234-5678").unwrap();
        assert_eq!((phone.expose(), phone.masked().as_str()), ("01012345678", "*******5678"));
        let business = ReceiptIdentity::business("120-81-47521").unwrap();
        assert_eq!((business.masked().as_str(), business.purpose()), ("******7521", ReceiptUse::Corporate));
        assert_eq!(format!("{phone:?} {business:?}"), "ReceiptIdentity(Personal) ReceiptIdentity(Corporate)");
    }

    #[test]
    fn a_number_that_is_nobodys_is_refused() {
        for wrong in ["", "02-123-4567", "010-1234", "0101234567890", "０１０12345678"] {
            assert_eq!(ReceiptIdentity::phone(wrong), Err(InvalidIdentity::Phone), "{wrong}");
        }
        assert_eq!(ReceiptIdentity::card("123456789012"), Err(InvalidIdentity::Card));
        let mistyped = ReceiptIdentity::business("1208147522");
        assert_eq!(mistyped, Err(InvalidIdentity::Business(InvalidBusinessNumber::CheckDigit)));
    }
}
