//! What visits that are over owe: begun by the stream, settled by it once, whichever stream is first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use aws_lambda_events::dynamodb::EventRecord;
use baro_domain::{
    DriverId, Passage, PaymentId, Won,
    lot::UnpaidRules,
    notice::{Notice, NoticeKind},
    payment::{OwedPart, Payment, PaymentStatus, VisitFact},
    purse::{BillingKey, RegisteredCard},
    receivable::{Command, Receivable, ReceivableState, RefusedCharge, RetryOrder, TryOutcome},
    visit::{BrokenWord, Payer, Pledge},
};
use baro_store::StoreError;
use baro_testing::{BILLING, Cloud, at, lot_record, observation, payment, plate, stay_of};
use common::{PAYMENTS, QUEUE, SITE, driver, event, facts_image, record, start};

const FEE: Won = Won::new(1_900);

async fn read(cloud: &Cloud, name: &str, passage: Passage, minute: i64) -> EventRecord {
    let old = facts_image(cloud).await;
    cloud.parking().record(&observation(name, passage, minute), &plate(), None).await.unwrap();
    record(u32::try_from(minute).unwrap() + 1, old, facts_image(cloud).await)
}

async fn owed(cloud: &Cloud) -> Result<Vec<Receivable>, StoreError> {
    cloud.billing().owed_everywhere().await
}

/// The car came at ten and left at eleven without paying.
async fn left_owing(cloud: &Cloud, router: &baro_stream_router::Router) -> Receivable {
    let records =
        vec![read(cloud, "in", Passage::Entered, 0).await, read(cloud, "out", Passage::Left, 60).await];
    router.handle(event(records)).await.unwrap();
    owed(cloud).await.unwrap().remove(0)
}

/// A payment of the receivable in this state, with the images of the change that brought it there.
async fn paid(cloud: &Cloud, owed: &Receivable, name: &str, returned: Won) -> (Payment, EventRecord) {
    let mut paid = payment(&PaymentId::derive(&[name]));
    let stay = stay_of(&mut paid);
    (stay.visit, stay.quoted_until) = (owed.visit.clone(), owed.left_at);
    stay.owed = Some(OwedPart { receivable: owed.id.clone(), surcharge: Won::ZERO });
    paid.order.amount = FEE;
    let asked = cloud.billing().create(&paid).await.unwrap();
    let revision = match asked {
        baro_store::Created::New => 1,
        baro_store::Created::Existing(known) => known.revision,
    };
    let before = cloud.image(BILLING, paid.id.as_str(), "PAYMENT").await;
    let all_back = returned == FEE;
    paid.status = if all_back { PaymentStatus::Refunded } else { PaymentStatus::Paid };
    (paid.captured, paid.returned, paid.paid_at) = (FEE, returned, Some(at(90)));
    let fact = paid.paid_fact().map(VisitFact::Paid);
    cloud.billing().commit(&paid, revision, &[], fact.as_ref(), at(90)).await.unwrap();
    let after = cloud.image(BILLING, paid.id.as_str(), "PAYMENT").await;
    (paid, record(5_000 + u32::try_from(revision).unwrap(), before, after))
}

async fn state(cloud: &Cloud, owed: &Receivable) -> ReceivableState {
    cloud.billing().receivable(&owed.id).await.unwrap().unwrap().value.state()
}

#[tokio::test]
async fn a_visit_that_paid_costs_no_request_and_one_that_owes_begins_a_receivable_once() {
    let (cloud, router) = start().await;
    let entry = read(&cloud, "in", Passage::Entered, 0).await;
    let out = read(&cloud, "out", Passage::Left, 60).await;
    cloud.forget_calls();
    router.handle(event(vec![entry.clone()])).await.unwrap();
    let calls = cloud.dynamodb_calls();
    assert!(!calls.iter().any(|call| call == "PutItem"), "{calls:?}");
    for _ in 0..2 {
        router.handle(event(vec![entry.clone(), out.clone()])).await.unwrap();
    }
    let all = owed(&cloud).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].principal(), all[0].left_at, &all[0].lot), (FEE, at(60), &lot_record().lot.id));
    assert!(all[0].id.as_str().len() > 50, "nobody can guess it");
}

#[tokio::test]
async fn a_payment_settles_it_with_the_facts_and_without_them() {
    for forgotten in [false, true] {
        let (cloud, router) = start().await;
        let open = left_owing(&cloud, &router).await;
        let before = facts_image(&cloud).await;
        let (_, money) = paid(&cloud, &open, "link", Won::ZERO).await;
        let mut records = vec![money];
        if !forgotten {
            records.insert(0, record(100, before, facts_image(&cloud).await));
        }
        router.handle(event(records.clone())).await.unwrap();
        assert_eq!(state(&cloud, &open).await, ReceivableState::Settled);
        // The webhook again, and late.
        router.handle(event(records)).await.unwrap();
        assert_eq!(state(&cloud, &open).await, ReceivableState::Settled);
        assert_eq!(owed(&cloud).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_refund_reopens_it_and_the_late_record_of_the_payment_does_not_close_it_again() {
    let (cloud, router) = start().await;
    let open = left_owing(&cloud, &router).await;
    let (_, taken) = paid(&cloud, &open, "link", Won::ZERO).await;
    router.handle(event(vec![taken.clone()])).await.unwrap();
    let (_, back) = paid(&cloud, &open, "link", FEE).await;
    router.handle(event(vec![back])).await.unwrap();
    assert_eq!(state(&cloud, &open).await, ReceivableState::Open);
    router.handle(event(vec![taken])).await.unwrap();
    assert_eq!(state(&cloud, &open).await, ReceivableState::Open);
}

#[tokio::test]
async fn of_two_payments_for_one_receivable_one_goes_back() {
    let (cloud, router) = start().await;
    let open = left_owing(&cloud, &router).await;
    let (_, first) = paid(&cloud, &open, "a", Won::ZERO).await;
    let (_, second) = paid(&cloud, &open, "b", Won::ZERO).await;
    router.handle(event(vec![first, second])).await.unwrap();
    let back: Vec<serde_json::Value> = cloud
        .messages()
        .into_iter()
        .filter(|message| message.queue == PAYMENTS)
        .map(|message| serde_json::from_str(&message.body).unwrap())
        .collect();
    assert_eq!((back.len(), back[0]["keep"].as_i64()), (1, Some(0)));
}

#[tokio::test]
async fn a_notice_that_was_given_out_is_told_with_its_link_once() {
    let (cloud, router) = start().await;
    cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    let open = left_owing(&cloud, &router).await;
    let image = async || cloud.image(BILLING, open.visit.as_str(), "OWED").await;
    let before = image().await;
    let later = at(60 + 24 * 60);
    let command = Command::Notice(UnpaidRules::default());
    assert!(cloud.billing().move_receivable(&open.id, &command, at(61)).await.unwrap().is_none());
    assert!(cloud.billing().move_receivable(&open.id, &command, later).await.unwrap().is_some());
    assert!(cloud.billing().move_receivable(&open.id, &command, later).await.unwrap().is_none());
    cloud.take_messages();
    let change = record(70, before, image().await);
    router.handle(event(vec![change])).await.unwrap();
    let told: Vec<Notice> = cloud
        .take_messages()
        .into_iter()
        .filter(|message| message.queue == QUEUE)
        .map(|message| serde_json::from_str(&message.body).unwrap())
        .collect();
    let link = format!("{SITE}/#/owed/{}", open.id);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].kind, NoticeKind::Unpaid { number: 1, principal: FEE, surcharge: Won::ZERO, link });
    let settled = record(71, image().await, image().await);
    router.handle(event(vec![settled])).await.unwrap();
    assert_eq!(cloud.take_messages().len(), 0);
}

fn payer() -> Payer {
    Payer::Driver(DriverId::derive(&["d"]))
}

/// Gives the receivable a charge that was refused behind the car, as the facts tell it.
async fn was_refused(cloud: &Cloud, owed: &Receivable) {
    let word = BrokenWord { payer: payer(), amount: FEE, card: None };
    let payment = PaymentId::derive(&["promise"]);
    let refused = Some(RefusedCharge { payment, at: at(60), code: "PgProvider".into(), word });
    let claim = baro_domain::receivable::Claim { revision: 900, refused, ..owed.claim.clone() };
    let claimed = baro_domain::receivable::Claimed {
        visit: owed.visit.clone(),
        plate: owed.plate.clone(),
        entered_at: owed.entered_at,
        left_at: Some(owed.left_at),
        claim,
    };
    cloud.billing().claim(&lot_record().lot, &claimed, "token", at(61)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_try_is_ordered_at_the_gateway_and_its_refusal_told_once() {
    let (cloud, router) = start().await;
    cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    let open = left_owing(&cloud, &router).await;
    was_refused(&cloud, &open).await;
    let image = async || cloud.image(BILLING, open.visit.as_str(), "OWED").await;
    let before = image().await;
    let later = at(60 + 12 * 60);
    let command = Command::Try(Pledge { payer: payer(), limit: Won::new(10_000) });
    let ordered = cloud.billing().move_receivable(&open.id, &command, later).await.unwrap().unwrap().after;
    cloud.take_messages();
    router.handle(event(vec![record(80, before, image().await)])).await.unwrap();
    let hints = cloud.take_messages();
    assert_eq!((hints.len(), hints[0].queue.as_str()), (1, PAYMENTS));
    let hint: serde_json::Value = serde_json::from_str(&hints[0].body).unwrap();
    let order: RetryOrder = serde_json::from_value(hint["retry"].clone()).unwrap();
    assert_eq!(hint["paymentId"], order.payment_id().as_str());
    assert_eq!(order.payment_id(), ordered.payment_of(&ordered.tries[0]));
    // The charge is written down, and refused: the receivable learns it from the payment's own stream.
    let key = RegisteredCard::new(BillingKey::new("k"), "신한", at(0));
    let begun = order.payment(&baro_testing::shop(), (&payer(), &key), FEE, later);
    let payment = async || cloud.image(BILLING, begun.id.as_str(), "PAYMENT").await;
    cloud.billing().create(&begun).await.unwrap();
    let (known, asked) = (image().await, payment().await);
    let failed = begun.charge_refused("LIMIT").unwrap();
    cloud.billing().commit(&failed, 1, &[], None, later).await.unwrap();
    let failed = record(82, asked.clone(), payment().await);
    router.handle(event(vec![record(81, serde_dynamo::Item::default(), asked), failed])).await.unwrap();
    let after = cloud.billing().receivable(&open.id).await.unwrap().unwrap().value;
    assert_eq!(after.outcome(&after.tries[0]), TryOutcome::Refused("LIMIT".into()));
    cloud.take_messages();
    let told = record(83, known, image().await);
    for _ in 0..2 {
        router.handle(event(vec![told.clone()])).await.unwrap();
        let told: Vec<Notice> = cloud
            .take_messages()
            .into_iter()
            .filter(|message| message.queue == QUEUE)
            .map(|message| serde_json::from_str(&message.body).unwrap())
            .collect();
        let link = format!("{SITE}/#/owed/{}", open.id);
        let kind = NoticeKind::RetryRefused { number: 1, principal: FEE, again: true, link };
        assert_eq!((told.len(), &told[0].kind), (1, &kind));
    }
}
