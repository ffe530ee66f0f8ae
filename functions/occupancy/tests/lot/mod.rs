//! A lot with a counter, a camera and a guidance system, and their words as API Gateway hands them on.

use std::{collections::BTreeMap, sync::Arc};

use baro_domain::{
    Gate, GateId, GateVendor,
    occupancy::{ClassOccupancy, OccupancyRules, Source, SourceKind, SpaceClass, merged},
};
use baro_occupancy::{Occupancy, handle};
use baro_runtime::Clock;
use baro_testing::{Cloud, at, gate, large_lot_record};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// A counter, which is also the camera over the chargers.
pub(crate) const COUNTER: &str = "gate_counter";
/// A guidance system with a sensor at each space.
pub(crate) const GUIDE: &str = "gate_guide";

pub(crate) struct Lot {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Clock,
    settings: baro_domain::Lot,
    service: Arc<Occupancy>,
}

pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

fn device(id: &str) -> Gate {
    Gate { id: GateId::parse(id).unwrap(), lanes: Vec::new(), ..gate(GateVendor::Occupancy) }
}

fn rules() -> OccupancyRules {
    let counter = || Source::Counter { device: GateId::parse(COUNTER).unwrap() };
    let camera = Source::Camera { device: GateId::parse(COUNTER).unwrap() };
    OccupancyRules {
        capacity: BTreeMap::from([
            (SpaceClass::Disabled, 8),
            (SpaceClass::Charging, 10),
            (SpaceClass::Compact, 20),
            (SpaceClass::Woman, 4),
        ]),
        sources: BTreeMap::from([
            (SpaceClass::All, vec![counter(), Source::Visits]),
            (SpaceClass::General, vec![Source::Spaces]),
            (SpaceClass::Disabled, vec![counter(), Source::Spaces]),
            (SpaceClass::Charging, vec![camera]),
            (SpaceClass::Compact, vec![counter()]),
            (SpaceClass::Woman, vec![Source::Spaces]),
        ]),
    }
}

impl Lot {
    async fn with(capacity: u32, rules: OccupancyRules) -> Self {
        let cloud = Cloud::start().await;
        let mut record = large_lot_record();
        (record.lot.capacity, record.lot.occupancy) = (capacity, rules);
        cloud.directory().put_lots(std::slice::from_ref(&record)).await.unwrap();
        for id in [COUNTER, GUIDE] {
            cloud.directory().put_gate(&device(id)).await.unwrap();
        }
        let clock = Clock::at(at(6));
        let service = Occupancy::new(&cloud.aws, cloud.directory(), cloud.activity(), "raw", clock.clone());
        cloud.forget_calls();
        Self { cloud, clock, settings: record.lot, service: Arc::new(service) }
    }

    /// Of 300 spaces, at six minutes past ten.
    pub(crate) async fn open() -> Self {
        Self::with(300, rules()).await
    }

    /// Of ten spaces, so that all its sensors lie in one page.
    pub(crate) async fn small() -> Self {
        Self::with(10, rules()).await
    }

    pub(crate) async fn without_sensors() -> Self {
        Self::with(300, OccupancyRules::by_visits()).await
    }

    /// Sends an event as it lies in `events/occupancy`.
    pub(crate) async fn event(&self, event: &Value) -> Said {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = baro_runtime::answer(request, |request| handle(self.service.clone(), request)).await;
        Said {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_slice(response.body()).unwrap(),
        }
    }

    /// A word with the right secret.
    pub(crate) async fn says(&self, gate: &str, route: &str, body: &Value) -> Said {
        let headers = [("content-type", "application/json"), ("x-gate-secret", "secret")];
        self.event(&request(gate, route, &headers, body.to_string().as_bytes())).await
    }

    /// What a driver is told of a class.
    pub(crate) async fn told(&self, class: SpaceClass) -> ClassOccupancy {
        let known = self.cloud.activity().occupancies(&[&self.settings]).await.unwrap();
        let state = known.get(&self.settings.id).cloned().unwrap_or_default();
        let all = merged(&self.settings, &state, self.clock.now());
        all.into_iter().find(|one| one.class == class).unwrap()
    }

    /// Free spaces of a class, and who says so.
    pub(crate) async fn free(&self, class: SpaceClass) -> Option<(u32, SourceKind)> {
        let told = self.told(class).await;
        told.free.zip(told.source)
    }

    /// The codes and bodies of what was refused.
    pub(crate) fn kept(&self) -> Vec<(String, String)> {
        let objects = self.cloud.objects().into_iter();
        let refused = objects.filter(|(key, _)| key.starts_with("raw/gates/refused/2026/11/20/"));
        let read = |(_, document): (String, Vec<u8>)| {
            let document: Value = serde_json::from_slice(&document).unwrap();
            let body = STANDARD.decode(document["body"].as_str().unwrap()).unwrap();
            (document["code"].as_str().unwrap().to_owned(), String::from_utf8(body).unwrap())
        };
        refused.map(read).collect()
    }
}

pub(crate) fn request(gate: &str, route: &str, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let mut event = sample("counter");
    let (key, path) = (format!("POST /v1/gates/{{gateId}}/{route}"), format!("/v1/gates/{gate}/{route}"));
    event["routeKey"] = json!(key);
    event["requestContext"]["routeKey"] = json!(key);
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
    event["pathParameters"]["gateId"] = json!(gate);
    event["headers"] = headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    event["headers"]["host"] = json!("api.baro.example");
    event["body"] = json!(STANDARD.encode(body));
    event["isBase64Encoded"] = json!(true);
    event
}

pub(crate) fn sample(name: &str) -> Value {
    let path = format!("{}/../../events/occupancy/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
