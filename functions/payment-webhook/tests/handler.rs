//! The function against real events, the real signature and an endpoint that stands for AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::sync::Arc;

use baro_clients::webhook::WebhookSecret;
use baro_payment_webhook::{CODES, MAX_BODY_BYTES, PaymentWebhook, handle};
use baro_runtime::{Clock, Config, answer};
use baro_testing::{Cloud, Fault};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The published vector of PortOne's signature, as API Gateway hands it on.
const PAID: &str = include_str!("../../../events/payment-webhook/paid.json");
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OLD_SECRET: &str = "whsec_YW5vdGhlci1zZWNyZXQtd2hpY2gtaXMtb2xkZXI=";
const SIGNED_AT_S: i64 = 1_714_039_200;
const KEPT: &str = "raw/webhooks/portone/2024/04/25/msg_p5jXN8AQM9LWM0D4loKWxJek.json";

struct World {
    cloud: Cloud,
    clock: Clock,
    service: Arc<PaymentWebhook>,
}

async fn world() -> World {
    let cloud = Cloud::start().await;
    cloud.put_secret(
        "portone",
        &json!({"apiSecret": "a", "webhookSecrets": [SECRET, OLD_SECRET]}).to_string(),
    );
    let clock = Clock::at(Timestamp::from_second(SIGNED_AT_S).unwrap());
    let queue_url = format!("{}/queue/payments", cloud.endpoint);
    let config = Config::from_pairs([
        ("RAW_BUCKET", "raw"),
        ("PAYMENT_QUEUE_URL", queue_url.as_str()),
        ("PORTONE_SECRET_ID", "portone"),
    ]);
    let service = PaymentWebhook::new(&config, &cloud.aws, clock.clone()).unwrap();
    World { cloud, clock, service: Arc::new(service) }
}

impl World {
    async fn send(&self, event: &Value) -> (u16, Value) {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = Box::pin(answer(request, |request| handle(self.service.clone(), request))).await;
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    fn hints(&self) -> Vec<Value> {
        self.cloud.messages().iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }

    /// What was kept of a refused webhook.
    fn refused(&self) -> Vec<Value> {
        let objects = self.cloud.objects();
        let refused = objects.iter().filter(|(key, _)| key.starts_with("raw/webhooks/refused/2024/04/25/"));
        refused.map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
    }

    /// Nothing but the refusal was stored, and nobody was told.
    fn nothing_happened(&self) {
        assert_eq!(self.hints(), Vec::<Value>::new());
        assert!(self.cloud.objects().keys().all(|key| key.starts_with("raw/webhooks/refused/")));
        assert_eq!(self.cloud.dynamodb_calls(), Vec::<String>::new());
    }
}

fn paid() -> Value {
    serde_json::from_str(PAID).unwrap()
}

/// An event with this body, rightly signed.
fn signed(body: &str, secret: &str) -> Value {
    let mut event = paid();
    let signature = WebhookSecret::parse(secret).unwrap().sign("msg_1", SIGNED_AT_S, body.as_bytes());
    event["headers"]["webhook-id"] = json!("msg_1");
    event["headers"]["webhook-signature"] = json!(signature);
    event["body"] = json!(body);
    event
}

#[tokio::test]
async fn a_webhook_is_kept_and_queued_before_it_is_acknowledged() {
    let world = world().await;
    assert_eq!(world.send(&paid()).await.0, 200);
    let hint = json!({
        "source": "portone-v2", "webhookId": "msg_p5jXN8AQM9LWM0D4loKWxJek", "type": "Transaction.Paid",
        "paymentId": "example-payment-id", "rawKey": KEPT.strip_prefix("raw/").unwrap(),
        "receivedAt": "2024-04-25T10:00:00Z",
    });
    assert_eq!(world.hints(), [hint]);
    let kept: Value = serde_json::from_slice(&world.cloud.objects()[KEPT]).unwrap();
    assert_eq!(kept["body"], paid()["body"]);
    assert_eq!(kept["headers"]["webhook-signature"], paid()["headers"]["webhook-signature"]);
    assert_eq!(world.cloud.dynamodb_calls(), Vec::<String>::new(), "a webhook costs no DynamoDB request");
}

#[tokio::test]
async fn a_body_in_base64_is_verified_as_the_bytes_it_stands_for() {
    let world = world().await;
    let mut event = paid();
    event["body"] = json!(STANDARD.encode(event["body"].as_str().unwrap()));
    event["isBase64Encoded"] = json!(true);
    assert_eq!(world.send(&event).await.0, 200);
    assert_eq!(world.hints().len(), 1);
}

#[tokio::test]
async fn the_same_webhook_twice_is_kept_once_and_hinted_twice() {
    let world = world().await;
    assert_eq!((world.send(&paid()).await.0, world.send(&paid()).await.0), (200, 200));
    assert_eq!((world.cloud.objects().len(), world.hints().len()), (1, 2));
    let reads = world.cloud.calls().into_iter().filter(|call| call.service == "secretsmanager").count();
    assert_eq!(reads, 1, "the secret is kept for the next webhook");
}

#[tokio::test]
async fn a_bad_signature_is_refused_and_nothing_changes_but_the_body_is_kept() {
    let world = world().await;
    let mut event = paid();
    event["body"] = json!(event["body"].as_str().unwrap().replace("example-payment-id", "another-payment"));
    event["headers"]["authorization"] = json!("Bearer of-somebody");
    let (status, problem) = world.send(&event).await;
    assert_eq!((status, &problem["code"]), (401, &json!("webhook-signature-invalid")));
    world.nothing_happened();
    let refused = world.refused();
    assert_eq!(
        (&refused[0]["body"], &refused[0]["code"]),
        (&event["body"], &json!("webhook-signature-invalid"))
    );
    assert_eq!(refused[0]["headers"]["authorization"], Value::Null);
}

#[tokio::test]
async fn a_missing_repeated_or_old_signature_is_refused() {
    let world = world().await;
    let mut missing = paid();
    missing["headers"].as_object_mut().unwrap().remove("webhook-signature");
    let mut repeated = paid();
    repeated["headers"]["webhook-id"] = json!("msg_p5jXN8AQM9LWM0D4loKWxJek,msg_p5jXN8AQM9LWM0D4loKWxJek");
    for event in [missing, repeated] {
        assert_eq!(world.send(&event).await.1["code"], "webhook-signature-invalid");
    }
    world.clock.advance(SignedDuration::from_secs(301));
    assert_eq!(world.send(&paid()).await.0, 401);
    world.nothing_happened();
}

#[tokio::test]
async fn the_older_secret_is_believed_while_the_two_are_rotated() {
    let world = world().await;
    let body =
        r#"{"type":"Transaction.Cancelled","data":{"paymentId":"pay_1","storeId":"s","cancellationId":"c"}}"#;
    assert_eq!(world.send(&signed(body, OLD_SECRET)).await.0, 200);
    assert_eq!(world.hints()[0]["paymentId"], "pay_1");
}

#[tokio::test]
async fn an_unknown_type_is_kept_and_acknowledged_and_not_queued() {
    let world = world().await;
    assert_eq!(world.send(&signed(r#"{"type":"Transaction.Blessed","data":{}}"#, SECRET)).await.0, 200);
    assert_eq!((world.cloud.objects().len(), world.hints().len()), (1, 0));
}

#[tokio::test]
async fn a_billing_key_webhook_names_no_payment() {
    let world = world().await;
    let body = r#"{"type":"BillingKey.Issued","data":{"billingKey":"bk","storeId":"s"}}"#;
    assert_eq!(world.send(&signed(body, SECRET)).await.0, 200);
    let hint = &world.hints()[0];
    assert_eq!((&hint["type"], &hint["paymentId"]), (&json!("BillingKey.Issued"), &Value::Null));
    assert_eq!(hint["cardId"], Value::Null);
}

#[tokio::test]
async fn a_deleted_card_is_named_by_its_id_and_its_key_is_not_queued() {
    let world = world().await;
    let body = r#"{"type":"BillingKey.Deleted","data":{"billingKey":"secret-bk","storeId":"s"}}"#;
    assert_eq!(world.send(&signed(body, SECRET)).await.0, 200);
    let hint = &world.hints()[0];
    assert!(hint["cardId"].as_str().unwrap().starts_with("crd_") && !hint.to_string().contains("secret-bk"));
}

#[tokio::test]
async fn a_signed_body_that_can_not_be_read_is_refused_and_kept() {
    let world = world().await;
    for body in ["not json", r#"{"type":"Transaction.Paid","data":{}}"#] {
        let (status, problem) = world.send(&signed(body, SECRET)).await;
        assert_eq!((status, &problem["code"]), (400, &json!("webhook-body-invalid")));
    }
    world.nothing_happened();
    assert_eq!(world.refused()[0]["code"], "webhook-body-invalid");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_its_beginning_kept() {
    let world = world().await;
    let mut event = paid();
    event["body"] = json!("x".repeat(MAX_BODY_BYTES + 1));
    let (status, problem) = world.send(&event).await;
    assert_eq!((status, &problem["code"]), (413, &json!("body-too-large")));
    world.nothing_happened();
    let kept = &world.refused()[0];
    assert_eq!(kept["bodyBytes"], MAX_BODY_BYTES + 1);
    assert_eq!(kept["body"].as_str().map(str::len), Some(MAX_BODY_BYTES));
}

#[tokio::test]
async fn a_webhook_that_is_not_both_kept_and_queued_is_not_acknowledged() {
    for operation in ["SendMessage", "PUT"] {
        let world = world().await;
        for _ in 0..3 {
            world.cloud.fail_next(operation, Fault::Before); // The SDK tries three times.
        }
        let (status, problem) = world.send(&paid()).await;
        assert_eq!((status, &problem["code"]), (503, &json!("temporarily-unavailable")), "{operation}");
        assert_eq!(world.send(&paid()).await.0, 200, "the gateway comes again");
    }
}

#[tokio::test]
async fn without_the_secret_nobody_is_refused_and_nobody_believed() {
    let world = world().await;
    world.cloud.put_secret("portone", r#"{"apiSecret":"generated","webhookSecrets":[]}"#);
    assert_eq!(world.send(&paid()).await.0, 503);
    assert_eq!(world.cloud.objects().len(), 0);
    world.cloud.put_secret("portone", &json!({"webhookSecrets": [SECRET]}).to_string());
    assert_eq!(world.send(&paid()).await.0, 200, "a secret that is put later counts at once");
}

#[test]
fn every_code_is_an_error_in_kebab_case() {
    for code in CODES {
        assert!((400..600).contains(&code.status));
        assert!(code.code.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'), "{}", code.code);
    }
}
