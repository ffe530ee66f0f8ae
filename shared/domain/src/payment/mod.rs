//! A payment follows the payment gateway's states, forwards only, and never believes an amount it did not ask for. What is
//! to move at the gateway is written down before it is asked for there.

mod account;
mod decide;
mod points;
mod promise;
mod refund;
mod slip;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    CardId, CompanyId, DriverId, EventId, LotId, PaymentId, PlateNumber, ReceivableId, VisitId, Won,
    ledger::{Book, Cause, EntryKind, JournalEntry},
    notice::Contact,
    purse::BillingKey,
    visit::Payer,
};

pub use account::{AccountLine, Invoice, invoice};
pub use decide::{
    PaymentDecision, PaymentError, Report, ReportState, ReportedReturn, ReturnState, VisitFact, decide,
};
pub use points::{CashOutError, MAX_CASH_OUT_PARTS, PointsShare, ShareState, cash_out};
pub(crate) use promise::promise_payment;
pub use promise::{PromisedOrder, Shop};
pub use refund::{
    MAX_REFUNDS, Refund, RefundAccount, RefundError, RefundOrder, RefundState, RefundStep, RequestedBy,
};
pub use slip::Slip;

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
    /// The read at an exit that let the car out on its driver's promise to pay, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<EventId>,
    /// The receivable that is paid, where it is paid after the car left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<OwedPart>,
}

/// What a payment of a receivable is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwedPart {
    /// Which.
    pub receivable: ReceivableId,
    /// What of the amount is surcharge, won: the visit is not paid by it.
    pub surcharge: Won,
}

/// Points bought in advance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopUp {
    /// Whose.
    pub driver: DriverId,
    /// Points given on top of those paid for, won.
    pub bonus: Won,
}

/// What a payment is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// A stay.
    Stay(PaidStay),
    /// Points.
    TopUp(TopUp),
}

/// Money that belongs to no lot is told by the platform's own day.
const PLATFORM_ZONE: &str = "Asia/Seoul";

impl Purpose {
    /// The zone that says which day the money belongs to.
    pub fn time_zone(&self) -> &str {
        match self {
            Self::Stay(stay) => &stay.time_zone,
            Self::TopUp(_) => PLATFORM_ZONE,
        }
    }
}

/// How we come by the money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Means {
    /// The payer pays in the gateway's window.
    #[default]
    Window,
    /// We charge a registered card.
    Card {
        /// Whose.
        payer: Payer,
        /// Which.
        card: CardId,
        /// Its key at the gateway.
        billing_key: BillingKey,
    },
    /// A company owes it, and is asked for it once a month.
    OnAccount {
        /// Which.
        company: CompanyId,
    },
}

/// How a payment was made, as far as it matters afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A card.
    Card,
    /// A service that keeps the card.
    EasyPay,
    /// A bank transfer made at once.
    Transfer,
    /// A deposit into an account of its own: it goes back only to an account that its owner names.
    VirtualAccount,
    /// The driver's points alone.
    Points,
    /// Something else.
    Other,
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
    /// What for.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// How we come by the money.
    #[serde(default)]
    pub means: Means,
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
    /// How it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// What was asked to be given back, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Why it failed: the gateway's code, or ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The gateway's transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pg_tx_id: Option<String>,
    /// What of the fee its driver's points pay, beside `order.amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<PointsShare>,
    /// What the gateway tells of how it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<Slip>,
}

impl Payment {
    /// What is held for its purpose now, in money and in points, won.
    pub fn kept(&self) -> Won {
        if self.mismatch.is_some() { Won::ZERO } else { self.left() }
    }

    /// What it was asked for: the gateway's part and the points, won.
    pub fn asked(&self) -> Won {
        let points = self.points.as_ref().map_or(Won::ZERO, PointsShare::held_total);
        self.order.amount.plus(points).unwrap_or(self.order.amount)
    }

    /// What was paid: taken by the gateway, and by points, won.
    pub fn paid(&self) -> Won {
        let points = self.points.as_ref().map_or(Won::ZERO, PointsShare::spent);
        self.captured.plus(points).unwrap_or(self.captured)
    }

    /// What of [`Payment::paid`] went back, won.
    pub fn given_back(&self) -> Won {
        self.paid().remaining_after(self.left())
    }

    fn left(&self) -> Won {
        let money = self.captured.remaining_after(self.returned);
        let points = self.points.as_ref().map_or(Won::ZERO, PointsShare::kept);
        money.plus(points).unwrap_or(money)
    }

    /// What of the amount asked for is surcharge, won.
    fn surcharge(&self) -> Won {
        self.stay().and_then(|stay| stay.owed.as_ref()).map_or(Won::ZERO, |owed| owed.surcharge)
    }

    /// What is held now of the fee itself, won: what goes back is taken from the surcharge first.
    pub fn kept_of_fee(&self) -> Won {
        self.kept().min(self.paid().remaining_after(self.surcharge()))
    }

    /// The stay it is for, if it is for one.
    pub fn stay(&self) -> Option<&PaidStay> {
        match &self.purpose {
            Purpose::Stay(stay) => Some(stay),
            Purpose::TopUp(_) => None,
        }
    }

    fn day_of(&self, at: Timestamp) -> Result<Date, PaymentError> {
        let zone = self.purpose.time_zone();
        at.in_tz(zone).map(|zoned| zoned.date()).map_err(|_| PaymentError::TimeZone(zone.to_owned()))
    }

    fn entry(
        &self,
        kind: EntryKind,
        discriminant: String,
        at: Timestamp,
        amount: Won,
    ) -> Result<JournalEntry, PaymentError> {
        let book = match (&self.purpose, &self.means) {
            (Purpose::Stay(stay), Means::OnAccount { company }) => Book::Account(&stay.lot, company),
            (Purpose::Stay(stay), _) => Book::Lot(&stay.lot),
            (Purpose::TopUp(top_up), _) => Book::Points(&top_up.driver),
        };
        let cause = Cause { book, payment: &self.id, discriminant, occurred_at: at, day: self.day_of(at)? };
        Ok(JournalEntry::post(kind, &cause, amount)?)
    }
}

#[cfg(test)]
mod points_tests;
#[cfg(test)]
mod tests;
