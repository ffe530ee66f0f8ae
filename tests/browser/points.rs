//! A member buys points, pays a fee with them and no window, and has money back for the rest.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use baro::{
    Platform,
    play::{
        api::{Api, encoded},
        gates::{Controller, Place},
    },
};
use baro_domain::LotId;
use jiff::{SignedDuration, Timestamp};

use super::driven::Driven;

const PLATE: &str = "582어3304";

const FRAME: &str = "document.querySelector('iframe').contentDocument";

pub(crate) async fn buys_and_spends_points(
    platform: &Platform,
    (lot, gate): (&LotId, &Controller),
    browser: &Path,
    profile: &Path,
) -> Result<()> {
    let front = &platform.cloud.front_url;
    let report =
        gate.report(Place::Entry, PLATE, Timestamp::now().checked_sub(SignedDuration::from_mins(61))?);
    let api = Api::new(front, &platform.portone.url)?;
    api.report(&gate.gate.id, &gate.secret, &report.content_type, report.body).await?.ok()?;
    let mut page = Driven::start(browser, profile).await?;
    page.open(&format!("{front}/#/member")).await?;
    page.until("document.querySelector('#join')").await?;
    page.eval("document.querySelector('#join').click()").await?;

    page.until("document.querySelector('#points').innerText.includes('0P')").await?;
    page.eval("document.querySelector('#top-up').click()").await?;
    page.until(&format!("{FRAME}.querySelector('[value=pay]')")).await?;
    page.eval(&format!("{FRAME}.querySelector('[value=pay]').click()")).await?;
    page.until("document.querySelector('h1').innerText.includes('결제 완료')").await?;
    page.eval("document.querySelector('main a[href=\"#/member\"]').click()").await?;
    page.until("document.querySelector('#points').innerText.includes('11,000P')").await?;

    page.open(&format!("{front}/#/lot/{lot}/visit/{}", encoded(PLATE))).await?;
    page.until("document.querySelector('#use-points')").await?;
    page.eval("document.querySelector('#use-points').click()").await?;
    page.eval("document.querySelector('form button.main').click()").await?;
    page.until("document.querySelector('h1').innerText.includes('결제 완료')").await?;
    let receipt = page.eval("document.querySelector('main').innerText").await?;
    let receipt = receipt.as_str().context("no receipt")?;
    ensure!(receipt.contains("포인트 사용") && receipt.contains("2,200P"), "{receipt}");

    page.open(&format!("{front}/#/member")).await?;
    page.until("document.querySelector('#points').innerText.includes('8,800P')").await?;
    page.eval("window.confirm = () => true").await?;
    page.eval("document.querySelector('#cash-out').click()").await?;
    // 7,800 are money, and the bonus on them goes with them; a fifth of the bonus is kept, as 2,200 were spent.
    page.until("document.querySelector('#points').innerText.includes('환불 신청')").await?;
    let wallet = page.eval("document.querySelector('#points').innerText").await?;
    ensure!(wallet.as_str().is_some_and(|text| text.contains("-8,580P")), "{wallet}");
    Ok(())
}
