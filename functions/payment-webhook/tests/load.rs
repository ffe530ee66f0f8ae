//! Under load, while S3 and SQS fail at random: what was answered with 200 is kept and queued, whatever else fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]
#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

use std::{collections::BTreeSet, sync::Arc};

use baro_clients::webhook::WebhookSecret;
use baro_payment_webhook::{PaymentWebhook, handle};
use baro_runtime::{Clock, Config, answer};
use baro_testing::{Cloud, Fault};
use jiff::Timestamp;
use serde_json::{Value, json};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const SIGNED_AT_S: i64 = 1_714_039_200;
const WEBHOOKS: usize = 400;
/// Faults planned for each service in each wave; the SDK itself asks three times.
const FAULTS: [usize; 4] = [600, 300, 90, 0];

fn webhook(number: usize) -> Value {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/payment-webhook/paid.json")).unwrap();
    let body = json!({
        "type": "Transaction.Paid", "timestamp": "2024-04-25T10:00:00.000Z",
        "data": {"storeId": "store-1", "paymentId": format!("payment-{number}"), "transactionId": "t"}
    })
    .to_string();
    let id = format!("msg_{number}");
    let signature = WebhookSecret::parse(SECRET).unwrap().sign(&id, SIGNED_AT_S, body.as_bytes());
    event["headers"]["webhook-id"] = json!(id);
    event["headers"]["webhook-signature"] = json!(signature);
    event["body"] = json!(body);
    event
}

async fn is_taken(service: &Arc<PaymentWebhook>, number: usize) -> bool {
    let request = lambda_http::request::from_str(&webhook(number).to_string()).unwrap();
    let response = Box::pin(answer(request, |request| handle(service.clone(), request))).await;
    let status = response.status().as_u16();
    assert!(matches!(status, 200 | 503), "{status}: the gateway comes again after 503");
    status == 200
}

fn queued(cloud: &Cloud) -> BTreeSet<String> {
    let hint =
        |body: &str| serde_json::from_str::<Value>(body).unwrap()["webhookId"].as_str().unwrap().to_owned();
    cloud.messages().iter().map(|message| hint(&message.body)).collect()
}

fn kept(cloud: &Cloud) -> BTreeSet<String> {
    let name = |key: &String| key.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    cloud.objects().keys().map(name).collect()
}

#[tokio::test]
async fn every_webhook_answered_with_200_under_load_is_kept_and_queued_while_s3_and_sqs_fail() {
    let cloud = Cloud::start().await;
    cloud.put_secret("portone", &json!({"apiSecret": "a", "webhookSecrets": [SECRET]}).to_string());
    let config = Config::from_pairs([
        ("RAW_BUCKET", "raw"),
        ("PAYMENT_QUEUE_URL", "http://queues/payments"),
        ("PORTONE_SECRET_ID", "portone"),
    ]);
    let clock = Clock::at(Timestamp::from_second(SIGNED_AT_S).unwrap());
    let service = Arc::new(PaymentWebhook::new(&config, &cloud.aws, clock).unwrap());
    let mut waiting: Vec<usize> = (0..WEBHOOKS).collect();
    let mut taken = BTreeSet::new();
    for faults in FAULTS {
        for fault in 0..faults {
            let kind = [Fault::Before, Fault::After, Fault::Throttled][fault % 3];
            cloud.fail_next(["PUT", "SendMessage"][fault % 2], kind);
        }
        let answers =
            futures::future::join_all(waiting.iter().map(|number| is_taken(&service, *number))).await;
        let (done, again): (Vec<_>, Vec<_>) =
            waiting.iter().copied().zip(answers).partition(|(_, taken)| *taken);
        taken.extend(done.into_iter().map(|(number, _)| format!("msg_{number}")));
        let (queued, kept) = (queued(&cloud), kept(&cloud));
        assert_eq!(taken.difference(&queued).next(), None, "acknowledged and not queued");
        assert_eq!(taken.difference(&kept).next(), None, "acknowledged and not kept");
        assert!(faults < 600 || !again.is_empty(), "the load of faults refuses some");
        waiting = again.into_iter().map(|(number, _)| number).collect();
    }
    assert_eq!((waiting.len(), taken.len()), (0, WEBHOOKS), "the gateway came again for what was refused");
}
