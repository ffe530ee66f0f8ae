//! A driver who left without paying follows the link of the notice, reads what is owed, pays, and sees it settled.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use baro::Platform;
use baro::play::api::{Api, linked};
use baro::play::gates::{Controller, Place};
use baro_domain::{
    PlateNumber, ReceivableId, notice::Contact, payment::PaymentStatus, receivable::ReceivableState,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::driven::Driven;

const PLATE: &str = "583서4405";
const PHONE: &str = "01058344050";
const GLANCE: Duration = Duration::from_millis(200);
const FRAME: &str = "document.querySelector('iframe').contentDocument";

/// A car that came in 61 minutes ago and has left unpaid; gives the link of the notice as the phone shows it. (The site's name there
/// is the distribution's; on this machine the front door stands for it.)
async fn notified(platform: &Platform, api: &Api, gate: &Controller) -> Result<String> {
    let (own, phone) = (PlateNumber::parse(PLATE), Some(PHONE.to_owned()));
    platform.directory()?.put_contact(&own, &Contact { phone, ..Contact::default() }).await?;
    let entered = Timestamp::now().checked_sub(SignedDuration::from_mins(61))?;
    for (place, at) in [(Place::Entry, entered), (Place::Out, Timestamp::now())] {
        let report = gate.report(place, PLATE, at);
        api.report(&gate.gate.id, &gate.secret, &report.content_type, report.body).await?.ok()?;
    }
    for _ in 0..100 {
        platform.cloud.invoke("ReceivablesName", &json!({})).await?;
        let told = platform.messengers.messages();
        let text = told.iter().filter(|one| one.to == PHONE).find(|one| linked(&one.text).is_some());
        if let Some(found) = text {
            let link = found.text.split_whitespace().find(|word| word.contains("#/owed/"));
            let (site, page) = link.and_then(|link| link.split_once("/#/")).context("no link")?;
            ensure!(site == platform.cloud.output("SiteUrl")?, "the link leads to {site}");
            return Ok(format!("{}/#/{page}", platform.cloud.front_url));
        }
        tokio::time::sleep(GLANCE).await;
    }
    anyhow::bail!("no notice reached the driver: {:?}", platform.messengers.messages())
}

/// The stream closes the debt behind the payment.
async fn settled(platform: &Platform, id: &ReceivableId) -> Result<()> {
    for _ in 0..100 {
        let owed = platform.billing()?.receivable(id).await?.context("the debt is gone")?.value;
        if let (ReceivableState::Settled, Some(paid)) = (owed.state(), owed.payments.keys().next()) {
            let paid = platform.billing()?.payment(paid).await?.context("its payment is gone")?.value;
            ensure!(paid.status == PaymentStatus::Paid && paid.captured.get() == 2_200, "{paid:?}");
            return Ok(());
        }
        tokio::time::sleep(GLANCE).await;
    }
    anyhow::bail!("it was paid and is not settled")
}

pub(crate) async fn is_paid_by_its_link(
    platform: &Platform,
    gate: &Controller,
    browser: &Path,
    profile: &Path,
) -> Result<()> {
    let api = Api::new(&platform.cloud.front_url, &platform.portone.url)?;
    let link = notified(platform, &api, gate).await?;
    let id = linked(&link).context("the link leads to no receivable")?;
    let mut page = Driven::start(browser, profile).await?;
    page.open(&link).await?;
    page.until("document.querySelector('.due').innerText.includes('2,200')").await?;
    let shown = page.eval("document.querySelector('#main').innerText").await?;
    let shown = shown.as_str().unwrap_or_default();
    for wanted in ["시험 주차장 <b>", "미납", "입차", "출차", "미납 주차요금", "안내 횟수"]
    {
        ensure!(shown.contains(wanted), "{wanted} is not shown:\n{shown}");
    }
    ensure!(!shown.contains(PLATE), "the link alone shows whose car it was:\n{shown}");

    page.eval("document.querySelector('input[value=CARD]').click()").await?;
    page.eval("document.querySelector('button.main').click()").await?;
    page.until(&format!("{FRAME}.querySelector('.amount').innerText.includes('2,200')")).await?;
    page.eval(&format!("{FRAME}.querySelector('[value=pay]').click()")).await?;
    page.until("location.hash.startsWith('#/payment/')").await?;
    // The receipt, with the lines that the fee was made of.
    page.until("document.querySelector('caption').innerText === '요금 내역'").await?;
    let rows = page.eval("document.querySelectorAll('th[scope=row]').length").await?;
    ensure!(rows.as_i64().is_some_and(|rows| rows >= 3), "{rows} lines of the fee");
    page.until("document.querySelector(`a[href^='#/owed/']`)").await?;
    settled(platform, &id).await?;
    page.eval("document.querySelector(`a[href^='#/owed/']`).click()").await?;
    page.until("document.querySelector('.tag').innerText === '납부 완료'").await?;
    let button = page.eval("Boolean(document.querySelector('button.main'))").await?;
    ensure!(button == false, "it is asked for again");

    // A link that somebody mistyped tells nothing.
    let wrong = format!("{}0", link.trim_end_matches(|c: char| c.is_ascii_alphanumeric()));
    page.open(&wrong).await?;
    page.until("document.querySelector('[role=alert]')").await?;
    let shown = page.eval("document.querySelector('#main').innerText").await?;
    ensure!(!shown.to_string().contains("2,200"), "{shown}");
    Ok(())
}
