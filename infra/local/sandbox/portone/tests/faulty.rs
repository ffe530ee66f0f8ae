//! The faults that a person may order too: money that comes after the shop gave up, and the console's menu.

use super::*;

impl World {
    async fn press_console(&self, form: &[(&str, &str)]) -> u16 {
        let url = format!("{}/sandbox/console", self.gateway.url);
        self.http.inner().post(url).form(form).send().await.unwrap().status().as_u16()
    }

    async fn console(&self) -> String {
        let url = format!("{}/sandbox", self.gateway.url);
        self.http.inner().get(url).send().await.unwrap().text().await.unwrap()
    }

    async fn paid(&self, payment: &str) -> bool {
        for _ in 0..500 {
            if self.get(payment).await.status == PaymentStatus::Paid {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

#[tokio::test]
async fn a_payment_given_up_for_time_out_is_paid_after_all() {
    let world = world().await;
    let window = json!({"orderName": "주차요금", "totalAmount": 3_000});
    world.post("/sandbox/payments/pay_1/open", window).await;
    world.gateway.add_fault(rule(Fault::LateCapture { millis: 20 }));
    let cancel = world.client.cancel(&id("pay_1"), &refund(3_000, 3_000)).await.unwrap_err();
    assert_eq!(refused(cancel), RefusalKind::PaymentNotPaid);
    assert!(world.paid("pay_1").await);
    assert!(world.client.cancel(&id("pay_1"), &refund(3_000, 3_000)).await.is_ok(), "it can be given back");
}

#[tokio::test]
async fn an_account_cancelled_before_its_deposit_is_paid_after_all() {
    let world = world().await;
    world.pay("pay_1", "VIRTUAL_ACCOUNT", 3_000).await;
    world.client.cancel(&id("pay_1"), &refund(3_000, 3_000)).await.unwrap();
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::Cancelled);
    world.gateway.capture("pay_1").unwrap();
    let payment = world.get("pay_1").await;
    assert_eq!((payment.status, payment.amount.cancelled), (PaymentStatus::Paid, Won::ZERO));
    assert!(world.gateway.capture("pay_1").is_err(), "what was paid is not captured again");
}

#[tokio::test]
async fn the_console_shows_the_menu_and_sets_it() {
    let world = world().await;
    world.pay("pay_1", "VIRTUAL_ACCOUNT", 3_000).await;
    let fault = [
        ("action", "addFault"),
        ("kind", "wrongDeposit"),
        ("number", "-100"),
        ("paymentId", "pay_1"),
        ("operation", ""),
        ("percent", "100"),
        ("times", "1"),
    ];
    assert_eq!(world.press_console(&fault).await, 303);
    let expected =
        FaultRule { payment_id: Some("pay_1".into()), ..rule(Fault::WrongDeposit { delta_won: -100 }) };
    assert_eq!(world.gateway.faults(), [expected]);
    let page = world.console().await;
    assert!(page.contains("wrongDeposit") && page.contains("VIRTUAL_ACCOUNT_ISSUED"), "{page}");
    assert!(!page.contains("{{"), "each place is filled: {page}");
    assert_eq!(world.press_console(&[("action", "deposit"), ("id", "pay_1")]).await, 303);
    assert_eq!(world.get("pay_1").await.amount.total, Won::new(2_900));
    assert_eq!(world.press_console(&[("action", "cancel"), ("id", "pay_1")]).await, 303);
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::Cancelled);
    assert_eq!(world.press_console(&[("action", "endFault"), ("id", "0")]).await, 303);
    assert!(world.gateway.faults().is_empty());
    assert_eq!(
        world.press_console(&[("action", "addFault"), ("kind", "latency"), ("number", "soon")]).await,
        400
    );
    assert_eq!(world.press_console(&[("action", "advance"), ("number", "48")]).await, 303);
    assert!(world.gateway.now().duration_since(now()) > SignedDuration::from_hours(47));
}

#[tokio::test]
async fn each_fault_of_the_menu_can_be_ordered() {
    let world = world().await;
    let page = world.console().await;
    let kinds: Vec<_> = page
        .split("<select name=\"kind\">")
        .nth(1)
        .unwrap()
        .split("</select>")
        .next()
        .unwrap()
        .split("value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.len(), 11);
    for kind in &kinds {
        let form = [("action", "addFault"), ("kind", kind.as_str()), ("number", "1")];
        assert_eq!(world.press_console(&form).await, 303, "{kind}");
    }
    assert_eq!(world.gateway.faults().len(), kinds.len());
    let misspelt = json!({"fault": {"kind": "serverError"}, "operation": "cancle"});
    assert_eq!(world.post("/sandbox/faults", misspelt).await.0, 400);
}

#[tokio::test]
async fn nothing_is_paid_before_the_shop_confirms_where_it_must() {
    let world = world().await;
    world.gateway.set_manual_confirm(true);
    world.pay("pay_1", "CARD", 3_000).await;
    assert_eq!(world.get("pay_1").await.status, PaymentStatus::Ready);
}
