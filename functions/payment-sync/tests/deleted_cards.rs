//! A card that its owner, the issuer or the gateway's console has deleted at the gateway.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use baro_clients::{
    Secret,
    portone::{
        BillingKeyCharge, BillingKeys, CancelRequest, Cancellation, ChargedPayment, GatewayError,
        GatewayPayment, IssuedBillingKey, PaymentGateway,
    },
};
use baro_domain::{
    DriverId, PaymentId, Won,
    purse::{BillingKey, RegisteredCard},
    visit::Payer,
};
use baro_payment_sync::PaymentSync;
use baro_runtime::Clock;
use baro_testing::{Cloud, at};
use serde_json::json;

/// A gateway that knows these cards and is asked for nothing else.
#[derive(Default)]
struct Cards {
    issued: Mutex<Vec<String>>,
    is_down: Mutex<bool>,
}

#[async_trait]
impl BillingKeys for Cards {
    async fn billing_key(&self, key: &Secret) -> Result<Option<IssuedBillingKey>, GatewayError> {
        if *self.is_down.lock().unwrap() {
            return Err(GatewayError::Retry("down".into()));
        }
        let known = self.issued.lock().unwrap().iter().any(|issued| issued == key.expose());
        Ok(known.then(|| IssuedBillingKey {
            store_id: String::new(),
            customer_id: None,
            channel_types: Vec::new(),
            label: String::new(),
        }))
    }

    async fn delete_billing_key(&self, _key: &Secret) -> Result<(), GatewayError> {
        panic!("nobody asked for that")
    }
}

#[async_trait]
impl PaymentGateway for Cards {
    async fn get_payment(&self, _: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        panic!("no payment is spoken of")
    }
    async fn cancel(&self, _: &PaymentId, _: &CancelRequest) -> Result<Cancellation, GatewayError> {
        panic!("no payment is spoken of")
    }
    async fn pre_register(&self, _: &PaymentId, _: Won) -> Result<(), GatewayError> {
        panic!("no payment is spoken of")
    }
    async fn charge(&self, _: &PaymentId, _: &BillingKeyCharge) -> Result<ChargedPayment, GatewayError> {
        panic!("no payment is spoken of")
    }
}

struct World {
    cloud: Cloud,
    gateway: Arc<Cards>,
    sync: PaymentSync,
}

fn payer() -> Payer {
    Payer::Driver(DriverId::derive(&["d"]))
}

fn card(key: &str) -> RegisteredCard {
    RegisteredCard::new(BillingKey::new(key), "신한 1234", at(0))
}

impl World {
    /// A driver with two cards, the second of which is charged.
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        for key in ["first", "second"] {
            let before = cloud.billing().purse(&payer()).await.unwrap();
            let next = before.value.with_card(card(key)).unwrap();
            assert!(cloud.billing().change_cards(&before, &next).await.unwrap());
        }
        let gateway = Arc::new(Cards::default());
        let parts = (cloud.billing(), cloud.parking());
        let sync = PaymentSync::new(parts, baro_testing::shop(), gateway.clone(), Clock::at(at(62)));
        let sync = sync.with_cards(gateway.clone());
        cloud.forget_calls();
        Self { cloud, gateway, sync }
    }

    async fn hears_of(&self, key: &str) -> bool {
        let body = json!({"source": "portone-v2", "type": "BillingKey.Deleted", "cardId": card(key).id});
        let record =
            json!({"messageId": "m", "body": body.to_string(), "attributes": {}, "messageAttributes": {}});
        let event = serde_json::from_value(json!({"Records": [record]})).unwrap();
        self.sync.handle(event).await.unwrap().batch_item_failures.is_empty()
    }

    async fn charged(&self) -> Option<String> {
        let purse = self.cloud.billing().purse(&payer()).await.unwrap().value;
        purse.card().map(|card| card.billing_key.expose().to_owned())
    }
}

#[tokio::test]
async fn a_deleted_card_leaves_its_purse_and_the_next_one_is_charged() {
    let world = World::start().await;
    *world.gateway.issued.lock().unwrap() = vec!["first".into()];
    for _ in 0..2 {
        assert!(world.hears_of("second").await);
    }
    assert_eq!(world.charged().await.as_deref(), Some("first"));
    assert_eq!(world.cloud.billing().card(&card("second").id).await.unwrap(), None);
}

#[tokio::test]
async fn a_card_that_the_gateway_still_has_stays_whatever_the_message_says() {
    let world = World::start().await;
    *world.gateway.issued.lock().unwrap() = vec!["first".into(), "second".into()];
    assert!(world.hears_of("second").await);
    assert!(world.hears_of("of another shop").await);
    assert_eq!(world.charged().await.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_gateway_that_is_silent_drops_no_card_and_the_message_comes_again() {
    let world = World::start().await;
    *world.gateway.is_down.lock().unwrap() = true;
    assert!(!world.hears_of("second").await);
    assert_eq!(world.charged().await.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_card_that_its_owner_took_back_is_forgotten_when_the_gateway_says_so() {
    let world = World::start().await;
    let before = world.cloud.billing().purse(&payer()).await.unwrap();
    let next = before.value.without_card(&card("second").id);
    assert!(world.cloud.billing().change_cards(&before, &next).await.unwrap());
    assert!(world.hears_of("second").await);
    assert_eq!(world.cloud.billing().card(&card("second").id).await.unwrap(), None);
    assert_eq!(world.charged().await.as_deref(), Some("first"));
}
