//! What is counted of gates, how little that costs, and clocks that are put right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use baro_domain::{
    GateVendor, LaneId,
    health::{ClockCorrections, GateTally, LaneTally, hour_of},
};
use baro_testing::{Fault, at, gate, lot_record, plate};
use common::{House, nexpa, pay};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

async fn tally(house: &House) -> GateTally {
    let now = house.clock.now();
    let of_lot = house.cloud.activity().tallies_of(&lot_record().lot.id, hour_of(now)).await.unwrap();
    of_lot.into_values().next().unwrap_or_default()
}

async fn lane(house: &House, name: &str) -> LaneTally {
    tally(house).await.lanes.remove(&LaneId::parse(name).unwrap()).unwrap_or_default()
}

fn puts(house: &House) -> usize {
    house.cloud.dynamodb_calls().iter().filter(|call| *call == "PutItem").count()
}

/// A read by a clock that runs so many seconds ahead, delivered at once.
async fn skewed(house: &House, plate: &str, lane: &str, minutes: i64, ahead_s: i64) -> common::Said {
    house.clock.set(at(minutes));
    house.late_read(plate, lane, at(minutes) + SignedDuration::from_secs(ahead_s)).await
}

async fn set_clocks(house: &House, corrections: [(&str, i64); 1]) {
    let lanes = corrections.map(|(lane, seconds)| (LaneId::parse(lane).unwrap(), seconds));
    let known = ClockCorrections::of(lanes);
    assert!(house.cloud.directory().put_clocks(&gate(GateVendor::Nexpa).id, &known).await.unwrap());
}

#[tokio::test]
async fn a_gate_is_written_down_every_five_minutes_however_much_it_reports() {
    let house = House::nexpa().await;
    house.warm(0).await;
    for car in 0..20 {
        let plate = format!("12가{car:04}");
        house.late_read(&plate, ["1", "2", "3", "4"][car % 4], at(0)).await;
    }
    house.read("12가9998", "1", 4).await;
    assert_eq!(puts(&house), 0, "within five minutes");
    house.read("12가9999", "1", 5).await;
    assert_eq!(puts(&house), 1);
    let sum: u32 = tally(&house).await.lanes.values().map(|lane| lane.reads).sum();
    assert_eq!(sum, 23, "with what was counted before");
}

#[tokio::test]
async fn the_first_read_of_a_sandbox_is_written_with_itself_in_it() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    let entry = lane(&house, "lane_in").await;
    assert_eq!((entry.reads, entry.last_read_at), (1, Some(at(0))));
    assert_eq!(tally(&house).await.last_sign_at, Some(at(0)));
}

#[tokio::test]
async fn statistics_that_can_not_be_written_keep_no_car_waiting_and_are_written_later() {
    let house = House::nexpa().await;
    for _ in 0..3 {
        house.cloud.fail_next("PutItem", Fault::Before);
    }
    let said = house.read("12가3456", "1", 0).await;
    assert_eq!((said.status, &said.body["decision"]), (200, &json!("open")));
    assert_eq!(tally(&house).await, GateTally::default());
    house.read("34나5678", "1", 5).await;
    assert_eq!(lane(&house, "lane_in").await.reads, 2);
}

#[tokio::test]
async fn a_heartbeat_is_counted_and_no_error() {
    let house = House::of(&gate(GateVendor::Iso)).await;
    let body = br#"{"requestType":"alive"}"#;
    for _ in 0..3 {
        let said = house.report("application/json", body).await;
        assert_eq!((said.status, &said.body["decision"]), (200, &json!("ignored")));
        house.clock.advance(SignedDuration::from_secs(40));
    }
    let counted = tally(&house).await;
    assert_eq!((counted.heartbeats, counted.lanes.len(), counted.refused.len()), (3, 0, 0));
}

#[tokio::test]
async fn other_events_and_refused_reports_are_counted_by_reason_and_code() {
    let house = House::of(&gate(GateVendor::Hikvision)).await;
    house.report("application/json", b"{}").await;
    let counted = tally(&house).await;
    assert_eq!(counted.refused.values().sum::<u32>(), 1, "{counted:?}");
    assert_eq!(counted.last_sign_at, Some(house.clock.now()), "it lives, whatever it says");
    let house = House::nexpa().await;
    let mut report = nexpa("12가3456", "1", at(0));
    report["data"]["date_time"] = json!("yesterday");
    let said = house.report("application/json", report.to_string().as_bytes()).await;
    assert_eq!(said.status, 422);
    assert_eq!(tally(&house).await.refused["unparseable-time"], 1);
}

#[tokio::test]
async fn a_stranger_with_a_wrong_secret_is_no_sign_of_life() {
    let house = House::nexpa().await;
    let body = nexpa("12가3456", "1", at(0)).to_string();
    let said = house.post("events", &[("x-gate-secret", "guess")], body.as_bytes()).await;
    assert_eq!(said.status, 401);
    assert_eq!(tally(&house).await, GateTally::default());
}

#[tokio::test]
async fn a_car_that_is_read_again_while_it_waits_is_one_car() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    for seconds in [4, 8, 12] {
        house.clock.set(at(45) + SignedDuration::from_secs(seconds));
        house.late_read("12가3456", "2", house.clock.now()).await;
    }
    house.read("99하9999", "1", 51).await;
    let exit = lane(&house, "lane_ask").await;
    assert_eq!((exit.reads, exit.repeats, exit.by_plate), (1, 2, 1));
}

#[tokio::test]
async fn an_exit_is_counted_by_how_its_car_was_known() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    house.read("34나5678", "1", 1).await;
    house.read("34나5678", "2", 20).await;
    house.read("12가3458", "2", 21).await;
    house.read("77호0001", "2", 22).await;
    house.read("", "2", 23).await;
    house.read("99하9999", "1", 29).await;
    let exit = lane(&house, "lane_ask").await;
    assert_eq!((exit.by_plate, exit.by_similarity, exit.unmatched), (1, 1, 2));
    assert_eq!((exit.reads, exit.unread), (4, 1));
}

#[tokio::test]
async fn what_was_kept_while_offline_is_counted_apart() {
    let house = House::nexpa().await;
    house.clock.set(at(30));
    let kept = json!([nexpa("12가3456", "1", at(0)), {"command": "alert_incar"}]);
    house.post("backlog", &[("x-gate-secret", "secret")], kept.to_string().as_bytes()).await;
    let entry = lane(&house, "lane_in").await;
    assert_eq!((entry.reads, entry.late, entry.last_read_at), (0, 1, None));
    assert_eq!(entry.delays.count(), 0, "nothing of the clock is seen from what came late");
    let counted = tally(&house).await;
    assert_eq!((counted.refused.values().sum::<u32>(), counted.last_sign_at), (1, Some(at(30))));
}

#[tokio::test]
async fn the_hour_before_is_written_too_once_its_gate_reports_again() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 57).await;
    house.read("34나5678", "1", 58).await;
    house.read("56다7890", "1", 60).await;
    house.read("78라9012", "1", 62).await;
    let activity = house.cloud.activity();
    let hour = |at| activity.tallies(hour_of(at));
    let reads = |tallies: baro_store::GateTallies| -> u32 {
        tallies.values().flat_map(|tally| tally.lanes.values()).map(|lane| lane.reads).sum()
    };
    assert_eq!(reads(hour(at(58)).await.unwrap()), 2);
    assert_eq!(reads(hour(at(60)).await.unwrap()), 1, "its own five minutes are not over");
}

#[tokio::test]
async fn a_clock_ahead_at_the_entry_makes_no_exit_before_it() {
    let house = House::nexpa().await;
    set_clocks(&house, [("lane_in", -90)]).await;
    house.warm(0).await;
    let entry = skewed(&house, "12가3456", "1", 0, 90).await;
    assert_eq!(house.cloud.dynamodb_calls(), ["UpdateItem"], "the clock comes with the gate");
    house.clock.set(at(1));
    let asked = house.late_read("12가3456", "2", at(1)).await;
    assert_eq!((&asked.body["decision"], &asked.body["visit"]), (&json!("amount_due"), &entry.body["visit"]));
    let facts = house.cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap();
    let entered = facts.observations.iter().find(|read| read.observed_at == at(0)).unwrap();
    assert_eq!(entered.clock_time(), at(0) + SignedDuration::from_secs(90), "what it said is kept");
}

#[tokio::test]
async fn without_its_correction_the_same_car_is_a_stranger_at_the_exit() {
    let house = House::nexpa().await;
    skewed(&house, "12가3456", "1", 0, 90).await;
    house.clock.set(at(1));
    let asked = house.late_read("12가3456", "2", at(1)).await;
    assert_eq!(asked.body["decision"], "ask_operator");
}

#[tokio::test]
async fn a_clock_three_minutes_behind_opens_the_barrier_once_it_is_corrected() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    pay(&house, &plate(), 400, 8).await;
    let stale = skewed(&house, "12가3456", "2", 9, -180).await;
    assert_eq!(stale.body["reason"], "stale_read");
    set_clocks(&house, [("lane_ask", 180)]).await;
    let opened = skewed(&house, "12가3456", "2", 11, -180).await;
    assert_eq!(opened.body["decision"], "open", "{:?}", opened.body);
}

#[tokio::test]
async fn a_resend_corrected_by_another_estimate_is_the_same_fact_and_gets_the_same_answer() {
    let house = House::nexpa().await;
    house.read("12가3456", "1", 0).await;
    set_clocks(&house, [("lane_ask", -90)]).await;
    let seen: Timestamp = at(20) + SignedDuration::from_secs(120);
    house.clock.set(at(20) + SignedDuration::from_secs(30));
    let first = house.late_read("12가3456", "2", seen).await;
    set_clocks(&house, [("lane_ask", -30)]).await;
    house.clock.advance(SignedDuration::from_secs(65));
    let again = house.late_read("12가3456", "2", seen).await;
    assert_eq!(first.body, again.body);
    assert_eq!(house.reads_of("12가3456").await, 2);
}

#[tokio::test]
async fn what_was_kept_while_offline_is_corrected_too() {
    let house = House::nexpa().await;
    set_clocks(&house, [("lane_in", -90)]).await;
    house.clock.set(at(30));
    let kept = json!([nexpa("12가3456", "1", at(1) + SignedDuration::from_secs(30))]);
    house.post("backlog", &[("x-gate-secret", "secret")], kept.to_string().as_bytes()).await;
    let message: serde_json::Value = serde_json::from_str(&house.cloud.messages()[0].body).unwrap();
    let seen: Timestamp = message["observation"]["observedAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(seen, at(1) - SignedDuration::from_secs(60));
}
