//! The lists, page after page, against a tiny gateway.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;

use super::*;
use crate::http::{HttpClient, HttpTimeouts};
use crate::portone::PortOneV2Config;
use crate::secret::Secret;

/// What `requestBody` said of each call, with the path before it.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

fn payment(id: usize) -> Value {
    json!({"status": "PAID", "id": format!("pay_{id:04}"), "storeId": "store-1", "orderName": "o", "currency": "KRW",
           "amount": {"total": 100, "paid": 100}})
}

/// Answers each call by its path and body.
async fn gateway(answer: fn(&str, &Value) -> Value) -> (PortOneV2, Asked) {
    let asked = Asked::default();
    let log = asked.clone();
    let app = Router::new().fallback(move |request: Request| {
        let log = log.clone();
        async move {
            let url = reqwest::Url::parse(&format!("http://gateway{}", request.uri())).unwrap();
            let body = url.query_pairs().find(|(name, _)| name == "requestBody").unwrap().1.into_owned();
            let body: Value = serde_json::from_str(&body).unwrap();
            log.lock().unwrap().push((url.path().to_owned(), body.clone()));
            axum::Json(answer(url.path(), &body)).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = PortOneV2Config { base_url, store_id: "store-1".into(), api_secret: Secret::new("s") };
    (PortOneV2::new(HttpClient::new(HttpTimeouts::default()).unwrap(), config).unwrap(), asked)
}

async fn day(client: &PortOneV2) -> Result<Vec<GatewayPayment>, GatewayError> {
    let from: Timestamp = "2026-11-19T15:00:00Z".parse().unwrap();
    client.touched_within(from, "2026-11-20T15:00:00Z".parse().unwrap()).await
}

/// 120 payments by creation; one of them, and an old one, by change.
fn books(path: &str, body: &Value) -> Value {
    if path == "/payments" {
        let first = body["page"]["number"] == 0;
        let items = if first { vec![payment(7), payment(9_000)] } else { Vec::new() };
        return json!({"items": items, "page": {"number": 0, "size": 50, "totalCount": items.len()}});
    }
    let after = body["cursor"].as_str().map_or(0, |cursor| cursor.parse::<usize>().unwrap() + 1);
    let size = usize::try_from(body["size"].as_u64().unwrap()).unwrap();
    let items: Vec<Value> = (after..120)
        .take(size)
        .map(|number| json!({"payment": payment(number), "cursor": number.to_string()}))
        .collect();
    json!({"items": items})
}

#[tokio::test]
async fn a_day_is_read_to_its_end_and_each_payment_is_told_once() {
    let (client, asked) = gateway(books).await;
    let found = day(&client).await.unwrap();
    assert_eq!(found.len(), 121);
    assert!(found.windows(2).all(|two| two[0].id < two[1].id));
    let asked = asked.lock().unwrap();
    let pages = asked.iter().filter(|(path, _)| path == "/payments-by-cursor").count();
    assert_eq!(pages, 4, "50, 50, 20, none");
    assert_eq!(asked[0].1["from"], "2026-11-19T15:00:00Z");
    assert_eq!((&asked[0].1["size"], &asked[0].1["storeId"]), (&json!(50), &json!("store-1")));
    assert_eq!(asked[1].1["cursor"], "49");
    assert_eq!(asked[4].1["filter"]["timestampType"], "STATUS_CHANGED_AT");
}

#[tokio::test]
async fn a_list_that_stands_still_is_no_day() {
    let (client, _) = gateway(|_, _| json!({"items": [{"payment": payment(1), "cursor": "x"}]})).await;
    assert!(matches!(day(&client).await, Err(GatewayError::Retry(_))));
}

#[tokio::test]
async fn a_page_that_can_not_be_read_makes_no_half_day() {
    let (client, _) = gateway(|_, body| {
        let mut page = books("/payments-by-cursor", body);
        if body["cursor"] == "49" {
            page["items"][3]["payment"]["amount"] = Value::Null;
        }
        page
    })
    .await;
    assert!(matches!(day(&client).await, Err(GatewayError::Retry(_))));
}
