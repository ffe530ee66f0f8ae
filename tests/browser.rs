//! The driver's page in a real browser, from the deployed site: lots are found, a lot is looked at, a car's price is shown with its lines;
//! it is paid by deposit, with a cash receipt; a card and a plate are registered; points are bought and spent; an unpaid fee is paid by the
//! link of its notice.
//! Without a Chromium on the machine it says so and passes; `.ci/run` installs one.
#![allow(clippy::disallowed_methods, reason = "a gate reports what it sees now")]
#![allow(clippy::panic, reason = "a test may break off")]

#[path = "browser/driven.rs"]
mod driven;
#[path = "browser/member.rs"]
mod member;
#[path = "browser/owed.rs"]
mod owed;
#[path = "browser/points.rs"]
mod points;
#[path = "browser/receipt.rs"]
mod receipt;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use baro::play::api::{Api, encoded};
use baro::play::gates::{Controller, Place};
use baro::{Options, Platform, SandboxPorts, import, paths};
use baro_domain::occupancy::{Count, CountReport, OccupancyRules, Reading, Source, SpaceClass};
use baro_domain::{Coordinate, GateId, GateVendor, LotId};
use jiff::{SignedDuration, Timestamp};
use tokio::process::Command;

/// 10 minutes 400 won, each further 10 minutes 300 won, at every hour of every day.
const TARIFF: &str = include_str!("../events/tariffs/daejeon-court.json");
const ZONE: &str = "Asia/Seoul";
const NAME: &str = "시험 주차장 <b>";
const PLATE: &str = "579버9955";
/// A page that has not come to rest by then never will.
const PATIENCE: Duration = Duration::from_mins(1);
const BROWSERS: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/local/bin/chromium"];

/// A lot beside the city hall, where the page looks first, a counter of its spaces for disabled people, and a car that
/// came in 61 minutes ago.
async fn parked(platform: &Platform) -> Result<(LotId, Controller)> {
    let imported = import::read(&paths::daejeon_lots())?;
    let directory = platform.directory()?;
    import::store(&directory, &imported, Timestamp::now()).await?;
    let mut record = imported.lots.into_iter().next().context("no lots")?;
    record.lot.id = LotId::derive(&["the lot of the browser"]);
    NAME.clone_into(&mut record.lot.name);
    ZONE.clone_into(&mut record.lot.time_zone);
    record.lot.rules.unpaid.first_after_days = 0;
    record.lot.position = Coordinate::from_degrees(36.350_4, 127.384_5);
    record.tariffs = baro_domain::tariff::LotTariffs::of(serde_json::from_str(TARIFF)?);
    let lot = record.lot.id.clone();
    let (class, source) = (SpaceClass::Disabled, Source::Counter { device: GateId::derive(&["counter"]) });
    record.lot.occupancy =
        OccupancyRules { capacity: [(class, 7)].into(), sources: [(class, vec![source.clone()])].into() };
    directory.put_lots(&[record]).await?;
    let count = Count { observed_at: Timestamp::now(), reading: Reading::Free(3) };
    platform.activity()?.report_counts(&lot, &[CountReport { source, class, count }]).await?;
    let gate = Controller::install(&lot, GateVendor::Nexpa, ZONE)?;
    directory.put_gate(&gate.gate).await?;
    let entered = Timestamp::now().checked_sub(SignedDuration::from_mins(61))?;
    let report = gate.report(Place::Entry, PLATE, entered);
    let api = Api::new(&platform.cloud.front_url, &platform.portone.url)?;
    api.report(&gate.gate.id, &gate.secret, &report.content_type, report.body).await?.ok()?;
    Ok((lot, gate))
}

/// What a page has become once its scripts have come to rest.
async fn shown(browser: &Path, profile: &Path, url: &str) -> Result<String> {
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--lang=ko", "--accept-lang=ko"])
        .args(["--virtual-time-budget=15000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.context("the page never rests")??;
    let (page, said) =
        (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
    ensure!(page.contains("</html>"), "no page came ({}): {said}", output.status);
    Ok(page)
}

async fn look(platform: &Platform, lot: &LotId, browser: &Path, profile: &Path) -> Result<()> {
    let front = &platform.cloud.front_url;
    let found = shown(browser, profile, &format!("{front}/")).await?;
    let listed = found.matches(r##"<a class="card" href="#/lot/"##).count();
    ensure!(
        listed >= 3 && found.contains(&format!("#/lot/{lot}")),
        "{listed} lots near the city hall:\n{found}"
    );
    ensure!(found.contains("시험 주차장 &lt;b&gt;"), "a lot's name is text, never markup:\n{found}");

    let one = shown(browser, profile, &format!("{front}/#/lot/{lot}")).await?;
    ensure!(
        one.contains(r#"id="plate""#) && one.contains("시험 주차장"),
        "the lot does not ask for a plate:\n{one}"
    );
    ensure!(
        one.contains("구역별 빈자리") && one.contains("<dt>장애인</dt><dd>3면 (총 7면)</dd>"),
        "free spaces for disabled people are not shown:\n{one}"
    );

    let visit = shown(browser, profile, &format!("{front}/#/lot/{lot}/visit/{}", encoded(PLATE))).await?;
    ensure!(
        visit.contains(PLATE) && visit.contains("2,200"),
        "the price of 61 minutes is not shown:\n{visit}"
    );
    let rows = visit.matches(r#"<th scope="row">"#).count();
    ensure!(
        rows >= 3 && visit.contains("<caption>요금 내역</caption>"),
        "{rows} lines of the price:\n{visit}"
    );
    ensure!(visit.contains(r#"<button class="main">"#), "nothing to pay with:\n{visit}");

    let nobody =
        shown(browser, profile, &format!("{front}/#/lot/{lot}/visit/{}", encoded("11가1111"))).await?;
    ensure!(
        nobody.contains(r#"role="alert""#) && nobody.contains("찾을 수 없는 차량"),
        "not told:\n{nobody}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driver_finds_a_lot_registers_a_card_pays_with_points_and_pays_what_is_owed() {
    let Some(browser) = BROWSERS.iter().map(PathBuf::from).find(|path| path.exists()) else {
        println!("not looked at in a browser: none of {BROWSERS:?} is installed");
        return;
    };
    let (state, profile) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = Options::for_test(state.path()).unwrap();
    let platform = Platform::start(options, SandboxPorts::default()).await.unwrap();
    let outcome = async {
        let (lot, gate) = parked(&platform).await?;
        look(&platform, &lot, &browser, profile.path()).await?;
        let own = profile.path().join("receipt");
        receipt::asks_for_a_cash_receipt(&platform, (&lot, PLATE), &browser, &own).await?;
        member::registers_card_and_plate(&platform, &browser, &profile.path().join("member")).await?;
        let own = profile.path().join("points");
        points::buys_and_spends_points(&platform, (&lot, &gate), &browser, &own).await?;
        owed::is_paid_by_its_link(&platform, &gate, &browser, &profile.path().join("owed")).await
    };
    let outcome = outcome.await;
    platform.stop().await.unwrap();
    outcome.unwrap();
}
