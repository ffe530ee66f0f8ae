//! What is refused is told by a stable code, and what came is kept.

use anyhow::{Context, Result, ensure};
use baro::play::gates::{Controller, Place, nexpa};
use baro_domain::{GateId, LotId};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;

use crate::city::{City, ago};

const PLATE: &str = "468머8844";
/// One byte more than a function can be given.
const OVERSIZE: usize = 6_000_001;

/// What a gate sends and what it must hear.
struct Case {
    status: u16,
    code: &'static str,
    gate: GateId,
    secret: String,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Case {
    fn of(gate: &Controller, expected: (u16, &'static str), content_type: &'static str, body: &[u8]) -> Self {
        let (status, code) = expected;
        let (gate, secret) = (gate.gate.id.clone(), gate.secret.clone());
        Self { status, code, gate, secret, content_type, body: body.to_vec() }
    }
}

/// A report of the Korean controller with another time in it.
fn dated(city: &City, date_time: &str) -> Result<Vec<u8>> {
    let mut report = nexpa(Place::Entry, PLATE, &ago(0).in_tz(&city.controller.gate.time_zone)?);
    report["data"]["date_time"] = date_time.into();
    Ok(report.to_string().into_bytes())
}

fn seen_at(city: &City, at: Timestamp) -> Result<Vec<u8>> {
    dated(city, &at.in_tz(&city.controller.gate.time_zone)?.strftime("%Y%m%d%H%M%S").to_string())
}

fn cases(city: &City) -> Result<Vec<Case>> {
    const JSON: &str = "application/json";
    let (controller, camera) = (&city.controller, &city.camera);
    let good = seen_at(city, ago(0))?;
    let mut cases = vec![
        Case::of(controller, (400, "malformed-json"), JSON, br#"{"command":"alert_incar","#),
        Case::of(camera, (400, "malformed-xml"), "application/xml", b"<EventNotificationAlert><unclosed>"),
        Case::of(
            camera,
            (400, "malformed-multipart"),
            "multipart/form-data; boundary=b",
            b"no boundary at all",
        ),
        Case::of(controller, (413, "body-too-large"), JSON, &vec![b' '; OVERSIZE]),
        Case::of(camera, (415, "unsupported-content-type"), "application/zip", &good),
        Case::of(controller, (422, "unparseable-time"), JSON, &dated(city, "the day before yesterday")?),
        Case::of(controller, (422, "observed-too-old"), JSON, &seen_at(city, ago(31 * 24 * 60))?),
    ];
    let mut unknown = Case::of(controller, (404, "gate-not-found"), JSON, &dated(city, "unknown gate")?);
    unknown.gate = GateId::derive(&["nowhere"]);
    let mut wrong = Case::of(controller, (401, "wrong-gate-secret"), JSON, &dated(city, "wrong secret")?);
    wrong.secret.replace_range(..1, if wrong.secret.starts_with('0') { "1" } else { "0" });
    cases.extend([unknown, wrong]);
    Ok(cases)
}

pub(crate) async fn of_gates(city: &City) -> Result<()> {
    let cases = cases(city)?;
    for Case { status, code, gate, secret, content_type, body } in &cases {
        let answer = city.api.report(gate, secret, content_type, body.clone()).await?;
        ensure!(
            answer.status == *status && answer.body["code"] == *code,
            "{code}: {} {}",
            answer.status,
            answer.body
        );
        ensure!(answer.body["status"] == *status && answer.body["title"].is_string(), "{}", answer.body);
    }
    let kept = city.kept("gates/refused/").await?;
    for Case { code, gate, body, .. } in &cases {
        let same = |document: &&Value| {
            document["code"] == *code
                && document["gate"] == gate.as_str()
                && document["body"].as_str() == Some(STANDARD.encode(body).as_str())
        };
        kept.iter().find(same).with_context(|| format!("the body of {code} was not kept"))?;
    }
    ensure!(city.api.visit(&city.lot, PLATE).await?.status == 404, "a refused report was filed");
    Ok(())
}

pub(crate) async fn of_drivers(city: &City) -> Result<()> {
    let nowhere = LotId::derive(&["nowhere"]);
    for (path, status, code) in [
        (format!("/v1/lots/{nowhere}"), 404, "lot-not-found"),
        (format!("/v1/lots/{nowhere}/visits/{PLATE}"), 404, "lot-not-found"),
        (format!("/v1/lots/{}/visits/{PLATE}", city.lot), 404, "visit-not-found"),
        ("/v1/lots?lat=north&lon=127.38&radiusM=500".to_owned(), 400, "invalid-parameter"),
        ("/v1/lots?lon=127.38&radiusM=500".to_owned(), 400, "missing-parameter"),
    ] {
        let path = path.replace(PLATE, &baro::play::api::encoded(PLATE));
        let answer = city.api.get(&path).await?;
        ensure!(
            answer.status == status && answer.body["code"] == code,
            "{path}: {} {}",
            answer.status,
            answer.body
        );
    }
    let path = format!("/v1/lots/{}/visits/{}/payments", city.lot, baro::play::api::encoded(PLATE));
    let json = ("content-type", "application/json");
    let keyed = [json, ("idempotency-key", "key-of-a-test")];
    for (headers, body, status, code) in [
        (keyed.as_slice(), b"{".as_slice(), 400, "malformed-json"),
        (&[json], b"{}", 400, "invalid-idempotency-key"),
        (&[("content-type", "text/xml"), keyed[1]], b"<a/>", 415, "unsupported-media-type"),
        (&keyed, b"{}", 404, "visit-not-found"),
    ] {
        let answer = city.post(&path, headers, body).await?;
        ensure!(
            answer.status == status && answer.body["code"] == code,
            "{code}: {} {}",
            answer.status,
            answer.body
        );
    }
    Ok(())
}
