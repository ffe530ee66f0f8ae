//! Money under webhooks that repeat, race, lie and arrive after a crash.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use baro_clients::portone::{
    BillingKeyCharge, CancelRequest, Cancellation, ChargedPayment, GatewayError, GatewayPayment,
    PaymentGateway,
};
use baro_domain::{PaymentId, Won, payment::PaymentStatus};
use baro_payment_sync::PaymentSync;
use baro_runtime::Clock;
use baro_testing::{Cloud, Fault, at, lot_record, payment, plate};
use jiff::civil::date;
use serde_json::{Value, json};

/// A gateway with one payment, which says what a test tells it to say.
#[derive(Default)]
struct Gateway {
    payment: Mutex<Option<Value>>,
    cancels: Mutex<Vec<Won>>,
    down: Mutex<bool>,
}

fn parsed(value: &Value) -> GatewayPayment {
    serde_json::from_value(value.clone()).unwrap()
}

#[async_trait]
impl PaymentGateway for Gateway {
    async fn get_payment(&self, _: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        if *self.down.lock().unwrap() {
            return Err(GatewayError::Retry("503".into()));
        }
        Ok(self.payment.lock().unwrap().as_ref().map(parsed))
    }

    async fn cancel(&self, _: &PaymentId, request: &CancelRequest) -> Result<Cancellation, GatewayError> {
        let amount = request.amount.unwrap();
        assert_eq!(request.current_cancellable_amount, amount, "the guard is always sent");
        self.cancels.lock().unwrap().push(amount);
        if let Some(payment) = self.payment.lock().unwrap().as_mut() {
            payment["status"] = "CANCELLED".into();
            payment["amount"]["cancelled"] = amount.get().into();
            payment["statusChangedAt"] = "2026-11-20T02:05:00Z".into();
            payment["cancellations"] = json!([{"status": "SUCCEEDED", "id": "c-1", "totalAmount": amount, "reason": request.reason}]);
        }
        let done = json!({"status": "SUCCEEDED", "id": "c-1", "totalAmount": amount, "reason": "r"});
        Ok(serde_json::from_value(done).unwrap())
    }

    async fn pre_register(&self, _: &PaymentId, _: Won) -> Result<(), GatewayError> {
        Ok(())
    }

    async fn charge(&self, _: &PaymentId, _: &BillingKeyCharge) -> Result<ChargedPayment, GatewayError> {
        Err(GatewayError::Retry("not in this test".into()))
    }
}

fn id() -> PaymentId {
    PaymentId::derive(&["p"])
}

fn seen(status: &str, total: i64) -> Value {
    json!({
        "status": status, "id": id(), "transactionId": "t", "storeId": "store-1",
        "channel": {"type": "TEST", "key": "channel-key"}, "orderName": "주차요금", "currency": "KRW",
        "amount": {"total": total, "paid": total, "cancelled": 0},
        "paidAt": "2026-11-20T02:01:00Z", "statusChangedAt": "2026-11-20T02:01:00Z"
    })
}

async fn start(seen: Option<Value>) -> (Cloud, Arc<Gateway>, PaymentSync) {
    let cloud = Cloud::start().await;
    cloud.billing().create(&payment(&id())).await.unwrap();
    let gateway = Arc::new(Gateway { payment: Mutex::new(seen), ..Gateway::default() });
    let sync = PaymentSync::new(
        (cloud.billing(), cloud.parking()),
        baro_testing::shop(),
        gateway.clone(),
        Clock::at(at(62)),
    );
    cloud.forget_calls();
    (cloud, gateway, sync)
}

async fn status(cloud: &Cloud) -> PaymentStatus {
    cloud.billing().payment(&id()).await.unwrap().unwrap().value.status
}

async fn posted(cloud: &Cloud) -> usize {
    cloud.billing().journal(date(2026, 11, 20), None).await.unwrap().len()
}

fn webhook(count: usize) -> SqsEvent {
    let record = |n: usize| {
        json!({"messageId": format!("m{n}"), "body": json!({"source": "portone-v2", "type": "Transaction.Paid", "paymentId": id()}).to_string(),
               "attributes": {}, "messageAttributes": {}})
    };
    serde_json::from_value(json!({"Records": (0..count).map(record).collect::<Vec<_>>()})).unwrap()
}

#[tokio::test]
async fn a_paid_webhook_costs_one_read_and_one_transaction() {
    let (cloud, _, sync) = start(Some(seen("PAID", 1_300))).await;
    assert!(sync.handle(webhook(1)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(cloud.dynamodb_calls(), ["GetItem", "TransactWriteItems"]);
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Paid, 1));
}

#[tokio::test]
async fn the_same_webhook_ten_times_at_once_is_posted_once() {
    let (cloud, _, sync) = start(Some(seen("PAID", 1_300))).await;
    assert!(sync.handle(webhook(10)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Paid, 1));
}

#[tokio::test]
async fn another_amount_is_held_and_sent_back() {
    let (cloud, gateway, sync) = start(Some(seen("PAID", 100))).await;
    sync.handle(webhook(1)).await.unwrap();
    assert_eq!(*gateway.cancels.lock().unwrap(), [Won::new(100)]);
    let facts = cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap();
    assert!(facts.payments.is_empty(), "the visit never learns of it");
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Refunded, 2));
    sync.handle(webhook(1)).await.unwrap();
    assert_eq!(gateway.cancels.lock().unwrap().len(), 1, "sent back once");
}

#[tokio::test]
async fn a_crash_between_holding_and_sending_back_loses_no_money() {
    let (cloud, gateway, sync) = start(Some(seen("PAID", 100))).await;
    // The first transaction holds it; the second, which writes down that it goes back, is never carried out.
    cloud.fail_after(2, Fault::Before, 3);
    assert_eq!(sync.handle(webhook(1)).await.unwrap().batch_item_failures.len(), 1);
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Held, 1));
    assert!(gateway.cancels.lock().unwrap().is_empty());
    sync.handle(webhook(1)).await.unwrap();
    assert_eq!(*gateway.cancels.lock().unwrap(), [Won::new(100)]);
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Refunded, 2));
}

#[tokio::test]
async fn while_the_gateway_is_down_the_message_comes_back() {
    let (cloud, gateway, sync) = start(Some(seen("PAID", 1_300))).await;
    *gateway.down.lock().unwrap() = true;
    assert_eq!(sync.handle(webhook(1)).await.unwrap().batch_item_failures.len(), 1);
    *gateway.down.lock().unwrap() = false;
    sync.handle(webhook(1)).await.unwrap();
    assert_eq!(status(&cloud).await, PaymentStatus::Paid);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_repeated() {
    let (cloud, _, sync) = start(Some(seen("PAID", 1_300))).await;
    cloud.fail_next("TransactWriteItems", Fault::After);
    sync.handle(webhook(1)).await.unwrap();
    sync.handle(webhook(1)).await.unwrap();
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Paid, 1));
}

#[tokio::test]
async fn a_message_that_does_not_read_fails_alone() {
    let (cloud, _, sync) = start(Some(seen("PAID", 1_300))).await;
    let mut event = webhook(2);
    event.records[0].body = Some("{".into());
    let failures = sync.handle(event).await.unwrap().batch_item_failures;
    assert_eq!(failures.iter().map(|f| f.item_identifier.as_str()).collect::<Vec<_>>(), ["m0"]);
    assert_eq!(status(&cloud).await, PaymentStatus::Paid);
}

#[tokio::test]
async fn payments_we_never_asked_for_and_unopened_windows_change_nothing() {
    let (cloud, gateway, sync) = start(None).await;
    sync.sync(&PaymentId::derive(&["stranger"])).await.unwrap();
    sync.sync(&id()).await.unwrap();
    *gateway.payment.lock().unwrap() = Some(seen("SOMETHING_NEW", 1_300));
    sync.sync(&id()).await.unwrap();
    assert_eq!((status(&cloud).await, posted(&cloud).await), (PaymentStatus::Requested, 0));
}
