//! Free spaces at an address that the edge may keep.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

mod world;

use std::collections::BTreeMap;

use baro_domain::{
    GateId, Lot,
    occupancy::{Count, CountReport, OccupancyRules, Reading, Source, SpaceClass},
};
use baro_store::OccupancyChange;
use baro_testing::{Fault, at, large_lot_record};
use serde_json::{Value, json};
use world::{Answer, World};

fn counter() -> Source {
    Source::Counter { device: GateId::parse("gate_counter").unwrap() }
}

/// 300 spaces, 8 of them for disabled people; a counter is trusted more than the visits.
async fn large_lot(world: &World) -> Lot {
    let mut record = large_lot_record();
    record.lot.occupancy = OccupancyRules {
        capacity: BTreeMap::from([(SpaceClass::Disabled, 8), (SpaceClass::Compact, 20)]),
        sources: BTreeMap::from([
            (SpaceClass::All, vec![counter(), Source::Visits]),
            (SpaceClass::Disabled, vec![counter()]),
        ]),
    };
    world.cloud.directory().put_lots(std::slice::from_ref(&record)).await.unwrap();
    let change = OccupancyChange { sequence: "1".into(), delta: 120 };
    world.cloud.activity().count_occupancy(&record.lot.id, &[change], at(20)).await.unwrap();
    record.lot
}

async fn report(world: &World, lot: &Lot, class: SpaceClass, free: u32, minutes: i64) {
    let count = Count { observed_at: at(minutes), reading: Reading::Free(free) };
    let report = CountReport { source: counter(), class, count };
    world.cloud.activity().report_counts(&lot.id, &[report]).await.unwrap();
}

async fn in_parkapi(world: &World) -> Answer {
    world
        .ask_with("occupancy", |event| {
            event["rawQueryString"] = "format=parkapi".into();
            event["queryStringParameters"] = json!({"format": "parkapi"});
        })
        .await
}

#[tokio::test]
async fn a_small_lot_is_counted_when_somebody_asks_and_once_in_ten_seconds() {
    let world = World::start().await;
    world.count_cars(3).await;
    world.ask("lot").await;
    world.cloud.forget_calls();
    let answer = world.ask("occupancy").await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, "public, max-age=10, stale-while-revalidate=30")
    );
    assert_eq!(answer.header("vary"), "", "one copy serves every language");
    let whole = &answer.body["classes"][0];
    assert_eq!(
        (&whole["class"], &whole["capacity"], &whole["freeSpaces"]),
        (&json!("all"), &json!(65), &json!(62))
    );
    assert_eq!((&whole["source"], &whole["outdated"]), (&json!("visits"), &json!(false)));
    assert_eq!(whole["observedAt"], "2026-11-20T10:25:00+09:00");
    world.ask("occupancy").await;
    assert!(world.cloud.dynamodb_calls().len() <= 1, "{:?}", world.cloud.dynamodb_calls());
    world.clock.advance(jiff::SignedDuration::from_secs(11));
    world.ask("occupancy").await;
    assert_eq!(world.cloud.dynamodb_calls().last().unwrap(), "Query");
}

#[tokio::test]
async fn the_same_answer_is_not_sent_twice() {
    let world = World::start().await;
    let first = world.ask("occupancy").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let known = |event: &mut Value| event["headers"]["if-none-match"] = format!("\"x\", {tag}").into();
    let again = world.ask_with("occupancy", known).await;
    assert_eq!((again.status, &again.body, again.header("etag")), (304, &Value::Null, tag.as_str()));
    assert_eq!(again.header("cache-control"), first.header("cache-control"));
    world.count_cars(1).await;
    world.clock.advance(jiff::SignedDuration::from_secs(11));
    let changed = world.ask_with("occupancy", known).await;
    assert_eq!((changed.status, &changed.body["classes"][0]["freeSpaces"]), (200, &json!(64)));
}

#[tokio::test]
async fn a_counter_that_falls_silent_hands_over_to_the_visits() {
    let world = World::start().await;
    let lot = large_lot(&world).await;
    report(&world, &lot, SpaceClass::All, 77, 10).await;
    report(&world, &lot, SpaceClass::Disabled, 2, 10).await;
    let answer = world.ask("occupancy").await;
    let classes = answer.body["classes"].as_array().unwrap().clone();
    assert_eq!((&classes[0]["freeSpaces"], &classes[0]["source"]), (&json!(77), &json!("counter")));
    assert_eq!((&classes[1]["class"], &classes[1]["freeSpaces"]), (&json!("disabled"), &json!(2)));
    assert_eq!((&classes[2]["class"], &classes[2]["freeSpaces"]), (&json!("compact"), &Value::Null));
    world.clock.set(at(41));
    let later = world.ask("occupancy").await;
    let classes = later.body["classes"].as_array().unwrap().clone();
    assert_eq!((&classes[0]["freeSpaces"], &classes[0]["source"]), (&json!(180), &json!("visits")));
    assert_eq!((&classes[1]["freeSpaces"], &classes[1]["outdated"]), (&json!(2), &json!(true)));
    let list = world.ask("lots-near").await;
    assert_eq!(list.body["lots"][0]["freeSpaces"], 180, "the list tells the same");
}

#[tokio::test]
async fn parkapi_gets_its_own_names() {
    let world = World::start().await;
    let lot = large_lot(&world).await;
    report(&world, &lot, SpaceClass::All, 77, 10).await;
    report(&world, &lot, SpaceClass::Disabled, 2, 5).await;
    let site = in_parkapi(&world).await.body;
    assert_eq!(site["uid"], "lot_test");
    assert_eq!((&site["capacity"], &site["realtime_free_capacity"]), (&json!(300), &json!(77)));
    assert_eq!(
        (&site["capacity_disabled"], &site["realtime_free_capacity_disabled"]),
        (&json!(8), &json!(2))
    );
    assert_eq!(site["realtime_data_updated_at"], "2026-11-20T01:05:00+00:00");
    assert_eq!((&site["has_realtime_data"], site.get("capacity_compact")), (&json!(true), None));
}

#[tokio::test]
async fn an_unknown_format_lot_or_table_is_told_apart() {
    let world = World::start().await;
    large_lot(&world).await;
    let format = world
        .ask_with("occupancy", |event| {
            event["rawQueryString"] = "format=xml".into();
            event["queryStringParameters"] = json!({"format": "xml"});
        })
        .await;
    assert_eq!(format.problem(), (400, "invalid-parameter"));
    let lot = world.ask_with("occupancy", |event| event["pathParameters"]["lotId"] = "lot_none".into()).await;
    assert_eq!(lot.problem(), (404, "lot-not-found"));
    for _ in 0..3 {
        world.cloud.fail_next("BatchGetItem", Fault::Before);
    }
    assert_eq!(world.ask("occupancy").await.problem(), (503, "temporarily-unavailable"));
}
