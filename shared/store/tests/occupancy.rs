//! Words on a lot's occupancy under repetition, out of order and at once, and what they cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::collections::BTreeMap;

use baro_domain::{
    GateId, Lot, Passage, PlateNumber,
    occupancy::{
        Count, CountReport, OccupancyRules, OccupancyState, Reading, Source, SpaceClass, SpaceId, SpaceReport,
    },
};
use baro_store::OccupancyChange;
use baro_testing::{ACTIVITY, Cloud, Fault, at, large_lot_record, observation};

fn lot() -> Lot {
    let mut lot = large_lot_record().lot;
    lot.capacity = 2_000;
    lot.occupancy = OccupancyRules {
        capacity: BTreeMap::from([(SpaceClass::Disabled, 40)]),
        sources: BTreeMap::from([(SpaceClass::All, vec![counter(), Source::Spaces, Source::Visits])]),
    };
    lot
}

fn counter() -> Source {
    Source::Counter { device: GateId::parse("gate_counter").unwrap() }
}

fn change(sequence: u32, delta: i32) -> OccupancyChange {
    OccupancyChange { sequence: format!("4216060000000000{sequence:05}"), delta }
}

fn count(class: SpaceClass, free: u32, minutes: i64) -> CountReport {
    let count = Count { observed_at: at(minutes), reading: Reading::Free(free) };
    CountReport { source: counter(), class, count }
}

fn space(index: u32, occupied: bool, minutes: i64) -> SpaceReport {
    let class = if index < 40 { SpaceClass::Disabled } else { SpaceClass::General };
    SpaceReport {
        space: SpaceId::parse(format!("B1-{index:04}")).unwrap(),
        class,
        occupied,
        observed_at: at(minutes),
    }
}

async fn state(cloud: &Cloud) -> OccupancyState {
    cloud.activity().occupancies(&[&lot()]).await.unwrap().remove(&lot().id).unwrap_or_default()
}

async fn visits(cloud: &Cloud) -> i64 {
    state(cloud).await.visits.map_or(0, |visits| visits.occupied)
}

fn free(state: &OccupancyState, class: SpaceClass) -> Option<Reading> {
    state.counts.get(&(counter(), class)).map(|count| count.reading)
}

#[tokio::test]
async fn a_batch_delivered_again_whole_or_in_part_counts_once() {
    let cloud = Cloud::start().await;
    let (activity, lot) = (cloud.activity(), lot().id);
    activity.count_occupancy(&lot, &[change(1, 1), change(2, 1), change(3, -1)], at(0)).await.unwrap();
    assert_eq!(visits(&cloud).await, 1);
    activity.count_occupancy(&lot, &[change(1, 1), change(2, 1), change(3, -1)], at(0)).await.unwrap();
    assert_eq!(visits(&cloud).await, 1);
    activity.count_occupancy(&lot, &[change(3, -1), change(4, 1), change(5, 1)], at(1)).await.unwrap();
    assert_eq!(visits(&cloud).await, 3);
    assert_eq!(state(&cloud).await.visits.unwrap().counted_at, at(1));
}

#[tokio::test]
async fn one_batch_of_a_lot_is_one_request() {
    let cloud = Cloud::start().await;
    cloud.activity().count_occupancy(&lot().id, &[change(1, 1), change(2, 1)], at(0)).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["UpdateItem"]);
}

#[tokio::test]
async fn numbers_of_a_counter_are_one_request_and_late_ones_change_nothing() {
    let cloud = Cloud::start().await;
    let (activity, lot) = (cloud.activity(), lot().id);
    let both = [count(SpaceClass::All, 300, 5), count(SpaceClass::Disabled, 4, 5)];
    activity.report_counts(&lot, &both).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["UpdateItem"]);
    activity.report_counts(&lot, &both).await.unwrap();
    activity.report_counts(&lot, &[count(SpaceClass::All, 900, 4)]).await.unwrap();
    // One of the two is late: the other is taken nevertheless.
    cloud.forget_calls();
    let parted = [count(SpaceClass::All, 900, 4), count(SpaceClass::Disabled, 3, 6)];
    activity.report_counts(&lot, &parted).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["UpdateItem", "UpdateItem"]);
    let state = state(&cloud).await;
    assert_eq!(free(&state, SpaceClass::All), Some(Reading::Free(300)));
    assert_eq!(free(&state, SpaceClass::Disabled), Some(Reading::Free(3)));
}

#[tokio::test]
async fn of_two_words_of_the_same_moment_the_greater_stays_whichever_comes_first() {
    for order in [[7, 9], [9, 7]] {
        let cloud = Cloud::start().await;
        for number in order {
            cloud.activity().report_counts(&lot().id, &[count(SpaceClass::All, number, 0)]).await.unwrap();
        }
        assert_eq!(free(&state(&cloud).await, SpaceClass::All), Some(Reading::Free(9)));
    }
}

#[tokio::test]
async fn a_sensor_costs_three_requests_and_a_repetition_writes_no_page() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let one = [space(1, true, 0)];
    activity.report_spaces(&lot(), &one, at(0), at(0)).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["BatchGetItem", "PutItem", "UpdateItem"]);
    cloud.forget_calls();
    let again = activity.report_spaces(&lot(), &one, at(0), at(0)).await.unwrap();
    assert_eq!(again.changed, 0);
    assert!(!cloud.dynamodb_calls().contains(&"PutItem".to_owned()));
    assert_eq!(state(&cloud).await.spaces.of(SpaceClass::All), Some((1, 0)));
}

#[tokio::test]
async fn two_thousand_sensors_lie_in_pages_of_a_few_kilobytes() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    for start in (0..2_000).step_by(500) {
        let some: Vec<SpaceReport> =
            (start..start + 500).map(|index| space(index, index % 4 == 0, 0)).collect();
        activity.report_spaces(&lot(), &some, at(0), at(0)).await.unwrap();
    }
    let known = state(&cloud).await;
    assert_eq!(known.spaces.of(SpaceClass::All), Some((500, 1_500)));
    assert_eq!(known.spaces.of(SpaceClass::Disabled), Some((10, 30)));
    let of_the_lot = cloud.image(ACTIVITY, lot().id.as_str(), "OCCUPANCY").await.into_inner();
    let size: usize = of_the_lot.iter().map(|(name, value)| name.len() + format!("{value:?}").len()).sum();
    assert!(size < 8_000, "the lot's own item has {size} bytes");
    cloud.forget_calls();
    activity.report_spaces(&lot(), &[space(7, true, 1)], at(1), at(1)).await.unwrap();
    let largest = cloud.calls().iter().map(|call| call.write_units_x10).max().unwrap();
    assert!(largest <= 80, "one car moves {largest} tenths of a write unit");
}

#[tokio::test]
async fn sensors_that_report_at_once_lose_nothing() {
    let cloud = Cloud::start().await;
    let reports: Vec<[SpaceReport; 1]> = (0..12).map(|index| [space(index, true, 0)]).collect();
    let mut small = lot();
    small.capacity = 20;
    let activity = cloud.activity();
    let all = reports.iter().map(|one| activity.report_spaces(&small, one, at(0), at(0)));
    for done in futures::future::join_all(all).await {
        done.unwrap();
    }
    let known = activity.occupancies(&[&small]).await.unwrap().remove(&small.id).unwrap();
    assert_eq!(known.spaces.of(SpaceClass::All), Some((12, 0)));
}

#[tokio::test]
async fn totals_that_a_crash_left_behind_are_made_good_when_the_sender_sends_again() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let one = [space(1, true, 0)];
    for _ in 0..3 {
        cloud.fail_next("UpdateItem", Fault::Before);
    }
    activity.report_spaces(&lot(), &one, at(0), at(0)).await.unwrap_err();
    assert_eq!(state(&cloud).await.spaces.of(SpaceClass::All), None);
    activity.report_spaces(&lot(), &one, at(0), at(0)).await.unwrap();
    assert_eq!(state(&cloud).await.spaces.of(SpaceClass::All), Some((1, 0)));
}

#[tokio::test]
async fn a_quiet_controller_that_says_it_lives_keeps_its_sensors_fresh() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    activity.report_spaces(&lot(), &[space(1, true, 0)], at(0), at(0)).await.unwrap();
    cloud.forget_calls();
    activity.report_spaces(&lot(), &[], at(40), at(40)).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["UpdateItem"]);
    assert_eq!(state(&cloud).await.spaces.newest, Some(at(40)));
}

#[tokio::test]
async fn the_open_visits_of_a_small_lot_are_counted_for_one_read() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    for index in 0..100 {
        let read = observation(&format!("in{index}"), Passage::Entered, 0);
        let plate = PlateNumber::parse(&format!("12가{:04}", 1_000 + index));
        parking.record(&read, &plate, None).await.unwrap();
    }
    cloud.forget_calls();
    assert_eq!(parking.count_open(&lot().id).await.unwrap(), 100);
    let calls = cloud.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].read_units_x10 <= 30, "{calls:?}");
}
