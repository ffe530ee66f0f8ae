//! The functions as they are deployed, in one process: each can be called, die in the middle of a call, and start anew.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use aws_lambda_events::{dynamodb::Event as StreamEvent, sqs::SqsEvent};
use baro_domain::{Gate, PaymentId};
use baro_gate_backlog::GateBacklog;
use baro_gate_events::GateEvents;
use baro_gates::passages::Passages;
use baro_payment_sync::PaymentSync;
use baro_payment_webhook::PaymentWebhook;
use baro_receivables::Receivables;
use baro_reconciliation::{Asked, DaySummary, Reconciliation};
use baro_runtime::{Clock, Config, random::Ids};
use baro_store::LotRecord;
use baro_stream_router::{Queues, Router, Tables};
use baro_testing::{BILLING, Cloud};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};

use crate::shop::Shop;

/// Where gate-events puts what no barrier waits for.
pub const BACKLOG_QUEUE: &str = "http://in-process/000000000000/gate-backlog.fifo";
/// Where stream-router puts notices.
pub const NOTICE_QUEUE: &str = "http://in-process/000000000000/notices";
/// Commands to controllers; no lot here has one.
pub const COMMAND_QUEUE: &str = "http://in-process/000000000000/gate-commands.fifo";
/// Where payment-webhook puts its hints.
pub const PAYMENT_QUEUE: &str = "http://in-process/000000000000/payments";
/// Where the driver's page would be.
pub const SITE_URL: &str = "https://baro.example";
/// The secret of every gate here.
pub const GATE_SECRET: &str = "secret";
/// Lambda ends an invocation that takes longer.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30);

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ran<T> {
    /// With an answer.
    Answered(T),
    /// The function died, or never came to an end: nobody hears an answer, and whatever was done is done.
    Died,
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Status.
    pub status: u16,
    /// Body, null where it is none in JSON.
    pub body: Value,
}

/// A report as a gate posts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The gate in the address.
    pub gate: String,
    /// `events` or `backlog`.
    pub route: &'static str,
    /// Content-Type.
    pub content_type: String,
    /// `path` of the gate's address, where its vendor says the direction there.
    pub path: Option<&'static str>,
    /// Body.
    pub body: String,
}

/// All of it.
pub struct World {
    /// Tables, queues and buckets.
    pub cloud: Cloud,
    /// The clock of all functions.
    pub clock: Clock,
    /// The payment gateway.
    pub shop: Arc<Shop>,
    gate_events: Arc<GateEvents>,
    gate_backlog: Arc<GateBacklog>,
    router: Arc<Router>,
    payment_sync: PaymentSync,
    webhook: Arc<PaymentWebhook>,
    reconciliation: Arc<Reconciliation>,
    receivables: Arc<Receivables>,
}

impl World {
    /// These lots with these gates, at `start`.
    pub async fn start(lots: &[LotRecord], gates: &[Gate], start: Timestamp) -> Self {
        let cloud = Cloud::in_process().await;
        let clock = Clock::at(start);
        cloud.put_secret(
            "portone",
            &json!({"apiSecret": "a", "webhookSecrets": [WEBHOOK_SECRET]}).to_string(),
        );
        cloud.directory().put_lots(lots).await.unwrap();
        for gate in gates {
            cloud.directory().put_gate(gate).await.unwrap();
        }
        cloud.forget_calls();
        let shop = Arc::new(Shop::new(clock.clone()));
        Self {
            gate_events: gate_events(&cloud, &clock),
            gate_backlog: gate_backlog(&cloud, &clock),
            router: router(&cloud, &clock),
            payment_sync: payment_sync(&cloud, &shop, &clock),
            webhook: webhook(&cloud, &clock),
            reconciliation: reconciliation(&cloud, &shop, &clock),
            receivables: receivables(&cloud, &clock),
            cloud,
            clock,
            shop,
        }
    }

    /// The time at which everything happens until the clock is moved.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn run<T>(&self, invocation: impl Future<Output = T>) -> Ran<T> {
        let invocation = Box::pin(tokio::time::timeout(FUNCTION_TIMEOUT, invocation));
        let ran = tokio::select! {
            biased;
            () = self.cloud.crashed() => Ran::Died,
            ended = invocation => ended.map_or(Ran::Died, Ran::Answered),
        };
        self.cloud.forget_faults();
        ran
    }

    /// A gate posts; after a death the function starts cold.
    pub async fn post(&mut self, post: &Post) -> Ran<Said> {
        let service = self.gate_events.clone();
        let request = lambda_http::request::from_str(&api_event(post).to_string()).unwrap();
        let answered =
            baro_runtime::answer(request, move |request| baro_gate_events::handle(service, request));
        let ran = self.run(async { said(&answered.await) }).await;
        if ran == Ran::Died {
            self.gate_events = gate_events(&self.cloud, &self.clock);
        }
        ran
    }

    /// The payment gateway's webhook, rightly signed.
    pub async fn webhook(&mut self, payment: &PaymentId) -> Ran<Said> {
        let service = self.webhook.clone();
        let event = webhook_event(payment, self.now());
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let answered =
            baro_runtime::answer(request, move |request| baro_payment_webhook::handle(service, request));
        let ran = self.run(async { said(&answered.await) }).await;
        if ran == Ran::Died {
            self.webhook = webhook(&self.cloud, &self.clock);
        }
        ran
    }

    /// Holds a day's books against the gateway's; answers how they stand, if it could.
    pub async fn reconcile(&mut self, day: Date) -> Ran<Option<DaySummary>> {
        let service = self.reconciliation.clone();
        let handled = async move {
            let summary = service.run(Asked { day: Some(day) }).await.ok()?;
            summary.days.into_iter().next()
        };
        let ran = self.run(handled).await;
        if ran == Ran::Died {
            self.reconciliation = reconciliation(&self.cloud, &self.shop, &self.clock);
        }
        ran
    }

    /// The morning's look at what is owed; answers what it ordered and gave out, if it could.
    pub async fn ask_for_owed(&mut self) -> Ran<Option<baro_receivables::Summary>> {
        let service = self.receivables.clone();
        let ran = self.run(async move { service.run(baro_receivables::Asked::default()).await.ok() }).await;
        if ran == Ran::Died {
            self.receivables = receivables(&self.cloud, &self.clock);
        }
        ran
    }

    /// A batch of kept reads; answers the ids of the messages that come again.
    pub async fn backlog(&mut self, event: SqsEvent) -> Ran<Vec<String>> {
        let service = self.gate_backlog.clone();
        let handled = async move {
            let response = service.handle(event).await.unwrap();
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
        };
        let ran = self.run(handled).await;
        if ran == Ran::Died {
            self.gate_backlog = gate_backlog(&self.cloud, &self.clock);
        }
        ran
    }

    /// A batch of a table's stream; answers from which sequence number on it comes again.
    pub async fn route(&mut self, event: StreamEvent) -> Ran<Option<String>> {
        let service = self.router.clone();
        let handled = async move {
            let response = service.handle(event).await.unwrap();
            response.batch_item_failures.into_iter().next().and_then(|failure| failure.item_identifier)
        };
        let ran = self.run(handled).await;
        if ran == Ran::Died {
            self.router = router(&self.cloud, &self.clock);
        }
        ran
    }

    /// A batch of hints; answers the ids of the messages that come again.
    pub async fn sync(&mut self, event: SqsEvent) -> Ran<Vec<String>> {
        let service = self.payment_sync.clone();
        let handled = async move {
            let response = service.handle(event).await.unwrap();
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
        };
        let ran = self.run(handled).await;
        if ran == Ran::Died {
            self.payment_sync = payment_sync(&self.cloud, &self.shop, &self.clock);
        }
        ran
    }
}

fn payment_sync(cloud: &Cloud, shop: &Arc<Shop>, clock: &Clock) -> PaymentSync {
    PaymentSync::new((cloud.billing(), cloud.parking()), baro_testing::shop(), shop.clone(), clock.clone())
}

fn receivables(cloud: &Cloud, clock: &Clock) -> Arc<Receivables> {
    Arc::new(Receivables::new(cloud.billing(), cloud.directory(), clock.clone()))
}

fn passages(cloud: &Cloud) -> Passages {
    Passages::new(cloud.parking(), cloud.directory())
}

fn gate_events(cloud: &Cloud, clock: &Clock) -> Arc<GateEvents> {
    Arc::new(GateEvents::new(
        &cloud.aws,
        passages(cloud),
        cloud.activity(),
        "raw",
        BACKLOG_QUEUE,
        clock.clone(),
    ))
}

fn gate_backlog(cloud: &Cloud, clock: &Clock) -> Arc<GateBacklog> {
    Arc::new(GateBacklog::new(passages(cloud), clock.clone()))
}

fn router(cloud: &Cloud, clock: &Clock) -> Arc<Router> {
    let tables = Tables {
        directory: cloud.directory(),
        activity: cloud.activity(),
        parking: cloud.parking(),
        tasks: cloud.tasks(),
        billing: cloud.billing(),
    };
    let router = Router::new(
        tables,
        Queues::new(&cloud.aws, NOTICE_QUEUE, COMMAND_QUEUE, PAYMENT_QUEUE),
        SITE_URL,
        clock.clone(),
    );
    Arc::new(router.with_ids(Ids::Counted(AtomicU64::new(0))))
}

fn webhook(cloud: &Cloud, clock: &Clock) -> Arc<PaymentWebhook> {
    let config = Config::from_pairs([
        ("RAW_BUCKET", "raw"),
        ("PAYMENT_QUEUE_URL", PAYMENT_QUEUE),
        ("PORTONE_SECRET_ID", "portone"),
    ]);
    Arc::new(PaymentWebhook::new(&config, &cloud.aws, clock.clone()).unwrap())
}

fn reconciliation(cloud: &Cloud, shop: &Arc<Shop>, clock: &Clock) -> Arc<Reconciliation> {
    let config = Config::from_pairs([
        ("BILLING_TABLE", BILLING),
        ("PAYMENT_QUEUE_URL", PAYMENT_QUEUE),
        ("STATEMENT_BUCKET", "statements"),
        ("PORTONE_CHANNEL_TYPE", "TEST"),
    ]);
    Arc::new(Reconciliation::of_gateway(&config, &cloud.aws, shop.clone(), clock.clone()).unwrap())
}

fn said(response: &lambda_http::http::Response<lambda_http::Body>) -> Said {
    Said {
        status: response.status().as_u16(),
        body: serde_json::from_slice(response.body()).unwrap_or_default(),
    }
}

/// The request as API Gateway hands it on.
fn api_event(post: &Post) -> Value {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/gate-events/nexpa-entry.json")).unwrap();
    let key = format!("POST /v1/gates/{{gateId}}/{}", post.route);
    event["routeKey"] = json!(key);
    event["requestContext"]["routeKey"] = json!(key);
    event["rawPath"] = json!(format!("/v1/gates/{}/{}", post.gate, post.route));
    event["requestContext"]["http"]["path"] = event["rawPath"].clone();
    event["pathParameters"]["gateId"] = json!(post.gate);
    event["headers"] =
        json!({"host": "api.baro.example", "content-type": post.content_type, "x-gate-secret": GATE_SECRET});
    if let Some(path) = post.path {
        event["rawQueryString"] = json!(format!("path={path}"));
        event["queryStringParameters"] = json!({"path": path});
    }
    event["body"] = json!(STANDARD.encode(&post.body));
    event["isBase64Encoded"] = json!(true);
    event
}

const WEBHOOK_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The id of the webhook that is sent at this moment.
pub(crate) fn webhook_id(now: Timestamp) -> String {
    format!("msg_{}", now.as_second())
}

fn webhook_event(payment: &PaymentId, now: Timestamp) -> Value {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/payment-webhook/paid.json")).unwrap();
    let body = json!({
        "type": "Transaction.Paid", "timestamp": now,
        "data": {"storeId": "store-1", "paymentId": payment, "transactionId": "t"}
    })
    .to_string();
    let secret = baro_clients::webhook::WebhookSecret::parse(WEBHOOK_SECRET).unwrap();
    let id = webhook_id(now);
    event["headers"]["webhook-id"] = json!(id);
    event["headers"]["webhook-timestamp"] = json!(now.as_second().to_string());
    event["headers"]["webhook-signature"] = json!(secret.sign(&id, now.as_second(), body.as_bytes()));
    event["body"] = json!(body);
    event["isBase64Encoded"] = json!(false);
    event
}

/// SQS messages as Lambda hands them out: id, body, and for a FIFO queue its group.
pub fn sqs_event(messages: impl IntoIterator<Item = (String, String, Option<String>)>) -> SqsEvent {
    let record = |(id, body, group): (String, String, Option<String>)| {
        let suffix = if group.is_some() { ".fifo" } else { "" };
        let attributes = group.map_or_else(|| json!({}), |group| json!({"MessageGroupId": group}));
        json!({
            "messageId": id, "body": body, "attributes": attributes, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": format!("arn:aws:sqs:ap-northeast-2:000000000000:queue{suffix}")
        })
    };
    let records: Vec<Value> = messages.into_iter().map(record).collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}
