//! The client against a server that answers as controllers do, word for word.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, http::Uri};
use baro_domain::{
    LaneId, LotId, PaymentId, PlateNumber, VisitId,
    command::{Action, OpenCause, PassTerms},
    lot::OpenRequest,
};
use jiff::{Timestamp, civil::date};
use serde_json::{Value, json};

use super::*;
use crate::HttpTimeouts;

#[derive(Debug, Clone, Default)]
struct Heard {
    path: String,
    authorization: String,
    body: Value,
}

type Script = Arc<Mutex<(StatusCode, String, Vec<Heard>)>>;

async fn hear(
    State(script): State<Script>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut script = script.lock().unwrap();
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    script.2.push(Heard {
        path: uri.path().to_owned(),
        authorization: authorization.unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap(),
    });
    (script.0, script.1.clone())
}

fn success() -> String {
    json!({"status": "200", "statusMsg": "success", "data": {"success": true, "errorMessage": ""}})
        .to_string()
}

fn refusal(said: &str) -> String {
    json!({"status": "200", "statusMsg": "success", "data": {"success": false, "errorMessage": said}})
        .to_string()
}

fn controller(address: &str) -> BarrierController {
    BarrierController {
        dialect: ControllerDialect::Amano,
        address: address.to_owned(),
        secret_id: "baro/controllers/lot_test".to_owned(),
        area: 20,
        barriers: BTreeMap::from([(LaneId::parse("lane_out").unwrap(), "3".to_owned())]),
        open: Some(OpenRequest {
            resource: "openBarrier".to_owned(),
            barrier_field: "gateNo".to_owned(),
            fixed: BTreeMap::from([("cmd".to_owned(), "UP".to_owned())]),
        }),
    }
}

fn command(action: Action) -> Command {
    let lot = LotId::parse("lot_test").unwrap();
    Command { lot, revision: 0, requested_at: Timestamp::UNIX_EPOCH, action }
}

fn plate() -> PlateNumber {
    PlateNumber::parse("99테9901")
}

fn open(lane: &str) -> Command {
    command(Action::Open {
        lane: LaneId::parse(lane).unwrap(),
        plate: plate(),
        visit: VisitId::derive(&["v"]),
        cause: OpenCause::Payment(PaymentId::derive(&["p"])),
    })
}

fn set() -> Command {
    let pass = PassTerms { kind: "passType2".to_owned(), from: date(2026, 8, 13), until: date(2026, 8, 20) };
    command(Action::SetPass { plate: plate(), pass })
}

/// Has one step carried out against a controller that answers like this.
async fn asked(status: u16, body: &str, command: &Command, step: Step) -> (Report, Vec<Heard>) {
    let status = StatusCode::from_u16(status).unwrap();
    let script: Script = Arc::new(Mutex::new((status, body.to_owned(), Vec::new())));
    let app = Router::new().fallback(hear).with_state(script.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let login = ControllerLogin { user: "baro".to_owned(), password: Secret::new("pw!") };
    let http = HttpClient::new(HttpTimeouts::default()).unwrap();
    let networks = "127.0.0.0/8".parse().unwrap();
    let report = client(&http, &networks, &controller(&address), login).unwrap().call(command, step).await;
    server.abort();
    let heard = script.lock().unwrap().2.clone();
    (report, heard)
}

#[tokio::test]
async fn a_barrier_is_raised_as_the_installation_wants_it() {
    let (report, heard) = asked(200, &success(), &open("lane_out"), Step::Open).await;
    assert_eq!(report, Report::Done);
    assert_eq!(heard[0].path, "/interop/openBarrier.do");
    assert_eq!(heard[0].body, json!({"lotAreaNo": 20, "gateNo": "3", "cmd": "UP"}));
    assert_eq!(heard[0].authorization, "Basic YmFybzpwdyE=");
}

#[tokio::test]
async fn a_lane_that_the_controller_does_not_know_is_not_asked_for() {
    let (report, heard) = asked(200, &success(), &open("lane_other"), Step::Open).await;
    assert!(matches!(report, Report::Refused { reason: Refusal::NotConfigured, .. }));
    assert!(heard.is_empty());
}

#[tokio::test]
async fn a_pass_has_the_fields_of_the_contract_and_nobody_s_name() {
    let (report, heard) = asked(200, &success(), &set(), Step::SetPass).await;
    assert_eq!((report, heard[0].path.as_str()), (Report::Done, "/interop/setCustdefInfo.do"));
    let body = &heard[0].body;
    assert_eq!((&body["carNo"], &body["passType"]), (&json!("99테9901"), &json!("passType2")));
    assert_eq!((&body["startDate"], &body["endDate"]), (&json!("20260813"), &json!("20260820")));
    assert_eq!((&body["userName"], &body["tel"]), (&json!(""), &json!("")));
    let (_, heard) = asked(200, &success(), &set(), Step::ClearPass).await;
    assert_eq!(heard[0].path, "/interop/deleteCustdefInfo.do");
    assert_eq!(heard[0].body, json!({"lotAreaNo": 20, "carNo": "99테9901"}));
}

#[tokio::test]
async fn refusals_inside_http_200_are_told_apart() {
    let told = async |said: &str| asked(200, &refusal(said), &set(), Step::SetPass).await.0;
    assert_eq!(told("[정기차량 등록] 이미 등록된 차량 (99테9901)").await, Report::AlreadySo);
    assert_eq!(told("[정기차량 삭제] 등록되지 않은 차량").await, Report::AlreadySo);
    assert_eq!(told("다른 요청을 처리 중입니다").await, Report::Busy("다른 요청을 처리 중입니다".into()));
    let wrong = "[정기차량 등록] 주차장 번호가 올바르지 않습니다";
    assert_eq!(told(wrong).await, refused(Refusal::Controller, wrong));
    assert_eq!(told("").await, refused(Refusal::Controller, ""));
}

fn refused(reason: Refusal, said: &str) -> Report {
    Report::Refused { reason, said: said.to_owned() }
}

#[tokio::test]
async fn an_answer_says_whether_the_controller_may_have_acted() {
    let told = async |status: u16, body: &str| asked(status, body, &open("lane_out"), Step::Open).await.0;
    assert_eq!(told(401, "").await, refused(Refusal::Credentials, "HTTP 401"));
    assert_eq!(told(404, "").await, refused(Refusal::Controller, "HTTP 404"));
    assert_eq!(told(503, "").await, Report::Busy("HTTP 503".into()), "turned away");
    assert_eq!(told(500, "").await, Report::NoAnswer("HTTP 500".into()));
    assert!(matches!(told(200, "<html>").await, Report::NoAnswer(_)));
    assert!(matches!(told(200, "{}").await, Report::NoAnswer(_)));
}

#[tokio::test]
async fn a_controller_that_can_t_be_reached_did_nothing_and_a_silent_one_may_have() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let call = async || {
        let timeouts = HttpTimeouts { whole: Duration::from_millis(200), ..HttpTimeouts::default() };
        let http = HttpClient::new(timeouts).unwrap();
        let login = ControllerLogin { user: "baro".to_owned(), password: Secret::new("pw!") };
        let networks = "127.0.0.0/8".parse().unwrap();
        client(&http, &networks, &controller(&address), login)
            .unwrap()
            .call(&open("lane_out"), Step::Open)
            .await
    };
    assert!(matches!(call().await, Report::NoAnswer(_)));
    drop(listener);
    assert!(matches!(call().await, Report::Busy(_)));
}

#[tokio::test]
async fn no_password_goes_to_an_address_outside_the_allowed_networks() {
    let http = HttpClient::new(HttpTimeouts::default()).unwrap();
    let login = ControllerLogin { user: "baro".to_owned(), password: Secret::new("pw!") };
    let networks = "10.0.0.0/8".parse().unwrap();
    let refused = client(&http, &networks, &controller("http://127.0.0.1:9001"), login);
    assert_eq!(refused.err(), Some(Refusal::Address));
}
