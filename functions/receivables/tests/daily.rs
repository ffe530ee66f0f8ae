//! The notices of unpaid fees: each when it is due, once, and none once the fee is paid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::collections::BTreeMap;

use baro_domain::{
    LotId, PaymentId, VisitId, Won,
    receivable::{Claim, Claimed, Command, Kept, Receivable},
};
use baro_receivables::{Asked, Receivables, ReceivablesError, Summary};
use baro_runtime::Clock;
use baro_testing::{Cloud, Fault, at, lot_record, plate};
use jiff::Timestamp;

const FEE: Won = Won::new(1_900);

fn day(number: i64) -> Timestamp {
    at(60 + number * 24 * 60)
}

async fn owing(cloud: &Cloud, name: &str) -> Receivable {
    let claimed = Claimed {
        visit: VisitId::derive(&[name]),
        plate: plate(),
        entered_at: at(0),
        left_at: Some(at(60)),
        claim: Claim { revision: 2, asked: FEE, counted: BTreeMap::new(), refused: None },
    };
    cloud.billing().claim(&lot_record().lot, &claimed, "token", at(61)).await.unwrap().unwrap().after
}

async fn start() -> (Cloud, Clock, Receivables) {
    let cloud = Cloud::start().await;
    cloud.directory().put_lots(&[lot_record()]).await.unwrap();
    let clock = Clock::at(at(61));
    let receivables = Receivables::new(cloud.billing(), cloud.directory(), clock.clone());
    (cloud, clock, receivables)
}

#[tokio::test]
async fn three_notices_go_on_their_days_and_then_no_more() {
    let (cloud, clock, receivables) = start().await;
    let owed = owing(&cloud, "v").await;
    let mut days = Vec::new();
    for number in 0..60 {
        clock.set(day(number));
        // The schedule may come twice.
        for _ in 0..2 {
            let summary = receivables.run(Asked::default()).await.unwrap();
            assert_eq!(summary.open, 1);
            days.extend((summary.notices > 0).then_some(number));
        }
    }
    assert_eq!(days, [1, 15, 29]);
    let known = cloud.billing().receivable(&owed.id).await.unwrap().unwrap().value;
    assert_eq!(known.notices.len(), 3);
}

#[tokio::test]
async fn what_is_not_due_costs_one_look_at_all_and_one_at_its_lot() {
    let (cloud, _, receivables) = start().await;
    for name in ["a", "b", "c"] {
        owing(&cloud, name).await;
    }
    cloud.forget_calls();
    let summary = receivables.run(Asked::default()).await.unwrap();
    assert_eq!(summary, Summary { open: 3, ..Summary::default() });
    assert_eq!(cloud.dynamodb_calls(), ["Scan", "GetItem"]);
}

#[tokio::test]
async fn nobody_is_asked_for_what_they_have_paid() {
    let (cloud, clock, receivables) = start().await;
    let owed = owing(&cloud, "v").await;
    let kept = Kept { of_fee: FEE, returned: Won::ZERO, paid_at: day(1) };
    let command = Command::Paid(PaymentId::derive(&["p"]), kept);
    cloud.billing().move_receivable(&owed.id, &command, day(1)).await.unwrap().unwrap();
    clock.set(day(1));
    assert_eq!(receivables.run(Asked::default()).await.unwrap(), Summary::default());
}

#[tokio::test]
async fn one_that_fails_stops_no_other_and_the_run_is_repeated() {
    let (cloud, clock, receivables) = start().await;
    owing(&cloud, "v").await;
    let mut lost = lot_record().lot;
    lost.id = LotId::parse("lot_lost").unwrap();
    let mut claimed = Claimed {
        visit: VisitId::derive(&["lost"]),
        plate: plate(),
        entered_at: at(0),
        left_at: Some(at(60)),
        claim: Claim { revision: 1, asked: FEE, counted: BTreeMap::new(), refused: None },
    };
    claimed.claim.revision = 2;
    cloud.billing().claim(&lost, &claimed, "token", at(61)).await.unwrap().unwrap();
    clock.set(day(1));
    assert!(matches!(receivables.run(Asked::default()).await, Err(ReceivablesError::Some(1))));
    cloud.directory().put_lots(&[baro_store::LotRecord { lot: lost, ..lot_record() }]).await.unwrap();
    assert_eq!(receivables.run(Asked::default()).await.unwrap().notices, 1, "only the one that failed");
    cloud.fail_next("Scan", Fault::Throttled);
    assert!(receivables.run(Asked::default()).await.is_ok(), "the SDK tries again");
}
