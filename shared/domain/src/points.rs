//! Prepaid points: what was paid for and what was given on top are kept apart, in the wallet and in the books.
//!
//! Points that were paid for are spent first and come back last. So the bonus is touched only by who has spent the money it was
//! given for; the other way round a driver could park on the bonus, take the money back, and do it again (D-084).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    DriverId, PaymentId, RefundId, Won,
    ledger::{Account, EntryKind, JournalEntry},
    money::MoneyOverflow,
};

/// What is given on top of points that are paid for, in percent (facts/settlement.md).
const BONUS_PERCENT: i64 = 10;
/// The least that a driver tops up at once, won.
pub const MIN_TOP_UP: Won = Won::new(1_000);
/// The most that a wallet may hold, won: what the law allows to who has not shown an identity card (전자금융거래법 시행령 제13조).
pub const MAX_BALANCE: Won = Won::new(500_000);
/// The least that the gateway charges, won: of a fee that points cover in part, so much at least is left for it.
pub const MIN_CHARGE: Won = Won::new(100);

/// An amount of points, told apart. One point is one won.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Points {
    /// Paid for: can be given back as money.
    pub paid: Won,
    /// Given on top: can only be spent.
    pub bonus: Won,
}

impl Points {
    /// None.
    pub const ZERO: Self = Self { paid: Won::ZERO, bonus: Won::ZERO };

    /// Both together.
    pub fn total(self) -> Result<Won, MoneyOverflow> {
        self.paid.plus(self.bonus)
    }

    /// Whether there are none of either kind.
    pub fn is_zero(&self) -> bool {
        self.paid.is_zero() && self.bonus.is_zero()
    }

    /// Sum, kind by kind.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Ok(Self { paid: self.paid.plus(other.paid)?, bonus: self.bonus.plus(other.bonus)? })
    }

    /// Difference, kind by kind; may be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Ok(Self { paid: self.paid.minus(other.paid)?, bonus: self.bonus.minus(other.bonus)? })
    }

    /// So much of them, in the order in which points are spent: those paid for first. Less where there are less.
    #[must_use]
    pub fn first(self, amount: Won) -> Self {
        let paid = self.paid.max(Won::ZERO).min(amount.max(Won::ZERO));
        let bonus = self.bonus.max(Won::ZERO).min(amount.remaining_after(paid));
        Self { paid, bonus }
    }

    /// So much of them, in the order in which spent points come back: the bonus first, since it was spent last.
    #[must_use]
    pub fn last(self, amount: Won) -> Self {
        let bonus = self.bonus.max(Won::ZERO).min(amount.max(Won::ZERO));
        let paid = self.paid.max(Won::ZERO).min(amount.remaining_after(bonus));
        Self { paid, bonus }
    }
}

/// The bonus on a top-up of so many won, rounded down.
pub fn bonus_on(paid: Won) -> Won {
    Won::new(paid.get().max(0) / (100 / BONUS_PERCENT))
}

/// A driver's points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Whose.
    pub driver: DriverId,
    /// What can be spent. Points paid for may be below zero, when the gateway's staff gave back a top-up that was spent: then
    /// nothing can be spent until it is made good.
    pub balance: Points,
}

/// Why points can't be bought so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopUpError {
    /// Less than [`MIN_TOP_UP`].
    #[error("a top-up is over at least {MIN_TOP_UP}")]
    TooLittle,
    /// The wallet would hold more than [`MAX_BALANCE`].
    #[error("a wallet holds at most {MAX_BALANCE}")]
    TooMuch,
}

impl Wallet {
    /// An empty one.
    pub fn empty(driver: DriverId) -> Self {
        Self { driver, balance: Points::ZERO }
    }

    /// Which points pay up to `wanted` won of a fee. What is left of the fee is nothing, or enough for the gateway to charge.
    pub fn share_of(&self, fee: Won, wanted: Won) -> Points {
        if self.balance.paid.is_negative() {
            return Points::ZERO;
        }
        let most = self.balance.first(wanted.min(fee));
        let Ok(total) = most.total() else { return Points::ZERO };
        let rest = fee.remaining_after(total);
        if rest.is_zero() || rest >= MIN_CHARGE {
            return most;
        }
        most.first(fee.remaining_after(MIN_CHARGE))
    }

    /// The bonus on a top-up of `amount` won, if this wallet can take both.
    pub fn bonus_of_top_up(&self, amount: Won) -> Result<Won, TopUpError> {
        if amount < MIN_TOP_UP {
            return Err(TopUpError::TooLittle);
        }
        let bonus = bonus_on(amount);
        let after = self.balance.plus(Points { paid: amount, bonus }).and_then(Points::total);
        if after.is_ok_and(|after| after <= MAX_BALANCE) { Ok(bonus) } else { Err(TopUpError::TooMuch) }
    }
}

/// A cash-out as it was asked for: kept under its id, so that the same wish is carried out once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CashOut {
    /// Derived from the driver and the key of the wish; also the id of each refund it is made of.
    pub id: RefundId,
    /// Whose points.
    pub driver: DriverId,
    /// How much was asked for, won; `None` = all that can be.
    pub asked: Option<Won>,
    /// What goes back, won.
    pub amount: Won,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The top-ups that it is given back of.
    pub payments: Vec<PaymentId>,
}

/// What an entry adds to the wallets it touches; negative where it takes.
pub fn change_of_wallet<'a>(
    entry: &'a JournalEntry,
) -> Result<Option<(&'a DriverId, Points)>, MoneyOverflow> {
    let mut change: Option<(&'a DriverId, Points)> = None;
    for posting in &entry.postings {
        let amount = posting.amount.negated()?;
        let (driver, points) = match &posting.account {
            Account::PointsPaid(driver) => (driver, Points { paid: amount, bonus: Won::ZERO }),
            Account::PointsBonus(driver) => (driver, Points { paid: Won::ZERO, bonus: amount }),
            _ => continue,
        };
        change = Some((driver, change.map_or(Ok(points), |(_, known)| known.plus(points))?));
    }
    Ok(change)
}

/// What the platform must be able to report of its points: registration is needed above 3 bn won outstanding or 50 bn won
/// issued in a year (전자금융거래법 제28조). Paid and bonus stand apart, since only what was paid for is counted by the duty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PointsReport {
    /// Issued and not yet redeemed: in wallets.
    pub outstanding: Points,
    /// Held for payments and cash-outs under way, of both kinds, won: outstanding too.
    pub held: Won,
    /// Issued: what was topped up, and the bonus on it. Released and returned points are not issued anew.
    pub issued: Points,
}

impl PointsReport {
    /// Above so much outstanding, won, the platform must be registered.
    pub const OUTSTANDING_LIMIT: Won = Won::new(3_000_000_000);
    /// Above so much issued in a year, won, it must be registered.
    pub const ISSUED_LIMIT: Won = Won::new(50_000_000_000);

    /// The report after these entries, each given once. What is outstanding goes on from `self`; what is issued too, so a year's
    /// figures begin with [`PointsReport::new_year`]. Their order makes no difference.
    pub fn after<'a>(
        mut self,
        entries: impl IntoIterator<Item = &'a JournalEntry>,
    ) -> Result<Self, MoneyOverflow> {
        for entry in entries {
            if let Some((_, change)) = change_of_wallet(entry)? {
                self.outstanding = self.outstanding.plus(change)?;
                if entry.kind == EntryKind::TopUp {
                    self.issued = self.issued.plus(change)?;
                }
            }
            for posting in &entry.postings {
                if matches!(posting.account, Account::PointsHeld(_)) {
                    self.held = self.held.minus(posting.amount)?;
                }
            }
        }
        Ok(self)
    }

    /// Carried into a new year: what is outstanding stays, nothing is issued yet.
    #[must_use]
    pub fn new_year(self) -> Self {
        Self { issued: Points::ZERO, ..self }
    }

    /// Whether the platform must be registered, by what was paid for; what is held counts wholly, to be on the safe side.
    pub fn needs_registration(&self) -> Result<bool, MoneyOverflow> {
        let outstanding = self.outstanding.paid.plus(self.held)?;
        Ok(outstanding > Self::OUTSTANDING_LIMIT || self.issued.paid > Self::ISSUED_LIMIT)
    }
}

#[cfg(test)]
mod tests;
