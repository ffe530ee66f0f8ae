//! A counter that has drifted heals in the stream's own order, and no change under way is counted twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use aws_lambda_events::dynamodb::{Event, EventRecord};
use baro_domain::{LotId, Passage, PlateNumber, occupancy::Recount};
use baro_runtime::Clock;
use baro_store::OccupancyChange;
use baro_stream_router::{Queues, Router, Tables};
use baro_testing::{Cloud, PARKING, at, large_lot_record, observation};
use serde_json::json;

struct Lot {
    cloud: Cloud,
    router: Router,
    records: u32,
}

fn lot() -> LotId {
    large_lot_record().lot.id
}

fn plate(car: u32) -> PlateNumber {
    PlateNumber::parse(&format!("12가{:04}", 3_000 + car))
}

impl Lot {
    /// Two cars came and were counted; then the counter drifted by three.
    async fn drifted() -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_lots(&[large_lot_record()]).await.unwrap();
        let tables = Tables {
            directory: cloud.directory(),
            activity: cloud.activity(),
            parking: cloud.parking(),
            tasks: cloud.tasks(),
            billing: cloud.billing(),
        };
        let router = Router::new(
            tables,
            Queues::new(&cloud.aws, "notices", "commands", "payments"),
            "",
            Clock::at(at(1)),
        );
        let mut lot = Self { cloud, router, records: 0 };
        let both = vec![lot.comes(1).await, lot.comes(2).await];
        lot.route(both).await;
        let drift = OccupancyChange { sequence: "420000000003".into(), delta: 3 };
        lot.cloud.activity().count_occupancy(&self::lot(), &[drift], at(1)).await.unwrap();
        lot.records = 3;
        assert_eq!(lot.occupied().await, 5);
        lot
    }

    async fn image(&self, sk: &str) -> serde_dynamo::Item {
        self.cloud.image(PARKING, lot().as_str(), sk).await
    }

    async fn record(&mut self, sk: &str, old: serde_dynamo::Item) -> EventRecord {
        self.records += 1;
        let mut record: EventRecord = serde_json::from_value(json!({
            "awsRegion": "ap-northeast-2", "eventID": self.records.to_string(), "eventName": "MODIFY", "eventSource": "aws:dynamodb",
            "eventSourceARN": "arn:aws:dynamodb:ap-northeast-2:000000000000:table/t/stream/s",
            "dynamodb": {"Keys": {}, "NewImage": {}, "SequenceNumber": format!("42{:010}", self.records), "SizeBytes": 1, "ApproximateCreationDateTime": 1}
        }))
        .unwrap();
        (record.change.old_image, record.change.new_image) = (old, self.image(sk).await);
        record
    }

    async fn read(&mut self, car: u32, passage: Passage) -> EventRecord {
        let sk = format!("P#{}", plate(car).as_str());
        let old = self.image(&sk).await;
        let mut read = observation(&format!("{passage:?}{car}"), passage, i64::from(car));
        read.plate = plate(car);
        self.cloud.parking().record(&read, &read.plate, None).await.unwrap();
        self.record(&sk, old).await
    }

    async fn comes(&mut self, car: u32) -> EventRecord {
        self.read(car, Passage::Entered).await
    }

    /// Reads the counter as the recount does, before it counts.
    async fn counter(&self) -> Option<baro_domain::occupancy::VisitCounter> {
        self.cloud.activity().visit_counter(&lot()).await.unwrap()
    }

    /// Counts after that, and puts the marker.
    async fn marks(&mut self, before: Option<baro_domain::occupancy::VisitCounter>) -> EventRecord {
        let open = self.cloud.parking().count_open(&lot()).await.unwrap();
        self.put_marker(&Recount::of(before.as_ref(), open, at(1)).unwrap()).await
    }

    async fn put_marker(&mut self, recount: &Recount) -> EventRecord {
        let old = self.image("RECOUNT").await;
        self.cloud.parking().mark_recount(&lot(), recount).await.unwrap();
        self.record("RECOUNT", old).await
    }

    async fn route(&self, records: Vec<EventRecord>) {
        let mut event: Event = serde_json::from_value(json!({"Records": []})).unwrap();
        event.records = records;
        let response = self.router.handle(event).await.unwrap();
        assert!(response.batch_item_failures.is_empty());
    }

    async fn occupied(&self) -> i64 {
        self.counter().await.map_or(0, |counter| counter.count.occupied)
    }
}

#[tokio::test]
async fn a_drifted_counter_heals_and_the_marker_told_again_changes_nothing() {
    let mut lot = Lot::drifted().await;
    let before = lot.counter().await;
    let marker = lot.marks(before).await;
    lot.route(vec![marker.clone()]).await;
    assert_eq!(lot.occupied().await, 2);
    let third = lot.comes(3).await;
    lot.route(vec![marker.clone(), third]).await;
    lot.route(vec![marker]).await;
    assert_eq!(lot.occupied().await, 3);
}

#[tokio::test]
async fn a_car_that_comes_between_the_count_and_the_marker_voids_it_and_the_next_hour_heals() {
    let mut lot = Lot::drifted().await;
    let before = lot.counter().await;
    let open = lot.cloud.parking().count_open(&self::lot()).await.unwrap();
    let comes = lot.comes(3).await;
    let marker = lot.put_marker(&Recount::of(before.as_ref(), open, at(1)).unwrap()).await;
    lot.route(vec![comes, marker]).await;
    assert_eq!(lot.occupied().await, 6, "five and the car that came: drifted as before, and no worse");
    let before = lot.counter().await;
    let marker = lot.marks(before).await;
    lot.route(vec![marker]).await;
    assert_eq!(lot.occupied().await, 3);
}

#[tokio::test]
async fn a_car_that_was_counted_before_the_stream_told_of_it_is_not_counted_twice() {
    let mut lot = Lot::drifted().await;
    let before = lot.counter().await;
    let comes = lot.comes(3).await;
    let marker = lot.marks(before).await;
    // Compared when it was written, the marker would have set three, and the car would make it four.
    lot.route(vec![comes]).await;
    lot.route(vec![marker]).await;
    assert_eq!(lot.occupied().await, 6);
}

#[tokio::test]
async fn a_car_behind_the_marker_in_one_batch_is_counted_on_top_once() {
    let mut lot = Lot::drifted().await;
    let before = lot.counter().await;
    let marker = lot.marks(before).await;
    let (third, leaves) = (lot.comes(3).await, lot.read(1, Passage::Left).await);
    let fourth = lot.comes(4).await;
    let batch = vec![marker, third, leaves, fourth];
    lot.route(batch.clone()).await;
    assert_eq!(lot.occupied().await, 3);
    lot.route(batch).await;
    assert_eq!(lot.occupied().await, 3);
}

#[tokio::test]
async fn a_correction_of_the_list_between_the_count_and_the_marker_voids_it_too() {
    let mut lot = Lot::drifted().await;
    // The list lacks a car for a moment: a read of an earlier passage came late, and its correction is under way.
    let file = lot.cloud.parking().on_file(&self::lot(), &plate(1)).await.unwrap().unwrap();
    let parking = lot.cloud.parking();
    parking.list_open(&self::lot(), &plate(1), file.revision, None).await.unwrap();
    let before = lot.counter().await;
    let open = parking.count_open(&self::lot()).await.unwrap();
    assert_eq!(open, 1);
    let sk = format!("P#{}", plate(1).as_str());
    let old = lot.image(&sk).await;
    parking.list_open(&self::lot(), &plate(1), file.revision, Some(at(1))).await.unwrap();
    let corrected = lot.record(&sk, old).await;
    let marker = lot.put_marker(&Recount::of(before.as_ref(), open, at(1)).unwrap()).await;
    lot.route(vec![corrected, marker]).await;
    assert_eq!(lot.occupied().await, 5);
}
