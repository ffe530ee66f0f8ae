//! V1's webhook: unsigned, from known addresses only, kept before it is read, a hint and no more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::sync::Arc;

use baro_payment_webhook::{PaymentWebhook, handle};
use baro_runtime::{Clock, Config, answer};
use baro_testing::{Cloud, Fault, at};
use serde_json::{Value, json};

const PAID: &str = include_str!("../../../events/payment-webhook/paid-v1.json");

struct World {
    cloud: Cloud,
    service: Arc<PaymentWebhook>,
}

impl World {
    async fn start(api: &str, sources: &str) -> Self {
        let cloud = Cloud::start().await;
        let queue_url = format!("{}/queue/payments", cloud.endpoint);
        let config = Config::from_pairs([
            ("RAW_BUCKET", "raw"),
            ("PAYMENT_QUEUE_URL", queue_url.as_str()),
            ("PORTONE_SECRET_ID", "portone"),
            ("PORTONE_API", api),
            ("PORTONE_V1_SOURCES", sources),
        ]);
        let service = PaymentWebhook::new(&config, &cloud.aws, Clock::at(at(0))).unwrap();
        Self { cloud, service: Arc::new(service) }
    }

    async fn send(&self, event: &Value) -> (u16, Value) {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = Box::pin(answer(request, |request| handle(self.service.clone(), request))).await;
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    fn hints(&self) -> Vec<Value> {
        self.cloud.messages().iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }

    fn kept(&self, prefix: &str) -> Vec<Value> {
        let objects = self.cloud.objects();
        let kept = objects.iter().filter(|(key, _)| key.starts_with(&format!("raw/webhooks/{prefix}/")));
        kept.map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
    }
}

fn paid() -> Value {
    serde_json::from_str(PAID).unwrap()
}

#[tokio::test]
async fn a_webhook_from_v1_is_kept_and_tells_payment_sync_where_to_look() {
    let world = World::start("V1", "").await;
    assert_eq!(world.send(&paid()).await.0, 200);
    let hint = &world.hints()[0];
    assert_eq!((&hint["source"], &hint["type"]), (&json!("portone-v1"), &json!("paid")));
    assert_eq!(hint["paymentId"], "pay_e147de0b159756e681a7");
    let kept = &world.kept("portone/v1/2026/11/20")[0];
    assert_eq!(kept["body"], paid()["body"]);
    assert_eq!(world.cloud.dynamodb_calls(), Vec::<String>::new());
    let reads = world.cloud.calls().into_iter().filter(|call| call.service == "secretsmanager").count();
    assert_eq!(reads, 0, "there is nothing to verify");
}

#[tokio::test]
async fn a_form_says_the_same_and_the_same_twice_is_kept_once() {
    let world = World::start("V1", "").await;
    let mut form = paid();
    form["headers"]["content-type"] = json!("application/x-www-form-urlencoded");
    form["body"] = json!("imp_uid=imp_448280090638&merchant_uid=pay_1&status=cancelled&cancellation_id=c_1");
    assert_eq!((world.send(&form).await.0, world.send(&form).await.0), (200, 200));
    assert_eq!((world.hints().len(), world.kept("portone/v1").len()), (2, 1));
    assert_eq!(world.hints()[0]["paymentId"], "pay_1");
}

#[tokio::test]
async fn a_stranger_is_refused_whatever_its_headers_say() {
    let world = World::start("V1", "").await;
    for source in ["203.0.113.9", "52.78.100.20", "", "::ffff:52.78.100.19"] {
        let mut event = paid();
        event["requestContext"]["http"]["sourceIp"] = json!(source);
        event["headers"]["x-forwarded-for"] = json!("52.78.100.19");
        let (status, problem) = world.send(&event).await;
        assert_eq!((status, &problem["code"]), (403, &json!("webhook-source-unknown")), "{source}");
    }
    assert_eq!((world.hints().len(), world.kept("portone").len()), (0, 0));
    assert_eq!(world.kept("refused")[0]["code"], "webhook-source-unknown");
}

#[tokio::test]
async fn a_deployment_of_the_newer_contract_takes_none() {
    for api in ["V2", ""] {
        let world = World::start(api, "").await;
        assert_eq!(world.send(&paid()).await.0, 403);
        assert_eq!(world.hints().len(), 0);
    }
}

#[tokio::test]
async fn the_addresses_can_be_set_and_replace_the_known_ones() {
    let world = World::start("V1", "127.0.0.1, 192.0.2.7").await;
    assert_eq!(world.send(&paid()).await.0, 403);
    let mut local = paid();
    local["requestContext"]["http"]["sourceIp"] = json!("192.0.2.7");
    assert_eq!(world.send(&local).await.0, 200);
    let wrong = Config::from_pairs([
        ("RAW_BUCKET", "raw"),
        ("PAYMENT_QUEUE_URL", "http://queue"),
        ("PORTONE_SECRET_ID", "portone"),
        ("PORTONE_API", "V1"),
        ("PORTONE_V1_SOURCES", "everywhere"),
    ]);
    assert!(PaymentWebhook::new(&wrong, &world.cloud.aws, Clock::at(at(0))).is_err());
}

#[tokio::test]
async fn a_body_that_can_not_be_read_is_kept_before_it_is_refused() {
    let world = World::start("V1", "").await;
    for body in ["", "{", "imp_uid=1&status=paid"] {
        let mut event = paid();
        event["body"] = json!(body);
        let (status, problem) = world.send(&event).await;
        assert_eq!((status, &problem["code"]), (400, &json!("webhook-body-invalid")), "{body}");
    }
    assert_eq!((world.hints().len(), world.kept("portone/v1").len()), (0, 3));
    assert_eq!(world.kept("refused")[0]["code"], "webhook-body-invalid");
}

#[tokio::test]
async fn what_is_not_both_kept_and_queued_is_not_acknowledged() {
    for operation in ["SendMessage", "PUT"] {
        let world = World::start("V1", "").await;
        for _ in 0..3 {
            world.cloud.fail_next(operation, Fault::Before); // The SDK tries three times.
        }
        assert_eq!(world.send(&paid()).await.0, 503, "{operation}");
        assert_eq!(world.send(&paid()).await.0, 200);
    }
}
