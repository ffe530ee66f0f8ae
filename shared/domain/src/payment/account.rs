//! Companies on deferred payment: a visit of theirs is paid the moment it is promised, by an amount the company owes and gets an
//! invoice for once a month. No person's card is charged for it, and no gateway is asked.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    Means, Payment, PaymentDecision, PaymentError, PaymentStatus, PromisedOrder, Refund, RefundState, Shop,
    VisitFact,
};
use crate::{
    CompanyId, LotId, PaymentId, PlateNumber, Won,
    ledger::EntryKind,
    money::{MoneyOverflow, VatSplit},
};

/// One line of a company's account: a visit paid on it (positive), or what of one was given back (negative).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountLine {
    /// Whose account.
    pub company: CompanyId,
    /// The payment.
    pub payment: PaymentId,
    /// Lot.
    pub lot: LotId,
    /// What was bought, as it stands on the bill.
    pub order_name: String,
    /// The car. Personal data: the company's own staff sees it.
    pub plate: PlateNumber,
    /// When it came in.
    pub entered_at: Timestamp,
    /// Until when the stay was priced.
    pub until: Timestamp,
    /// When it was put on the account; it says which month's invoice has it.
    pub posted_at: Timestamp,
    /// Won; negative for what was given back.
    pub amount: Won,
}

/// What a company is asked to pay for a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// Whom.
    pub company: CompanyId,
    /// The month's first day.
    pub month: Date,
    /// When it was made.
    pub made_at: Timestamp,
    /// Its lines, oldest first.
    pub lines: Vec<AccountLine>,
    /// Their sum with its VAT told apart, once for the whole (never by line).
    pub total: VatSplit,
}

/// The invoice of one company's lines of a month. Order and repetition of the lines make no difference.
pub fn invoice(
    company: &CompanyId,
    month: Date,
    lines: &[AccountLine],
    now: Timestamp,
) -> Result<Invoice, MoneyOverflow> {
    let mut lines: Vec<AccountLine> = lines.iter().filter(|line| line.company == *company).cloned().collect();
    lines.sort_by(|a, b| (a.posted_at, &a.payment, a.amount).cmp(&(b.posted_at, &b.payment, b.amount)));
    lines.dedup();
    let total = Won::sum(lines.iter().map(|line| line.amount))?.vat_split(Won::ZERO);
    Ok(Invoice { company: company.clone(), month, made_at: now, lines, total })
}

impl PromisedOrder {
    /// The payment that a company's account bears, paid at once, with its entry and what the visit learns.
    pub fn on_account(
        &self,
        shop: &Shop,
        company: &CompanyId,
        now: Timestamp,
    ) -> Result<PaymentDecision, PaymentError> {
        let means = Means::OnAccount { company: company.clone() };
        let payment = Payment {
            status: PaymentStatus::Paid,
            captured: self.amount,
            paid_at: Some(now),
            ..self.payment_by(shop, means, now)
        };
        let entry = payment.entry(EntryKind::OnAccount, String::new(), now, self.amount)?;
        let fact = payment.paid_fact().map(VisitFact::Paid);
        Ok(PaymentDecision { payment, entries: vec![entry], fact })
    }
}

impl Payment {
    /// The line by which a change of this payment shows on its company's account; `None` for other payments, or without a change.
    pub fn account_line(&self, before: Option<&Self>, now: Timestamp) -> Option<AccountLine> {
        let Means::OnAccount { company } = &self.means else { return None };
        let stay = self.stay()?;
        let kept = before.map_or(Won::ZERO, Self::kept);
        let amount = self.kept().minus(kept).ok().filter(|amount| !amount.is_zero())?;
        Some(AccountLine {
            company: company.clone(),
            payment: self.id.clone(),
            lot: stay.lot.clone(),
            order_name: self.order.order_name.clone(),
            plate: stay.plate.clone(),
            entered_at: stay.entered_at,
            until: stay.quoted_until,
            posted_at: now,
            amount,
        })
    }

    /// A refund of what lies on a company's account: done by being booked.
    pub(super) fn booked_back(
        &self,
        refund: &Refund,
        now: Timestamp,
    ) -> Result<PaymentDecision, PaymentError> {
        let returned = self.returned.plus(refund.amount).map_err(crate::ledger::UnbalancedEntry::from)?;
        let mut payment = self.clone();
        payment.returned = returned;
        payment.status =
            if returned >= self.captured { PaymentStatus::Refunded } else { PaymentStatus::PartlyRefunded };
        let own = payment.refunds.iter_mut().find(|known| known.id == refund.id);
        if let Some(own) = own {
            own.state = RefundState::Done { at: now };
        }
        let discriminant = returned.get().to_string();
        let entry = payment.entry(EntryKind::OnAccountReturned, discriminant, now, refund.amount)?;
        let fact = payment.paid_fact().map(VisitFact::Paid);
        Ok(PaymentDecision { payment, entries: vec![entry], fact })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(name: &str, won: i64, second: i64) -> AccountLine {
        let at = Timestamp::from_second(1_780_000_000 + second).unwrap();
        AccountLine {
            company: CompanyId::derive(&["c"]),
            payment: PaymentId::derive(&[name]),
            lot: LotId::derive(&["l"]),
            order_name: "주차요금".into(),
            plate: PlateNumber::parse("12가3456"),
            entered_at: at,
            until: at,
            posted_at: at,
            amount: Won::new(won),
        }
    }

    #[test]
    fn an_invoice_splits_its_vat_once_for_the_whole() {
        let lines = [line("a", 1_300, 1), line("b", 1_300, 2), line("a", -300, 3)];
        let made =
            invoice(&CompanyId::derive(&["c"]), jiff::civil::date(2026, 11, 1), &lines, lines[0].until);
        let total = made.unwrap().total;
        assert_eq!((total.supply.get(), total.vat.get()), (2_091, 209));
    }

    #[test]
    fn another_companys_visit_is_in_no_other_invoice() {
        let other = CompanyId::derive(&["other"]);
        let made =
            invoice(&other, jiff::civil::date(2026, 11, 1), &[line("a", 1_300, 1)], line("a", 1, 1).until);
        assert_eq!(made.unwrap().lines, []);
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_lines_change_no_invoice(
            amounts in prop::collection::vec(-5_000_i64..50_000, 0..20), turn in 0_usize..20
        ) {
            let lines: Vec<_> =
                (0..).zip(&amounts).map(|(i, won)| line(&format!("p{i}"), *won, i)).collect();
            let mut again: Vec<_> = lines.iter().chain(&lines).cloned().collect();
            let turn = turn.min(again.len());
            again.rotate_left(turn);
            let (company, month) = (CompanyId::derive(&["c"]), jiff::civil::date(2026, 11, 1));
            let at = line("x", 1, 0).until;
            prop_assert_eq!(invoice(&company, month, &lines, at), invoice(&company, month, &again, at));
        }
    }
}
