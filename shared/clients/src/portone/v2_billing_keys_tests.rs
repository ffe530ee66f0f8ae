//! Cards at a tiny gateway that answers one thing.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::Request, http::StatusCode, response::IntoResponse};

use super::*;
use crate::http::{HttpClient, HttpTimeouts};
use crate::portone::{ChannelType, PortOneV2Config};

async fn gateway(status: u16, body: &'static str) -> (PortOneV2, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let app = Router::new().fallback(move |request: Request| {
        log.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        async move { (StatusCode::from_u16(status).unwrap(), body).into_response() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = PortOneV2Config { base_url, store_id: "store-1".into(), api_secret: Secret::new("s3cret") };
    (PortOneV2::new(HttpClient::new(HttpTimeouts::default()).unwrap(), config).unwrap(), seen)
}

const ISSUED: &str = r#"{"status":"ISSUED","billingKey":"k 1","merchantId":"m","storeId":"store-1",
    "methods":[{"type":"BillingKeyPaymentMethodCard","card":{"name":"신한카드","number":"4330-12**-****-1234"}}],
    "channels":[{"type":"TEST","id":"c","key":"channel-key-1"}],"customer":{"id":"drv_1"},
    "requestedAt":"2026-11-20T01:00:00Z","issuedAt":"2026-11-20T01:00:00Z"}"#;

#[tokio::test]
async fn a_card_is_known_by_its_shop_its_customer_and_its_label() {
    let (client, seen) = gateway(200, ISSUED).await;
    let key = client.billing_key(&Secret::new("k 1")).await.unwrap().unwrap();
    assert_eq!((key.store_id.as_str(), key.customer_id.as_deref()), ("store-1", Some("drv_1")));
    assert_eq!(key.label, "신한카드 4330-12**-****-1234");
    assert_eq!(key.channel_types, [ChannelType::Test]);
    assert_eq!(seen.lock().unwrap()[0], "GET /billing-keys/k%201?storeId=store-1");
}

#[tokio::test]
async fn a_deleted_card_and_an_unknown_one_are_none() {
    let deleted = r#"{"status":"DELETED","billingKey":"k","storeId":"store-1","channels":[],"customer":{}}"#;
    for (status, body) in [(200, deleted), (404, r#"{"type":"BILLING_KEY_NOT_FOUND"}"#)] {
        let (client, _) = gateway(status, body).await;
        assert_eq!(client.billing_key(&Secret::new("k")).await, Ok(None));
    }
    let (client, _) = gateway(500, "").await;
    let unclear = client.billing_key(&Secret::new("k")).await;
    assert!(matches!(unclear, Err(GatewayError::Retry(_))), "a silent gateway is no answer");
}

#[tokio::test]
async fn deleting_a_card_twice_is_deleting_it_once() {
    for (status, body) in [
        (200, r#"{"deletedAt":"2026-11-20T01:00:00Z"}"#),
        (409, r#"{"type":"BILLING_KEY_ALREADY_DELETED"}"#),
        (404, r#"{"type":"BILLING_KEY_NOT_FOUND"}"#),
    ] {
        let (client, seen) = gateway(status, body).await;
        assert_eq!(client.delete_billing_key(&Secret::new("k")).await, Ok(()), "{status}");
        assert_eq!(seen.lock().unwrap()[0], "DELETE /billing-keys/k?storeId=store-1");
    }
    let (client, _) = gateway(503, "").await;
    assert!(client.delete_billing_key(&Secret::new("k")).await.is_err());
}
