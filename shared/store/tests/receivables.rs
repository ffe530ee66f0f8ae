//! What visits owe in the Billing table: begun once, closed once, found by lot, by plate and by link.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::collections::BTreeMap;

use baro_domain::{
    OperatorId, PaymentId, PlateNumber, ReceivableId, VisitId, Won,
    receivable::{Claim, Claimed, Command, Kept, ReceivableState, WriteOff},
};
use baro_store::Begun;
use baro_testing::{BILLING, Cloud, at, lot_record, plate};

const FEE: Won = Won::new(1_300);

fn claimed(name: &str, revision: i64, asked: Won) -> Claimed {
    Claimed {
        visit: VisitId::derive(&[name]),
        plate: plate(),
        entered_at: at(0),
        left_at: Some(at(60)),
        claim: Claim { revision, asked, counted: BTreeMap::new(), refused: None },
    }
}

async fn claim(cloud: &Cloud, claimed: &Claimed) -> Option<baro_store::Moved> {
    cloud.billing().claim(&lot_record().lot, claimed, "token", at(61)).await.unwrap()
}

fn paid(returned: Won) -> Command {
    let of_fee = FEE.remaining_after(returned);
    Command::Paid(PaymentId::derive(&["link"]), Kept { of_fee, returned, paid_at: at(62) })
}

#[tokio::test]
async fn one_begins_with_the_first_claim_that_owes_and_has_a_secret_id() {
    let cloud = Cloud::start().await;
    assert_eq!(claim(&cloud, &claimed("v", 1, Won::ZERO)).await, None, "it never owed");
    assert_eq!(cloud.dynamodb_calls(), ["GetItem"]);
    let begun = claim(&cloud, &claimed("v", 2, FEE)).await.unwrap();
    assert_eq!((begun.before, begun.after.state()), (None, ReceivableState::Open));
    assert_eq!(claim(&cloud, &claimed("v", 2, FEE)).await, None, "the same record again");
    assert_eq!(claim(&cloud, &claimed("v", 1, Won::ZERO)).await, None, "an older one");
    let billing = cloud.billing();
    let found = billing.receivable(&begun.after.id).await.unwrap().unwrap();
    assert_eq!(found.value, begun.after);
    let guessed = ReceivableId::of(&VisitId::derive(&["v"]), "other").unwrap();
    assert_eq!(billing.receivable(&guessed).await.unwrap(), None, "the visit is no secret, the token is");
}

#[tokio::test]
async fn what_is_open_is_found_by_lot_and_plate_and_what_is_closed_forgotten_in_time() {
    let cloud = Cloud::start().await;
    let (billing, lot) = (cloud.billing(), lot_record().lot);
    let begun = claim(&cloud, &claimed("v", 1, FEE)).await.unwrap().after;
    let found = billing.owing(&lot.operator, &plate()).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&begun));
    assert!(billing.owing(&OperatorId::derive(&["other"]), &plate()).await.unwrap().is_empty());
    assert!(billing.owing(&lot.operator, &PlateNumber::parse("34나1234")).await.unwrap().is_empty());
    assert_eq!(billing.owed_page(&lot.id, None).await.unwrap(), (vec![begun.clone()], None));
    assert_eq!(billing.owed_everywhere().await.unwrap(), std::slice::from_ref(&begun));
    let item = async || cloud.image(BILLING, begun.visit.as_str(), "OWED").await.into_inner();
    assert!(!item().await.contains_key("ttl"), "what is owed is not forgotten");
    let moved = billing.move_receivable(&begun.id, &paid(Won::ZERO), at(90)).await.unwrap().unwrap();
    assert!(moved.closed());
    assert!(billing.owing(&lot.operator, &plate()).await.unwrap().is_empty());
    assert!(billing.owed_everywhere().await.unwrap().is_empty());
    assert!(item().await.contains_key("ttl"));
    billing.move_receivable(&begun.id, &paid(FEE), at(99)).await.unwrap().unwrap();
    assert_eq!(billing.owed_everywhere().await.unwrap().len(), 1, "the money went back");
    assert!(!item().await.contains_key("ttl"));
}

#[tokio::test]
async fn a_lots_page_goes_on_where_the_last_one_ended() {
    let cloud = Cloud::start().await;
    for number in 0..60 {
        let mut claimed = claimed(&number.to_string(), 1, FEE);
        claimed.left_at = Some(at(60 + number));
        claim(&cloud, &claimed).await.unwrap();
    }
    let (billing, lot) = (cloud.billing(), lot_record().lot.id);
    let (first, cursor) = billing.owed_page(&lot, None).await.unwrap();
    let cursor = cursor.unwrap().to_string().parse().unwrap();
    let (rest, end) = billing.owed_page(&lot, Some(&cursor)).await.unwrap();
    assert_eq!((first.len(), rest.len(), end), (50, 10, None));
    let times: Vec<_> = first.iter().chain(&rest).map(|found| found.left_at).collect();
    assert_eq!(times, (0..60).map(|number| at(60 + number)).collect::<Vec<_>>());
    assert!("nonsense".parse::<baro_store::OwedCursor>().is_err());
}

/// The webhook's payment, the facts that counted it, an operator and repetitions of all come at once, in 200 rounds.
#[tokio::test(flavor = "multi_thread")]
async fn one_is_closed_exactly_once_whoever_comes_at_the_same_time() {
    let cloud = Cloud::start().await;
    for round in 0..200 {
        let name = format!("round{round}");
        let open = claim(&cloud, &claimed(&name, 1, FEE)).await.unwrap().after;
        let write_off = WriteOff { at: at(61), by: "당직".into(), note: "오인식".into() };
        let moves = [paid(Won::ZERO), Command::WriteOff(write_off), paid(Won::ZERO)];
        let mut counted = claimed(&name, 2, FEE);
        counted.claim.counted.insert(PaymentId::derive(&["link"]), FEE);
        let billing = cloud.billing();
        let by_moves = moves.iter().map(|command| billing.move_receivable(&open.id, command, at(62)));
        let record = lot_record();
        let by_facts = [0, 1].map(|_| billing.claim(&record.lot, &counted, "late", at(62)));
        let (by_moves, by_facts) =
            futures::join!(futures::future::join_all(by_moves), futures::future::join_all(by_facts));
        let closings = by_moves
            .into_iter()
            .chain(by_facts)
            .filter(|done| done.as_ref().unwrap().as_ref().is_some_and(baro_store::Moved::closed));
        assert_eq!(closings.count(), 1, "round {round}");
        let end = billing.receivable(&open.id).await.unwrap().unwrap().value;
        assert_eq!((end.id.clone(), end.is_open()), (open.id, false));
        assert_eq!(
            (end.principal(), end.state()),
            (Won::ZERO, ReceivableState::Settled),
            "the money is known"
        );
    }
}

#[tokio::test]
async fn a_try_begins_once_and_only_while_its_receivable_is_what_it_was() {
    let cloud = Cloud::start().await;
    let billing = cloud.billing();
    let owed = claim(&cloud, &claimed("v", 2, FEE)).await.unwrap().after;
    let mut tried = baro_testing::payment(&PaymentId::derive(&["retry"]));
    baro_testing::stay_of(&mut tried).visit = owed.visit.clone();
    let revision = billing.receivable(&owed.id).await.unwrap().unwrap().revision;
    assert_eq!(billing.begin_try(&tried, revision + 1).await.unwrap(), Begun::Outdated);
    assert_eq!(billing.payment(&tried.id).await.unwrap(), None, "nothing was written");
    assert_eq!(billing.begin_try(&tried, revision).await.unwrap(), Begun::New);
    assert!(matches!(billing.begin_try(&tried, revision).await.unwrap(), Begun::Existing(_)));
    let mut other = tried.clone();
    other.id = PaymentId::derive(&["another"]);
    billing.move_receivable(&owed.id, &paid(Won::ZERO), at(62)).await.unwrap().unwrap();
    assert_eq!(billing.begin_try(&other, revision).await.unwrap(), Begun::Outdated, "paid meanwhile");
}
