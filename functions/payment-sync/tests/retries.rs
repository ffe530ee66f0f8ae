//! A card that was refused behind a car is charged again: once for a try, by its payer's card of today, and never for what was paid
//! meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod shop;

use std::{collections::BTreeMap, sync::Arc};

use baro_clients::portone::RefusalKind;
use baro_domain::{
    DriverId, PaymentId, VisitId, Won,
    payment::{OwedPart, Payment, PaymentStatus},
    purse::{BillingKey, Purse, RegisteredCard},
    receivable::{
        Asked, Claim, Claimed, Command, Kept, NoTry, Receivable, ReceivableState, RefusedCharge, RetryOrder,
        TryOutcome,
    },
    visit::{BrokenWord, Payer, Pledge},
};
use baro_testing::{Cloud, at, lot_record, payment, plate, stay_of};
use serde_json::json;
use shop::{Loss, Till};

const FEE: Won = Won::new(1_900);

fn payer(name: &str) -> Payer {
    Payer::Driver(DriverId::derive(&[name]))
}

fn card(key: &str) -> RegisteredCard {
    RegisteredCard::new(BillingKey::new(key), "신한 1234", at(0))
}

/// What a visit owes whose charge was refused at its exit, and the try that was ordered the next morning.
struct Debt {
    till: Till,
    owed: Receivable,
    order: RetryOrder,
    payer: Payer,
}

impl Debt {
    async fn start(code: &str) -> Self {
        Self::within(Arc::new(Cloud::start().await), "v", code).await
    }

    async fn within(cloud: Arc<Cloud>, name: &str, code: &str) -> Self {
        let (billing, lot, payer) = (cloud.billing(), lot_record(), payer(name));
        let purse = Purse::empty(payer.clone()).with_card(card(&format!("first {name}"))).unwrap();
        assert!(billing.put_purse(&purse, 0).await.unwrap());
        let word =
            BrokenWord { payer: payer.clone(), amount: FEE, card: purse.card().map(|card| card.id.clone()) };
        let promise = PaymentId::derive(&["promise", name]);
        let refused = RefusedCharge { payment: promise, at: at(-1_200), code: code.into(), word };
        let claimed = Claimed {
            visit: VisitId::derive(&[name]),
            plate: plate(),
            entered_at: at(-1_300),
            left_at: Some(at(-1_200)),
            claim: Claim { revision: 2, asked: FEE, counted: BTreeMap::new(), refused: Some(refused) },
        };
        let begun = billing.claim(&lot.lot, &claimed, "token", at(-1_200)).await.unwrap().unwrap().after;
        let pledge = Pledge { payer: payer.clone(), limit: Won::new(10_000) };
        let ordered = billing.move_receivable(&begun.id, &Command::Try(pledge), at(0)).await.unwrap();
        let owed = ordered.unwrap().after;
        let mut order = RetryOrder::of(&owed, &owed.tries[0], &lot.priced().unwrap()).unwrap();
        order.order_name = "주차요금".into();
        let till = Till::idle(cloud, order.payment_id());
        Self { till, owed, order, payer }
    }

    async fn hears(&self) -> bool {
        self.till.hears(json!({"source": "retry", "retry": self.order})).await
    }

    async fn payment(&self) -> Option<Payment> {
        self.till.cloud.billing().payment(&self.till.id).await.unwrap().map(|stored| stored.value)
    }

    async fn receivable(&self) -> Receivable {
        self.till.cloud.billing().receivable(&self.owed.id).await.unwrap().unwrap().value
    }

    async fn moves(&self, command: Command) -> bool {
        let moved = self.till.cloud.billing().move_receivable(&self.owed.id, &command, at(62)).await;
        moved.unwrap().is_some_and(|moved| moved.closed())
    }

    /// Tells the receivable how a payment made for it stands, as stream-router does; whether that closed it.
    async fn books(&self, id: &PaymentId) -> bool {
        let Some(stored) = self.till.cloud.billing().payment(id).await.unwrap() else { return false };
        let command = match (Kept::of(&stored.value), Asked::of(&stored.value)) {
            (Some(kept), _) => Command::Paid(id.clone(), kept),
            (None, Some(asked)) => Command::Asked(id.clone(), asked),
            (None, None) => return false,
        };
        self.moves(command).await
    }

    async fn outcome(&self) -> TryOutcome {
        let owed = self.receivable().await;
        owed.outcome(&owed.tries[0])
    }

    /// A window for the same debt, opened by the link of its notice; its driver has paid in it.
    async fn paid_by_link(&self, name: &str) -> Till {
        let id = PaymentId::derive(&["link", name]);
        let mut link = payment(&id);
        link.order.amount = FEE;
        let stay = stay_of(&mut link);
        (stay.visit, stay.quoted_until) = (self.owed.visit.clone(), self.owed.left_at);
        stay.owed = Some(OwedPart { receivable: self.owed.id.clone(), surcharge: Won::ZERO });
        self.till.cloud.billing().create(&link).await.unwrap();
        let till = Till::idle(self.till.cloud.clone(), id);
        till.shop.takes(FEE.get(), "PaymentMethodCard");
        till
    }
}

#[tokio::test]
async fn a_try_charges_the_card_and_settles_the_debt() {
    let debt = Debt::start("REJECT_CARD_PAYMENT").await;
    assert!(debt.hears().await);
    let paid = debt.payment().await.unwrap();
    assert_eq!(
        (paid.status, paid.captured, debt.till.lot_is_owed().await),
        (PaymentStatus::Paid, FEE, 1_900)
    );
    assert!(debt.books(&paid.id).await, "closed by it");
    assert_eq!(debt.outcome().await, TryOutcome::Paid);
    assert!(debt.hears().await && debt.till.shop.charged() == 1, "the message again");
}

#[tokio::test]
async fn a_try_that_comes_ten_times_at_once_charges_once() {
    let debt = Debt::start("PgProvider").await;
    futures::future::join_all((0..10).map(|_| debt.hears())).await;
    assert!(debt.hears().await);
    assert_eq!((debt.till.shop.charged(), debt.till.lot_is_owed().await), (1, 1_900));
}

#[tokio::test]
async fn a_try_that_timed_out_on_our_side_and_succeeded_on_theirs_is_found_and_not_charged_again() {
    let debt = Debt::start("PgProvider").await;
    debt.till.shop.lose(&[Loss::Answer]);
    assert!(!debt.hears().await, "not known: the message comes again");
    assert_eq!(debt.payment().await.unwrap().status, PaymentStatus::Requested);
    assert!(debt.hears().await);
    assert_eq!((debt.till.shop.charged(), debt.till.shop.calls()), (1, 1), "found, not asked for again");
    assert_eq!(debt.payment().await.unwrap().status, PaymentStatus::Paid);
}

#[tokio::test]
async fn a_try_that_is_refused_leaves_the_debt_and_is_told_to_it() {
    let debt = Debt::start("PgProvider").await;
    debt.till.shop.refuse(Some(RefusalKind::PgProvider));
    assert!(debt.hears().await);
    debt.books(&debt.till.id).await;
    assert_eq!(debt.outcome().await, TryOutcome::Refused("PgProvider".into()));
    let owed = debt.receivable().await;
    assert!(owed.is_open() && owed.next_try_at().is_some(), "the next one is tomorrow's");
    debt.till.shop.refuse(None);
    assert!(
        debt.hears().await && debt.till.shop.charged() == 0,
        "an old order makes no refused charge again"
    );
}

#[tokio::test]
async fn the_card_of_today_is_charged_and_a_lost_one_never() {
    for code in ["PgProvider", "INVALID_CARD_LOST_OR_STOLEN"] {
        let debt = Debt::start(code).await;
        let billing = debt.till.cloud.billing();
        let stored = billing.purse(&debt.payer).await.unwrap();
        let replaced = stored.value.with_card(card("second")).unwrap();
        assert!(billing.put_purse(&replaced, stored.revision).await.unwrap());
        assert!(debt.hears().await);
        let paid = debt.payment().await.unwrap();
        let charged = matches!(&paid.means, baro_domain::payment::Means::Card { billing_key, .. } if billing_key.expose() == "second");
        assert!(charged && paid.status == PaymentStatus::Paid, "{code}");
    }
    let debt = Debt::start("INVALID_CARD_LOST_OR_STOLEN").await;
    assert!(debt.hears().await);
    assert_eq!((debt.payment().await, debt.till.shop.calls()), (None, 0));
    assert_eq!(debt.outcome().await, TryOutcome::NotMade(NoTry::SameCard));
}

#[tokio::test]
async fn a_payer_who_took_the_card_away_is_not_charged() {
    let debt = Debt::start("PgProvider").await;
    let billing = debt.till.cloud.billing();
    let stored = billing.purse(&debt.payer).await.unwrap();
    let withdrawn = Purse::empty(debt.payer.clone());
    assert!(billing.put_purse(&withdrawn, stored.revision).await.unwrap());
    assert!(debt.hears().await && debt.hears().await);
    assert_eq!((debt.payment().await, debt.till.shop.calls()), (None, 0));
    assert_eq!(debt.outcome().await, TryOutcome::NotMade(NoTry::NoCard));
}

#[tokio::test]
async fn what_was_paid_by_link_or_waits_for_its_deposit_is_not_charged() {
    let debt = Debt::start("PgProvider").await;
    let link = debt.paid_by_link("before").await;
    assert!(link.hears(json!({})).await && debt.books(&link.id).await);
    assert!(debt.hears().await);
    assert_eq!((debt.payment().await, debt.till.shop.calls()), (None, 0));
    assert_eq!(debt.outcome().await, TryOutcome::NotMade(NoTry::NotOwed));
    let debt = Debt::start("PgProvider").await;
    debt.moves(Command::Asked(PaymentId::derive(&["deposit"]), Asked::AwaitingDeposit { until: at(99) }))
        .await;
    assert!(debt.hears().await);
    assert_eq!((debt.payment().await, debt.outcome().await), (None, TryOutcome::NotMade(NoTry::UnderWay)));
}

#[tokio::test]
async fn a_try_that_waited_while_the_debt_was_paid_is_not_charged_any_more() {
    let debt = Debt::start("PgProvider").await;
    debt.till.shop.lose(&[Loss::Request]);
    assert!(!debt.hears().await, "it never arrived, and the message waits");
    let link = debt.paid_by_link("meanwhile").await;
    assert!(link.hears(json!({})).await && debt.books(&link.id).await);
    assert!(debt.hears().await);
    let stored = debt.payment().await.unwrap();
    assert_eq!((stored.status, stored.failure.as_deref()), (PaymentStatus::Failed, Some("not-owed")));
    assert_eq!(debt.till.shop.charged(), 0);
}

/// Link and try at the same moment, with losses: the debt is closed once, the fee kept once, and what came twice goes back.
#[tokio::test]
async fn a_hundred_rounds_of_link_and_try_at_once_close_the_debt_once_and_keep_the_fee_once() {
    let cloud = Arc::new(Cloud::in_process().await);
    let mut both = 0;
    for round in 0..100_usize {
        let name = format!("round {round}");
        let debt = Debt::within(cloud.clone(), &name, "PgProvider").await;
        let link = debt.paid_by_link(&name).await;
        let losses = [Loss::Answer, Loss::Request, Loss::Answer];
        debt.till.shop.lose(&losses[..round % 4]);
        let linked = async {
            for _ in 0..round % 6 {
                tokio::task::yield_now().await;
            }
            link.hears(json!({})).await && debt.books(&link.id).await
        };
        let (_, first, _) = tokio::join!(debt.hears(), linked, debt.hears());
        while !debt.hears().await {}
        assert!(link.hears(json!({})).await);
        let mut closings = usize::from(first);
        for id in [&debt.till.id, &link.id, &debt.till.id] {
            closings += usize::from(debt.books(id).await);
        }
        both += usize::from(debt.till.shop.charged() == 1);
        while let Some((twice, keep)) = debt.receivable().await.surplus() {
            let till = if twice == link.id { &link } else { &debt.till };
            // A call whose end is not known comes again.
            while !till.hears(json!({"keep": keep})).await {}
            closings += usize::from(debt.books(&twice).await);
        }
        let kept =
            [debt.payment().await, link.cloud.billing().payment(&link.id).await.unwrap().map(|p| p.value)];
        let kept: i64 = kept.iter().flatten().map(|payment| payment.kept().get()).sum();
        assert_eq!((closings, kept, debt.till.shop.charged() <= 1), (1, 1_900, true), "round {round}");
        assert_eq!(debt.receivable().await.state(), ReceivableState::Settled, "round {round}");
    }
    assert!(both > 0, "they met at least once");
}
