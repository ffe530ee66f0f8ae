//! Commands from the queue to a controller that is busy, silent or wrong, and back into the table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod world;

use baro_domain::{
    Passage,
    command::{Refusal, Report, Status, Step},
};
use baro_testing::{Fault, observation, plate};
use world::{Call, World, cleared, event, opening, seconds, set};

fn busy() -> Report {
    Report::Busy("처리 중".to_owned())
}

fn silent() -> Report {
    Report::NoAnswer("timed out".to_owned())
}

#[tokio::test]
async fn a_barrier_is_raised_at_the_price_of_two_writes_and_a_look_at_the_lot() {
    let world = World::start().await;
    world.handle(&[opening("p1")]).await;
    assert_eq!(world.calls(), [Call { step: Step::Open, area: 20 }]);
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem", "PutItem", "PutItem"]);
    world.cloud.forget_calls();
    world.handle(&[opening("p2")]).await;
    assert_eq!(world.cloud.dynamodb_calls(), ["PutItem", "PutItem"], "the lot is known");
    assert_eq!(world.statuses().await, [Status::Done, Status::Done]);
}

#[tokio::test]
async fn the_same_command_again_raises_nothing() {
    let world = World::start().await;
    world.handle(&[opening("p")]).await;
    world.handle(&[opening("p"), opening("p")]).await;
    assert_eq!(world.calls().len(), 1);
}

#[tokio::test]
async fn a_busy_controller_is_asked_again_at_once() {
    let world = World::start().await;
    world.answers([busy(), busy()]);
    world.handle(&[opening("p")]).await;
    assert_eq!((world.calls().len(), world.statuses().await), (3, vec![Status::Done]));
}

#[tokio::test]
async fn a_barrier_that_may_be_up_is_asked_for_again_only_while_the_car_stands_there() {
    let world = World::start().await;
    world.answers([silent()]);
    world.handle(&[opening("waits")]).await;
    assert_eq!(world.calls().len(), 2, "the gates have not seen it leave");

    let left = observation("left", Passage::Left, 61);
    world.cloud.parking().record(&left, &plate(), None).await.unwrap();
    world.answers([silent()]);
    world.handle(&[opening("gone")]).await;
    assert_eq!(world.calls().len(), 3, "it had left");
    assert_eq!(world.statuses().await, [Status::Done, Status::Done]);
}

#[tokio::test]
async fn a_command_older_than_its_car_s_patience_is_never_sent() {
    let world = World::start().await;
    world.clock.set(seconds(61));
    world.handle(&[opening("p")]).await;
    assert_eq!((world.calls().len(), world.statuses().await), (0, vec![Status::Expired]));
}

#[tokio::test]
async fn a_controller_that_can_t_is_given_up_and_the_queue_goes_on() {
    let world = World::start().await;
    world.answers(vec![silent(); 9]);
    assert!(world.handle(&[opening("p")]).await.is_empty(), "the next car must not wait for this one");
    assert_eq!((world.calls().len(), world.statuses().await), (6, vec![Status::Failed]));
}

#[tokio::test]
async fn a_refusal_is_final_and_shown_in_the_controller_s_words() {
    let world = World::start().await;
    let said = "차단기 번호 오류".to_owned();
    world.answers([Report::Refused { reason: Refusal::Controller, said: said.clone() }]);
    world.handle(&[opening("p")]).await;
    world.handle(&[opening("p")]).await;
    assert_eq!(world.calls().len(), 1);
    let record = world.records().await.remove(0);
    assert_eq!(record.progress.status, Status::Refused(Refusal::Controller));
    assert_eq!(record.progress.said, Some(said));
}

#[tokio::test]
async fn a_lot_without_a_controller_is_a_refusal_that_a_person_sees() {
    let world = World::without_controller().await;
    world.handle(&[opening("p")]).await;
    assert_eq!(world.statuses().await, [Status::Refused(Refusal::NotConfigured)]);
}

#[tokio::test]
async fn after_a_crash_between_call_and_answer_the_barrier_is_not_raised_for_the_next_car() {
    let world = World::start().await;
    // As if the process had died after its call: the state before it is all that was written.
    world.cloud.fail_next("PutItem", Fault::After);
    world.dies_in_call();
    assert_eq!(world.handle(&[opening("p")]).await, ["m0"]);
    assert_eq!(world.statuses().await, [Status::Sent]);
    // The message comes back when the queue lets it: later than any car waits.
    world.clock.set(seconds(361));
    assert!(world.handle(&[opening("p")]).await.is_empty());
    assert_eq!((world.calls().len(), world.statuses().await), (1, vec![Status::Expired]));
}

#[tokio::test]
async fn an_answer_of_the_store_that_is_lost_repeats_no_call() {
    let world = World::start().await;
    world.cloud.fail_next("PutItem", Fault::After);
    world.handle(&[opening("p")]).await;
    assert_eq!((world.calls().len(), world.statuses().await), (1, vec![Status::Done]));
}

#[tokio::test]
async fn a_changed_pass_is_removed_and_set_anew() {
    let world = World::start().await;
    world.handle(&[set(1)]).await;
    world.answers([Report::AlreadySo]);
    world.handle(&[set(2)]).await;
    let steps: Vec<Step> = world.calls().iter().map(|call| call.step).collect();
    assert_eq!(steps, [Step::SetPass, Step::SetPass, Step::ClearPass, Step::SetPass]);
    assert_eq!(world.statuses().await, [Status::Done], "one record a plate");
}

#[tokio::test]
async fn an_older_change_of_a_pass_that_comes_late_changes_nothing() {
    let world = World::start().await;
    world.handle(&[cleared(5)]).await;
    world.handle(&[set(4), cleared(5)]).await;
    assert_eq!(world.calls().iter().map(|call| call.step).collect::<Vec<_>>(), [Step::ClearPass]);
    assert_eq!(world.records().await[0].command.revision, 5);
}

#[tokio::test]
async fn a_pass_waits_for_its_controller_and_is_given_up_at_last() {
    let world = World::start().await;
    world.answers(vec![busy(); 19]);
    for _ in 0..4 {
        assert_eq!(world.handle(&[set(1)]).await, ["m0"], "the message comes again");
    }
    assert_eq!((world.calls().len(), world.statuses().await), (16, vec![Status::Sent]));
    assert!(world.handle(&[set(1)]).await.is_empty());
    assert_eq!((world.calls().len(), world.statuses().await), (20, vec![Status::Done]));

    world.answers(vec![busy(); 50]);
    while !world.handle(&[set(2)]).await.is_empty() {}
    assert_eq!((world.calls().len(), world.statuses().await), (40, vec![Status::Failed]));
}

#[tokio::test]
async fn a_message_that_does_not_read_fails_alone() {
    let world = World::start().await;
    let mut batch = event(&[opening("p"), opening("q")]);
    batch.records[0].body = Some(r#"{"do":"open"}"#.to_owned());
    assert_eq!(world.handle_event(batch).await, ["m0"]);
    assert_eq!(world.statuses().await, [Status::Done]);
}

#[tokio::test]
async fn while_the_table_can_t_be_written_no_barrier_is_called() {
    let world = World::start().await;
    for _ in 0..4 {
        world.cloud.fail_next("PutItem", Fault::Before);
    }
    assert_eq!(world.handle(&[opening("p")]).await, ["m0"]);
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn the_sample_event_is_a_command() {
    let world = World::start().await;
    let sample = include_str!("../../../events/gate-commands/open.json");
    let sample: aws_lambda_events::sqs::SqsEvent = serde_json::from_str(sample).unwrap();
    assert!(world.handle_event(sample).await.is_empty());
}
