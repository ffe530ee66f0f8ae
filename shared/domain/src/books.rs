//! The books by month: whose month an entry is, and the trial balance (시산표) that a month's entries lead to.
//!
//! A month that is closed is never opened again. What is posted for it later stands in the month that was open then, with its
//! own day; whose month an entry is follows from the entry alone, so a month read again is the same month.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::Date,
    tz::{Offset, offset},
};
use serde::{Deserialize, Serialize};

use crate::{
    Won,
    ledger::{Account, JournalEntry},
    money::MoneyOverflow,
    points::PointsReport,
};

/// The platform's books are kept by Korea's calendar.
const HOME: Offset = offset(9);
/// A month takes in what is posted up to so long after its last day: the webhooks of its last evening.
const CLOSES_AFTER: SignedDuration = SignedDuration::from_hours(3);
/// An entry is on file at most this long after the moment that it names as its posting (a function runs for minutes at most).
const POSTING_TAKES: SignedDuration = SignedDuration::from_mins(15);

/// A month of the books, as `2026-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(Date);

/// The text is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a month is written as 2026-10")]
pub struct InvalidMonth;

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }

    /// The month that is open for postings at this moment: the one before until it closes.
    pub fn open_at(at: Timestamp) -> Self {
        let counted = at.saturating_sub(CLOSES_AFTER).unwrap_or(at);
        Self::of(HOME.to_datetime(counted).date())
    }

    /// The next month.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1.month()))
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1.month()))
    }

    /// Whether it is a January.
    fn begins_a_year(self) -> bool {
        self.0.month() == 1
    }

    /// Its days, first to last.
    pub fn days(self) -> impl Iterator<Item = Date> {
        self.0.series(1.day()).take_while(move |day| Self::of(*day) == self)
    }

    /// From when on all its entries are on file: nothing is added to it any more.
    pub fn complete_at(self) -> Timestamp {
        let midnight = HOME.to_timestamp(self.next().0.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
        midnight.saturating_add(CLOSES_AFTER + POSTING_TAKES).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;
    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let day = if text.len() == 7 { format!("{text}-01").parse().ok() } else { None };
        day.map(Self).ok_or(InvalidMonth)
    }
}

impl TryFrom<String> for Month {
    type Error = InvalidMonth;
    fn try_from(text: String) -> Result<Self, InvalidMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

/// The month in whose books an entry stands: its own day's, or, posted after that closed, the one that was open then. An entry of
/// old, which does not say when it was posted, stands in its own.
pub fn month_of(entry: &JournalEntry) -> Month {
    let own = Month::of(entry.day);
    entry.posted_at.map_or(own, |at| own.max(Month::open_at(at)))
}

/// Whether an entry stands in a later month than its own day's.
pub fn is_late(entry: &JournalEntry) -> bool {
    month_of(entry) > Month::of(entry.day)
}

/// A class of accounts, by number and name: an account's code without whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountClass(String);

impl AccountClass {
    /// The class of an account.
    pub fn of(account: &Account) -> Self {
        let code = account.code();
        Self(code.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "))
    }

    /// `2110 lot-payable`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a month did to a class of accounts. Balances: debit positive, credit negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassBalance {
    /// Balance before the month, won.
    pub opening: Won,
    /// Sum of its debits, won.
    pub debits: Won,
    /// Sum of its credits, won, positive.
    pub credits: Won,
}

impl ClassBalance {
    /// Balance after the month, won.
    pub fn closing(&self) -> Result<Won, MoneyOverflow> {
        self.opening.plus(self.debits)?.minus(self.credits)
    }
}

/// The trial balance of a month: what each class of accounts held before, what its entries moved, what it holds after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrialBalance {
    /// The month.
    pub month: Month,
    /// How many entries it is made of.
    pub entries: u64,
    /// By class.
    pub classes: BTreeMap<AccountClass, ClassBalance>,
    /// What is to be reported of points, before its entries: issued in the year so far.
    #[serde(default)]
    pub points_before: PointsReport,
    /// The same after them.
    #[serde(default)]
    pub points: PointsReport,
}

/// Why books don't hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BooksError {
    /// An entry of another month.
    #[error("an entry of {0} does not belong into the books of {1}")]
    OtherMonth(Month, Month),
    /// The opening balance comes from another month than the one before.
    #[error("the books of {0} can't follow those of {1}")]
    Gap(Month, Month),
    /// Debits and credits differ, or balances do not sum to zero.
    #[error("the trial balance of {0} does not balance")]
    Unbalanced(Month),
    /// What is reported of points is not what their accounts hold.
    #[error("the points reported for {0} are not those of the accounts")]
    Points(Month),
    /// A sum does not fit 64 bits.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

impl TrialBalance {
    /// The month before its entries: each class opens with what it closed with the month before. Without one the books begin.
    pub fn open(month: Month, before: Option<&Self>) -> Result<Self, BooksError> {
        let mut classes = BTreeMap::new();
        if let Some(before) = before {
            if before.month != month.previous() {
                return Err(BooksError::Gap(month, before.month));
            }
            for (class, balance) in &before.classes {
                let opening = balance.closing()?;
                classes.insert(class.clone(), ClassBalance { opening, ..ClassBalance::default() });
            }
        }
        let points = before.map_or_else(PointsReport::default, |before| before.points);
        let points = if month.begins_a_year() { points.new_year() } else { points };
        Ok(Self { month, entries: 0, classes, points_before: points, points })
    }

    /// The same month as it was opened: what its entries are counted anew from.
    #[must_use]
    pub fn reopened(&self) -> Self {
        let opened = |(class, balance): (&AccountClass, &ClassBalance)| {
            let carried = !balance.opening.is_zero();
            let opened = ClassBalance { opening: balance.opening, ..ClassBalance::default() };
            carried.then(|| (class.clone(), opened))
        };
        let classes = self.classes.iter().filter_map(opened).collect();
        Self {
            month: self.month,
            entries: 0,
            classes,
            points_before: self.points_before,
            points: self.points_before,
        }
    }

    /// Counts an entry in.
    pub fn post(&mut self, entry: &JournalEntry) -> Result<(), BooksError> {
        let month = month_of(entry);
        if month != self.month {
            return Err(BooksError::OtherMonth(month, self.month));
        }
        for posting in &entry.postings {
            let balance = self.classes.entry(AccountClass::of(&posting.account)).or_default();
            if posting.amount.is_negative() {
                balance.credits = balance.credits.minus(posting.amount)?;
            } else {
                balance.debits = balance.debits.plus(posting.amount)?;
            }
        }
        self.points = self.points.after([entry])?;
        self.entries += 1;
        Ok(())
    }

    /// The sums over all classes: opening, debits, credits, closing.
    pub fn totals(&self) -> Result<(ClassBalance, Won), BooksError> {
        let sum = |part: fn(&ClassBalance) -> Won| Won::sum(self.classes.values().map(part));
        let all = ClassBalance {
            opening: sum(|class| class.opening)?,
            debits: sum(|class| class.debits)?,
            credits: sum(|class| class.credits)?,
        };
        Ok((all, all.closing()?))
    }

    /// Refuses books whose debits are not their credits, whose balances do not sum to zero, or which tell of other points than
    /// their accounts hold.
    pub fn check(&self) -> Result<(), BooksError> {
        let (all, closing) = self.totals()?;
        let holds = all.opening.is_zero() && all.debits == all.credits && closing.is_zero();
        if !holds {
            return Err(BooksError::Unbalanced(self.month));
        }
        let owed = |number: &str| {
            let held = self.classes.iter().filter(|(class, _)| class.as_str().starts_with(number));
            Won::sum(held.map(|(_, held)| held.closing()).collect::<Result<Vec<_>, _>>()?)?.negated()
        };
        let PointsReport { outstanding, held, .. } = self.points;
        let is_told =
            (owed("2210 ")?, owed("2220 ")?, owed("2230 ")?) == (outstanding.paid, outstanding.bonus, held);
        if is_told { Ok(()) } else { Err(BooksError::Points(self.month)) }
    }

    /// Whether two say the same: a class that never held anything may be named or not.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let held = |balance: &Self| -> BTreeMap<AccountClass, ClassBalance> {
            let used = balance.classes.iter().filter(|(_, class)| **class != ClassBalance::default());
            used.map(|(class, balance)| (class.clone(), *balance)).collect()
        };
        let told = |balance: &Self| (balance.month, balance.entries, balance.points_before, balance.points);
        told(self) == told(other) && held(self) == held(other)
    }
}

#[cfg(test)]
mod tests;
