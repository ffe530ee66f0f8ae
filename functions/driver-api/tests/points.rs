//! Points: bought, spent on a fee, had back as money; each wish once, and only with the key of the driver whose they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod world;

use baro_domain::{
    AccessKey, BusinessNumber, Company, CompanyId, DriverId, Member, PaymentId, Won,
    payment::{PaymentStatus, Purpose, ReportState},
    points::Points,
    visit::Payer,
};
use baro_runtime::access::digest_of;
use baro_testing::{at, lot_record, plate};
use serde_json::{Value, json};
use world::World;

/// The driver whose key the sample events carry.
fn driver() -> DriverId {
    DriverId::parse("drv_4f1c7a0e9b2d58c63a71").unwrap()
}

fn points(paid: i64, bonus: i64) -> Points {
    Points { paid: Won::new(paid), bonus: Won::new(bonus) }
}

impl World {
    /// With two drivers and a company who are members.
    async fn with_members() -> Self {
        let world = Self::start().await;
        let key = || AccessKey { name: "k".into(), secret_sha256: digest_of("local-secret") };
        let company = Company {
            name: "한밭물류".into(),
            business_number: BusinessNumber::parse("120-81-47521").unwrap(),
        };
        let members = [
            Member::new(Payer::Driver(driver()), None, key(), at(0)),
            Member::new(Payer::Driver(DriverId::parse("drv_stranger").unwrap()), None, key(), at(0)),
            Member::new(Payer::Company(CompanyId::parse("cmp_hanbat").unwrap()), Some(company), key(), at(0)),
        ];
        for member in members {
            assert!(world.cloud.directory().create_member(&member).await.unwrap());
        }
        world
    }

    async fn balance(&self) -> Points {
        self.cloud.billing().wallet(&driver()).await.unwrap().balance
    }

    /// The gateway has the money for a top-up of so much.
    async fn topped_up(&self, amount: i64) -> PaymentId {
        let started = self.ask_with("top-up", body(&json!({"amount": amount}))).await;
        assert_eq!(started.status, 201, "{}", started.body);
        let id: PaymentId = started.body["paymentId"].as_str().unwrap().parse().unwrap();
        self.report_of(&id, ReportState::Paid, 26).await;
        id
    }

    async fn entries(&self) -> Value {
        self.ask("points").await.body["entries"].clone()
    }
}

fn body(body: &Value) -> impl FnOnce(&mut Value) + use<> {
    let body = body.to_string();
    move |event| event["body"] = body.into()
}

fn key(key: &str) -> impl FnOnce(&mut Value) + use<> {
    let key = format!("Bearer {key}");
    move |event| event["headers"]["authorization"] = key.into()
}

#[tokio::test]
async fn points_are_in_the_wallet_with_their_bonus_when_the_gateway_has_the_money() {
    let world = World::with_members().await;
    let started = world.ask("top-up").await;
    assert_eq!((started.status, &started.body["amount"]), (201, &json!(10_000)), "{}", started.body);
    assert_eq!(world.gateway.pinned()[0].1, json!(10_000), "the window takes no other sum");
    assert_eq!(world.balance().await, Points::ZERO, "asked for is not bought");
    let again = world.ask("top-up").await;
    assert_eq!((again.status, &again.body["paymentId"]), (200, &started.body["paymentId"]));
    let id: PaymentId = started.body["paymentId"].as_str().unwrap().parse().unwrap();
    world.report_of(&id, ReportState::Paid, 26).await;
    world.cloud.forget_calls();
    let wallet = world.ask("points").await;
    let mut calls = world.cloud.dynamodb_calls();
    calls.sort_unstable();
    assert_eq!(calls, ["GetItem", "GetItem", "Query"], "the member, the wallet, its entries");
    assert_eq!((&wallet.body["paid"], &wallet.body["bonus"]), (&json!(10_000), &json!(1_000)));
    let entry = &wallet.body["entries"][0];
    assert_eq!((&entry["kind"], &entry["at"]), (&json!("top_up"), &json!("2026-11-20T10:26:00+09:00")));
    let paid = world.ask_with("payment", |event| event["pathParameters"]["paymentId"] = id.as_str().into());
    assert_eq!(paid.await.body["status"], "paid");
}

#[tokio::test]
async fn a_wish_to_buy_is_for_one_sum_and_within_what_a_wallet_holds() {
    let world = World::with_members().await;
    assert_eq!(world.ask("top-up").await.status, 201);
    let other = world.ask_with("top-up", body(&json!({"amount": 20_000}))).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
    for amount in [-1, 0, 999] {
        let little = world.ask_with("top-up", body(&json!({"amount": amount}))).await;
        assert_eq!(
            (little.problem(), &little.body["pointer"]),
            ((400, "invalid-member"), &json!("#/amount"))
        );
    }
    let world = World::with_members().await;
    let much = world.ask_with("top-up", body(&json!({"amount": 454_547}))).await;
    assert_eq!((much.problem(), &much.body["most"]), ((409, "wallet-full"), &json!(500_000)));
    world.topped_up(454_546).await;
    assert_eq!(world.balance().await, points(454_546, 45_454));
    let again = world.ask_with("top-up", body(&json!({"amount": 454_546}))).await;
    assert_eq!(again.status, 200, "the wallet is full because of this very wish");
}

#[tokio::test]
async fn a_fee_that_points_cover_is_paid_at_once_and_its_visit_knows() {
    let world = World::with_members().await;
    world.topped_up(10_000).await;
    world.enter(0).await;
    world.clock.set(at(60));
    world.cloud.forget_calls();
    let paid = world.ask_with("start-payment-points", body(&json!({"points": 5_000}))).await;
    assert_eq!((paid.status, &paid.body["status"]), (201, &json!("paid")), "{}", paid.body);
    let fee = paid.body["points"].as_i64().unwrap();
    assert_eq!((&paid.body["amount"], fee > 0), (&json!(0), true));
    assert_eq!(world.cloud.dynamodb_calls().len(), 5, "lot, facts, member, wallet, one transaction");
    assert_eq!(world.balance().await, points(10_000 - fee, 1_000), "what was paid for is spent first");
    let facts = world.cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap();
    assert_eq!(facts.payments[0].amount, Won::new(fee));
    let again = world.ask_with("start-payment-points", body(&json!({"points": 5_000}))).await;
    assert_eq!((again.status, &again.body["paymentId"]), (200, &paid.body["paymentId"]));
    assert_eq!(world.balance().await, points(10_000 - fee, 1_000), "the same wish takes nothing twice");
    assert_eq!(world.ask("visit").await.body["due"], 0);
    assert_eq!(world.entries().await[0]["kind"], "points_held");
}

#[tokio::test]
async fn points_and_a_card_pay_one_fee_together() {
    let world = World::with_members().await;
    world.topped_up(10_000).await;
    world.enter(0).await;
    world.clock.set(at(60));
    let due = world.ask("visit").await.body["due"].as_i64().unwrap();
    let started = world.ask_with("start-payment-points", body(&json!({"points": 500}))).await;
    assert_eq!((started.status, &started.body["status"]), (201, &json!("requested")), "{}", started.body);
    assert_eq!((&started.body["points"], &started.body["amount"]), (&json!(500), &json!(due - 500)));
    assert_eq!(world.gateway.pinned().last().unwrap().1, json!(due - 500));
    assert_eq!(world.balance().await, points(9_500, 1_000), "held");
    let id: PaymentId = started.body["paymentId"].as_str().unwrap().parse().unwrap();
    world.report_of(&id, ReportState::Paid, 61).await;
    let stored = world.cloud.billing().payment(&id).await.unwrap().unwrap().value;
    assert_eq!(
        (stored.status, stored.kept(), stored.captured),
        (PaymentStatus::Paid, Won::new(due), Won::new(due - 500))
    );
    world.clock.set(at(62));
    assert_eq!(world.ask("visit").await.body["due"], 0);
    let state =
        world.ask_with("payment", |event| event["pathParameters"]["paymentId"] = id.as_str().into()).await;
    assert_eq!((&state.body["captured"], &state.body["points"]), (&json!(due), &json!(500)));
}

#[tokio::test]
async fn points_are_spent_with_their_drivers_key_alone() {
    let world = World::with_members().await;
    world.topped_up(10_000).await;
    world.enter(0).await;
    world.clock.set(at(60));
    for wrong in ["", "drv_4f1c7a0e9b2d58c63a71.other", "drv_nobody.local-secret"] {
        for event in ["start-payment-points", "points", "top-up", "cash-out"] {
            assert_eq!(
                world.ask_with(event, key(wrong)).await.problem(),
                (401, "wrong-member-key"),
                "{event}"
            );
        }
    }
    for event in ["start-payment-points", "points", "top-up", "cash-out"] {
        let company = world.ask_with(event, key("cmp_hanbat.local-secret")).await;
        assert_eq!(company.problem(), (409, "no-wallet"), "{event}");
    }
    let poor = world.ask_with("start-payment-points", key("drv_stranger.local-secret")).await;
    assert_eq!((poor.problem(), &poor.body["most"]), ((409, "points-short"), &json!(0)));
    for none in [0, -5] {
        let asked = world.ask_with("start-payment-points", body(&json!({"points": none}))).await;
        assert_eq!(asked.problem(), (400, "invalid-member"));
    }
    assert_eq!(world.balance().await, points(10_000, 1_000), "nobody else has touched them");
}

#[tokio::test]
async fn money_is_had_back_for_points_once_for_each_wish() {
    let world = World::with_members().await;
    let top_up = world.topped_up(10_000).await;
    let back = world.ask("cash-out").await;
    assert_eq!((back.status, &back.body["amount"]), (201, &json!(5_000)), "{}", back.body);
    assert_eq!(world.balance().await, points(5_000, 500), "with the bonus on them");
    let again = world.ask("cash-out").await;
    assert_eq!((again.status, &again.body["refundId"]), (200, &back.body["refundId"]));
    let other = world.ask_with("cash-out", body(&json!({"amount": 1}))).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
    assert_eq!(world.balance().await, points(5_000, 500));
    let stored = world.cloud.billing().payment(&top_up).await.unwrap().unwrap().value;
    assert!(matches!(stored.purpose, Purpose::TopUp(_)));
    let refunds: Vec<_> =
        stored.refunds.iter().map(|refund| (refund.id.to_string(), refund.amount)).collect();
    assert_eq!(refunds, [(back.body["refundId"].as_str().unwrap().to_owned(), Won::new(5_000))]);
    let much = world.ask_with("cash-out", |event| {
        event["headers"]["idempotency-key"] = "another-wish".into();
        event["body"] = json!({"amount": 5_001}).to_string().into();
    });
    let much = much.await;
    assert_eq!((much.problem(), &much.body["most"]), ((409, "points-short"), &json!(5_000)));
    let rest = world.ask_with("cash-out", |event| {
        event["headers"]["idempotency-key"] = "all-of-it".into();
        event.as_object_mut().unwrap().remove("body");
    });
    assert_eq!(rest.await.body["amount"], 5_000);
    assert_eq!(world.balance().await, Points::ZERO);
}

#[tokio::test]
async fn a_debt_is_not_paid_with_points() {
    let world = World::with_members().await;
    let asked = world
        .ask_with("pay-receivable", |event| {
            event["headers"]["content-type"] = "application/json".into();
            event["body"] = json!({"points": 100}).to_string().into();
        })
        .await;
    assert_eq!((asked.problem(), &asked.body["pointer"]), ((400, "invalid-member"), &json!("#/points")));
}
