//! A camera that corrects a plate: whatever the order and repetition of its reports, one car has come in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use baro_domain::{
    GateVendor, PlateNumber,
    visit::{Timeline, fold},
};
use baro_testing::{at, lot_record};
use common::{House, gate_with, sample, vendor_sample};
use jiff::SignedDuration;
use serde_json::{Value, json};

const CAMERA: &str = "B8A44F00C0DE";
const WRONG: &str = "12가3458";
const RIGHT: &str = "12가3456";

async fn house() -> House {
    House::of(&gate_with(GateVendor::Axis, [CAMERA, "asks", "passes", "single"])).await
}

async fn timeline(house: &House, plate: &str) -> Timeline {
    let lot = lot_record().priced().unwrap();
    let facts = house.cloud.parking().facts(&lot.lot.id, &PlateNumber::parse(plate)).await.unwrap();
    fold(&lot.context(), &facts)
}

async fn reports(house: &House, names: &[&str]) {
    for name in names {
        let (content_type, body) = vendor_sample(&format!("axis/{name}.json"));
        assert_eq!(house.report(&content_type, &body).await.status, 200);
    }
}

#[tokio::test]
async fn a_plate_corrected_by_an_update_is_one_car_in_any_order() {
    for order in [
        ["new", "update-plate", "lost"],
        ["new", "lost", "update-plate"],
        ["update-plate", "new", "lost"],
        ["update-plate", "lost", "new"],
        ["lost", "new", "update-plate"],
        ["lost", "update-plate", "new"],
    ] {
        let house = house().await;
        reports(&house, &order).await;
        reports(&house, &order).await;
        assert_eq!(timeline(&house, WRONG).await.visits, [], "{order:?}");
        let visits = timeline(&house, RIGHT).await.visits;
        assert_eq!((visits.len(), visits[0].is_open()), (1, true), "{order:?}");
        assert_eq!(house.open_plates().await, [PlateNumber::parse(RIGHT)], "{order:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_tracking_alone_tells_of_the_car_and_opens_nothing() {
    let house = house().await;
    let (content_type, body) = vendor_sample("axis/lost.json");
    let said = house.report(&content_type, &body).await;
    assert_eq!((&said.body["decision"], &said.body["reason"]), (&json!("recorded"), &json!("track_ended")));
    assert_eq!(timeline(&house, RIGHT).await.visits.len(), 1);
}

#[tokio::test]
async fn a_tracked_read_takes_two_requests_and_a_correction_three() {
    let house = house().await;
    reports(&house, &["new"]).await;
    house.cloud.forget_calls();
    reports(&house, &["new"]).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"; 2]);
    house.cloud.forget_calls();
    reports(&house, &["update-plate"]).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"; 3]);
}

#[tokio::test]
async fn a_report_that_was_corrected_before_it_arrived_opens_nothing() {
    let house = house().await;
    reports(&house, &["update-plate"]).await;
    let (content_type, body) = vendor_sample("axis/new.json");
    let said = house.report(&content_type, &body).await;
    assert_eq!((&said.body["decision"], &said.body["reason"]), (&json!("recorded"), &json!("superseded")));
}

#[tokio::test]
async fn a_correction_gives_a_car_inside_its_visit_back() {
    let house = house().await;
    // A car with the plate that is misread later is inside already.
    let mut inside: Value = sample("gates/axis/new.json");
    let an_hour_before = at(210).as_millisecond();
    (inside["capture_timestamp"], inside["carID"]) = (json!(an_hour_before.to_string()), json!("54001"));
    house.clock.set(at(210));
    house.report("application/json", inside.to_string().as_bytes()).await;
    house.clock.set(at(270) + SignedDuration::from_secs(50));
    reports(&house, &["new"]).await;
    assert_eq!(timeline(&house, WRONG).await.visits.len(), 2, "taken for a second entry of the same car");
    reports(&house, &["update-plate"]).await;
    let visits = timeline(&house, WRONG).await.visits;
    assert_eq!((visits.len(), visits[0].entered_at, visits[0].is_open()), (1, at(210), true));
    assert_eq!(house.open_plates().await.len(), 2);
}

#[tokio::test]
async fn a_car_that_was_let_out_as_another_is_taken_back_when_its_plate_is_corrected() {
    let house = House::of(&gate_with(GateVendor::Axis, ["entry", "asks", CAMERA, "single"])).await;
    // The misread plate is that of a car inside; by the correction nobody's visit has ended.
    common::filed(&house, "in", baro_domain::Passage::Entered, WRONG, 200).await;
    reports(&house, &["new"]).await;
    assert!(timeline(&house, WRONG).await.open().is_none());
    reports(&house, &["update-plate", "lost"]).await;
    assert!(timeline(&house, WRONG).await.open().is_some());
    assert_eq!(house.open_plates().await, [PlateNumber::parse(WRONG)]);
    assert_eq!(timeline(&house, RIGHT).await.orphans.len(), 1);
}
