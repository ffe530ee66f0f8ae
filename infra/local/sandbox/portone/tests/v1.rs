//! The first API: tokens, envelope, cancellation guard, charges and the unsigned webhook.

use super::*;

struct V1 {
    world: World,
    token: String,
    bodies: Arc<Mutex<Vec<(String, String)>>>,
}

/// A V1 shop that hears webhooks, with a token.
async fn v1(as_form: bool) -> V1 {
    let world = world().await;
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let heard = bodies.clone();
    let app = Router::new().fallback(move |request: Request| {
        let heard = heard.clone();
        async move {
            let (parts, body) = request.into_parts();
            assert!(!parts.headers.contains_key("webhook-signature"));
            let body = axum::body::to_bytes(body, 10_000).await.unwrap();
            let kind = parts.headers["content-type"].to_str().unwrap().to_owned();
            lock(&heard).push((kind, String::from_utf8(body.to_vec()).unwrap()));
            StatusCode::SERVICE_UNAVAILABLE
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    world.gateway.set_v1_webhook(V1Webhook { url, as_form });
    let own = world.gateway.config().v1.clone();
    let credentials = json!({"imp_key": own.imp_key, "imp_secret": own.imp_secret});
    let (status, answer) = world.post("/v1/users/getToken", credentials).await;
    assert_eq!((status, answer["code"].as_i64()), (200, Some(0)), "{answer}");
    let token = answer["response"]["access_token"].as_str().unwrap().to_owned();
    V1 { world, token, bodies }
}

impl V1 {
    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.world.gateway.v1_url());
        let request = self.world.http.inner().get(url).header("authorization", &self.token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn call(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.world.gateway.v1_url());
        let request =
            self.world.http.inner().post(url).header("authorization", format!("Bearer {}", self.token));
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "a refusal is told by its code");
        response.json().await.unwrap()
    }

    async fn pay(&self, id: &str, method: &str) -> String {
        let window = json!({"orderName": "주차요금", "totalAmount": 3_000, "version": "V1"});
        let body = json!({"method": method, "window": window});
        let (_, payment) = self.world.post(&format!("/sandbox/payments/{id}/pay"), body).await;
        payment["transactionId"].as_str().unwrap().to_owned()
    }

    async fn heard(&self, count: usize) -> Vec<(String, String)> {
        for _ in 0..500 {
            if lock(&self.bodies).len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        lock(&self.bodies).clone()
    }
}

#[tokio::test]
async fn a_token_stays_the_same_for_half_an_hour() {
    let shop = v1(false).await;
    let own = shop.world.gateway.config().v1.clone();
    let form = [("imp_key", own.imp_key.as_str()), ("imp_secret", &own.imp_secret)];
    let url = format!("{}/users/getToken", shop.world.gateway.v1_url());
    let again = shop.world.http.inner().post(&url).form(&form).send().await.unwrap();
    let again: Value = again.json().await.unwrap();
    assert_eq!(again["response"]["access_token"], shop.token.as_str());
    let times = &again["response"];
    assert!((1..=1_800).contains(&(times["expired_at"].as_i64().unwrap() - times["now"].as_i64().unwrap())));
    assert_eq!(shop.get("/payments/imp_0").await.0, 404);
    shop.world.gateway.advance(SignedDuration::from_mins(30)).unwrap();
    let (status, body) = shop.get("/payments/imp_0").await;
    assert_eq!((status, body["code"].as_i64()), (401, Some(-1)));
    let wrong = json!({"imp_key": own.imp_key, "imp_secret": "wrong"});
    assert_eq!(shop.world.post("/v1/users/getToken", wrong).await.0, 401);
    let fresh = json!({"imp_key": own.imp_key, "imp_secret": own.imp_secret});
    let (_, fresh) = shop.world.post("/v1/users/getToken", fresh).await;
    assert_ne!(fresh["response"]["access_token"], shop.token.as_str());
}

#[tokio::test]
async fn a_payment_is_found_by_either_id_and_told_once_without_a_signature() {
    let shop = v1(false).await;
    let imp_uid = shop.pay("pay_1", "CARD").await;
    assert!(imp_uid.starts_with("imp_"), "{imp_uid}");
    for path in [format!("/payments/{imp_uid}"), "/payments/find/pay_1".to_owned()] {
        let (_, body) = shop.get(&format!("{path}?include_sandbox=true")).await;
        let payment = &body["response"];
        assert_eq!((&payment["imp_uid"], &payment["status"]), (&json!(imp_uid), &json!("paid")), "{body}");
        assert_eq!((&payment["amount"], &payment["cancel_amount"]), (&json!(3_000), &json!(0)));
        assert_eq!(shop.get(&path).await.0, 404, "a test channel's payments are only shown on demand");
    }
    let heard = shop.heard(1).await;
    let body: Value = serde_json::from_str(&heard[0].1).unwrap();
    assert_eq!(body, json!({"imp_uid": imp_uid, "merchant_uid": "pay_1", "status": "paid"}));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(lock(&shop.bodies).len(), 1, "a V1 webhook is tried once, whatever is answered");
    assert!(lock(&shop.world.ear.heard).is_empty(), "V2's receiver hears nothing of it");
}

#[tokio::test]
async fn a_cancellation_is_guarded_by_the_checksum() {
    let shop = v1(true).await;
    let imp_uid = shop.pay("pay_1", "CARD").await;
    let order = |amount: i64, checksum: i64| json!({"imp_uid": imp_uid, "amount": amount, "checksum": checksum, "reason": "정정", "enable_webhook": true});
    let part = shop.call("/payments/cancel", order(1_000, 3_000)).await;
    assert_eq!((&part["code"], &part["response"]["cancel_amount"]), (&json!(0), &json!(1_000)));
    assert_eq!(part["response"]["status"], "paid", "V1 calls what was given back in part paid");
    for refused in [order(1_000, 3_000), order(2_001, 2_000)] {
        let answer = shop.call("/payments/cancel", refused).await;
        assert_eq!((&answer["code"], &answer["response"]), (&json!(1), &Value::Null), "{answer}");
    }
    let rest = shop.call("/payments/cancel", order(2_000, 2_000)).await;
    assert_eq!(rest["response"]["status"], "cancelled");
    let heard = shop.heard(3).await;
    assert!(heard.iter().all(|(kind, _)| kind == "application/x-www-form-urlencoded"));
    assert_eq!(
        heard.iter().filter(|(_, body)| body.contains("status=cancelled&cancellation_id=")).count(),
        2
    );
    assert_eq!(shop.call("/payments/cancel", json!({"imp_uid": "imp_0"})).await["code"], 1);
}

#[tokio::test]
async fn a_registered_card_is_charged_again_and_its_refusal_is_a_failed_payment() {
    let shop = v1(false).await;
    for (uid, card) in [("driver-1", "4242424242424242"), ("driver-2", "4000000000009995")] {
        shop.world.post("/sandbox/billing-keys", json!({"billingKey": uid, "card": card})).await;
    }
    let order = |uid: &str, payment: &str| json!({"customer_uid": uid, "merchant_uid": payment, "amount": 3_000, "name": "주차요금"});
    let paid = shop.call("/subscribe/payments/again", order("driver-1", "pay_1")).await;
    assert_eq!((&paid["code"], &paid["response"]["status"]), (&json!(0), &json!("paid")), "{paid}");
    assert_eq!(shop.call("/subscribe/payments/again", order("driver-1", "pay_1")).await["code"], 1);
    let failed = shop.call("/subscribe/payments/again", order("driver-2", "pay_2")).await;
    assert_eq!((&failed["code"], &failed["response"]["status"]), (&json!(0), &json!("failed")));
    assert_eq!(shop.call("/subscribe/payments/again", order("nobody", "pay_3")).await["code"], 1);
    shop.world.gateway.add_fault(rule(Fault::TimeoutAfterSuccess { millis: 5_000 }));
    let url = format!("{}/subscribe/payments/again", shop.world.gateway.v1_url());
    let request = shop.world.http.inner().post(url).header("authorization", &shop.token);
    assert!(request.json(&order("driver-1", "pay_4")).send().await.unwrap_err().is_timeout());
    assert_eq!(shop.get("/payments/find/pay_4?include_sandbox=true").await.1["response"]["status"], "paid");
}

#[tokio::test]
async fn an_amount_is_prepared_once_and_holds_for_the_window() {
    let shop = v1(false).await;
    let prepared = shop.call("/payments/prepare", json!({"merchant_uid": "pay_1", "amount": "3000"})).await;
    assert_eq!(prepared["response"], json!({"merchant_uid": "pay_1", "amount": 3_000}));
    assert_eq!(
        shop.call("/payments/prepare", json!({"merchant_uid": "pay_1", "amount": 1})).await["code"],
        1
    );
    let long = "a".repeat(41);
    assert_eq!(shop.call("/payments/prepare", json!({"merchant_uid": long, "amount": 1})).await["code"], 1);
    let window = json!({"orderName": "주차요금", "totalAmount": 100, "version": "V1"});
    assert_eq!(shop.world.post("/sandbox/payments/pay_1/open", window).await.0, 400);
}
