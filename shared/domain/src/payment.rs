//! A payment follows the payment gateway's states, forwards only, and never believes an amount it did not ask for.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    LotId, PaymentId, PlateNumber, VisitId, Won,
    ledger::{Cause, EntryKind, JournalEntry, UnbalancedEntry},
    notice::Contact,
    visit::PaidFact,
};

/// Where a payment stands with us. The order is the order of [`PaymentStatus::rank`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// We asked for it; the driver has not paid yet.
    Requested,
    /// An account number was given out; the deposit is awaited.
    AwaitingDeposit,
    /// The attempt failed. A later attempt may still succeed.
    Failed,
    /// What arrived is not what we asked for: not paid, held, to be returned.
    Held,
    /// Captured in full.
    Paid,
    /// Captured, and partly given back.
    PartlyRefunded,
    /// Captured (or held) and wholly given back.
    Refunded,
}

impl PaymentStatus {
    /// A payment never goes to a lower rank, whatever order the webhooks come in.
    pub fn rank(self) -> u8 {
        match self {
            Self::Requested => 0,
            Self::AwaitingDeposit => 1,
            Self::Failed => 2,
            Self::Held => 3,
            Self::Paid => 4,
            Self::PartlyRefunded => 5,
            Self::Refunded => 6,
        }
    }
}

/// What we asked the payment gateway for, fixed when the payment is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Our store at the gateway.
    pub store_id: String,
    /// `LIVE` or `TEST`.
    pub channel_type: String,
    /// Amount, won.
    pub amount: Won,
    /// `KRW`.
    pub currency: String,
    /// What the driver sees on the bill.
    pub order_name: String,
}

/// The stay a payment is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaidStay {
    /// Lot.
    pub lot: LotId,
    /// Plate.
    pub plate: PlateNumber,
    /// Visit, as it was known then.
    pub visit: VisitId,
    /// When the car came in.
    pub entered_at: Timestamp,
    /// The moment the quote was computed for.
    pub quoted_until: Timestamp,
    /// IANA zone of the lot: it says which day the money belongs to.
    pub time_zone: String,
}

/// Why what the gateway reports is not taken as payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    /// Another amount.
    #[error("the amount is not the one asked for")]
    Amount,
    /// Another currency.
    #[error("the currency is not the one asked for")]
    Currency,
    /// Another store.
    #[error("the store is not ours")]
    Store,
    /// A test channel where live was asked for, or the reverse.
    #[error("the channel type is not the one asked for")]
    Channel,
    /// Another order name.
    #[error("the order name is not the one asked for")]
    OrderName,
}

/// A virtual account the driver can deposit to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DepositAccount {
    /// Bank, as the gateway names it.
    pub bank: String,
    /// Account number.
    pub number: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Also the gateway's `paymentId`.
    pub id: PaymentId,
    /// State.
    pub status: PaymentStatus,
    /// What was asked for.
    pub order: Order,
    /// For which stay.
    pub stay: PaidStay,
    /// The explained quote the driver saw, as it was: the receipt once paid.
    pub quote: serde_json::Value,
    /// Whom to tell.
    #[serde(default, skip_serializing_if = "Contact::is_empty")]
    pub contact: Contact,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the gateway took the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Timestamp>,
    /// What the gateway took, won.
    #[serde(default)]
    pub captured: Won,
    /// What of it went back, won.
    #[serde(default)]
    pub returned: Won,
    /// Where to deposit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit_account: Option<DepositAccount>,
    /// Why it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// The gateway's transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pg_tx_id: Option<String>,
}

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
    /// Transaction id.
    pub pg_tx_id: Option<String>,
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

/// What follows from a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentDecision {
    /// The payment as it is now.
    pub payment: Payment,
    /// What to post; empty when no money moved.
    pub entries: Vec<JournalEntry>,
    /// What the visit learns; `None` when nothing changed for it.
    pub fact: Option<PaidFact>,
    /// Money to give back at the gateway, won: what was held.
    pub cancel_at_gateway: Option<Won>,
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
}

impl Payment {
    /// What is held for the visit now, won.
    pub fn kept(&self) -> Won {
        if self.mismatch.is_some() { Won::ZERO } else { self.captured.remaining_after(self.returned) }
    }

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

    fn day_of(&self, at: Timestamp) -> Result<Date, PaymentError> {
        at.in_tz(&self.stay.time_zone)
            .map(|zoned| zoned.date())
            .map_err(|_| PaymentError::TimeZone(self.stay.time_zone.clone()))
    }

    fn entry(
        &self,
        kind: EntryKind,
        discriminant: String,
        at: Timestamp,
        amount: Won,
    ) -> Result<JournalEntry, PaymentError> {
        let day = self.day_of(at)?;
        let cause = Cause { lot: &self.stay.lot, payment: &self.id, discriminant, occurred_at: at, day };
        Ok(JournalEntry::post(kind, &cause, amount)?)
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
    let payment = Payment { status, deposit_account: report.deposit_account.clone(), ..payment.clone() };
    Some(PaymentDecision { payment, entries: Vec::new(), fact: None, cancel_at_gateway: None })
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
    let status = match (mismatch, returned) {
        (_, back) if back >= captured => PaymentStatus::Refunded,
        (Some(_), _) => PaymentStatus::Held,
        (None, Won::ZERO) => PaymentStatus::Paid,
        (None, _) => PaymentStatus::PartlyRefunded,
    };
    let nothing_new = !never_captured && returned == payment.returned && status == payment.status;
    if nothing_new {
        return Ok(None);
    }
    let (receipt, give_back) = match mismatch {
        None => (EntryKind::Sale, EntryKind::Refund),
        Some(_) => (EntryKind::HeldReceipt, EntryKind::HeldReturn),
    };
    let mut entries = Vec::with_capacity(2);
    let paid_at = report.paid_at.or(payment.paid_at).unwrap_or(report.changed_at);
    if never_captured {
        entries.push(payment.entry(receipt, String::new(), paid_at, captured)?);
    }
    let newly_returned = returned.remaining_after(payment.returned);
    if !newly_returned.is_zero() {
        entries.push(payment.entry(
            give_back,
            returned.get().to_string(),
            report.changed_at,
            newly_returned,
        )?);
    }
    let next = Payment {
        status,
        paid_at: Some(paid_at),
        captured,
        returned,
        mismatch,
        pg_tx_id: report.pg_tx_id.clone().or_else(|| payment.pg_tx_id.clone()),
        ..payment.clone()
    };
    let fact = mismatch.is_none().then(|| PaidFact {
        payment: next.id.clone(),
        amount: next.kept(),
        quoted_until: next.stay.quoted_until,
        paid_at,
    });
    let cancel_at_gateway =
        mismatch.map(|_| captured.remaining_after(returned)).filter(|rest| !rest.is_zero());
    Ok(Some(PaymentDecision { payment: next, entries, fact, cancel_at_gateway }))
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
