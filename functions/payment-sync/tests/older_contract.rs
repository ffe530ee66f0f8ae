//! A merchant of PortOne's V1 contract: the same payments, the same postings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::Request, http::StatusCode, response::IntoResponse as _};
use baro_domain::{PaymentId, Won, payment::PaymentStatus};
use baro_gateway::RotatingPortOne;
use baro_payment_sync::PaymentSync;
use baro_runtime::{Clock, Config};
use baro_testing::{Cloud, at, payment};
use serde_json::{Value, json};

fn id() -> PaymentId {
    PaymentId::derive(&["v1"])
}

/// V1 with one test payment, which says what a test tells it to say; a cancellation takes all of it back.
async fn gateway(payment: Arc<Mutex<Value>>) -> String {
    let app = Router::new().fallback(move |request: Request| {
        let payment = payment.clone();
        async move {
            let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default());
            let live = query.contains("include_sandbox=false");
            if path == "/users/getToken" {
                let token = json!({"access_token": "t", "now": 0, "expired_at": 1_800});
                return Json(json!({"code": 0, "response": token})).into_response();
            }
            if live {
                return (StatusCode::NOT_FOUND, Json(json!({"code": 1}))).into_response();
            }
            let mut payment = payment.lock().unwrap();
            if path == "/payments/cancel" {
                let amount = payment["amount"].clone();
                payment["status"] = json!("cancelled");
                payment["cancel_amount"] = amount.clone();
                payment["cancel_history"] =
                    json!([{"pg_tid": "c", "amount": amount, "cancelled_at": 1_795_140_600}]);
            }
            Json(json!({"code": 0, "message": null, "response": payment.clone()})).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn paid(amount: i64) -> Value {
    json!({
        "imp_uid": "imp_1", "merchant_uid": id(), "status": "paid", "amount": amount, "cancel_amount": 0,
        "currency": "KRW", "name": "주차요금", "pay_method": "card", "pg_tid": "pg", "paid_at": 1_795_140_060,
        "started_at": 1_795_140_000, "cancel_history": [],
    })
}

async fn start(payment_there: Value) -> (Cloud, Arc<Mutex<Value>>, PaymentSync) {
    let cloud = Cloud::start().await;
    cloud.billing().create(&payment(&id())).await.unwrap();
    cloud.put_secret("portone", r#"{"impKey":"key","impSecret":"secret"}"#);
    let there = Arc::new(Mutex::new(payment_there));
    let url = gateway(there.clone()).await;
    let config = Config::from_pairs([
        ("PORTONE_API", "V1"),
        ("PORTONE_BASE_URL", url.as_str()),
        ("PORTONE_STORE_ID", "store-1"),
        ("PORTONE_SECRET_ID", "portone"),
    ]);
    let clock = Clock::at(at(62));
    let gateway = RotatingPortOne::from_config(&cloud.aws, &config, clock.clone()).unwrap();
    let sync =
        PaymentSync::new((cloud.billing(), cloud.parking()), baro_testing::shop(), Arc::new(gateway), clock);
    (cloud, there, sync)
}

#[tokio::test]
async fn a_payment_of_v1_is_paid_and_partly_refunded_as_one_of_v2() {
    let (cloud, there, sync) = start(paid(1_300)).await;
    sync.sync(&id()).await.unwrap();
    let stored = cloud.billing().payment(&id()).await.unwrap().unwrap().value;
    assert_eq!((stored.status, stored.captured), (PaymentStatus::Paid, Won::new(1_300)));
    {
        let mut there = there.lock().unwrap();
        there["cancel_amount"] = json!(300);
        there["cancel_history"] = json!([{"pg_tid": "c", "amount": 300, "cancelled_at": 1_795_140_600}]);
    }
    sync.sync(&id()).await.unwrap();
    let stored = cloud.billing().payment(&id()).await.unwrap().unwrap().value;
    assert_eq!((stored.status, stored.returned), (PaymentStatus::PartlyRefunded, Won::new(300)));
}

#[tokio::test]
async fn an_amount_nobody_asked_for_goes_back_through_v1_too() {
    let (cloud, there, sync) = start(paid(100)).await;
    sync.sync(&id()).await.unwrap();
    assert_eq!(there.lock().unwrap()["status"], "cancelled");
    sync.sync(&id()).await.unwrap();
    let stored = cloud.billing().payment(&id()).await.unwrap().unwrap().value;
    assert_eq!((stored.status, stored.returned), (PaymentStatus::Refunded, Won::new(100)));
}
