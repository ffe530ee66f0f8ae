//! What is refused, under which code, and that its body is kept while nothing else happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use baro_domain::GateVendor;
use baro_gate_events::MAX_BODY_BYTES;
use baro_testing::{Fault, at, gate};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::{House, Said, nexpa, request, sample, vendor_sample};
use jiff::SignedDuration;
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// The problem is told under its code, and the body is kept with the code beside it; no read is filed.
fn assert_refused(house: &House, said: &Said, status: u16, code: &str, body: &[u8]) {
    assert_eq!((said.status, &said.body["code"]), (status, &json!(code)), "{}", said.body);
    assert_eq!(said.headers["content-type"], "application/problem+json");
    let kept = house.kept("gates/refused/2026/11/20/").into_iter();
    let kept = kept.map(|(_, document)| serde_json::from_slice::<Value>(&document).unwrap());
    let mut same = kept.filter(|kept| kept["body"] == STANDARD.encode(body) && kept["code"] == code);
    let kept = same.next().expect("the body is kept with its code");
    let known = ["body", "code", "contentType", "field", "gate", "receivedAt", "requestId"];
    assert!(kept.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "no credentials");
    assert!(!house.cloud.dynamodb_calls().contains(&"UpdateItem".to_owned()));
}

async fn refused(vendor: GateVendor, content_type: &str, body: &[u8], status: u16, code: &str) -> Said {
    let house = House::of(&gate(vendor)).await;
    let said = house.report(content_type, body).await;
    assert_refused(&house, &said, status, code, body);
    said
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_asked_for_again() {
    let house = House::nexpa().await;
    let (_, body) = vendor_sample("nexpa/incar.json");
    for wrong in [
        vec![],
        vec![("x-gate-secret", "Secret")],
        vec![("x-gate-secret", "")],
        vec![("authorization", "Bearer secret2")],
        vec![("authorization", "Basic c2VjcmV0")],
        vec![("authorization", "Digest secret")],
    ] {
        let headers = [&[("content-type", JSON)][..], &wrong].concat();
        let said = house.post("events", &headers, &body).await;
        assert_refused(&house, &said, 401, "wrong-gate-secret", &body);
        assert!(said.headers["www-authenticate"].to_str().unwrap().starts_with("Basic "));
    }
}

#[tokio::test]
async fn a_gate_may_send_its_secret_in_whichever_header_it_can() {
    let house = House::nexpa().await;
    let (_, body) = vendor_sample("nexpa/incar.json");
    let basic = format!("Basic {}", STANDARD.encode("any:secret"));
    for right in [("x-gate-secret", "secret"), ("authorization", "bearer secret"), ("authorization", &basic)]
    {
        assert_eq!(
            house.post("events", &[("content-type", JSON), right], &body).await.status,
            200,
            "{right:?}"
        );
    }
}

#[tokio::test]
async fn an_unknown_gate_is_refused_and_remembered_as_unknown() {
    let house = House::nexpa().await;
    for id in ["gate_other", "gate_other", "lot_test", "%EA%B0%80"] {
        let event = request(id, "events", &[("content-type", JSON), ("x-gate-secret", "secret")], b"{}");
        let said = house.event(&event).await;
        assert_refused(&house, &said, 404, "gate-not-found", b"{}");
    }
    assert_eq!(house.cloud.dynamodb_calls(), ["GetItem"]);
}

#[tokio::test]
async fn a_gate_whose_secret_is_set_up_wrongly_lets_nobody_in() {
    let mut broken = gate(GateVendor::Nexpa);
    broken.secret_sha256 = "secret".into();
    let house = House::of(&broken).await;
    let said = house.report(JSON, b"{}").await;
    assert_refused(&house, &said, 401, "wrong-gate-secret", b"{}");
}

#[tokio::test]
async fn bodies_that_do_not_parse_are_refused() {
    refused(GateVendor::Nexpa, JSON, b"{\"command\":", 400, "malformed-json").await;
    refused(GateVendor::Hikvision, "application/xml", b"<EventNotificationAlert><", 400, "malformed-xml")
        .await;
    let form = "multipart/form-data; boundary=b";
    refused(GateVendor::Hikvision, form, b"--c\r\nno part", 400, "malformed-multipart").await;
    refused(GateVendor::Hikvision, "multipart/form-data", b"--c", 400, "malformed-multipart").await;
}

#[tokio::test]
async fn a_content_type_the_vendor_never_sends_is_refused() {
    refused(GateVendor::Nexpa, "image/jpeg", b"{}", 415, "unsupported-content-type").await;
    refused(GateVendor::Hikvision, JSON, b"{}", 415, "unsupported-content-type").await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_and_kept_whole() {
    let body = vec![b' '; MAX_BODY_BYTES + 1];
    let said = refused(GateVendor::Nexpa, JSON, &body, 413, "body-too-large").await;
    assert_eq!(said.body["limitBytes"], MAX_BODY_BYTES);
}

#[tokio::test]
async fn absurd_times_are_refused_by_the_field_they_stand_in() {
    let house = House::nexpa().await;
    let now = house.clock.now();
    let old =
        nexpa("12가3456", "1", now - SignedDuration::from_hours(30 * 24) - SignedDuration::from_secs(1));
    let mut spoilt = nexpa("12가3456", "1", now);
    spoilt["data"]["date_time"] = json!("yesterday");
    for (body, code) in [(old, "observed-too-old"), (spoilt, "unparseable-time")] {
        let body = body.to_string();
        let said = refused(GateVendor::Nexpa, JSON, body.as_bytes(), 422, code).await;
        assert_eq!(said.body["field"], "data.date_time");
    }
}

#[tokio::test]
async fn what_was_kept_by_a_clock_a_day_ahead_is_refused_by_its_code_and_its_body_kept() {
    let house = House::nexpa().await;
    let now = house.clock.now();
    let kept = json!([nexpa("12가3456", "1", now + SignedDuration::from_hours(23))]);
    let headers = [("content-type", JSON), ("x-gate-secret", "secret")];
    let said = house.post("backlog", &headers, kept.to_string().as_bytes()).await;
    assert_eq!((said.status, &said.body["accepted"]), (202, &json!(0)));
    assert_eq!(said.body["refused"][0]["code"], "observed-in-future");
    assert_eq!(house.cloud.messages(), []);
    assert_eq!(house.kept("gates/backlog/").len(), 1);
    // The same at the address of live reports: so many are a backlog.
    let many: Vec<Value> = vec![kept[0].clone(); 11];
    let said = house.report(JSON, json!(many).to_string().as_bytes()).await;
    assert_refused(&house, &said, 422, "observed-in-future", json!(many).to_string().as_bytes());
}

#[tokio::test]
async fn an_unknown_lane_and_a_missing_field_are_refused() {
    let lane = nexpa("12가3456", "7", at(270)).to_string();
    let said = refused(GateVendor::Nexpa, JSON, lane.as_bytes(), 422, "unknown-lane").await;
    assert!(!said.body.to_string().contains("3456"), "an error never tells a plate");
    refused(GateVendor::Nexpa, JSON, br#"{"command":"alert_incar"}"#, 422, "missing-field").await;
}

#[tokio::test]
async fn a_gate_set_up_in_no_zone_of_this_world_is_our_fault_and_its_body_is_kept() {
    let mut broken = gate(GateVendor::Nexpa);
    broken.time_zone = "Asia/Daejeon".into();
    let house = House::of(&broken).await;
    let said = house.report(JSON, b"{}").await;
    assert_refused(&house, &said, 500, "unknown-time-zone", b"{}");
}

#[tokio::test]
async fn what_can_not_be_kept_is_not_refused_but_asked_for_again() {
    let house = House::nexpa().await;
    for _ in 0..3 {
        house.cloud.fail_next("PUT", Fault::Before);
    }
    let said = house.report(JSON, b"no json").await;
    assert_eq!((said.status, &said.body["code"]), (503, &json!("temporarily-unavailable")));
    assert!(said.headers.contains_key("retry-after"));
    assert_eq!(house.report(JSON, b"no json").await.status, 400);
}

#[tokio::test]
async fn a_bad_car_in_a_body_does_not_hold_up_the_good_one() {
    let house = House::nexpa().await;
    house.clock.set(at(0));
    let body = json!([nexpa("12가3456", "1", at(0)), nexpa("34다7788", "9", at(0))]).to_string();
    let said = house.report(JSON, body.as_bytes()).await;
    assert_eq!((said.status, &said.body["decision"]), (200, &json!("open")));
    assert_eq!(said.body["refused"][0]["code"], "unknown-lane");
    assert_eq!(house.reads_of("12가3456").await, 1);
    let kept: Value = serde_json::from_slice(&house.kept("gates/refused/")[0].1).unwrap();
    assert_eq!(STANDARD.decode(kept["body"].as_str().unwrap()).unwrap(), body.as_bytes());
}

#[tokio::test]
async fn another_route_is_no_route() {
    let house = House::nexpa().await;
    let said = house.post("passes", &[], b"{}").await;
    assert_eq!((said.status, &said.body["code"]), (404, &json!("route-not-found")));
}

#[tokio::test]
async fn a_backlog_is_kept_and_queued_and_its_bad_events_listed() {
    let house = House::nexpa().await;
    let said = house.event(&sample("gate-events/nexpa-backlog.json")).await;
    assert_eq!((said.status, &said.body["accepted"]), (202, &json!(3)), "{}", said.body);
    let refused = json!([{"index": 2, "code": "unparseable-time", "field": "[2].data.date_time"}]);
    assert_eq!(said.body["refused"], refused);
    let messages = house.cloud.take_messages();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.queue == common::QUEUE));
    assert_eq!(messages[0].group, messages[1].group, "one car, one group");
    assert_ne!(messages[0].group, messages[2].group);
    assert_ne!(messages[0].deduplication, messages[1].deduplication);
    let message: Value = serde_json::from_str(&messages[0].body).unwrap();
    assert_eq!(message["observation"]["eventId"], messages[0].deduplication.clone().unwrap());
    let kept = house.kept("gates/backlog/2026/11/20/");
    assert_eq!(kept[0].0, format!("raw/{}", message["rawKey"].as_str().unwrap()));
    house.event(&sample("gate-events/nexpa-backlog.json")).await;
    assert_eq!(house.cloud.messages(), messages, "a repeat sends the same messages");
    assert_eq!(house.kept("gates/").len(), 1);
}

#[tokio::test]
async fn a_full_backlog_goes_through_and_one_more_event_is_too_many() {
    let house = House::nexpa().await;
    let cars: Vec<Value> = (0..1_000).map(|n| nexpa(&format!("12가{n:04}"), "1", at(n / 10))).collect();
    let headers = [("content-type", JSON), ("x-gate-secret", "secret")];
    let said = house.post("backlog", &headers, json!(cars).to_string().as_bytes()).await;
    assert_eq!((said.status, &said.body["accepted"]), (202, &json!(1_000)));
    assert_eq!(house.cloud.take_messages().len(), 1_000);
    let more = json!([&cars[..], &cars[..1]].concat()).to_string();
    let said = house.post("backlog", &headers, more.as_bytes()).await;
    assert_refused(&house, &said, 413, "too-many-entries", more.as_bytes());
    assert_eq!(house.cloud.messages(), []);
}

#[tokio::test]
async fn a_backlog_that_is_none_or_comes_from_a_stranger_is_refused() {
    let house = House::nexpa().await;
    let said = house.post("backlog", &[("content-type", JSON), ("x-gate-secret", "secret")], b"{}").await;
    assert_refused(&house, &said, 422, "not-a-batch", b"{}");
    let said = house.post("backlog", &[("content-type", JSON), ("x-gate-secret", "other")], b"[]").await;
    assert_refused(&house, &said, 401, "wrong-gate-secret", b"[]");
}

#[tokio::test]
async fn a_queue_that_does_not_take_all_asks_for_a_repeat() {
    let house = House::nexpa().await;
    for _ in 0..3 {
        house.cloud.fail_next("SendMessageBatch", Fault::Before);
    }
    let said = house.event(&sample("gate-events/nexpa-backlog.json")).await;
    assert_eq!((said.status, &said.body["code"]), (503, &json!("temporarily-unavailable")));
    assert!(said.headers.contains_key("retry-after"));
    assert_eq!(house.event(&sample("gate-events/nexpa-backlog.json")).await.status, 202);
}
