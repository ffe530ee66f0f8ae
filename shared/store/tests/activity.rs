//! Counters and deliveries under repetition.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    NoticeId,
    notice::{Attempt, Channel, Outcome},
};
use baro_store::{NoticeRecord, OccupancyChange};
use baro_testing::{Cloud, at, lot_record};

fn change(sequence: u32, delta: i32) -> OccupancyChange {
    OccupancyChange { sequence: format!("4216060000000000{sequence:05}"), delta }
}

async fn occupied(cloud: &Cloud) -> u32 {
    cloud.activity().occupancies(&[lot_record().lot.id]).await.unwrap().first().map_or(0, |(_, count)| *count)
}

#[tokio::test]
async fn a_batch_delivered_again_whole_or_in_part_counts_once() {
    let cloud = Cloud::start().await;
    let (activity, lot) = (cloud.activity(), lot_record().lot.id);
    activity.count_occupancy(&lot, &[change(1, 1), change(2, 1), change(3, -1)]).await.unwrap();
    assert_eq!(occupied(&cloud).await, 1);
    activity.count_occupancy(&lot, &[change(1, 1), change(2, 1), change(3, -1)]).await.unwrap();
    assert_eq!(occupied(&cloud).await, 1);
    activity.count_occupancy(&lot, &[change(3, -1), change(4, 1), change(5, 1)]).await.unwrap();
    assert_eq!(occupied(&cloud).await, 3);
}

#[tokio::test]
async fn one_batch_of_a_lot_is_one_request() {
    let cloud = Cloud::start().await;
    cloud.activity().count_occupancy(&lot_record().lot.id, &[change(1, 1), change(2, 1)]).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["UpdateItem"]);
}

#[tokio::test]
async fn of_two_deliveries_of_a_notice_one_sends() {
    let cloud = Cloud::start().await;
    let (activity, id) = (cloud.activity(), NoticeId::derive(&["n"]));
    let begun = NoticeRecord {
        attempts: vec![Attempt { channel: Channel::Push, outcome: Outcome::Begun, at: at(0) }],
        revision: 0,
    };
    let first = activity.put_attempts(&id, &begun, at(0)).await.unwrap().unwrap();
    assert_eq!(first.revision, 1);
    let second = activity.put_attempts(&id, &begun, at(0)).await.unwrap();
    assert_eq!(second.unwrap_err(), first);
    assert_eq!(activity.notice(&id).await.unwrap(), first);
}
