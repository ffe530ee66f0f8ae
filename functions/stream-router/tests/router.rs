//! What follows from a change, once, however often the stream tells of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::EventRecord;

use baro_domain::{
    BarrierController, ControllerDialect, LaneId, Passage, PaymentId, RulingId, Won,
    command::{Action, Command},
    lot::OpenRequest,
    notice::{Contact, Notice, NoticeKind},
    payment::{PaymentStatus, VisitFact},
    visit::{DisputeReason, PaidFact, RuledBy, Ruling, RulingKind},
};
use baro_runtime::Clock;
use baro_stream_router::Router;
use baro_testing::{
    BILLING, Cloud, Fault, PARKING, at, large_lot_record, lot_record, observation, payment, plate,
};
use common::{COMMANDS, driver, event, facts_image, queues, record, start, tables};

async fn entry(cloud: &Cloud) -> EventRecord {
    let old = facts_image(cloud).await;
    cloud.parking().record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    record(1, old, facts_image(cloud).await)
}

fn notices(cloud: &Cloud) -> Vec<Notice> {
    cloud.messages().iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

async fn occupied(cloud: &Cloud) -> i64 {
    let lot = large_lot_record().lot;
    let known = cloud.activity().occupancies(&[&lot]).await.unwrap();
    known.get(&lot.id).and_then(|state| state.visits).map_or(0, |visits| visits.occupied)
}

#[tokio::test]
async fn a_car_that_came_in_is_counted_and_its_registered_driver_told() {
    let (cloud, router) = start().await;
    cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    let entry = entry(&cloud).await;
    let response = router.handle(event(vec![entry])).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(occupied(&cloud).await, 1);
    let told = notices(&cloud);
    assert_eq!((told.len(), &told[0].kind), (1, &NoticeKind::Entered { entered_at: at(0) }));
    assert_eq!(told[0].contact, driver());
}

#[tokio::test]
async fn nobody_is_woken_by_a_batch_that_comes_hours_late() {
    let (cloud, _) = start().await;
    let clock = Clock::at(at(31));
    let router = Router::new(tables(&cloud), queues(&cloud), "", clock);
    cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    let entry = entry(&cloud).await;
    router.handle(event(vec![entry])).await.unwrap();
    assert_eq!((occupied(&cloud).await, notices(&cloud)), (1, vec![]));
}

#[tokio::test]
async fn nobody_is_told_of_a_car_nobody_registered() {
    let (cloud, router) = start().await;
    let entry = entry(&cloud).await;
    router.handle(event(vec![entry])).await.unwrap();
    assert_eq!(notices(&cloud), []);
}

#[tokio::test]
async fn a_batch_that_comes_again_counts_once_and_repeats_the_same_notice_id() {
    let (cloud, router) = start().await;
    cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    let entry = entry(&cloud).await;
    router.handle(event(vec![entry.clone()])).await.unwrap();
    router.handle(event(vec![entry])).await.unwrap();
    assert_eq!(occupied(&cloud).await, 1);
    let told = notices(&cloud);
    assert_eq!(told[0].id, told[1].id);
}

#[tokio::test]
async fn a_car_that_came_and_went_leaves_the_count_as_it_was() {
    let (cloud, router) = start().await;
    let first = entry(&cloud).await;
    let inside = facts_image(&cloud).await;
    cloud.parking().record(&observation("out", Passage::Left, 5), &plate(), None).await.unwrap();
    let second = record(2, inside, facts_image(&cloud).await);
    router.handle(event(vec![first, second])).await.unwrap();
    assert_eq!(occupied(&cloud).await, 0);
}

/// A read of another plate, filed under it.
async fn stranger(cloud: &Cloud, sequence: u32, passage: Passage, minute: i64) -> EventRecord {
    let mut read = observation(&format!("s{minute}"), passage, minute);
    read.plate = baro_domain::PlateNumber::parse("12가3458");
    let image = async || cloud.image(PARKING, "lot_test", &format!("P#{}", read.plate.as_str())).await;
    let old = image().await;
    cloud.parking().record(&read, &read.plate, None).await.unwrap();
    record(sequence, old, image().await)
}

async fn open_tasks(cloud: &Cloud) -> Vec<baro_store::FiledTask> {
    cloud.tasks().open_tasks(&lot_record().lot.id, None).await.unwrap().0
}

#[tokio::test]
async fn an_exit_that_nothing_explains_comes_to_the_desk_once_with_the_plates_it_may_mean() {
    let (cloud, router) = start().await;
    entry(&cloud).await;
    let exit = stranger(&cloud, 2, Passage::AtExit, 60).await;
    router.handle(event(vec![exit.clone()])).await.unwrap();
    router.handle(event(vec![exit])).await.unwrap();
    let tasks = open_tasks(&cloud).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].task.candidates[0].plate, plate());
}

#[tokio::test]
async fn a_late_entry_takes_the_task_off_the_desk_and_in_one_batch_it_never_lies_there() {
    let (cloud, router) = start().await;
    let exit = stranger(&cloud, 2, Passage::Left, 60).await;
    let late = stranger(&cloud, 3, Passage::Entered, 0).await;
    router.handle(event(vec![exit.clone()])).await.unwrap();
    assert_eq!(open_tasks(&cloud).await.len(), 1);
    router.handle(event(vec![late.clone()])).await.unwrap();
    assert_eq!(open_tasks(&cloud).await, []);
    let (cloud, router) = start().await;
    router.handle(event(vec![exit, late])).await.unwrap();
    let all = cloud.tasks().all_tasks(&lot_record().lot.id, None).await.unwrap().0;
    assert_eq!(all, []);
}

#[tokio::test]
async fn when_the_desk_can_not_be_written_the_batch_comes_again() {
    let (cloud, router) = start().await;
    let exit = stranger(&cloud, 2, Passage::Left, 60).await;
    for _ in 0..3 {
        cloud.fail_next("PutItem", Fault::Before);
    }
    let response = router.handle(event(vec![exit.clone()])).await.unwrap();
    assert_eq!(response.batch_item_failures.len(), 1);
    router.handle(event(vec![exit])).await.unwrap();
    assert_eq!(open_tasks(&cloud).await.len(), 1);
}

#[tokio::test]
async fn the_cars_of_a_small_lot_move_no_counter() {
    let (cloud, router) = start().await;
    cloud.directory().put_lots(&[lot_record()]).await.unwrap();
    let entry = entry(&cloud).await;
    cloud.forget_calls();
    router.handle(event(vec![entry])).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["GetItem", "BatchGetItem"], "the lot and the driver, and no write");
    assert_eq!(cloud.parking().count_open(&lot_record().lot.id).await.unwrap(), 1);
}

#[tokio::test]
async fn a_payment_taken_is_told_to_whom_it_names_once_per_state() {
    let (cloud, router) = start().await;
    let mut paid = payment(&PaymentId::derive(&["p"]));
    paid.contact = driver();
    cloud.billing().create(&paid).await.unwrap();
    let asked = cloud.image(BILLING, paid.id.as_str(), "PAYMENT").await;
    (paid.status, paid.paid_at, paid.captured) = (PaymentStatus::Paid, Some(at(61)), paid.order.amount);
    cloud.billing().commit(&paid, 1, &[], None, at(61)).await.unwrap();
    let taken = cloud.image(BILLING, paid.id.as_str(), "PAYMENT").await;
    router
        .handle(event(vec![record(1, asked, taken.clone()), record(2, taken.clone(), taken)]))
        .await
        .unwrap();
    let told = notices(&cloud);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].kind, NoticeKind::PaymentReceived { amount: paid.order.amount, leave_by: at(76) });
}

/// A dispute at ten past, decided half an hour later by rulings of these kinds.
async fn decided(cloud: &Cloud, contact: Contact, verdict: &[RulingKind], upheld: bool) -> EventRecord {
    let (lot, parking) = (lot_record().lot.id, cloud.parking());
    let ruling = |name: &str, minute, kind| Ruling {
        id: RulingId::derive(&[name]),
        at: at(minute),
        by: RuledBy::Driver,
        note: String::new(),
        kind,
    };
    parking.record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    let disputed = RulingKind::Disputed { reason: DisputeReason::AlreadyLeft, contact };
    let disputed = ruling("dispute", 10, disputed);
    parking.rule(&lot, &plate(), &disputed).await.unwrap();
    let before = facts_image(cloud).await;
    let end = RulingKind::Decided { dispute: disputed.id.clone(), upheld };
    for (index, kind) in verdict.iter().chain([&end]).enumerate() {
        parking.rule(&lot, &plate(), &ruling(&index.to_string(), 40, kind.clone())).await.unwrap();
    }
    record(5, before, facts_image(cloud).await)
}

#[tokio::test]
async fn a_decided_dispute_is_told_once_to_whom_it_names_with_what_is_due_then() {
    for (verdict, upheld, due) in [(vec![], false, 1_300), (vec![RulingKind::LetGo], true, 0)] {
        let (cloud, _) = start().await;
        let router = Router::new(tables(&cloud), queues(&cloud), "", Clock::at(at(41)));
        let change = decided(&cloud, driver(), &verdict, upheld).await;
        router.handle(event(vec![change.clone()])).await.unwrap();
        router.handle(event(vec![change])).await.unwrap();
        let told = notices(&cloud);
        let due = Some(Won::new(due));
        assert_eq!(told[0].kind, NoticeKind::DisputeDecided { accepted: upheld, due });
        assert_eq!((told[0].contact.clone(), told.len()), (driver(), 2));
        assert_eq!(told[0], told[1], "told again it is the same");
    }
}

#[tokio::test]
async fn a_dispute_that_names_nobody_is_told_to_the_registered_driver_and_an_old_decision_to_nobody() {
    let (cloud, _) = start().await;
    let change = decided(&cloud, Contact::default(), &[], false).await;
    let router = |minute| Router::new(tables(&cloud), queues(&cloud), "", Clock::at(at(minute)));
    router(41).handle(event(vec![change.clone()])).await.unwrap();
    assert_eq!(notices(&cloud), []);
    cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    router(71).handle(event(vec![change.clone()])).await.unwrap();
    assert_eq!(notices(&cloud), [], "no news any more");
    router(41).handle(event(vec![change])).await.unwrap();
    assert_eq!((notices(&cloud).len(), &notices(&cloud)[0].contact), (1, &driver()));
}

#[tokio::test]
async fn a_damaged_record_stops_the_batch_there_and_only_there() {
    let (cloud, router) = start().await;
    let good = entry(&cloud).await;
    let mut bad = facts_image(&cloud).await.into_inner();
    bad.insert("o_bad".into(), serde_dynamo::AttributeValue::M(std::collections::HashMap::new()));
    let bad = record(2, serde_dynamo::Item::default(), bad.into());
    let response = router.handle(event(vec![good, bad])).await.unwrap();
    assert_eq!(response.batch_item_failures[0].item_identifier.as_deref(), Some("420000000002"));
    assert_eq!(occupied(&cloud).await, 1, "what came before it is done");
}

#[tokio::test]
async fn when_the_counter_cannot_be_written_the_whole_batch_comes_again() {
    let (cloud, router) = start().await;
    let entry = entry(&cloud).await;
    for _ in 0..3 {
        cloud.fail_next("UpdateItem", Fault::Before);
    }
    let response = router.handle(event(vec![entry.clone()])).await.unwrap();
    assert_eq!(response.batch_item_failures[0].item_identifier.as_deref(), Some("420000000001"));
    router.handle(event(vec![entry])).await.unwrap();
    assert_eq!(occupied(&cloud).await, 1);
}

#[tokio::test]
async fn journal_entries_and_deleted_items_are_nothing_to_route() {
    let (_, router) = start().await;
    let entry = std::collections::HashMap::from([
        ("pk".to_owned(), serde_dynamo::AttributeValue::S("JD#2026-11-20#03".into())),
        ("sk".to_owned(), serde_dynamo::AttributeValue::S("lot_test#je_1".into())),
    ]);
    let records = vec![
        record(1, serde_dynamo::Item::default(), entry.clone().into()),
        record(2, entry.into(), serde_dynamo::Item::default()),
    ];
    assert!(router.handle(event(records)).await.unwrap().batch_item_failures.is_empty());
}

/// A car that came at ten, stands before the barrier of a lot at eleven, and pays there and then.
async fn pays_at_the_barrier(cloud: &Cloud, with_controller: bool) -> (Router, EventRecord) {
    let mut lot = lot_record();
    lot.lot.controller = with_controller.then(|| BarrierController {
        dialect: ControllerDialect::Amano,
        address: "http://10.20.0.5:9948".into(),
        secret_id: "baro/controllers/lot_test".into(),
        area: 20,
        barriers: BTreeMap::from([(LaneId::parse("lane_in").unwrap(), "3".into())]),
        open: Some(OpenRequest {
            resource: "openBarrier".into(),
            barrier_field: "gateNo".into(),
            fixed: BTreeMap::new(),
        }),
    });
    cloud.directory().put_lots(&[lot]).await.unwrap();
    let parking = cloud.parking();
    parking.record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    parking.record(&observation("ask", Passage::AtExit, 60), &plate(), None).await.unwrap();
    let standing = facts_image(cloud).await;
    let order = payment(&PaymentId::derive(&["p"]));
    cloud.billing().create(&order).await.unwrap();
    let (quoted_until, paid_at) = (at(60), at(61));
    let fact = PaidFact {
        payment: order.id.clone(),
        amount: Won::new(1_900),
        quoted_until,
        paid_at,
        promised_at: None,
    };
    cloud.billing().commit(&order, 1, &[], Some(&VisitFact::Paid(fact)), at(61)).await.unwrap();
    let paid = record(7, standing, facts_image(cloud).await);
    cloud.take_messages();
    cloud.forget_calls();
    (Router::new(tables(cloud), queues(cloud), "", Clock::at(at(61))), paid)
}

#[tokio::test]
async fn a_car_that_pays_before_the_barrier_has_it_raised() {
    let cloud = Cloud::start().await;
    let (router, paid) = pays_at_the_barrier(&cloud, true).await;
    router.handle(event(vec![paid.clone()])).await.unwrap();
    let sent = cloud.messages();
    assert_eq!((sent.len(), sent[0].queue.as_str()), (1, COMMANDS));
    let command: Command = serde_json::from_str(&sent[0].body).unwrap();
    assert!(matches!(&command.action, Action::Open { plate: of, .. } if *of == plate()));
    assert_eq!(sent[0].group.as_deref(), Some(command.id().as_str()));
    assert_eq!(cloud.dynamodb_calls(), ["GetItem"], "the lot, once a minute, and nothing for the command");
    router.handle(event(vec![paid])).await.unwrap();
    assert_eq!(cloud.messages()[1].deduplication, sent[0].deduplication, "told again it is the same");
}

#[tokio::test]
async fn where_no_controller_takes_commands_the_gate_s_next_read_opens() {
    let cloud = Cloud::start().await;
    let (router, paid) = pays_at_the_barrier(&cloud, false).await;
    assert!(router.handle(event(vec![paid])).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(cloud.messages(), []);
}
