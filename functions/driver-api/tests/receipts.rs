//! The receipt of a payment, and the cash receipt of one by deposit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod world;

use baro_domain::{
    BusinessNumber, Operator, Won,
    cash_receipt::{CashReceipt, IssuedReceipt},
    payment::{Method, PaymentStatus, ReportState, Slip},
};
use baro_testing::{at, lot_record};
use serde_json::{Value, json};
use world::{Answer, World};

/// The car has been in for 25 minutes and its driver has started a payment.
async fn started() -> World {
    started_by("V2").await
}

async fn started_by(contract: &str) -> World {
    let world = World::of_contract(contract).await;
    world.enter(0).await;
    assert_eq!(world.ask("start-payment").await.status, 201);
    world
}

/// Changes the stored payment as payment-sync would.
async fn change(world: &World, with: impl FnOnce(&mut baro_domain::payment::Payment)) {
    let mut payment = world.payment().await;
    let revision = world.cloud.billing().payment(&payment.id).await.unwrap().unwrap().revision;
    with(&mut payment);
    world.cloud.billing().commit(&payment, revision, &[], None, at(30)).await.unwrap();
}

async fn paid_by(world: &World, method: Method) {
    world.pay(26).await;
    change(world, |payment| payment.method = Some(method)).await;
}

async fn wish(world: &World, body: Value) -> Answer {
    world.ask_with("put-cash-receipt", |event| event["body"] = body.to_string().into()).await
}

async fn stored(world: &World) -> CashReceipt {
    let id = world.payment().await.id;
    world.cloud.billing().cash_receipt(&id).await.unwrap().unwrap().value
}

#[tokio::test]
async fn a_receipt_tells_where_what_and_how_and_not_whose_car_it_was() {
    let world = started().await;
    let operator = Operator {
        id: lot_record().lot.operator,
        name: "대전광역시 서구".into(),
        business_number: Some(BusinessNumber::parse("1208147521").unwrap()),
        keys: Vec::new(),
    };
    world.cloud.directory().put_operator(&operator).await.unwrap();
    paid_by(&world, Method::Card).await;
    change(&world, |payment| {
        let (issuer, approval_number) = (Some("신한카드".into()), Some("30012345".into()));
        payment.slip = Some(Slip { issuer, approval_number, ..Slip::default() });
    })
    .await;
    let answer = world.ask("receipt").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = &answer.body;
    assert_eq!((&body["lot"]["name"], &body["plate"]), (&json!(lot_record().lot.name), &json!("1****56")));
    assert_eq!(body["operator"], json!({"name": "대전광역시 서구", "businessNumber": "120-81-47521"}));
    assert_eq!(body["method"], json!({"kind": "card", "issuer": "신한카드", "approvalNumber": "30012345"}));
    let (paid, vat) = (body["paid"].as_i64().unwrap(), &body["vat"]);
    assert_eq!(vat["supply"].as_i64().unwrap() + vat["vat"].as_i64().unwrap(), paid);
    assert_eq!(vat["vat"], Won::new(paid).vat_split(Won::ZERO).vat.get());
    let lines =
        body["quote"]["lines"].as_array().unwrap().iter().map(|line| line["amount"].as_i64().unwrap());
    assert_eq!((lines.sum::<i64>(), &body["quote"]["nextStep"]), (paid, &Value::Null));
    assert_eq!(body["cashReceipt"], json!({"offered": false}));
    assert!(!body.to_string().contains("12가3456"));
}

#[tokio::test]
async fn what_went_back_stands_on_the_receipt_and_lowers_its_vat() {
    let world = started().await;
    paid_by(&world, Method::Card).await;
    change(&world, |payment| {
        payment.returned = Won::new(payment.captured.get() - 110);
        payment.status = PaymentStatus::PartlyRefunded;
    })
    .await;
    let body = world.ask("receipt").await.body;
    assert_eq!((&body["kept"], &body["vat"]["vat"]), (&json!(110), &json!(10)));
    assert_eq!(body["refunded"].as_i64().unwrap() + 110, body["paid"].as_i64().unwrap());
}

#[tokio::test]
async fn nobody_gets_a_receipt_for_what_was_not_paid() {
    let world = started().await;
    assert_eq!(world.ask("receipt").await.problem(), (404, "no-receipt"));
}

#[tokio::test]
async fn a_cash_receipt_is_asked_for_while_the_deposit_is_awaited_and_its_number_never_shown() {
    let world = started().await;
    world.report(ReportState::AwaitingDeposit, 26).await;
    change(&world, |payment| payment.method = Some(Method::VirtualAccount)).await;
    assert_eq!(world.ask("cash-receipt").await.body, json!({"offered": true}));
    let answer = wish(&world, json!({"phone": "010-1234-5678"})).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let told = json!({"offered": true, "state": "requested", "use": "personal", "identity": "*******5678"});
    assert_eq!(answer.body, told);
    assert_eq!(world.ask("cash-receipt").await.body, told);
    let (again, first) = (wish(&world, json!({"phone": "01012345678"})).await, stored(&world).await);
    assert_eq!((again.status, first.wishes), (202, 1), "the same wish is one");
    assert_eq!(wish(&world, json!({"businessNumber": "120-81-47521"})).await.body["use"], "corporate");
}

#[tokio::test]
async fn a_receipt_that_is_issued_stays_its_owners() {
    let world = started().await;
    paid_by(&world, Method::VirtualAccount).await;
    assert_eq!(wish(&world, json!({"phone": "010-1234-5678"})).await.status, 202);
    let (amount, issued_at) = (world.payment().await.captured, at(30));
    let number = "123456789".to_owned();
    let issued = IssuedReceipt { number, amount, url: None, issued_at, cancelled_at: None, by_call: true };
    let receipt = CashReceipt { issued: Some(issued), ..stored(&world).await };
    assert!(world.cloud.billing().put_cash_receipt(&receipt, 1).await.unwrap());
    let other = wish(&world, json!({"phone": "010-8765-4321"})).await;
    assert_eq!(other.problem(), (409, "cash-receipt-begun"));
    let body = world.ask("receipt").await.body;
    assert_eq!(
        (&body["cashReceipt"]["state"], &body["cashReceipt"]["number"]),
        (&json!("issued"), &json!("123456789"))
    );
}

#[tokio::test]
async fn a_number_that_is_nobodys_and_a_payment_by_card_have_no_cash_receipt() {
    let world = started().await;
    paid_by(&world, Method::Card).await;
    assert_eq!(
        wish(&world, json!({"phone": "010-1234-5678"})).await.problem(),
        (409, "cash-receipt-not-offered")
    );
    let both = json!({"phone": "010-1234-5678", "businessNumber": "1208147521"});
    for body in [json!({}), both, json!({"businessNumber": "1208147522"}), json!({"card": "12"})] {
        assert_eq!(wish(&world, body).await.problem(), (400, "invalid-receipt-number"));
    }
}

#[tokio::test]
async fn a_shop_of_the_older_contract_offers_no_cash_receipt() {
    let world = started_by("V1").await;
    paid_by(&world, Method::VirtualAccount).await;
    assert_eq!(world.ask("cash-receipt").await.body, json!({"offered": false}));
    let asked = wish(&world, json!({"phone": "010-1234-5678"})).await;
    assert_eq!(asked.problem(), (409, "cash-receipt-not-offered"));
}
