//! The client against a tiny V1 that knows one shop: what it answers is told by each test.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::Timestamp;

use super::*;
use crate::http::HttpTimeouts;
use crate::portone::{CancelRequester, PaymentListing, PaymentMethod, PaymentStatus};

/// What V1 answers to method, path with query, and how often it was asked that before: status, `code`, `response`.
type Script = fn(&str, usize) -> (u16, i64, Value);

/// `METHOD PATH BODY` of each call, and the token it came with.
type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

async fn gateway(script: Script) -> (PortOneV1, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let app = Router::new().fallback(move |request: Request| {
        let log = log.clone();
        async move {
            let call = format!("{} {}", request.method(), request.uri());
            let token =
                request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
            let mut seen = log.lock().unwrap();
            let before = seen.iter().filter(|(asked, ..)| *asked == call).count();
            seen.push((call.clone(), token.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap()));
            drop(seen);
            let (status, code, response) = if call == "POST /users/getToken" {
                let token = json!({"access_token": format!("t{before}"), "now": 1_000, "expired_at": 2_800});
                (200, 0, token)
            } else {
                script(&call, before)
            };
            let body = json!({"code": code, "message": "says V1", "response": response});
            (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let timeouts = HttpTimeouts { whole: Duration::from_millis(400), ..HttpTimeouts::default() };
    let config = PortOneV1Config {
        base_url,
        store_id: "imp1234".into(),
        imp_key: Secret::new("key"),
        imp_secret: Secret::new("s3cret"),
    };
    (PortOneV1::new(HttpClient::new(timeouts).unwrap(), config).unwrap(), seen)
}

fn id() -> PaymentId {
    PaymentId::derive(&["v1"])
}

fn seen_by_v1(status: &str, cancelled: i64) -> Value {
    let history = if cancelled > 0 {
        json!([{"pg_tid": "pg", "cancellation_id": "c1", "amount": cancelled, "cancelled_at": 1_795_140_600, "reason": "정정"}])
    } else {
        json!([])
    };
    json!({
        "imp_uid": "imp_1", "merchant_uid": id(), "status": status, "amount": 8_700, "cancel_amount": cancelled,
        "currency": "KRW", "name": "주차요금", "pay_method": "card", "pg_provider": "tosspayments", "pg_tid": "pg",
        "channel": "mobile", "apply_num": "30012345", "card_name": "신한카드", "card_number": "94452000****1234",
        "started_at": 1_795_136_000, "paid_at": if status == "paid" || status == "cancelled" { 1_795_136_400 } else { 0 },
        "failed_at": 0, "cancelled_at": if cancelled > 0 { 1_795_140_600 } else { 0 },
        "fail_reason": if status == "failed" { json!("한도초과") } else { Value::Null },
        "vbank_num": null, "cancel_history": history, "a_new_field": {"x": 1},
    })
}

fn refund() -> CancelRequest {
    CancelRequest {
        amount: Some(Won::new(700)),
        reason: "요금 정정".into(),
        requester: CancelRequester::Admin,
        current_cancellable_amount: Won::new(8_700),
        refund_account: None,
    }
}

fn is_live_look(call: &str) -> bool {
    call.starts_with("GET /payments/find/") && call.contains("include_sandbox=false")
}

fn not_found() -> (u16, i64, Value) {
    (404, 1, Value::Null)
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, GatewayError>) -> RefusalKind {
    match outcome {
        Err(GatewayError::Final(refusal)) => refusal.kind,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_payment_reads_as_the_newer_contract_tells_it() {
    let (client, seen) = gateway(|_, _| (200, 0, seen_by_v1("paid", 700))).await;
    let payment = client.get_payment(&id()).await.unwrap().unwrap();
    assert_eq!(payment.status, PaymentStatus::PartialCancelled);
    assert_eq!((payment.id.as_str(), payment.store_id.as_str()), (id().as_str(), "imp1234"));
    assert_eq!((payment.amount.total, payment.amount.paid), (Won::new(8_700), Won::new(8_700)));
    assert_eq!(payment.amount.cancellable(), Won::new(8_000));
    assert_eq!(payment.channel.unwrap().kind, ChannelType::Live);
    assert_eq!(payment.paid_at.map(Timestamp::as_second), Some(1_795_136_400));
    assert_eq!(payment.status_changed_at.map(Timestamp::as_second), Some(1_795_140_600));
    assert!(matches!(payment.method, Some(PaymentMethod::Card { approval_number: Some(_), .. })));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2, "a token and one look");
    assert_eq!(seen[1].1, "Bearer t0");
    assert!(!format!("{client:?}").contains("s3cret"));
}

#[tokio::test]
async fn each_state_has_its_name() {
    let status =
        async |script: Script| gateway(script).await.0.get_payment(&id()).await.unwrap().unwrap().status;
    assert_eq!(status(|_, _| (200, 0, seen_by_v1("ready", 0))).await, PaymentStatus::Ready);
    assert_eq!(status(|_, _| (200, 0, seen_by_v1("failed", 0))).await, PaymentStatus::Failed);
    assert_eq!(status(|_, _| (200, 0, seen_by_v1("paid", 0))).await, PaymentStatus::Paid);
    assert_eq!(status(|_, _| (200, 0, seen_by_v1("cancelled", 8_700))).await, PaymentStatus::Cancelled);
    assert_eq!(status(|_, _| (200, 0, seen_by_v1("odd", 0))).await, PaymentStatus::Other("odd".into()));
    let account = status(|_, _| {
        let mut ready = seen_by_v1("ready", 0);
        (ready["pay_method"], ready["vbank_num"]) = (json!("vbank"), json!("123"));
        (200, 0, ready)
    });
    assert_eq!(account.await, PaymentStatus::VirtualAccountIssued);
}

#[tokio::test]
async fn a_payment_that_only_the_test_list_has_is_a_test() {
    let script: Script =
        |call, _| if is_live_look(call) { not_found() } else { (200, 0, seen_by_v1("paid", 0)) };
    let payment = gateway(script).await.0.get_payment(&id()).await.unwrap().unwrap();
    assert_eq!(payment.channel.unwrap().kind, ChannelType::Test);
}

#[tokio::test]
async fn a_payment_nobody_opened_is_none_and_so_is_an_id_v1_can_not_have() {
    let (client, seen) = gateway(|_, _| not_found()).await;
    assert_eq!(client.get_payment(&id()).await, Ok(None));
    let long = PaymentId::parse(format!("pay_{}", "x".repeat(40))).unwrap();
    let asked = seen.lock().unwrap().len();
    assert_eq!(client.get_payment(&long).await, Ok(None));
    assert_eq!(kind(client.pre_register(&long, Won::new(1)).await), RefusalKind::InvalidRequest);
    assert_eq!(seen.lock().unwrap().len(), asked);
    assert!(id().as_str().len() <= MAX_MERCHANT_UID_BYTES, "what we derive fits");
}

#[tokio::test]
async fn a_token_is_kept_and_replaced_once_when_it_is_refused() {
    let script: Script = |_, before| match before {
        0 => (401, -1, Value::Null),
        _ => (200, 0, seen_by_v1("paid", 0)),
    };
    let (client, seen) = gateway(script).await;
    client.get_payment(&id()).await.unwrap().unwrap();
    client.get_payment(&id()).await.unwrap().unwrap();
    let tokens: Vec<String> = seen.lock().unwrap().iter().map(|(_, token, _)| token.clone()).collect();
    assert_eq!(tokens, ["", "Bearer t0", "", "Bearer t1", "Bearer t1"]);
    let (client, seen) = gateway(|_, _| (401, -1, Value::Null)).await;
    assert_eq!(kind(client.get_payment(&id()).await), RefusalKind::Unauthorized);
    assert_eq!(seen.lock().unwrap().len(), 4, "no third try");
}

#[tokio::test]
async fn a_token_is_replaced_before_it_expires() {
    let (client, seen) = gateway(|_, _| (200, 0, seen_by_v1("paid", 0))).await;
    client.get_payment(&id()).await.unwrap();
    // 1,800 s of life less a minute.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1_741)).await;
    tokio::time::resume();
    client.get_payment(&id()).await.unwrap();
    let fetched = seen.lock().unwrap().iter().filter(|(call, ..)| call == "POST /users/getToken").count();
    assert_eq!(fetched, 2);
}

#[tokio::test]
async fn a_cancellation_names_the_attempt_and_carries_its_guard() {
    let script: Script = |call, _| {
        let cancelled = if call.starts_with("POST /payments/cancel") { 700 } else { 0 };
        (200, 0, seen_by_v1("paid", cancelled))
    };
    let (client, seen) = gateway(script).await;
    let cancelled = client.cancel(&id(), &refund()).await.unwrap();
    assert_eq!((cancelled.total_amount, cancelled.id.as_str()), (Won::new(700), "c1"));
    let sent: Value = serde_json::from_str(&seen.lock().unwrap()[2].2).unwrap();
    assert_eq!(sent, json!({"imp_uid": "imp_1", "amount": 700, "checksum": 8_700, "reason": "요금 정정"}));
}

#[tokio::test]
async fn a_refusal_comes_with_http_200_and_gets_the_kind_the_payment_shows() {
    let cancelled: Script = |call, _| {
        if call.starts_with("POST") {
            (200, 1, Value::Null)
        } else {
            (200, 0, seen_by_v1("cancelled", 8_700))
        }
    };
    assert_eq!(
        kind(gateway(cancelled).await.0.cancel(&id(), &refund()).await),
        RefusalKind::PaymentAlreadyCancelled
    );
    let other_balance: Script = |call, _| {
        if call.starts_with("POST") { (200, 1, Value::Null) } else { (200, 0, seen_by_v1("paid", 700)) }
    };
    assert_eq!(
        kind(gateway(other_balance).await.0.cancel(&id(), &refund()).await),
        RefusalKind::CancellableAmountConsistencyBroken
    );
    let by_the_pg: Script = |call, _| {
        if call.starts_with("POST") { (200, -1, Value::Null) } else { (200, 0, seen_by_v1("paid", 0)) }
    };
    assert_eq!(kind(gateway(by_the_pg).await.0.cancel(&id(), &refund()).await), RefusalKind::PgProvider);
    assert_eq!(
        kind(gateway(|_, _| not_found()).await.0.cancel(&id(), &refund()).await),
        RefusalKind::PaymentNotFound
    );
}

#[tokio::test]
async fn a_card_that_is_refused_is_final_although_v1_says_yes() {
    let charge = BillingKeyCharge {
        billing_key: Secret::new("customer"),
        order_name: "주차요금".into(),
        total: Won::new(8_700),
    };
    let (client, seen) = gateway(|_, _| (200, 0, seen_by_v1("failed", 0))).await;
    assert_eq!(kind(client.charge(&id(), &charge).await), RefusalKind::PgProvider);
    let sent: Value = serde_json::from_str(&seen.lock().unwrap()[1].2).unwrap();
    assert_eq!(
        sent,
        json!({"customer_uid": "customer", "merchant_uid": id(), "amount": 8_700, "name": "주차요금"})
    );
    let (client, _) = gateway(|_, _| (200, 0, seen_by_v1("paid", 0))).await;
    assert_eq!(client.charge(&id(), &charge).await.unwrap().pg_tx_id, "pg");
    let twice: Script = |call, _| {
        if call.starts_with("POST") { (200, 1, Value::Null) } else { (200, 0, seen_by_v1("paid", 0)) }
    };
    assert_eq!(kind(gateway(twice).await.0.charge(&id(), &charge).await), RefusalKind::AlreadyPaid);
}

#[tokio::test]
async fn an_amount_may_be_pinned_again_but_not_changed() {
    let script: Script = |call, _| {
        if call.starts_with("POST") { (200, 1, Value::Null) } else { (200, 0, json!({"amount": 8_700})) }
    };
    let (client, _) = gateway(script).await;
    assert_eq!(client.pre_register(&id(), Won::new(8_700)).await, Ok(()));
    assert!(matches!(client.pre_register(&id(), Won::new(100)).await, Err(GatewayError::Final(_))));
    let (client, _) = gateway(|_, _| (200, 0, json!({"amount": 100}))).await;
    assert_eq!(client.pre_register(&id(), Won::new(100)).await, Ok(()));
}

#[tokio::test]
async fn a_fault_is_asked_again_but_after_a_refund_was_sent_it_is_looked_up_first() {
    let (client, _) = gateway(|_, _| (503, -1, Value::Null)).await;
    assert!(matches!(client.get_payment(&id()).await, Err(GatewayError::Retry(_))));
    let script: Script = |call, _| {
        if call.starts_with("POST") { (503, -1, Value::Null) } else { (200, 0, seen_by_v1("paid", 0)) }
    };
    let (client, _) = gateway(script).await;
    assert!(matches!(client.cancel(&id(), &refund()).await, Err(GatewayError::Unknown(_))));
    let unreadable: Script = |call, _| {
        if call.starts_with("POST") {
            (200, 0, json!({"imp_uid": 5}))
        } else {
            (200, 0, seen_by_v1("paid", 0))
        }
    };
    let (client, _) = gateway(unreadable).await;
    assert!(matches!(client.cancel(&id(), &refund()).await, Err(GatewayError::Unknown(_))));
    let (client, _) = gateway(|_, _| {
        let mut fractional = seen_by_v1("paid", 0);
        fractional["amount"] = json!(8_700.5);
        (200, 0, fractional)
    })
    .await;
    assert!(matches!(client.get_payment(&id()).await, Err(GatewayError::Retry(_))), "money is whole won");
}

#[tokio::test]
async fn a_day_is_listed_page_after_page_and_tests_are_told_from_money() {
    let script: Script = |call, _| {
        let page = if call.contains("page=1&") && call.contains("/status/paid") {
            let mut list = vec![seen_by_v1("paid", 0)];
            if call.contains("include_sandbox=true") {
                list.push(json!({"imp_uid": "imp_2", "merchant_uid": "pay_test", "status": "paid", "amount": 1, "currency": "KRW"}));
            }
            list
        } else {
            Vec::new()
        };
        (200, 0, json!({"total": page.len(), "previous": 0, "next": 0, "list": page}))
    };
    let (client, seen) = gateway(script).await;
    let (from, until) = (Timestamp::from_second(1_000).unwrap(), Timestamp::from_second(2_000).unwrap());
    let found = client.touched_within(from, until).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|one| one.channel.as_ref().unwrap().kind.clone()).collect();
    assert_eq!(found.len(), 2);
    assert!(kinds.contains(&ChannelType::Live) && kinds.contains(&ChannelType::Test));
    assert!(seen.lock().unwrap()[1].0.contains("from=1000&to=1999&limit=100&page=1"));
}
