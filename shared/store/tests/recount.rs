//! A recount among a lot's changes: taken where nothing came in between, else not, and once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{LotId, occupancy::Recount};
use baro_store::{
    OccupancyChange,
    stream::{Change, change_of},
};
use baro_testing::{Cloud, PARKING, at, large_lot_record};

fn lot() -> LotId {
    large_lot_record().lot.id
}

fn change(sequence: u32, delta: i32) -> OccupancyChange {
    OccupancyChange { sequence: format!("42{sequence:010}"), delta }
}

async fn count(cloud: &Cloud, changes: &[OccupancyChange]) {
    cloud.activity().count_occupancy(&lot(), changes, at(0)).await.unwrap();
}

/// A marker after the newest change, with so many cars.
async fn counted(cloud: &Cloud, occupied: u32) -> Recount {
    let counter = cloud.activity().visit_counter(&lot()).await.unwrap();
    Recount { after: counter.map(|counter| counter.newest), occupied, counted_at: at(1) }
}

async fn take(cloud: &Cloud, sequence: u32, recount: &Recount) -> bool {
    let sequence = change(sequence, 0).sequence;
    cloud.activity().take_recount(&lot(), &sequence, recount, at(2)).await.unwrap()
}

async fn occupied(cloud: &Cloud) -> i64 {
    cloud.activity().visit_counter(&lot()).await.unwrap().unwrap().count.occupied
}

#[tokio::test]
async fn a_marker_comes_through_the_stream_as_it_was_written() {
    let cloud = Cloud::start().await;
    let recount = Recount { after: Some("7".into()), occupied: 12, counted_at: at(1) };
    cloud.parking().mark_recount(&lot(), &recount).await.unwrap();
    let image = cloud.image(PARKING, lot().as_str(), "RECOUNT").await;
    let told = change_of(None, Some(image)).unwrap();
    assert_eq!(told, Some(Change::Recount { lot: lot(), recount }));
}

#[tokio::test]
async fn a_drifted_counter_takes_the_recount_over_once() {
    let cloud = Cloud::start().await;
    count(&cloud, &[change(1, 1), change(2, 4)]).await;
    let recount = counted(&cloud, 3).await;
    assert!(take(&cloud, 3, &recount).await);
    assert_eq!(occupied(&cloud).await, 3);
    count(&cloud, &[change(4, 1)]).await;
    assert!(!take(&cloud, 3, &recount).await, "delivered again");
    assert_eq!(occupied(&cloud).await, 4);
}

#[tokio::test]
async fn a_change_that_was_counted_after_the_count_began_voids_the_marker() {
    let cloud = Cloud::start().await;
    count(&cloud, &[change(1, 5)]).await;
    let recount = counted(&cloud, 3).await;
    count(&cloud, &[change(2, 1)]).await;
    assert!(!take(&cloud, 3, &recount).await);
    assert_eq!(occupied(&cloud).await, 6);
}

#[tokio::test]
async fn a_change_before_the_marker_that_is_brought_again_later_is_not_counted_on_top() {
    let cloud = Cloud::start().await;
    count(&cloud, &[change(1, 1)]).await;
    let recount = counted(&cloud, 2).await;
    assert!(take(&cloud, 5, &recount).await);
    count(&cloud, &[change(3, 1)]).await;
    assert_eq!(occupied(&cloud).await, 2, "the recount saw that car");
}

#[tokio::test]
async fn where_nothing_was_counted_yet_the_recount_begins_the_counter_unless_a_change_is_first() {
    let cloud = Cloud::start().await;
    let recount = counted(&cloud, 4).await;
    assert_eq!(recount.after, None);
    assert!(take(&cloud, 1, &recount).await);
    assert_eq!(occupied(&cloud).await, 4);
    assert!(!take(&cloud, 2, &recount).await);
}
