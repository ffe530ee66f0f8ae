//! PortOne V2 as far as reconciliation and payment-sync speak with it, over HTTP.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

#[derive(Default)]
struct Books {
    payments: BTreeMap<String, Value>,
    hidden: BTreeSet<String>,
    /// Payments that the lists still show as they were.
    lagging: BTreeMap<String, Value>,
    /// The page of the list by creation that fails; 0: none.
    broken_page: usize,
    pages: usize,
}

/// The gateway.
#[derive(Clone, Default)]
pub(crate) struct Shop(Arc<Mutex<Books>>);

impl Shop {
    /// Starts it; answers its address too.
    pub(crate) async fn start() -> (Self, String) {
        let shop = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/payments/{id}", get(one))
            .route("/payments/{id}/cancel", post(cancel))
            .route("/payments-by-cursor", get(by_creation))
            .route("/payments", get(by_change))
            .with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (shop, url)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    /// A driver pays.
    pub(crate) fn pay(&self, id: &str, amount: i64, at: &str) {
        let payment = json!({
            "status": "PAID", "id": id, "transactionId": "t", "storeId": "store-1", "orderName": "주차요금",
            "channel": {"type": "TEST", "key": "channel-key"}, "currency": "KRW",
            "amount": {"total": amount, "paid": amount, "cancelled": 0},
            "requestedAt": at, "paidAt": at, "statusChangedAt": at,
        });
        self.books().payments.insert(id.to_owned(), payment);
    }

    /// Money goes back at the gateway's console.
    pub(crate) fn give_back(&self, id: &str, amount: i64, at: &str) {
        let mut books = self.books();
        let payment = books.payments.get_mut(id).unwrap();
        let cancelled = payment["amount"]["cancelled"].as_i64().unwrap() + amount;
        payment["amount"]["cancelled"] = json!(cancelled);
        let whole = payment["amount"]["total"] == json!(cancelled);
        payment["status"] = json!(if whole { "CANCELLED" } else { "PARTIAL_CANCELLED" });
        payment["statusChangedAt"] = json!(at);
    }

    /// Changes a member of a payment.
    pub(crate) fn set(&self, id: &str, member: &str, value: Value) {
        self.books().payments.get_mut(id).unwrap()[member] = value;
    }

    /// What went back of a payment, won.
    pub(crate) fn cancelled(&self, id: &str) -> i64 {
        self.books().payments[id]["amount"]["cancelled"].as_i64().unwrap()
    }

    /// A payment stands in no list any more, but is known by its id.
    pub(crate) fn hide(&self, id: &str) {
        self.books().hidden.insert(id.to_owned());
    }

    /// From now on the lists show a payment as it is now, whatever happens to it.
    pub(crate) fn lag(&self, id: &str) {
        let mut books = self.books();
        let now = books.payments[id].clone();
        books.lagging.insert(id.to_owned(), now);
    }

    /// The gateway knows nothing of a payment any more.
    pub(crate) fn forget(&self, id: &str) {
        self.books().payments.remove(id);
    }

    /// This page of the next list fails; 0: none does.
    pub(crate) fn break_page(&self, page: usize) {
        let mut books = self.books();
        (books.broken_page, books.pages) = (page, 0);
    }

    /// Payments whose `member` lies in the span that is asked for.
    fn within(&self, asked: &Value, member: &str) -> Vec<Value> {
        let books = self.books();
        let inside = |payment: &&Value| {
            let at: jiff::Timestamp = payment[member].as_str().unwrap().parse().unwrap();
            let bound = |name: &str| asked[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            at >= bound("from") && at < bound("until")
        };
        let listed = books.payments.iter().filter(|(id, _)| !books.hidden.contains(*id));
        let shown = listed.map(|(id, payment)| books.lagging.get(id).unwrap_or(payment));
        shown.filter(inside).cloned().collect()
    }
}

type Asked = Query<BTreeMap<String, String>>;

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked["requestBody"]).unwrap()
}

async fn one(State(shop): State<Shop>, Path(id): Path<String>) -> Response {
    match shop.books().payments.get(&id) {
        Some(payment) => Json(payment.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"type": "PAYMENT_NOT_FOUND"}))).into_response(),
    }
}

async fn cancel(State(shop): State<Shop>, Path(id): Path<String>, Json(asked): Json<Value>) -> Response {
    let amount = asked["amount"].as_i64().unwrap();
    shop.give_back(&id, amount, "2026-11-20T16:00:00Z");
    let done = json!({"status": "SUCCEEDED", "id": "c-1", "totalAmount": amount, "reason": "r"});
    Json(json!({"cancellation": done})).into_response()
}

async fn by_creation(State(shop): State<Shop>, asked: Asked) -> Response {
    {
        let mut books = shop.books();
        books.pages += 1;
        if books.pages == books.broken_page {
            return StatusCode::BAD_GATEWAY.into_response();
        }
    }
    let asked = body(&asked);
    let after = asked["cursor"].as_str().map_or(0, |cursor| cursor.parse::<usize>().unwrap());
    let size = usize::try_from(asked["size"].as_u64().unwrap()).unwrap();
    let all = shop.within(&asked, "requestedAt").into_iter().enumerate().skip(after).take(size);
    let items: Vec<Value> =
        all.map(|(at, payment)| json!({"payment": payment, "cursor": (at + 1).to_string()})).collect();
    Json(json!({"items": items})).into_response()
}

async fn by_change(State(shop): State<Shop>, asked: Asked) -> Response {
    let asked = body(&asked);
    let size = usize::try_from(asked["page"]["size"].as_u64().unwrap()).unwrap();
    let number = usize::try_from(asked["page"]["number"].as_u64().unwrap()).unwrap();
    let all = shop.within(&asked["filter"], "statusChangedAt");
    let items: Vec<Value> = all.into_iter().skip(number * size).take(size).collect();
    Json(json!({"items": items, "page": {"number": number, "size": size, "totalCount": items.len()}}))
        .into_response()
}
