//! The real clients with credentials from Secrets Manager, before a Solapi of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use baro_domain::{
    EventId,
    notice::{Channel, Contact, Language, Notice, NoticeKind, Outcome},
};
use baro_notifier::{MAY_STILL_RUN, Messengers, Notifier, NotifyError};
use baro_runtime::{Clock, Config};
use baro_testing::{Cloud, at, plate};
use serde_json::{Value, json};

const SECRET_ID: &str = "messenger";
/// The only API key that this Solapi knows.
const GOOD_KEY: &str = "NCSGOOD";

type Received = Arc<Mutex<Vec<Value>>>;

async fn send(
    State(received): State<Received>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let authorization = headers["authorization"].to_str().unwrap();
    if !authorization.contains(&format!("apiKey={GOOD_KEY},")) {
        return (StatusCode::FORBIDDEN, Json(json!({"errorCode": "InvalidAPIKey", "errorMessage": ""})));
    }
    received.lock().unwrap().push(body["messages"][0].clone());
    let taken = json!({"messageId": "M4V1", "statusCode": "2000"});
    (StatusCode::OK, Json(json!({"failedMessageList": [], "messageList": [taken], "groupInfo": {}})))
}

async fn list() -> Json<Value> {
    Json(json!({"messageList": {}}))
}

struct Scene {
    cloud: Cloud,
    clock: Clock,
    received: Received,
    notifier: Notifier,
}

fn secret(api_key: &str) -> String {
    json!({
        "fcm": {"projectId": "", "clientEmail": "", "privateKey": ""},
        "solapi": {
            "apiKey": api_key, "apiSecret": "s", "pfId": "PF", "from": "0420000000",
            "templates": {"entered-ko": "KA01TPapproved"},
        },
    })
    .to_string()
}

async fn scene(api_key: &str) -> Scene {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let solapi = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/messages/v4/send-many/detail", post(send))
        .route("/messages/v4/list", axum::routing::get(list))
        .with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let (cloud, clock) = (Cloud::start().await, Clock::at(at(1)));
    cloud.put_secret(SECRET_ID, &secret(api_key));
    let config = Config::from_pairs([
        ("MESSENGER_SECRET_ID", SECRET_ID),
        ("FCM_BASE_URL", "http://127.0.0.1:9"),
        ("GOOGLE_TOKEN_URL", "http://127.0.0.1:9/token"),
        ("SOLAPI_BASE_URL", &solapi),
    ]);
    let messengers = Arc::new(Messengers::from_config(&cloud.aws, &config, clock.clone()).unwrap());
    let notifier =
        Notifier::new(cloud.activity(), cloud.directory(), messengers.clone(), messengers, clock.clone());
    Scene { cloud, clock, received, notifier }
}

fn notice(language: Language) -> Notice {
    let event = EventId::derive(&["entered"]);
    Notice {
        id: Notice::id_for(&event),
        event,
        plate: plate(),
        lot_name: "법원·검찰청앞".into(),
        time_zone: "Asia/Seoul".into(),
        contact: Contact { push_token: Some("token-1".into()), phone: Some("01000001234".into()), language },
        kind: NoticeKind::Entered { entered_at: at(0) },
    }
}

#[tokio::test]
async fn without_a_firebase_account_people_are_told_by_alimtalk_under_the_accounts_own_template_id() {
    let scene = scene(GOOD_KEY).await;
    scene.notifier.tell(&notice(Language::Ko)).await.unwrap();
    let received = scene.received.lock().unwrap().clone();
    assert_eq!((received.len(), &received[0]["type"]), (1, &json!("ATA")));
    let kakao = &received[0]["kakaoOptions"];
    assert_eq!(kakao["templateId"], "KA01TPapproved");
    assert_eq!(
        kakao["variables"],
        json!({"#{주차장}": "법원·검찰청앞", "#{차량}": "1****56", "#{시각}": "11월 20일 10:00"})
    );
}

#[tokio::test]
async fn a_template_without_an_id_of_the_account_goes_by_its_own_name() {
    let scene = scene(GOOD_KEY).await;
    scene.notifier.tell(&notice(Language::En)).await.unwrap();
    assert_eq!(scene.received.lock().unwrap()[0]["kakaoOptions"]["templateId"], "entered-en");
}

#[tokio::test]
async fn a_refused_key_refuses_no_message_and_the_new_key_is_used_without_a_restart() {
    let scene = scene("NCSOLD").await;
    let told = notice(Language::Ko);
    let error = scene.notifier.tell(&told).await.unwrap_err();
    assert!(matches!(error, NotifyError::Vendor { channel: Channel::AlimTalk, .. }), "{error}");
    let record = scene.cloud.activity().notice(&told.id).await.unwrap();
    assert_eq!(record.attempts.last().map(|attempt| attempt.outcome), Some(Outcome::Begun));
    scene.cloud.put_secret(SECRET_ID, &secret(GOOD_KEY));
    scene.clock.advance(MAY_STILL_RUN);
    scene.notifier.tell(&told).await.unwrap();
    assert_eq!(scene.received.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_secret_is_read_once_for_many_notices() {
    let scene = scene(GOOD_KEY).await;
    for name in ["a", "b", "c"] {
        let mut told = notice(Language::Ko);
        told.id = baro_domain::NoticeId::derive(&[name]);
        scene.notifier.tell(&told).await.unwrap();
    }
    let reads = scene.cloud.calls().into_iter().filter(|call| call.service == "secretsmanager").count();
    assert_eq!((reads, scene.received.lock().unwrap().len()), (1, 3));
}
