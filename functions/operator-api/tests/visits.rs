//! Who may look, and who is seen in the lot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod desk;

use baro_domain::Passage;
use baro_testing::Fault;
use desk::Desk;
use serde_json::{Value, json};

#[tokio::test]
async fn the_longest_open_visit_comes_first_with_what_it_owes() {
    let desk = Desk::start().await;
    desk.read("b", "34나5678", Passage::Entered, 30).await;
    desk.read("a", "12가3456", Passage::Entered, 0).await;
    desk.read("c", "56다7890", Passage::Entered, 40).await;
    desk.read("d", "56다7890", Passage::Left, 45).await;
    desk.cloud.forget_calls();
    let answer = desk.ask("visits").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let visits = answer.body["visits"].as_array().unwrap();
    let seen: Vec<_> = visits.iter().map(|visit| (&visit["plate"], &visit["due"])).collect();
    assert_eq!(seen, [(&json!("12가3456"), &json!(1_900)), (&json!("34나5678"), &json!(1_000))]);
    assert_eq!(visits[0]["enteredAt"], "2026-11-20T10:00:00+09:00");
    assert_eq!(desk.cloud.dynamodb_calls(), ["GetItem", "GetItem", "Query", "BatchGetItem"]);
}

#[tokio::test]
async fn a_full_lot_comes_in_pages_without_a_gap() {
    let desk = Desk::start().await;
    for car in 0..60_i64 {
        desk.read(&format!("in{car}"), &format!("12가{car:04}"), Passage::Entered, car % 7).await;
    }
    let first = desk.ask("visits").await;
    let cursor = first.body["cursor"].as_str().unwrap().to_owned();
    let second =
        desk.ask_with("visits", |event| event["rawQueryString"] = json!(format!("cursor={cursor}"))).await;
    assert_eq!(second.body["cursor"], Value::Null);
    let plates = |answer: &Value| {
        answer["visits"].as_array().unwrap().iter().map(|v| v["plate"].to_string()).collect::<Vec<_>>()
    };
    let mut all = [plates(&first.body), plates(&second.body)].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 60);
    let bad = desk.ask_with("visits", |event| event["rawQueryString"] = json!("cursor=x")).await;
    assert_eq!(bad.problem(), (400, "invalid-parameter"));
}

#[tokio::test]
async fn a_key_that_fits_no_operator_opens_nothing_and_says_nothing() {
    let desk = Desk::start().await;
    let keys = [
        "",
        "Bearer opr_daejeon-seogu.wrong",
        "Bearer opr_daejeon-seogu",
        "Bearer opr_nobody.local-secret",
        "Basic opr_daejeon-seogu.local-secret",
        "Bearer gate_1.local-secret",
    ];
    for key in keys {
        let answer = desk.ask_with("visits", |event| event["headers"]["authorization"] = json!(key)).await;
        assert_eq!(answer.problem(), (401, "wrong-operator-key"), "{key}");
    }
}

#[tokio::test]
async fn another_operators_lot_is_as_unknown_as_none() {
    let desk = Desk::start().await;
    let key = json!("Bearer opr_elsewhere.other-secret");
    let answer = desk.ask_with("visits", |event| event["headers"]["authorization"] = key).await;
    let none = desk.ask_with("visits", |event| event["pathParameters"]["lotId"] = json!("lot_none")).await;
    assert_eq!(answer.problem(), (404, "lot-not-found"));
    assert_eq!(none.problem(), (404, "lot-not-found"));
}

#[tokio::test]
async fn when_the_tables_do_not_answer_the_page_may_ask_again() {
    let desk = Desk::start().await;
    for _ in 0..3 {
        desk.cloud.fail_next("GetItem", Fault::Throttled);
    }
    assert_eq!(desk.ask("visits").await.problem(), (503, "temporarily-unavailable"));
    assert_eq!(desk.ask("visits").await.status, 200);
}
