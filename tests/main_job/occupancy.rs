//! How full a lot is: words of a counter and of sensors, read at the address that the edge may keep, and a drifted counter.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use baro::import;
use baro::play::api::Answer;
use baro::play::gates::Controller;
use baro_domain::occupancy::{OccupancyRules, Source, SpaceClass};
use baro_domain::{GateId, GateVendor, LotId};
use baro_store::OccupancyChange;
use serde_json::{Value, json};

use crate::city::{City, ZONE, ago, until};

const COUNTER_SAYS: &str = include_str!("../../events/occupancy/counter.json");
const SENSORS_SAY: &str = include_str!("../../events/occupancy/sensors.json");

/// A device that reads no plates.
fn device(lot: &LotId, name: &str) -> Result<Controller> {
    let mut device = Controller::install(lot, GateVendor::Occupancy, ZONE)?;
    device.gate.id = GateId::derive(&[lot.as_str(), name]);
    device.gate.lanes.clear();
    Ok(device)
}

/// A lot of 300 spaces that looks at these sources.
async fn lot(city: &City, name: &str, rules: impl FnOnce(&LotId) -> Result<OccupancyRules>) -> Result<LotId> {
    let mut record =
        import::read(&baro::paths::daejeon_lots())?.lots.into_iter().next().context("no lots")?;
    record.lot.id = LotId::derive(&[name]);
    record.lot.capacity = 300;
    record.lot.occupancy = rules(&record.lot.id)?;
    city.platform.directory()?.put_lots(std::slice::from_ref(&record)).await?;
    Ok(record.lot.id)
}

/// What the sample event says, now.
fn said(event: &str, minutes_ago: i64) -> Result<Value> {
    let event: Value = serde_json::from_str(event)?;
    let mut body: Value = serde_json::from_str(event["body"].as_str().context("no body")?)?;
    body["observedAt"] = json!(ago(minutes_ago));
    for space in body.get_mut("spaces").and_then(Value::as_array_mut).into_iter().flatten() {
        space.as_object_mut().context("no space")?.remove("observedAt");
    }
    Ok(body)
}

async fn tells(city: &City, device: &Controller, route: &str, body: &Value) -> Result<Answer> {
    let secret = format!("Bearer {}", device.secret);
    let headers = [("authorization", secret.as_str()), ("content-type", "application/json")];
    let path = format!("/v1/gates/{}/{route}", device.gate.id);
    city.post(&path, &headers, body.to_string().as_bytes()).await
}

/// Free spaces and who says so, by class, as the driver's page reads them.
async fn free(city: &City, lot: &LotId) -> Result<BTreeMap<String, (Value, Value)>> {
    let url = format!("{}/v1/lots/{lot}/occupancy", city.platform.cloud.front_url);
    let answer = city.http.inner().get(url).send().await?;
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let caching = header("cache-control");
    ensure!(caching.starts_with("public, max-age=10"), "it may not be kept: {caching}");
    ensure!(!header("etag").is_empty(), "nothing to ask again with");
    let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
    let classes = body["classes"].as_array().with_context(|| format!("no classes: {body}"))?;
    let told = |one: &Value| {
        let class = one["class"].as_str().unwrap_or_default().to_owned();
        (class, (one["freeSpaces"].clone(), one["source"].clone()))
    };
    Ok(classes.iter().map(told).collect())
}

pub(crate) async fn told_by_class(city: &City) -> Result<()> {
    let lot = lot(city, "a lot with a counter and sensors", |lot| {
        let counter = || Source::Counter { device: GateId::derive(&[lot.as_str(), "counter"]) };
        Ok(OccupancyRules {
            capacity: [(SpaceClass::Disabled, 8), (SpaceClass::Charging, 10), (SpaceClass::Compact, 20)]
                .into(),
            sources: [
                (SpaceClass::All, vec![counter(), Source::Visits]),
                (SpaceClass::Disabled, vec![counter(), Source::Spaces]),
                (SpaceClass::Charging, vec![Source::Spaces]),
                (SpaceClass::Compact, vec![counter()]),
            ]
            .into(),
        })
    })
    .await?;
    let (counter, guide) = (device(&lot, "counter")?, device(&lot, "guide")?);
    for device in [&counter, &guide] {
        city.platform.directory()?.put_gate(&device.gate).await?;
    }
    let word = said(COUNTER_SAYS, 0)?;
    for _ in 0..2 {
        let taken = tells(city, &counter, "occupancy", &word).await?.ok()?;
        ensure!(taken["taken"] == 3 && taken["refused"][0]["code"] == "source-not-configured", "{taken}");
    }
    let mut late = said(COUNTER_SAYS, 5)?;
    late["classes"][0]["free"] = json!(299);
    tells(city, &counter, "occupancy", &late).await?.ok()?;
    let taken = tells(city, &guide, "spaces", &said(SENSORS_SAY, 0)?).await?.ok()?;
    ensure!(taken["taken"] == 3, "{taken}");
    let told = free(city, &lot).await?;
    let wanted = [
        ("all", 77, "counter"),
        ("charging", 0, "spaces"),
        ("compact", 0, "counter"),
        ("disabled", 2, "counter"),
    ];
    let wanted = wanted.map(|(class, free, source)| (class.to_owned(), (json!(free), json!(source))));
    ensure!(told == wanted.into(), "{told:?}");

    let mut stranger = counter.clone();
    "another".clone_into(&mut stranger.secret);
    let refused = tells(city, &stranger, "occupancy", &word).await?;
    ensure!(refused.status == 401 && refused.body["code"] == "wrong-gate-secret", "{}", refused.body);
    let refused = tells(city, &counter, "occupancy", &json!({"observedAt": ago(0), "classes": []})).await?;
    ensure!(refused.status == 400 && refused.body["code"] == "invalid-member", "{}", refused.body);
    let kept = city.kept("gates/refused/").await?;
    let of_counter =
        |code: &str| kept.iter().any(|one| one["gate"] == counter.gate.id.as_str() && one["code"] == code);
    ensure!(
        ["source-not-configured", "wrong-gate-secret", "invalid-member"].into_iter().all(of_counter),
        "what was refused is not kept: {kept:?}"
    );
    Ok(())
}

pub(crate) async fn recounted(city: &City) -> Result<()> {
    let lot = lot(city, "a lot whose counter drifted", |_| Ok(OccupancyRules::by_visits())).await?;
    let drift = OccupancyChange { sequence: "1".to_owned(), delta: 5 };
    city.platform.activity()?.count_occupancy(&lot, &[drift], ago(5)).await?;
    let told = free(city, &lot).await?;
    ensure!(told["all"] == (json!(295), json!("visits")), "{told:?}");
    city.platform.cloud.invoke("RecountName", &json!({})).await?;
    until("the counter heals in the stream's order", async || {
        let told = free(city, &lot).await?;
        Ok((told["all"] == (json!(300), json!("visits"))).then_some(()))
    })
    .await
}
