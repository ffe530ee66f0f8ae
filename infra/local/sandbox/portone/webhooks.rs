//! Webhooks as PortOne sends them: signed after Standard Webhooks, a time-out of 30 s, up to five retries after 1, 4, 16,
//! 64 and 256 minutes with full jitter, and a log of every attempt.

use std::sync::Arc;
use std::time::Duration;

use baro_clients::webhook::WebhookSecrets;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shop;
use super::payments::Event;
use crate::sandbox::support::{lock, now, random_id, rfc3339};

/// Retries wait up to so many minutes each; a minute is as long as the configuration says.
const RETRY_AFTER_MINUTES: [u32; 5] = [1, 4, 16, 64, 256];
/// The first attempt and its retries.
pub(super) const MAX_ATTEMPTS: usize = RETRY_AFTER_MINUTES.len() + 1;

/// One webhook and how its delivery goes.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) webhook_id: String,
    pub(super) payment_id: String,
    pub(super) kind: &'static str,
    pub(super) url: String,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    pub(super) state: DeliveryState,
    pub(super) attempts: Vec<Attempt>,
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
        let state = match self.state {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "givenUp",
            DeliveryState::DroppedByFault => "droppedByFault",
        };
        let attempts = self.attempts.iter().map(|attempt| {
            json!({"at": rfc3339(attempt.at), "status": attempt.status, "error": attempt.error,
                   "elapsedMs": u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX)})
        });
        json!({
            "webhookId": self.webhook_id, "paymentId": self.payment_id, "type": self.kind, "url": self.url,
            "state": state, "createdAt": rfc3339(self.created_at), "body": self.body,
            "attempts": attempts.collect::<Vec<_>>(),
        })
    }
}

/// Tells the shop of an event, in the background.
pub(super) fn emit(shop: &Arc<Shop>, event: &Event) {
    let created_at = now();
    let (urls, faults) = {
        let mut state = lock(&shop.state);
        let own = state.payments.get(&event.payment_id).map(|record| record.order.notice_urls.clone());
        let urls = own
            .filter(|urls| !urls.is_empty())
            .unwrap_or_else(|| state.webhook_url.iter().cloned().collect());
        (urls, state.faults.for_webhook(&event.payment_id, &shop.dice))
    };
    let body = body(event, &shop.config.store_id, created_at);
    for url in urls {
        let delivery = Delivery {
            webhook_id: random_id("msg_"),
            payment_id: event.payment_id.clone(),
            kind: event.kind,
            url,
            body: body.clone(),
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

/// Sends a webhook of the log once more under its own id. `None`: there is no such webhook.
pub(super) fn resend(shop: &Arc<Shop>, payment_id: &str, webhook_id: Option<&str>) -> Option<Delivery> {
    let (number, delivery) = {
        let state = lock(&shop.state);
        let found = state.deliveries.iter().enumerate().rev().find(|(_, delivery)| {
            delivery.payment_id == payment_id && webhook_id.is_none_or(|id| id == delivery.webhook_id)
        });
        let (number, delivery) = found?;
        (number, delivery.clone())
    };
    start(shop, number, Duration::ZERO);
    Some(delivery)
}

/// The webhook body of version 2024-04-25.
fn body(event: &Event, store_id: &str, at: Timestamp) -> String {
    let mut data = json!({
        "paymentId": event.payment_id, "storeId": store_id, "transactionId": event.transaction_id,
    });
    if let Some(id) = &event.cancellation_id {
        data["cancellationId"] = json!(id);
    }
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
    for minutes in RETRY_AFTER_MINUTES.into_iter().map(Some).chain([None]) {
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
    let at = now();
    let started = std::time::Instant::now();
    let request = shop
        .http
        .inner()
        .post(&delivery.url)
        .timeout(shop.config.webhook_timeout)
        .header("content-type", "application/json")
        .header("webhook-id", &delivery.webhook_id)
        .header("webhook-timestamp", at.as_second().to_string())
        .header("webhook-signature", signature(&shop.secrets, delivery, at))
        .body(delivery.body.clone());
    let outcome = request.send().await;
    Attempt {
        at,
        status: outcome.as_ref().ok().map(|response| response.status().as_u16()),
        error: outcome.err().map(|error| error.to_string()),
        elapsed: started.elapsed(),
    }
}

fn signature(secrets: &WebhookSecrets, delivery: &Delivery, at: Timestamp) -> String {
    secrets.sign(&delivery.webhook_id, at.as_second(), delivery.body.as_bytes())
}
