//! A gateway whose webhooks were dropped, delayed and doubled, over HTTP; the real payment-sync behind the queue; tables, queue and
//! bucket behind the real SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::sync::Arc;

use aws_lambda_events::sqs::SqsEvent;
use baro_domain::{PaymentId, Won, payment::PaymentStatus};
use baro_gateway::RotatingPortOne;
use baro_payment_sync::PaymentSync;
use baro_reconciliation::{Asked, DaySummary, ReconcileError, Reconciliation};
use baro_runtime::{Clock, Config};
use baro_testing::{BILLING, Cloud, Fault, PARKING, payment};
use jiff::{SignedDuration, civil::date};
use serde_json::{Value, json};

use shop::Shop;

const SUMMARY: &str = "statements/reconciliation/2026-11-20/summary.json";

struct World {
    cloud: Cloud,
    shop: Shop,
    clock: Clock,
    reconciliation: Reconciliation,
    sync: PaymentSync,
}

impl World {
    /// It is 00:40 of the 21st.
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        cloud.put_secret("portone", r#"{"apiSecret":"api-secret"}"#);
        let (shop, url) = Shop::start().await;
        let clock = Clock::at("2026-11-21T00:40:00+09:00".parse().unwrap());
        let config = Config::from_pairs([
            ("BILLING_TABLE", BILLING),
            ("PARKING_TABLE", PARKING),
            ("PAYMENT_QUEUE_URL", "http://queues/payments"),
            ("STATEMENT_BUCKET", "statements"),
            ("PORTONE_BASE_URL", &url),
            ("PORTONE_STORE_ID", "store-1"),
            ("PORTONE_CHANNEL_TYPE", "TEST"),
            ("PORTONE_SECRET_ID", "portone"),
        ]);
        let reconciliation = Reconciliation::new(&config, &cloud.aws, clock.clone()).unwrap();
        let gateway = RotatingPortOne::from_config(&cloud.aws, &config, clock.clone()).unwrap();
        let sync = PaymentSync::new(
            (cloud.billing(), cloud.parking()),
            baro_testing::shop(),
            Arc::new(gateway),
            clock.clone(),
        );
        Self { cloud, shop, clock, reconciliation, sync }
    }

    /// A driver was asked for 1,300 won; nothing is paid yet.
    async fn asked(&self, name: &str) -> PaymentId {
        let id = PaymentId::derive(&[name]);
        self.cloud.billing().create(&payment(&id)).await.unwrap();
        id
    }

    /// A payment that the gateway took and told of.
    async fn paid(&self, name: &str) -> PaymentId {
        let id = self.asked(name).await;
        self.shop.pay(id.as_str(), 1_300, "2026-11-20T02:01:00Z");
        self.deliver(std::slice::from_ref(&id)).await;
        id
    }

    /// Webhooks reach payment-sync, one for each of these.
    async fn deliver(&self, payments: &[PaymentId]) {
        let bodies = payments.iter().map(|id| json!({"source": "portone-v2", "paymentId": id}).to_string());
        self.sync_on(bodies.collect()).await;
    }

    async fn sync_on(&self, bodies: Vec<String>) {
        let record = |(n, body): (usize, String)| json!({"messageId": format!("m{n}"), "body": body, "attributes": {}, "messageAttributes": {}});
        let records: Vec<Value> = bodies.into_iter().enumerate().map(record).collect();
        let event: SqsEvent = serde_json::from_value(json!({"Records": records})).unwrap();
        assert_eq!(self.sync.handle(event).await.unwrap().batch_item_failures.len(), 0);
    }

    /// What reconciliation put on the queue reaches payment-sync.
    async fn heal(&self) -> usize {
        let messages = self.cloud.take_messages();
        let bodies: Vec<String> = messages.into_iter().map(|message| message.body).collect();
        let count = bodies.len();
        self.sync_on(bodies).await;
        count
    }

    async fn run(&self) -> Result<DaySummary, ReconcileError> {
        let asked = Asked { day: Some(date(2026, 11, 20)) };
        self.reconciliation.run(asked).await.map(|mut summary| summary.days.remove(0))
    }

    fn summary(&self) -> Value {
        serde_json::from_slice(&self.cloud.objects()[SUMMARY]).unwrap()
    }

    fn findings(&self) -> Vec<(String, String, String)> {
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        let all = self.summary()["findings"].as_array().unwrap().clone();
        all.iter().map(|one| (text(one, "payment"), text(one, "kind"), text(one, "severity"))).collect()
    }
}

#[tokio::test]
async fn equal_books_have_no_finding_and_ask_nobody() {
    let world = World::start().await;
    world.paid("a").await;
    let day = world.run().await.unwrap();
    assert_eq!((day.payments, day.difference, day.healing, day.for_person), (1, Won::ZERO, 0, 0));
    assert_eq!(world.cloud.take_messages(), Vec::new());
    assert_eq!(world.cloud.objects().len(), 3);
}

#[tokio::test]
async fn lost_late_and_doubled_webhooks_end_in_equal_books() {
    let world = World::start().await;
    let doubled = world.paid("doubled").await;
    world.deliver(&[doubled.clone(), doubled.clone()]).await;
    let dropped = world.asked("dropped").await;
    world.shop.pay(dropped.as_str(), 1_300, "2026-11-20T05:00:00Z");
    let refunded = world.paid("refunded").await;
    world.shop.give_back(refunded.as_str(), 300, "2026-11-20T06:00:00Z");
    // An account that was issued days ago, paid into on the day; its webhook is still under way.
    let late = world.asked("late").await;
    world.shop.pay(late.as_str(), 1_300, "2026-11-20T07:00:00Z");
    world.shop.set(late.as_str(), "requestedAt", json!("2026-11-15T00:00:00Z"));
    let wrong = world.asked("wrong amount").await;
    world.shop.pay(wrong.as_str(), 100, "2026-11-20T08:00:00Z");
    let unpaid = world.asked("unpaid").await;

    let first = world.run().await.unwrap();
    assert_eq!(
        (first.difference, first.healing, first.for_person),
        (Won::new(1_300 + 1_300 + 100 - 300), 4, 0)
    );
    let bodies: Vec<String> = world.cloud.messages().into_iter().map(|message| message.body).collect();
    assert!(bodies.contains(&json!({"source": "reconciliation", "paymentId": dropped}).to_string()));
    assert_eq!(world.heal().await, 4);
    // The one that was under way, one too many, and that of the money which payment-sync sent back.
    world.deliver(&[late.clone(), dropped.clone(), wrong.clone()]).await;

    let second = world.run().await.unwrap();
    assert_eq!((second.difference, second.healing, second.healed, second.for_person), (Won::ZERO, 0, 4, 0));
    let status =
        async |id: &PaymentId| world.cloud.billing().payment(id).await.unwrap().unwrap().value.status;
    assert_eq!(status(&dropped).await, PaymentStatus::Paid);
    assert_eq!(status(&refunded).await, PaymentStatus::PartlyRefunded);
    assert_ne!(status(&wrong).await, PaymentStatus::Paid);
    assert_eq!(status(&unpaid).await, PaymentStatus::Requested);
    assert_eq!(world.shop.cancelled(wrong.as_str()), 100, "what nobody asked for went back");
    assert!(world.findings().contains(&(dropped.to_string(), "missing_here".into(), "heals".into())));
    assert!(world.summary()["findings"][0]["healedAt"].is_string(), "what healed stays in the report");
    let csv = world.cloud.objects()["statements/reconciliation/2026-11-20/report.csv"].clone();
    assert!(String::from_utf8(csv).unwrap().contains("미반영 환불"));
}

#[tokio::test]
async fn a_third_run_changes_nothing_but_its_time() {
    let world = World::start().await;
    let dropped = world.asked("dropped").await;
    world.shop.pay(dropped.as_str(), 1_300, "2026-11-20T05:00:00Z");
    world.run().await.unwrap();
    world.heal().await;
    world.run().await.unwrap();
    let before = world.summary();
    world.clock.advance(SignedDuration::from_hours(24));
    world.run().await.unwrap();
    assert_eq!(world.summary()["findings"], before["findings"]);
    assert_eq!(world.cloud.take_messages(), Vec::new());
    assert_eq!(world.cloud.objects().len(), 3);
}

#[tokio::test]
async fn money_for_an_order_we_never_made_is_a_persons_with_a_posting_to_suspense() {
    let world = World::start().await;
    world.shop.pay("order-of-another-system", 5_000, "2026-11-20T05:00:00Z");
    world.shop.pay("a-test-beside-it", 7_000, "2026-11-20T05:00:00Z");
    world.shop.set("a-test-beside-it", "channel", json!({"type": "LIVE"}));
    let day = world.run().await.unwrap();
    assert_eq!((day.difference, day.healing, day.for_person), (Won::new(5_000), 0, 1));
    assert_eq!(world.cloud.take_messages(), Vec::new());
    let proposal = world.summary()["findings"][0]["proposal"].clone();
    let wanted = json!({"debit": "1110 pg-clearing", "credit": "2910 suspense", "amount": 5_000});
    assert_eq!(proposal, wanted);
}

#[tokio::test]
async fn a_payment_that_the_gateway_has_lost_is_looked_up_before_anybody_is_called() {
    let world = World::start().await;
    let unlisted = world.paid("unlisted").await;
    world.shop.hide(unlisted.as_str());
    let day = world.run().await.unwrap();
    assert_eq!((day.payments, day.for_person), (1, 0), "what the journal names is asked for by its id");
    world.shop.forget(unlisted.as_str());
    let day = world.run().await.unwrap();
    assert_eq!((day.difference, day.for_person), (Won::new(-1_300), 1));
    let finding = world.summary()["findings"][0].clone();
    assert_eq!(
        (&finding["kind"], &finding["proposal"]["debit"]),
        (&json!("missing_there"), &json!("2110 lot-payable lot_test"))
    );
}

#[tokio::test]
async fn money_that_moves_while_the_day_is_read_calls_nobody() {
    let world = World::start().await;
    let moving = world.paid("moving").await;
    world.shop.lag(moving.as_str());
    world.shop.give_back(moving.as_str(), 300, "2026-11-20T06:00:00Z");
    world.deliver(std::slice::from_ref(&moving)).await;
    let day = world.run().await.unwrap();
    assert_eq!((day.difference, day.healing, day.for_person), (Won::ZERO, 0, 0), "a second look shows it");
}

#[tokio::test]
async fn what_does_not_heal_in_an_hour_is_for_a_person() {
    let world = World::start().await;
    let dropped = world.asked("dropped").await;
    world.shop.pay(dropped.as_str(), 1_300, "2026-11-20T05:00:00Z");
    assert_eq!(world.run().await.unwrap().healing, 1);
    world.clock.advance(SignedDuration::from_mins(61));
    let later = world.run().await.unwrap();
    assert_eq!((later.healing, later.for_person), (0, 1));
}

#[tokio::test]
async fn a_run_that_fails_leaves_the_last_report_as_it_was() {
    let world = World::start().await;
    world.shop.break_page(2);
    for number in 0..60 {
        world.shop.pay(&format!("pay_{number}"), 100, "2026-11-20T05:00:00Z");
    }
    assert!(matches!(world.run().await, Err(ReconcileError::Gateway(_))), "a part of a day is no day");
    assert_eq!(world.cloud.objects().len(), 0);
    assert_eq!(world.cloud.take_messages(), Vec::new());
    world.shop.break_page(0);
    for _ in 0..3 {
        world.cloud.fail_next("BatchGetItem", Fault::Before);
    }
    assert!(matches!(world.run().await, Err(ReconcileError::Store(_))));
    assert_eq!(world.cloud.objects().len(), 0);
    assert_eq!(world.run().await.unwrap().payments, 60);
    for _ in 0..3 {
        world.cloud.fail_next("GET", Fault::Before);
    }
    let before = world.summary();
    world.clock.advance(SignedDuration::from_mins(5));
    assert!(
        matches!(world.run().await, Err(ReconcileError::S3(_))),
        "what an earlier run knew is not forgotten"
    );
    assert_eq!(world.summary(), before);
}

#[tokio::test]
async fn a_hint_that_is_not_sent_is_not_reported_as_sent() {
    let world = World::start().await;
    let dropped = world.asked("dropped").await;
    world.shop.pay(dropped.as_str(), 1_300, "2026-11-20T05:00:00Z");
    for _ in 0..3 {
        world.cloud.fail_next("SendMessage", Fault::Before);
    }
    assert!(matches!(world.run().await, Err(ReconcileError::Queue(_))));
    assert_eq!(world.cloud.objects().len(), 0);
    assert_eq!(world.run().await.unwrap().healing, 1);
}

#[tokio::test]
async fn a_day_costs_a_few_requests_and_a_night_has_three_days() {
    let world = World::start().await;
    world.paid("a").await;
    world.cloud.forget_calls();
    world.run().await.unwrap();
    let calls = world.cloud.dynamodb_calls();
    assert_eq!(calls.iter().filter(|call| *call == "Query").count(), 16, "the journal's partitions");
    assert_eq!(calls.iter().filter(|call| *call == "BatchGetItem").count(), 1);
    assert_eq!(calls.len(), 17);
    let nightly: Asked =
        serde_json::from_str(include_str!("../../../events/reconciliation/nightly.json")).unwrap();
    let days: Vec<_> =
        world.reconciliation.run(nightly).await.unwrap().days.into_iter().map(|day| day.day).collect();
    assert_eq!(days, [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]);
    let tomorrow = Asked { day: Some(date(2026, 11, 22)) };
    assert!(matches!(world.reconciliation.run(tomorrow).await, Err(ReconcileError::NotYet(_))));
    let by_hand: Asked =
        serde_json::from_str(include_str!("../../../events/reconciliation/day.json")).unwrap();
    assert_eq!(by_hand.day, Some(date(2026, 11, 20)));
}
