//! Settlement: what a lot earned on one day, line by line, and what of it the operator is owed.

mod late;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    EntryId, LotId, PaymentId, StatementId, Won,
    ledger::{Account, EntryKind, JournalEntry},
    money::{MoneyOverflow, VatSplit},
};

pub use late::{
    Adjustment, AdjustmentReason, LateEntry, LateIntake, MAX_ADJUSTMENTS, closes_at, is_late, take_in,
};

/// What an operator has agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettlementTerms {
    /// Commission on net sales in 10⁻⁵ (3,300 = 3.3 %).
    pub commission_rate_e5: u32,
    /// Whether the operator bears VAT on top of the commission, or it is inside.
    pub commission_vat: CommissionVat,
}

/// Who bears the VAT on the commission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommissionVat {
    /// The commission is a gross amount.
    Included,
    /// 10 % comes on top.
    OnTop,
}

impl Default for SettlementTerms {
    /// 3 %, VAT on top: the platform's list price.
    fn default() -> Self {
        Self { commission_rate_e5: 3_000, commission_vat: CommissionVat::OnTop }
    }
}

/// One entry of the journal as the operator reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatementLine {
    /// The entry behind it.
    pub entry: EntryId,
    /// Sale or refund.
    pub kind: EntryKind,
    /// Payment.
    pub payment: PaymentId,
    /// When.
    pub occurred_at: Timestamp,
    /// What the lot is owed more (sale) or less (refund) by it, won.
    pub amount: Won,
    /// What it corrects, where it belongs to a day that was confirmed without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusts: Option<Adjustment>,
}

/// State of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementStatus {
    /// Computed from the journal; computed again whenever asked.
    Draft,
    /// A snapshot that nobody can change.
    Confirmed,
}

/// The statement of one lot for one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Derived from lot and day.
    pub id: StatementId,
    /// Lot.
    pub lot: LotId,
    /// Local day of the lot.
    pub day: Date,
    /// State.
    pub status: StatementStatus,
    /// When it was computed; statements of old do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted_at: Option<Timestamp>,
    /// Lines, oldest first.
    pub lines: Vec<StatementLine>,
    /// Sum of the day's sales, won.
    pub sales: Won,
    /// Sum of the day's refunds, won, positive.
    pub refunds: Won,
    /// Sum of the adjustments of earlier days, won.
    #[serde(default = "nothing")]
    pub adjustments: Won,
    /// Sales less refunds, with the adjustments, told apart into supply and VAT.
    pub net: VatSplit,
    /// Commission including its VAT, won.
    pub commission: Won,
    /// VAT in the commission, won.
    pub commission_vat: Won,
    /// What the operator is owed: net less commission, won.
    pub payout: Won,
    /// The terms applied.
    pub terms: SettlementTerms,
}

fn nothing() -> Won {
    Won::ZERO
}

impl Statement {
    /// The snapshot of this draft. Refused for a draft that was made before its day was over: it may lack entries.
    pub fn confirmed(&self) -> Result<Self, SettlementError> {
        if self.drafted_at.is_none_or(|at| at < closes_at(self.day)) {
            return Err(SettlementError::DraftedTooEarly(self.day));
        }
        Ok(Self { status: StatementStatus::Confirmed, ..self.clone() })
    }
}

/// What a draft is made of.
#[derive(Debug, Clone, Copy)]
pub struct Intake<'a> {
    /// The journal's entries of the day.
    pub of_day: &'a [JournalEntry],
    /// Entries of earlier days that their own statements were confirmed without ([`take_in`]).
    pub late: &'a [JournalEntry],
    /// The present moment.
    pub at: Timestamp,
}

/// Why no statement can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// An entry of another lot or day.
    #[error("entry {0} belongs to another lot or day")]
    Foreign(EntryId),
    /// The day was not over everywhere when the draft was made: draft again.
    #[error("the draft of {0} was made before the day was over")]
    DraftedTooEarly(Date),
    /// Sum does not fit.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

/// Drafts the statement of `lot` for `day` from the journal's entries of that day and the late ones of earlier days.
///
/// The order of the entries makes no difference and one given twice counts once. Entries that do not touch what the lot
/// is owed (held receipts) are left out: they are the platform's affair.
pub fn draft(
    lot: &LotId,
    day: Date,
    intake: Intake<'_>,
    terms: SettlementTerms,
) -> Result<Statement, SettlementError> {
    let lines = lines(lot, day, intake)?;
    let of_day = || lines.iter().filter(|line| line.adjusts.is_none()).map(|line| line.amount);
    let sales = Won::sum(of_day().filter(|amount| !amount.is_negative()))?;
    let refunds = Won::sum(of_day().filter(|amount| amount.is_negative()))?.negated()?;
    let adjustments = Won::sum(lines.iter().filter(|line| line.adjusts.is_some()).map(|line| line.amount))?;
    let net = sales.minus(refunds)?.plus(adjustments)?;
    let is_surcharge =
        |line: &&StatementLine| matches!(line.kind, EntryKind::Surcharge | EntryKind::SurchargeReturn);
    let untaxed = Won::sum(lines.iter().filter(is_surcharge).map(|line| line.amount))?;
    let charged = net.share_e5(terms.commission_rate_e5)?;
    let (commission, commission_vat) = match terms.commission_vat {
        CommissionVat::Included => (charged, charged.vat_split(Won::ZERO).vat),
        CommissionVat::OnTop => {
            let vat = charged.share_e5(10_000)?;
            (charged.plus(vat)?, vat)
        }
    };
    Ok(Statement {
        id: StatementId::derive(&[lot.as_str(), &day.to_string()]),
        lot: lot.clone(),
        day,
        status: StatementStatus::Draft,
        drafted_at: Some(intake.at),
        lines,
        sales,
        refunds,
        adjustments,
        net: net.vat_split(untaxed),
        commission,
        commission_vat,
        payout: net.minus(commission)?,
        terms,
    })
}

/// The lines of a statement, oldest first; what does not touch the lot's account is none.
fn lines(lot: &LotId, day: Date, intake: Intake<'_>) -> Result<Vec<StatementLine>, SettlementError> {
    let payable = Account::LotPayable(lot.clone());
    let mut sorted: Vec<&JournalEntry> = intake.of_day.iter().chain(intake.late).collect();
    sorted.sort_by(|a, b| (a.occurred_at, &a.id).cmp(&(b.occurred_at, &b.id)));
    sorted.dedup_by(|a, b| a.id == b.id);
    let mut lines = Vec::with_capacity(sorted.len());
    for entry in sorted {
        let late = entry.day < day && intake.late.iter().any(|late| late.id == entry.id);
        if entry.lot.as_ref() != Some(lot) || (entry.day != day && !late) {
            return Err(SettlementError::Foreign(entry.id.clone()));
        }
        let amount = entry.change_of(&payable)?.negated()?;
        if !amount.is_zero() {
            lines.push(StatementLine {
                entry: entry.id.clone(),
                kind: entry.kind,
                payment: entry.payment.clone(),
                occurred_at: entry.occurred_at,
                amount,
                adjusts: late.then(|| Adjustment::of(entry)),
            });
        }
    }
    Ok(lines)
}

#[cfg(test)]
#[path = "settlement/late_tests.rs"]
mod late_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Book, Cause};
    use proptest::prelude::*;

    fn entry(kind: EntryKind, amount: i64, name: &str) -> JournalEntry {
        entry_of(kind, amount, name, jiff::civil::date(2026, 11, 19))
    }

    pub(super) fn entry_of(kind: EntryKind, amount: i64, name: &str, day: Date) -> JournalEntry {
        let (lot, payment) = (LotId::derive(&["l"]), PaymentId::derive(&[name, &day.to_string()]));
        let occurred_at = "2026-11-19T03:00:00Z".parse().unwrap();
        let cause =
            Cause { book: Book::Lot(&lot), payment: &payment, discriminant: String::new(), occurred_at, day };
        JournalEntry::post(kind, &cause, Won::new(amount)).unwrap()
    }

    fn drafted(entries: &[JournalEntry]) -> Statement {
        let day = jiff::civil::date(2026, 11, 19);
        let intake = Intake { of_day: entries, late: &[], at: closes_at(day) };
        draft(&LotId::derive(&["l"]), day, intake, SettlementTerms::default()).unwrap()
    }

    #[test]
    fn a_day_of_sales_and_a_refund() {
        let statement = drafted(&[
            entry(EntryKind::Sale, 8_700, "a"),
            entry(EntryKind::Sale, 1_300, "b"),
            entry(EntryKind::Refund, 1_300, "b"),
            entry(EntryKind::HeldReceipt, 500, "c"),
        ]);
        assert_eq!((statement.sales.get(), statement.refunds.get()), (10_000, 1_300));
        assert_eq!((statement.net.supply.get(), statement.net.vat.get()), (7_909, 791));
        assert_eq!((statement.commission.get(), statement.payout.get()), (287, 8_413));
        assert_eq!(statement.lines.len(), 3);
    }

    #[test]
    fn a_surcharge_is_the_lots_and_bears_no_vat() {
        let statement = drafted(&[
            entry(EntryKind::Sale, 8_700, "a"),
            entry(EntryKind::Surcharge, 34_800, "a"),
            entry(EntryKind::SurchargeReturn, 4_800, "b"),
        ]);
        let net = statement.net;
        assert_eq!((net.supply.get(), net.vat.get(), net.tax_free.get()), (7_909, 791, 30_000));
        assert_eq!(statement.payout.plus(statement.commission).unwrap(), Won::new(38_700));
    }

    #[test]
    fn another_lots_entry_is_refused() {
        let entry = entry(EntryKind::Sale, 100, "a");
        let other = LotId::derive(&["other"]);
        let intake = Intake { of_day: std::slice::from_ref(&entry), late: &[], at: closes_at(entry.day) };
        let drafted = draft(&other, entry.day, intake, SettlementTerms::default());
        assert_eq!(drafted, Err(SettlementError::Foreign(entry.id)));
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_entries_change_nothing(
            amounts in prop::collection::vec(1_i64..100_000, 0..20), seed in 0_usize..20
        ) {
            let entries: Vec<_> =
                amounts.iter().enumerate().map(|(i, a)| entry(EntryKind::Sale, *a, &i.to_string())).collect();
            let mut again: Vec<_> = entries.iter().chain(&entries).cloned().collect();
            let turn = seed.min(again.len());
            again.rotate_left(turn);
            prop_assert_eq!(drafted(&entries), drafted(&again));
            let statement = drafted(&entries);
            prop_assert_eq!(statement.payout.get() + statement.commission.get(), amounts.iter().sum::<i64>());
        }
    }
}
