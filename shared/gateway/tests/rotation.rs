//! Which contract is spoken, and with which secret.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it stands")]

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::Request, http::StatusCode, response::IntoResponse};
use baro_clients::portone::{GatewayError, PaymentGateway as _};
use baro_domain::{PaymentId, Won};
use baro_gateway::RotatingPortOne;
use baro_runtime::{Clock, Config};
use baro_testing::{Cloud, at};
use serde_json::json;

type Seen = Arc<Mutex<Vec<String>>>;

/// A gateway of both contracts whose V2 secret is `new`.
async fn gateway() -> (String, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let app = Router::new().fallback(move |request: Request| {
        let log = log.clone();
        async move {
            let header = |name: &str| {
                request
                    .headers()
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
                    .unwrap_or_default()
            };
            let authorization = header("authorization");
            let path = request.uri().path().to_owned();
            log.lock().unwrap().push(format!("{path} {authorization}"));
            match path.as_str() {
                "/users/getToken" => {
                    let token = json!({"access_token": "token", "now": 0, "expired_at": 1_800});
                    Json(json!({"code": 0, "response": token})).into_response()
                }
                "/payments/prepare" => Json(json!({"code": 0, "response": {"amount": 1}})).into_response(),
                _ if authorization == "PortOne new" => Json(json!({})).into_response(),
                _ => (StatusCode::UNAUTHORIZED, Json(json!({"type": "UNAUTHORIZED"}))).into_response(),
            }
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, seen)
}

fn config(url: &str, api: &str) -> Config {
    Config::from_pairs([
        ("PORTONE_API", api),
        ("PORTONE_BASE_URL", url),
        ("PORTONE_STORE_ID", "store-1"),
        ("PORTONE_SECRET_ID", "portone"),
    ])
}

#[tokio::test]
async fn a_secret_that_was_refused_is_read_anew() {
    let cloud = Cloud::start().await;
    let (url, _) = gateway().await;
    cloud.put_secret("portone", r#"{"apiSecret":"old"}"#);
    let rotating = RotatingPortOne::from_config(&cloud.aws, &config(&url, ""), Clock::at(at(0))).unwrap();
    let id = PaymentId::derive(&["p"]);
    assert!(matches!(rotating.pre_register(&id, Won::new(1)).await, Err(GatewayError::Final(_))));
    cloud.put_secret("portone", r#"{"apiSecret":"new"}"#);
    assert_eq!(rotating.pre_register(&id, Won::new(1)).await, Ok(()));
}

#[tokio::test]
async fn a_deployment_of_the_older_contract_speaks_it_and_keeps_its_token() {
    let cloud = Cloud::start().await;
    let (url, seen) = gateway().await;
    cloud.put_secret("portone", r#"{"impKey":"k","impSecret":"s"}"#);
    let rotating = RotatingPortOne::from_config(&cloud.aws, &config(&url, "V1"), Clock::at(at(0))).unwrap();
    let id = PaymentId::derive(&["p"]);
    rotating.pre_register(&id, Won::new(1)).await.unwrap();
    rotating.pre_register(&id, Won::new(1)).await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        ["/users/getToken ", "/payments/prepare Bearer token", "/payments/prepare Bearer token"]
    );
}

#[tokio::test]
async fn a_contract_that_nobody_knows_stops_the_start() {
    let cloud = Cloud::start().await;
    assert!(RotatingPortOne::from_config(&cloud.aws, &config("http://x", "V3"), Clock::at(at(0))).is_err());
}
