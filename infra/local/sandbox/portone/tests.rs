//! The sandbox through the real client, and its webhooks through the real verification.

mod billing;
mod clock;
mod faulty;
mod v1;

use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use baro_clients::portone::{
    BillingKeyCharge, CancelRequest, CancelRequester, CancellationStatus, ChannelType as Kind, GatewayError,
    PaymentGateway, PaymentListing as _, PaymentMethod, PaymentStatus, PortOneV2, PortOneV2Config,
    RefundAccount, RefusalKind,
};
use baro_clients::webhook::WebhookEvent;
use baro_clients::{HttpClient, HttpTimeouts, Secret};
use baro_domain::{PaymentId, Won};
use serde_json::{Value, json};

use super::*;
use crate::sandbox::support::now;

/// A shop that hears webhooks.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<(String, String)>>,
    refuse_first: Mutex<u32>,
}

async fn listen(secrets: WebhookSecrets, ear: Arc<Ear>) -> String {
    let app = Router::new().fallback(move |request: Request| {
        let (secrets, ear) = (secrets.clone(), ear.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 100_000).await.unwrap();
            let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
            let id = secrets.verify(headers, &body, now()).unwrap().to_owned();
            let left = *lock(&ear.refuse_first);
            *lock(&ear.refuse_first) = left.saturating_sub(1);
            if left > 0 {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            lock(&ear.heard).push((WebhookEvent::parse(&body).unwrap().type_name(), id));
            StatusCode::OK
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/webhooks/portone", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

struct World {
    gateway: PortOneSandbox,
    client: PortOneV2,
    ear: Arc<Ear>,
    http: HttpClient,
}

async fn world() -> World {
    let mut config = PortOneSandboxConfig::drawn();
    config.retry_minute = Duration::from_millis(5);
    // Longer than the client below waits.
    config.late_approval = Duration::from_secs(3);
    config.webhook_secrets.push(random_webhook_secret());
    let ear = Arc::new(Ear::default());
    let url = listen(WebhookSecrets::parse(&config.webhook_secrets[1..]).unwrap(), ear.clone()).await;
    config.webhook_url = Some(url);
    let gateway = PortOneSandbox::start(config).await.unwrap();
    let http = HttpClient::new(HttpTimeouts { whole: Duration::from_millis(500), ..HttpTimeouts::default() })
        .unwrap();
    let config = PortOneV2Config {
        base_url: gateway.url.clone(),
        store_id: gateway.config().store_id.clone(),
        api_secret: Secret::new(gateway.config().api_secret.as_str()),
    };
    World { client: PortOneV2::new(http.clone(), config).unwrap(), gateway, ear, http }
}

impl World {
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response =
            self.http.inner().post(format!("{}{path}", self.gateway.url)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn pay(&self, id: &str, method: &str, total: i64) {
        let body = json!({"method": method, "window": {"orderName": "주차요금", "totalAmount": total}});
        let (status, body) = self.post(&format!("/sandbox/payments/{id}/pay"), body).await;
        assert_eq!(status, 200, "{body}");
    }

    async fn get(&self, id: &str) -> baro_clients::portone::GatewayPayment {
        self.client.get_payment(&PaymentId::parse(id).unwrap()).await.unwrap().unwrap()
    }

    /// Waits until so many webhooks were heard.
    async fn heard(&self, count: usize) -> Vec<(String, String)> {
        for _ in 0..200 {
            if lock(&self.ear.heard).len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        lock(&self.ear.heard).clone()
    }
}

fn id(text: &str) -> PaymentId {
    PaymentId::parse(text).unwrap()
}

fn refund(amount: i64, cancellable: i64) -> CancelRequest {
    CancelRequest {
        amount: Some(Won::new(amount)),
        reason: "요금 정정".into(),
        requester: CancelRequester::Customer,
        current_cancellable_amount: Won::new(cancellable),
        refund_account: None,
    }
}

fn refused(error: GatewayError) -> RefusalKind {
    match error {
        GatewayError::Final(refusal) => refusal.kind,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_card_payment_is_paid_seen_and_told() {
    let world = world().await;
    assert_eq!(world.client.get_payment(&id("pay_1")).await, Ok(None));
    world.client.pre_register(&id("pay_1"), Won::new(8_700)).await.unwrap();
    world.pay("pay_1", "CARD", 8_700).await;
    let payment = world.get("pay_1").await;
    assert_eq!(
        (payment.status, payment.amount.total, payment.currency.as_str()),
        (PaymentStatus::Paid, Won::new(8_700), "KRW")
    );
    assert_eq!(payment.amount.vat, Some(Won::new(791)));
    assert_eq!(payment.channel.unwrap().kind, Kind::Test);
    assert!(matches!(payment.method, Some(PaymentMethod::Card { .. })));
    let mut kinds: Vec<_> = world.heard(2).await.into_iter().map(|(kind, _)| kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["Transaction.Paid", "Transaction.Ready"]);
}

#[tokio::test]
async fn a_tampered_amount_is_stopped_by_pre_registration() {
    let world = world().await;
    world.client.pre_register(&id("pay_1"), Won::new(8_700)).await.unwrap();
    let body = json!({"window": {"orderName": "주차요금", "totalAmount": 100}});
    let (status, body) = world.post("/sandbox/payments/pay_1/pay", body).await;
    assert_eq!((status, body["type"].as_str()), (400, Some("INVALID_REQUEST")));
}

#[tokio::test]
async fn refunds_are_guarded_by_the_cancellable_balance() {
    let world = world().await;
    world.pay("pay_1", "CARD", 8_700).await;
    let first = world.client.cancel(&id("pay_1"), &refund(700, 8_700)).await.unwrap();
    assert_eq!((first.status, first.total_amount), (CancellationStatus::Succeeded, Won::new(700)));
    let stale = world.client.cancel(&id("pay_1"), &refund(700, 8_700)).await.unwrap_err();
    assert_eq!(refused(stale), RefusalKind::CancellableAmountConsistencyBroken);
    let excess = world.client.cancel(&id("pay_1"), &refund(8_001, 8_000)).await.unwrap_err();
    assert_eq!(refused(excess), RefusalKind::CancelAmountExceedsCancellableAmount);
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::PartialCancelled);
    world.client.cancel(&id("pay_1"), &refund(8_000, 8_000)).await.unwrap();
    let payment = world.get("pay_1").await;
    assert_eq!((payment.status, payment.cancellations.len()), (PaymentStatus::Cancelled, 2));
    let again = world.client.cancel(&id("pay_1"), &refund(1, 0)).await.unwrap_err();
    assert_eq!(refused(again), RefusalKind::PaymentAlreadyCancelled);
}

#[tokio::test]
async fn a_virtual_account_is_issued_then_deposited_then_refunded_to_an_account() {
    let world = world().await;
    world.pay("pay_1", "VIRTUAL_ACCOUNT", 5_000).await;
    let payment = world.get("pay_1").await;
    assert_eq!((&payment.status, payment.paid_at), (&PaymentStatus::VirtualAccountIssued, None));
    let Some(PaymentMethod::VirtualAccount { account_number: Some(number), expired_at: Some(_), .. }) =
        payment.method
    else {
        panic!("{payment:?}")
    };
    assert!(number.len() == 14 && number.bytes().all(|c| c.is_ascii_digit()), "{number}");
    assert_eq!(world.post("/sandbox/payments/pay_1/deposit", json!({"amount": 4_000})).await.0, 200);
    let payment = world.get("pay_1").await;
    assert_eq!((payment.status, payment.amount.total), (PaymentStatus::Paid, Won::new(4_000)));
    let without = world.client.cancel(&id("pay_1"), &refund(4_000, 4_000)).await.unwrap_err();
    assert_eq!(refused(without), RefusalKind::InvalidRequest);
    let account = RefundAccount { bank: "TOSS".into(), number: "1".into(), holder_name: "홍길동".into() };
    let with = CancelRequest { refund_account: Some(account), ..refund(4_000, 4_000) };
    assert!(world.client.cancel(&id("pay_1"), &with).await.is_ok());
    assert_eq!(world.post("/sandbox/payments/pay_1/deposit", json!({})).await.0, 409);
}

#[tokio::test]
async fn a_registered_card_is_charged_once_under_one_id() {
    let world = world().await;
    let (_, issued) = world.post("/sandbox/billing-keys", json!({})).await;
    let key = issued["billingKey"].as_str().unwrap();
    let charge = BillingKeyCharge {
        billing_key: Secret::new(key),
        order_name: "주차요금".into(),
        total: Won::new(1_000),
    };
    let charged = world.client.charge(&id("pay_1"), &charge).await.unwrap();
    assert!(!charged.pg_tx_id.is_empty());
    assert_eq!(
        refused(world.client.charge(&id("pay_1"), &charge).await.unwrap_err()),
        RefusalKind::AlreadyPaid
    );
    let unknown = BillingKeyCharge { billing_key: Secret::new("nobody"), ..charge.clone() };
    assert_eq!(
        refused(world.client.charge(&id("pay_2"), &unknown).await.unwrap_err()),
        RefusalKind::BillingKeyNotFound
    );
    world.gateway.add_fault(rule(Fault::PgRefusal));
    assert_eq!(
        refused(world.client.charge(&id("pay_3"), &charge).await.unwrap_err()),
        RefusalKind::PgProvider
    );
    assert_eq!(world.get("pay_3").await.status, PaymentStatus::Failed);
}

fn rule(fault: Fault) -> FaultRule {
    FaultRule { fault, payment_id: None, operation: None, rate_permille: 1_000, times: Some(1) }
}

#[tokio::test]
async fn a_refund_that_timed_out_was_done_all_the_same() {
    let world = world().await;
    world.pay("pay_1", "CARD", 8_700).await;
    world.gateway.add_fault(rule(Fault::TimeoutAfterSuccess { millis: 5_000 }));
    let outcome = world.client.cancel(&id("pay_1"), &refund(700, 8_700)).await;
    assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{outcome:?}");
    assert_eq!(world.get("pay_1").await.amount.cancelled, Won::new(700));
}

#[tokio::test]
async fn faults_come_as_ordered_and_end() {
    let world = world().await;
    world.pay("pay_1", "CARD", 8_700).await;
    let fault =
        json!({"fault": {"kind": "serverError"}, "operation": "get", "paymentId": "pay_1", "times": 2});
    assert_eq!(world.post("/sandbox/faults", fault).await.0, 204);
    for _ in 0..2 {
        assert!(matches!(world.client.get_payment(&id("pay_1")).await, Err(GatewayError::Retry(_))));
    }
    assert!(world.client.get_payment(&id("pay_1")).await.is_ok());
    world.gateway.add_fault(rule(Fault::WrongAmount { delta_won: -8_600 }));
    world.pay("pay_2", "CARD", 8_700).await;
    assert_eq!(world.get("pay_2").await.amount.total, Won::new(100));
}

#[tokio::test]
async fn a_span_of_time_lists_what_was_asked_for_or_changed_in_it() {
    let world = world().await;
    let before = now() - jiff::SignedDuration::from_mins(1);
    world.pay("pay_1", "CARD", 8_700).await;
    world.pay("pay_2", "VIRTUAL_ACCOUNT", 1_000).await;
    let until = before + jiff::SignedDuration::from_mins(10);
    let listed = world.client.touched_within(before, until).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|one| (one.id.as_str(), one.status.clone())).collect();
    assert_eq!(listed, [("pay_1", PaymentStatus::Paid), ("pay_2", PaymentStatus::VirtualAccountIssued)]);
    let earlier = before - jiff::SignedDuration::from_hours(24);
    assert_eq!(world.client.touched_within(earlier, before).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_refused_webhook_comes_again_under_the_same_id() {
    let world = world().await;
    *lock(&world.ear.refuse_first) = 3;
    world.pay("pay_1", "EASY_PAY:NAVERPAY", 1_000).await;
    let heard = world.heard(2).await;
    assert_eq!(heard.len(), 2);
    let logged = || -> usize {
        lock(&world.gateway.shop.state).deliveries.iter().map(|delivery| delivery.attempts.len()).sum()
    };
    let mut attempts = logged();
    // The last one is logged only after the ear has answered it.
    for _ in 0..200 {
        if attempts >= 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        attempts = logged();
    }
    assert_eq!(attempts, 5, "three refused, two taken");
}

#[tokio::test]
async fn webhooks_are_doubled_dropped_and_overtaken_on_demand() {
    let world = world().await;
    let of = |fault| FaultRule { times: None, payment_id: Some("pay_1".into()), ..rule(fault) };
    world.gateway.add_fault(of(Fault::WebhookDuplicate));
    world.pay("pay_1", "CARD", 1_000).await;
    let heard = world.heard(4).await;
    assert_eq!(heard.iter().filter(|(kind, _)| kind == "Transaction.Paid").count(), 2);
    world.gateway.clear_faults();
    world.gateway.add_fault(FaultRule { payment_id: Some("pay_2".into()), ..of(Fault::WebhookDrop) });
    world.pay("pay_2", "CARD", 1_000).await;
    let reorder = FaultRule {
        times: Some(1),
        payment_id: Some("pay_3".into()),
        ..of(Fault::WebhookReorder { millis: 150 })
    };
    world.gateway.add_fault(reorder);
    world.pay("pay_3", "CARD", 1_000).await;
    let heard = world.heard(6).await;
    let last_two: Vec<_> = heard[4..].iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        last_two,
        ["Transaction.Paid", "Transaction.Ready"],
        "the first was overtaken, those of pay_2 are lost"
    );
}

#[tokio::test]
async fn a_person_pays_in_the_window_and_comes_back() {
    let world = world().await;
    let config = world.gateway.config().clone();
    let query = [
        ("storeId", config.store_id.as_str()),
        ("channelKey", &config.channel_key),
        ("paymentId", "pay_1"),
        ("orderName", "주차요금 <b>"),
        ("totalAmount", "8700"),
        ("currency", "KRW"),
        ("redirectUrl", "http://localhost:1/paid?lot=lot_1"),
        ("payMethod", "CARD"),
    ];
    let window =
        world.http.inner().get(format!("{}/checkout", world.gateway.url)).query(&query).send().await.unwrap();
    let page = window.text().await.unwrap();
    assert!(page.contains("8,700원") && page.contains("주차요금 &lt;b&gt;"), "{page}");
    let press = |press: &'static str| {
        let form = [("method", "VIRTUAL_ACCOUNT"), ("press", press)];
        world.http.inner().post(format!("{}/checkout/pay_1", world.gateway.url)).form(&form).send()
    };
    let back = press("fail").await.unwrap();
    let location = back.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(back.status(), 303);
    assert!(
        location.starts_with("http://localhost:1/paid?lot=lot_1&")
            && location.contains("code=PG_PROVIDER_ERROR")
    );
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::Failed);
    let back = press("pay").await.unwrap();
    let location = back.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.contains("paymentId=pay_1") && !location.contains("code="), "{location}");
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::VirtualAccountIssued);
}

#[tokio::test]
async fn a_wrong_secret_or_a_strange_store_is_refused() {
    let world = world().await;
    let url = format!("{}/payments/pay_1", world.gateway.url);
    let response =
        world.http.inner().get(&url).header("authorization", "PortOne wrong").send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.json::<Value>().await.unwrap()["type"], "UNAUTHORIZED");
    let secret = format!("PortOne {}", world.gateway.config().api_secret);
    let response =
        world.http.inner().get(format!("{url}?storeId=other")).header("authorization", secret).send().await;
    assert_eq!(response.unwrap().status(), 403);
}

#[tokio::test]
async fn a_stopped_gateway_frees_its_port() {
    let gateway = PortOneSandbox::start(PortOneSandboxConfig::drawn()).await.unwrap();
    let port: u16 = gateway.url.rsplit(':').next().unwrap().parse().unwrap();
    let taken = PortOneSandbox::start(PortOneSandboxConfig { port, ..PortOneSandboxConfig::drawn() }).await;
    assert!(taken.unwrap_err().to_string().contains("is it in use?"));
    gateway.stop().await;
    assert!(
        PortOneSandbox::start(PortOneSandboxConfig { port, ..PortOneSandboxConfig::drawn() }).await.is_ok()
    );
}
