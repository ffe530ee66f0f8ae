//! Prepaid points: bought, spent alone and beside a card, given back with a refund, and had back as money.

use anyhow::{Context, Result, ensure};
use baro::play::{api::window, gates::Place};
use baro_domain::{PaymentId, ledger::EntryKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    city::{City, ago, until},
    ways::{at_gateway, is_posted},
};

/// What an hour and a minute costs in the lot of the tests.
const FEE: i64 = 2_200;

fn id_of(started: &Value) -> Result<PaymentId> {
    PaymentId::parse(started["paymentId"].as_str().unwrap_or_default()).context("no payment id")
}

async fn wallet(city: &City, key: &str) -> Result<(i64, i64)> {
    let wallet = city.api.as_member(key, Method::GET, "/points", None).await?.ok()?;
    wallet["paid"].as_i64().zip(wallet["bonus"].as_i64()).context("no wallet")
}

async fn by_card(city: &City, started: &Value) -> Result<PaymentId> {
    let id = id_of(started)?;
    city.api.at_gateway(&id, "pay", &json!({"method": "CARD", "window": window(started)})).await?;
    city.wait_for(&id, "paid").await?;
    Ok(id)
}

pub(crate) async fn bought_spent_and_had_back(city: &City) -> Result<()> {
    let key = city.api.join("member-who-buys-points").await?;
    let bought = city.api.top_up(&key, "points-of-a-test", 10_000).await?.ok()?;
    let top_up = by_card(city, &bought).await?;
    ensure!(wallet(city, &key).await? == (10_000, 1_000), "the bonus is a tenth");

    let alone = paid_alone(city, &key).await?;
    ensure!(at_gateway(city, &alone).await?.is_none(), "the gateway was asked for what points pay");
    ensure!(wallet(city, &key).await? == (10_000 - FEE, 1_000), "what was paid for is spent first");

    let beside = paid_beside_a_card(city, &key).await?;
    ensure!(wallet(city, &key).await? == (10_000 - FEE - 700, 1_000), "700 points were to be spent");
    refunded(city, &beside).await?;
    until("200 points are back", async || {
        Ok((wallet(city, &key).await? == (10_000 - FEE - 500, 1_000)).then_some(()))
    })
    .await?;

    let back = city.api.cash_out(&key, "money-back-of-a-test").await?;
    let again = city.api.cash_out(&key, "money-back-of-a-test").await?;
    ensure!(back.status == 201 && again.status == 200, "{} {}", back.body, again.body);
    ensure!(back.body["amount"] == 10_000 - FEE - 500, "{}", back.body);
    city.wait_for(&top_up, "partly_refunded").await?;
    let there = at_gateway(city, &top_up).await?.context("the gateway does not know the top-up")?;
    ensure!(there["amount"]["cancelled"] == 10_000 - FEE - 500, "{there}");
    // The tenth of what stayed at the gateway stays in the wallet.
    ensure!(wallet(city, &key).await? == (0, (FEE + 500) / 10), "{:?}", wallet(city, &key).await?);
    Ok(())
}

async fn paid_alone(city: &City, key: &str) -> Result<PaymentId> {
    const PLATE: &str = "359어0246";
    city.read(Place::Entry, PLATE, ago(61)).await?;
    let paid =
        city.api.start_with_points((&city.lot, PLATE), "points-alone", FEE, (key, &json!({}))).await?.ok()?;
    ensure!(paid["status"] == "paid" && paid["amount"] == 0 && paid["points"] == FEE, "{paid}");
    let id = id_of(&paid)?;
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "open", "paid with points, and told {asked}");
    city.read(Place::Out, PLATE, ago(0)).await?;
    ensure!(is_posted(&city.entries(&id).await?, &[EntryKind::PointsSpent]), "it is not the lot's");
    Ok(id)
}

async fn paid_beside_a_card(city: &City, key: &str) -> Result<PaymentId> {
    const PLATE: &str = "360저1357";
    city.read(Place::Entry, PLATE, ago(61)).await?;
    let started = city
        .api
        .start_with_points((&city.lot, PLATE), "points-and-card", 700, (key, &json!({})))
        .await?
        .ok()?;
    ensure!(started["points"] == 700 && started["amount"] == FEE - 700, "{started}");
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "amount_due", "only held, and told {asked}");
    let id = by_card(city, &started).await?;
    let entries = city.entries(&id).await?;
    ensure!(is_posted(&entries, &[EntryKind::Sale, EntryKind::PointsSpent]), "the journal has {entries:?}");
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "open", "paid, and told {asked}");
    city.read(Place::Out, PLATE, ago(0)).await?;
    Ok(id)
}

/// The card's 1,500 go back first, then 200 of the points.
async fn refunded(city: &City, id: &PaymentId) -> Result<()> {
    let path = format!("/payments/{id}/refunds");
    let body = json!({"amount": FEE - 500, "reason": "기계 고장 보상"});
    let taken = city.api.as_operator(&city.desk_key, &path, Some(("points-back", &body))).await?;
    ensure!(taken.status == 202, "{}", taken.body);
    city.wait_for(id, "partly_refunded").await?;
    until("money and points are posted as returned", async || {
        let entries = city.entries(id).await?;
        let back = [EntryKind::Refund, EntryKind::PointsReturned];
        Ok(back.iter().all(|kind| entries.iter().any(|entry| entry.kind == *kind)).then_some(()))
    })
    .await?;
    let there = at_gateway(city, id).await?.context("the gateway does not know it")?;
    ensure!(there["status"] == "CANCELLED" && there["amount"]["cancelled"] == FEE - 700, "{there}");
    Ok(())
}
