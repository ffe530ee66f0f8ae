//! The client against a tiny gateway that answers one thing; the whole contract is played by the sandbox in infra/local.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::*;
use crate::http::HttpTimeouts;
use crate::portone::{CancelRequester, PaymentStatus};

type Seen = Arc<Mutex<Vec<String>>>;

async fn gateway(status: u16, body: &'static str, delay: Duration) -> (PortOneV2, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let app = Router::new().fallback(move |request: Request| {
        let log = log.clone();
        async move {
            let authorization = request.headers()["authorization"].to_str().unwrap_or_default().to_owned();
            let line = format!("{} {} {authorization}", request.method(), request.uri());
            let sent = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
            log.lock().unwrap().push(format!("{line} {}", String::from_utf8_lossy(&sent)));
            tokio::time::sleep(delay).await;
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let timeouts = HttpTimeouts { whole: Duration::from_millis(400), ..HttpTimeouts::default() };
    let config = PortOneV2Config { base_url, store_id: "store-1".into(), api_secret: Secret::new("s3cret") };
    (PortOneV2::new(HttpClient::new(timeouts).unwrap(), config).unwrap(), seen)
}

fn payment() -> PaymentId {
    PaymentId::parse("pay_1").unwrap()
}

fn refund() -> CancelRequest {
    CancelRequest {
        amount: Some(Won::new(700)),
        reason: "요금 정정".into(),
        requester: CancelRequester::Admin,
        current_cancellable_amount: Won::new(8700),
        refund_account: None,
    }
}

#[tokio::test]
async fn a_payment_is_asked_for_with_secret_and_store() {
    let body = r#"{"status":"READY","id":"pay_1","storeId":"store-1","orderName":"o","amount":{"total":1},"currency":"KRW"}"#;
    let (client, seen) = gateway(200, body, Duration::ZERO).await;
    assert_eq!(client.get_payment(&payment()).await.unwrap().unwrap().status, PaymentStatus::Ready);
    assert_eq!(seen.lock().unwrap()[0], "GET /payments/pay_1?storeId=store-1 PortOne s3cret ");
    assert!(!format!("{client:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_payment_nobody_opened_is_none() {
    let (client, _) = gateway(404, r#"{"type":"PAYMENT_NOT_FOUND","message":"…"}"#, Duration::ZERO).await;
    assert_eq!(client.get_payment(&payment()).await, Ok(None));
}

#[tokio::test]
async fn a_cancellation_carries_its_guard() {
    let body = r#"{"cancellation":{"status":"SUCCEEDED","id":"c1","totalAmount":700,"taxFreeAmount":0,"vatAmount":64,"reason":"r"}}"#;
    let (client, seen) = gateway(200, body, Duration::ZERO).await;
    assert_eq!(client.cancel(&payment(), &refund()).await.unwrap().total_amount, Won::new(700));
    let sent = seen.lock().unwrap()[0].clone();
    assert!(sent.starts_with("POST /payments/pay_1/cancel"), "{sent}");
    assert!(
        sent.contains(r#""currentCancellableAmount":8700"#) && sent.contains(r#""requester":"ADMIN""#),
        "{sent}"
    );
}

#[tokio::test]
async fn a_refusal_is_final_and_keeps_its_type() {
    let (client, _) =
        gateway(409, r#"{"type":"CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN"}"#, Duration::ZERO).await;
    let Err(GatewayError::Final(refusal)) = client.cancel(&payment(), &refund()).await else { panic!() };
    assert_eq!((refusal.status, refusal.kind), (409, RefusalKind::CancellableAmountConsistencyBroken));
}

#[tokio::test]
async fn a_card_companys_refusal_is_final_although_it_is_a_502() {
    let body = r#"{"type":"PG_PROVIDER","pgCode":"LIMIT","pgMessage":"한도초과"}"#;
    let (client, _) = gateway(502, body, Duration::ZERO).await;
    let charge = BillingKeyCharge {
        billing_key: Secret::new("bk"),
        order_name: "주차요금".into(),
        total: Won::new(1_000),
    };
    let Err(GatewayError::Final(refusal)) = client.charge(&payment(), &charge).await else { panic!() };
    assert_eq!((refusal.kind, refusal.pg_code.as_deref()), (RefusalKind::PgProvider, Some("LIMIT")));
}

#[tokio::test]
async fn a_fault_of_the_gateway_is_asked_again_but_a_refund_is_looked_up_first() {
    let (client, _) = gateway(503, "<html>", Duration::ZERO).await;
    assert!(matches!(client.get_payment(&payment()).await, Err(GatewayError::Retry(_))));
    assert!(matches!(client.cancel(&payment(), &refund()).await, Err(GatewayError::Unknown(_))));
    let (client, _) = gateway(429, "", Duration::ZERO).await;
    assert!(matches!(client.cancel(&payment(), &refund()).await, Err(GatewayError::Retry(_))));
}

#[tokio::test]
async fn a_time_out_after_sending_leaves_a_refund_unknown() {
    let (client, seen) = gateway(200, "{}", Duration::from_secs(5)).await;
    assert!(matches!(client.cancel(&payment(), &refund()).await, Err(GatewayError::Unknown(_))));
    assert!(matches!(client.get_payment(&payment()).await, Err(GatewayError::Retry(_))));
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_yes_in_unreadable_words_is_not_taken_for_a_yes() {
    let (client, _) = gateway(200, "{}", Duration::ZERO).await;
    assert!(matches!(client.cancel(&payment(), &refund()).await, Err(GatewayError::Unknown(_))));
    assert!(matches!(client.get_payment(&payment()).await, Err(GatewayError::Retry(_))));
}

#[tokio::test]
async fn the_gateway_not_being_there_is_a_retry_even_for_a_refund() {
    let http = HttpClient::new(HttpTimeouts::default()).unwrap();
    let config = PortOneV2Config {
        base_url: "http://127.0.0.1:9".into(),
        store_id: "s".into(),
        api_secret: Secret::new("x"),
    };
    let client = PortOneV2::new(http, config).unwrap();
    assert!(matches!(client.cancel(&payment(), &refund()).await, Err(GatewayError::Retry(_))));
}
