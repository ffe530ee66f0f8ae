//! Cards: whose word one is taken on, and how it goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod world;

use baro_clients::portone::{ChannelType, GatewayError, Refusal, RefusalKind};
use baro_domain::{
    CardId,
    purse::{BillingKey, Purse},
    visit::Payer,
};
use serde_json::{Value, json};
use world::{World, company, driver, from, stranger};

impl World {
    async fn purse(&self, payer: &Payer) -> Purse {
        self.cloud.billing().purse(payer).await.unwrap().value
    }
}

fn card(key: &str) -> CardId {
    BillingKey::new(key).card_id()
}

fn with_key(key: &str) -> impl FnOnce(&mut Value) {
    let body = json!({"billingKey": key}).to_string();
    move |event| event["body"] = body.into()
}

#[tokio::test]
async fn a_card_is_taken_on_the_gateways_word_and_its_key_is_never_shown() {
    let world = World::start().await;
    world.issue("billing-key-1", &driver());
    let answer = world.ask("card").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["label"], "신한카드 4330-12**-****-1234");
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem", "GetItem", "TransactWriteItems"]);
    let me = world.ask("me").await;
    assert_eq!((&me.body["cards"][0]["charged"], me.status), (&json!(true), 200));
    for shown in [answer.body, me.body] {
        assert!(!shown.to_string().contains("billing-key-1"), "{shown}");
    }
    assert_eq!(world.ask("card").await.status, 200, "sent again it changes nothing");
    assert_eq!(world.purse(&driver()).await.cards.len(), 1);
    assert_eq!(world.cloud.billing().card(&card("billing-key-1")).await.unwrap().unwrap().payer, driver());
}

#[tokio::test]
async fn a_card_of_another_member_shop_or_kind_is_not_taken_whoever_knows_its_key() {
    let world = World::start().await;
    assert_eq!(world.ask("card").await.problem(), (422, "card-refused"), "nobody issued it");
    world.issue("billing-key-1", &stranger());
    assert_eq!(world.ask("card").await.problem(), (422, "card-refused"));
    world.issue_with("billing-key-1", &driver(), |issued| issued.customer_id = None);
    assert_eq!(world.ask("card").await.problem(), (422, "card-refused"));
    world.issue_with("billing-key-1", &driver(), |issued| issued.store_id = "store-2".into());
    assert_eq!(world.ask("card").await.problem(), (422, "card-refused"));
    world.issue_with("billing-key-1", &driver(), |issued| issued.channel_types = vec![ChannelType::Live]);
    assert_eq!(world.ask("card").await.problem(), (422, "card-refused"));
    assert!(world.purse(&driver()).await.cards.is_empty());
}

#[tokio::test]
async fn a_company_has_exactly_its_own_card() {
    let world = World::start().await;
    world.issue("billing-key-1", &company());
    world.issue("billing-key-2", &company());
    assert_eq!(world.ask_with("card", from(&company())).await.status, 201);
    let second = |event: &mut Value| {
        from(&company())(event);
        with_key("billing-key-2")(event);
    };
    assert_eq!(world.ask_with("card", second).await.problem(), (409, "cards-full"));
    let me = world.ask_with("me", from(&company())).await;
    assert_eq!((&me.body["kind"], &me.body["company"]["ownCardOnly"]), (&json!("company"), &json!(true)));
    assert_eq!(me.body["company"]["businessNumber"], "1208147521");
}

#[tokio::test]
async fn two_cards_registered_at_once_are_both_kept() {
    let world = World::start().await;
    world.issue("billing-key-1", &driver());
    world.issue("billing-key-2", &driver());
    let (a, b) = tokio::join!(world.ask("card"), world.ask_with("card", with_key("billing-key-2")));
    assert_eq!((a.status, b.status), (201, 201), "{} {}", a.body, b.body);
    assert_eq!(world.purse(&driver()).await.cards.len(), 2);
}

#[tokio::test]
async fn a_card_taken_back_goes_from_the_purse_and_then_from_the_gateway() {
    let world = World::start().await;
    world.issue("billing-key-1", &driver());
    world.ask("card").await;
    assert_eq!(world.ask_with("card-delete", from(&stranger())).await.status, 204, "not theirs: nothing");
    assert_eq!(world.purse(&driver()).await.cards.len(), 1);
    for _ in 0..2 {
        assert_eq!(world.ask("card-delete").await.status, 204);
    }
    assert!(world.purse(&driver()).await.cards.is_empty());
    assert_eq!(*world.gateway.asked.lock().unwrap(), ["get billing-key-1", "delete billing-key-1"]);
    assert_eq!(world.cloud.billing().card(&card("billing-key-1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_gateway_that_does_not_hear_the_deletion_is_asked_by_the_same_request_again() {
    let world = World::start().await;
    world.issue("billing-key-1", &driver());
    world.ask("card").await;
    *world.gateway.failure.lock().unwrap() = Some(GatewayError::Retry("down".into()));
    assert_eq!(world.ask("card-delete").await.problem(), (503, "temporarily-unavailable"));
    assert!(world.purse(&driver()).await.cards.is_empty(), "no promise is charged to it any more");
    *world.gateway.failure.lock().unwrap() = None;
    assert_eq!(world.ask_with("card-delete", from(&stranger())).await.status, 204);
    assert_eq!(world.gateway.cards.lock().unwrap().len(), 1, "another member deletes nothing");
    assert_eq!(world.ask("card-delete").await.status, 204);
    assert!(world.gateway.cards.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_gateway_that_is_silent_takes_no_card_and_the_older_contract_says_so() {
    let world = World::start().await;
    let refusal =
        |kind| GatewayError::Final(Refusal { status: 0, kind, message: String::new(), pg_code: None });
    for (failure, status, code) in [
        (GatewayError::Retry("HTTP 500".into()), 503, "temporarily-unavailable"),
        (refusal(RefusalKind::NotInContract), 409, "cards-not-taken"),
        (refusal(RefusalKind::Unauthorized), 500, "internal-error"),
    ] {
        *world.gateway.failure.lock().unwrap() = Some(failure);
        assert_eq!(world.ask("card").await.problem(), (status, code));
    }
    for key in ["", "a b", "키"] {
        assert_eq!(world.ask_with("card", with_key(key)).await.problem(), (400, "invalid-member"));
    }
}
