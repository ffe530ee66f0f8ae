//! Settlement: what a lot earned on one day, line by line, and what of it the operator is owed.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    EntryId, LotId, PaymentId, StatementId, Won,
    ledger::{Account, EntryKind, JournalEntry},
    money::{MoneyOverflow, VatSplit},
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
    /// Lines, oldest first.
    pub lines: Vec<StatementLine>,
    /// Sum of sales, won.
    pub sales: Won,
    /// Sum of refunds, won, positive.
    pub refunds: Won,
    /// Sales less refunds, told apart into supply and VAT.
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

/// Why no statement can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// An entry of another lot or day.
    #[error("entry {0} belongs to another lot or day")]
    Foreign(EntryId),
    /// Sum does not fit.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

/// Drafts the statement of `lot` for `day` from the journal's entries of that day.
///
/// The order of `entries` makes no difference and one given twice counts once. Entries that do not touch what the lot
/// is owed (held receipts) are left out: they are the platform's affair.
pub fn draft(
    lot: &LotId,
    day: Date,
    entries: &[JournalEntry],
    terms: SettlementTerms,
) -> Result<Statement, SettlementError> {
    let payable = Account::LotPayable(lot.clone());
    let mut sorted: Vec<&JournalEntry> = entries.iter().collect();
    sorted.sort_by(|a, b| (a.occurred_at, &a.id).cmp(&(b.occurred_at, &b.id)));
    sorted.dedup_by(|a, b| a.id == b.id);
    let mut lines = Vec::with_capacity(sorted.len());
    for entry in sorted {
        if entry.lot != *lot || entry.day != day {
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
            });
        }
    }
    let of =
        |negative: bool| Won::sum(lines.iter().map(|l| l.amount).filter(|a| a.is_negative() == negative));
    let (sales, refunds) = (of(false)?, of(true)?.negated()?);
    let net = sales.minus(refunds)?;
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
        lines,
        sales,
        refunds,
        net: net.vat_split(Won::ZERO),
        commission,
        commission_vat,
        payout: net.minus(commission)?,
        terms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Cause;
    use proptest::prelude::*;

    fn entry(kind: EntryKind, amount: i64, name: &str) -> JournalEntry {
        let (lot, payment) = (LotId::derive(&["l"]), PaymentId::derive(&[name]));
        let day = jiff::civil::date(2026, 11, 19);
        let occurred_at = "2026-11-19T03:00:00Z".parse().unwrap();
        let cause = Cause { lot: &lot, payment: &payment, discriminant: String::new(), occurred_at, day };
        JournalEntry::post(kind, &cause, Won::new(amount)).unwrap()
    }

    fn drafted(entries: &[JournalEntry]) -> Statement {
        let day = jiff::civil::date(2026, 11, 19);
        draft(&LotId::derive(&["l"]), day, entries, SettlementTerms::default()).unwrap()
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
    fn another_lots_entry_is_refused() {
        let entry = entry(EntryKind::Sale, 100, "a");
        let other = LotId::derive(&["other"]);
        let drafted = draft(&other, entry.day, std::slice::from_ref(&entry), SettlementTerms::default());
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
