//! A message says that something moved at the gateway; what moved is asked there, never believed from the message.
//!
//! fetch the payment → compare with the order → decide (pure) → payment, journal and visit in one transaction → if money
//! arrived that we did not ask for, send it back. Every step can be repeated: the decision on an old report is "nothing
//! new", and money is sent back with the balance as a guard.

mod report;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use baro_clients::portone::{CancelRequest, CancelRequester, GatewayError, PaymentGateway, RefusalKind};
use baro_domain::{
    PaymentId, Won,
    payment::{Payment, PaymentError, decide},
};
use baro_gateway::RotatingPortOne;
use baro_runtime::{Aws, Clock, Config, InitError, batch, batch::BatchError};
use baro_store::{Billing, Committed, StoreError, Stored};
use serde::Deserialize;

pub use report::report_of;

/// Messages of a batch looked at together: each waits for the gateway, not for us.
const CONCURRENT_MESSAGES: usize = 10;
/// A lost race is decided again so often.
const MAX_RACES: u32 = 5;

/// What comes through the queue: from the webhook, or from a browser that came back before the webhook did.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hint {
    payment_id: Option<String>,
}

/// Why a message comes again.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Not a message of ours: it ends in the dead-letter queue, where a person sees it.
    #[error("the message does not read: {0}")]
    Malformed(String),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The gateway can't answer, or whether it acted is not known.
    #[error("gateway: {0}")]
    Gateway(#[from] GatewayError),
    /// The gateway's report makes no sense.
    #[error("payment: {0}")]
    Payment(#[from] PaymentError),
    /// Others kept changing the payment.
    #[error("gave up after {MAX_RACES} lost races")]
    Races,
}

/// The function.
#[derive(Clone)]
pub struct PaymentSync {
    billing: Billing,
    gateway: Arc<dyn PaymentGateway>,
    clock: Clock,
}

impl PaymentSync {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let billing =
            Billing::new(dynamodb, config.required("BILLING_TABLE")?, config.required("PARKING_TABLE")?);
        let clock = Clock::default();
        let gateway = RotatingPortOne::from_config(&aws, config, clock.clone())?;
        Ok(Self::new(billing, Arc::new(gateway), clock))
    }

    /// Of its parts.
    pub fn new(billing: Billing, gateway: Arc<dyn PaymentGateway>, clock: Clock) -> Self {
        Self { billing, gateway, clock }
    }

    /// Works on a batch; each message fails alone.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, BatchError> {
        batch::sqs(event, CONCURRENT_MESSAGES, |message| self.message(message)).await
    }

    async fn message(&self, message: SqsMessage) -> Result<(), SyncError> {
        let body = message.body.unwrap_or_default();
        let hint: Hint =
            serde_json::from_str(&body).map_err(|error| SyncError::Malformed(error.to_string()))?;
        // A webhook about a billing key names no payment, and other shops' ids are not of our form: nothing to do.
        let Some(id) = hint.payment_id.and_then(|id| PaymentId::parse(id).ok()) else {
            tracing::info!("the message names no payment of ours");
            return Ok(());
        };
        self.sync(&id).await
    }

    /// Brings our payment to what the gateway says now.
    pub async fn sync(&self, id: &PaymentId) -> Result<(), SyncError> {
        let Some(mut stored) = self.billing.payment(id).await? else {
            tracing::warn!(payment = %id, "the gateway speaks of a payment that we never asked for");
            return Ok(());
        };
        let Some(seen) = self.gateway.get_payment(id).await? else {
            tracing::info!(payment = %id, "nobody has opened the payment window yet");
            return Ok(());
        };
        let now = self.clock.now();
        let Some(report) = report_of(&seen, now) else {
            tracing::warn!(payment = %id, status = ?seen.status, "a status this version does not know");
            return Ok(());
        };
        for _ in 0..MAX_RACES {
            let Some(decision) = decide(&stored.value, &report)? else {
                return self.send_back(&stored.value).await;
            };
            let written = self
                .billing
                .commit(&decision.payment, stored.revision, &decision.entries, decision.fact.as_ref(), now)
                .await?;
            match written {
                Committed::Done => {
                    log(&decision.payment);
                    return self.send_back(&decision.payment).await;
                }
                Committed::LostRace(current) => stored = *current,
            }
        }
        Err(SyncError::Races)
    }

    /// Sends back what is held. Done after the payment says so, and again whenever it is looked at until nothing is left:
    /// a crash in between loses nothing.
    async fn send_back(&self, payment: &Payment) -> Result<(), SyncError> {
        let rest = payment.captured.remaining_after(payment.returned);
        let Some(mismatch) = payment.mismatch.filter(|_| rest > Won::ZERO) else { return Ok(()) };
        let request = CancelRequest {
            amount: Some(rest),
            reason: format!("주문과 다른 결제: {mismatch}"),
            requester: CancelRequester::Admin,
            current_cancellable_amount: rest,
            refund_account: None,
        };
        match self.gateway.cancel(&payment.id, &request).await {
            Ok(_) => Ok(()),
            // Somebody was faster, or the answer to our own call was lost: the gateway's next webhook tells.
            Err(GatewayError::Final(refusal)) if refusal.kind == RefusalKind::PaymentAlreadyCancelled => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The payment as stored, for tests.
    pub async fn stored(&self, id: &PaymentId) -> Result<Option<Stored<Payment>>, StoreError> {
        self.billing.payment(id).await
    }
}

fn log(payment: &Payment) {
    let amount = payment.captured.get();
    if let Some(mismatch) = payment.mismatch {
        // The alarm `payment-held` counts this line (infra/alarms.yaml).
        tracing::error!(code = "payment-held", payment = %payment.id, %mismatch, amount, "held");
    } else {
        tracing::info!(payment = %payment.id, status = ?payment.status, amount, "payment moved");
    }
}
