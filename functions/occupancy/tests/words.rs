//! Words of counters and sensors as they come over HTTP: in order, again, late, half bad, and from whoever may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod lot;

use baro_domain::occupancy::{SourceKind, SpaceClass};
use baro_testing::{Fault, at};
use lot::{COUNTER, GUIDE, Lot, request, sample};
use serde_json::{Value, json};

fn free_of(all: &Value, class: &str) -> Value {
    json!({"observedAt": all, "classes": [{"class": class, "free": 7}]})
}

#[tokio::test]
async fn a_counter_s_word_is_told_by_class_and_costs_one_request_in_a_warm_function() {
    let lot = Lot::open().await;
    let said = lot.event(&sample("counter")).await;
    assert_eq!((said.status, &said.body), (200, &json!({"taken": 4, "refused": []})));
    assert_eq!(lot.free(SpaceClass::All).await, Some((77, SourceKind::Counter)));
    assert_eq!(lot.free(SpaceClass::Disabled).await, Some((2, SourceKind::Counter)), "8 spaces, 6 taken");
    assert_eq!(lot.free(SpaceClass::Charging).await, Some((3, SourceKind::Camera)));
    assert_eq!(lot.free(SpaceClass::Compact).await, Some((0, SourceKind::Counter)));
    lot.cloud.forget_calls();
    lot.event(&sample("counter")).await;
    assert_eq!(lot.cloud.dynamodb_calls(), ["UpdateItem"]);
}

#[tokio::test]
async fn a_word_sent_again_gets_the_same_answer_and_a_late_one_changes_nothing() {
    let lot = Lot::open().await;
    let first = lot.event(&sample("counter")).await;
    let again = lot.event(&sample("counter")).await;
    assert_eq!((again.status, again.body), (first.status, first.body));
    let late = lot.says(COUNTER, "occupancy", &free_of(&json!("2026-11-20T10:04:59+09:00"), "all")).await;
    assert_eq!((late.status, &late.body["taken"]), (200, &json!(1)));
    assert_eq!(lot.free(SpaceClass::All).await.unwrap().0, 77);
    let newer = lot.says(COUNTER, "occupancy", &free_of(&json!("2026-11-20T10:05:01+09:00"), "all")).await;
    assert_eq!(newer.status, 200);
    assert_eq!(lot.free(SpaceClass::All).await.unwrap().0, 7);
}

#[tokio::test]
async fn sensors_tell_single_spaces_again_late_and_in_any_order() {
    let lot = Lot::open().await;
    let said = lot.event(&sample("sensors")).await;
    assert_eq!((said.status, &said.body), (200, &json!({"taken": 3, "refused": []})));
    lot.event(&sample("sensors")).await;
    assert_eq!(lot.free(SpaceClass::General).await, Some((0, SourceKind::Spaces)));
    assert_eq!(lot.free(SpaceClass::Woman).await, None, "no sensor is at one");
    let one = |occupied: bool, seen: &str| {
        json!({"observedAt": "2026-11-20T10:06:00+09:00",
               "spaces": [{"space": "B1-0041", "occupied": occupied, "observedAt": seen}]})
    };
    lot.says(GUIDE, "spaces", &one(false, "2026-11-20T10:05:30+09:00")).await;
    lot.says(GUIDE, "spaces", &one(true, "2026-11-20T10:05:20+09:00")).await;
    assert_eq!(lot.free(SpaceClass::General).await, Some((1, SourceKind::Spaces)), "the later one counts");
}

#[tokio::test]
async fn sensors_of_which_nothing_changes_stay_fresh_by_a_word_without_spaces() {
    let lot = Lot::open().await;
    lot.event(&sample("sensors")).await;
    lot.clock.set(at(60));
    let alive = json!({"observedAt": at(60), "spaces": []});
    let said = lot.says(GUIDE, "spaces", &alive).await;
    assert_eq!((said.status, &said.body["taken"]), (200, &json!(0)));
    assert!(!lot.told(SpaceClass::General).await.outdated);
}

#[tokio::test]
async fn a_bad_entry_is_named_and_kept_and_holds_up_no_good_one() {
    let lot = Lot::open().await;
    let body = json!({"observedAt": at(5), "classes": [
        {"class": "motorbike", "free": 1}, {"class": "all", "free": 50}, {"class": "disabled"},
        {"class": "disabled", "free": 1, "occupied": 1}, {"class": "woman", "free": 2}, {"class": "compact", "free": -1},
    ]});
    let said = lot.says(COUNTER, "occupancy", &body).await;
    assert_eq!((said.status, &said.body["taken"]), (200, &json!(1)));
    let refused = said.body["refused"].as_array().unwrap();
    let told: Vec<_> =
        refused.iter().map(|one| (one["index"].as_u64().unwrap(), one["code"].as_str().unwrap())).collect();
    let wanted = [
        (0, "invalid-member"),
        (2, "invalid-member"),
        (3, "invalid-member"),
        (4, "source-not-configured"),
        (5, "invalid-member"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(lot.free(SpaceClass::All).await.unwrap().0, 50);
    assert_eq!(lot.kept(), [("invalid-member".to_owned(), body.to_string())]);
}

#[tokio::test]
async fn a_bad_space_holds_up_no_good_one() {
    let lot = Lot::open().await;
    let body = json!({"observedAt": at(5), "spaces": [
        {"space": "", "occupied": true}, {"space": "B1-0001", "occupied": true}, {"space": "B1-0002", "class": "all", "occupied": true},
        {"space": "B1-0003", "occupied": true, "observedAt": "2027-01-01T00:00:00Z"}, {"space": "B1-0004", "clas": "disabled", "occupied": true},
    ]});
    let said = lot.says(GUIDE, "spaces", &body).await;
    let codes: Vec<_> =
        said.body["refused"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["invalid-member", "no-class-of-a-space", "observed-in-future", "invalid-member"]);
    assert_eq!((said.status, &said.body["taken"]), (200, &json!(1)));
    assert_eq!(lot.free(SpaceClass::General).await, Some((0, SourceKind::Spaces)));
}

/// What is wrong with a whole body, and what it is told as.
fn useless() -> Vec<(&'static str, &'static str, Value, u16, &'static str)> {
    let future = json!("2026-11-20T10:12:00+09:00");
    let many: Vec<Value> = (0..1_001).map(|n| json!({"space": format!("B{n}"), "occupied": true})).collect();
    vec![
        (COUNTER, "occupancy", json!({"observedAt": at(5), "classes": []}), 400, "invalid-member"),
        (COUNTER, "occupancy", json!({"classes": [{"class": "all", "free": 1}]}), 400, "invalid-member"),
        (COUNTER, "occupancy", json!({"observedAt": "10:05", "classes": []}), 400, "invalid-member"),
        (COUNTER, "occupancy", free_of(&future, "all"), 422, "observed-in-future"),
        (COUNTER, "occupancy", free_of(&json!(at(5)), "woman"), 422, "source-not-configured"),
        (GUIDE, "occupancy", free_of(&json!(at(5)), "all"), 422, "source-not-configured"),
        (GUIDE, "spaces", json!({"observedAt": future, "spaces": []}), 422, "observed-in-future"),
        (GUIDE, "spaces", json!({"observedAt": at(5), "spaces": many}), 413, "too-many-entries"),
    ]
}

#[tokio::test]
async fn a_body_of_which_nothing_can_be_used_is_refused_under_a_code_and_kept() {
    for (gate, route, body, status, code) in useless() {
        let lot = Lot::open().await;
        let said = lot.says(gate, route, &body).await;
        assert_eq!((said.status, &said.body["code"]), (status, &json!(code)), "{body}");
        assert_eq!(said.headers["content-type"], "application/problem+json");
        assert_eq!(lot.kept(), [(code.to_owned(), body.to_string())]);
        let calls = lot.cloud.dynamodb_calls();
        assert!(calls.iter().all(|call| call == "GetItem"), "{code}: nothing is stored: {calls:?}");
    }
}

#[tokio::test]
async fn what_is_no_json_or_too_long_is_refused_and_kept() {
    let json = ("content-type", "application/json");
    let secret = ("x-gate-secret", "secret");
    let long = " ".repeat(baro_occupancy::MAX_BODY_BYTES + 1);
    let cases = [
        (vec![json, secret], "{\"observedAt\":", 400, "malformed-json"),
        (vec![secret], "{}", 415, "unsupported-media-type"),
        (vec![("content-type", "text/xml"), secret], "<count/>", 415, "unsupported-media-type"),
        (vec![json, secret], &long, 413, "body-too-large"),
    ];
    for (headers, body, status, code) in cases {
        let lot = Lot::open().await;
        let said = lot.event(&request(COUNTER, "occupancy", &headers, body.as_bytes())).await;
        assert_eq!((said.status, &said.body["code"]), (status, &json!(code)));
        assert_eq!(lot.kept(), [(code.to_owned(), body.to_owned())]);
    }
}

#[tokio::test]
async fn only_a_device_with_its_secret_is_heard() {
    let lot = Lot::open().await;
    let body = free_of(&json!(at(5)), "all").to_string();
    for route in ["occupancy", "spaces"] {
        let headers = [("content-type", "application/json"), ("x-gate-secret", "other")];
        let said = lot.event(&request(COUNTER, route, &headers, body.as_bytes())).await;
        assert_eq!((said.status, &said.body["code"]), (401, &json!("wrong-gate-secret")));
        assert!(said.headers.contains_key("www-authenticate"));
        let said = lot.event(&request("gate_nobody", route, &headers, body.as_bytes())).await;
        assert_eq!((said.status, &said.body["code"]), (404, &json!("gate-not-found")));
    }
    assert_eq!(lot.told(SpaceClass::All).await.source, None);
    assert_eq!(lot.kept().len(), 2, "one a gate: at the same moment the same body is the same request");
}

#[tokio::test]
async fn sensors_of_a_lot_that_looks_at_none_are_refused() {
    let lot = Lot::without_sensors().await;
    let said = lot.says(GUIDE, "spaces", &json!({"observedAt": at(5), "spaces": []})).await;
    assert_eq!((said.status, &said.body["code"]), (422, &json!("source-not-configured")));
}

#[tokio::test]
async fn more_names_than_a_lot_can_have_are_named_and_kept_and_the_known_ones_go_on() {
    let lot = Lot::small().await;
    let spaces = |from: u32, to: u32| -> Value {
        let all = (from..to).map(|n| json!({"space": format!("S{n}"), "occupied": true}));
        json!({"observedAt": at(5), "spaces": all.collect::<Vec<_>>()})
    };
    assert_eq!(lot.says(GUIDE, "spaces", &spaces(0, 512)).await.body["taken"], 512);
    let said = lot.says(GUIDE, "spaces", &spaces(511, 514)).await;
    assert_eq!((said.status, &said.body["taken"]), (200, &json!(1)));
    let codes: Vec<_> = said.body["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["index"].clone(), one["code"].clone()))
        .collect();
    assert_eq!(codes, [(json!(1), json!("too-many-spaces")), (json!(2), json!("too-many-spaces"))]);
    assert_eq!(lot.kept().len(), 1);
}

#[tokio::test]
async fn a_word_that_can_not_be_stored_is_asked_for_again_and_then_taken() {
    let lot = Lot::open().await;
    for _ in 0..3 {
        lot.cloud.fail_next("UpdateItem", Fault::Before);
    }
    let said = lot.event(&sample("counter")).await;
    assert_eq!((said.status, &said.body["code"]), (503, &json!("temporarily-unavailable")));
    assert!(said.headers.contains_key("retry-after"));
    assert_eq!(lot.event(&sample("counter")).await.status, 200);
    for _ in 0..3 {
        lot.cloud.fail_next("PUT", Fault::Before);
    }
    let said = lot.says(COUNTER, "occupancy", &json!({})).await;
    assert_eq!(said.status, 503, "what can't be kept is not refused");
}
