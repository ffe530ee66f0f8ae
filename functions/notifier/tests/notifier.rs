//! A person is told once: over all channels, repetitions, crashes and vendors that are down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]
#![allow(unreachable_pub, missing_docs, reason = "a test has no callers")]

mod vendors;

use std::{sync::Arc, time::Duration};

use aws_lambda_events::sqs::SqsEvent;
use baro_clients::solapi::LookUp;
use baro_domain::{
    EventId, Won,
    notice::{Channel, Contact, Language, Notice, NoticeKind, Outcome},
};
use baro_notifier::{MAY_STILL_RUN, Notifier};
use baro_runtime::Clock;
use baro_testing::{Cloud, Fault, at, plate};
use serde_json::json;
use vendors::{Does, Vendors};

use Channel::{AlimTalk, Push, Text};

/// Longer than anything here takes that does not wait for ever.
const PATIENCE: Duration = Duration::from_secs(3);

struct Scene {
    cloud: Cloud,
    vendors: Arc<Vendors>,
    clock: Clock,
    notifier: Notifier,
}

async fn scene(script: &[(Channel, Does)]) -> Scene {
    let (cloud, vendors, clock) = (Cloud::start().await, Vendors::that(script), Clock::at(at(61)));
    let notifier =
        Notifier::new(cloud.activity(), cloud.directory(), vendors.clone(), vendors.clone(), clock.clone());
    Scene { cloud, vendors, clock, notifier }
}

fn driver() -> Contact {
    Contact { push_token: Some("token-1".into()), phone: Some("01000001234".into()), language: Language::Ko }
}

fn notice(contact: Contact) -> Notice {
    let event = EventId::derive(&["paid"]);
    Notice {
        id: Notice::id_for(&event),
        event,
        plate: plate(),
        lot_name: "법원·검찰청앞".into(),
        time_zone: "Asia/Seoul".into(),
        contact,
        kind: NoticeKind::PaymentReceived { amount: Won::new(1_300), leave_by: at(76) },
    }
}

fn batch(bodies: &[String]) -> SqsEvent {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| json!({"messageId": format!("message-{index}"), "body": body, "attributes": {}, "messageAttributes": {}}))
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

impl Scene {
    /// Delivers messages together; answers the ids of those that come back.
    async fn deliver_all(&self, bodies: &[String]) -> Vec<String> {
        let response = self.notifier.handle(batch(bodies)).await.unwrap();
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Delivers a notice; answers whether its message is done.
    async fn deliver(&self, notice: &Notice) -> bool {
        self.deliver_all(&[serde_json::to_string(notice).unwrap()]).await.is_empty()
    }

    /// Delivers a notice to a function that is killed while it waits for a vendor.
    async fn deliver_and_be_killed(&self, notice: &Notice) {
        let killed = tokio::time::timeout(PATIENCE, self.notifier.tell(notice)).await;
        assert!(killed.is_err(), "it should have been waiting for the vendor");
    }

    /// Time passes, until whoever began a try can no longer be at it.
    fn wait_it_out(&self) {
        self.clock.advance(MAY_STILL_RUN);
    }

    async fn outcomes(&self, notice: &Notice) -> Vec<(Channel, Outcome)> {
        let record = self.cloud.activity().notice(&notice.id).await.unwrap();
        record.attempts.iter().map(|attempt| (attempt.channel, attempt.outcome)).collect()
    }
}

#[tokio::test]
async fn a_person_with_the_app_gets_one_push_and_nothing_else() {
    let scene = scene(&[]).await;
    assert!(scene.deliver(&notice(driver())).await);
    let taken = scene.vendors.taken();
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "token-1"));
    assert_eq!(
        taken[0].said,
        "결제 완료: 법원·검찰청앞\n차량 1****56 1,300원 결제 완료. 11월 20일 11:16까지 출차해 주세요."
    );
    assert_eq!(scene.outcomes(&notice(driver())).await, [(Push, Outcome::Begun), (Push, Outcome::Accepted)]);
}

#[tokio::test]
async fn a_decided_dispute_is_told_once_as_its_own_template() {
    let scene = scene(&[]).await;
    let kind = NoticeKind::DisputeDecided { accepted: false, due: Some(Won::new(1_300)) };
    let decided = Notice { kind, ..notice(Contact { push_token: None, ..driver() }) };
    for _ in 0..2 {
        assert!(scene.deliver(&decided).await);
    }
    let taken = scene.vendors.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].channel, taken[0].said.as_str()), (AlimTalk, "dispute-refused-ko"));
    let scene = self::scene(&[]).await;
    let kind = NoticeKind::DisputeDecided { accepted: true, due: Some(Won::ZERO) };
    let contact = Contact { language: Language::En, ..driver() };
    assert!(scene.deliver(&Notice { kind, contact, ..decided }).await);
    assert_eq!(
        scene.vendors.taken()[0].said,
        "Your dispute is decided: 법원·검찰청앞\nYour dispute for car 1****56 was accepted. Due now: 0 won."
    );
}

#[tokio::test]
async fn telling_by_push_takes_one_read_and_two_writes() {
    let scene = scene(&[]).await;
    scene.deliver(&notice(driver())).await;
    assert_eq!(scene.cloud.dynamodb_calls(), ["GetItem", "PutItem", "PutItem"]);
}

#[tokio::test]
async fn a_message_that_comes_again_sends_nothing() {
    let scene = scene(&[]).await;
    for _ in 0..3 {
        assert!(scene.deliver(&notice(driver())).await);
    }
    assert_eq!(scene.vendors.channels(), [Push]);
}

#[tokio::test]
async fn of_two_deliveries_at_once_one_tells_and_the_other_comes_back_to_find_it_done() {
    let scene = scene(&[]).await;
    let body = serde_json::to_string(&notice(driver())).unwrap();
    let back = scene.deliver_all(&[body.clone(), body.clone()]).await;
    assert!(back.len() <= 1, "{back:?}");
    assert_eq!(scene.vendors.channels(), [Push]);
    assert!(scene.deliver(&notice(driver())).await);
    assert_eq!(scene.vendors.channels(), [Push]);
}

#[tokio::test]
async fn while_another_delivery_waits_for_the_vendor_nothing_is_sent_and_the_message_comes_back() {
    let scene = scene(&[(AlimTalk, Does::TakesAndSaysNothing)]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    scene.deliver_and_be_killed(&told).await;
    scene.clock.advance(MAY_STILL_RUN - jiff::SignedDuration::from_nanos(1));
    assert!(!scene.deliver(&told).await, "it may still run");
    assert_eq!((scene.vendors.channels(), scene.vendors.look_ups()), (vec![AlimTalk], 0));
}

#[tokio::test]
async fn a_dead_push_token_is_dropped_and_the_person_told_by_alimtalk() {
    let scene = scene(&[(Push, Does::KnowsNoSuchPhone)]).await;
    scene.cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    assert!(scene.deliver(&notice(driver())).await);
    let taken = scene.vendors.taken();
    assert_eq!((taken.len(), taken[0].channel, taken[0].to.as_str()), (1, AlimTalk, "01000001234"));
    assert_eq!(taken[0].said, "payment-received-ko");
    let registered = scene.cloud.directory().contacts(&[plate()]).await.unwrap();
    assert_eq!(registered[0].1, Contact { push_token: None, ..driver() });
}

#[tokio::test]
async fn a_token_registered_since_stays_when_the_old_one_turns_out_dead() {
    let scene = scene(&[(Push, Does::KnowsNoSuchPhone)]).await;
    let newer = Contact { push_token: Some("token-2".into()), ..driver() };
    scene.cloud.directory().put_contact(&plate(), &newer).await.unwrap();
    assert!(scene.deliver(&notice(driver())).await);
    assert_eq!(scene.cloud.directory().contacts(&[plate()]).await.unwrap()[0].1, newer);
}

#[tokio::test]
async fn a_directory_that_is_down_does_not_keep_a_person_waiting() {
    let scene = scene(&[(Push, Does::KnowsNoSuchPhone)]).await;
    scene.cloud.directory().put_contact(&plate(), &driver()).await.unwrap();
    for _ in 0..3 {
        scene.cloud.fail_next("UpdateItem", Fault::Before);
    }
    assert!(scene.deliver(&notice(driver())).await);
    assert_eq!(scene.vendors.channels(), [AlimTalk]);
}

#[tokio::test]
async fn when_alimtalk_is_refused_the_person_gets_a_text() {
    let scene = scene(&[(AlimTalk, Does::Refuses)]).await;
    assert!(scene.deliver(&notice(Contact { push_token: None, ..driver() })).await);
    let taken = scene.vendors.taken();
    assert_eq!((taken.len(), taken[0].channel), (1, Text));
    assert!(taken[0].said.starts_with("[바로] 법원·검찰청앞"), "{}", taken[0].said);
}

#[tokio::test]
async fn a_person_whom_no_channel_reaches_is_given_up_and_not_tried_again() {
    let scene = scene(&[(Push, Does::Refuses), (AlimTalk, Does::Refuses), (Text, Does::Refuses)]).await;
    assert!(scene.deliver(&notice(driver())).await);
    assert!(scene.deliver(&notice(driver())).await);
    assert_eq!(scene.vendors.channels(), []);
    assert_eq!(scene.outcomes(&notice(driver())).await.len(), 6, "three tries, each begun and refused");
}

#[tokio::test]
async fn a_notice_for_nobody_is_done() {
    let scene = scene(&[]).await;
    assert!(scene.deliver(&notice(Contact::default())).await);
    assert_eq!(scene.vendors.channels(), []);
}

#[tokio::test]
async fn a_vendor_that_is_down_brings_the_message_back_and_costs_no_other_channel() {
    let scene = scene(&[(Push, Does::Fails), (Push, Does::Fails)]).await;
    for _ in 0..2 {
        assert!(!scene.deliver(&notice(driver())).await);
        scene.wait_it_out();
    }
    assert!(scene.deliver(&notice(driver())).await);
    assert_eq!(scene.vendors.channels(), [Push]);
}

#[tokio::test]
async fn a_text_that_was_taken_before_the_crash_is_asked_about_and_not_sent_again() {
    let scene = scene(&[(AlimTalk, Does::Refuses), (Text, Does::TakesAndSaysNothing)]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    scene.deliver_and_be_killed(&told).await;
    scene.wait_it_out();
    assert!(scene.deliver(&told).await);
    assert_eq!((scene.vendors.channels(), scene.vendors.look_ups()), (vec![Text], 1));
    assert_eq!(scene.outcomes(&told).await.last(), Some(&(Text, Outcome::Accepted)));
}

#[tokio::test]
async fn a_text_that_was_not_taken_before_the_crash_is_sent_after_asking() {
    let scene = scene(&[(AlimTalk, Does::SaysNothing)]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    scene.deliver_and_be_killed(&told).await;
    scene.wait_it_out();
    assert!(scene.deliver(&told).await);
    assert_eq!((scene.vendors.channels(), scene.vendors.look_ups()), (vec![AlimTalk], 1));
}

#[tokio::test]
async fn a_text_taken_with_a_fault_for_an_answer_is_not_sent_again() {
    let scene = scene(&[(AlimTalk, Does::TakesAndFails)]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    assert!(!scene.deliver(&told).await);
    scene.wait_it_out();
    assert!(scene.deliver(&told).await);
    assert_eq!(scene.vendors.channels(), [AlimTalk]);
}

#[tokio::test]
async fn a_message_that_was_taken_but_not_delivered_gives_way_to_the_next_channel() {
    let scene = scene(&[(AlimTalk, Does::TakesAndFails)]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    scene.deliver(&told).await;
    scene.vendors.list(LookUp::Failed { code: "3104".into() });
    scene.wait_it_out();
    assert!(scene.deliver(&told).await);
    assert_eq!(scene.vendors.channels(), [AlimTalk, Text]);
}

#[tokio::test]
async fn while_the_vendor_cannot_be_asked_nothing_is_sent() {
    let scene = scene(&[(AlimTalk, Does::TakesAndFails)]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    scene.deliver(&told).await;
    scene.vendors.list(LookUp::Retry("HTTP 503".into()));
    scene.wait_it_out();
    assert!(!scene.deliver(&told).await);
    assert_eq!(scene.vendors.channels(), [AlimTalk]);
}

#[tokio::test]
async fn a_push_of_unknown_end_is_sent_again_under_the_same_id_which_replaces_it() {
    let scene = scene(&[(Push, Does::TakesAndSaysNothing)]).await;
    let told = notice(driver());
    scene.deliver_and_be_killed(&told).await;
    scene.wait_it_out();
    assert!(scene.deliver(&told).await);
    let taken = scene.vendors.taken();
    assert_eq!(scene.vendors.channels(), [Push, Push]);
    assert_eq!(taken[0], taken[1]);
}

#[tokio::test]
async fn nothing_is_sent_before_the_try_is_written_down() {
    let scene = scene(&[]).await;
    for _ in 0..3 {
        scene.cloud.fail_next("PutItem", Fault::Before);
    }
    assert!(!scene.deliver(&notice(driver())).await);
    assert_eq!(scene.vendors.channels(), []);
    assert!(scene.deliver(&notice(driver())).await);
    assert_eq!(scene.vendors.channels(), [Push]);
}

#[tokio::test]
async fn a_try_whose_writing_down_lost_its_answer_is_made_later_and_once() {
    let scene = scene(&[]).await;
    let told = notice(Contact { push_token: None, ..driver() });
    scene.cloud.fail_next("PutItem", Fault::After);
    assert!(!scene.deliver(&told).await, "our own line looks like another delivery's");
    assert_eq!(scene.vendors.channels(), []);
    scene.wait_it_out();
    assert!(scene.deliver(&told).await);
    assert_eq!(scene.vendors.channels(), [AlimTalk]);
}

#[tokio::test]
async fn a_message_that_is_no_notice_fails_alone() {
    let scene = scene(&[]).await;
    let good = serde_json::to_string(&notice(driver())).unwrap();
    let mut elsewhere = notice(driver());
    elsewhere.time_zone = "Asia/Nowhere".into();
    let bodies = ["{\"id\":".to_owned(), good, "{}".to_owned(), serde_json::to_string(&elsewhere).unwrap()];
    let mut back = scene.deliver_all(&bodies).await;
    back.sort();
    assert_eq!(back, ["message-0", "message-2", "message-3"]);
    assert_eq!(scene.vendors.channels(), [Push]);
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_said_without_what_stands_in_it() {
    let phone_as_number = r#"{"id":"ntc_1","event":"evt_1","plate":"12가3456","lotName":"x","timeZone":"Asia/Seoul","contact":{"phone":1000001234}}"#;
    let error = serde_json::from_str::<Notice>(phone_as_number).unwrap_err();
    assert!(error.to_string().contains("1000001234"), "serde repeats the value: {error}");
    let said = baro_notifier::NotifyError::Malformed { line: error.line(), column: error.column() };
    assert!(!said.to_string().contains("1000001234"), "{said}");
}

#[tokio::test]
async fn the_sample_event_tells_both_people_in_their_languages() {
    let scene = scene(&[]).await;
    let event: SqsEvent =
        serde_json::from_str(include_str!("../../../events/notifier/notices.json")).unwrap();
    let response = scene.notifier.handle(event).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
    let mut said: Vec<_> =
        scene.vendors.taken().into_iter().map(|taken| (taken.channel, taken.said)).collect();
    said.sort();
    assert_eq!(said[0].0, Push);
    assert_eq!(said[1], (AlimTalk, "left-owing-en".to_owned()));
}
