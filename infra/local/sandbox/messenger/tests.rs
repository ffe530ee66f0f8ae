//! The messengers through the real clients.

use std::collections::BTreeMap;
use std::time::Duration;

use baro_clients::fcm::{Fcm, FcmAccount, FcmEndpoints, PushMessage, PushOutcome, PushSender};
use baro_clients::solapi::{
    LookUp, Solapi, SolapiAccount, TextChannel, TextContent, TextMessage, TextOutcome, TextSender,
};
use baro_clients::{HttpClient, HttpTimeouts, Secret};
use baro_domain::NoticeId;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::*;
use crate::sandbox::support::now;

#[derive(Deserialize)]
struct Accounts {
    fcm: FcmAccount,
    solapi: SolapiAccount,
}

struct World {
    messengers: MessengerSandbox,
    push: Fcm,
    text: Solapi,
}

async fn world() -> World {
    let templates = BTreeMap::from([("T-ENTERED".to_owned(), "#{주차장}에 입차했습니다.".to_owned())]);
    let messengers = MessengerSandbox::start(MessengerSandboxConfig::drawn(templates)).await.unwrap();
    let accounts: Accounts = serde_json::from_value(messengers.secret_json()).unwrap();
    let timeouts = HttpTimeouts { whole: Duration::from_millis(500), ..HttpTimeouts::default() };
    let http = HttpClient::new(timeouts).unwrap();
    let endpoints = FcmEndpoints { base_url: messengers.url.clone(), token_url: messengers.token_url() };
    let push = Fcm::new(http.clone(), &endpoints, accounts.fcm);
    let text = Solapi::new(http, &messengers.url, accounts.solapi);
    World { messengers, push, text }
}

fn notice(event: &str) -> NoticeId {
    NoticeId::derive(&[event])
}

fn push(event: &str, token: &str) -> PushMessage {
    PushMessage {
        notice: notice(event),
        token: Secret::new(token),
        title: "입차".into(),
        body: "월평 공영주차장에 입차했습니다.".into(),
        data: BTreeMap::from([("visit".into(), "vis_1".into())]),
    }
}

fn alimtalk(event: &str, template: &str, variable: &str) -> TextMessage {
    let variables = BTreeMap::from([(variable.to_owned(), "월평 공영주차장".to_owned())]);
    let content = TextContent::AlimTalk { template_id: template.into(), variables };
    TextMessage { notice: notice(event), to: Secret::new("01012345678"), content }
}

fn rule(fault: MessengerFault) -> MessengerFaultRule {
    MessengerFaultRule { fault, operation: None, rate_permille: 1_000, times: Some(1) }
}

#[tokio::test]
async fn a_push_reaches_a_phone_and_its_repetition_replaces_it() {
    let world = world().await;
    for _ in 0..2 {
        assert!(matches!(world.push.push(&push("evt_1", "phone-1"), now()).await, PushOutcome::Sent { .. }));
    }
    let messages = world.messengers.messages();
    assert_eq!((messages.len(), messages[0].copies, messages[0].channel), (1, 2, "push"));
    assert_eq!(lock(&world.messengers.desk.state).access_tokens.len(), 1, "the access token is fetched once");
}

#[tokio::test]
async fn an_expired_access_token_is_fetched_anew() {
    let world = world().await;
    world.push.push(&push("evt_1", "phone-1"), now()).await;
    lock(&world.messengers.desk.state).access_tokens.clear();
    assert!(matches!(world.push.push(&push("evt_2", "phone-1"), now()).await, PushOutcome::Retry(_)));
    assert!(matches!(world.push.push(&push("evt_2", "phone-1"), now()).await, PushOutcome::Sent { .. }));
}

#[tokio::test]
async fn a_phone_that_is_gone_a_bad_token_and_a_wrong_clock_are_told_apart() {
    let world = world().await;
    world.messengers.unregister("gone");
    assert_eq!(world.push.push(&push("evt_1", "gone"), now()).await, PushOutcome::Unregistered);
    assert_eq!(world.push.push(&push("evt_1", "not a token"), now()).await, PushOutcome::Unregistered);
    let other = self::world().await;
    let yesterday = now().checked_sub(SignedDuration::from_hours(24)).unwrap();
    assert!(matches!(other.push.push(&push("evt_1", "phone-1"), yesterday).await, PushOutcome::Refused(_)));
}

#[tokio::test]
async fn a_key_of_another_account_gets_no_token() {
    let world = world().await;
    let stranger = self::world().await;
    let accounts: Accounts = serde_json::from_value(stranger.messengers.secret_json()).unwrap();
    let endpoints =
        FcmEndpoints { base_url: world.messengers.url.clone(), token_url: world.messengers.token_url() };
    let push_as_stranger =
        Fcm::new(HttpClient::new(HttpTimeouts::default()).unwrap(), &endpoints, accounts.fcm);
    let outcome = push_as_stranger.push(&push("evt_1", "phone-1"), now()).await;
    assert!(matches!(outcome, PushOutcome::Refused(_)), "{outcome:?}");
    assert!(world.messengers.messages().is_empty());
}

#[tokio::test]
async fn quota_and_silence_of_google_are_retried() {
    let world = world().await;
    for fault in [
        MessengerFault::Quota,
        MessengerFault::ServerError,
        MessengerFault::TimeoutAfterSuccess { millis: 3_000 },
    ] {
        world.messengers.add_fault(MessengerFaultRule { operation: Some("push".into()), ..rule(fault) });
        let outcome = world.push.push(&push("evt_1", "phone-1"), now()).await;
        assert!(matches!(outcome, PushOutcome::Retry(_)), "{fault:?} {outcome:?}");
    }
}

#[tokio::test]
async fn alimtalk_is_read_with_its_variables_filled_in() {
    let world = world().await;
    let outcome = world.text.send(&alimtalk("evt_1", "T-ENTERED", "주차장"), now()).await;
    assert!(
        matches!(outcome, TextOutcome::Accepted { ref message_id } if !message_id.is_empty()),
        "{outcome:?}"
    );
    let messages = world.messengers.messages();
    assert_eq!(
        (messages[0].channel, messages[0].text.as_str()),
        ("alimTalk", "월평 공영주차장에 입차했습니다.")
    );
}

#[tokio::test]
async fn an_unknown_template_or_a_missing_variable_is_refused() {
    let world = world().await;
    for message in [alimtalk("evt_1", "T-NONE", "주차장"), alimtalk("evt_1", "T-ENTERED", "주차")] {
        let outcome = world.text.send(&message, now()).await;
        assert!(matches!(outcome, TextOutcome::Refused { .. }), "{outcome:?}");
    }
    assert!(world.messengers.messages().is_empty());
}

#[tokio::test]
async fn a_number_that_fails_is_refused_with_its_code() {
    let world = world().await;
    world.messengers.fail_number("01012345678", "3104");
    let outcome = world.text.send(&alimtalk("evt_1", "T-ENTERED", "주차장"), now()).await;
    assert_eq!(outcome, TextOutcome::Refused { code: "3104".into() });
}

#[tokio::test]
async fn a_text_whose_outcome_is_unknown_is_found_again() {
    let world = world().await;
    let (started, to) = (now(), Secret::new("01012345678"));
    let content = TextContent::Plain { text: "가".repeat(46) };
    let message = TextMessage { notice: notice("evt_1"), to: to.clone(), content };
    let look_up = |channel| world.text.look_up(&message.notice, &to, channel, started, now());
    assert_eq!(look_up(TextChannel::Plain).await, LookUp::Absent);
    world.messengers.add_fault(rule(MessengerFault::TimeoutAfterSuccess { millis: 3_000 }));
    assert!(matches!(world.text.send(&message, now()).await, TextOutcome::Unknown(_)));
    assert!(matches!(look_up(TextChannel::Plain).await, LookUp::Accepted { .. }));
    assert_eq!(look_up(TextChannel::AlimTalk).await, LookUp::Absent);
    assert_eq!(world.messengers.messages()[0].channel, "lms");
}

#[tokio::test]
async fn a_signature_is_taken_once_and_only_near_its_date() {
    let world = world().await;
    let message = alimtalk("evt_1", "T-ENTERED", "주차장");
    let at = now();
    assert!(matches!(world.text.send(&message, at).await, TextOutcome::Accepted { .. }));
    let again = world.text.send(&message, at).await;
    assert_eq!(again, TextOutcome::Refused { code: "DuplicatedSignature".into() });
    let skewed = world.text.send(&message, Timestamp::UNIX_EPOCH).await;
    assert_eq!(skewed, TextOutcome::Refused { code: "RequestTimeTooSkewed".into() });
    assert_eq!(world.messengers.messages().len(), 1);
}
