//! What a report of the gateway means for a payment: postings as the difference to what is known, in any order of reports.

use jiff::Timestamp;

use super::{
    DepositAccount, Method, Mismatch, Payment, PaymentStatus, Purpose, RefundOrder, RefundState, RequestedBy,
    Slip,
};
use crate::{
    RefundId, Won,
    ledger::{EntryKind, JournalEntry, UnbalancedEntry},
    money::MoneyOverflow,
    points::Points,
    visit::{PaidFact, Ruling},
};

/// What the gateway says of a payment, when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The gateway's state.
    pub state: ReportState,
    /// Store.
    pub store_id: String,
    /// `LIVE` or `TEST`.
    pub channel_type: String,
    /// Total amount, won.
    pub total: Won,
    /// What was taken, won.
    pub paid: Won,
    /// What went back so far, won.
    pub cancelled: Won,
    /// Currency.
    pub currency: String,
    /// Order name.
    pub order_name: String,
    /// When the money was taken.
    pub paid_at: Option<Timestamp>,
    /// When the state last changed.
    pub changed_at: Timestamp,
    /// Virtual account, where there is one.
    pub deposit_account: Option<DepositAccount>,
    /// How it was paid.
    pub method: Option<Method>,
    /// What was given back, or is to be, one by one.
    pub returns: Vec<ReportedReturn>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Transaction id.
    pub pg_tx_id: Option<String>,
    /// How it was made, for the receipt.
    pub slip: Option<Slip>,
}

/// One cancellation in the gateway's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedReturn {
    /// Why, as it was given.
    pub reason: String,
    /// How it went.
    pub state: ReturnState,
    /// When.
    pub at: Timestamp,
}

/// How a cancellation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnState {
    /// Done.
    Done,
    /// Under way.
    Pending,
    /// Refused.
    Failed,
}

/// The gateway's states, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportState {
    /// READY, PAY_PENDING.
    Pending,
    /// VIRTUAL_ACCOUNT_ISSUED.
    AwaitingDeposit,
    /// FAILED.
    Failed,
    /// PAID.
    Paid,
    /// PARTIAL_CANCELLED.
    PartlyCancelled,
    /// CANCELLED.
    Cancelled,
}

/// What a visit learns of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisitFact {
    /// So much is held for it.
    Paid(PaidFact),
    /// What was promised for it can't be charged.
    Broken(Ruling),
}

/// What follows from a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentDecision {
    /// The payment as it is now.
    pub payment: Payment,
    /// What to post; empty when no money moved.
    pub entries: Vec<JournalEntry>,
    /// What the visit learns; `None` when nothing changed for it.
    pub fact: Option<VisitFact>,
}

/// A report that cannot be turned into postings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The gateway's figures do not add up.
    #[error("the gateway reports {cancelled} cancelled of {paid} paid")]
    Inconsistent {
        /// Paid, won.
        paid: Won,
        /// Cancelled, won.
        cancelled: Won,
    },
    /// The lot's zone is not known.
    #[error("unknown time zone {0:?}")]
    TimeZone(String),
    /// Postings did not balance.
    #[error(transparent)]
    Entry(#[from] UnbalancedEntry),
    /// A sum does not fit.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

impl Payment {
    fn mismatch_with(&self, report: &Report) -> Option<Mismatch> {
        let order = &self.order;
        if report.store_id != order.store_id {
            Some(Mismatch::Store)
        } else if report.channel_type != order.channel_type {
            Some(Mismatch::Channel)
        } else if report.currency != order.currency {
            Some(Mismatch::Currency)
        } else if report.total != order.amount {
            Some(Mismatch::Amount)
        } else if report.order_name != order.order_name {
            Some(Mismatch::OrderName)
        } else {
            None
        }
    }
}

/// Decides what a report of the gateway means. `None` when it tells nothing new: repeated, or older than what is known.
pub fn decide(payment: &Payment, report: &Report) -> Result<Option<PaymentDecision>, PaymentError> {
    if report.cancelled > report.paid.max(report.total) {
        return Err(PaymentError::Inconsistent { paid: report.paid, cancelled: report.cancelled });
    }
    let decision = match report.state {
        ReportState::Pending => None,
        ReportState::AwaitingDeposit => advance(payment, report, PaymentStatus::AwaitingDeposit),
        ReportState::Failed => advance(payment, report, PaymentStatus::Failed),
        ReportState::Paid | ReportState::PartlyCancelled | ReportState::Cancelled => {
            money_moved(payment, report)?
        }
    };
    Ok(decision)
}

/// A state without money: only the status moves, and only forwards.
fn advance(payment: &Payment, report: &Report, status: PaymentStatus) -> Option<PaymentDecision> {
    if status.rank() <= payment.status.rank() {
        return None;
    }
    let payment = Payment {
        status,
        deposit_account: report.deposit_account.clone(),
        method: report.method.or(payment.method),
        failure: report.failure.clone().or_else(|| payment.failure.clone()),
        ..payment.clone()
    };
    let fact = payment.broken_promise(report.changed_at).map(VisitFact::Broken);
    Some(PaymentDecision { payment, entries: Vec::new(), fact })
}

/// Money came, or went back: both are posted as the difference to what is known, so that a webhook that was missed in
/// between is made good by the next.
fn money_moved(payment: &Payment, report: &Report) -> Result<Option<PaymentDecision>, PaymentError> {
    let never_captured = payment.captured.is_zero();
    // A payment cancelled before any money was taken has nothing to post.
    let captured = if report.paid_at.is_some() { report.total } else { Won::ZERO };
    if never_captured && captured.is_zero() {
        return Ok(advance(payment, report, PaymentStatus::Failed));
    }
    let mismatch = payment.mismatch.or_else(|| payment.mismatch_with(report));
    let captured = if never_captured { captured } else { payment.captured };
    let returned = payment.returned.max(report.cancelled.min(captured));
    let refunds = payment.told(&report.returns);
    let paid_at = report.paid_at.or(payment.paid_at).unwrap_or(report.changed_at);
    let mut next = Payment {
        paid_at: Some(paid_at),
        captured,
        returned,
        mismatch,
        refunds,
        method: report.method.or(payment.method),
        pg_tx_id: report.pg_tx_id.clone().or_else(|| payment.pg_tx_id.clone()),
        slip: report.slip.clone().or_else(|| payment.slip.clone()),
        ..payment.clone()
    };
    next.settle_points();
    next.status = next.status_of_money();
    let is_moved = never_captured
        || returned != payment.returned
        || next.status != payment.status
        || next.points != payment.points;
    if !is_moved && next.refunds == payment.refunds {
        return Ok(None);
    }
    if let Some(mismatch) = next.mismatch.filter(|_| never_captured) {
        next.send_back(mismatch, report.changed_at);
    }
    let entries = next.postings_since(payment, report.changed_at)?;
    let fact = next.paid_fact().filter(|_| is_moved).map(VisitFact::Paid);
    Ok(Some(PaymentDecision { payment: next, entries, fact }))
}

impl Payment {
    /// The state of a payment for which something was paid.
    pub fn status_of_money(&self) -> PaymentStatus {
        match self.mismatch {
            _ if self.left().is_zero() => PaymentStatus::Refunded,
            Some(_) => PaymentStatus::Held,
            None if self.given_back().is_zero() => PaymentStatus::Paid,
            None => PaymentStatus::PartlyRefunded,
        }
    }

    /// What leads from `old` to this in the books.
    pub fn postings_since(&self, old: &Self, at: Timestamp) -> Result<Vec<JournalEntry>, PaymentError> {
        let mut entries = Vec::with_capacity(2);
        // What does not match is held whole; else the surcharge goes into the books apart, since it bears no VAT.
        let surcharge = if self.mismatch.is_some() { Won::ZERO } else { self.surcharge().min(self.captured) };
        if old.captured.is_zero() && !self.captured.is_zero() {
            entries.extend(self.receipt(surcharge, self.paid_at.unwrap_or(at))?);
        }
        entries.extend(self.money_given_back(old, surcharge, at)?);
        entries.extend(self.points_since(old, at)?);
        Ok(entries)
    }

    /// The money came.
    fn receipt(&self, surcharge: Won, at: Timestamp) -> Result<Vec<JournalEntry>, PaymentError> {
        let kind = match (self.mismatch, &self.purpose) {
            (Some(_), _) => EntryKind::HeldReceipt,
            (None, Purpose::Stay(_)) => EntryKind::Sale,
            (None, Purpose::TopUp(top_up)) => {
                let points = (&top_up.driver, Points { paid: self.captured, bonus: top_up.bonus });
                return Ok(vec![self.points_entry(EntryKind::TopUp, String::new(), at, points)?]);
            }
        };
        let fee = self.captured.remaining_after(surcharge);
        let parts = [(kind, fee), (EntryKind::Surcharge, surcharge)];
        parts
            .into_iter()
            .filter(|(_, part)| !part.is_zero())
            .map(|(kind, part)| self.entry(kind, String::new(), at, part))
            .collect()
    }

    /// Money went back since `old`; what a cash-out gave back was held for it, and is posted with its points.
    fn money_given_back(
        &self,
        old: &Self,
        surcharge: Won,
        at: Timestamp,
    ) -> Result<Vec<JournalEntry>, PaymentError> {
        let newly_returned = self.returned.remaining_after(old.returned);
        let cashed_out = self.newly_cashed_out(old)?;
        if cashed_out > newly_returned {
            return Err(PaymentError::Inconsistent { paid: self.captured, cancelled: self.returned });
        }
        let kind = match (self.mismatch, &self.purpose) {
            (Some(_), _) => EntryKind::HeldReturn,
            (None, Purpose::Stay(_)) => EntryKind::Refund,
            (None, Purpose::TopUp(_)) => EntryKind::CashOut,
        };
        let of_surcharge = self.returned.min(surcharge).remaining_after(old.returned.min(surcharge));
        let rest = newly_returned.remaining_after(cashed_out).remaining_after(of_surcharge);
        let parts = [(kind, rest), (EntryKind::SurchargeReturn, of_surcharge)];
        parts
            .into_iter()
            .filter(|(_, part)| !part.is_zero())
            .map(|(kind, part)| self.entry(kind, self.returned.get().to_string(), at, part))
            .collect()
    }
}

impl Payment {
    /// What its visit learns: nothing of money that is only held, or that is for something else.
    pub fn paid_fact(&self) -> Option<PaidFact> {
        let (stay, paid_at) = (self.stay().filter(|_| self.mismatch.is_none())?, self.paid_at?);
        Some(PaidFact {
            payment: self.id.clone(),
            amount: self.kept_of_fee(),
            quoted_until: stay.quoted_until,
            paid_at,
            promised_at: stay.promised_at.clone(),
        })
    }

    /// What was never asked for goes back, as a refund of our own.
    fn send_back(&mut self, mismatch: Mismatch, now: Timestamp) {
        let rest = self.captured.remaining_after(self.returned);
        if rest.is_zero() {
            return;
        }
        let order = RefundOrder {
            id: RefundId::derive(&[self.id.as_str(), "held"]),
            amount: Some(rest),
            reason: format!("주문과 다른 결제: {mismatch}"),
            by: RequestedBy::Platform,
            account: None,
        };
        let refund = self.refund(order, rest, now);
        debug_assert!(matches!(refund.state, RefundState::Requested | RefundState::AwaitingAccount));
        self.refunds.push(refund);
    }
}
