//! A driver registers a card on the gateway's own page, and a plate that it pays for.

use std::path::Path;

use anyhow::{Result, ensure};
use baro::Platform;
use baro_domain::PlateNumber;

use super::driven::Driven;

const PLATE: &str = "581서2203";
const FRAME: &str = "document.querySelector('iframe').contentDocument";

pub(crate) async fn registers_card_and_plate(
    platform: &Platform,
    browser: &Path,
    profile: &Path,
) -> Result<()> {
    let mut page = Driven::start(browser, profile).await?;
    page.open(&format!("{}/#/member", platform.cloud.front_url)).await?;
    page.until("document.querySelector('#join')").await?;
    page.eval("document.querySelector('#join').click()").await?;

    page.until("document.querySelector('#cards').innerText.includes('등록한 카드가 없습니다')").await?;
    page.eval("document.querySelector('#add-card').click()").await?;
    page.until(&format!("{FRAME}.querySelector('[name=number]')")).await?;
    page.eval(&format!("{FRAME}.querySelector('[data-number=\"4242424242424242\"]').click()")).await?;
    page.eval(&format!("{FRAME}.querySelector('[value=issue]').click()")).await?;
    page.until("document.querySelector('#cards li').innerText.includes('결제 카드')").await?;
    let cards = page.eval("document.querySelector('#cards').innerText").await?;
    ensure!(cards.as_str().is_some_and(|text| text.contains("신한카드")), "{cards}");

    let typed = format!("document.querySelector('#plate').value = '{PLATE}'");
    page.eval(&typed).await?;
    page.eval("document.querySelector('#add-plate').click()").await?;
    page.until(&format!("document.querySelector('#plates li').innerText.includes('{PLATE}')")).await?;
    let pledged = platform.directory()?.pledges(&[PlateNumber::parse(PLATE)]).await?;
    ensure!(pledged.len() == 1 && pledged[0].1.limit.get() == 50_000, "{pledged:?}");

    // The key stays on the device: the page knows its member after a reload, and in the other language.
    page.eval("document.getElementById('language').click()").await?;
    page.until("document.querySelector('#plates').innerText.includes('up to ₩50,000')").await?;
    page.eval("document.querySelector('#plates li button').click()").await?;
    page.until("document.querySelector('#plates').innerText.includes('No plate is registered')").await?;
    ensure!(platform.directory()?.pledges(&[PlateNumber::parse(PLATE)]).await?.is_empty(), "still pledged");
    Ok(())
}
