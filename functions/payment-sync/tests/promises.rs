//! A charge behind a car that was let out on its payer's word: made once, found when its answer was lost, never made for facts
//! that have changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::sync::Arc;

use baro_clients::portone::RefusalKind;
use baro_domain::{
    CompanyId, DriverId, EventId, OperatorId, Passage, PlateNumber, RefundId, Won,
    ledger::Account,
    payment::{PaymentStatus, PromisedOrder, RefundOrder, RequestedBy},
    purse::{BillingKey, Purse, RegisteredCard, Terms},
    visit::{Facts, PaidFact, Payer, RulingKind, fold},
};
use baro_testing::{Cloud, at, lot_record, observation, payment, plate, stay_of};
use jiff::civil::date;
use serde_json::{Value, json};
use shop::{Loss, Till};

fn payer() -> Payer {
    Payer::Driver(DriverId::derive(&["d"]))
}

/// A car at the exit, an hour after it came, and the order that follows from the promise.
struct Exit {
    till: Till,
    plate: PlateNumber,
    order: PromisedOrder,
}

impl Exit {
    async fn start(is_card_there: bool) -> Self {
        Self::within(Arc::new(Cloud::start().await), plate(), is_card_there).await
    }

    async fn within(cloud: Arc<Cloud>, plate: PlateNumber, is_card_there: bool) -> Self {
        if is_card_there && cloud.billing().purse(&payer()).await.unwrap().revision == 0 {
            let card = RegisteredCard::new(BillingKey::new("billing-key-1"), "신한 1234", at(0));
            let purse = Purse::empty(payer()).with_card(card).unwrap();
            assert!(cloud.billing().put_purse(&purse, 0).await.unwrap());
        }
        let ask = format!("ask {}", plate.as_str());
        let mut revision = 0;
        for (name, passage, minute) in [("in", Passage::Entered, 0), (ask.as_str(), Passage::AtExit, 60)] {
            let mut read = observation(name, passage, minute);
            read.plate = plate.clone();
            revision = cloud.parking().record(&read, &plate, None).await.unwrap().revision;
        }
        let mut carrier = payment(&baro_domain::PaymentId::derive(&["carrier"]));
        let stay = stay_of(&mut carrier);
        (stay.plate, stay.promised_at) = (plate.clone(), Some(EventId::derive(&[&ask])));
        let order = PromisedOrder {
            stay: stay.clone(),
            amount: Won::new(1_900),
            order_name: "주차요금".into(),
            quote: Value::Null,
            payer: payer(),
            revision,
        };
        let till = Till::idle(cloud, order.payment_id());
        Self { till, plate, order }
    }

    async fn hears(&self) -> bool {
        self.till.hears(json!({"source": "promise", "promise": self.order})).await
    }

    async fn status(&self) -> Option<PaymentStatus> {
        let stored = self.till.cloud.billing().payment(&self.till.id).await.unwrap();
        stored.map(|stored| stored.value.status)
    }

    async fn facts(&self) -> Facts {
        self.till.cloud.parking().facts(&lot_record().lot.id, &self.plate).await.unwrap()
    }

    async fn is_broken(&self) -> bool {
        self.facts().await.rulings.iter().any(|ruling| matches!(ruling.kind, RulingKind::PledgeBroken { .. }))
    }
}

#[tokio::test]
async fn a_promise_is_charged_and_its_visit_is_paid() {
    let exit = Exit::start(true).await;
    assert!(exit.hears().await);
    assert_eq!(exit.status().await, Some(PaymentStatus::Paid));
    let facts = exit.facts().await;
    assert_eq!(
        (facts.payments[0].amount, &facts.payments[0].promised_at),
        (Won::new(1_900), &exit.order.stay.promised_at)
    );
    assert_eq!(exit.till.lot_is_owed().await, 1_900);
    let lot = lot_record().priced().unwrap();
    let visit = &fold(&lot.context(), &facts).visits[0];
    assert_eq!(visit.due(&lot.fees, at(61)), Some(Won::ZERO));
}

#[tokio::test]
async fn an_order_that_comes_ten_times_at_once_charges_once() {
    let exit = Exit::start(true).await;
    futures::future::join_all((0..10).map(|_| exit.hears())).await;
    assert!(exit.hears().await);
    assert_eq!((exit.till.shop.charged(), exit.till.lot_is_owed().await), (1, 1_900));
}

#[tokio::test]
async fn a_charge_that_timed_out_on_our_side_and_succeeded_on_theirs_is_found() {
    let exit = Exit::start(true).await;
    exit.till.shop.lose(&[Loss::Answer]);
    assert!(!exit.hears().await, "not known: the message comes again");
    assert_eq!(exit.status().await, Some(PaymentStatus::Requested));
    assert!(exit.hears().await);
    assert_eq!((exit.status().await, exit.till.shop.charged()), (Some(PaymentStatus::Paid), 1));
    assert_eq!(exit.till.shop.calls(), 1, "found, not asked for again");
}

#[tokio::test]
async fn a_charge_that_never_arrived_is_made_again() {
    let exit = Exit::start(true).await;
    exit.till.shop.lose(&[Loss::Request]);
    assert!(!exit.hears().await && exit.hears().await);
    assert_eq!((exit.status().await, exit.till.shop.charged()), (Some(PaymentStatus::Paid), 1));
}

#[tokio::test]
async fn a_refused_charge_breaks_the_promise_and_leaves_the_debt() {
    let exit = Exit::start(true).await;
    exit.till.shop.refuse(Some(RefusalKind::PgProvider));
    assert!(exit.hears().await, "asking again would not help");
    assert_eq!((exit.status().await, exit.is_broken().await), (Some(PaymentStatus::Failed), true));
    exit.till.shop.refuse(None);
    assert!(exit.hears().await);
    assert_eq!(exit.till.shop.charged(), 0, "a refused charge is not made again by an old order");
}

#[tokio::test]
async fn a_refused_charge_that_was_made_after_all_pays_the_visit() {
    let exit = Exit::start(true).await;
    exit.till.shop.refuse(Some(RefusalKind::PgProvider));
    assert!(exit.hears().await);
    assert!(exit.is_broken().await, "the visit was told that nothing can be charged");
    exit.till.shop.takes(1_900, "PaymentMethodCard");
    assert!(exit.till.hears(json!({})).await);
    let (facts, lot) = (exit.facts().await, lot_record().priced().unwrap());
    assert_eq!((exit.status().await, exit.till.lot_is_owed().await), (Some(PaymentStatus::Paid), 1_900));
    let visit = &fold(&lot.context(), &facts).visits[0];
    assert_eq!((visit.paid, visit.due(&lot.fees, at(61))), (Won::new(1_900), Some(Won::ZERO)));
    assert!(exit.hears().await && exit.till.shop.charged() == 0, "an old order charges nothing more");
}

#[tokio::test]
async fn without_a_card_the_promise_is_broken_at_once() {
    let exit = Exit::start(false).await;
    assert!(exit.hears().await);
    assert_eq!((exit.status().await, exit.is_broken().await), (None, true));
}

#[tokio::test]
async fn what_was_paid_by_phone_in_between_is_not_charged_again() {
    let exit = Exit::start(true).await;
    let (billing, id) = (exit.till.cloud.billing(), baro_domain::PaymentId::derive(&["by phone"]));
    let mut by_phone = payment(&id);
    stay_of(&mut by_phone).plate = exit.plate.clone();
    billing.create(&by_phone).await.unwrap();
    let fact = PaidFact {
        payment: id,
        amount: Won::new(1_900),
        quoted_until: at(59),
        paid_at: at(60),
        promised_at: None,
    };
    let fact = baro_domain::payment::VisitFact::Paid(fact);
    billing.commit(&by_phone, 1, &[], Some(&fact), at(60)).await.unwrap();
    assert!(exit.hears().await, "the order is outdated: nothing is left of the promise");
    assert_eq!((exit.status().await, exit.till.shop.calls()), (None, 0));
}

/// Orders, losses, refusals and newer facts at once, in a thousand rounds: a card is charged once at most, and the visit knows of
/// every charge.
#[tokio::test]
async fn a_thousand_rounds_of_promises_charge_no_car_twice() {
    let cloud = Arc::new(Cloud::in_process().await);
    for round in 0..1_000_u32 {
        let plate = PlateNumber::parse(&format!("34나{round:04}"));
        let exit = Exit::within(cloud.clone(), plate, true).await;
        let losses = [Loss::Answer, Loss::Request, Loss::Answer];
        exit.till.shop.lose(&losses[..(round % 4).min(3) as usize]);
        exit.till.shop.refuse((round % 7 == 3).then_some(RefusalKind::PgProvider));
        tokio::join!(exit.hears(), exit.hears(), exit.hears());
        exit.till.shop.refuse(None);
        while !exit.hears().await {}
        let (facts, charged) = (exit.facts().await, exit.till.shop.charged());
        assert!(charged <= 1, "round {round}");
        assert_eq!(facts.payments.len(), charged, "round {round}");
        assert_eq!(exit.is_broken().await, charged == 0, "round {round}");
    }
    let owed: i64 = shop::owed(&cloud).await.values().sum();
    let paid = (0..1_000).filter(|round| round % 7 != 3).count();
    assert_eq!(owed % 1_900, 0);
    assert!(owed / 1_900 >= i64::try_from(paid).unwrap() - 1_000 / 7, "{owed}");
}

/// A company on deferred payment: no card, no gateway.
async fn with_company() -> (Exit, CompanyId) {
    let mut exit = Exit::start(false).await;
    let company = CompanyId::derive(&["c"]);
    let payer = Payer::Company(company.clone());
    let card = RegisteredCard::new(BillingKey::new("a card of the company"), "법인 1234", at(0));
    let mut purse = Purse::empty(payer.clone()).with_card(card).unwrap();
    purse.terms = Terms::MonthlyInvoice;
    assert!(exit.till.cloud.billing().put_purse(&purse, 0).await.unwrap());
    exit.order.payer = payer;
    (exit, company)
}

#[tokio::test]
async fn a_company_on_deferred_payment_owes_the_visit_and_no_card_is_charged() {
    let (exit, company) = with_company().await;
    assert!(exit.hears().await && exit.hears().await);
    assert_eq!((exit.status().await, exit.till.shop.calls()), (Some(PaymentStatus::Paid), 0));
    assert_eq!((exit.facts().await.payments.len(), exit.till.lot_is_owed().await), (1, 1_900));
    let entries = exit.till.cloud.billing().journal(date(2026, 11, 20), None).await.unwrap();
    let owed: i64 = entries
        .iter()
        .map(|entry| entry.change_of(&Account::CompanyReceivable(company.clone())).unwrap().get())
        .sum();
    assert_eq!(owed, 1_900);
    let lines = exit.till.cloud.billing().account_lines(date(2026, 11, 1)).await.unwrap();
    assert_eq!((lines.len(), lines[0].amount, &lines[0].plate), (1, Won::new(1_900), &exit.plate));
}

#[tokio::test]
async fn what_is_given_back_of_a_visit_on_account_is_a_line_of_its_own_and_asks_no_gateway() {
    let (exit, _) = with_company().await;
    assert!(exit.hears().await);
    let stored = exit.till.cloud.billing().payment(&exit.till.id).await.unwrap().unwrap();
    let order = RefundOrder {
        id: RefundId::derive(&["r"]),
        amount: Some(Won::new(900)),
        reason: "정정".into(),
        by: RequestedBy::Operator { operator: OperatorId::derive(&["o"]), name: "당직".into() },
        account: None,
    };
    let asked = stored.value.request_refund(order, at(63)).unwrap().unwrap();
    exit.till.cloud.billing().commit(&asked, stored.revision, &[], None, at(63)).await.unwrap();
    assert!(exit.till.hears(json!({})).await && exit.till.hears(json!({})).await);
    assert_eq!((exit.till.shop.calls(), exit.till.lot_is_owed().await), (0, 1_000));
    let lines = exit.till.cloud.billing().account_lines(date(2026, 11, 1)).await.unwrap();
    let mut amounts: Vec<i64> = lines.iter().map(|line| line.amount.get()).collect();
    amounts.sort_unstable();
    assert_eq!((amounts, exit.facts().await.payments[0].amount), (vec![-900, 1_900], Won::new(1_000)));
}
