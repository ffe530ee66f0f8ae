//! Money is an integer number of won, checked: overflow is an error, never a wrap; there is no float here.

use serde::{Deserialize, Serialize};

/// An amount in won. Signed, because a posting, a correction and a difference may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Won(i64);

/// An amount that does not fit 64 bits: 9.2 × 10¹⁸ won is a defect, not a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount in won overflowed 64 bits")]
pub struct MoneyOverflow;

/// A gross amount told apart into the supply amount and the tax in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VatSplit {
    /// Supply amount (공급가액), won.
    pub supply: Won,
    /// Value added tax (부가세), won.
    pub vat: Won,
    /// The part of the gross amount that bears no tax (면세), won.
    pub tax_free: Won,
}

impl Won {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of so many won.
    pub const fn new(won: i64) -> Self {
        Self(won)
    }

    /// The number of won.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Sum.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyOverflow)
    }

    /// Difference; may be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyOverflow)
    }

    /// So many times the amount.
    pub fn times(self, count: i64) -> Result<Self, MoneyOverflow> {
        self.0.checked_mul(count).map(Self).ok_or(MoneyOverflow)
    }

    /// The amount with its sign turned: the other side of a posting.
    pub fn negated(self) -> Result<Self, MoneyOverflow> {
        self.0.checked_neg().map(Self).ok_or(MoneyOverflow)
    }

    /// Sum of many.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyOverflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// What is left to pay of `self` after `paid`; never negative.
    #[must_use]
    pub fn remaining_after(self, paid: Self) -> Self {
        Self(self.0.saturating_sub(paid.0).max(0))
    }

    /// Whether this is an amount below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether this is exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// A share of the amount in 10⁻⁵ units, rounded half up away from zero (commission, withholding).
    pub fn share_e5(self, rate_e5: u32) -> Result<Self, MoneyOverflow> {
        let scaled = i128::from(self.0) * i128::from(rate_e5);
        let rounded = (scaled.abs() + 50_000) / 100_000 * scaled.signum();
        i64::try_from(rounded).map(Self).map_err(|_| MoneyOverflow)
    }

    /// Splits a gross amount: tax = round half up of (amount − tax-free) / 11, supply = the remainder.
    /// Once per receipt and per invoice total, never per line (rule: facts/tariffs.md; 부가가치세법 제29조).
    pub fn vat_split(self, tax_free: Self) -> VatSplit {
        let taxable = self.0.saturating_sub(tax_free.0);
        let sign = taxable.signum();
        let vat = (taxable.saturating_abs().saturating_mul(2).saturating_add(11) / 22) * sign;
        VatSplit { supply: Self(taxable - vat), vat: Self(vat), tax_free }
    }
}

impl std::fmt::Display for Won {
    /// With thousands separators and the word: `8,700원`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3 + 4);
        if self.0 < 0 {
            text.push('-');
        }
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text.push('원');
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vat_is_split_as_the_tax_office_does() {
        for (gross, supply, vat) in
            [(8_700, 7_909, 791), (10_000, 9_091, 909), (99_999, 90_908, 9_091), (0, 0, 0)]
        {
            let split = Won::new(gross).vat_split(Won::ZERO);
            assert_eq!((split.supply.get(), split.vat.get()), (supply, vat));
        }
    }

    #[test]
    fn won_reads_as_people_write_it() {
        assert_eq!(Won::new(0).to_string(), "0원");
        assert_eq!(Won::new(1_234_567).to_string(), "1,234,567원");
        assert_eq!(Won::new(-8_700).to_string(), "-8,700원");
    }

    #[test]
    fn a_share_is_rounded_half_up() {
        assert_eq!(Won::new(105).share_e5(10_000).unwrap(), Won::new(11));
        assert_eq!(Won::new(-105).share_e5(10_000).unwrap(), Won::new(-11));
        assert_eq!(Won::new(8_700).share_e5(3_300).unwrap(), Won::new(287));
    }

    proptest! {
        #[test]
        fn a_vat_split_loses_no_won(gross in -1_000_000_000_i64..1_000_000_000, tax_free in 0_i64..1_000) {
            let split = Won::new(gross).vat_split(Won::new(tax_free));
            prop_assert_eq!(split.supply.get() + split.vat.get() + split.tax_free.get(), gross);
        }

        #[test]
        fn overflow_is_an_error_never_a_wrap(a: i64, b: i64) {
            prop_assert_eq!(Won::new(a).plus(Won::new(b)).ok().map(Won::get), a.checked_add(b));
        }
    }
}
