//! The payment gateway's side: what was paid there, what was given back. It never forgets and never errs by itself.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use baro_clients::portone::{
    BillingKeyCharge, CancelRequest, Cancellation, ChargedPayment, GatewayError, GatewayPayment,
    PaymentGateway, Refusal, RefusalKind,
};
use baro_domain::{PaymentId, Won};
use jiff::Timestamp;
use serde_json::json;

/// A payment as the gateway has it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// What was paid.
    pub amount: Won,
    /// What was given back of it.
    pub returned: Won,
    /// When.
    pub paid_at: Timestamp,
    /// How it went back, one by one.
    pub cancellations: Vec<serde_json::Value>,
}

/// The gateway.
#[derive(Debug, Default)]
pub struct Shop {
    payments: Mutex<BTreeMap<PaymentId, Taken>>,
    failing: Mutex<u32>,
}

impl Shop {
    fn payments(&self) -> MutexGuard<'_, BTreeMap<PaymentId, Taken>> {
        self.payments.lock().unwrap()
    }

    /// A driver pays in the window: once, whatever the window does afterwards.
    pub fn pay(&self, id: &PaymentId, amount: Won, paid_at: Timestamp) {
        let taken = Taken { amount, returned: Won::ZERO, paid_at, cancellations: Vec::new() };
        self.payments().entry(id.clone()).or_insert(taken);
    }

    /// The gateway's own staff gives money back.
    pub fn give_back(&self, id: &PaymentId) {
        if let Some(taken) = self.payments().get_mut(id) {
            taken.returned = taken.amount;
        }
    }

    /// All it has.
    pub fn books(&self) -> BTreeMap<PaymentId, Taken> {
        self.payments().clone()
    }

    /// The next calls fail, so many.
    pub fn fail(&self, calls: u32) {
        *self.failing.lock().unwrap() = calls;
    }

    fn answers(&self) -> Result<(), GatewayError> {
        let mut failing = self.failing.lock().unwrap();
        if *failing == 0 {
            return Ok(());
        }
        *failing -= 1;
        Err(GatewayError::Retry("503".into()))
    }
}

#[async_trait]
impl PaymentGateway for Shop {
    async fn get_payment(&self, id: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        self.answers()?;
        let Some(taken) = self.payments().get(id).cloned() else { return Ok(None) };
        let status = match taken.returned {
            Won::ZERO => "PAID",
            returned if returned == taken.amount => "CANCELLED",
            _ => "PARTIAL_CANCELLED",
        };
        let seen = json!({
            "status": status, "id": id, "transactionId": "t", "storeId": "store-1",
            "channel": {"type": "TEST", "key": "channel-key"}, "orderName": "주차요금", "currency": "KRW",
            "amount": {"total": taken.amount, "paid": taken.amount, "cancelled": taken.returned},
            "paidAt": taken.paid_at, "statusChangedAt": taken.paid_at, "cancellations": taken.cancellations
        });
        Ok(Some(serde_json::from_value(seen).unwrap()))
    }

    async fn cancel(&self, id: &PaymentId, asked: &CancelRequest) -> Result<Cancellation, GatewayError> {
        self.answers()?;
        let mut payments = self.payments();
        let taken = payments.get_mut(id).unwrap();
        let rest = taken.amount.remaining_after(taken.returned);
        if asked.current_cancellable_amount != rest {
            return Err(refused(RefusalKind::CancellableAmountConsistencyBroken));
        }
        let amount = asked.amount.unwrap_or(rest);
        taken.returned = taken.returned.plus(amount).unwrap();
        let id = format!("c-{}", taken.cancellations.len());
        let done = json!({"status": "SUCCEEDED", "id": id, "totalAmount": amount, "reason": asked.reason});
        taken.cancellations.push(done.clone());
        Ok(serde_json::from_value(done).unwrap())
    }

    async fn pre_register(&self, _: &PaymentId, _: Won) -> Result<(), GatewayError> {
        self.answers()
    }

    async fn charge(&self, _: &PaymentId, _: &BillingKeyCharge) -> Result<ChargedPayment, GatewayError> {
        Err(GatewayError::Retry("no billing keys here".into()))
    }
}

fn refused(kind: RefusalKind) -> GatewayError {
    GatewayError::Final(Refusal { status: 409, kind, message: String::new(), pg_code: None })
}
