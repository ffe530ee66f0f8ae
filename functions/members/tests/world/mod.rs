//! A driver and a company who are members, a gateway whose cards a test sets, and the test cloud.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use baro_clients::{
    Secret,
    portone::{BillingKeys, ChannelType, GatewayError, IssuedBillingKey},
};
use baro_domain::{AccessKey, BusinessNumber, Company, CompanyId, DriverId, Member, visit::Payer};
use baro_members::{Members, handle};
use baro_runtime::{Clock, Config, access::digest_of};
use baro_testing::{BILLING, Cloud, DIRECTORY, at};
use serde_json::Value;

/// What the gateway has, and what is to be answered instead.
#[derive(Default)]
pub(crate) struct Gateway {
    pub(crate) cards: Mutex<BTreeMap<String, IssuedBillingKey>>,
    pub(crate) failure: Mutex<Option<GatewayError>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Gateway {
    fn hears(&self, what: &str, key: &Secret) -> Result<(), GatewayError> {
        self.asked.lock().unwrap().push(format!("{what} {}", key.expose()));
        self.failure.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl BillingKeys for Gateway {
    async fn billing_key(&self, key: &Secret) -> Result<Option<IssuedBillingKey>, GatewayError> {
        self.hears("get", key)?;
        Ok(self.cards.lock().unwrap().get(key.expose()).cloned())
    }

    async fn delete_billing_key(&self, key: &Secret) -> Result<(), GatewayError> {
        self.hears("delete", key)?;
        self.cards.lock().unwrap().remove(key.expose());
        Ok(())
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// Status and code of an error.
    pub(crate) fn problem(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// All of it.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) gateway: Arc<Gateway>,
    api: Arc<Members>,
}

pub(crate) fn driver() -> Payer {
    Payer::Driver(DriverId::parse("drv_4f1c7a0e9b2d58c63a71").unwrap())
}

pub(crate) fn company() -> Payer {
    Payer::Company(CompanyId::parse("cmp_hanbat").unwrap())
}

/// Another driver.
pub(crate) fn stranger() -> Payer {
    Payer::Driver(DriverId::parse("drv_stranger").unwrap())
}

/// Says who asks: all members' secret is the same, and none fits another's id that has none.
pub(crate) fn from(payer: &Payer) -> impl FnOnce(&mut Value) + use<> {
    let key = format!("Bearer {}.local-secret", payer.as_str());
    move |event| event["headers"]["authorization"] = key.into()
}

impl World {
    pub(crate) async fn start() -> Self {
        let cloud = Cloud::start().await;
        let key = || AccessKey { name: "k".into(), secret_sha256: digest_of("local-secret") };
        for payer in [driver(), stranger()] {
            let member = Member::new(payer, None, key(), at(0));
            assert!(cloud.directory().create_member(&member).await.unwrap());
        }
        let business_number = BusinessNumber::parse("120-81-47521").unwrap();
        let contract = Company { name: "한밭물류".into(), business_number };
        let member = Member::new(company(), Some(contract), key(), at(0));
        assert!(cloud.directory().create_member(&member).await.unwrap());
        let config = Config::from_pairs([
            ("DIRECTORY_TABLE", DIRECTORY),
            ("BILLING_TABLE", BILLING),
            ("PORTONE_STORE_ID", "store-1"),
            ("PORTONE_CHANNEL_KEY", "channel-key-1"),
            ("PORTONE_CHANNEL_TYPE", "TEST"),
        ]);
        let gateway = Arc::new(Gateway::default());
        let api = Members::new(&config, &cloud.aws, gateway.clone(), Clock::at(at(60))).unwrap();
        cloud.forget_calls();
        Self { cloud, gateway, api: Arc::new(api) }
    }

    /// A card that the gateway issued for this member.
    pub(crate) fn issue(&self, key: &str, payer: &Payer) {
        self.issue_with(key, payer, |_| ());
    }

    /// As [`Self::issue`], changed.
    pub(crate) fn issue_with(&self, key: &str, payer: &Payer, change: impl FnOnce(&mut IssuedBillingKey)) {
        let mut issued = IssuedBillingKey {
            store_id: "store-1".into(),
            customer_id: Some(payer.as_str().to_owned()),
            channel_types: vec![ChannelType::Test],
            label: "신한카드 4330-12**-****-1234".into(),
        };
        change(&mut issued);
        self.gateway.cards.lock().unwrap().insert(key.to_owned(), issued);
    }

    /// Sends the sample event of that name.
    pub(crate) async fn ask(&self, name: &str) -> Answer {
        self.ask_with(name, |_| ()).await
    }

    /// Sends the sample event of that name, changed.
    pub(crate) async fn ask_with(&self, name: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let path = format!("{}/../../events/members/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        change(&mut event);
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let api = self.api.clone();
        let response = Box::pin(baro_runtime::answer(request, |request| handle(api, request))).await;
        let status = response.status().as_u16();
        Answer { status, body: serde_json::from_slice(response.body()).unwrap_or_default() }
    }
}
