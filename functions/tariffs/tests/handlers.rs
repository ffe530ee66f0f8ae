//! The workbench, driven with API Gateway's events.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

use std::collections::BTreeSet;
use std::sync::Arc;

use baro_tariffs::{CODES, MAX_BODY_BYTES, Workbench, handle};
use serde_json::{Value, json};

fn event(name: &str) -> Value {
    let path = format!("{}/../../events/workbench/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn send(event: &Value) -> (u16, String) {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let answer = |request| handle(Arc::new(Workbench), request);
    let response = baro_runtime::answer(request, answer).await;
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

async fn ask(name: &str, body: &str) -> (u16, Value) {
    let mut event = event(name);
    event["body"] = body.into();
    let (status, answer) = send(&event).await;
    (status, serde_json::from_str(&answer).unwrap())
}

/// The sample question, changed.
fn question(change: impl FnOnce(&mut Value)) -> String {
    let mut question: Value = serde_json::from_str(event("quote")["body"].as_str().unwrap()).unwrap();
    change(&mut question);
    question.to_string()
}

#[tokio::test]
async fn a_quote_is_explained_in_both_languages_with_the_zones_times() {
    let (status, text) = send(&event("quote")).await;
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    assert_eq!((&answer["total"], &answer["currency"]), (&json!(1_600), &json!("KRW")));
    assert_eq!(answer["lines"][1]["labelKo"], "평일 10:10–10:45, 10분 단위 4회 × 300원");
    assert_eq!(answer["lines"][1]["labelEn"], "Weekday 10:10–10:45, 10 min × 4 at 300 won");
    assert_eq!(answer["leaveBy"], "2026-11-20T10:50:00+09:00");
    let step = json!({"at": "2026-11-20T10:51:00+09:00", "inMinutes": 6, "increase": 300});
    assert_eq!(answer["nextStep"], step);
    assert_eq!(send(&event("quote")).await.1, text, "the same question gives the same bytes");
}

#[tokio::test]
async fn a_check_answers_findings_and_the_words_of_apds() {
    let (status, text) = send(&event("check")).await;
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    assert_eq!((&answer["ok"], &answer["problems"]), (&json!(true), &json!([])));
    assert_eq!(answer["findings"][0]["code"], "below-legal-discount");
    assert_eq!(answer["apds"]["rateTables"][0]["rateLineCollections"][0]["applicableCurrency"], "KRW");
    let mut plain = event("check");
    plain["rawQueryString"] = "".into();
    plain["queryStringParameters"] = Value::Null;
    assert!(!send(&plain).await.1.contains("apds"));
}

#[tokio::test]
async fn a_bad_tariff_is_an_answer_to_a_check_and_a_refusal_of_a_quote() {
    let spoil = |tariff: &mut Value| {
        tariff["schedule"]["bands"][0]["tiers"][0]["unitPrice"] = json!(-400);
        tariff["validUntil"] = json!("2020-01-01");
    };
    let mut tariff: Value = serde_json::from_str(event("check")["body"].as_str().unwrap()).unwrap();
    spoil(&mut tariff);
    let (status, answer) = ask("check", &tariff.to_string()).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(false)));
    let paths = |problems: &Value| -> Vec<String> {
        let each = problems.as_array().unwrap().iter();
        each.map(|problem| problem["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&answer["problems"]), ["validUntil", "schedule.bands[0].tiers[0].unitPrice"]);
    let (status, refusal) = ask("quote", &question(|question| spoil(&mut question["tariff"]))).await;
    assert_eq!((status, &refusal["code"]), (422, &json!("tariff-invalid")));
    assert_eq!(
        paths(&refusal["problems"]),
        ["tariff.validUntil", "tariff.schedule.bands[0].tiers[0].unitPrice"]
    );
}

/// Bodies that each code is the answer to.
fn refused() -> Vec<(&'static str, u16, String)> {
    let hours = |hour: i64| {
        json!({"code": format!("h{hour}"), "hours": {"from": format!("{hour:02}:00"), "until": format!("{:02}:00", hour + 1)},
            "tiers": [{"fromMinute": 0, "unitMinutes": 10, "unitPrice": 100 + hour}]})
    };
    let pass = json!([{"offer": "month", "validFrom": "2026-11-01T00:00:00+09:00", "validUntil": "2026-12-01T00:00:00+09:00"}]);
    let many = |question: &mut Value| {
        question["tariff"]["schedule"]["bands"] = (0..24).map(hours).collect();
        question["leftAt"] = json!("2027-11-20T10:00:00+09:00");
    };
    vec![
        ("tariff-invalid", 422, question(|question| question["tariff"]["version"] = json!("one"))),
        ("no-such-time-zone", 422, question(|question| question["timeZone"] = json!("Seoul"))),
        (
            "left-before-entered",
            422,
            question(|question| question["leftAt"] = json!("2026-11-20T09:00:00+09:00")),
        ),
        ("stay-too-long", 422, question(|question| question["leftAt"] = json!("9999-01-01T00:00:00Z"))),
        ("quote-too-long", 422, question(many)),
        ("unknown-pass", 422, question(|question| question["passes"] = pass)),
        ("malformed-json", 400, "{\"tariff\":".to_owned()),
        ("invalid-member", 400, question(|question| question["leftAt"] = json!("2026-11-20T10:00:00"))),
        ("invalid-member", 400, question(|question| question["tarif"] = json!({}))),
        ("body-too-large", 413, "[".repeat(MAX_BODY_BYTES + 1)),
    ]
}

#[tokio::test]
async fn every_refusal_has_its_code_and_says_what_to_mend() {
    let mut met = BTreeSet::new();
    for (code, status, body) in refused() {
        let (got, answer) = ask("quote", &body).await;
        assert_eq!((got, answer["code"].as_str().unwrap()), (status, code), "{answer}");
        assert!(answer["detail"].is_string() || code == "stay-too-long", "{answer}");
        met.insert(code);
    }
    for code in CODES {
        assert!(met.contains(code.code), "{} is never told", code.code);
    }
    let (_, offset) =
        ask("quote", &question(|question| question["leftAt"] = json!("2026-11-20T10:00:00"))).await;
    assert_eq!(offset["pointer"], "#/leftAt");
}

#[tokio::test]
async fn what_is_no_json_is_refused_by_the_check_too() {
    assert_eq!(ask("check", "nonsense").await.1["code"], "malformed-json");
    assert_eq!(ask("check", "").await.1["code"], "malformed-json");
    let deep = "[".repeat(10_000);
    assert_eq!(ask("check", &deep).await.0, 400);
    let mut text = event("check");
    text["headers"]["content-type"] = "text/plain".into();
    assert_eq!(send(&text).await.0, 415);
    text["requestContext"]["routeKey"] = "GET /v1/tariffs".into();
    assert_eq!(send(&text).await.0, 404);
}
