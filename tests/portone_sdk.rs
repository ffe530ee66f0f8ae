//! PortOne's own server SDK drives the payment gateway's sandbox unchanged: the tests of `tests/portone-sdk`, run by Node.
//! Without Node or npm this fails and says what to install; `.ci/run` installs them where it may.
#![allow(clippy::panic, reason = "a test may break off")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use baro::paths;
use baro::sandbox::{PortOneSandbox, PortOneSandboxConfig};
use tokio::process::Command;

/// The oldest Node the tests are tried with.
const OLDEST_NODE: u32 = 20;
/// Without Node or npm.
const NEEDED: &str =
    "the SDK tests need Node 20 or newer with npm; on Debian or Ubuntu: apt install nodejs npm";
/// All of it takes seconds; what has not ended by then never will.
const PATIENCE: Duration = Duration::from_mins(3);
/// Written once the packages of a lock are installed.
const STAMP: &str = "node_modules/.baro-installed";

async fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.context("it never ends")??;
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    ensure!(output.status.success(), "{}: {said}", output.status);
    Ok(said)
}

async fn check_node() -> Result<()> {
    let version = run(Command::new("node").arg("--version")).await.context(NEEDED)?;
    run(Command::new("npm").arg("--version")).await.context(NEEDED)?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    let major: u32 = major.parse().with_context(|| format!("a strange Node: {version}"))?;
    ensure!(major >= OLDEST_NODE, "{NEEDED}; this is {version}");
    Ok(())
}

/// Copies the project under `target`, so that nothing is installed among the sources, and installs what its lock names, once.
async fn installed() -> Result<PathBuf> {
    let folder = paths::root().join("target/portone-sdk");
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(&folder)?.flatten() {
        // A test that is gone from the sources must not run on.
        if entry.path().extension().is_some_and(|extension| extension == "mjs") {
            std::fs::remove_file(entry.path())?;
        }
    }
    for entry in std::fs::read_dir(paths::root().join("tests/portone-sdk"))?.flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    let lock = std::fs::read_to_string(folder.join("package-lock.json"))?;
    if std::fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == lock) {
        return Ok(folder);
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    run(&mut npm).await.context("npm can't install the SDK; the first run needs the npm registry")?;
    std::fs::write(folder.join(STAMP), lock)?;
    Ok(folder)
}

async fn drive(folder: &Path, gateway: &PortOneSandbox) -> Result<String> {
    let config = gateway.config();
    let mut node = Command::new("node");
    // A connection that something still keeps open is no reason to wait.
    node.args(["--test", "--test-reporter=tap", "--test-force-exit"])
        .current_dir(folder)
        .env("BARO_PORTONE_URL", &gateway.url)
        .env("BARO_PORTONE_API_SECRET", &config.api_secret)
        .env("BARO_PORTONE_WEBHOOK_SECRET", config.webhook_secrets.first().context("no webhook secret")?)
        .env("BARO_PORTONE_STORE_ID", &config.store_id)
        .env("BARO_PORTONE_CHANNEL_KEY", &config.channel_key);
    run(&mut node).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn portones_own_server_sdk_drives_the_sandbox_unchanged() -> Result<()> {
    check_node().await?;
    let folder = installed().await?;
    let gateway = PortOneSandbox::start(PortOneSandboxConfig {
        late_approval: Duration::from_secs(2),
        ..PortOneSandboxConfig::drawn()
    })
    .await?;
    let told = drive(&folder, &gateway).await?;
    gateway.stop().await;
    let passed = told.lines().find_map(|line| line.strip_prefix("# pass ")).context("Node ran no tests")?;
    ensure!(passed.parse::<u32>()? >= 15, "too few tests ran:\n{told}");
    Ok(())
}

#[test]
fn the_lock_of_the_sdk_names_no_server_of_ours() -> Result<()> {
    let lock = std::fs::read_to_string(paths::root().join("tests/portone-sdk/package-lock.json"))?;
    for address in lock.split('"').filter(|text| text.contains("://")) {
        ensure!(address.starts_with("https://registry.npmjs.org/"), "{address}");
    }
    Ok(())
}
