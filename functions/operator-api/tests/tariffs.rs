//! Tariffs change from a day on, and never backwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod desk;

use baro_testing::{Fault, at};
use desk::Desk;
use serde_json::{Value, json};

fn with_document(event: &mut Value, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    change(&mut document);
    event["body"] = document.to_string().into();
}

#[tokio::test]
async fn a_new_price_is_announced_and_charges_from_its_day_on() {
    let desk = Desk::start().await;
    let taken = desk.ask("tariff-put").await;
    assert_eq!((taken.status, &taken.body["version"]), (200, &json!(2)), "{}", taken.body);
    assert!(taken.body["findings"].is_array());
    let listed = desk.ask("tariffs").await;
    let states: Vec<_> = listed.body["versions"].as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert_eq!(states, [&json!("in_force"), &json!("announced")]);
    let record = desk.cloud.directory().lot(&"lot_test".parse().unwrap()).await.unwrap().unwrap();
    let fees = record.priced().unwrap().fees;
    let december: jiff::Timestamp = "2026-12-01T09:00:00+09:00".parse().unwrap();
    assert_eq!(fees.quote(at(0), december).unwrap().tariff_version, 1, "it came in November");
    assert_eq!(fees.quote(december, december).unwrap().tariff_version, 2);
}

#[tokio::test]
async fn the_same_version_sent_twice_is_taken_once() {
    let desk = Desk::start().await;
    assert_eq!(desk.ask("tariff-put").await.status, 200);
    assert_eq!(desk.ask("tariff-put").await.status, 200);
    let listed = desk.ask("tariffs").await;
    assert_eq!(listed.body["versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_price_can_t_change_under_who_is_inside() {
    let desk = Desk::start().await;
    let today = desk
        .ask_with("tariff-put", |event| with_document(event, |it| it["validFrom"] = json!("2026-11-20")))
        .await;
    assert_eq!(today.problem(), (409, "tariff-version-refused"));
    assert_eq!(today.body["earliest"], "2026-11-21");
    let rewritten = desk
        .ask_with("tariff-put", |event| {
            event["pathParameters"]["version"] = json!("1");
            with_document(event, |it| it["version"] = json!(1));
        })
        .await;
    assert_eq!(rewritten.problem(), (409, "tariff-version-refused"));
    // Five minutes before midnight some still price by the record of before.
    desk.clock.set("2026-11-20T23:57:00+09:00".parse().unwrap());
    let at_once = desk
        .ask_with("tariff-put", |event| with_document(event, |it| it["validFrom"] = json!("2026-11-21")))
        .await;
    assert_eq!(at_once.body["earliest"], "2026-11-22");
}

#[tokio::test]
async fn a_bad_tariff_is_refused_with_the_path_of_each_fault() {
    let desk = Desk::start().await;
    let bad = desk
        .ask_with("tariff-put", |event| {
            with_document(event, |it| it["schedule"]["bands"][0]["tiers"][0]["unitMinutes"] = json!(0));
        })
        .await;
    assert_eq!(bad.problem(), (422, "tariff-invalid"));
    assert_eq!(bad.body["problems"][0]["path"], "schedule.bands[0].tiers[0].unitMinutes");
    let other = desk.ask_with("tariff-put", |event| event["pathParameters"]["version"] = json!("3")).await;
    assert_eq!(other.problem(), (422, "tariff-version-differs"));
}

#[tokio::test]
async fn two_who_change_a_tariff_at_once_both_find_their_version_there() {
    let desk = Desk::start().await;
    let third = |event: &mut Value| {
        event["pathParameters"]["version"] = json!("3");
        with_document(event, |it| {
            it["version"] = json!(3);
            it["validFrom"] = json!("2027-01-01");
        });
    };
    let (a, b) = futures::join!(desk.ask("tariff-put"), desk.ask_with("tariff-put", third));
    assert_eq!((a.status, b.status), (200, 200), "{} {}", a.body, b.body);
    assert_eq!(desk.ask("tariffs").await.body["versions"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_table_that_does_not_answer_changes_nothing() {
    let desk = Desk::start().await;
    for _ in 0..3 {
        desk.cloud.fail_next("PutItem", Fault::Throttled);
    }
    assert_eq!(desk.ask("tariff-put").await.status, 503);
    assert_eq!(desk.ask("tariffs").await.body["versions"].as_array().unwrap().len(), 1);
}
