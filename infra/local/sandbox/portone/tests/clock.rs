//! What takes days: accounts that expire and charges on schedule, with the gateway's clock put forward.

use super::*;

impl World {
    async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> (u16, Value) {
        let secret = format!("PortOne {}", self.gateway.config().api_secret);
        let request = self.http.inner().request(method, format!("{}{path}", self.gateway.url));
        let response = request.header("authorization", secret).body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn plan(&self, payment: &str, key: &str, days: i64) -> String {
        let at = self.gateway.now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
        let charge = json!({
            "billingKey": key, "orderName": "월정기 주차", "amount": {"total": 90_000}, "currency": "KRW",
        });
        let body = json!({"payment": charge, "timeToPay": at.to_string()});
        let path = format!("/payments/{payment}/schedule");
        let (status, answer) = self.call(reqwest::Method::POST, &path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer["schedule"]["id"].as_str().unwrap().to_owned()
    }

    async fn schedule(&self, id: &str) -> Value {
        self.call(reqwest::Method::GET, &format!("/payment-schedules/{id}"), Value::Null).await.1
    }

    async fn issued(&self) -> String {
        let (_, issued) = self.post("/sandbox/billing-keys", json!({})).await;
        issued["billingKey"].as_str().unwrap().to_owned()
    }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn scheduled_charges_are_made_at_their_own_time_and_in_their_order() {
    let world = world().await;
    let key = world.issued().await;
    let later = world.plan("pay_2", &key, 40).await;
    let sooner = world.plan("pay_1", &key, 10).await;
    let never = world.plan("pay_3", &key, 50).await;
    world.gateway.advance(DAY * 45).unwrap();
    let (first, second) = (world.get("pay_1").await, world.get("pay_2").await);
    assert_eq!((&first.status, &second.status), (&PaymentStatus::Paid, &PaymentStatus::Paid));
    let apart = second.paid_at.unwrap().duration_since(first.paid_at.unwrap());
    assert!((DAY * 29..DAY * 31).contains(&apart), "{apart}");
    for id in [&sooner, &later] {
        assert_eq!(world.schedule(id).await["status"], "SUCCEEDED");
    }
    let revoke = json!({"scheduleIds": [never]}).to_string();
    let url =
        reqwest::Url::parse_with_params("http://x/payment-schedules", [("requestBody", &revoke)]).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    assert_eq!(world.call(reqwest::Method::DELETE, &path, Value::Null).await.0, 200);
    world.gateway.advance(DAY * 10).unwrap();
    assert_eq!(world.client.get_payment(&id("pay_3")).await, Ok(None), "a revoked one is not charged");
    let again = world.call(reqwest::Method::DELETE, &path, Value::Null).await;
    assert_eq!((again.0, again.1["type"].as_str()), (409, Some("PAYMENT_SCHEDULE_ALREADY_REVOKED")));
}

#[tokio::test]
async fn a_scheduled_charge_of_a_deleted_key_fails_and_the_shop_hears_of_it() {
    let world = world().await;
    let key = world.issued().await;
    let planned = world.plan("pay_1", &key, 30).await;
    let path = format!("/billing-keys/{key}");
    assert_eq!(world.call(reqwest::Method::DELETE, &path, Value::Null).await.0, 200);
    world.gateway.advance(DAY * 31).unwrap();
    assert_eq!(world.schedule(&planned).await["status"], "FAILED");
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::Failed);
    assert!(world.heard(4).await.iter().any(|(kind, _)| kind == "Transaction.Failed"));
}

#[tokio::test]
async fn a_deposit_after_the_accounts_time_is_refused_unless_the_bank_takes_it() {
    let world = world().await;
    world.pay("pay_1", "VIRTUAL_ACCOUNT", 5_000).await;
    world.gateway.advance(DAY * 2).unwrap();
    let refused = world.gateway.deposit("pay_1", None, false).unwrap_err();
    assert!(refused.to_string().contains("입금 기한"), "{refused}");
    world.gateway.add_fault(rule(Fault::LateDeposit));
    world.gateway.add_fault(rule(Fault::WrongDeposit { delta_won: -500 }));
    assert_eq!(world.post("/sandbox/payments/pay_1/deposit", json!({})).await.0, 200);
    let payment = world.get("pay_1").await;
    assert_eq!((payment.status, payment.amount.total), (PaymentStatus::Paid, Won::new(4_500)));
    let Some(PaymentMethod::VirtualAccount { expired_at, .. }) = payment.method else { panic!() };
    assert!(payment.paid_at > expired_at);
}

#[tokio::test]
async fn the_clock_is_put_forward_by_hand_but_never_back() {
    let world = world().await;
    let (status, shown) = world.post("/sandbox/clock", json!({"advanceSeconds": 86_400})).await;
    assert_eq!((status, shown["aheadSeconds"].as_i64()), (200, Some(86_400)));
    assert_eq!(world.post("/sandbox/clock", json!({"to": "2020-01-01T00:00:00Z"})).await.0, 400);
    assert_eq!(world.post("/sandbox/clock", json!({"advanceSeconds": -1})).await.0, 400);
    world.pay("pay_1", "CARD", 1_000).await;
    // The ear verifies each signature against real time.
    assert_eq!(world.heard(2).await.len(), 2);
}
