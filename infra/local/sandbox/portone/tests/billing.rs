//! Cards that a person registers, and what their charges come to.

use super::*;

impl World {
    async fn key(&self, card: &str) -> String {
        let (status, issued) = self.post("/sandbox/billing-keys", json!({"card": card})).await;
        assert_eq!(status, 200, "{issued}");
        issued["billingKey"].as_str().unwrap().to_owned()
    }

    /// Opens the issuing page; answers its text and the key it is for.
    async fn issuing_page(&self, query: &[(&str, &str)]) -> (String, String) {
        let url = format!("{}/issue", self.gateway.url);
        let page = self.http.inner().get(url).query(query).send().await.unwrap().text().await.unwrap();
        let key = page.split("action=\"/issue/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        (page, key)
    }

    async fn press(&self, key: &str, press: &str, number: &str) -> reqwest::Response {
        let form =
            [("press", press), ("number", number), ("expiry", "12/39"), ("birth", "900101"), ("pin", "00")];
        let url = format!("{}/issue/{key}", self.gateway.url);
        self.http.inner().post(url).form(&form).send().await.unwrap()
    }

    async fn charge(&self, payment: &str, key: &str) -> Result<(), GatewayError> {
        let charge = BillingKeyCharge {
            billing_key: Secret::new(key),
            order_name: "주차요금".into(),
            total: Won::new(3_000),
        };
        self.client.charge(&id(payment), &charge).await.map(drop)
    }

    async fn delete_key(&self, key: &str) -> u16 {
        let secret = format!("PortOne {}", self.gateway.config().api_secret);
        let url = format!("{}/billing-keys/{key}", self.gateway.url);
        let request = self.http.inner().delete(url).header("authorization", secret);
        request.send().await.unwrap().status().as_u16()
    }
}

fn location(response: &reqwest::Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

const BACK: (&str, &str) = ("redirectUrl", "http://localhost:1/cards?driver=1");

#[tokio::test]
async fn a_person_registers_a_card_and_comes_back_with_its_key() {
    let world = world().await;
    let (page, key) =
        world.issuing_page(&[BACK, ("issueName", "정기 <b>"), ("billingKeyMethod", "CARD")]).await;
    assert!(page.contains("정기 &lt;b&gt;") && page.contains("4000000000009995"), "{page}");
    let mistyped = world.press(&key, "issue", "4242 4242 4242 4243").await;
    assert_eq!(mistyped.status(), 422, "a mistyped number can be corrected");
    let back = world.press(&key, "issue", "4242 4242 4242 4242").await;
    assert_eq!(back.status(), 303);
    let location = location(&back);
    assert!(location.starts_with("http://localhost:1/cards?driver=1&"), "{location}");
    assert!(location.contains(&format!("billingKey={key}")) && !location.contains("code="), "{location}");
    world.charge("pay_1", &key).await.unwrap();
    let heard = world.heard(3).await;
    let kinds: Vec<_> = heard.iter().map(|(kind, _)| kind.as_str()).collect();
    assert!(kinds.contains(&"BillingKey.Ready") && kinds.contains(&"BillingKey.Issued"), "{kinds:?}");
}

#[tokio::test]
async fn a_payer_who_gives_up_or_is_refused_leaves_without_a_key() {
    let world = world().await;
    for (press, code) in [("cancel", "code=USER_CANCEL"), ("fail", "pgCode=NOT_REGISTERED_CARD")] {
        let (_, key) = world.issuing_page(&[BACK]).await;
        let location = location(&world.press(&key, press, "").await);
        assert!(location.contains(code) && !location.contains(&key), "{location}");
        assert_eq!(refused(world.charge("pay_1", &key).await.unwrap_err()), RefusalKind::BillingKeyNotFound);
        let again = super::billing::location(&world.press(&key, "issue", "4242424242424242").await);
        assert!(again.contains("code=BILLING_KEY_ALREADY_ISSUED"), "the page was used: {again}");
    }
    let heard = world.heard(4).await;
    assert_eq!(heard.iter().filter(|(kind, _)| kind == "BillingKey.Failed").count(), 2, "{heard:?}");
}

#[tokio::test]
async fn a_window_over_the_page_hands_its_key_to_the_page_below() {
    let world = world().await;
    let (_, key) = world.issuing_page(&[("window", "iframe")]).await;
    let answer = world.press(&key, "issue", "4242424242424242").await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert!(page.contains("postMessage") && page.contains(&format!("\"billingKey\":\"{key}\"")), "{page}");
    let sdk =
        world.http.inner().get(format!("{}/v2/browser-sdk.js", world.gateway.url)).send().await.unwrap();
    assert!(
        sdk.text().await.unwrap().contains("window.PortOne = { requestPayment, requestIssueBillingKey }")
    );
}

#[tokio::test]
async fn a_deleted_key_refuses_charges() {
    let world = world().await;
    let key = world.key("4242424242424242").await;
    assert_eq!(world.delete_key(&key).await, 200);
    assert_eq!(
        refused(world.charge("pay_1", &key).await.unwrap_err()),
        RefusalKind::BillingKeyAlreadyDeleted
    );
    assert_eq!(world.delete_key(&key).await, 409);
    assert_eq!(world.client.get_payment(&id("pay_1")).await, Ok(None));
    assert!(world.heard(3).await.iter().any(|(kind, _)| kind == "BillingKey.Deleted"));
}

#[tokio::test]
async fn each_test_card_is_refused_in_its_own_words() {
    let world = world().await;
    for (card, code, payment) in [
        ("4000000000009995", "REJECT_CARD_PAYMENT", "pay_1"),
        ("4000000000009987", "INVALID_CARD_LOST_OR_STOLEN", "pay_2"),
    ] {
        let key = world.key(card).await;
        let GatewayError::Final(refusal) = world.charge(payment, &key).await.unwrap_err() else { panic!() };
        assert_eq!(
            (refusal.status, refusal.kind, refusal.pg_code.as_deref()),
            (502, RefusalKind::PgProvider, Some(code))
        );
        assert_eq!(world.get(payment).await.status, PaymentStatus::Failed);
    }
}

#[tokio::test]
async fn a_card_may_be_approved_after_the_caller_stopped_waiting() {
    let world = world().await;
    let key = world.key("4000000000000077").await;
    assert!(matches!(world.charge("pay_1", &key).await, Err(GatewayError::Unknown(_))));
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::PayPending);
    let again = world.charge("pay_1", &key).await.unwrap_err();
    assert_eq!(
        refused(again),
        RefusalKind::AlreadyPaid,
        "one id is charged once, also while it is under way"
    );
    for _ in 0..500 {
        if world.get("pay_1").await.status == PaymentStatus::Paid {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::Paid);
}
