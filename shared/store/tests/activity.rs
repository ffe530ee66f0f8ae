//! Deliveries under repetition.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    NoticeId,
    notice::{Attempt, Channel, Outcome},
};
use baro_store::NoticeRecord;
use baro_testing::{Cloud, at};

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
