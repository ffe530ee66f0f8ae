//! What a person said of a car holds at the barrier, for the reads that come after.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]
#![allow(dead_code, reason = "not every test file uses all of the house")]

mod common;

use baro_domain::{
    EventId, PlateNumber, RulingId,
    visit::{RuledBy, Ruling, RulingKind},
};
use baro_testing::{at, lot_record};
use common::House;
use serde_json::json;

async fn rule(house: &House, plate: &str, minutes: i64, kind: RulingKind) {
    let by = RuledBy::Operator { operator: lot_record().lot.operator, name: "당직".into() };
    let ruling = Ruling { id: RulingId::derive(&[plate]), at: at(minutes), by, note: String::new(), kind };
    house.cloud.parking().rule(&lot_record().lot.id, &PlateNumber::parse(plate), &ruling).await.unwrap();
}

#[tokio::test]
async fn a_stranger_whom_a_person_let_go_passes_the_barrier() {
    let house = House::nexpa().await;
    house.warm(120).await;
    assert_eq!(house.read("12가3456", "2", 120).await.body["decision"], "ask_operator");
    rule(&house, "12가3456", 121, RulingKind::LetGo).await;
    let said = house.read("12가3456", "2", 122).await;
    assert_eq!((&said.body["decision"], &said.body["reason"]), (&json!("open"), &json!("let_go")));
    let left = house.read("12가3456", "3", 123).await;
    assert_eq!((&left.body["decision"], &left.body["reason"]), (&json!("recorded"), &json!("let_go")));
    let hours_later = house.read("12가3456", "2", 300).await;
    assert_eq!(hours_later.body["decision"], "ask_operator");
}

#[tokio::test]
async fn a_car_that_is_misread_again_is_known_by_what_a_person_said_of_the_first_read() {
    let house = House::nexpa().await;
    let entry = house.read("12가3456", "1", 0).await;
    house.read("12가3459", "1", 1).await;
    assert_eq!(house.read("12가3458", "2", 46).await.body["reason"], "similar_plates");
    let whose = RulingKind::NotThisCar {
        event: EventId::derive(&["first"]),
        whose: Some(PlateNumber::parse("12가3456")),
    };
    rule(&house, "12가3458", 47, whose).await;
    house.warm(48).await;
    let said = house.read("12가3458", "2", 48).await;
    assert_eq!(
        (&said.body["decision"], &said.body["reason"]),
        (&json!("amount_due"), &json!("matched_by_person"))
    );
    assert_eq!(said.body["visit"], entry.body["visit"]);
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem", "UpdateItem"], "nobody is looked for again");
}

#[tokio::test]
async fn a_car_that_a_rule_counted_as_gone_is_priced_when_it_wants_out_after_all() {
    let house = House::nexpa().await;
    let entry = house.read("12가3456", "1", 0).await;
    rule(&house, "12가3456", 30, RulingKind::PresumedGone).await;
    let said = house.read("12가3456", "2", 45).await;
    assert_eq!((&said.body["decision"], &said.body["amountDue"]), (&json!("amount_due"), &json!(1_600)));
    assert_eq!(said.body["visit"], entry.body["visit"]);
}
