//! Counters held against the open visits: right, drifted, busy, missing, and out of reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{LotId, Passage, PlateNumber, occupancy::Recount};
use baro_recount::{Asked, RecountError, Recounter, Summary};
use baro_runtime::Clock;
use baro_store::{LotRecord, OccupancyChange};
use baro_testing::{Cloud, Fault, PARKING, at, large_lot_record, lot_record, observation};

struct Hour {
    cloud: Cloud,
    recounter: Recounter,
}

impl Hour {
    /// These lots at eleven, and so many cars in the first since ten.
    async fn of(lots: &[LotRecord], cars: u32) -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_lots(lots).await.unwrap();
        for car in 0..cars {
            let read = observation(&format!("in{car}"), Passage::Entered, 0);
            let plate = PlateNumber::parse(&format!("12가{:04}", 1_000 + car));
            cloud.parking().record(&read, &plate, None).await.unwrap();
        }
        let clock = Clock::at(at(60));
        let recounter = Recounter::new(cloud.directory(), cloud.parking(), cloud.activity(), clock);
        cloud.forget_calls();
        Self { cloud, recounter }
    }

    /// The counter counted so many cars, at that minute.
    async fn counted(&self, lot: &LotId, cars: i32, minutes: i64) {
        let change = OccupancyChange { sequence: "421".into(), delta: cars };
        self.cloud.activity().count_occupancy(lot, &[change], at(minutes)).await.unwrap();
        self.cloud.forget_calls();
    }

    async fn marker(&self, lot: &LotId) -> Option<Recount> {
        let image = self.cloud.image(PARKING, lot.as_str(), "RECOUNT").await.into_inner();
        let serde_json::Value::String(doc) = serde_json::to_value(image.get("doc")?).unwrap()["S"].clone()
        else {
            panic!("no document");
        };
        Some(serde_json::from_str(&doc).unwrap())
    }

    async fn run(&self) -> (usize, usize, usize) {
        let Summary { right, busy, marked } = self.recounter.run(Asked {}).await.unwrap();
        (right, busy, marked)
    }
}

fn event() -> Asked {
    serde_json::from_str(include_str!("../../../events/recount/hourly.json")).unwrap()
}

#[tokio::test]
async fn a_counter_that_is_right_is_left_alone_for_two_reads() {
    let record = large_lot_record();
    let hour = Hour::of(std::slice::from_ref(&record), 3).await;
    hour.counted(&record.lot.id, 3, 50).await;
    assert_eq!(hour.recounter.run(event()).await.unwrap(), Summary { right: 1, ..Summary::default() });
    assert_eq!(hour.cloud.dynamodb_calls(), ["Scan", "GetItem", "Query"]);
    assert_eq!(hour.marker(&record.lot.id).await, None);
}

#[tokio::test]
async fn a_counter_that_has_drifted_is_marked_with_what_was_counted_and_with_its_own_newest_change() {
    let record = large_lot_record();
    let hour = Hour::of(std::slice::from_ref(&record), 3).await;
    hour.counted(&record.lot.id, 5, 50).await;
    assert_eq!(hour.run().await, (0, 0, 1));
    let marker = hour.marker(&record.lot.id).await.unwrap();
    assert_eq!((marker.occupied, marker.counted_at), (3, at(60)));
    let counter = hour.cloud.activity().visit_counter(&record.lot.id).await.unwrap().unwrap();
    assert_eq!((marker.after, counter.count.occupied), (Some(counter.newest), 5), "only the stream moves it");
}

#[tokio::test]
async fn an_empty_lot_heals_too_and_one_whose_place_is_not_known() {
    let mut record = large_lot_record();
    record.lot.position = None;
    let hour = Hour::of(std::slice::from_ref(&record), 0).await;
    hour.counted(&record.lot.id, 2, 50).await;
    assert_eq!(hour.run().await, (0, 0, 1));
    assert_eq!(hour.marker(&record.lot.id).await.unwrap().occupied, 0);
}

#[tokio::test]
async fn cars_that_stood_in_the_lot_before_it_was_counted_are_found() {
    let record = large_lot_record();
    let hour = Hour::of(std::slice::from_ref(&record), 4).await;
    assert_eq!(hour.run().await, (0, 0, 1));
    let marker = hour.marker(&record.lot.id).await.unwrap();
    assert_eq!((marker.after, marker.occupied), (None, 4));
}

#[tokio::test]
async fn a_counter_that_moved_a_moment_ago_is_left_for_the_next_hour() {
    let record = large_lot_record();
    let hour = Hour::of(std::slice::from_ref(&record), 3).await;
    hour.counted(&record.lot.id, 5, 60).await;
    assert_eq!(hour.run().await, (0, 1, 0));
    assert_eq!(hour.cloud.dynamodb_calls(), ["Scan", "GetItem"]);
}

#[tokio::test]
async fn lots_without_a_counter_are_not_counted() {
    let hour = Hour::of(&[lot_record()], 3).await;
    assert_eq!(hour.run().await, (0, 0, 0));
    assert_eq!(hour.cloud.dynamodb_calls(), ["Scan"]);
}

#[tokio::test]
async fn one_lot_that_can_not_be_counted_stops_no_other_and_the_run_is_repeated() {
    let mut other = large_lot_record();
    other.lot.id = "lot_other".parse().unwrap();
    let hour = Hour::of(&[large_lot_record(), other], 3).await;
    for _ in 0..3 {
        hour.cloud.fail_next("PutItem", Fault::Before);
    }
    assert!(matches!(hour.recounter.run(Asked {}).await, Err(RecountError::Lots(1))));
    assert_eq!(hour.run().await, (0, 0, 2));
}
