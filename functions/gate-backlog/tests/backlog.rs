//! Kept reads become the facts they would have been, in any order and however often they come.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use aws_lambda_events::sqs::SqsEvent;
use baro_domain::{
    GateVendor, Passage, PlateNumber,
    visit::{Ended, Visit, VisitStatus, fold},
};
use baro_gate_backlog::GateBacklog;
use baro_gates::{
    GateRequest, adapt_backlog,
    passages::{BacklogMessage, Passages},
};
use baro_runtime::Clock;
use baro_store::RawBody;
use baro_testing::{Cloud, Fault, at, gate, lot_record, observation};
use serde_json::{Value, json};

async fn start() -> (Cloud, GateBacklog) {
    let cloud = Cloud::start().await;
    cloud.directory().put_lots(&[lot_record()]).await.unwrap();
    let passages = Passages::new(cloud.parking(), cloud.directory());
    cloud.forget_calls();
    (cloud, GateBacklog::new(passages, Clock::at(at(300))))
}

fn sample() -> Value {
    serde_json::from_str(include_str!("../../../events/gate-backlog/exit-before-entry.json")).unwrap()
}

/// A batch of these messages, as the queue hands it out.
fn batch(messages: &[BacklogMessage]) -> Value {
    let mut event = sample();
    let record = event["Records"][0].clone();
    let records = messages.iter().enumerate().map(|(index, message)| {
        let mut record = record.clone();
        record["messageId"] = json!(format!("message-{index}"));
        record["body"] = json!(serde_json::to_string(message).unwrap());
        record["attributes"]["MessageGroupId"] = json!(message.group());
        record
    });
    event["Records"] = records.collect();
    event
}

async fn hand_out(backlog: &GateBacklog, event: &Value) -> Vec<String> {
    let event: SqsEvent = serde_json::from_value(event.clone()).unwrap();
    let response = backlog.handle(event).await.unwrap();
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

async fn visits(cloud: &Cloud, plate: &str) -> Vec<Visit> {
    let lot = lot_record().priced().unwrap();
    let facts = cloud.parking().facts(&lot.lot.id, &PlateNumber::parse(plate)).await.unwrap();
    fold(&lot.context(), &facts).visits
}

async fn open(cloud: &Cloud) -> usize {
    cloud.parking().open_plates(&lot_record().lot.id).await.unwrap().len()
}

/// What the gate's sample backlog puts on the queue.
fn kept_reads() -> Vec<BacklogMessage> {
    let body = include_bytes!("../../../events/gates/nexpa/backlog.json");
    let request =
        GateRequest { path_hint: None, content_type: Some("application/json"), charset: None, body };
    let entries = adapt_backlog(&gate(GateVendor::Nexpa), &request, at(271)).unwrap();
    let reads = entries.into_iter().flatten().flat_map(|report| report.observations);
    reads.map(|observation| BacklogMessage { observation, raw_key: "gates/backlog/b".into() }).collect()
}

#[tokio::test]
async fn an_exit_before_its_entry_ends_in_the_same_visit() {
    let (cloud, backlog) = start().await;
    assert_eq!(hand_out(&backlog, &sample()).await, [""; 0]);
    let visits = visits(&cloud, "34다7788").await;
    assert_eq!(visits.len(), 1);
    assert!(matches!(visits[0].status, VisitStatus::Over { ended: Ended::SeenLeaving, .. }));
    assert_eq!(open(&cloud).await, 0, "the list of open plates is put right");
}

#[tokio::test]
async fn a_batch_that_comes_again_changes_nothing() {
    let (cloud, backlog) = start().await;
    let event = batch(&kept_reads());
    hand_out(&backlog, &event).await;
    let before = (visits(&cloud, "34다7788").await, visits(&cloud, "서울70바1234").await, open(&cloud).await);
    hand_out(&backlog, &event).await;
    let after = (visits(&cloud, "34다7788").await, visits(&cloud, "서울70바1234").await, open(&cloud).await);
    assert_eq!(before, after);
    assert_eq!(before.0.len(), 1);
}

#[tokio::test]
async fn each_kept_read_costs_one_request_and_points_to_its_body() {
    let (cloud, backlog) = start().await;
    let reads = kept_reads();
    hand_out(&backlog, &batch(&reads)).await;
    let mut calls = cloud.dynamodb_calls();
    calls.sort();
    calls.dedup();
    assert_eq!(calls, ["GetItem", "UpdateItem"]);
    let updates = cloud.dynamodb_calls().iter().filter(|call| *call == "UpdateItem").count();
    assert_eq!(updates, reads.len());
    let raw =
        cloud.parking().raw_bodies(&lot_record().lot.id, &PlateNumber::parse("34다7788")).await.unwrap();
    assert!(raw.iter().all(|(_, body)| *body == RawBody::Stored("gates/backlog/b".into())));
}

#[tokio::test]
async fn a_message_that_does_not_read_fails_alone() {
    let (cloud, backlog) = start().await;
    let mut event = batch(&kept_reads());
    event["Records"][2]["body"] = json!("{\"observation\":");
    assert_eq!(hand_out(&backlog, &event).await, ["message-2"]);
    assert_eq!(visits(&cloud, "34다7788").await.len(), 1);
}

#[tokio::test]
async fn a_read_at_an_unknown_lot_is_kept_and_comes_again() {
    let (cloud, backlog) = start().await;
    let mut reads = kept_reads();
    reads.truncate(1);
    reads[0].observation.lot = baro_domain::LotId::parse("lot_new").unwrap();
    assert_eq!(hand_out(&backlog, &batch(&reads)).await, ["message-0"]);
    let lot = reads[0].observation.lot.clone();
    let facts = cloud.parking().facts(&lot, &reads[0].observation.plate).await.unwrap();
    assert_eq!(facts.observations.len(), 1);
}

#[tokio::test]
async fn a_list_that_could_not_be_put_right_is_put_right_when_the_message_comes_again() {
    let (cloud, backlog) = start().await;
    let event = sample();
    hand_out(&backlog, &json!({"Records": [event["Records"][0]]})).await;
    let entry = json!({"Records": [event["Records"][1]]});
    cloud.fail_next("UpdateItem", Fault::After);
    for _ in 0..3 {
        cloud.fail_next("UpdateItem", Fault::Before);
    }
    // The read is filed, its answer lost; the next tries are refused: nobody knows here that it was filed.
    assert_eq!(hand_out(&backlog, &entry).await, ["00000000-0000-4000-8000-000000000002"]);
    assert_eq!(open(&cloud).await, 1);
    // One of the three is left over: the SDK tries again.
    assert_eq!(hand_out(&backlog, &entry).await, [""; 0]);
    assert_eq!(open(&cloud).await, 0);
    assert_eq!(visits(&cloud, "34다7788").await.len(), 1);
}

/// A stay with each of its reads, and the next one begun.
fn day_of(plate: &str) -> Vec<BacklogMessage> {
    let reads = [(Passage::Entered, 0), (Passage::AtExit, 60), (Passage::Left, 61), (Passage::Entered, 120)];
    let message = |(passage, minutes): (Passage, i64)| {
        let mut observation = observation(&format!("{plate} {minutes}"), passage, minutes);
        observation.plate = PlateNumber::parse(plate);
        BacklogMessage { observation, raw_key: "gates/backlog/b".into() }
    };
    reads.into_iter().map(message).collect()
}

#[tokio::test]
async fn every_order_of_a_days_reads_ends_in_the_same_visits_and_the_same_list() {
    let (cloud, backlog) = start().await;
    for order in 0..24_usize {
        let plate = format!("12가{:04}", order * 111);
        let mut left = day_of(&plate);
        let (mut rest, mut sorted) = (order, Vec::new());
        while !left.is_empty() {
            sorted.push(left.remove(rest % left.len()));
            rest /= left.len() + 1;
        }
        // The first comes once more at the end, as a controller sends that heard no answer.
        sorted.push(sorted[0].clone());
        assert_eq!(hand_out(&backlog, &batch(&sorted)).await, [""; 0]);
        let visits = visits(&cloud, &plate).await;
        assert_eq!(visits.len(), 2, "order {order}");
        let over = VisitStatus::Over { left_at: at(61), ended: Ended::SeenLeaving };
        assert_eq!((visits[0].status, visits[1].status), (over, VisitStatus::Inside), "order {order}");
        assert_eq!(open(&cloud).await, order + 1, "order {order}");
    }
}
