//! A driver disputes a visit in one call.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it stands")]
#![allow(dead_code, reason = "not every test file uses all of the world")]

mod world;

use baro_domain::{Passage, notice::Language};
use baro_testing::{at, plate};
use serde_json::json;
use world::World;

#[tokio::test]
async fn a_dispute_shows_what_the_gates_saw_and_holds_the_price_where_it_is() {
    let world = World::start().await;
    world.enter(0).await;
    let answer = world.ask("dispute").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["plate"], "1****56");
    assert_eq!(answer.body["disputedAt"], "2026-11-20T10:25:00+09:00");
    assert_eq!(answer.body["reads"].as_array().unwrap().len(), 1);
    assert_eq!(answer.body["reads"][0]["passage"], "entered");
    assert_eq!(answer.body["price"]["due"], 1_000);
    assert!(!answer.body.to_string().contains("가3456"), "no plate in full, no picture");
    world.clock.set(at(300));
    let later = world.ask("visit").await;
    assert_eq!((&later.body["due"], &later.body["leaveBy"]), (&json!(1_000), &json!(null)));
}

#[tokio::test]
async fn the_same_dispute_sent_twice_is_one_and_another_waits_for_the_first() {
    let world = World::start().await;
    world.enter(0).await;
    let first = world.ask("dispute").await;
    world.clock.set(at(40));
    let again = world.ask("dispute").await;
    assert_eq!((again.status, &again.body["disputedAt"]), (200, &first.body["disputedAt"]));
    assert_eq!(again.body["disputeId"], first.body["disputeId"]);
    let changed = json!({"reason": "not_my_car"}).to_string();
    let reused = world.ask_with("dispute", |event| event["body"] = json!(changed)).await;
    assert_eq!(reused.problem(), (422, "idempotency-key-reused"));
    let other =
        world.ask_with("dispute", |event| event["headers"]["idempotency-key"] = json!("dispute-0002")).await;
    assert_eq!(other.problem(), (409, "dispute-open"));
    let facts = world.cloud.parking().facts(&"lot_test".parse().unwrap(), &plate()).await.unwrap();
    assert_eq!(facts.rulings.len(), 1);
}

#[tokio::test]
async fn a_visit_that_nobody_saw_or_that_ended_long_ago_can_not_be_disputed() {
    let world = World::start().await;
    assert_eq!(world.ask("dispute").await.problem(), (404, "visit-not-found"));
    world.enter(0).await;
    world.record("out", Passage::Left, 10).await;
    assert_eq!(world.ask("dispute").await.status, 201, "it ended a moment ago");
    world.clock.set(at(3_000));
    let later =
        world.ask_with("dispute", |event| event["headers"]["idempotency-key"] = json!("dispute-0003")).await;
    assert_eq!(later.problem(), (404, "visit-not-found"));
}

#[tokio::test]
async fn whom_to_tell_is_kept_with_the_dispute_and_shown_to_nobody() {
    let world = World::start().await;
    world.enter(0).await;
    let body = json!({"reason": "already_left", "contact": {"phone": "010-0000-1234", "language": "en"}});
    let said = async |key: &str, body: serde_json::Value| {
        let key = json!(key);
        world
            .ask_with("dispute", |event| {
                event["headers"]["idempotency-key"] = key;
                event["body"] = json!(body.to_string());
            })
            .await
    };
    let bad = said("dispute-0001", json!({"reason": "other", "contact": {"phone": "02-123-4567"}})).await;
    assert_eq!(bad.problem(), (400, "invalid-contact"));
    let made = said("dispute-0001", body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(!made.body.to_string().contains("1234"), "{}", made.body);
    assert_eq!(said("dispute-0001", body).await.status, 200);
    let facts = world.cloud.parking().facts(&"lot_test".parse().unwrap(), &plate()).await.unwrap();
    let (_, contact) = facts.dispute(&facts.rulings[0].id).unwrap();
    assert_eq!((contact.phone.as_deref(), contact.language), (Some("01000001234"), Language::En));
    assert!(!format!("{facts:?}").contains("0001234"), "not in debug text");
}

#[tokio::test]
async fn a_dispute_needs_a_known_reason_a_short_note_and_a_key() {
    let world = World::start().await;
    world.enter(0).await;
    for body in [json!({"reason": "rude"}), json!({}), json!({"reason": "other", "note": "가".repeat(301)})]
    {
        let answer = world.ask_with("dispute", |event| event["body"] = json!(body.to_string())).await;
        assert_eq!(answer.problem(), (400, "invalid-member"), "{body}");
    }
    let keyless = world
        .ask_with("dispute", |event| {
            event["headers"].as_object_mut().unwrap().remove("idempotency-key");
        })
        .await;
    assert_eq!(keyless.problem(), (400, "invalid-idempotency-key"));
}
