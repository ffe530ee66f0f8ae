//! Money goes back once, whatever is lost, repeated or done at the same time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::{collections::BTreeMap, sync::Arc};

use baro_clients::portone::RefusalKind;
use baro_domain::{
    OperatorId, RefundId, Won,
    payment::{Payment, PaymentStatus, RefundAccount, RefundError, RefundOrder, RefundState, RequestedBy},
};
use baro_store::Committed;
use baro_testing::{Cloud, at, lot_record, plate};
use serde_json::json;
use shop::{Loss, Shop, Till};

fn order(name: &str, amount: Option<i64>) -> RefundOrder {
    RefundOrder {
        id: RefundId::derive(&[name]),
        amount: amount.map(Won::new),
        reason: "고객 요청".into(),
        by: RequestedBy::Operator { operator: OperatorId::derive(&["o"]), name: "당직".into() },
        account: None,
    }
}

impl Till {
    /// A card payment of 1,300 won that has been captured and posted.
    async fn paid(method: &'static str) -> Self {
        Self::start(Shop::taken(1_300, method)).await.captured().await
    }

    async fn captured(self) -> Self {
        let till = self;
        assert!(till.hears(json!({})).await);
        assert_eq!(till.payment().await.status, PaymentStatus::Paid);
        till
    }

    /// Somebody asks for a refund, as operator-api writes it down.
    async fn request(&self, order: RefundOrder) -> Result<(), RefundError> {
        loop {
            let stored = self.cloud.billing().payment(&self.id).await.unwrap().unwrap();
            let Some(next) = stored.value.request_refund(order.clone(), at(61))? else { return Ok(()) };
            let committed =
                self.cloud.billing().commit(&next, stored.revision, &[], None, at(61)).await.unwrap();
            if committed == Committed::Done {
                return Ok(());
            }
        }
    }

    fn states(payment: &Payment) -> Vec<&RefundState> {
        payment.refunds.iter().map(|refund| &refund.state).collect()
    }
}

fn is_done(state: &RefundState) -> bool {
    matches!(state, RefundState::Done { .. })
}

#[tokio::test]
async fn a_part_goes_back_and_its_visit_learns_of_it() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(300))).await.unwrap();
    assert!(till.hears(json!({})).await);
    let payment = till.payment().await;
    assert_eq!((payment.status, payment.kept()), (PaymentStatus::PartlyRefunded, Won::new(1_000)));
    assert!(Till::states(&payment).into_iter().all(is_done));
    assert_eq!((till.shop.returns(), till.lot_is_owed().await), (vec![300], 1_000));
    let facts = till.cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap();
    assert_eq!(facts.payments[0].amount, Won::new(1_000));
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_found_and_not_repeated() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(300))).await.unwrap();
    till.shop.lose(&[Loss::Answer]);
    assert!(!till.hears(json!({})).await, "the end is not known: the message comes again");
    assert!(till.hears(json!({})).await);
    assert_eq!((till.shop.returns(), till.shop.calls()), (vec![300], 1));
    assert!(Till::states(&till.payment().await).into_iter().all(is_done));
}

#[tokio::test]
async fn a_refund_that_never_arrived_is_asked_for_again() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", None)).await.unwrap();
    till.shop.lose(&[Loss::Request, Loss::Request]);
    assert!(!till.hears(json!({})).await);
    assert!(!till.hears(json!({})).await);
    assert!(till.hears(json!({})).await);
    assert_eq!((till.shop.returns(), till.lot_is_owed().await), (vec![1_300], 0));
    assert_eq!(till.payment().await.status, PaymentStatus::Refunded);
}

#[tokio::test]
async fn two_partial_refunds_of_one_payment_both_go_back_once_and_never_more_than_was_paid() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(800))).await.unwrap();
    let refused = till.request(order("b", Some(800))).await;
    assert_eq!(refused, Err(RefundError::TooMuch(Won::new(500))), "a refund larger than the balance");
    till.request(order("c", Some(500))).await.unwrap();
    let (first, second) = tokio::join!(till.hears(json!({})), till.hears(json!({})));
    assert!(first || second);
    assert!(till.hears(json!({})).await);
    assert_eq!((till.shop.returns(), till.lot_is_owed().await), (vec![800, 500], 0));
}

#[tokio::test]
async fn what_the_gateways_staff_gave_back_meanwhile_is_not_given_back_again() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(1_000))).await.unwrap();
    till.shop.give_back_by_hand(500);
    assert!(till.hears(json!({})).await);
    let payment = till.payment().await;
    assert_eq!(till.shop.returns(), [500], "1,000 are not there any more");
    assert!(matches!(&payment.refunds[0].state, RefundState::Refused { code, .. } if code == "nothing-left"));
    assert_eq!(till.lot_is_owed().await, 800);
}

#[tokio::test]
async fn a_console_return_between_our_look_and_our_call_makes_us_look_again() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(300))).await.unwrap();
    // The call is written down with the balance of 1,300 and lost; then the staff gives 100 back.
    till.shop.lose(&[Loss::Request]);
    assert!(!till.hears(json!({})).await);
    till.shop.give_back_by_hand(100);
    assert!(till.hears(json!({})).await);
    assert_eq!((till.shop.returns(), till.lot_is_owed().await), (vec![100, 300], 900));
}

#[tokio::test]
async fn what_the_gateway_refuses_is_told_and_leaves_the_money_where_it_is() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(300))).await.unwrap();
    till.shop.refuse(Some(RefusalKind::PgProvider));
    assert!(till.hears(json!({})).await, "asking again would not help");
    let payment = till.payment().await;
    assert!(matches!(payment.refunds[0].state, RefundState::Refused { .. }));
    assert_eq!((payment.kept(), payment.refundable()), (Won::new(1_300), Won::new(1_300)));
    till.shop.refuse(None);
    assert!(till.hears(json!({})).await);
    assert!(till.shop.returns().is_empty(), "a refused refund is not tried again by itself");
}

#[tokio::test]
async fn what_the_gateway_refused_and_gave_back_all_the_same_is_done() {
    let till = Till::paid("PaymentMethodCard").await;
    till.request(order("a", Some(300))).await.unwrap();
    till.shop.refuse(Some(RefusalKind::PgProvider));
    assert!(till.hears(json!({})).await);
    let refused = till.payment().await.refunds[0].clone();
    assert!(matches!(refused.state, RefundState::Refused { .. }));
    till.shop.refuse(None);
    till.shop.gives_back(300, &refused.tagged_reason());
    assert!(till.hears(json!({})).await && till.hears(json!({})).await);
    let payment = till.payment().await;
    assert!(is_done(&payment.refunds[0].state), "{:?}", payment.refunds);
    assert_eq!((till.shop.returns(), till.lot_is_owed().await), (vec![300], 1_000));
}

#[tokio::test]
async fn while_the_bank_works_at_a_return_it_is_waited_for() {
    let till = Till::paid("PaymentMethodTransfer").await;
    till.shop.bank_takes_its_time(true);
    till.request(order("a", Some(300))).await.unwrap();
    assert!(till.hears(json!({})).await && till.hears(json!({})).await);
    assert_eq!((till.shop.calls(), till.payment().await.kept()), (1, Won::new(1_300)));
    till.shop.bank_takes_its_time(false);
    assert!(till.hears(json!({})).await);
    assert_eq!(till.payment().await.kept(), Won::new(1_000));
}

#[tokio::test]
async fn a_deposit_that_nobody_asked_for_waits_for_an_account_to_go_back_to() {
    let till = Till::start(Shop::taken(100, "PaymentMethodVirtualAccount")).await;
    assert!(till.hears(json!({})).await);
    let held = till.payment().await;
    assert_eq!((held.status, till.shop.calls()), (PaymentStatus::Held, 0));
    assert_eq!(held.refunds[0].state, RefundState::AwaitingAccount);
    let account =
        RefundAccount { bank: "KOOKMIN".into(), number: "1234".into(), holder_name: "김바로".into() };
    assert!(!format!("{account:?}").contains("1234"), "an account is personal data");
    let named = held.name_account(&held.refunds[0].id, account).unwrap();
    let billing = till.cloud.billing();
    let revision = billing.payment(&till.id).await.unwrap().unwrap().revision;
    billing.commit(&named, revision, &[], None, at(70)).await.unwrap();
    assert!(till.hears(json!({})).await);
    assert_eq!((till.payment().await.status, till.shop.returns()), (PaymentStatus::Refunded, vec![100]));
}

#[tokio::test]
async fn what_was_paid_a_second_time_goes_back_once() {
    let till = Till::paid("PaymentMethodCard").await;
    assert!(till.hears(json!({"keep": 0})).await);
    assert!(till.hears(json!({"keep": 0})).await);
    assert_eq!((till.shop.returns(), till.lot_is_owed().await), (vec![1_300], 0));
}

/// Requests, messages, losses and the staff's own returns at once, in a thousand rounds: never more back than was paid, and
/// at the end the books agree with the gateway.
#[tokio::test]
async fn a_thousand_rounds_of_concurrent_refunds_keep_the_books_right() {
    let cloud = Arc::new(Cloud::in_process().await);
    let mut expected = BTreeMap::new();
    for round in 0..1_000_usize {
        let shop = Shop::taken(1_300, "PaymentMethodCard");
        let till = Till::within(cloud.clone(), &format!("12가{round:04}"), shop).await.captured().await;
        let losses = [[Loss::Answer, Loss::Request], [Loss::Request, Loss::Answer]][round % 2];
        till.shop.lose(&losses[..round % 3]);
        let (a, b) = ([700, 650, 600][round % 3], [600, 650, 900][(round / 3) % 3]);
        let asked = tokio::join!(till.request(order("a", Some(a))), till.request(order("b", Some(b))));
        if round % 5 == 0 {
            till.shop.give_back_by_hand(100);
        }
        tokio::join!(till.hears(json!({})), till.hears(json!({})), till.hears(json!({"keep": 1_250})));
        while !till.hears(json!({})).await {}
        let (payment, back) = (till.payment().await, till.shop.returns().iter().sum::<i64>());
        assert!(back <= 1_300, "round {round}: {back} went back ({asked:?})");
        assert_eq!(payment.returned.get(), back, "round {round}");
        expected.insert(till.id.clone(), 1_300 - back);
        assert!(
            payment.refunds.iter().all(|refund| !refund.is_open()),
            "round {round}: {:?}",
            payment.refunds
        );
    }
    assert_eq!(shop::owed(&cloud).await, expected);
}
