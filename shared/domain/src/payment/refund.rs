//! Giving money back: what is asked for is written into the payment first, then asked for at the gateway, and is done only
//! when the gateway's own list says so. Its reason carries the refund's id, so that a call whose answer was lost is found
//! there, and the balance we know guards each call: two refunds at once can't both take the same money.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Means, Method, Payment, PaymentDecision, PaymentStatus, Purpose, ReportedReturn, ReturnState};
use crate::{OperatorId, RefundId, Won, points::Points};

/// A payment has at most so many refunds.
pub const MAX_REFUNDS: usize = 20;

/// Who asked for a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum RequestedBy {
    /// A person at the lot's operator.
    Operator {
        /// The operator.
        operator: OperatorId,
        /// The person, by the name of the key that was used.
        name: String,
    },
    /// The driver whose points are given back as money.
    Driver,
    /// Our own rule: the money was not asked for, or paid twice.
    Platform,
}

/// The account to which a deposit goes back. Personal data: never logged, never shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundAccount {
    /// Bank, as the gateway names it (`KOOKMIN`, `TOSS`, …).
    pub bank: String,
    /// Number, digits only.
    pub number: String,
    /// Whose it is.
    pub holder_name: String,
}

impl std::fmt::Debug for RefundAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefundAccount").field("bank", &self.bank).finish_non_exhaustive()
    }
}

/// How far a refund has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum RefundState {
    /// Somebody must say to which account it goes.
    AwaitingAccount,
    /// Asked for; not at the gateway yet.
    Requested,
    /// The gateway was, or is just being, asked.
    Sent {
        /// When.
        at: Timestamp,
        /// What could be given back then, won: the guard of the call, the same at each repetition.
        cancellable: Won,
    },
    /// The gateway has taken it and works at it.
    Pending,
    /// Given back.
    Done {
        /// When.
        at: Timestamp,
    },
    /// It will not happen.
    Refused {
        /// When that was known.
        at: Timestamp,
        /// Why: the gateway's word, or ours.
        code: String,
    },
}

/// Money to be given back of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Derived from who asked and their key.
    pub id: RefundId,
    /// How much of it the gateway gives back, won.
    pub amount: Won,
    /// The points that move with it: of a fee, those that go back to the wallet; of a top-up, those held until the money is
    /// back, and the bonus that goes with them.
    #[serde(default, skip_serializing_if = "Points::is_zero")]
    pub points: Points,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: RequestedBy,
    /// When.
    pub requested_at: Timestamp,
    /// Where to; needed for what was deposited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<RefundAccount>,
    /// How far it has come.
    #[serde(flatten)]
    pub state: RefundState,
}

/// A wish to give money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// Derived from who asks and their key.
    pub id: RefundId,
    /// How much, won; `None` = all that is left.
    pub amount: Option<Won>,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub by: RequestedBy,
    /// Where to, for what was deposited.
    pub account: Option<RefundAccount>,
}

/// What is to be done next at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStep {
    /// Write down that it is being asked for, then ask.
    WriteDown(Box<Payment>),
    /// Ask, guarded by this balance; it may have been asked for before.
    Ask(Box<Refund>, Won),
    /// Points alone go back: nothing is asked at the gateway, this is written down with its postings.
    Points(Box<Payment>),
    /// It can't be done any more: write that down.
    GiveUp(Box<Payment>),
    /// No gateway has the money: book it.
    Book(Box<PaymentDecision>),
    /// All the money went back by another hand, which is what our own rule wanted: write that down.
    Close(Box<Payment>),
}

/// Why money can't be given back so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// No money is here, or it is on its way back already.
    #[error("the payment holds nothing that could be given back")]
    NotPaid,
    /// Nothing, or less.
    #[error("a refund is over at least 1 won")]
    Amount,
    /// More than is left beside other refunds under way.
    #[error("at most {0} can be given back")]
    TooMuch(Won),
    /// It was deposited: it can't find its own way back.
    #[error("a deposit goes back to an account that must be named")]
    AccountNeeded,
    /// The id belongs to another refund.
    #[error("the refund exists with another amount")]
    IdReused,
    /// [`MAX_REFUNDS`].
    #[error("a payment has at most {MAX_REFUNDS} refunds")]
    TooMany,
    /// There is none of this id that waits for an account.
    #[error("no such refund waits for an account")]
    NoAccountAwaited,
    /// Points are paid back by their owner's own way.
    #[error("points are not refunded this way")]
    Points,
}

impl Refund {
    /// Whether it may still move money.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, RefundState::Done { .. } | RefundState::Refused { .. })
    }

    /// The reason as the gateway keeps it: by its end the call is found again.
    pub fn tagged_reason(&self) -> String {
        format!("{} [{}]", self.reason, self.id)
    }

    fn is_told_by(&self, told: &ReportedReturn) -> bool {
        told.reason.ends_with(&format!("[{}]", self.id))
    }

    /// What the gateway's own list says of it.
    fn learn(&mut self, told: &[ReportedReturn]) {
        let Some(told) = told.iter().rfind(|told| self.is_told_by(told)) else { return };
        match told.state {
            ReturnState::Done => self.state = RefundState::Done { at: told.at },
            // It was said that it would not happen; only the money's word is better.
            _ if !self.is_open() => {}
            ReturnState::Pending => self.state = RefundState::Pending,
            ReturnState::Failed => {
                self.state = RefundState::Refused { at: told.at, code: "failed-at-gateway".to_owned() };
            }
        }
    }
}

impl Payment {
    /// What can be given back beside the refunds under way, in money and in points, won.
    pub fn refundable(&self) -> Won {
        let (money, points) = (self.refundable_money(), self.refundable_points());
        points.total().and_then(|points| points.plus(money)).unwrap_or(money)
    }

    /// What the gateway can give back beside the refunds under way, won.
    pub fn refundable_money(&self) -> Won {
        let under_way = self.refunds.iter().filter(|refund| refund.is_open()).map(|refund| refund.amount);
        let under_way = Won::sum(under_way).unwrap_or(self.captured);
        self.captured.remaining_after(self.returned).remaining_after(under_way)
    }

    /// The payment with this refund written into it; `None` when it is there already.
    pub fn request_refund(&self, order: RefundOrder, now: Timestamp) -> Result<Option<Self>, RefundError> {
        if let Some(known) = self.refunds.iter().find(|refund| refund.id == order.id) {
            let same = order.amount.is_none_or(|amount| self.total_of(known) == Ok(amount));
            return if same { Ok(None) } else { Err(RefundError::IdReused) };
        }
        if matches!(self.purpose, Purpose::TopUp(_)) {
            return Err(RefundError::Points);
        }
        let refundable = self.refundable();
        let is_paid = matches!(self.status, PaymentStatus::Paid | PaymentStatus::PartlyRefunded);
        if !is_paid || (order.amount.is_none() && refundable.is_zero()) {
            return Err(RefundError::NotPaid);
        }
        let amount = order.amount.unwrap_or(refundable);
        if amount <= Won::ZERO {
            return Err(RefundError::Amount);
        }
        if amount > refundable {
            return Err(RefundError::TooMuch(refundable));
        }
        if self.refunds.len() >= MAX_REFUNDS {
            return Err(RefundError::TooMany);
        }
        // Money first: what was paid with a card goes back to it, and the points stay spent as long as they can.
        let money = amount.min(self.refundable_money());
        let points = self.refundable_points().last(amount.remaining_after(money));
        let needs_account =
            !money.is_zero() && self.method == Some(Method::VirtualAccount) && order.account.is_none();
        if needs_account && order.by != RequestedBy::Platform {
            return Err(RefundError::AccountNeeded);
        }
        let mut next = self.clone();
        next.refunds.push(Refund { points, ..self.refund(order, money, now) });
        Ok(Some(next))
    }

    /// A refund as it begins.
    pub(super) fn refund(&self, order: RefundOrder, amount: Won, now: Timestamp) -> Refund {
        let waits =
            !amount.is_zero() && self.method == Some(Method::VirtualAccount) && order.account.is_none();
        Refund {
            id: order.id,
            amount,
            points: Points::ZERO,
            reason: order.reason,
            by: order.by,
            requested_at: now,
            account: order.account,
            state: if waits { RefundState::AwaitingAccount } else { RefundState::Requested },
        }
    }

    /// The payment with the account named to which a refund goes.
    pub fn name_account(&self, id: &RefundId, account: RefundAccount) -> Result<Self, RefundError> {
        let mut next = self.clone();
        let waits = |refund: &&mut Refund| refund.id == *id && refund.state == RefundState::AwaitingAccount;
        let refund = next.refunds.iter_mut().find(waits).ok_or(RefundError::NoAccountAwaited)?;
        (refund.account, refund.state) = (Some(account), RefundState::Requested);
        Ok(next)
    }

    /// What comes next at the gateway, one refund after another. To be asked after a look at the gateway was decided on.
    pub fn next_refund(&self, now: Timestamp) -> Option<RefundStep> {
        let waits = |refund: &&Refund| {
            matches!(refund.state, RefundState::Requested | RefundState::Sent { .. } | RefundState::Pending)
        };
        let refund = self.refunds.iter().find(waits)?;
        if refund.amount.is_zero() {
            return Some(RefundStep::Points(Box::new(self.points_given_back(&refund.id, now))));
        }
        let cancellable = self.captured.remaining_after(self.returned);
        if matches!(self.means, Means::OnAccount { .. }) {
            return self.booked_back(refund, now).ok().map(Box::new).map(RefundStep::Book);
        }
        match refund.state {
            RefundState::Sent { cancellable: guard, .. } if guard == cancellable => {
                Some(RefundStep::Ask(Box::new(refund.clone()), guard))
            }
            RefundState::Pending => None,
            _ if cancellable.is_zero() && refund.by == RequestedBy::Platform => {
                let closed = self.with_state(&refund.id, RefundState::Done { at: now });
                Some(RefundStep::Close(Box::new(closed)))
            }
            // Somebody else gave money back since: the call, if it was made at all, was refused by its guard.
            _ if refund.amount > cancellable => {
                Some(RefundStep::GiveUp(Box::new(self.refund_refused(&refund.id, "nothing-left", now))))
            }
            _ => {
                let sent = RefundState::Sent { at: now, cancellable };
                Some(RefundStep::WriteDown(Box::new(self.with_state(&refund.id, sent))))
            }
        }
    }

    /// The payment with a refund that the gateway refused for good.
    #[must_use]
    pub fn refund_refused(&self, id: &RefundId, code: &str, now: Timestamp) -> Self {
        self.with_state(id, RefundState::Refused { at: now, code: code.to_owned() })
    }

    #[must_use]
    pub(super) fn with_state(&self, id: &RefundId, state: RefundState) -> Self {
        let mut next = self.clone();
        if let Some(refund) = next.refunds.iter_mut().find(|refund| refund.id == *id) {
            refund.state = state;
        }
        next
    }

    /// Its refunds, as the gateway's list tells of them.
    pub(super) fn told(&self, told: &[ReportedReturn]) -> Vec<Refund> {
        let mut refunds = self.refunds.clone();
        let may_learn = |refund: &&mut Refund| !matches!(refund.state, RefundState::Done { .. });
        refunds.iter_mut().filter(may_learn).for_each(|refund| refund.learn(told));
        refunds
    }
}
