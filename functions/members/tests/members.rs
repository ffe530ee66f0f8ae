//! Becoming a member, proving it, and plates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod world;

use baro_domain::{
    DriverId, PlateNumber, Won,
    visit::{Payer, Pledge},
};
use baro_testing::Fault;
use serde_json::{Value, json};
use world::{World, company, driver, from, stranger};

fn plate() -> PlateNumber {
    PlateNumber::parse("12가3456")
}

impl World {
    async fn pledge(&self) -> Option<Pledge> {
        self.cloud.directory().pledges(&[plate()]).await.unwrap().pop().map(|(_, pledge)| pledge)
    }

    async fn plates_of(&self, payer: &Payer) -> Vec<String> {
        let member = self.cloud.directory().member(payer).await.unwrap().unwrap().value;
        member.plates.iter().map(|plate| plate.plate.as_str().to_owned()).collect()
    }
}

/// Of another plate or limit.
fn plate_of(plate: &str, limit: i64) -> impl FnOnce(&mut Value) {
    let (plate, limit) = (plate.to_owned(), json!({"limit": limit}).to_string());
    move |event| {
        event["pathParameters"]["plate"] = plate.into();
        event["body"] = limit.into();
    }
}

#[tokio::test]
async fn a_driver_becomes_a_member_and_is_known_by_the_key_alone() {
    let world = World::start().await;
    let joined = world.ask("join").await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    let (id, key) = (joined.body["memberId"].as_str().unwrap(), joined.body["key"].as_str().unwrap());
    let secret = key.strip_prefix(&format!("{id}.")).unwrap();
    assert_eq!(secret.len(), 64, "256 bits");
    let member = Payer::Driver(DriverId::parse(id).unwrap());
    let stored = world.cloud.directory().member(&member).await.unwrap().unwrap().value;
    assert!(!serde_json::to_string(&stored).unwrap().contains(secret), "the secret is kept nowhere");
    world.cloud.forget_calls();
    let me = world.ask_with("me", |event| event["headers"]["authorization"] = format!("Bearer {key}").into());
    let me = me.await;
    assert_eq!((me.status, &me.body["memberId"], &me.body["kind"]), (200, &json!(id), &json!("driver")));
    assert_eq!(me.body["issuing"]["customerId"], id);
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem", "GetItem"]);
}

#[tokio::test]
async fn the_same_wish_makes_no_second_member_and_no_second_key() {
    let world = World::start().await;
    let key = world.ask("join").await.body["key"].as_str().unwrap().to_owned();
    assert_eq!(world.ask("join").await.problem(), (409, "member-exists"));
    let me = world.ask_with("me", |event| event["headers"]["authorization"] = format!("Bearer {key}").into());
    assert_eq!(me.await.status, 200, "the first key still fits");
    let without = world.ask_with("join", |event| event["headers"]["idempotency-key"] = "".into()).await;
    assert_eq!(without.problem(), (400, "invalid-idempotency-key"));
}

#[tokio::test]
async fn every_wrong_key_is_refused_alike() {
    let world = World::start().await;
    for key in [
        "",
        "Bearer",
        "Bearer drv_4f1c7a0e9b2d58c63a71",
        "Bearer drv_4f1c7a0e9b2d58c63a71.",
        "Bearer drv_4f1c7a0e9b2d58c63a71.other",
        "Bearer drv_nobody.local-secret",
        "Bearer opr_daejeon-seogu.local-secret",
        "Bearer cmp_.local-secret",
        "Basic drv_4f1c7a0e9b2d58c63a71.local-secret",
    ] {
        for event in ["me", "card", "card-delete", "plate", "plate-delete"] {
            let answer = world.ask_with(event, |event| event["headers"]["authorization"] = key.into()).await;
            assert_eq!(answer.problem(), (401, "wrong-member-key"), "{event} {key}");
        }
    }
    assert!(world.gateway.asked.lock().unwrap().is_empty() && world.pledge().await.is_none());
}

#[tokio::test]
async fn a_plate_is_paid_for_with_one_transaction_and_shown_with_its_limit() {
    let world = World::start().await;
    let answer = world.ask("plate").await;
    assert_eq!((answer.status, &answer.body["limit"]), (200, &json!(50_000)), "{}", answer.body);
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem", "TransactWriteItems"]);
    assert_eq!(world.pledge().await, Some(Pledge { payer: driver(), limit: Won::new(50_000) }));
    let me = world.ask("me").await;
    assert_eq!(me.body["plates"], json!([{"plate": "12가3456", "limit": 50_000, "currency": "KRW"}]));
    world.cloud.forget_calls();
    assert_eq!(world.ask("plate").await.status, 200);
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem"], "the same again is no write");
    assert_eq!(world.ask_with("plate", plate_of("12가3456", 9_000)).await.status, 200);
    assert_eq!(world.pledge().await.unwrap().limit, Won::new(9_000));
    for _ in 0..2 {
        assert_eq!(world.ask("plate-delete").await.status, 204);
    }
    assert_eq!((world.pledge().await, world.plates_of(&driver()).await), (None, vec![]));
}

#[tokio::test]
async fn a_plate_that_somebody_else_pays_for_is_refused_and_stays_theirs() {
    let world = World::start().await;
    assert_eq!(world.ask("plate").await.status, 200);
    assert_eq!(world.ask_with("plate", from(&stranger())).await.problem(), (409, "plate-taken"));
    assert_eq!(
        world.ask_with("plate-delete", from(&stranger())).await.status,
        204,
        "it is not theirs to take"
    );
    assert_eq!(world.pledge().await.unwrap().payer, driver());
    assert!(world.plates_of(&stranger()).await.is_empty());
    assert_eq!(world.ask("plate-delete").await.status, 204);
    assert_eq!(world.ask_with("plate", from(&company())).await.status, 200, "and then it is free");
}

#[tokio::test]
async fn two_plates_registered_at_once_are_both_kept() {
    let world = World::start().await;
    let put = |plate: &'static str| world.ask_with("plate", plate_of(plate, 1_000));
    let (a, b) = tokio::join!(put("12가3456"), put("34나5678"));
    assert_eq!((a.status, b.status), (200, 200), "{} {}", a.body, b.body);
    assert_eq!(world.plates_of(&driver()).await, ["12가3456", "34나5678"]);
}

#[tokio::test]
async fn a_sixth_plate_of_a_driver_is_refused() {
    let world = World::start().await;
    for serial in 0..5 {
        assert_eq!(world.ask_with("plate", plate_of(&format!("12가000{serial}"), 1_000)).await.status, 200);
    }
    let sixth = world.ask("plate").await;
    assert_eq!((sixth.problem(), &sixth.body["most"]), ((409, "plates-full"), &json!(5)));
    assert!(world.pledge().await.is_none());
}

#[tokio::test]
async fn what_is_no_plate_or_no_limit_is_refused_by_name() {
    let world = World::start().await;
    for (plate, limit, status, code) in [
        ("HELLO", 1_000, 400, "invalid-plate"),
        ("----", 1_000, 400, "invalid-plate"),
        ("12가3456", 0, 400, "invalid-member"),
        ("12가3456", -5, 400, "invalid-member"),
        ("12가3456", 1_000_001, 400, "invalid-member"),
    ] {
        let answer = world.ask_with("plate", plate_of(plate, limit)).await;
        assert_eq!(answer.problem(), (status, code), "{plate} {limit}");
    }
    assert!(world.pledge().await.is_none());
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_simply_asked_again() {
    let world = World::start().await;
    world.cloud.fail_next("TransactWriteItems", Fault::After);
    let first = world.ask("plate").await;
    assert!([200, 503].contains(&first.status), "{}", first.body);
    assert_eq!(world.ask("plate").await.status, 200);
    assert_eq!(world.plates_of(&driver()).await, ["12가3456"]);
}
