//! Clocks that are wrong by more than is corrected: no car is lost for them, and people are told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod common;

use std::collections::BTreeMap;

use baro_domain::{
    GateVendor, LaneId, PlateNumber,
    health::{ClockCorrections, GateHealth, HealthEvent, hour_of},
};
use baro_testing::{at, gate, lot_record};
use common::{House, Said, pay};
use jiff::SignedDuration;
use serde_json::json;

const DAY_S: i64 = 86_400;

impl House {
    /// A read by a clock that runs so many seconds ahead, sent `late_s` after it was taken.
    async fn skewed(&self, plate: &str, lane: &str, minutes: i64, ahead_s: i64, late_s: i64) -> Said {
        self.clock.set(at(minutes) + SignedDuration::from_secs(late_s));
        self.late_read(plate, lane, at(minutes) + SignedDuration::from_secs(ahead_s)).await
    }

    async fn flag(&self, lane: &str, delay_s: i64) {
        let flagged = ClockCorrections::default().flagging([(LaneId::parse(lane).unwrap(), delay_s)]);
        assert!(self.cloud.directory().put_clocks(&gate(GateVendor::Nexpa).id, &flagged).await.unwrap());
    }
}

#[tokio::test]
async fn a_stay_by_a_clock_a_day_ahead_is_priced_by_when_its_reads_came() {
    let house = House::nexpa().await;
    let entry = house.skewed("12가3456", "1", 0, DAY_S, 0).await;
    assert_eq!((entry.status, &entry.body["decision"]), (200, &json!("open")));
    // An hour: 400 for the first ten minutes, 300 for each of five more tens.
    let asked = house.skewed("12가3456", "2", 60, DAY_S, 0).await;
    assert_eq!((&asked.body["decision"], &asked.body["amountDue"]), (&json!("amount_due"), &json!(1_900)));
    assert_eq!(asked.body["visit"], entry.body["visit"]);
    pay(&house, &PlateNumber::parse("12가3456"), 1_900, 60).await;
    assert_eq!(house.skewed("12가3456", "2", 61, DAY_S, 0).await.body["decision"], "open");
    let facts = house.cloud.parking().facts(&lot_record().lot.id, &PlateNumber::parse("12가3456")).await;
    let facts = facts.unwrap();
    let entered = facts.observations.iter().find(|read| read.observed_at == at(0)).unwrap();
    assert_eq!(entered.reported_at, Some(at(0) + SignedDuration::from_secs(DAY_S)), "what it said is kept");
}

#[tokio::test]
async fn a_resend_after_a_lost_answer_keeps_the_time_of_the_first_delivery() {
    let house = House::nexpa().await;
    house.skewed("12가3456", "1", 0, DAY_S, 0).await;
    let first = house.skewed("12가3456", "2", 20, DAY_S, 0).await;
    let again = house.skewed("12가3456", "2", 20, DAY_S, 65).await;
    assert_eq!(first.body, again.body);
    assert_eq!(house.reads_of("12가3456").await, 2);
    let late = house.skewed("12가3456", "2", 20, DAY_S, 121).await;
    assert_eq!(late.body["reason"], "stale_read", "it opens for nobody else");
}

#[tokio::test]
async fn a_clock_a_day_ahead_is_seen_by_what_is_counted() {
    let house = House::nexpa().await;
    for minute in 0..=10 {
        house.skewed(&format!("12가{minute:04}"), "1", minute, DAY_S, 0).await;
    }
    let (lot, now) = (lot_record().lot.id, house.clock.now());
    let counted = house.cloud.activity().tallies_of(&lot, hour_of(now)).await.unwrap();
    let ((_, id), tally) = counted.into_iter().next().unwrap();
    let news = GateHealth::new(lot, id, now).advance(&BTreeMap::from([(hour_of(now), tally)]), now);
    assert!(
        matches!(news.events[..], [HealthEvent::ClockBeyond { ahead_s: DAY_S, .. }]),
        "{:?}",
        news.events
    );
}

#[tokio::test]
async fn a_clock_ten_minutes_behind_opens_once_it_is_known() {
    let house = House::nexpa().await;
    let stale = house.skewed("12가3456", "1", 0, -600, 0).await;
    assert_eq!(stale.body["reason"], "stale_read", "ten minutes late, as far as anybody knows");
    house.flag("lane_in", 600).await;
    // What a warm function knows of the gate is a minute old at most.
    let entry = house.skewed("34나5678", "1", 2, -600, 1).await;
    assert_eq!(entry.body["decision"], "open", "{:?}", entry.body);
    let asked = house.skewed("34나5678", "2", 62, 0, 1).await;
    assert_eq!((&asked.body["amountDue"], &asked.body["visit"]), (&json!(1_900), &entry.body["visit"]));
}

#[tokio::test]
async fn a_read_that_comes_late_from_a_clock_behind_opens_nothing() {
    let house = House::nexpa().await;
    house.flag("lane_in", 600).await;
    let late = house.skewed("12가3456", "1", 2, -600, 150).await;
    assert_eq!(late.body["reason"], "stale_read");
}
