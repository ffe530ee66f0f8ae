//! The same car in two lots at once: a task at both desks, until one of the visits ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    EventId, LotId, OperatorId, Passage, PlateNumber, RulingId,
    task::{Outcome, TaskKind},
    visit::{RuledBy, Ruling, RulingKind},
};
use baro_long_stays::{Asked, LongStays, Summary};
use baro_runtime::Clock;
use baro_store::{FiledTask, LotRecord};
use baro_testing::{Cloud, at, lot_record, observation, plate};

struct City {
    cloud: Cloud,
    clock: Clock,
    guard: LongStays,
}

fn lot(name: &str) -> LotId {
    LotId::parse(name).unwrap()
}

fn record(name: &str, operator: &str) -> LotRecord {
    let mut record = lot_record();
    record.lot.id = lot(name);
    record.lot.operator = OperatorId::parse(operator).unwrap();
    record
}

impl City {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        let records = [record("lot_a", "opr_1"), record("lot_b", "opr_1"), record("lot_c", "opr_2")];
        cloud.directory().put_lots(&records).await.unwrap();
        let clock = Clock::at(at(0));
        let guard = LongStays::new(cloud.parking(), cloud.directory(), cloud.tasks(), clock.clone());
        Self { cloud, clock, guard }
    }

    async fn read(&self, name: &str, car: &PlateNumber, passage: Passage, minutes: i64) {
        let mut read = observation(&format!("{name}{minutes}"), passage, minutes);
        (read.lot, read.plate) = (lot(name), car.clone());
        self.cloud.parking().record(&read, car, None).await.unwrap();
    }

    async fn run_at(&self, minutes: i64) -> (usize, usize) {
        self.clock.set(at(minutes));
        let Summary { elsewhere, explained, .. } = self.guard.run(Asked {}).await.unwrap();
        (elsewhere, explained)
    }

    async fn desk(&self, name: &str) -> Vec<FiledTask> {
        self.cloud.tasks().open_tasks(&lot(name), None).await.unwrap().0
    }
}

#[tokio::test]
async fn the_same_car_in_two_lots_at_once_comes_to_both_desks_once() {
    let city = City::start().await;
    city.read("lot_a", &plate(), Passage::Entered, 0).await;
    city.read("lot_b", &plate(), Passage::Entered, 60).await;
    assert_eq!(city.run_at(70).await, (0, 0), "it may have left the first a moment ago");
    assert_eq!(city.run_at(100).await, (2, 0));
    assert_eq!(city.run_at(160).await, (0, 0));
    for (here, there) in [("lot_a", "lot_b"), ("lot_b", "lot_a")] {
        let desk = city.desk(here).await;
        let TaskKind::SeenElsewhere(pair) = &desk[0].task.kind else { panic!("another task") };
        assert_eq!((desk.len(), pair.other_lot.as_str(), pair.same_operator), (1, there, true));
    }
}

#[tokio::test]
async fn the_tasks_are_taken_off_when_one_of_the_visits_ends() {
    let city = City::start().await;
    city.read("lot_a", &plate(), Passage::Entered, 0).await;
    city.read("lot_c", &plate(), Passage::Entered, 60).await;
    city.run_at(100).await;
    let before = city.desk("lot_a").await;
    // The backlog of an offline controller.
    city.read("lot_a", &plate(), Passage::Left, 50).await;
    assert_eq!(city.run_at(160).await, (0, 2));
    assert!(city.desk("lot_a").await.is_empty() && city.desk("lot_c").await.is_empty());
    let filed = city.cloud.tasks().task(&lot("lot_a"), &before[0].task.id).await.unwrap().unwrap();
    assert_eq!(filed.outcome, Some(Outcome::Explained { at: at(160) }));
    assert_eq!(city.run_at(220).await, (0, 0));
}

#[tokio::test]
async fn the_tasks_are_taken_off_when_one_of_the_visits_is_withdrawn() {
    let city = City::start().await;
    city.read("lot_a", &plate(), Passage::Entered, 0).await;
    city.read("lot_b", &plate(), Passage::Entered, 60).await;
    city.run_at(100).await;
    let misread = Ruling {
        id: RulingId::derive(&["misread"]),
        at: at(110),
        by: RuledBy::LotRule,
        note: String::new(),
        kind: RulingKind::NotThisCar { event: EventId::derive(&["lot_b60"]), whose: None },
    };
    city.cloud.parking().rule(&lot("lot_b"), &plate(), &misread).await.unwrap();
    assert_eq!(city.run_at(160).await, (0, 2));
}

#[tokio::test]
async fn cars_of_which_only_a_part_was_read_are_not_compared() {
    let city = City::start().await;
    for text in ["12가34", "3456", "?ev_1"] {
        let car = PlateNumber::parse(text);
        city.read("lot_a", &car, Passage::Entered, 0).await;
        city.read("lot_b", &car, Passage::Entered, 60).await;
    }
    assert_eq!(city.run_at(200).await, (0, 0));
}

#[tokio::test]
async fn where_no_car_is_in_two_lots_the_comparison_costs_one_look_at_the_tasks() {
    let city = City::start().await;
    city.read("lot_a", &plate(), Passage::Entered, 0).await;
    city.read("lot_b", &PlateNumber::parse("34나5678"), Passage::Entered, 60).await;
    city.cloud.forget_calls();
    city.run_at(100).await;
    let calls = city.cloud.dynamodb_calls();
    let count = |name: &str| calls.iter().filter(|call| call.as_str() == name).count();
    assert_eq!((count("Scan"), count("GetItem"), calls.len()), (2, 2, 4), "{calls:?}");
}
