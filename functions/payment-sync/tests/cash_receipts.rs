//! Cash receipts follow the money, whatever the gateway's answers lose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use baro_clients::portone::{CashReceiptOrder, CashReceipts, GatewayError, Refusal, RefusalKind};
use baro_domain::{
    PaymentId, Won,
    cash_receipt::{CashReceipt, IssuedReceipt, ReceiptIdentity, ReceiptState},
};
use baro_payment_sync::PaymentSync;
use baro_runtime::Clock;
use baro_testing::at;
use serde_json::json;
use shop::{Loss, Shop, Till};

const DEPOSIT: &str = "PaymentMethodVirtualAccount";

/// The PG's desk for receipts: one a payment, until it is cancelled.
#[derive(Default)]
struct Office {
    receipts: Mutex<Vec<IssuedReceipt>>,
    losses: Mutex<Vec<Loss>>,
    refusal: Mutex<Option<RefusalKind>>,
}

fn refused(kind: RefusalKind) -> GatewayError {
    GatewayError::Final(Refusal { status: 409, kind, message: "no".into(), pg_code: None })
}

impl Office {
    fn valid(&self) -> Vec<i64> {
        let receipts = self.receipts.lock().unwrap();
        receipts.iter().filter(|one| one.cancelled_at.is_none()).map(|one| one.amount.get()).collect()
    }

    fn ever_issued(&self) -> usize {
        self.receipts.lock().unwrap().len()
    }

    fn lose(&self, loss: Loss) {
        self.losses.lock().unwrap().push(loss);
    }

    /// What becomes of a call: its work, and what its caller hears.
    fn carry_out(
        &self,
        work: impl FnOnce(&mut Vec<IssuedReceipt>) -> Result<(), RefusalKind>,
    ) -> Result<(), GatewayError> {
        if let Some(kind) = self.refusal.lock().unwrap().clone() {
            return Err(refused(kind));
        }
        let loss = self.losses.lock().unwrap().pop();
        let unknown = GatewayError::Unknown("timed out".into());
        if loss == Some(Loss::Request) {
            return Err(unknown);
        }
        work(&mut self.receipts.lock().unwrap()).map_err(refused)?;
        if loss.is_some() { Err(unknown) } else { Ok(()) }
    }
}

#[async_trait]
impl CashReceipts for Office {
    async fn cash_receipt(&self, _: &PaymentId) -> Result<Option<IssuedReceipt>, GatewayError> {
        tokio::task::yield_now().await;
        Ok(self.receipts.lock().unwrap().last().cloned())
    }

    async fn issue_cash_receipt(&self, order: &CashReceiptOrder) -> Result<(), GatewayError> {
        tokio::task::yield_now().await;
        assert_eq!((order.channel_key.as_str(), order.identity.expose()), ("channel-1", "01012345678"));
        self.carry_out(|receipts| {
            if receipts.last().is_some_and(|one| one.cancelled_at.is_none()) {
                return Err(RefusalKind::CashReceiptAlreadyIssued);
            }
            let (number, issued_at) = (format!("n-{}", receipts.len()), at(62));
            let amount = order.total;
            receipts.push(IssuedReceipt {
                number,
                amount,
                url: None,
                issued_at,
                cancelled_at: None,
                by_call: true,
            });
            Ok(())
        })
    }

    async fn cancel_cash_receipt(&self, _: &PaymentId) -> Result<(), GatewayError> {
        tokio::task::yield_now().await;
        self.carry_out(|receipts| match receipts.last_mut().filter(|one| one.cancelled_at.is_none()) {
            Some(valid) => {
                valid.cancelled_at = Some(at(63));
                Ok(())
            }
            None => Err(RefusalKind::CashReceiptNotIssued),
        })
    }
}

/// A till whose driver waits for a deposit of 1,300 won to be made, with a desk for receipts.
async fn till() -> (Till, Arc<Office>, Clock) {
    let shop = Arc::new(Shop::default());
    shop.stands("VIRTUAL_ACCOUNT_ISSUED");
    let mut till = Till::start(shop.clone()).await;
    let (office, clock) = (Arc::new(Office::default()), Clock::at(at(62)));
    let tables = (till.cloud.billing(), till.cloud.parking());
    let sync = PaymentSync::new(tables, baro_testing::shop(), shop, clock.clone());
    till.sync = sync.with_cash_receipts(office.clone(), "channel-1");
    assert!(till.hears(json!({})).await);
    (till, office, clock)
}

async fn ask(till: &Till) {
    let (billing, payment) = (till.cloud.billing(), till.payment().await);
    let known = billing.cash_receipt(&till.id).await.unwrap();
    let phone = ReceiptIdentity::phone("010-1234-5678").unwrap();
    let wish = CashReceipt::wish(known.as_ref().map(|known| &known.value), &payment, phone, at(62));
    let revision = known.map_or(0, |known| known.revision);
    assert!(billing.put_cash_receipt(&wish.unwrap().unwrap(), revision).await.unwrap());
}

async fn receipt(till: &Till) -> CashReceipt {
    till.cloud.billing().cash_receipt(&till.id).await.unwrap().unwrap().value
}

#[tokio::test]
async fn a_receipt_asked_for_with_the_deposit_is_issued_once_when_the_money_is_here() {
    let (till, office, _) = till().await;
    ask(&till).await;
    assert!(till.hears(json!({})).await);
    assert_eq!(office.ever_issued(), 0, "nothing is paid yet");
    till.shop.takes(1_300, DEPOSIT);
    for _ in 0..3 {
        assert!(till.hears(json!({})).await);
    }
    assert_eq!((office.valid(), office.ever_issued()), (vec![1_300], 1));
    assert_eq!(receipt(&till).await.state(), ReceiptState::Issued);
}

#[tokio::test]
async fn one_asked_for_afterwards_is_issued_too_and_none_without_a_wish() {
    let (till, office, _) = till().await;
    till.shop.takes(1_300, DEPOSIT);
    assert!(till.hears(json!({})).await);
    assert_eq!(office.ever_issued(), 0);
    ask(&till).await;
    assert!(till.hears(json!({"source": "cash-receipt"})).await);
    assert_eq!(office.valid(), [1_300]);
}

#[tokio::test]
async fn a_lost_answer_issues_no_second_one() {
    let (till, office, clock) = till().await;
    ask(&till).await;
    till.shop.takes(1_300, DEPOSIT);
    office.lose(Loss::Answer);
    assert!(!till.hears(json!({})).await, "whether it was issued is not known");
    clock.advance(jiff::SignedDuration::from_secs(180));
    assert!(till.hears(json!({})).await);
    assert_eq!((office.valid(), office.ever_issued()), (vec![1_300], 1));
}

#[tokio::test]
async fn a_lost_request_is_made_again_but_not_while_it_may_be_under_way() {
    let (till, office, clock) = till().await;
    ask(&till).await;
    till.shop.takes(1_300, DEPOSIT);
    office.lose(Loss::Request);
    assert!(!till.hears(json!({})).await);
    assert!(!till.hears(json!({})).await, "the first call may still arrive");
    assert_eq!(office.ever_issued(), 0);
    clock.advance(jiff::SignedDuration::from_secs(180));
    assert!(till.hears(json!({})).await);
    assert_eq!(office.valid(), [1_300]);
}

#[tokio::test]
async fn a_refund_lowers_the_receipt_and_a_whole_one_ends_it() {
    let (till, office, clock) = till().await;
    ask(&till).await;
    till.shop.takes(1_300, DEPOSIT);
    assert!(till.hears(json!({})).await);
    till.shop.give_back_by_hand(300);
    office.lose(Loss::Answer);
    assert!(!till.hears(json!({})).await, "the cancellation's answer is lost");
    clock.advance(jiff::SignedDuration::from_secs(180));
    assert!(till.hears(json!({})).await);
    assert_eq!((office.valid(), office.ever_issued()), (vec![1_000], 2));
    till.shop.give_back_by_hand(1_000);
    assert!(till.hears(json!({})).await);
    assert_eq!((office.valid(), receipt(&till).await.state()), (vec![], ReceiptState::Cancelled));
}

#[tokio::test]
async fn many_messages_at_once_issue_one() {
    let (till, office, clock) = till().await;
    ask(&till).await;
    till.shop.takes(1_300, DEPOSIT);
    futures::future::join_all((0..8).map(|_| till.hears(json!({})))).await;
    clock.advance(jiff::SignedDuration::from_secs(180));
    assert!(till.hears(json!({})).await);
    assert_eq!((office.valid(), office.ever_issued()), (vec![1_300], 1));
}

#[tokio::test]
async fn what_the_desk_refuses_stays_refused_until_the_payer_asks_again() {
    let (till, office, _) = till().await;
    ask(&till).await;
    till.shop.takes(1_300, DEPOSIT);
    *office.refusal.lock().unwrap() = Some(RefusalKind::InvalidRequest);
    assert!(till.hears(json!({})).await);
    assert_eq!(receipt(&till).await.state(), ReceiptState::Refused);
    *office.refusal.lock().unwrap() = None;
    assert!(till.hears(json!({})).await);
    assert_eq!(office.ever_issued(), 0, "nobody asked again");
    ask(&till).await;
    assert!(till.hears(json!({})).await);
    assert_eq!((office.valid(), receipt(&till).await.issued.unwrap().amount), (vec![1_300], Won::new(1_300)));
}

#[tokio::test]
async fn a_payment_by_card_has_no_cash_receipt() {
    let (till, office, _) = till().await;
    ask(&till).await;
    till.shop.takes(1_300, "PaymentMethodCard");
    assert!(till.hears(json!({})).await);
    assert_eq!(office.ever_issued(), 0);
}
