//! The tariff workbench through the deployed function.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::city::City;

const TARIFF: &str = include_str!("../../events/tariffs/daejeon-city-hall.json");
const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) async fn quoted_and_checked(city: &City) -> Result<()> {
    let tariff: Value = serde_json::from_str(TARIFF)?;
    let mut question = json!({
        "tariff": tariff, "enteredAt": "2026-11-17T09:00:00+09:00", "leftAt": "2026-11-17T10:01:00+09:00"
    });
    let quote = city.post("/v1/tariffs/quote", &[JSON], question.to_string().as_bytes()).await?;
    ensure!(quote.status == 200 && quote.body["total"] == 800, "{} {}", quote.status, quote.body);
    ensure!(quote.body["nextStep"]["increase"] == 800, "{}", quote.body);
    question["tariff"]["schedule"]["bands"][0]["tiers"][0]["unitMinutes"] = json!(0);
    let refused = city.post("/v1/tariffs/quote", &[JSON], question.to_string().as_bytes()).await?;
    ensure!(
        refused.status == 422 && refused.body["code"] == "tariff-invalid",
        "{} {}",
        refused.status,
        refused.body
    );
    let path = &refused.body["problems"][0]["path"];
    ensure!(path == "tariff.schedule.bands[0].tiers[0].unitMinutes", "{path}");
    let check = city.post("/v1/tariffs/check?apds=true", &[JSON], TARIFF.as_bytes()).await?;
    ensure!(check.status == 200 && check.body["ok"] == true, "{} {}", check.status, check.body);
    ensure!(check.body["apds"]["rateTables"][0]["rateLineCollections"].is_array(), "{}", check.body);
    let table = city.api.get(&format!("/v1/lots/{}/rate-table", city.lot)).await?;
    let place = &table.body["rightSpecifications"][0]["hierarchyElements"][0]["id"];
    ensure!(table.status == 200 && place == city.lot.as_str(), "{} {}", table.status, table.body);
    Ok(())
}
