//! What a driver gets for the money, and what the accountant gets for the month.

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use baro::play::gates::Place;
use baro_domain::books::Month;
use serde_json::{Value, json};

use crate::city::{City, ago, until};

const PLATE: &str = "357마9753";

/// The car leaves first: nothing more falls due while its driver goes to the bank.
pub(crate) async fn follows_the_money(city: &City) -> Result<()> {
    let order = city.owing(PLATE, 30).await?;
    city.pay_with(&order, "VIRTUAL_ACCOUNT").await?;
    city.wait_for(&order.id, "awaiting_deposit").await?;
    let url = format!("{}/v1/payments/{}", city.platform.cloud.front_url, order.id);
    let ask = async |part: &str| -> Result<Value> {
        let answer = city.http.inner().get(format!("{url}/{part}")).send().await?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    };
    let wish = city.http.inner().put(format!("{url}/cash-receipt")).json(&json!({"phone": "010-1234-5678"}));
    let wished = wish.send().await?;
    ensure!(wished.status() == 202, "{}", wished.text().await?);

    city.api.at_gateway(&order.id, "deposit", &json!({})).await?;
    city.wait_for(&order.id, "paid").await?;
    let issued = until("the cash receipt is issued", async || {
        let receipt = ask("cash-receipt").await?;
        Ok((receipt["state"] == "issued").then_some(receipt))
    })
    .await?;
    ensure!(issued["amount"] == order.amount && issued["identity"] == "*******5678", "{issued}");
    let printed = ask("receipt").await?;
    ensure!(printed["operator"]["businessNumber"] == "120-81-47521", "{printed}");
    ensure!(printed["method"]["kind"] == "virtual_account" && printed["paid"] == order.amount, "{printed}");
    ensure!(printed["cashReceipt"]["number"] == issued["number"], "{printed}");

    city.api.at_gateway(&order.id, "cancel", &json!({"amount": 100})).await?;
    let rest = order.amount - 100;
    let anew = until("it is issued anew over the rest", async || {
        let receipt = ask("cash-receipt").await?;
        Ok((receipt["state"] == "issued" && receipt["amount"] == rest).then_some(receipt))
    })
    .await?;
    ensure!(anew["number"] != issued["number"], "{anew}");
    city.read(Place::Out, PLATE, ago(0)).await.map(drop)
}

pub(crate) async fn books_of_a_month(city: &City) -> Result<()> {
    // One that is over for more than a month: whenever this runs, nothing is posted into it any more.
    let month = Month::open_at(ago(0)).previous().previous();
    let function = city.platform.cloud.output("SettlementName")?;
    let asked = Blob::new(json!({"month": month}).to_string());
    let invoked =
        city.platform.cloud.clients.lambda.invoke().function_name(function).payload(asked).send().await?;
    let said = invoked.payload().context("no answer")?;
    ensure!(invoked.function_error().is_none(), "{said:?}");
    let said: Value = serde_json::from_slice(said.as_ref())?;
    ensure!(said["closed"] == json!([month]), "{said}");
    let balance = city.object("StatementBucket", &format!("journal/{month}/trial-balance.csv")).await?;
    ensure!(
        String::from_utf8(balance)?.contains("합계 (total),0,0,0,0"),
        "before this city there was no money"
    );
    let entries = city.object("StatementBucket", &format!("journal/{month}/entries-01.xlsx")).await?;
    ensure!(entries.starts_with(b"PK\x03\x04"), "the XLSX is no workbook");
    Ok(())
}
