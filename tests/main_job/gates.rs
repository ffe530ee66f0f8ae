//! What gates report, in time and out of order.

use anyhow::{Result, ensure};
use baro::play::gates::{Place, nexpa};
use serde_json::json;

use crate::city::{City, ago, until};

pub(crate) async fn fresh_entry(city: &City) -> Result<()> {
    let report = city.camera.report(Place::Entry, "234나8901", ago(0));
    let (gate, secret) = (&city.camera.gate.id, &city.camera.secret);
    let send = || city.api.report(gate, secret, &report.content_type, report.body.clone());
    let first = send().await?.ok()?;
    ensure!(first["decision"] == "open", "{first}");
    let again = send().await?.ok()?;
    ensure!(first["visit"] == again["visit"] && again["decision"] == "open", "sent again: {again}");
    let visit = city.api.visit(&city.lot, "234나8901").await?.ok()?;
    ensure!(visit["state"] != "left", "{visit}");
    Ok(())
}

pub(crate) async fn late_entry(city: &City) -> Result<()> {
    const PLATE: &str = "567마9753";
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "ask_operator", "nobody saw it come: {asked}");
    city.read(Place::Out, PLATE, ago(0)).await?;
    ensure!(city.api.visit(&city.lot, PLATE).await?.status == 404, "a visit without an entry");
    let entered = ago(45).in_tz(&city.controller.gate.time_zone)?;
    let kept = json!([nexpa(Place::Entry, PLATE, &entered), {"command": "alert_incar"}]);
    let (gate, secret) = (&city.controller.gate.id, &city.controller.secret);
    let answer = city.api.backlog(gate, secret, &kept).await?;
    ensure!(answer.status == 202 && answer.body["accepted"] == 1, "the good one is taken: {}", answer.body);
    ensure!(answer.body["refused"][0]["index"] == 1, "the bad one is named: {}", answer.body);
    let visit = until("the late entry completes the visit", async || {
        let found = city.api.visit(&city.lot, PLATE).await?;
        Ok((found.status == 200).then_some(found.body))
    })
    .await?;
    // 45 minutes: 400 for the first ten, 300 for each of four more tens begun.
    ensure!(visit["state"] == "left" && visit["quote"]["total"] == 1_600, "{visit}");
    ensure!(!city.keys("RawBucket", "gates/backlog/").await?.is_empty(), "the backlog's body was not kept");
    Ok(())
}
