//! A message says that something moved at the gateway; what moved is asked there, never believed from the message.
//!
//! fetch the payment → compare with the order → decide (pure) → payment, journal and visit in one transaction → give back
//! what is to be given back. Every step can be repeated: the decision on an old report is "nothing new", and money is given
//! back under a guard that was written down before.

mod cards;
mod cash_receipts;
mod points;
mod promises;
mod refunds;
mod report;
mod retries;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use baro_clients::portone::{BillingKeys, GatewayError, PaymentGateway};
use baro_domain::{
    CardId, PaymentId, RefundId, Won,
    payment::{
        Means, Payment, PaymentError, PromisedOrder, RefundError, RefundOrder, RequestedBy, Shop, decide,
    },
    receivable::RetryOrder,
};
use baro_gateway::RotatingPortOne;
use baro_runtime::{Aws, Clock, Config, InitError, batch, batch::BatchError};
use baro_store::{Billing, Committed, Parking, StoreError, Stored};
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
    /// A card that was deleted at the gateway.
    card_id: Option<CardId>,
    /// What of it is to be kept, won: the rest was paid a second time (stream-router).
    keep: Option<Won>,
    /// Whether its points are to be released if the money has not come (stream-router, a while after they were held).
    #[serde(default)]
    release: bool,
    /// A promise made at an exit, to be charged (stream-router).
    promise: Option<Box<PromisedOrder>>,
    /// A card to be charged again (stream-router).
    retry: Option<Box<RetryOrder>>,
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
    /// It can't be given back.
    #[error("refund: {0}")]
    Refund(#[from] RefundError),
    /// Somebody else is asking for its cash receipt just now.
    #[error("another run is asking for the cash receipt")]
    ReceiptBusy,
    /// Others kept changing the payment.
    #[error("gave up after {MAX_RACES} lost races")]
    Races,
}

/// The function.
#[derive(Clone)]
pub struct PaymentSync {
    billing: Billing,
    parking: Parking,
    shop: Shop,
    gateway: Arc<dyn PaymentGateway>,
    cards: Option<Arc<dyn BillingKeys>>,
    receipts: Option<cash_receipts::ReceiptOffice>,
    clock: Clock,
}

impl PaymentSync {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let parking = config.required("PARKING_TABLE")?;
        let billing = Billing::new(dynamodb.clone(), config.required("BILLING_TABLE")?, parking);
        let shop = Shop {
            store_id: config.required("PORTONE_STORE_ID")?.to_owned(),
            channel_type: config.required("PORTONE_CHANNEL_TYPE")?.to_owned(),
        };
        let clock = Clock::default();
        let gateway = Arc::new(RotatingPortOne::from_config(&aws, config, clock.clone())?);
        let sync = Self::new((billing, Parking::new(dynamodb, parking)), shop, gateway.clone(), clock);
        let channel_key = config.required("PORTONE_CHANNEL_KEY")?;
        Ok(sync.with_cards(gateway.clone()).with_cash_receipts(gateway, channel_key))
    }

    /// Of its parts.
    pub fn new(
        (billing, parking): (Billing, Parking),
        shop: Shop,
        gateway: Arc<dyn PaymentGateway>,
        clock: Clock,
    ) -> Self {
        Self { billing, parking, shop, gateway, cards: None, receipts: None, clock }
    }

    /// With who knows whether a card is deleted; without, no card is ever dropped.
    #[must_use]
    pub fn with_cards(self, cards: Arc<dyn BillingKeys>) -> Self {
        Self { cards: Some(cards), ..self }
    }

    /// Works on a batch; each message fails alone.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, BatchError> {
        batch::sqs(event, CONCURRENT_MESSAGES, |message| self.message(message)).await
    }

    async fn message(&self, message: SqsMessage) -> Result<(), SyncError> {
        let body = message.body.unwrap_or_default();
        let hint: Hint =
            serde_json::from_str(&body).map_err(|error| SyncError::Malformed(error.to_string()))?;
        if let Some(order) = hint.promise {
            let Some(stored) = self.begin(&order).await? else { return Ok(()) };
            return self.settle(stored).await;
        }
        if let Some(order) = hint.retry {
            let Some(stored) = self.try_again(&order).await? else { return Ok(()) };
            return self.settle(stored).await;
        }
        if let Some(card) = hint.card_id {
            return self.card_deleted(&card).await;
        }
        // Other webhooks about billing keys name no payment, and other shops' ids are not of our form: nothing to do.
        let Some(id) = hint.payment_id.and_then(|id| PaymentId::parse(id).ok()) else {
            tracing::info!("the message names no payment of ours");
            return Ok(());
        };
        if let Some(keep) = hint.keep {
            self.order_return(&id, keep).await?;
        }
        self.sync(&id).await?;
        if hint.release { self.release(&id).await } else { Ok(()) }
    }

    /// Brings our payment to what the gateway says now, and gives back what is to be given back.
    pub async fn sync(&self, id: &PaymentId) -> Result<(), SyncError> {
        let Some(stored) = self.billing.payment(id).await? else {
            tracing::warn!(payment = %id, "the gateway speaks of a payment that we never asked for");
            return Ok(());
        };
        self.settle(stored).await
    }

    /// Looks, then moves what is to be moved: a charge that is to be made, money that is to go back.
    async fn settle(&self, stored: Stored<Payment>) -> Result<(), SyncError> {
        let looked = self.look(stored).await?;
        let charged = self.charge(looked).await?;
        let (id, method) = (charged.value.id.clone(), charged.value.method);
        self.give_back(charged).await?;
        self.receipt(&id, method).await
    }

    /// Looks at the gateway and decides; the payment as it is then.
    async fn look(&self, mut stored: Stored<Payment>) -> Result<Stored<Payment>, SyncError> {
        let id = stored.value.id.clone();
        if matches!(stored.value.means, Means::OnAccount { .. }) {
            return Ok(stored);
        }
        let Some(seen) = self.gateway.get_payment(&id).await? else {
            tracing::info!(payment = %id, "nobody has opened the payment window yet");
            return Ok(stored);
        };
        let now = self.clock.now();
        let Some(report) = report_of(&seen, now) else {
            tracing::warn!(payment = %id, status = ?seen.status, "a status this version does not know");
            return Ok(stored);
        };
        for _ in 0..MAX_RACES {
            let Some(mut decision) = decide(&stored.value, &report)? else { return Ok(stored) };
            decision.entries.extend(self.forfeited(&stored.value, &decision.payment, now).await?);
            let (payment, revision) = (decision.payment, stored.revision);
            let fact = decision.fact.as_ref();
            match self.billing.commit(&payment, revision, &decision.entries, fact, now).await? {
                Committed::WalletShort => {}
                Committed::Done => {
                    log(&payment);
                    return Ok(Stored { value: payment, revision: revision + 1 });
                }
                Committed::LostRace(current) => stored = *current,
            }
        }
        Err(SyncError::Races)
    }

    /// Writes down that what was paid a second time goes back. Once for each payment.
    async fn order_return(&self, id: &PaymentId, keep: Won) -> Result<(), SyncError> {
        let now = self.clock.now();
        for _ in 0..MAX_RACES {
            let Some(stored) = self.billing.payment(id).await? else { return Ok(()) };
            let surplus = stored.value.refundable().remaining_after(keep);
            if surplus.is_zero() {
                return Ok(());
            }
            let order = RefundOrder {
                id: RefundId::derive(&[id.as_str(), "surplus", &keep.get().to_string()]),
                amount: Some(surplus),
                reason: "이중 결제".to_owned(),
                by: RequestedBy::Platform,
                account: None,
            };
            let next = match stored.value.request_refund(order, now) {
                Ok(Some(next)) => next,
                // It was written down before, and refused: a person's matter.
                Ok(None) | Err(RefundError::NotPaid | RefundError::TooMuch(_) | RefundError::IdReused) => {
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            };
            if let Committed::Done = self.billing.commit(&next, stored.revision, &[], None, now).await? {
                tracing::info!(payment = %id, amount = surplus.get(), "paid a second time: it goes back");
                refunds::told_waiting(&next);
                return Ok(());
            }
        }
        Err(SyncError::Races)
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
        refunds::told_waiting(payment);
    } else {
        tracing::info!(payment = %payment.id, status = ?payment.status, amount, "payment moved");
    }
}
