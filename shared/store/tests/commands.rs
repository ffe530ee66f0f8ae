//! Commands to controllers: written once, carried on by one, outdone only by a newer change.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it stands")]

use baro_domain::command::{Action, Command, Event, PassTerms, Report, Status, decide};
use baro_store::CommandRecord;
use baro_testing::{Cloud, at, lot_record, plate};
use jiff::civil::date;

fn change(revision: u64) -> CommandRecord {
    let pass = PassTerms { kind: "passType2".into(), from: date(2026, 11, 1), until: date(2026, 12, 31) };
    let action = Action::SetPass { plate: plate(), pass };
    CommandRecord::new(Command { lot: lot_record().lot.id, revision, requested_at: at(0), action })
}

fn carried_on(record: &CommandRecord, event: &Event) -> CommandRecord {
    let progress = decide(&record.command, &record.progress, event, at(1));
    CommandRecord { progress, ..record.clone() }
}

#[tokio::test]
async fn a_command_that_comes_again_finds_how_far_it_has_come() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let first = activity.put_command(&change(1), at(0)).await.unwrap().unwrap();
    let sent = carried_on(&first, &Event::Calling);
    let sent = activity.put_command(&sent, at(1)).await.unwrap().unwrap();
    let standing = activity.put_command(&change(1), at(2)).await.unwrap().unwrap_err();
    assert_eq!((standing.progress.status, standing.item_revision), (Status::Sent, 2));
    assert_eq!(standing, sent);
}

#[tokio::test]
async fn of_two_who_carry_it_on_at_once_one_is_told_to_look_again() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let first = activity.put_command(&change(1), at(0)).await.unwrap().unwrap();
    let sent = carried_on(&first, &Event::Calling);
    activity.put_command(&sent, at(1)).await.unwrap().unwrap();
    assert!(activity.put_command(&sent, at(1)).await.unwrap().is_err());
}

#[tokio::test]
async fn a_newer_change_replaces_an_older_one_and_never_the_reverse() {
    let cloud = Cloud::start().await;
    let activity = cloud.activity();
    let old = activity.put_command(&change(1), at(0)).await.unwrap().unwrap();
    activity.put_command(&change(3), at(0)).await.unwrap().unwrap();
    let standing = activity.put_command(&change(2), at(0)).await.unwrap().unwrap_err();
    assert_eq!(standing.command.revision, 3);
    let done = carried_on(&old, &Event::Answered(Report::Done));
    let standing = activity.put_command(&done, at(1)).await.unwrap().unwrap_err();
    assert_eq!(standing.command.revision, 3, "the older change is over");
    let listed = activity.commands(&lot_record().lot.id).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.command.revision).collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn a_write_that_met_nobody_costs_one_request() {
    let cloud = Cloud::start().await;
    cloud.activity().put_command(&change(1), at(0)).await.unwrap().unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["PutItem"]);
}
