//! One car from the entry to the settled day.

use anyhow::{Context, Result, ensure};
use baro::play::gates::Place;
use baro_domain::ledger::EntryKind;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::city::{City, ago, until};

const PLATE: &str = "123가4567";

pub(crate) async fn paid_and_settled(city: &City) -> Result<()> {
    city.read(Place::Entry, PLATE, ago(61)).await?;
    priced(city).await?;
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "amount_due" && asked["amountDue"] == 2_200, "unpaid, and told {asked}");

    let order = city.order(PLATE).await?;
    ensure!(order.amount == 2_200, "asked for {}", order.amount);
    city.pay(&order).await?;
    city.wait_for(&order.id, "paid").await?;
    let webhooks = city.kept("webhooks/portone/").await?;
    let told =
        |document: &Value| document["body"].as_str().is_some_and(|body| body.contains(order.id.as_str()));
    ensure!(
        webhooks.iter().any(|document| document["type"] == "Transaction.Paid" && told(document)),
        "{webhooks:?}"
    );

    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "open", "paid, and told {asked}");
    city.read(Place::Out, PLATE, ago(0)).await?;
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    ensure!(visit["state"] == "left" && visit["due"] == 0, "after the passage: {visit}");

    let receipt = async || Ok(city.told(&order.phone).into_iter().next());
    let receipt = until("a receipt reached the phone", receipt).await?;
    ensure!(receipt.text.contains("2,200"), "the receipt says {}", receipt.text);

    let entries = city.entries(&order.id).await?;
    ensure!(entries.len() == 1 && entries[0].kind == EntryKind::Sale, "the journal has {entries:?}");
    settled(city, entries[0].day, order.id.as_str()).await
}

async fn priced(city: &City) -> Result<()> {
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    let lines = visit["quote"]["lines"].as_array().context("no lines")?;
    let sum: i64 = lines.iter().filter_map(|line| line["amount"].as_i64()).sum();
    // 61 minutes: 400 for the first ten, 300 for each of six more tens begun.
    ensure!(lines.len() >= 2 && sum == 2_200 && visit["due"] == 2_200, "the price of 61 minutes: {visit}");
    Ok(())
}

async fn settled(city: &City, day: Date, payment: &str) -> Result<()> {
    let asked = json!({"day": day, "lot": city.lot});
    city.platform.cloud.invoke("SettlementName", &asked).await?;
    let statement = city.platform.billing()?.statement(&city.lot, day).await?.context("no statement")?;
    let line = statement.lines.iter().find(|line| line.payment.as_str() == payment).context("no line")?;
    ensure!(line.amount.get() == 2_200, "{line:?}");
    let (csv, xlsx) =
        (format!("statements/{}/{day}.csv", city.lot), format!("statements/{}/{day}.xlsx", city.lot));
    let csv = String::from_utf8(city.object("StatementBucket", &csv).await?)?;
    ensure!(csv.contains(payment) && csv.contains("2200"), "the CSV lacks the payment:\n{csv}");
    ensure!(
        city.object("StatementBucket", &xlsx).await?.starts_with(b"PK\x03\x04"),
        "the XLSX is no workbook"
    );
    Ok(())
}
