//! Cash receipts at a tiny gateway that answers one thing.

use std::sync::{Arc, Mutex};

use axum::{Router, body::to_bytes, extract::Request, http::StatusCode, response::IntoResponse};
use serde_json::Value;

use super::*;
use crate::http::{HttpClient, HttpTimeouts};
use crate::portone::PortOneV2Config;
use crate::secret::Secret;

type Seen = Arc<Mutex<Vec<(String, Value)>>>;

async fn gateway(status: u16, body: &'static str) -> (PortOneV2, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let app = Router::new().fallback(move |request: Request| async move {
        let line = format!("{} {}", request.method(), request.uri());
        let sent = to_bytes(request.into_body(), 10_000).await.unwrap();
        log.lock().unwrap().push((line, serde_json::from_slice(&sent).unwrap_or_default()));
        (StatusCode::from_u16(status).unwrap(), body).into_response()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = PortOneV2Config { base_url, store_id: "store-1".into(), api_secret: Secret::new("s3cret") };
    (PortOneV2::new(HttpClient::new(HttpTimeouts::default()).unwrap(), config).unwrap(), seen)
}

fn payment() -> PaymentId {
    "pay_1".parse().unwrap()
}

const ISSUED: &str = r#"{"status":"ISSUED","merchantId":"m","storeId":"store-1","paymentId":"pay_1","amount":5000,
    "currency":"KRW","orderName":"주차요금","isManual":true,"issueNumber":"123456789","issuedAt":"2026-11-20T01:00:00Z",
    "url":"https://receipt.invalid/1","channel":{"type":"TEST"}}"#;

#[tokio::test]
async fn a_receipt_is_read_with_its_number_and_whether_a_call_made_it() {
    let (client, seen) = gateway(200, ISSUED).await;
    let receipt = client.cash_receipt(&payment()).await.unwrap().unwrap();
    assert_eq!((receipt.number.as_str(), receipt.amount), ("123456789", Won::new(5_000)));
    assert!(receipt.by_call && receipt.cancelled_at.is_none());
    assert_eq!(seen.lock().unwrap()[0].0, "GET /payments/pay_1/cash-receipt?storeId=store-1");
}

#[tokio::test]
async fn one_that_was_never_issued_is_none_and_a_status_of_tomorrow_is_no_answer() {
    let failed = r#"{"status":"ISSUE_FAILED","isManual":true,"orderName":"주차요금"}"#;
    for (status, body) in [(404, r#"{"type":"CASH_RECEIPT_NOT_FOUND"}"#), (200, failed)] {
        let (client, _) = gateway(status, body).await;
        assert_eq!(client.cash_receipt(&payment()).await, Ok(None));
    }
    let (client, _) = gateway(200, r#"{"status":"REINCARNATED","isManual":true}"#).await;
    assert!(matches!(client.cash_receipt(&payment()).await, Err(GatewayError::Retry(_))));
}

#[tokio::test]
async fn a_receipt_is_ordered_with_its_tax_and_whose_it_is() {
    let (client, seen) =
        gateway(200, r#"{"cashReceipt":{"issueNumber":"1","url":"u","pgReceiptId":"p"}}"#).await;
    let order = CashReceiptOrder {
        payment: payment(),
        channel_key: "channel-1".into(),
        identity: ReceiptIdentity::business("120-81-47521").unwrap(),
        order_name: "주차요금".into(),
        total: Won::new(5_000),
        vat: Won::new(5_000).vat_split(Won::ZERO),
        paid_at: None,
    };
    client.issue_cash_receipt(&order).await.unwrap();
    let (line, sent) = seen.lock().unwrap()[0].clone();
    assert_eq!(line, "POST /cash-receipts");
    assert_eq!((&sent["type"], &sent["amount"]["vat"]), (&json!("CORPORATE"), &json!(455)));
    assert_eq!(sent["customer"], json!({"identityNumber": "1208147521", "identityNumberType": "BUSINESS"}));
    assert!(!format!("{order:?}").contains("1208147521"), "no number in a log");
}

#[tokio::test]
async fn whether_one_was_issued_or_cancelled_is_not_known_after_a_fault() {
    let (client, _) = gateway(500, "").await;
    assert!(matches!(client.cancel_cash_receipt(&payment()).await, Err(GatewayError::Unknown(_))));
    let (client, _) = gateway(409, r#"{"type":"CASH_RECEIPT_NOT_ISSUED"}"#).await;
    let Err(GatewayError::Final(refusal)) = client.cancel_cash_receipt(&payment()).await else { panic!() };
    assert_eq!(refusal.kind, RefusalKind::CashReceiptNotIssued);
}
