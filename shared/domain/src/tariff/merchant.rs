//! Merchants' validations (매장 할인권): a shop pays for its customers' parking out of a budget of its own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::quote::{ConsideredDiscount, DiscountClaim, DiscountOutcome};
use super::spec::Evidence;
use crate::Won;

/// What a merchant may give away in one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantBudget {
    /// The merchant.
    pub merchant: String,
    /// The period it is for, as the operator names it (`2026-11`).
    pub period: String,
    /// The most of the period.
    pub limit: Won,
    /// What of it is spent.
    pub spent: Won,
}

/// A validation that a merchant gave to a car.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantValidation {
    /// Its id: two of one shop are told apart by it.
    pub id: String,
    /// Who gave it.
    pub merchant: String,
    /// Code of the discount rule it stands for.
    pub rule: String,
    /// From when it is good.
    pub given_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a budget is not charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// It would be overdrawn: the price must be asked for anew.
    #[error("{merchant} has {left} left in {period}, and {wanted} is wanted")]
    Overdrawn {
        /// Whose budget.
        merchant: String,
        /// Of which period.
        period: String,
        /// What is left.
        left: Won,
        /// What was to be spent.
        wanted: Won,
    },
    /// A validation is paid with an amount of at least zero.
    #[error("a validation can't give {0} back")]
    Negative(Won),
}

impl MerchantBudget {
    /// What is left; never negative.
    pub fn left(&self) -> Won {
        self.limit.remaining_after(self.spent)
    }

    /// Spends what a quote took off by the merchant's validation; refuses what would overdraw it.
    pub fn spend(&self, amount: Won) -> Result<Self, BudgetError> {
        if amount.is_negative() {
            return Err(BudgetError::Negative(amount));
        }
        if amount > self.left() {
            let (merchant, period) = (self.merchant.clone(), self.period.clone());
            return Err(BudgetError::Overdrawn { merchant, period, left: self.left(), wanted: amount });
        }
        // Not above the limit, so no overflow.
        let spent = Won::new(self.spent.get() + amount.get());
        Ok(Self { spent, ..self.clone() })
    }
}

impl MerchantValidation {
    /// The claim it makes at a moment, bounded by its merchant's budget; `None` when it is not good then.
    pub fn claim(&self, budget: &MerchantBudget, at: Timestamp) -> Option<DiscountClaim> {
        let good = self.merchant == budget.merchant && (self.given_at..self.expires_at).contains(&at);
        good.then(|| DiscountClaim {
            rule: self.rule.clone(),
            voucher: Some(self.id.clone()),
            evidence: Some(Evidence::Merchant),
            used_today: 0,
            used_this_month: 0,
            budget_left: Some(budget.left()),
        })
    }

    /// What a quote took off by this validation, to be spent from the budget.
    pub fn used(&self, discounts: &[ConsideredDiscount]) -> Won {
        let mine = discounts.iter().find(|it| {
            it.rule == self.rule
                && it.voucher.as_deref() == Some(self.id.as_str())
                && it.outcome == DiscountOutcome::Applied
        });
        mine.map_or(Won::ZERO, |it| it.amount)
    }
}
