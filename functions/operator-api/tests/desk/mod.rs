//! A lot, its operator, a clock and the test cloud.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::sync::Arc;

use baro_domain::{AccessKey, Operator, OperatorId, Passage, PlateNumber};
use baro_operator_api::{OperatorApi, handle};
use baro_runtime::{Clock, Config};
use baro_testing::{ACTIVITY, BILLING, Cloud, DIRECTORY, PARKING, at, lot_record, observation};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

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
pub(crate) struct Desk {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Clock,
    api: Arc<OperatorApi>,
}

fn operator(id: OperatorId, secret: &str) -> Operator {
    let secret_sha256 = hex::encode(Sha256::digest(secret));
    Operator {
        id,
        name: "서구청".into(),
        business_number: None,
        keys: vec![AccessKey { name: "당직".into(), secret_sha256 }],
    }
}

impl Desk {
    /// The lot of the fixtures and its operator are there, and another operator without a lot; it is 11:00.
    pub(crate) async fn start() -> Self {
        let cloud = Cloud::start().await;
        let directory = cloud.directory();
        directory.put_lots(&[lot_record()]).await.unwrap();
        directory.put_operator(&operator(lot_record().lot.operator, "local-secret")).await.unwrap();
        let stranger = OperatorId::parse("opr_elsewhere").unwrap();
        directory.put_operator(&operator(stranger, "other-secret")).await.unwrap();
        let config = Config::from_pairs([
            ("PARKING_TABLE", PARKING),
            ("DIRECTORY_TABLE", DIRECTORY),
            ("ACTIVITY_TABLE", ACTIVITY),
            ("BILLING_TABLE", BILLING),
            ("RAW_BUCKET", "raw"),
        ]);
        let clock = Clock::at(at(60));
        let api = Arc::new(OperatorApi::new(&config, &cloud.aws, clock.clone()).unwrap());
        cloud.forget_calls();
        Self { cloud, clock, api }
    }

    /// A read of a plate.
    pub(crate) async fn read(&self, name: &str, plate: &str, passage: Passage, minutes: i64) {
        let mut read = observation(name, passage, minutes);
        read.plate = PlateNumber::parse(plate);
        read.image_key = Some(format!("gates/images/{name}.jpg"));
        self.cloud.parking().record(&read, &read.plate, None).await.unwrap();
    }

    /// Sends the sample event of that name.
    pub(crate) async fn ask(&self, name: &str) -> Answer {
        self.ask_with(name, |_| ()).await
    }

    /// Sends the sample event of that name, changed.
    pub(crate) async fn ask_with(&self, name: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let path = format!("{}/../../events/operator-api/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        change(&mut event);
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let api = self.api.clone();
        let response = Box::pin(baro_runtime::answer(request, |request| handle(api, request))).await;
        let status = response.status().as_u16();
        Answer { status, body: serde_json::from_slice(response.body()).unwrap() }
    }
}
