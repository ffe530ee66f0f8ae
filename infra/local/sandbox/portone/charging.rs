//! Charges of a registered card: at once, on schedule, or approved only after the caller has stopped waiting.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::error::ApiError;
use super::payments::{Method, Order};
use super::schedules;
use super::shop::{Shop, find};
use super::{cards::Conduct, webhooks};
use crate::sandbox::support::{lock, random_id, silence};

/// An approved charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Approved {
    pub(super) pg_tx_id: String,
    pub(super) paid_at: Timestamp,
}

/// How a charge went.
#[derive(Debug)]
pub(super) enum Charge {
    Approved(Approved),
    /// The card company takes its time; the answer comes here.
    Deciding(oneshot::Receiver<Approved>),
}

impl Shop {
    /// Charges a registered card. `refused` plays a PG that refuses whatever the card.
    pub(super) fn charge(
        self: &Arc<Self>,
        order: Order,
        key: &str,
        refused: bool,
    ) -> Result<Charge, ApiError> {
        let at = self.clock.now();
        let card = lock(&self.state).chargeable(key)?;
        check_sum(&order)?;
        let id = order.payment_id.clone();
        let conduct = if refused { Conduct::NoFunds } else { card.conduct };
        let pg_tx_id = random_id("pg-");
        let event = {
            let mut state = lock(&self.state);
            let record = state.attempt(order, at)?;
            match (conduct.refusal(), conduct) {
                (Some((code, message)), _) => record.fail(code, message, at)?,
                (None, Conduct::ApprovesLate) => record.decide(Method::Card(card), at)?,
                (None, _) => record.pay(Method::Card(card), pg_tx_id.clone(), at)?,
            }
        };
        webhooks::emit(self, &event);
        match (conduct.refusal(), conduct) {
            (Some((code, message)), _) => Err(ApiError::pg(code, message)),
            (None, Conduct::ApprovesLate) => Ok(Charge::Deciding(self.approve_late(id))),
            (None, _) => Ok(Charge::Approved(Approved { pg_tx_id, paid_at: at })),
        }
    }

    /// Leaves a failed payment behind for a scheduled charge that never came as far as the card company, and tells the shop:
    /// nobody waits for its answer. What the card company refused was told already.
    pub(super) fn fail_unheard(self: &Arc<Self>, order: Order, error: &ApiError) {
        if error.kind() == "PG_PROVIDER" {
            return;
        }
        let at = self.clock.now();
        let failed = lock(&self.state)
            .attempt(order, at)
            .and_then(|record| record.fail(error.kind(), error.message(), at));
        if let Ok(event) = failed {
            webhooks::emit(self, &event);
        }
    }

    /// Approves after a while, also when the caller has gone.
    fn approve_late(self: &Arc<Self>, payment_id: String) -> oneshot::Receiver<Approved> {
        let (tell, told) = oneshot::channel();
        let shop = self.clone();
        tokio::spawn(async move {
            silence(&shop.stop, shop.config.late_approval).await;
            let Some(approved) = shop.approve(&payment_id) else { return };
            // Nobody may be listening any more: that is the point of such a card.
            tell.send(approved).ok();
        });
        told
    }

    fn approve(self: &Arc<Self>, payment_id: &str) -> Option<Approved> {
        let pg_tx_id = random_id("pg-");
        let approved = self.change(payment_id, |record, at| {
            let method = record.method.clone().ok_or_else(|| ApiError::invalid("nothing to approve"))?;
            record.pay(method, pg_tx_id.clone(), at)
        });
        if let Err(error) = approved {
            tracing::info!(sandbox = "portone", kind = error.kind(), "nothing left to approve");
            return None;
        }
        let mut state = lock(&self.state);
        let record = find(&mut state, payment_id).ok()?;
        let (paid_at, schedule) = (record.paid_at?, record.order.schedule_id.clone());
        schedules::complete(&mut state, schedule.as_deref(), true, paid_at);
        Some(Approved { pg_tx_id, paid_at })
    }
}

/// A sum must be positive and hold its parts.
fn check_sum(order: &Order) -> Result<(), ApiError> {
    if order.total.is_negative() || order.total.is_zero() {
        return Err(ApiError::invalid("the amount must be positive"));
    }
    if order.tax_free > order.total {
        return Err(ApiError::new("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "taxFree exceeds total"));
    }
    Ok(())
}
