//! Statistics of gates from several writers, and what is known of their clocks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    GateId, GateVendor, LaneId, LotId,
    health::{ClockCorrections, GateHealth, GateTally, hour_of},
};
use baro_store::{KnownHealth, TallyWrite};
use baro_testing::{Cloud, Fault, at, gate, lot_record};

fn write(gate: &str, reads: u32) -> TallyWrite {
    let mut tally = GateTally { heartbeats: 1, ..GateTally::default() };
    tally.lane(&LaneId::parse("lane_in").unwrap()).reads = reads;
    let gate = GateId::parse(gate).unwrap();
    TallyWrite { lot: lot_record().lot.id, gate, hour: hour_of(at(0)), tally }
}

async fn reads(cloud: &Cloud, gate: &str) -> u32 {
    let key = (lot_record().lot.id, GateId::parse(gate).unwrap());
    let tallies = cloud.activity().tallies(hour_of(at(0))).await.unwrap();
    tallies.get(&key).map_or(0, |tally| tally.lanes.values().map(|lane| lane.reads).sum())
}

#[tokio::test]
async fn an_hour_is_the_sum_of_its_writers_however_often_each_writes() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    for (writer, counted) in [("a", 3), ("b", 10), ("a", 5), ("a", 5)] {
        activity.put_tally(writer, &write("gate_1", counted), at(0)).await.unwrap();
    }
    activity.put_tally("a", &write("gate_2", 7), at(0)).await.unwrap();
    assert_eq!((reads(&cloud, "gate_1").await, reads(&cloud, "gate_2").await), (15, 7));
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_counts_once() {
    let cloud = Cloud::start().await;
    cloud.fail_next("PutItem", Fault::After);
    cloud.activity().put_tally("a", &write("gate_1", 3), at(0)).await.unwrap();
    assert_eq!(reads(&cloud, "gate_1").await, 3);
}

#[tokio::test]
async fn a_gate_of_four_busy_lanes_is_written_with_one_unit() {
    let cloud = Cloud::start().await;
    let mut busy = write("gate_0123456789abcdef0123", 240);
    busy.tally.last_sign_at = Some(at(0) + jiff::SignedDuration::from_micros(123_456));
    for lane in 0..4 {
        let last_sign_at = busy.tally.last_sign_at;
        let lane = busy.tally.lane(&LaneId::parse(format!("lane_0123456789abcdef{lane:04}")).unwrap());
        (lane.reads, lane.repeats, lane.rated, lane.unsure, lane.unread) = (240, 60, 230, 20, 10);
        (lane.by_plate, lane.by_similarity, lane.unmatched) = (220, 4, 16);
        lane.last_read_at = last_sign_at;
        (100..240).for_each(|delay| lane.delays.add(jiff::SignedDuration::from_millis(delay)));
    }
    cloud.forget_calls();
    cloud.activity().put_tally(&"w".repeat(32), &busy, at(0)).await.unwrap();
    assert_eq!(cloud.calls()[0].write_units_x10, 10);
}

#[tokio::test]
async fn a_lots_gates_are_read_with_one_request() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let other = TallyWrite { lot: LotId::parse("lot_test2").unwrap(), ..write("gate_3", 9) };
    activity.put_tally("a", &write("gate_1", 3), at(0)).await.unwrap();
    activity.put_tally("a", &other, at(0)).await.unwrap();
    cloud.forget_calls();
    let own = activity.tallies_of(&lot_record().lot.id, hour_of(at(0))).await.unwrap();
    assert_eq!((own.len(), cloud.dynamodb_calls()), (1, vec!["Query".to_owned()]));
}

#[tokio::test]
async fn of_two_runs_that_know_the_same_gate_one_writes() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let health = GateHealth::new(lot_record().lot.id, GateId::parse("gate_1").unwrap(), at(0));
    let known = KnownHealth { health, revision: 0 };
    assert!(activity.put_gate_health(&known, &[], at(0)).await.unwrap());
    assert!(!activity.put_gate_health(&known, &[], at(0)).await.unwrap());
    let mut read = activity.gate_healths().await.unwrap().pop().unwrap();
    assert_eq!((&read.health, read.revision), (&known.health, 1));
    read.health.last_sign_at = at(1);
    assert!(activity.put_gate_health(&read, &[], at(1)).await.unwrap());
    assert_eq!(activity.gate_healths_of(&lot_record().lot.id).await.unwrap()[0].health, read.health);
    activity.forget_gate(&read.health.lot, &read.health.gate).await.unwrap();
    assert_eq!(activity.gate_healths().await.unwrap(), []);
}

#[tokio::test]
async fn a_gate_that_is_configured_anew_keeps_what_is_known_of_its_clocks() {
    let cloud = Cloud::start().await;
    let directory = cloud.directory();
    let mut configured = gate(GateVendor::Nexpa);
    let clocks = ClockCorrections::of([(LaneId::parse("lane_in").unwrap(), -90)]);
    assert!(!directory.put_clocks(&configured.id, &clocks).await.unwrap(), "there is no such gate");
    assert_eq!(directory.gate(&configured.id).await.unwrap(), None);
    directory.put_gate(&configured).await.unwrap();
    directory.put_clocks(&configured.id, &clocks).await.unwrap();
    configured.lanes.pop();
    directory.put_gate(&configured).await.unwrap();
    let record = directory.gate(&configured.id).await.unwrap().unwrap();
    assert_eq!((record.gate, record.clocks), (configured, clocks));
}
