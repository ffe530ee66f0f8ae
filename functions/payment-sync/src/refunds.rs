//! Carries out what a payment says is to be given back: written down, asked for at the gateway, seen there.

use baro_clients::portone::{self, CancelRequest, CancelRequester, GatewayError, RefusalKind};
use baro_domain::{
    Won,
    payment::{
        Payment, PaymentDecision, Refund, RefundAccount, RefundState, RefundStep, RequestedBy, VisitFact,
    },
};
use baro_store::{Committed, Stored};

use crate::{MAX_RACES, PaymentSync, SyncError};

/// What a call at the gateway led to.
enum Asked {
    /// It was done or taken: the gateway's list tells.
    Taken,
    /// The gateway knows another balance than we do: look again before anything else.
    Outdated,
    /// It said no.
    Refused(String),
}

impl PaymentSync {
    /// Gives back what is asked for, one refund after another, and leaves the payment as the gateway then tells it.
    ///
    /// `stored` is the payment after a look at the gateway was decided on. A crash anywhere is made good by the next
    /// message: what was written down is asked again under the same guard, which the gateway refuses if it was done.
    pub(crate) async fn give_back(&self, mut stored: Stored<Payment>) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let now = self.clock.now();
            let Some(step) = stored.value.next_refund(now) else { return Ok(()) };
            stored = match step {
                RefundStep::WriteDown(next) => match self.write(&stored, *next).await? {
                    Ok(written) => self.ask_next(written).await?,
                    Err(current) => current,
                },
                RefundStep::GiveUp(next) => {
                    told_refused(&next);
                    self.write(&stored, *next).await?.unwrap_or_else(|current| current)
                }
                RefundStep::Book(decision) => self.book(&stored, *decision).await?,
                RefundStep::Close(next) | RefundStep::Points(next) => {
                    self.write(&stored, *next).await?.unwrap_or_else(|current| current)
                }
                RefundStep::Ask(refund, cancellable) => self.ask(stored, &refund, cancellable).await?,
            };
        }
        Err(SyncError::Races)
    }

    /// What no gateway has is given back by being booked, with a line on the account that bore it.
    async fn book(
        &self,
        stored: &Stored<Payment>,
        decision: PaymentDecision,
    ) -> Result<Stored<Payment>, SyncError> {
        let (revision, now) = (stored.revision, self.clock.now());
        let PaymentDecision { payment, entries, fact } = decision;
        match self
            .billing
            .commit_on_account((&stored.value, revision), &payment, &entries, fact.as_ref(), now)
            .await?
        {
            Committed::Done => Ok(Stored { value: payment, revision: revision + 1 }),
            Committed::LostRace(current) => Ok(*current),
            // No account moves a wallet.
            Committed::WalletShort => Err(SyncError::Races),
        }
    }

    async fn ask_next(&self, stored: Stored<Payment>) -> Result<Stored<Payment>, SyncError> {
        match stored.value.next_refund(self.clock.now()) {
            Some(RefundStep::Ask(refund, cancellable)) => self.ask(stored, &refund, cancellable).await,
            _ => Ok(stored),
        }
    }

    /// Asks the gateway, and looks at what it made of it.
    async fn ask(
        &self,
        stored: Stored<Payment>,
        refund: &Refund,
        cancellable: Won,
    ) -> Result<Stored<Payment>, SyncError> {
        let id = &stored.value.id;
        match asked(self.gateway.cancel(id, &request(refund, cancellable)).await)? {
            Asked::Taken => self.look(stored).await,
            Asked::Outdated => {
                let looked = self.look(stored).await?;
                let again = looked.value.next_refund(self.clock.now());
                if again == Some(RefundStep::Ask(Box::new(refund.clone()), cancellable)) {
                    // It refuses our balance and tells the same one: nothing that we could know better.
                    let next = looked.value.refund_refused(&refund.id, "balance-differs", self.clock.now());
                    told_refused(&next);
                    return Ok(self.write(&looked, next).await?.unwrap_or_else(|current| current));
                }
                Ok(looked)
            }
            Asked::Refused(code) => {
                // It may have been asked before, and done, and the answer lost: the gateway's list knows.
                let looked = self.look(stored).await?;
                let is_asked = |known: &&Refund| matches!(known.state, RefundState::Sent { .. });
                if looked.value.refunds.iter().filter(is_asked).all(|known| known.id != refund.id) {
                    return Ok(looked);
                }
                let next = looked.value.refund_refused(&refund.id, &code, self.clock.now());
                told_refused(&next);
                Ok(self.write(&looked, next).await?.unwrap_or_else(|current| current))
            }
        }
    }

    /// Writes the payment; the one that is there instead if somebody was faster.
    pub(crate) async fn write(
        &self,
        stored: &Stored<Payment>,
        next: Payment,
    ) -> Result<Result<Stored<Payment>, Stored<Payment>>, SyncError> {
        let (revision, now) = (stored.revision, self.clock.now());
        let entries = next.postings_since(&stored.value, now)?;
        let is_told = next.points != stored.value.points;
        let fact = next.paid_fact().filter(|_| is_told).map(VisitFact::Paid);
        match self.billing.commit(&next, revision, &entries, fact.as_ref(), now).await? {
            Committed::WalletShort => Err(SyncError::Races),
            Committed::Done => Ok(Ok(Stored { value: next, revision: revision + 1 })),
            Committed::LostRace(current) => Ok(Err(*current)),
        }
    }
}

fn request(refund: &Refund, cancellable: Won) -> CancelRequest {
    CancelRequest {
        amount: Some(refund.amount),
        reason: refund.tagged_reason(),
        requester: match refund.by {
            RequestedBy::Driver => CancelRequester::Customer,
            RequestedBy::Operator { .. } | RequestedBy::Platform => CancelRequester::Admin,
        },
        current_cancellable_amount: cancellable,
        refund_account: refund.account.as_ref().map(account),
    }
}

fn account(account: &RefundAccount) -> portone::RefundAccount {
    portone::RefundAccount {
        bank: account.bank.clone(),
        number: account.number.clone(),
        holder_name: account.holder_name.clone(),
    }
}

fn asked<T>(answer: Result<T, GatewayError>) -> Result<Asked, SyncError> {
    use RefusalKind as Kind;
    match answer {
        Ok(_) => Ok(Asked::Taken),
        Err(GatewayError::Final(refusal)) => Ok(match refusal.kind {
            Kind::CancellableAmountConsistencyBroken
            | Kind::CancelAmountExceedsCancellableAmount
            | Kind::PaymentAlreadyCancelled => Asked::Outdated,
            // The secret is being rotated, or wrong: nobody refused this refund.
            Kind::Unauthorized | Kind::Forbidden => return Err(GatewayError::Final(refusal).into()),
            _ => Asked::Refused(refusal.pg_code.unwrap_or_else(|| format!("{:?}", refusal.kind))),
        }),
        Err(error) => Err(error.into()),
    }
}

/// The alarm `refund-awaits-account` counts this line (infra/alarms.yaml).
pub(crate) fn told_waiting(payment: &Payment) {
    if payment.refunds.iter().any(|refund| refund.state == RefundState::AwaitingAccount) {
        tracing::error!(code = "refund-awaits-account", payment = %payment.id, "a deposit waits for an account to go back to");
    }
}

/// The alarm `refund-refused` counts this line (infra/alarms.yaml).
fn told_refused(payment: &Payment) {
    tracing::error!(code = "refund-refused", payment = %payment.id, "money that is to be given back is not");
}
