//! Webhooks as PortOne sends them: signed after Standard Webhooks, a time-out of 30 s, up to five retries after 1, 4, 16,
//! 64 and 256 minutes with full jitter, and a log of every attempt. Those of V1 are unsigned and tried once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::payments::{About, Event, Version};
use super::shop::{Shop, State};
use super::v1;
use crate::sandbox::support::{lock, now, random_id, rfc3339};

/// Retries wait up to so many minutes each; a minute is as long as the configuration says.
const RETRY_AFTER_MINUTES: [u32; 5] = [1, 4, 16, 64, 256];

/// One webhook and how its delivery goes.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) webhook_id: String,
    pub(super) subject: Subject,
    pub(super) wire: Wire,
    pub(super) kind: &'static str,
    pub(super) url: String,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    pub(super) state: DeliveryState,
    pub(super) attempts: Vec<Attempt>,
}

/// Whom a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Payment(String),
    BillingKey(String),
}

impl Subject {
    /// Whether it is about this payment.
    pub(super) fn is_payment(&self, payment_id: &str) -> bool {
        matches!(self, Self::Payment(id) if id == payment_id)
    }

    /// The payment's id or the billing key.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Payment(id) | Self::BillingKey(id) => id,
        }
    }
}

/// How a webhook is written and tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// V2: signed JSON, retried.
    Signed,
    /// V1: JSON, unsigned, once.
    PlainJson,
    /// V1: a form, unsigned, once.
    PlainForm,
}

impl Wire {
    fn content_type(self) -> &'static str {
        match self {
            Self::Signed | Self::PlainJson => "application/json",
            Self::PlainForm => "application/x-www-form-urlencoded",
        }
    }

    /// The first attempt and its retries.
    pub(super) fn attempts(self) -> usize {
        self.retries().len() + 1
    }

    fn retries(self) -> &'static [u32] {
        if self == Self::Signed { &RETRY_AFTER_MINUTES } else { &[] }
    }
}

/// What is to be sent and where.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) wire: Wire,
    pub(super) urls: Vec<String>,
    pub(super) body: String,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    Pending,
    Delivered,
    GivenUp,
    DroppedByFault,
}

/// One attempt.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) elapsed: Duration,
}

impl Delivery {
    /// The delivery as the log shows it.
    pub(super) fn to_json(&self) -> Value {
        let attempts = self.attempts.iter().map(|attempt| {
            json!({"at": rfc3339(attempt.at), "status": attempt.status, "error": attempt.error,
                   "elapsedMs": u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX)})
        });
        let mut body = json!({
            "webhookId": self.webhook_id, "type": self.kind, "url": self.url, "signed": self.wire == Wire::Signed,
            "state": self.state_name(), "createdAt": rfc3339(self.created_at), "body": self.body,
            "attempts": attempts.collect::<Vec<_>>(),
        });
        let subject = if matches!(self.subject, Subject::Payment(_)) { "paymentId" } else { "billingKey" };
        body[subject] = json!(self.subject.id());
        body
    }

    /// How it stands, for the log and the console.
    pub(super) fn state_name(&self) -> &'static str {
        match self.state {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "givenUp",
            DeliveryState::DroppedByFault => "droppedByFault",
        }
    }
}

/// Tells the shop of an event, in the background.
pub(super) fn emit(shop: &Arc<Shop>, event: &Event) {
    let created_at = shop.clock.now();
    let subject = match &event.about {
        About::Payment { payment_id, .. } => Subject::Payment(payment_id.clone()),
        About::BillingKey(key) => Subject::BillingKey(key.clone()),
    };
    let (message, faults) = {
        let mut state = lock(&shop.state);
        let Some(message) = message(&state, event, &shop.config.store_id, created_at) else { return };
        (message, state.faults.for_webhook(subject.id(), &shop.dice))
    };
    for url in message.urls {
        let delivery = Delivery {
            webhook_id: random_id("msg_"),
            subject: subject.clone(),
            wire: message.wire,
            kind: event.kind,
            url,
            body: message.body.clone(),
            created_at,
            state: if faults.drop { DeliveryState::DroppedByFault } else { DeliveryState::Pending },
            attempts: Vec::new(),
        };
        let number = record(shop, delivery);
        if faults.drop {
            continue;
        }
        for _ in 0..if faults.duplicate { 2 } else { 1 } {
            start(shop, number, faults.delay);
        }
    }
}

/// What tells of an event; `None`: nothing does (V1 keeps silent about most of what V2 tells).
fn message(state: &State, event: &Event, store_id: &str, at: Timestamp) -> Option<Message> {
    let own = match &event.about {
        About::Payment { payment_id, .. } => {
            let record = state.payments.get(payment_id)?;
            if record.order.version == Version::V1 {
                return v1::message(state, record, event);
            }
            &record.order.notice_urls
        }
        About::BillingKey(key) => &state.billing_keys.get(key)?.notice_urls,
    };
    let urls = if own.is_empty() { state.webhook_url.iter().cloned().collect() } else { own.clone() };
    Some(Message { wire: Wire::Signed, urls, body: body(event, store_id, at) })
}

/// Sends a webhook of the log once more under its own id. `None`: there is no such webhook.
pub(super) fn resend(shop: &Arc<Shop>, payment_id: &str, webhook_id: Option<&str>) -> Option<Delivery> {
    let (number, delivery) = {
        let state = lock(&shop.state);
        let found = state.deliveries.iter().enumerate().rev().find(|(_, delivery)| {
            delivery.subject.is_payment(payment_id) && webhook_id.is_none_or(|id| id == delivery.webhook_id)
        });
        let (number, delivery) = found?;
        (number, delivery.clone())
    };
    start(shop, number, Duration::ZERO);
    Some(delivery)
}

/// The webhook body of version 2024-04-25.
fn body(event: &Event, store_id: &str, at: Timestamp) -> String {
    let data = match &event.about {
        About::BillingKey(key) => json!({"billingKey": key, "storeId": store_id}),
        About::Payment { payment_id, transaction_id, cancellation_id } => {
            let mut data =
                json!({"paymentId": payment_id, "storeId": store_id, "transactionId": transaction_id});
            if let Some(id) = cancellation_id {
                data["cancellationId"] = json!(id);
            }
            data
        }
    };
    json!({"type": event.kind, "timestamp": rfc3339(at), "data": data}).to_string()
}

fn record(shop: &Shop, delivery: Delivery) -> usize {
    let mut state = lock(&shop.state);
    state.deliveries.push(delivery);
    state.deliveries.len() - 1
}

fn start(shop: &Arc<Shop>, number: usize, delay: Duration) {
    let shop = shop.clone();
    let mut stop = shop.stop.subscribe();
    tokio::spawn(async move {
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => {}
            () = deliver(&shop, number, delay) => {}
        }
    });
}

async fn deliver(shop: &Shop, number: usize, delay: Duration) {
    tokio::time::sleep(delay).await;
    let Some(delivery) = lock(&shop.state).deliveries.get(number).cloned() else { return };
    for minutes in delivery.wire.retries().iter().copied().map(Some).chain([None]) {
        let attempt = attempt(shop, &delivery).await;
        let delivered = matches!(attempt.status, Some(200..=299));
        tracing::info!(
            sandbox = "portone",
            webhook = delivery.webhook_id,
            kind = delivery.kind,
            status = attempt.status,
            "webhook attempt"
        );
        if let Some(logged) = lock(&shop.state).deliveries.get_mut(number) {
            logged.attempts.push(attempt);
            match (delivered, minutes) {
                (true, _) => logged.state = DeliveryState::Delivered,
                (false, None) if logged.state == DeliveryState::Pending => {
                    logged.state = DeliveryState::GivenUp;
                }
                (false, _) => {}
            }
        }
        let Some(minutes) = minutes.filter(|_| !delivered) else { return };
        tokio::time::sleep(shop.dice.jitter(shop.config.retry_minute * minutes)).await;
    }
}

async fn attempt(shop: &Shop, delivery: &Delivery) -> Attempt {
    // Real time, whatever the gateway's clock shows: the receiver refuses a signature that is minutes old or early.
    let at = now();
    let started = std::time::Instant::now();
    let mut request = shop
        .http
        .inner()
        .post(&delivery.url)
        .timeout(shop.config.webhook_timeout)
        .header("content-type", delivery.wire.content_type())
        .body(delivery.body.clone());
    if delivery.wire == Wire::Signed {
        let signature = shop.secrets.sign(&delivery.webhook_id, at.as_second(), delivery.body.as_bytes());
        request = request
            .header("webhook-id", &delivery.webhook_id)
            .header("webhook-timestamp", at.as_second().to_string())
            .header("webhook-signature", signature);
    }
    let outcome = request.send().await;
    Attempt {
        at,
        status: outcome.as_ref().ok().map(|response| response.status().as_u16()),
        error: outcome.err().map(|error| error.to_string()),
        elapsed: started.elapsed(),
    }
}
