//! The double-entry journal: append-only entries whose postings sum to zero. A correction is a new entry.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{EntryId, LotId, PaymentId, Won, money::MoneyOverflow};

/// An account of the chart (infra/docs/architecture.md, "The journal").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "account", content = "of")]
pub enum Account {
    /// Asset: what the payment gateway has taken and will pay out to the platform.
    PgClearing,
    /// Liability: what the platform owes the operator of a lot.
    LotPayable(LotId),
    /// Liability: money that arrived and matches no order; it is on its way back.
    Suspense,
}

impl Account {
    /// The account's number and name, as the export shows it.
    pub fn code(&self) -> String {
        match self {
            Self::PgClearing => "1110 pg-clearing".to_owned(),
            Self::LotPayable(lot) => format!("2110 lot-payable {lot}"),
            Self::Suspense => "2910 suspense".to_owned(),
        }
    }
}

/// One side of an entry: a debit is positive, a credit negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Posting {
    /// Account.
    #[serde(flatten)]
    pub account: Account,
    /// Debit positive, credit negative, won.
    pub amount: Won,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A parking fee was captured.
    Sale,
    /// (Part of) a captured fee was given back.
    Refund,
    /// Money arrived that matches no order.
    HeldReceipt,
    /// Held money went back.
    HeldReturn,
}

/// Why postings are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnbalancedEntry {
    /// Debits and credits differ.
    #[error("the postings sum to {0}, not to zero")]
    Sum(Won),
    /// Fewer than two postings, or one of nothing.
    #[error("an entry has at least two postings, none of zero")]
    Empty,
    /// The sum does not fit 64 bits.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

/// An entry of the journal. Its id is derived from its cause, so that the same cause is posted once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedEntry")]
pub struct JournalEntry {
    /// Derived from the cause.
    pub id: EntryId,
    /// What it is about.
    pub kind: EntryKind,
    /// The lot it belongs to.
    pub lot: LotId,
    /// The payment it comes from.
    pub payment: PaymentId,
    /// When it happened at the payment gateway.
    pub occurred_at: Timestamp,
    /// The lot's local day of `occurred_at`: what settlement groups by.
    pub day: Date,
    /// When it was put into the journal; entries of old do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_at: Option<Timestamp>,
    /// Its sides.
    pub postings: Vec<Posting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UncheckedEntry {
    id: EntryId,
    kind: EntryKind,
    lot: LotId,
    payment: PaymentId,
    occurred_at: Timestamp,
    day: Date,
    #[serde(default)]
    posted_at: Option<Timestamp>,
    postings: Vec<Posting>,
}

impl TryFrom<UncheckedEntry> for JournalEntry {
    type Error = UnbalancedEntry;
    fn try_from(raw: UncheckedEntry) -> Result<Self, UnbalancedEntry> {
        check_balance(&raw.postings)?;
        let UncheckedEntry { id, kind, lot, payment, occurred_at, day, posted_at, postings } = raw;
        Ok(Self { id, kind, lot, payment, occurred_at, day, posted_at, postings })
    }
}

fn check_balance(postings: &[Posting]) -> Result<(), UnbalancedEntry> {
    if postings.len() < 2 || postings.iter().any(|posting| posting.amount.is_zero()) {
        return Err(UnbalancedEntry::Empty);
    }
    let sum = Won::sum(postings.iter().map(|posting| posting.amount))?;
    if sum.is_zero() { Ok(()) } else { Err(UnbalancedEntry::Sum(sum)) }
}

/// What an entry is posted for.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// Lot.
    pub lot: &'a LotId,
    /// Payment.
    pub payment: &'a PaymentId,
    /// What tells this cause from others of the same payment and kind (the total cancelled so far, say).
    pub discriminant: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The lot's local day.
    pub day: Date,
}

impl JournalEntry {
    /// An entry of this kind over `amount` won (positive).
    pub fn post(kind: EntryKind, cause: &Cause<'_>, amount: Won) -> Result<Self, UnbalancedEntry> {
        let name = serde_json::to_string(&kind).unwrap_or_default();
        let payable = || Account::LotPayable(cause.lot.clone());
        let (debit, credit) = match kind {
            EntryKind::Sale => (Account::PgClearing, payable()),
            EntryKind::Refund => (payable(), Account::PgClearing),
            EntryKind::HeldReceipt => (Account::PgClearing, Account::Suspense),
            EntryKind::HeldReturn => (Account::Suspense, Account::PgClearing),
        };
        let postings =
            vec![Posting { account: debit, amount }, Posting { account: credit, amount: amount.negated()? }];
        check_balance(&postings)?;
        Ok(Self {
            id: EntryId::derive(&[cause.payment.as_str(), &name, &cause.discriminant]),
            kind,
            lot: cause.lot.clone(),
            payment: cause.payment.clone(),
            occurred_at: cause.occurred_at,
            day: cause.day,
            posted_at: None,
            postings,
        })
    }

    /// The change of one account by this entry, won, debit positive.
    pub fn change_of(&self, account: &Account) -> Result<Won, MoneyOverflow> {
        Won::sum(
            self.postings.iter().filter(|posting| posting.account == *account).map(|posting| posting.amount),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, amount: i64) -> Result<JournalEntry, UnbalancedEntry> {
        let (lot, payment) = (LotId::derive(&["l"]), PaymentId::derive(&["p"]));
        let cause = Cause {
            lot: &lot,
            payment: &payment,
            discriminant: String::new(),
            occurred_at: Timestamp::UNIX_EPOCH,
            day: jiff::civil::date(1970, 1, 1),
        };
        JournalEntry::post(kind, &cause, Won::new(amount))
    }

    #[test]
    fn every_kind_of_entry_balances() {
        for kind in [EntryKind::Sale, EntryKind::Refund, EntryKind::HeldReceipt, EntryKind::HeldReturn] {
            let entry = entry(kind, 1_300).unwrap();
            assert_eq!(Won::sum(entry.postings.iter().map(|posting| posting.amount)).unwrap(), Won::ZERO);
        }
    }

    #[test]
    fn an_entry_over_nothing_is_refused() {
        assert_eq!(entry(EntryKind::Sale, 0), Err(UnbalancedEntry::Empty));
    }

    #[test]
    fn an_unbalanced_entry_cannot_be_read_back() {
        let mut json = serde_json::to_value(entry(EntryKind::Sale, 1_300).unwrap()).unwrap();
        json["postings"][0]["amount"] = 1_301.into();
        assert!(serde_json::from_value::<JournalEntry>(json).is_err());
    }

    #[test]
    fn the_same_cause_gives_the_same_entry() {
        assert_eq!(entry(EntryKind::Sale, 5).unwrap().id, entry(EntryKind::Sale, 5).unwrap().id);
        assert_ne!(entry(EntryKind::Sale, 5).unwrap().id, entry(EntryKind::Refund, 5).unwrap().id);
    }
}
