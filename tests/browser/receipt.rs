//! A driver pays by deposit, asks for a cash receipt on the page, and finds it with the receipt when the money is there.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use baro::{Platform, play::api::Api};
use baro_domain::{LotId, PaymentId};
use serde_json::json;

use super::driven::Driven;

const CARD: &str = "document.querySelector('#cash-receipt')";

pub(crate) async fn asks_for_a_cash_receipt(
    platform: &Platform,
    (lot, plate): (&LotId, &str),
    browser: &Path,
    profile: &Path,
) -> Result<()> {
    let api = Api::new(&platform.cloud.front_url, &platform.portone.url)?;
    let asked = api.start_payment(lot, plate, "key-of-the-browser", &json!({})).await?.ok()?;
    let id = PaymentId::parse(asked["paymentId"].as_str().context("no payment")?)?;
    let window = json!({
        "storeId": asked["storeId"], "channelKey": asked["channelKey"], "orderName": asked["orderName"],
        "totalAmount": asked["amount"], "currency": asked["currency"]
    });
    api.at_gateway(&id, "pay", &json!({"method": "VIRTUAL_ACCOUNT", "window": window})).await?;

    let mut page = Driven::start(browser, profile).await?;
    page.open(&format!("{}/#/payment/{id}", platform.cloud.front_url)).await?;
    page.until(&format!("!{CARD}.hidden && document.querySelector('.account')")).await?;
    page.eval("document.querySelector('#receipt-number').value = '010-1234'").await?;
    page.eval("document.querySelector('#wish-receipt').click()").await?;
    page.until(&format!("{CARD}.innerText.includes('현금영수증 번호를 확인해 주세요')")).await?;
    page.eval("document.querySelector('#receipt-number').value = '010-1234-5678'").await?;
    page.eval("document.querySelector('#wish-receipt').click()").await?;
    page.until(&format!("{CARD}.innerText.includes('입금되면 발급합니다')")).await?;

    api.at_gateway(&id, "deposit", &json!({})).await?;
    page.until("document.querySelector('.receipt').innerText.includes('가상계좌')").await?;
    page.until(&format!("{CARD}.innerText.includes('발급되었습니다')")).await?;
    let text = page.eval("document.querySelector('main').innerText").await?;
    let text = text.as_str().unwrap_or_default();
    for said in ["시험 주차장 <b>", "5*****55", "2,200원", "부가세", "소득공제", "*******5678", "승인번호"]
    {
        ensure!(text.contains(said), "{said} is not on the receipt:\n{text}");
    }
    ensure!(!text.contains("01012345678") && !text.contains(plate), "what nobody need know:\n{text}");
    page.eval("document.getElementById('language').click()").await?;
    page.until("document.querySelector('.receipt').innerText.includes('Approval no.') || document.querySelector('#cash-receipt').innerText.includes('Approval no.')").await?;
    page.open(&format!("{}/sandbox", platform.portone.url)).await?;
    page.until(&format!(
        "document.body.innerText.includes('소득공제 · PERSONAL') && document.body.innerText.includes('{id}')"
    ))
    .await
}
