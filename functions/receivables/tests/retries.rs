//! Cards that were refused are charged again in the next mornings, by who still pays for the plate, and nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::collections::BTreeMap;

use baro_domain::{
    CardId, DriverId, PaymentId, VisitId, Won,
    purse::{BillingKey, Purse, RegisteredCard},
    receivable::{Asked, Claim, Claimed, Command, Receivable, RefusedCharge},
    visit::{BrokenWord, Payer, Pledge},
};
use baro_receivables::{Asked as Run, Receivables, Summary};
use baro_runtime::Clock;
use baro_testing::{Cloud, at, lot_record, plate};
use jiff::Timestamp;

const FEE: Won = Won::new(1_900);
const LIMIT: Won = Won::new(10_000);

/// The morning so many days after the car left without having paid.
fn morning(day: i64) -> Timestamp {
    at(60 + 12 * 60 + day * 24 * 60)
}

fn payer() -> Payer {
    Payer::Driver(DriverId::derive(&["d"]))
}

fn card(key: &str) -> RegisteredCard {
    RegisteredCard::new(BillingKey::new(key), "신한 1234", at(0))
}

struct Lot {
    cloud: Cloud,
    clock: Clock,
    receivables: Receivables,
    owed: Receivable,
}

impl Lot {
    /// A visit whose charge was refused with this code at its exit.
    async fn start(code: &str) -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_lots(&[lot_record()]).await.unwrap();
        assert!(
            cloud.directory().put_pledge(&plate(), &Pledge { payer: payer(), limit: LIMIT }).await.unwrap()
        );
        let purse = Purse::empty(payer()).with_card(card("first")).unwrap();
        assert!(cloud.billing().put_purse(&purse, 0).await.unwrap());
        let word = BrokenWord { payer: payer(), amount: FEE, card: Some(card("first").id) };
        let payment = PaymentId::derive(&["promise"]);
        let refused = Some(RefusedCharge { payment, at: at(60), code: code.into(), word });
        let claimed = Claimed {
            visit: VisitId::derive(&["v"]),
            plate: plate(),
            entered_at: at(0),
            left_at: Some(at(60)),
            claim: Claim { revision: 2, asked: FEE, counted: BTreeMap::new(), refused },
        };
        let begun = cloud.billing().claim(&lot_record().lot, &claimed, "token", at(61)).await.unwrap();
        let clock = Clock::at(at(61));
        let receivables = Receivables::new(cloud.billing(), cloud.directory(), clock.clone());
        Self { cloud, clock, receivables, owed: begun.unwrap().after }
    }

    async fn runs(&self, day: i64) -> Summary {
        self.clock.set(morning(day));
        self.receivables.run(Run::default()).await.unwrap()
    }

    async fn now(&self) -> Receivable {
        self.cloud.billing().receivable(&self.owed.id).await.unwrap().unwrap().value
    }

    /// The newest try was refused with this code.
    async fn refused(&self, code: &str, card: CardId) {
        let now = self.now().await;
        let id = now.payment_of(now.tries.last().unwrap());
        let command = Command::Asked(id, Asked::Refused { code: code.into(), card: Some(card) });
        self.cloud.billing().move_receivable(&self.owed.id, &command, self.clock.now()).await.unwrap();
    }

    /// On which of the first days a try was ordered, and on which a notice went, each try being refused.
    async fn days(&self, code: &str) -> (Vec<i64>, Vec<i64>) {
        let (mut tries, mut notices) = (Vec::new(), Vec::new());
        for day in 0..8 {
            // The schedule may come twice.
            for _ in 0..2 {
                let summary = self.runs(day).await;
                tries.extend((summary.tries > 0).then_some(day));
                notices.extend((summary.notices > 0).then_some(day));
                if summary.tries > 0 {
                    self.refused(code, card("first").id).await;
                }
            }
        }
        (tries, notices)
    }
}

#[tokio::test]
async fn an_empty_card_is_tried_on_three_mornings_and_the_notices_begin_behind_the_last() {
    let lot = Lot::start("REJECT_CARD_PAYMENT").await;
    assert_eq!(lot.days("REJECT_CARD_PAYMENT").await, (vec![0, 1, 2], vec![3]));
    assert_eq!(lot.now().await.tries.len(), 3);
}

#[tokio::test]
async fn a_try_whose_end_is_not_known_is_not_ordered_twice() {
    let lot = Lot::start("PgProvider").await;
    assert_eq!(lot.runs(0).await.tries, 1);
    for day in 1..4 {
        assert_eq!(lot.runs(day).await.tries, 0);
    }
    assert_eq!(lot.now().await.tries.len(), 1);
}

#[tokio::test]
async fn a_lost_card_is_not_tried_until_its_payer_has_another() {
    let lot = Lot::start("INVALID_CARD_LOST_OR_STOLEN").await;
    assert_eq!(lot.runs(0).await.tries, 0);
    let stored = lot.cloud.billing().purse(&payer()).await.unwrap();
    let replaced = stored.value.with_card(card("second")).unwrap();
    assert!(lot.cloud.billing().put_purse(&replaced, stored.revision).await.unwrap());
    assert_eq!(lot.runs(1).await, Summary { open: 1, tries: 1, notices: 0 });
}

#[tokio::test]
async fn who_does_not_pay_for_the_plate_any_more_is_not_charged_and_the_notices_go() {
    for now_pays in
        [None, Some((Payer::Driver(DriverId::derive(&["e"])), LIMIT)), Some((payer(), Won::new(100)))]
    {
        let lot = Lot::start("PgProvider").await;
        assert!(lot.cloud.directory().delete_pledge(&plate(), &payer()).await.unwrap());
        if let Some((payer, limit)) = now_pays {
            assert!(lot.cloud.directory().put_pledge(&plate(), &Pledge { payer, limit }).await.unwrap());
        }
        assert_eq!(lot.days("PgProvider").await, (vec![], vec![1]));
    }
}

#[tokio::test]
async fn a_payer_without_a_card_is_not_tried() {
    let lot = Lot::start("PgProvider").await;
    let stored = lot.cloud.billing().purse(&payer()).await.unwrap();
    assert!(lot.cloud.billing().put_purse(&Purse::empty(payer()), stored.revision).await.unwrap());
    assert_eq!(lot.runs(0).await.tries, 0);
}
