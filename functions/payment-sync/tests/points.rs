//! Points in the tables: spent once, held and released, given back as money once, whatever comes at the same time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::sync::Arc;

use baro_clients::portone::RefusalKind;
use baro_domain::{
    DriverId, PaymentId, PlateNumber, RefundId, Won,
    ledger::{Account, JournalEntry},
    payment::{
        Payment, PaymentStatus, Purpose, RefundOrder, RefundState, RequestedBy, ShareState, TopUp, cash_out,
    },
    points::{CashOut, Points, PointsReport, bonus_on},
};
use baro_store::{CashedOut, Opened, Written};
use baro_testing::{Cloud, at, lot_record, payment, stay_of};
use serde_json::json;
use shop::{Shop, Till};

fn points(paid: i64, bonus: i64) -> Points {
    Points { paid: Won::new(paid), bonus: Won::new(bonus) }
}

/// A driver with 10,000 won topped up, and the till of the top-up.
struct Member {
    driver: DriverId,
    till: Till,
}

impl Member {
    async fn start() -> Self {
        Self::within(Arc::new(Cloud::in_process().await), 0).await
    }

    async fn within(cloud: Arc<Cloud>, round: usize) -> Self {
        let driver = DriverId::derive(&["d", &round.to_string()]);
        let mut top_up = payment(&PaymentId::derive(&["top-up", &round.to_string()]));
        top_up.order.amount = Won::new(10_000);
        top_up.purpose =
            Purpose::TopUp(TopUp { driver: driver.clone(), bonus: bonus_on(top_up.order.amount) });
        cloud.billing().create(&top_up).await.unwrap();
        let till = Till::over(cloud, top_up.id, Shop::taken(10_000, "PaymentMethodCard"));
        assert!(till.hears(json!({})).await && till.hears(json!({})).await);
        Self { driver, till }
    }

    async fn balance(&self) -> Points {
        self.till.cloud.billing().wallet(&self.driver).await.unwrap().balance
    }

    fn fee(name: &str, amount: i64) -> Payment {
        let mut fee = payment(&PaymentId::derive(&[name]));
        stay_of(&mut fee).plate = PlateNumber::parse(name);
        fee.order.amount = Won::new(amount);
        fee
    }

    /// Asks for a fee with as many points as it takes; answers what was asked for, and whether it was written.
    async fn pays(&self, fee: &Payment, wanted: i64) -> (Payment, Option<Opened>) {
        let billing = self.till.cloud.billing();
        let wallet = billing.wallet(&self.driver).await.unwrap();
        let share = wallet.share_of(fee.order.amount, Won::new(wanted));
        if share.is_zero() {
            return (fee.clone(), None);
        }
        let decision = fee.begin_with_points(&self.driver, share, at(61)).unwrap();
        // Lets others read the same balance.
        tokio::task::yield_now().await;
        (decision.payment.clone(), Some(billing.open(&decision, at(61)).await.unwrap()))
    }

    async fn cashes_out(&self, key: &str, amount: Option<i64>) -> Option<CashedOut> {
        let billing = self.till.cloud.billing();
        let wallet = billing.wallet(&self.driver).await.unwrap();
        let stored = billing.top_ups(&self.driver, 10).await.unwrap();
        let top_ups: Vec<Payment> = stored.iter().map(|one| one.value.clone()).collect();
        let id = RefundId::derive(&[self.driver.as_str(), key]);
        let parts = cash_out(&wallet, &top_ups, (&id, amount.map(Won::new)), at(61)).ok()?;
        tokio::task::yield_now().await;
        let written: Vec<Written> = parts
            .iter()
            .map(|(old, next)| Written {
                payment: next.clone(),
                revision: stored.iter().find(|one| one.value.id == old.id).unwrap().revision,
                entries: next.postings_since(old, at(61)).unwrap(),
            })
            .collect();
        let cash_out = CashOut {
            id,
            driver: self.driver.clone(),
            asked: amount.map(Won::new),
            amount: Won::sum(written.iter().map(|part| part.payment.refunds.last().unwrap().amount)).unwrap(),
            asked_at: at(61),
            payments: written.iter().map(|part| part.payment.id.clone()).collect(),
        };
        Some(billing.cash_out(&cash_out, &written, at(61)).await.unwrap())
    }
}

async fn journal(cloud: &Cloud) -> Vec<JournalEntry> {
    cloud.billing().journal(jiff::civil::date(2026, 11, 20), None).await.unwrap()
}

fn sum(entries: &[JournalEntry], account: &Account) -> i64 {
    entries.iter().map(|entry| entry.change_of(account).unwrap().get()).sum()
}

#[tokio::test]
async fn a_top_up_is_in_the_wallet_once_with_its_bonus() {
    let member = Member::start().await;
    assert_eq!(member.balance().await, points(10_000, 1_000));
    let entries = member.till.cloud.billing().points_entries(&member.driver, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
}

#[tokio::test]
async fn a_fee_paid_with_points_alone_opens_the_barrier_and_asks_no_gateway() {
    let member = Member::start().await;
    let fee = Member::fee("12가3456", 1_300);
    assert_eq!(member.pays(&fee, 1_300).await.1, Some(Opened::New));
    assert_eq!(member.balance().await, points(8_700, 1_000));
    let facts = member
        .till
        .cloud
        .parking()
        .facts(&lot_record().lot.id, &PlateNumber::parse("12가3456"))
        .await
        .unwrap();
    assert_eq!(facts.payments[0].amount, Won::new(1_300));
    let (_, again) = member.pays(&fee, 1_300).await;
    assert!(matches!(again, Some(Opened::Existing(_))), "{again:?}");
    assert_eq!(member.balance().await, points(8_700, 1_000), "the same wish takes nothing twice");
}

#[tokio::test]
async fn points_beside_a_card_wait_for_it_and_are_released_once_without_it() {
    let member = Member::start().await;
    let (fee, opened) = member.pays(&Member::fee("12가3456", 1_300), 300).await;
    assert_eq!((opened, member.balance().await), (Some(Opened::New), points(9_700, 1_000)));
    let till = Till::idle(member.till.cloud.clone(), fee.id.clone());
    assert!(till.hears(json!({})).await, "nobody has paid yet");
    assert_eq!(member.balance().await, points(9_700, 1_000));
    assert!(till.hears(json!({"release": true})).await && till.hears(json!({"release": true})).await);
    assert_eq!(member.balance().await, points(10_000, 1_000));
    let late = Till::over(member.till.cloud.clone(), fee.id, Shop::taken(1_000, "PaymentMethodCard"));
    assert!(late.hears(json!({})).await);
    assert_eq!((late.lot_is_owed().await, member.balance().await), (1_000, points(10_000, 1_000)));
}

#[tokio::test]
async fn a_refund_gives_the_money_back_first_and_then_the_points() {
    let member = Member::start().await;
    let (fee, _) = member.pays(&Member::fee("12가3456", 1_300), 300).await;
    let till = Till::over(member.till.cloud.clone(), fee.id.clone(), Shop::taken(1_000, "PaymentMethodCard"));
    assert!(till.hears(json!({})).await && till.hears(json!({"release": true})).await);
    assert_eq!(till.payment().await.points.unwrap().state, ShareState::Spent);
    assert_eq!(till.lot_is_owed().await, 1_300);
    for (name, amount, back, left) in [("a", 1_100, 9_800, 200), ("b", 200, 10_000, 0)] {
        let stored = till.cloud.billing().payment(&fee.id).await.unwrap().unwrap();
        let order = RefundOrder {
            id: RefundId::derive(&[name]),
            amount: Some(Won::new(amount)),
            reason: "고객 요청".into(),
            by: RequestedBy::Platform,
            account: None,
        };
        let next = stored.value.request_refund(order, at(61)).unwrap().unwrap();
        till.cloud.billing().commit(&next, stored.revision, &[], None, at(61)).await.unwrap();
        assert!(till.hears(json!({})).await && till.hears(json!({})).await);
        assert_eq!((member.balance().await, till.lot_is_owed().await), (points(back, 1_000), left));
        let facts =
            till.cloud.parking().facts(&lot_record().lot.id, &PlateNumber::parse("12가3456")).await.unwrap();
        assert_eq!(facts.payments[0].amount, Won::new(left));
    }
    assert_eq!((till.shop.returns(), till.payment().await.status), (vec![1_000], PaymentStatus::Refunded));
}

#[tokio::test]
async fn a_cash_out_gives_back_paid_points_once_and_takes_their_bonus() {
    let member = Member::start().await;
    assert_eq!(member.cashes_out("k", Some(4_000)).await, Some(CashedOut::Done));
    assert_eq!(member.balance().await, points(6_000, 600), "held until the gateway has done it");
    let again = member.cashes_out("k", Some(4_000)).await;
    assert!(matches!(again, Some(CashedOut::Existing(_))), "{again:?}");
    assert!(member.till.hears(json!({})).await && member.till.hears(json!({})).await);
    assert_eq!((member.till.shop.returns(), member.balance().await), (vec![4_000], points(6_000, 600)));
    let entries = journal(&member.till.cloud).await;
    assert_eq!(sum(&entries, &Account::PgClearing), 6_000);
    assert_eq!(sum(&entries, &Account::Promotion), 600);
    assert_eq!(sum(&entries, &Account::PointsHeld(member.driver.clone())), 0);
}

#[tokio::test]
async fn a_cash_out_that_the_gateway_refuses_is_back_in_the_wallet() {
    let member = Member::start().await;
    member.till.shop.refuse(Some(RefusalKind::PgProvider));
    assert_eq!(member.cashes_out("k", None).await, Some(CashedOut::Done));
    assert!(member.till.hears(json!({})).await && member.till.hears(json!({})).await);
    assert_eq!(member.balance().await, points(10_000, 1_000));
    assert!(matches!(member.till.payment().await.refunds[0].state, RefundState::Refused { .. }));
}

#[tokio::test]
async fn a_top_up_that_the_gateways_staff_give_back_when_it_is_spent_blocks_spending() {
    let member = Member::start().await;
    assert_eq!(member.pays(&Member::fee("12가3456", 9_000), 9_000).await.1, Some(Opened::New));
    member.till.shop.give_back_by_hand(10_000);
    assert!(member.till.hears(json!({})).await && member.till.hears(json!({})).await);
    assert_eq!(member.balance().await, points(-9_000, 0));
    assert_eq!(member.pays(&Member::fee("12가9999", 500), 500).await.1, None);
    let blocked =
        Member::fee("12가9998", 500).begin_with_points(&member.driver, points(0, 500), at(61)).unwrap();
    assert_eq!(member.till.cloud.billing().open(&blocked, at(61)).await.unwrap(), Opened::WalletShort);
    assert_eq!(member.cashes_out("k", None).await, None);
}

/// Two fees and a cash-out at once over one wallet, in a thousand rounds: what is spent and given back was there, and the wallet is
/// what the journal says.
#[tokio::test]
async fn a_thousand_rounds_of_two_fees_and_a_cash_out_at_once_never_overspend() {
    let cloud = Arc::new(Cloud::in_process().await);
    let mut given = 0;
    let mut short = 0;
    for round in 0..1_000_usize {
        let member = Member::within(cloud.clone(), round).await;
        let (a, b) =
            (Member::fee(&format!("12가{round:04}"), 7_000), Member::fee(&format!("34나{round:04}"), 6_000));
        let amount = [Some(4_000), None, Some(10_000)][round % 3];
        let (first, second, cashed) =
            tokio::join!(member.pays(&a, 7_000), member.pays(&b, 6_000), member.cashes_out("k", amount));
        member.till.shop.refuse((round % 7 == 0).then_some(RefusalKind::PgProvider));
        tokio::join!(member.till.hears(json!({})), member.till.hears(json!({})));
        while !member.till.hears(json!({})).await {}
        let balance = member.balance().await;
        assert!(!balance.paid.is_negative() && !balance.bonus.is_negative(), "round {round}: {balance:?}");
        let mut spent = Points::ZERO;
        for (fee, opened) in [&first, &second] {
            match opened {
                Some(Opened::New) => spent = spent.plus(fee.points.as_ref().unwrap().points).unwrap(),
                Some(Opened::WalletShort) => short += 1,
                _ => {}
            }
        }
        let back: i64 = member.till.shop.returns().iter().sum();
        given += back;
        if back > 0 {
            assert_eq!(cashed, Some(CashedOut::Done), "round {round}");
        }
        let left = Won::new(10_000 - back - spent.paid.get());
        assert_eq!(balance.paid, left, "round {round}: {spent:?} spent, {back} back");
    }
    assert!(short > 500, "the rounds collide: {short}");
    let entries = journal(&cloud).await;
    assert_eq!(sum(&entries, &Account::PgClearing), 10_000_000 - given);
    let report = PointsReport::default().after(&entries).unwrap();
    let mut outstanding = Points::ZERO;
    for round in 0..1_000_usize {
        let wallet = cloud.billing().wallet(&DriverId::derive(&["d", &round.to_string()])).await.unwrap();
        outstanding = outstanding.plus(wallet.balance).unwrap();
    }
    assert_eq!((report.outstanding, report.issued), (outstanding, points(10_000_000, 1_000_000)));
    // What waits beside a card is still held; nothing else is.
    let mut waiting = Won::ZERO;
    for round in 0..1_000_usize {
        for name in [format!("12가{round:04}"), format!("34나{round:04}")] {
            if let Some(stored) = cloud.billing().payment(&PaymentId::derive(&[&name])).await.unwrap() {
                let held = stored.value.points.filter(|share| share.state == ShareState::Held);
                waiting = waiting.plus(held.map_or(Won::ZERO, |share| share.held_total())).unwrap();
            }
        }
    }
    assert_eq!(report.held, waiting);
}
