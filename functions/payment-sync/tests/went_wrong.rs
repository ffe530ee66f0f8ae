//! What went wrong in public with other payment services: order of news, news at once, money that comes too late or in
//! another amount. The list with all its tests is infra/docs/payments-gone-wrong.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::{collections::BTreeMap, sync::Arc};

use baro_domain::{
    Won,
    payment::{PaymentStatus, RefundState},
    visit::Facts,
};
use baro_testing::{Cloud, lot_record, plate};
use serde_json::{Value, json};
use shop::{Shop, Till};

const DEPOSIT: &str = "PaymentMethodVirtualAccount";

fn webhook() -> Value {
    json!({"source": "portone-v2", "type": "Transaction.Paid"})
}

fn redirect() -> Value {
    json!({"source": "refresh"})
}

fn poll() -> Value {
    json!({"source": "reconciliation"})
}

async fn facts(till: &Till) -> Facts {
    till.cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap()
}

/// Paid, posted and filed exactly once.
async fn is_paid_once(till: &Till) {
    assert_eq!(till.payment().await.status, PaymentStatus::Paid);
    let entries = till.cloud.billing().journal(jiff::civil::date(2026, 11, 20), None).await.unwrap();
    assert_eq!((entries.len(), till.lot_is_owed().await), (1, 1_300));
    let paid: Vec<Won> = facts(till).await.payments.iter().map(|fact| fact.amount).collect();
    assert_eq!(paid, [Won::new(1_300)]);
}

#[tokio::test]
async fn the_webhook_before_the_redirect_and_behind_it_pays_once() {
    for news in [[webhook(), redirect()], [redirect(), webhook()]] {
        let till = Till::start(Shop::taken(1_300, "PaymentMethodCard")).await;
        for one in news {
            assert!(till.hears(one).await);
            is_paid_once(&till).await;
        }
    }
}

#[tokio::test]
async fn a_redirect_before_the_money_says_nothing_and_the_webhook_behind_it_pays() {
    let till = Till::start(Arc::new(Shop::default())).await;
    assert!(till.hears(redirect()).await);
    assert_eq!(till.payment().await.status, PaymentStatus::Requested);
    till.shop.takes(1_300, "PaymentMethodCard");
    assert!(till.hears(webhook()).await);
    is_paid_once(&till).await;
}

#[tokio::test]
async fn webhook_redirect_and_poll_at_once_in_a_thousand_rounds_pay_each_once() {
    let cloud = Arc::new(Cloud::in_process().await);
    let mut expected = BTreeMap::new();
    for round in 0..1_000_usize {
        let shop = Shop::taken(1_300, "PaymentMethodCard");
        let till = Till::within(cloud.clone(), &format!("56다{round:04}"), shop).await;
        let heard = tokio::join!(till.hears(webhook()), till.hears(redirect()), till.hears(poll()));
        assert_eq!(heard, (true, true, true), "round {round}: a lost race is decided again");
        let stored = cloud.billing().payment(&till.id).await.unwrap().unwrap();
        assert_eq!((stored.value.status, stored.revision), (PaymentStatus::Paid, 2), "round {round}");
        expected.insert(till.id.clone(), 1_300);
    }
    assert_eq!(shop::owed(&cloud).await, expected);
}

#[tokio::test]
async fn money_that_comes_after_its_time_was_over_is_paid_all_the_same() {
    let till = Till::start(Arc::new(Shop::default())).await;
    till.shop.stands("FAILED");
    assert!(till.hears(poll()).await);
    assert_eq!(till.payment().await.status, PaymentStatus::Failed);
    till.shop.takes(1_300, "PaymentMethodCard");
    assert!(till.hears(webhook()).await && till.hears(poll()).await);
    is_paid_once(&till).await;
}

#[tokio::test]
async fn a_deposit_after_its_account_has_expired_is_paid_once() {
    let till = Till::start(Arc::new(Shop::default())).await;
    till.shop.stands("VIRTUAL_ACCOUNT_ISSUED");
    assert!(till.hears(webhook()).await);
    assert_eq!(till.payment().await.status, PaymentStatus::AwaitingDeposit);
    till.shop.stands("FAILED");
    assert!(till.hears(poll()).await);
    assert_eq!(till.payment().await.status, PaymentStatus::Failed);
    till.shop.takes(1_300, DEPOSIT);
    assert!(till.hears(webhook()).await && till.hears(webhook()).await);
    is_paid_once(&till).await;
}

#[tokio::test]
async fn a_deposit_of_another_amount_is_held_until_somebody_says_where_it_goes_back() {
    for amount in [1_299, 1_301] {
        let till = Till::start(Arc::new(Shop::default())).await;
        till.shop.stands("VIRTUAL_ACCOUNT_ISSUED");
        assert!(till.hears(webhook()).await);
        till.shop.takes(amount, DEPOSIT);
        assert!(till.hears(webhook()).await && till.hears(poll()).await);
        let held = till.payment().await;
        assert_eq!((held.status, held.kept()), (PaymentStatus::Held, Won::ZERO), "{amount}");
        assert_eq!(held.refunds.len(), 1);
        assert_eq!(held.refunds[0].state, RefundState::AwaitingAccount);
        assert_eq!((facts(&till).await.payments, till.lot_is_owed().await), (Vec::new(), 0), "never paid");
    }
}
