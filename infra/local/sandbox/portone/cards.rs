//! Cards as the sandbox knows them: four numbers with a conduct of their own, every other number that is well-formed approves.

use super::error::ApiError;

/// What the card company does when a card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conduct {
    /// Approves.
    Approves,
    /// Refuses: not enough money on it, or the limit is reached.
    NoFunds,
    /// Approves, but only after any client has stopped waiting.
    ApprovesLate,
    /// Refuses: reported lost.
    Lost,
}

impl Conduct {
    /// The PG's code and sentence of a refusal; the codes are TossPayments', whose channel this is.
    pub(super) fn refusal(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Approves | Self::ApprovesLate => None,
            Self::NoFunds => Some(("REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.")),
            Self::Lost => Some(("INVALID_CARD_LOST_OR_STOLEN", "분실 혹은 도난 카드입니다.")),
        }
    }
}

/// A number whose conduct is fixed.
pub(super) struct TestCard {
    pub(super) number: &'static str,
    pub(super) conduct: Conduct,
    /// What it does, in Korean and English, for the person at the issuing page.
    pub(super) does: [&'static str; 2],
}

/// The cards with a conduct of their own. The first is the one a billing key has when nobody names a number.
pub(super) const TEST_CARDS: [TestCard; 4] = [
    TestCard {
        number: "4242424242424242",
        conduct: Conduct::Approves,
        does: ["항상 승인", "Always approved"],
    },
    TestCard {
        number: "4000000000009995",
        conduct: Conduct::NoFunds,
        does: ["잔액 부족", "Insufficient funds"],
    },
    TestCard {
        number: "4000000000000077",
        conduct: Conduct::ApprovesLate,
        does: ["시간 초과 뒤 승인", "Approved after the time-out"],
    },
    TestCard { number: "4000000000009987", conduct: Conduct::Lost, does: ["분실 카드", "Lost card"] },
];

/// A card of which, as at a PG, only the first eight and last four digits are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) bin: String,
    pub(super) masked: String,
    pub(super) conduct: Conduct,
}

impl Card {
    /// Reads a number as typed: 14 to 19 digits with a true check digit (Luhn); blanks and hyphens between them.
    pub(super) fn read(typed: &str) -> Result<Self, ApiError> {
        let number: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = number.bytes().all(|c| c.is_ascii_digit());
        if !digits || !(14..=19).contains(&number.len()) || !luhn(&number) {
            return Err(ApiError::pg("INVALID_CARD_NUMBER", "카드번호를 다시 확인해주세요."));
        }
        let known = TEST_CARDS.iter().find(|card| card.number == number);
        let (bin, end) = (&number[..8], &number[number.len() - 4..]);
        Ok(Self {
            masked: format!("{bin}{}{end}", "*".repeat(number.len() - 12)),
            bin: bin.to_owned(),
            conduct: known.map_or(Conduct::Approves, |card| card.conduct),
        })
    }

    /// The card of a payer of whom nothing is known.
    pub(super) fn standard() -> Self {
        Self { bin: "42424242".to_owned(), masked: "42424242****4242".to_owned(), conduct: Conduct::Approves }
    }
}

fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_card_is_well_formed_and_does_what_it_is_for() {
        for card in &TEST_CARDS {
            assert_eq!(Card::read(card.number).map(|read| read.conduct), Ok(card.conduct));
        }
        assert_eq!(Card::read(TEST_CARDS[0].number), Ok(Card::standard()));
    }

    #[test]
    fn a_number_is_masked_and_a_misspelt_one_refused() {
        let card = Card::read("5555-5555 5555-4444").unwrap();
        assert_eq!((card.masked.as_str(), card.conduct), ("55555555****4444", Conduct::Approves));
        for typed in ["5555555555554445", "4242", "", "42424242424242४२"] {
            assert!(Card::read(typed).is_err(), "{typed}");
        }
    }
}
