//! A gate at the test cloud, and requests as API Gateway hands them on.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{path::PathBuf, sync::Arc};

use baro_domain::{Gate, GateVendor, Passage, PlateNumber};
use baro_gate_events::{GateEvents, handle};
use baro_gates::passages::Passages;
use baro_runtime::Clock;
use baro_testing::{Cloud, at, gate, lot_record, observation};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const QUEUE: &str = "http://sqs/gate-backlog.fifo";

pub(crate) struct House {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Clock,
    service: Arc<GateEvents>,
}

pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl House {
    /// A lot with one gate, in the minute the vendors' samples were taken.
    pub(crate) async fn of(gate: &Gate) -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_lots(&[lot_record()]).await.unwrap();
        cloud.directory().put_gate(gate).await.unwrap();
        let clock = Clock::at(at(270) + jiff::SignedDuration::from_secs(50));
        let passages = Passages::new(cloud.parking(), cloud.directory());
        let service =
            Arc::new(GateEvents::new(&cloud.aws, passages, cloud.activity(), "raw", QUEUE, clock.clone()));
        cloud.forget_calls();
        Self { cloud, clock, service }
    }

    pub(crate) async fn nexpa() -> Self {
        Self::of(&gate(GateVendor::Nexpa)).await
    }

    /// Sends an event as it lies in `events/gate-events`.
    pub(crate) async fn event(&self, event: &Value) -> Said {
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = baro_runtime::answer(request, |request| handle(self.service.clone(), request)).await;
        Said {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_slice(response.body()).unwrap(),
        }
    }

    pub(crate) async fn post(&self, route: &str, headers: &[(&str, &str)], body: &[u8]) -> Said {
        self.event(&request("gate_test", route, headers, body)).await
    }

    /// A report with the right secret.
    pub(crate) async fn report(&self, content_type: &str, body: &[u8]) -> Said {
        self.post("events", &[("content-type", content_type), ("x-gate-secret", "secret")], body).await
    }

    /// A read of a Nexpa controller, delivered at once.
    pub(crate) async fn read(&self, plate: &str, lane: &str, minutes: i64) -> Said {
        self.clock.set(at(minutes));
        self.late_read(plate, lane, at(minutes)).await
    }

    /// The same, delivered at whatever time it is.
    pub(crate) async fn late_read(&self, plate: &str, lane: &str, seen: Timestamp) -> Said {
        self.report("application/json", nexpa(plate, lane, seen).to_string().as_bytes()).await
    }

    /// What lies under a prefix of the raw bucket.
    pub(crate) fn kept(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let prefix = format!("raw/{prefix}");
        self.cloud.objects().into_iter().filter(|(key, _)| key.starts_with(&prefix)).collect()
    }

    pub(crate) async fn open_plates(&self) -> Vec<PlateNumber> {
        self.cloud.parking().open_plates(&lot_record().lot.id).await.unwrap()
    }

    /// How many reads are filed under a plate.
    pub(crate) async fn reads_of(&self, plate: &str) -> usize {
        let facts = self.cloud.parking().facts(&lot_record().lot.id, &PlateNumber::parse(plate)).await;
        facts.unwrap().observations.len()
    }

    /// Puts what a warm function knows into its caches at that minute, so that only a use case's own requests count.
    pub(crate) async fn warm(&self, minutes: i64) {
        self.read("99하9999", "1", minutes).await;
        self.cloud.forget_calls();
    }
}

pub(crate) fn nexpa(plate: &str, lane: &str, seen: Timestamp) -> Value {
    let local = seen.in_tz("Asia/Seoul").unwrap().strftime("%Y%m%d%H%M%S").to_string();
    let command = if lane == "1" { "alert_incar" } else { "alert_outcar" };
    json!({"command": command, "data": {"car_number": plate, "date_time": local, "kind": "n", "lprID": lane}})
}

pub(crate) fn request(gate: &str, route: &str, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let mut event = sample("gate-events/nexpa-entry.json");
    let key = format!("POST /v1/gates/{{gateId}}/{route}");
    let path = format!("/v1/gates/{gate}/{route}");
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

pub(crate) fn sample_bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn sample(name: &str) -> Value {
    serde_json::from_slice(&sample_bytes(name)).unwrap()
}

/// A vendor's sample and its content type.
pub(crate) fn vendor_sample(name: &str) -> (String, Vec<u8>) {
    let meta = sample(&format!("gates/{name}.meta"));
    (meta["contentType"].as_str().unwrap().to_owned(), sample_bytes(&format!("gates/{name}")))
}

/// The gate with its lanes called as this vendor's samples call them.
pub(crate) fn gate_with(vendor: GateVendor, codes: [&str; 4]) -> Gate {
    let mut gate = gate(vendor);
    for (lane, code) in gate.lanes.iter_mut().zip(codes) {
        code.clone_into(&mut lane.vendor_code);
    }
    gate
}

pub(crate) async fn pay(house: &House, plate: &PlateNumber, amount: i64, minutes: i64) {
    use baro_domain::{
        PaymentId, Won,
        payment::{PaymentStatus, VisitFact},
        visit::PaidFact,
    };
    let mut payment = baro_testing::payment(&PaymentId::derive(&["p"]));
    baro_testing::stay_of(&mut payment).plate = plate.clone();
    let billing = house.cloud.billing();
    billing.create(&payment).await.unwrap();
    payment.status = PaymentStatus::Paid;
    (payment.paid_at, payment.captured) = (Some(at(minutes)), Won::new(amount));
    let fact = PaidFact {
        payment: payment.id.clone(),
        amount: Won::new(amount),
        quoted_until: at(minutes),
        paid_at: at(minutes),
        promised_at: None,
    };
    billing.commit(&payment, 1, &[], Some(&VisitFact::Paid(fact)), at(minutes)).await.unwrap();
}

/// Puts a read on file past the function.
pub(crate) async fn filed(house: &House, name: &str, passage: Passage, plate: &str, minutes: i64) {
    let mut read = observation(name, passage, minutes);
    read.plate = PlateNumber::parse(plate);
    house.cloud.parking().record(&read, &read.plate, None).await.unwrap();
}
