//! What a gate is told, and what it costs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use baro_domain::{Gate, GateVendor, LanePoint, Passage, PlateNumber};
use baro_testing::{Fault, at, gate, plate};
use common::{House, filed, gate_with, nexpa, pay, sample, vendor_sample};
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn a_car_comes_in_in_one_request() {
    let house = House::nexpa().await;
    house.warm(0).await;
    let said = house.read("12가3456", "1", 0).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"]);
    assert_eq!((said.status, &said.body["decision"]), (200, &json!("open")));
    assert_eq!(said.body["reason"], "entered");
    assert!(said.body["visit"].as_str().unwrap().starts_with("vis_"));
    assert_eq!(said.body["result"]["status"], "200", "what the vendor looks for");
    assert_eq!(house.open_plates().await.len(), 2);
}

#[tokio::test]
async fn a_cold_function_asks_for_gate_and_lot_once_and_writes_its_statistics() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    let mut calls = house.cloud.dynamodb_calls();
    calls.sort();
    assert_eq!(calls, ["GetItem", "GetItem", "PutItem", "UpdateItem"]);
}

#[tokio::test]
async fn a_car_that_owes_is_told_how_much_and_why_in_one_request() {
    let house = House::nexpa().await;
    house.warm(0).await;
    let entry = house.read("12가3456", "1", 0).await;
    house.warm(45).await;
    let said = house.read("12가3456", "2", 45).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"]);
    assert_eq!((&said.body["decision"], &said.body["reason"]), (&json!("amount_due"), &json!("not_paid")));
    assert_eq!(said.body["amountDue"], 400 + 4 * 300);
    assert_eq!((&said.body["currency"], &said.body["visit"]), (&json!("KRW"), &entry.body["visit"]));
    assert_eq!(said.body["quote"]["total"], 1_600);
    assert_eq!(said.body["quote"]["lines"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_car_that_paid_leaves_in_two_requests() {
    let house = House::nexpa().await;
    house.warm(0).await;
    house.read("12가3456", "1", 0).await;
    pay(&house, &plate(), 1_600, 45).await;
    house.warm(50).await;
    let asked = house.read("12가3456", "2", 50).await;
    assert_eq!((&asked.body["decision"], &asked.body["reason"]), (&json!("open"), &json!("paid")));
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"]);
    house.warm(51).await;
    let left = house.read("12가3456", "3", 51).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"]);
    assert_eq!((&left.body["decision"], &left.body["reason"]), (&json!("recorded"), &json!("left")));
    assert_eq!(left.body["visit"], asked.body["visit"]);
    assert_eq!(house.open_plates().await, [PlateNumber::parse("99하9999")]);
}

#[tokio::test]
async fn a_read_that_comes_twice_is_answered_alike_and_filed_once() {
    let house = House::nexpa().await;
    let first = house.read("12가3456", "1", 0).await;
    let second = house.read("12가3456", "1", 0).await;
    assert_eq!(first.body, second.body);
    assert_eq!(house.reads_of("12가3456").await, 1);
}

#[tokio::test]
async fn an_answer_lost_between_us_and_the_store_changes_nothing() {
    let house = House::nexpa().await;
    house.warm(0).await;
    house.cloud.fail_next("UpdateItem", Fault::After);
    let said = house.read("12가3456", "1", 0).await;
    assert_eq!((said.status, &said.body["reason"]), (200, &json!("entered")));
    assert_eq!(house.reads_of("12가3456").await, 1);
}

#[tokio::test]
async fn a_store_that_does_not_answer_asks_the_gate_to_come_again() {
    let house = House::nexpa().await;
    house.warm(0).await;
    for _ in 0..3 {
        house.cloud.fail_next("UpdateItem", Fault::Before);
    }
    let said = house.read("12가3456", "1", 0).await;
    assert_eq!((said.status, &said.body["code"]), (503, &json!("temporarily-unavailable")));
    assert_eq!(said.headers["retry-after"], "1");
    assert_eq!(house.read("12가3456", "1", 0).await.status, 200);
}

#[tokio::test]
async fn a_late_entry_after_the_exit_completes_the_visit_and_opens_nothing() {
    let house = House::nexpa().await;
    house.warm(0).await;
    let left = house.read("12가3456", "3", 60).await;
    assert_eq!((&left.body["decision"], &left.body["reason"]), (&json!("recorded"), &json!("no_visit")));
    house.cloud.forget_calls();
    let late = house.late_read("12가3456", "1", at(0)).await;
    assert_eq!((&late.body["decision"], &late.body["reason"]), (&json!("recorded"), &json!("stale_read")));
    assert_eq!(
        house.cloud.dynamodb_calls(),
        ["UpdateItem", "UpdateItem"],
        "the list of open plates is put right"
    );
    assert_eq!(house.open_plates().await, [PlateNumber::parse("99하9999")]);
}

#[tokio::test]
async fn an_exit_read_that_was_under_way_too_long_opens_no_barrier() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    let on_time = house.late_read("12가3456", "2", at(0) - SignedDuration::from_secs(120)).await;
    assert_ne!(on_time.body["reason"], "stale_read");
    house.clock.set(at(5) + SignedDuration::from_secs(1));
    let late = house.late_read("12가3456", "2", at(3)).await;
    assert_eq!((&late.body["decision"], &late.body["reason"]), (&json!("recorded"), &json!("stale_read")));
}

#[tokio::test]
async fn a_free_car_in_a_lane_with_a_single_read_is_let_go_and_is_gone() {
    let house = House::nexpa().await;
    house.warm(0).await;
    house.read("12가3456", "1", 0).await;
    pay(&house, &plate(), 400, 9).await;
    house.warm(10).await;
    let said = house.read("12가3456", "4", 10).await;
    assert_eq!((&said.body["decision"], &said.body["reason"]), (&json!("open"), &json!("paid")));
    assert_eq!(house.cloud.dynamodb_calls().len(), 2);
    assert_eq!(house.open_plates().await, [PlateNumber::parse("99하9999")]);
    let again = house.late_read("12가3456", "4", at(10) + SignedDuration::from_secs(20)).await;
    assert_eq!(again.body["reason"], "already_released");
}

#[tokio::test]
async fn a_misread_at_the_exit_ends_the_visit_it_must_mean() {
    let house = House::nexpa().await;
    house.warm(0).await;
    let entry = house.read("12가3456", "1", 0).await;
    pay(&house, &plate(), 1_600, 45).await;
    house.warm(46).await;
    let said = house.read("12가3458", "2", 46).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem", "Query", "UpdateItem"]);
    assert_eq!(said.body["decision"], "open");
    assert_eq!(
        (&said.body["reason"], &said.body["basis"]),
        (&json!("matched_by_similarity"), &json!("paid"))
    );
    assert_eq!(said.body["visit"], entry.body["visit"]);
    let left = house.read("12가3458", "3", 47).await;
    assert_eq!((&left.body["decision"], &left.body["visit"]), (&json!("recorded"), &entry.body["visit"]));
    assert_eq!(house.open_plates().await, [PlateNumber::parse("99하9999")]);
    assert_eq!(house.reads_of("12가3458").await, 2, "kept as read, too");
}

#[tokio::test]
async fn two_plates_alike_are_left_to_a_person_who_is_shown_no_plate_in_full() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    house.read("12가3459", "1", 1).await;
    let said = house.read("12가3458", "2", 46).await;
    assert_eq!(
        (&said.body["decision"], &said.body["reason"]),
        (&json!("ask_operator"), &json!("similar_plates"))
    );
    assert_eq!(said.body["candidates"].as_array().unwrap().len(), 2);
    assert!(!said.body.to_string().contains("3456"));
    assert_eq!(house.open_plates().await.len(), 2);
}

#[tokio::test]
async fn a_reader_that_is_not_sure_opens_for_no_other_plate() {
    let lanes = ["1", "lane-1", "3", "4"];
    let house = House::of(&gate_with(GateVendor::PlateRecognizer, lanes)).await;
    filed(&house, "in", Passage::Entered, "12가3458", 230).await;
    let (content_type, body) = vendor_sample("plate_recognizer/recognition.json");
    let unsure = String::from_utf8(body).unwrap().replace("0.903", "0.899");
    let said = house.report(&content_type, unsure.as_bytes()).await;
    assert_eq!(
        (&said.body["decision"], &said.body["reason"]),
        (&json!("ask_operator"), &json!("similar_plates"))
    );
    assert_eq!(said.body["candidates"], json!(["1****58"]));
    let (_, sure) = vendor_sample("plate_recognizer/recognition.json");
    let said = house.report(&content_type, &sure).await;
    assert_eq!(
        (&said.body["decision"], &said.body["reason"]),
        (&json!("amount_due"), &json!("matched_by_similarity"))
    );
}

#[tokio::test]
async fn a_car_nobody_saw_come_in_is_a_persons_matter_however_often_it_is_read() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    house.read("12가3456", "3", 10).await;
    for seconds in [0, 5, 40] {
        house.clock.set(at(120) + SignedDuration::from_secs(seconds));
        let said = house.late_read("12가3456", "2", at(120) + SignedDuration::from_secs(seconds)).await;
        assert_eq!(
            (&said.body["decision"], &said.body["reason"]),
            (&json!("ask_operator"), &json!("no_visit"))
        );
    }
}

#[tokio::test]
async fn unread_cars_come_in_and_are_not_taken_for_one_another() {
    let house = House::nexpa().await;
    let first = house.read("미인식", "1", 0).await;
    let second = house.read("", "1", 1).await;
    assert_eq!((&first.body["decision"], &first.body["reason"]), (&json!("open"), &json!("entered_unread")));
    assert_ne!(first.body["visit"], second.body["visit"]);
    assert_eq!(house.open_plates().await.len(), 2);
    house.warm(30).await;
    let out = house.read("미인식", "2", 30).await;
    assert_eq!(
        (&out.body["decision"], &out.body["reason"]),
        (&json!("ask_operator"), &json!("unread_plate"))
    );
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"]);
}

#[tokio::test]
async fn at_a_lot_without_prices_cars_come_in_and_a_person_lets_them_out() {
    let mut elsewhere = gate(GateVendor::Nexpa);
    elsewhere.lot = baro_domain::LotId::parse("lot_new").unwrap();
    let house = House::of(&elsewhere).await;
    assert_eq!(house.read("12가3456", "1", 0).await.body["decision"], "open");
    let out = house.read("12가3456", "2", 9).await;
    assert_eq!(
        (&out.body["decision"], &out.body["reason"]),
        (&json!("ask_operator"), &json!("lot_not_ready"))
    );
}

#[tokio::test]
async fn facts_that_can_not_be_moved_away_do_not_hold_up_the_barrier() {
    let house = House::nexpa().await;
    house.warm(0).await;
    let days_ago = -6 * 24 * 60;
    for stay in 0..8 {
        let begin = days_ago + stay * 60;
        filed(&house, &format!("in {stay}"), Passage::Entered, "12가3456", begin).await;
        filed(&house, &format!("out {stay}"), Passage::Left, "12가3456", begin + 30).await;
    }
    house.cloud.forget_calls();
    for _ in 0..3 {
        house.cloud.fail_next("TransactWriteItems", Fault::Before);
    }
    assert_eq!(house.read("12가3456", "1", 0).await.body["decision"], "open");
    assert_eq!(house.reads_of("12가3456").await, 17);
    house.warm(1).await;
    assert_eq!(house.read("12가3456", "1", 1).await.body["decision"], "open");
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem", "GetItem", "TransactWriteItems"]);
    assert_eq!(house.reads_of("12가3456").await, 4, "the last visit of then stays, and today's reads");
}

#[tokio::test]
async fn a_sign_of_life_costs_nothing() {
    let house = House::nexpa().await;
    house.warm(270).await;
    let said = house.report("application/json", br#"{"command":"alive"}"#).await;
    assert_eq!(
        (said.status, &said.body["decision"], &said.body["reason"]),
        (200, &json!("ignored"), &json!("heartbeat"))
    );
    assert_eq!(house.cloud.calls(), []);
}

#[tokio::test]
async fn the_samples_of_api_gateway_are_answered() {
    let house = House::nexpa().await;
    let entry = house.event(&sample("gate-events/nexpa-entry.json")).await;
    assert_eq!((entry.status, &entry.body["decision"]), (200, &json!("open")));
    house.clock.set(at(268) + SignedDuration::from_secs(3));
    let exit = house.event(&sample("gate-events/nexpa-exit-cp949.json")).await;
    assert_eq!((exit.status, &exit.body["reason"]), (200, &json!("no_visit")));
    assert_eq!(house.reads_of("123나4568").await, 1, "read from CP949");
    let camera = House::of(&gate(GateVendor::Hikvision)).await;
    let entry = camera.event(&sample("gate-events/hikvision-entry.json")).await;
    assert_eq!((entry.status, &entry.body["decision"]), (200, &json!("open")));
}

fn one_way_in(vendor: GateVendor, code: &str) -> Gate {
    let mut gate = gate_with(vendor, [code, "x", "y", "z"]);
    gate.lanes.truncate(1);
    gate
}

#[tokio::test]
async fn each_vendor_hears_the_decision_and_its_own_acknowledgement() {
    let house = House::of(&one_way_in(GateVendor::Dahua, "DH-ITC-7F01")).await;
    let (content_type, body) = vendor_sample("dahua/tollgate.json");
    let said = house.report(&content_type, &body).await;
    assert_eq!((&said.body["decision"], &said.body["result"]), (&json!("open"), &json!("true")));
    let mut push = gate_with(GateVendor::LotPush, ["*", "x", "*", "z"]);
    push.lanes[2].point = LanePoint::Single;
    let house = House::of(&push).await;
    let (content_type, body) = vendor_sample("lot_push/come-in.json");
    assert_eq!(house.report(&content_type, &body).await.body["decision"], "open");
    let (content_type, body) = vendor_sample("lot_push/go-out.json");
    let out = house.report(&content_type, &body).await;
    assert_eq!((&out.body["decision"], &out.body["reason"]), (&json!("open"), &json!("free")));
}

#[tokio::test]
async fn the_path_a_vendor_appends_says_which_way_the_car_went() {
    let house = House::of(&gate_with(GateVendor::Iso, ["*", "x", "*", "z"])).await;
    let body = json!({"carNo": "12가3456", "dateTime": "2026-11-20T14:30:40+09:00"}).to_string();
    let headers = [("content-type", "application/json"), ("x-gate-secret", "secret")];
    let mut event = common::request("gate_test", "events", &headers, body.as_bytes());
    assert_eq!(house.event(&event).await.status, 422);
    event["rawQueryString"] = json!("path=/car/entrance");
    event["queryStringParameters"] = json!({"path": "/car/entrance"});
    let said = house.event(&event).await;
    assert_eq!((said.status, &said.body["decision"]), (200, &json!("open")));
}

#[tokio::test]
async fn of_several_reads_in_a_body_the_newest_car_that_waits_is_decided_at_the_top() {
    let house = House::nexpa().await;
    house.clock.set(at(1));
    let cars =
        json!([nexpa("12가3456", "3", at(1)), nexpa("34다7788", "1", at(1)), nexpa("56라1122", "1", at(0))]);
    let said = house.report("application/json", cars.to_string().as_bytes()).await;
    let events = said.body["events"].as_array().unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!((&said.body["decision"], &said.body["eventId"]), (&json!("open"), &events[1]["eventId"]));
    assert_eq!(house.reads_of("34다7788").await, 1);
}

#[tokio::test]
async fn the_picture_is_an_object_and_the_rest_of_the_report_lies_inside_the_read() {
    let house = House::of(&gate(GateVendor::Hikvision)).await;
    let (content_type, body) = vendor_sample("hikvision/anpr.http");
    let said = house.report(&content_type, &body).await;
    let event = said.body["eventId"].as_str().unwrap();
    let images = house.kept("gates/images/");
    assert_eq!(images.len(), 2);
    assert_eq!(images[1].0, format!("raw/gates/images/2026/11/20/{event}.jpg"));
    assert!(body.windows(images[1].1.len()).any(|window| window == images[1].1), "byte by byte");
    let lot = baro_testing::lot_record().lot.id;
    let facts = house.cloud.parking().facts(&lot, &plate()).await.unwrap();
    assert_eq!(facts.observations[0].image_key.as_deref(), images[1].0.strip_prefix("raw/"));
    let raw = house.cloud.parking().raw_bodies(&lot, &plate()).await.unwrap();
    let raw = raw[0].1.inflate().map(|raw| String::from_utf8(raw).unwrap());
    let raw = raw.unwrap_or_else(|| String::from_utf8(house.kept("gates/raw/")[0].1.clone()).unwrap());
    assert!(
        raw.contains("<licensePlate>12가3456</licensePlate>") && raw.contains("[image/jpeg of 434 bytes]"),
        "{raw}"
    );
    house.cloud.forget_calls();
    house.report(&content_type, &body).await;
    assert_eq!(
        house.kept("gates/").len(),
        images.len() + house.kept("gates/raw/").len(),
        "a resend adds nothing"
    );
}

#[tokio::test]
async fn a_body_too_large_for_the_read_is_kept_before_the_answer() {
    let house = House::nexpa().await;
    house.clock.set(at(0));
    let mut body = nexpa("12가3456", "1", at(0));
    body["data"]["remark"] = json!((0..400_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect::<Vec<_>>());
    let body = body.to_string();
    for _ in 0..3 {
        house.cloud.fail_next("PUT", Fault::Before);
    }
    assert_eq!(house.report("application/json", body.as_bytes()).await.status, 503);
    let said = house.report("application/json", body.as_bytes()).await;
    let key = format!("raw/gates/raw/2026/11/20/{}", said.body["eventId"].as_str().unwrap());
    assert_eq!(house.kept("gates/raw/"), [(key, body.into_bytes())]);
    assert_eq!(house.reads_of("12가3456").await, 1);
}

#[tokio::test]
async fn more_reads_than_a_passage_can_have_go_the_way_of_a_backlog() {
    let house = House::nexpa().await;
    house.clock.set(at(60));
    let cars: Vec<_> = (0..11).map(|n| nexpa(&format!("12가34{n:02}"), "1", at(n))).collect();
    let said = house.report("application/json", json!(cars).to_string().as_bytes()).await;
    assert_eq!((said.status, &said.body["decision"]), (200, &json!("recorded")));
    assert_eq!(house.cloud.messages().len(), 11);
}
