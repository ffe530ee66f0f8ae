//! Payments as a gateway keeps them: records and the changes they go through. No HTTP, no clock, no faults.

use baro_domain::Won;
use jiff::Timestamp;
use serde_json::Value;

use super::cards::Card;
use super::error::ApiError;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ready,
    /// The card company is still deciding.
    PayPending,
    VirtualAccountIssued,
    Paid,
    Failed,
    PartialCancelled,
    Cancelled,
}

impl Status {
    /// As the API spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::PayPending => "PAY_PENDING",
            Self::VirtualAccountIssued => "VIRTUAL_ACCOUNT_ISSUED",
            Self::Paid => "PAID",
            Self::Failed => "FAILED",
            Self::PartialCancelled => "PARTIAL_CANCELLED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// By which of the vendor's two APIs a payment was asked for: it decides which webhook tells of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub(super) enum Version {
    /// i'mport.
    V1,
    /// PortOne.
    #[default]
    V2,
}

/// How a payer pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    Card(Card),
    EasyPay { provider: String },
    VirtualAccount { account_number: String, expired_at: Timestamp, issued_at: Timestamp },
}

impl Method {
    /// As the API's filters spell it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Card(_) => "CARD",
            Self::EasyPay { .. } => "EASY_PAY",
            Self::VirtualAccount { .. } => "VIRTUAL_ACCOUNT",
        }
    }
}

/// What is asked for when a payment window opens or a card is charged.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) payment_id: String,
    pub(super) store_id: String,
    pub(super) channel_key: String,
    pub(super) name: String,
    pub(super) total: Won,
    pub(super) tax_free: Won,
    pub(super) currency: String,
    pub(super) customer: Value,
    pub(super) custom_data: Option<String>,
    pub(super) notice_urls: Vec<String>,
    pub(super) billing_key: Option<String>,
    pub(super) schedule_id: Option<String>,
    pub(super) version: Version,
    /// For how long a virtual account takes a deposit, hours.
    pub(super) deposit_hours: i64,
}

/// One cancellation.
#[derive(Debug, Clone)]
pub(super) struct CancellationRecord {
    pub(super) id: String,
    pub(super) total: Won,
    pub(super) tax_free: Won,
    pub(super) vat: Won,
    pub(super) reason: String,
    pub(super) trigger: &'static str,
    pub(super) at: Timestamp,
}

/// One payment.
#[derive(Debug, Clone)]
pub(super) struct PaymentRecord {
    pub(super) order: Order,
    /// Order of creation: the cursor of listings.
    pub(super) number: u64,
    pub(super) transaction_id: String,
    pub(super) status: Status,
    pub(super) method: Option<Method>,
    pub(super) requested_at: Timestamp,
    pub(super) changed_at: Timestamp,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) pg_tx_id: Option<String>,
    pub(super) failure: Option<(String, String)>,
    pub(super) cancellations: Vec<CancellationRecord>,
}

/// A change that the shop is told of by webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: &'static str,
    pub(super) about: About,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    Payment { payment_id: String, transaction_id: String, cancellation_id: Option<String> },
    BillingKey(String),
}

/// What a cancellation asks for.
#[derive(Debug, Clone)]
pub(super) struct CancelOrder {
    pub(super) amount: Option<Won>,
    pub(super) tax_free: Won,
    /// Absent = a part in eleven, as the law splits it.
    pub(super) vat: Option<Won>,
    pub(super) reason: String,
    /// Where it was asked for: `API` or `CONSOLE`.
    pub(super) trigger: &'static str,
    pub(super) current_cancellable: Option<Won>,
    pub(super) has_refund_account: bool,
}

impl PaymentRecord {
    /// A payment whose window was just opened.
    pub(super) fn open(order: Order, number: u64, transaction_id: String, now: Timestamp) -> Self {
        Self {
            order,
            number,
            transaction_id,
            status: Status::Ready,
            method: None,
            requested_at: now,
            changed_at: now,
            paid_at: None,
            pg_tx_id: None,
            failure: None,
            cancellations: Vec::new(),
        }
    }

    /// Another attempt under the same id. What was paid, or awaits its deposit, is not asked for again.
    pub(super) fn reopen(
        &mut self,
        order: Order,
        transaction_id: String,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if !matches!(self.status, Status::Ready | Status::Failed) {
            return Err(taken());
        }
        *self =
            Self { requested_at: self.requested_at, ..Self::open(order, self.number, transaction_id, now) };
        Ok(())
    }

    /// The payer paid, or chose a virtual account to deposit into.
    pub(super) fn pay(
        &mut self,
        method: Method,
        pg_tx_id: String,
        now: Timestamp,
    ) -> Result<Event, ApiError> {
        if !matches!(self.status, Status::Ready | Status::PayPending | Status::Failed) {
            return Err(taken());
        }
        self.pg_tx_id = Some(pg_tx_id);
        let awaits_deposit = matches!(method, Method::VirtualAccount { .. });
        self.method = Some(method);
        self.failure = None;
        if awaits_deposit {
            Ok(self.change(Status::VirtualAccountIssued, "Transaction.VirtualAccountIssued", now))
        } else {
            self.paid_at = Some(now);
            Ok(self.change(Status::Paid, "Transaction.Paid", now))
        }
    }

    /// The card company was asked and is still deciding; nobody else may pay meanwhile.
    pub(super) fn decide(&mut self, method: Method, now: Timestamp) -> Result<Event, ApiError> {
        if !matches!(self.status, Status::Ready | Status::Failed) {
            return Err(taken());
        }
        self.method = Some(method);
        self.failure = None;
        Ok(self.change(Status::PayPending, "Transaction.PayPending", now))
    }

    /// A late capture: the PG took the money although the shop had given the payment up. What was never paid had nothing to
    /// give back, so a cancellation of it no longer counts.
    pub(super) fn capture(&mut self, pg_tx_id: String, now: Timestamp) -> Result<Event, ApiError> {
        if self.paid_at.is_some() {
            return Err(ApiError::new("ALREADY_PAID", "the payment was paid"));
        }
        self.pg_tx_id = Some(pg_tx_id);
        self.method.get_or_insert_with(|| Method::Card(Card::standard()));
        self.failure = None;
        self.cancellations.clear();
        self.paid_at = Some(now);
        Ok(self.change(Status::Paid, "Transaction.Paid", now))
    }

    /// The payer gave up, or the card company refused.
    pub(super) fn fail(&mut self, code: &str, message: &str, now: Timestamp) -> Result<Event, ApiError> {
        if !matches!(self.status, Status::Ready | Status::Failed) {
            return Err(taken());
        }
        self.failure = Some((code.to_owned(), message.to_owned()));
        Ok(self.change(Status::Failed, "Transaction.Failed", now))
    }

    /// Money arrived on the virtual account. A PG refuses a deposit after expiry; `late` plays a bank that did not.
    pub(super) fn deposit(&mut self, late: bool, now: Timestamp) -> Result<Event, ApiError> {
        match &self.method {
            Some(Method::VirtualAccount { expired_at, .. })
                if self.status == Status::VirtualAccountIssued =>
            {
                if now > *expired_at && !late {
                    return Err(ApiError::pg("VA_EXPIRED", "입금 기한이 지난 가상계좌입니다."));
                }
                self.paid_at = Some(now);
                Ok(self.change(Status::Paid, "Transaction.Paid", now))
            }
            _ => Err(ApiError::new("PAYMENT_NOT_WAITING_FOR_DEPOSIT", "the payment awaits no deposit")),
        }
    }

    /// What was given back so far.
    pub(super) fn cancelled(&self) -> Won {
        Won::sum(self.cancellations.iter().map(|cancellation| cancellation.total)).unwrap_or(self.order.total)
    }

    /// What can still be given back.
    pub(super) fn cancellable(&self) -> Won {
        self.order.total.remaining_after(self.cancelled())
    }

    /// Gives back all or a part.
    pub(super) fn cancel(
        &mut self,
        order: CancelOrder,
        id: String,
        now: Timestamp,
    ) -> Result<Event, ApiError> {
        let unpaid_account = self.status == Status::VirtualAccountIssued;
        match self.status {
            Status::Cancelled => {
                return Err(ApiError::new("PAYMENT_ALREADY_CANCELLED", "the payment is cancelled already"));
            }
            Status::Ready | Status::PayPending | Status::Failed => {
                return Err(ApiError::new("PAYMENT_NOT_PAID", "the payment is not paid"));
            }
            Status::Paid | Status::PartialCancelled | Status::VirtualAccountIssued => {}
        }
        let left = self.cancellable();
        if order.current_cancellable.is_some_and(|expected| expected != left) {
            return Err(ApiError::new(
                "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN",
                format!("{} won are cancellable", left.get()),
            ));
        }
        let amount = order.amount.unwrap_or(left);
        if amount.is_negative() || amount.is_zero() {
            return Err(ApiError::invalid("amount must be positive"));
        }
        if amount > left {
            return Err(ApiError::new(
                "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT",
                format!("{} won are cancellable", left.get()),
            ));
        }
        let vat = self.check_parts(&order, amount)?;
        let deposited = matches!(self.method, Some(Method::VirtualAccount { .. })) && !unpaid_account;
        if deposited && !order.has_refund_account {
            return Err(ApiError::invalid("refundAccount is needed to cancel a deposited virtual account"));
        }
        self.cancellations.push(CancellationRecord {
            id: id.clone(),
            total: amount,
            tax_free: order.tax_free,
            vat,
            reason: order.reason,
            trigger: order.trigger,
            at: now,
        });
        let (status, kind) = if amount == left {
            (Status::Cancelled, "Transaction.Cancelled")
        } else {
            (Status::PartialCancelled, "Transaction.PartialCancelled")
        };
        self.change(status, kind, now);
        Ok(self.event_of(kind, Some(id)))
    }

    /// The parts of a cancelled sum must fit into it, and into what is left of the parts that were paid; answers the tax.
    fn check_parts(&self, order: &CancelOrder, amount: Won) -> Result<Won, ApiError> {
        let vat = order.vat.unwrap_or_else(|| amount.vat_split(order.tax_free).vat);
        let fits = order.tax_free.plus(vat).is_ok_and(|parts| parts <= amount);
        if !fits || order.tax_free.is_negative() || vat.is_negative() {
            return Err(ApiError::new("SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT", "the parts exceed the amount"));
        }
        let cancelled = Won::sum(self.cancellations.iter().map(|one| one.tax_free)).unwrap_or_default();
        if order.tax_free > self.order.tax_free.remaining_after(cancelled) {
            return Err(ApiError::new(
                "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT",
                "so much was not paid free of tax",
            ));
        }
        Ok(vat)
    }

    fn change(&mut self, status: Status, kind: &'static str, now: Timestamp) -> Event {
        self.status = status;
        self.changed_at = now;
        self.event(kind)
    }

    /// An event about this payment.
    pub(super) fn event(&self, kind: &'static str) -> Event {
        self.event_of(kind, None)
    }

    fn event_of(&self, kind: &'static str, cancellation_id: Option<String>) -> Event {
        let about = About::Payment {
            payment_id: self.order.payment_id.clone(),
            transaction_id: self.transaction_id.clone(),
            cancellation_id,
        };
        Event { kind, about }
    }
}

fn taken() -> ApiError {
    ApiError::new("ALREADY_PAID", "a payment with this id is paid, under way or awaits its deposit")
}
