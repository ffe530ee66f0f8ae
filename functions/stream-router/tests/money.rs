//! What follows for money: who pays without being asked, what is charged for it, and what goes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::EventRecord;
use baro_domain::{
    DriverId, OperatorId, Passage, PaymentId, RefundId, Won,
    payment::{Method, PaymentStatus, PromisedOrder, RefundOrder, RequestedBy, VisitFact},
    visit::{PaidFact, Payer, Pledge, RulingKind},
};
use baro_testing::{BILLING, Cloud, at, lot_record, observation, payment, plate};
use common::{PAYMENTS, event, facts_image, record, start};
use serde_json::Value;

fn pledge() -> Pledge {
    Pledge { payer: Payer::Driver(DriverId::derive(&["d"])), limit: Won::new(100_000) }
}

async fn read(cloud: &Cloud, name: &str, passage: Passage, minute: i64) -> EventRecord {
    let old = facts_image(cloud).await;
    cloud.parking().record(&observation(name, passage, minute), &plate(), None).await.unwrap();
    record(u32::try_from(minute).unwrap() + 1, old, facts_image(cloud).await)
}

fn payment_messages(cloud: &Cloud) -> Vec<Value> {
    let sent = cloud.messages().into_iter().filter(|message| message.queue == PAYMENTS);
    sent.map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

#[tokio::test]
async fn a_visit_of_a_plate_that_somebody_pays_for_learns_of_it_once() {
    let (cloud, router) = start().await;
    assert!(cloud.directory().put_pledge(&plate(), &pledge()).await.unwrap());
    let entry = read(&cloud, "in", Passage::Entered, 0).await;
    router.handle(event(vec![entry.clone()])).await.unwrap();
    router.handle(event(vec![entry])).await.unwrap();
    let facts = cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap();
    assert_eq!(facts.rulings.len(), 1);
    assert_eq!(facts.rulings[0].kind, RulingKind::Pledged(pledge()));
}

#[tokio::test]
async fn nobody_takes_over_or_ends_anothers_pledge() {
    let (cloud, _) = start().await;
    let other = Pledge { payer: Payer::Driver(DriverId::derive(&["other"])), ..pledge() };
    let directory = cloud.directory();
    assert!(directory.put_pledge(&plate(), &pledge()).await.unwrap());
    assert!(!directory.put_pledge(&plate(), &other).await.unwrap());
    assert!(!directory.delete_pledge(&plate(), &other.payer).await.unwrap());
    assert!(directory.delete_pledge(&plate(), &pledge().payer).await.unwrap());
    assert!(directory.put_pledge(&plate(), &other).await.unwrap());
}

#[tokio::test]
async fn a_promise_is_ordered_with_each_change_until_it_is_kept() {
    let (cloud, router) = start().await;
    assert!(cloud.directory().put_pledge(&plate(), &pledge()).await.unwrap());
    let entry = read(&cloud, "in", Passage::Entered, 0).await;
    router.handle(event(vec![entry])).await.unwrap();
    let ask = read(&cloud, "ask", Passage::AtExit, 60).await;
    let out = read(&cloud, "out", Passage::Left, 61).await;
    router.handle(event(vec![ask, out])).await.unwrap();
    let orders: Vec<PromisedOrder> = payment_messages(&cloud)
        .into_iter()
        .map(|mut message| serde_json::from_value(message["promise"].take()).unwrap())
        .collect();
    assert_eq!(orders.len(), 2, "the second is good for the newer facts");
    assert_eq!((orders[0].payment_id(), orders[0].amount), (orders[1].payment_id(), Won::new(1_900)));
    assert!(orders[0].revision < orders[1].revision);
    let before = facts_image(&cloud).await;
    let fact = PaidFact {
        payment: orders[0].payment_id(),
        amount: Won::new(1_900),
        quoted_until: at(60),
        paid_at: at(61),
        promised_at: orders[0].stay.promised_at.clone(),
    };
    let carrier = payment(&orders[0].payment_id());
    cloud.billing().create(&carrier).await.unwrap();
    cloud.billing().commit(&carrier, 1, &[], Some(&VisitFact::Paid(fact)), at(61)).await.unwrap();
    cloud.take_messages();
    router.handle(event(vec![record(99, before, facts_image(&cloud).await)])).await.unwrap();
    assert_eq!(payment_messages(&cloud), Vec::<Value>::new());
}

#[tokio::test]
async fn of_two_payments_for_one_stay_the_later_goes_back() {
    let (cloud, router) = start().await;
    read(&cloud, "in", Passage::Entered, 0).await;
    let mut before = facts_image(&cloud).await;
    for (name, minute) in [("first", 61), ("second", 62)] {
        before = facts_image(&cloud).await;
        let carrier = payment(&PaymentId::derive(&[name]));
        cloud.billing().create(&carrier).await.unwrap();
        let (amount, payment) = (Won::new(1_900), carrier.id.clone());
        let fact = PaidFact { payment, amount, quoted_until: at(60), paid_at: at(minute), promised_at: None };
        cloud.billing().commit(&carrier, 1, &[], Some(&VisitFact::Paid(fact)), at(minute)).await.unwrap();
    }
    let twice = record(9, before, facts_image(&cloud).await);
    router.handle(event(vec![twice])).await.unwrap();
    let sent = payment_messages(&cloud);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["paymentId"], PaymentId::derive(&["second"]).as_str());
    assert_eq!(sent[0]["keep"], 0);
}

#[tokio::test]
async fn of_three_payments_for_one_stay_both_later_ones_go_back() {
    let (cloud, router) = start().await;
    read(&cloud, "in", Passage::Entered, 0).await;
    let before = facts_image(&cloud).await;
    for (name, minute) in [("first", 61), ("second", 62), ("third", 63)] {
        let carrier = payment(&PaymentId::derive(&[name]));
        cloud.billing().create(&carrier).await.unwrap();
        let (amount, payment) = (Won::new(1_900), carrier.id.clone());
        let fact = PaidFact { payment, amount, quoted_until: at(60), paid_at: at(minute), promised_at: None };
        cloud.billing().commit(&carrier, 1, &[], Some(&VisitFact::Paid(fact)), at(minute)).await.unwrap();
    }
    router.handle(event(vec![record(9, before, facts_image(&cloud).await)])).await.unwrap();
    let back: BTreeMap<String, i64> = payment_messages(&cloud)
        .iter()
        .map(|sent| (sent["paymentId"].as_str().unwrap().to_owned(), sent["keep"].as_i64().unwrap()))
        .collect();
    let both = ["second", "third"].map(|name| (PaymentId::derive(&[name]).as_str().to_owned(), 0));
    assert_eq!(back, BTreeMap::from(both));
}

#[tokio::test]
async fn a_refund_that_was_written_down_is_brought_to_the_gateway_once() {
    let (cloud, router) = start().await;
    let mut paid = payment(&PaymentId::derive(&["p"]));
    (paid.status, paid.captured, paid.paid_at) = (PaymentStatus::Paid, Won::new(1_300), Some(at(61)));
    cloud.billing().create(&paid).await.unwrap();
    let image = async || cloud.image(BILLING, paid.id.as_str(), "PAYMENT").await;
    let order = RefundOrder {
        id: RefundId::derive(&["r"]),
        amount: None,
        reason: "고객 요청".into(),
        by: RequestedBy::Operator { operator: OperatorId::derive(&["o"]), name: "당직".into() },
        account: None,
    };
    let asked = paid.request_refund(order, at(62)).unwrap().unwrap();
    let before = image().await;
    cloud.billing().commit(&asked, 1, &[], None, at(62)).await.unwrap();
    router.handle(event(vec![record(3, before, image().await)])).await.unwrap();
    assert_eq!(payment_messages(&cloud)[0]["paymentId"], paid.id.as_str());
    cloud.take_messages();
    router.handle(event(vec![record(4, image().await, image().await)])).await.unwrap();
    assert_eq!(payment_messages(&cloud), Vec::<Value>::new());
}

#[tokio::test]
async fn a_wish_for_a_cash_receipt_is_brought_to_the_gateway_once_and_with_no_number() {
    use baro_domain::cash_receipt::{CashReceipt, ReceiptIdentity};
    let (cloud, router) = start().await;
    let id = PaymentId::derive(&["p"]);
    let mut deposit = payment(&id);
    deposit.status = PaymentStatus::AwaitingDeposit;
    deposit.method = Some(Method::VirtualAccount);
    let phone = ReceiptIdentity::phone("010-1234-5678").unwrap();
    let wish = CashReceipt::wish(None, &deposit, phone, at(1)).unwrap().unwrap();
    assert!(cloud.billing().put_cash_receipt(&wish, 0).await.unwrap());
    let none = serde_dynamo::Item::default();
    let wished = cloud.image(BILLING, id.as_str(), "CASHRECEIPT").await;
    let learnt =
        wish.refused(baro_domain::cash_receipt::ReceiptCall::Issue { amount: Won::new(1) }, "no", at(2));
    assert!(cloud.billing().put_cash_receipt(&learnt, 1).await.unwrap());
    let after = cloud.image(BILLING, id.as_str(), "CASHRECEIPT").await;
    router.handle(event(vec![record(1, none, wished.clone()), record(2, wished, after)])).await.unwrap();
    let told = payment_messages(&cloud);
    assert_eq!(told, [serde_json::json!({"source": "cash-receipt", "paymentId": id})]);
}
