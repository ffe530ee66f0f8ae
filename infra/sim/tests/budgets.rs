//! The budget of requests of each use case, as architecture.md sets it, against the functions as they are.
#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]
#![allow(clippy::print_stdout, reason = "the table is what this test is for")]

use baro_domain::{GateVendor, PaymentId};
use baro_sim::world::{BACKLOG_QUEUE, Post, Ran, Said, World, sqs_event};
use baro_testing::{at, gate, lot_record};
use serde_json::json;

/// A use case, what is done in it, and the operations on DynamoDB that it may cost.
const BUDGETS: [(&str, &[&str]); 10] = [
    ("entry", &["UpdateItem"]),
    ("exit approach", &["UpdateItem"]),
    ("exit passage", &["UpdateItem"]),
    ("webhook", &[]),
    ("resend", &["UpdateItem"]),
    ("near match", &["UpdateItem", "Query", "UpdateItem"]),
    ("exit without entry", &["UpdateItem", "Query"]),
    ("late entry", &["UpdateItem", "UpdateItem"]),
    ("backlog report", &[]),
    ("backlog read", &["UpdateItem"]),
];

fn nexpa(plate: &str, lane: &str, minutes: i64) -> serde_json::Value {
    let local = at(minutes).in_tz("Asia/Seoul").unwrap().strftime("%Y%m%d%H%M%S").to_string();
    let command = if lane == "1" { "alert_incar" } else { "alert_outcar" };
    json!({"command": command, "data": {"car_number": plate, "date_time": local, "lprID": lane}})
}

async fn send(world: &mut World, route: &'static str, body: String) -> Said {
    let (gate, content_type) = ("gate_test".to_owned(), "application/json".to_owned());
    match world.post(&Post { gate, route, content_type, path: None, body }).await {
        Ran::Answered(said) => said,
        Ran::Died => panic!("no fault was planned"),
    }
}

async fn read(world: &mut World, plate: &str, lane: &str, minutes: i64) -> serde_json::Value {
    let said = send(world, "events", nexpa(plate, lane, minutes).to_string()).await;
    assert_eq!(said.status, 200, "{}", said.body);
    said.body
}

/// Moves the clock, and lets the function load what it keeps for a minute, as it has under any traffic.
async fn warm(world: &mut World, minutes: i64) {
    world.clock.set(at(minutes));
    read(world, "99하9999", "1", minutes).await;
    world.cloud.forget_calls();
}

/// Does one use case; what came before it is not counted.
async fn perform(world: &mut World, case: &str) {
    let plate = "12가3456";
    if ["exit approach", "exit passage", "resend", "near match"].contains(&case) {
        warm(world, 0).await;
        read(world, plate, "1", 0).await;
    }
    warm(world, 5).await;
    match case {
        "entry" => assert_eq!(read(world, plate, "1", 5).await["reason"], "entered"),
        "exit approach" => assert_eq!(read(world, plate, "2", 5).await["reason"], "not_paid"),
        "exit passage" => assert_eq!(read(world, plate, "3", 5).await["reason"], "left"),
        "resend" => assert_eq!(read(world, plate, "1", 0).await["reason"], "stale_read"),
        "near match" => assert_eq!(read(world, "12가3458", "2", 5).await["reason"], "matched_by_similarity"),
        "exit without entry" => assert_eq!(read(world, plate, "2", 5).await["reason"], "no_visit"),
        "late entry" => {
            read(world, plate, "3", 5).await;
            world.cloud.forget_calls();
            assert_eq!(read(world, plate, "1", 1).await["reason"], "stale_read");
        }
        "webhook" => {
            let said = world.webhook(&PaymentId::derive(&["p"])).await;
            assert!(matches!(said, Ran::Answered(Said { status: 200, .. })), "{said:?}");
        }
        "backlog report" | "backlog read" => backlog(world, case == "backlog read").await,
        _ => panic!("{case} is not played"),
    }
}

/// Two kept reads; filed with the function warm, the second is the one counted.
async fn backlog(world: &mut World, filed: bool) {
    let kept = json!([nexpa("77나7777", "1", 1), nexpa("12가3456", "1", 2)]);
    assert_eq!(send(world, "backlog", kept.to_string()).await.status, 202);
    let messages = world.cloud.take_messages();
    assert!(messages.len() == 2 && messages.iter().all(|message| message.queue == BACKLOG_QUEUE));
    if filed {
        for message in messages {
            world.cloud.forget_calls();
            let event = sqs_event([("m".to_owned(), message.body, message.group)]);
            assert_eq!(world.backlog(event).await, Ran::Answered(Vec::new()));
        }
    }
}

/// What a use case costs.
async fn cost(case: &str) -> Vec<String> {
    let mut world = World::start(&[lot_record()], &[gate(GateVendor::Nexpa)], at(0)).await;
    perform(&mut world, case).await;
    world.cloud.dynamodb_calls()
}

#[test]
fn every_use_case_keeps_its_budget_of_requests() {
    let mut exceeded = Vec::new();
    println!("| use case | DynamoDB requests | operations |\n|---|---|---|");
    for (case, budget) in BUDGETS {
        let calls = baro_sim::played(|| cost(case));
        println!("| {case} | {} | {} |", calls.len(), calls.join(", "));
        if calls != budget {
            exceeded.push((case, calls));
        }
    }
    assert!(exceeded.is_empty(), "{exceeded:?}");
}
