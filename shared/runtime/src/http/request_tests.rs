//! Requests as API Gateway sends them.

use super::*;
use lambda_http::Body;
use serde::Deserialize;
use std::collections::HashMap;

fn post(headers: &[(&str, &str)], body: &str) -> Request {
    let mut request = Request::new(Body::from(body));
    for (name, value) in headers {
        let name: ::http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

fn json(body: &str) -> Request {
    post(&[("content-type", "application/json")], body)
}

fn with_query(text: &str) -> Request {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        all.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    post(&[], "").with_query_string_parameters(all)
}

#[derive(Debug, PartialEq, Deserialize)]
struct Report {
    events: Vec<Event>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Event {
    plate: String,
    confidence: u8,
}

#[test]
fn an_event_of_api_gateway_gives_the_bytes_that_were_sent() {
    let event = r#"{"version":"2.0","routeKey":"POST /v1/gates/{gateId}/events","rawPath":"/v1/gates/gate_1/events",
        "rawQueryString":"a=1&a=2&lot=lot_1","headers":{"content-type":"text/xml","x-gate":"one"},
        "pathParameters":{"gateId":"gate_1","plate":"12%EA%B0%803456"},
        "requestContext":{"accountId":"1","apiId":"a","domainName":"d","domainPrefix":"d","requestId":"r","routeKey":"r","stage":"$default",
          "time":"20/Nov/2026:00:00:00 +0000","timeEpoch":1,
          "http":{"method":"POST","path":"/v1/gates/gate_1/events","protocol":"HTTP/1.1","sourceIp":"1.1.1.1","userAgent":"c"}},
        "body":"sNbB","isBase64Encoded":true}"#;
    let request = lambda_http::request::from_str(event).unwrap();
    assert_eq!(body(&request, 3).unwrap(), [0xB0, 0xD6, 0xC1]);
    assert!(content_type(&request).unwrap().is_xml());
    assert_eq!(header(&request, "x-gate").unwrap(), Some("one"));
    assert_eq!(path_parameter(&request, "gateId").unwrap(), "gate_1");
    assert_eq!(path_parameter(&request, "plate").unwrap(), "12가3456");
    assert_eq!(query_parsed::<String>(&request, "lot").unwrap(), "lot_1");
    assert_eq!(query::<u8>(&request, "a").unwrap_err().code(), "invalid-parameter");
}

#[test]
fn a_body_past_the_limit_is_refused_with_the_limit() {
    let problem = body(&post(&[], "123456"), 5).unwrap_err();
    assert_eq!((problem.status().as_u16(), problem.code()), (413, "body-too-large"));
    assert_eq!(problem.member("limitBytes"), Some(&5.into()));
    assert_eq!(body(&post(&[], "12345"), 5).unwrap(), b"12345");
}

#[test]
fn a_repeated_header_is_refused_in_both_forms() {
    let twice = post(&[("x-gate-secret", "a"), ("x-gate-secret", "b")], "");
    assert_eq!(header(&twice, "x-gate-secret").unwrap_err().code(), "invalid-header");
    let joined_by_api_gateway = post(&[("x-gate-secret", "a,b")], "");
    assert_eq!(token_header(&joined_by_api_gateway, "x-gate-secret").unwrap_err().code(), "invalid-header");
    assert_eq!(token_header(&post(&[], ""), "x-gate-secret").unwrap_err().code(), "missing-header");
    assert_eq!(token_header(&post(&[("x-gate-secret", "s3cret")], ""), "x-gate-secret").unwrap(), "s3cret");
}

#[test]
fn a_parameter_that_does_not_parse_is_named() {
    let request = with_query("radiusM=far&lat=36.35&empty=");
    let problem = query::<u32>(&request, "radiusM").unwrap_err();
    assert_eq!(problem.code(), "invalid-parameter");
    assert_eq!(problem.member("parameter"), Some(&"radiusM".into()));
    assert_eq!(query::<u32>(&request, "empty").unwrap(), None);
    assert_eq!(query::<u32>(&request, "absent").unwrap(), None);
    assert_eq!(query_parsed::<u32>(&request, "absent").unwrap_err().code(), "missing-parameter");
    assert_eq!(path_parameter(&request, "lotId").unwrap_err().code(), "missing-parameter");
}

#[test]
fn percent_signs_that_escape_nothing_stay() {
    assert_eq!(percent_decoded("100%").as_deref(), Some("100%"));
    assert_eq!(percent_decoded("%zz%41").as_deref(), Some("%zzA"));
    assert_eq!(percent_decoded("%ff"), None);
}

#[test]
fn a_wrong_member_is_pointed_at() {
    let problem = json_body::<Report>(
        &json(r#"{"events":[{"plate":"12가3456","confidence":9},{"plate":"x","confidence":900}]}"#),
        1_000,
    )
    .unwrap_err();
    assert_eq!((problem.status().as_u16(), problem.code()), (400, "invalid-member"));
    assert_eq!(problem.member("pointer"), Some(&"#/events/1/confidence".into()));
}

#[test]
fn malformed_truncated_and_trailing_json_is_told_apart_from_wrong_members() {
    for text in ["", "{", "{]", r#"{"events":[]} x"#, "\u{feff}{}", r#"{"events":[]}{"events":[]}"#] {
        assert_eq!(json_body::<Report>(&json(text), 1_000).unwrap_err().code(), "malformed-json", "{text:?}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(json_body::<serde_json::Value>(&json(&deep), 1_000_000).unwrap_err().code(), "malformed-json");
    assert_eq!(json_body::<Report>(&json(r#"{"events":[]}"#), 1_000).unwrap(), Report { events: vec![] });
}

#[test]
fn json_is_taken_as_json_only() {
    let as_text = post(&[("content-type", "text/plain")], "{}");
    assert_eq!(json_body::<Report>(&as_text, 9).unwrap_err().code(), "unsupported-media-type");
    assert_eq!(json_body::<Report>(&post(&[], "{}"), 9).unwrap_err().status(), 415);
}

#[test]
fn an_idempotency_key_has_8_to_64_visible_characters() {
    let key = |value: &str| idempotency_key(&post(&[("idempotency-key", value)], ""));
    assert_eq!(key("pay-7f3a").unwrap().as_str(), "pay-7f3a");
    assert!(key(&"a".repeat(64)).is_ok());
    for value in ["", "short", "with space", "two,keys1", &"a".repeat(65)] {
        assert_eq!(key(value).unwrap_err().code(), "invalid-idempotency-key", "{value:?}");
    }
    assert_eq!(idempotency_key(&post(&[], "")).unwrap_err().code(), "invalid-idempotency-key");
}
