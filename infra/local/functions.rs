//! Builds the functions once, with the same profile and target folder as everything else, and packs each binary as the `bootstrap` of
//! a zip. An unchanged binary is not packed again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use crate::progress::Step;

/// One function's deployment package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The function's name, which is also the name of its binary.
    pub name: String,
    /// The zip with `bootstrap` in it.
    pub zip: PathBuf,
    /// SHA-256 of the zip, in hex.
    pub sha256: String,
}

/// Builds the named functions and packs them into `folder`. Errors: a build that fails, with the compiler's own words.
pub async fn build(names: &[String], folder: &Path, step: &Step) -> Result<Vec<Package>> {
    let binaries = compile(names, step).await?;
    step.busy_with("packing");
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut packing = tokio::task::JoinSet::new();
    for name in names {
        let binary = binaries
            .get(name)
            .with_context(|| format!("the package baro-{name} has no binary {name}"))?
            .clone();
        let (name, folder) = (name.clone(), folder.to_path_buf());
        packing.spawn_blocking(move || pack(&name, &binary, &folder));
    }
    let mut packages = Vec::new();
    while let Some(packed) = packing.join_next().await {
        packages.push(packed.context("packing broke off")??);
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

/// Runs one `cargo build` for all functions and gives the path of each binary.
async fn compile(names: &[String], step: &Step) -> Result<BTreeMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(crate::paths::root()).args([
        "build",
        "--bins",
        "--message-format=json-render-diagnostics",
    ]);
    for name in names {
        command.args(["-p", &format!("baro-{name}")]);
    }
    // `cargo run` tells its child which package it is; build scripts that watch those variables would run again.
    for (name, _) in std::env::vars_os() {
        if is_of_the_running_package(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut stderr = child.stderr.take().context("cargo has no error output")?;
    let complaints = tokio::spawn(async move {
        let mut text = String::new();
        stderr.read_to_string(&mut text).await.map(|_| text)
    });
    let mut lines = BufReader::new(stdout).lines();
    let mut binaries = BTreeMap::new();
    while let Some(line) = lines.next_line().await.context("cannot read what cargo says")? {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        if message["reason"] == "compiler-artifact"
            && let Some(name) = message["target"]["name"].as_str()
        {
            step.busy_with(name);
            if let Some(path) = message["executable"].as_str() {
                binaries.insert(name.to_owned(), PathBuf::from(path));
            }
        }
    }
    let status = child.wait().await.context("cargo got lost")?;
    let complaints = complaints.await.context("cargo's messages got lost")?.unwrap_or_default();
    if !status.success() {
        bail!("the functions do not build:\n{complaints}");
    }
    Ok(binaries)
}

fn is_of_the_running_package(variable: &str) -> bool {
    const NAMES: [&str; 5] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME",
        "CARGO_PRIMARY_PACKAGE",
    ];
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_BIN_EXE_") || NAMES.contains(&variable)
}

/// Packs one binary unless the zip at hand was made from exactly this file.
fn pack(name: &str, binary: &Path, folder: &Path) -> Result<Package> {
    let zip = folder.join(format!("{name}.zip"));
    let stamp = folder.join(format!("{name}.stamp"));
    let metadata = std::fs::metadata(binary).with_context(|| format!("no binary at {}", binary.display()))?;
    let changed = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let source = format!("{} {changed}", metadata.len());
    if let Ok(stamped) = std::fs::read_to_string(&stamp)
        && let Some((from, sha256)) = stamped.split_once('\n')
        && from == source
        && zip.exists()
    {
        return Ok(Package { name: name.to_owned(), zip, sha256: sha256.to_owned() });
    }
    let bytes = zipped(&stripped(name, binary, folder)?)?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    // Another local cloud may be reading the one of before: it keeps it, whole.
    let new = folder.join(format!("{name}.{}.new", std::process::id()));
    std::fs::write(&new, &bytes).with_context(|| format!("cannot write {}", new.display()))?;
    std::fs::rename(&new, &zip).with_context(|| format!("cannot write {}", zip.display()))?;
    std::fs::write(&stamp, format!("{source}\n{sha256}"))
        .with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(Package { name: name.to_owned(), zip, sha256 })
}

/// The binary without its symbols, where `strip` is at hand; else as it is (larger, and as good).
fn stripped(name: &str, binary: &Path, folder: &Path) -> Result<Vec<u8>> {
    let target = folder.join(format!("{name}.{}.stripped", std::process::id()));
    let done = std::process::Command::new("strip")
        .arg("-o")
        .arg(&target)
        .arg(binary)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let bytes = std::fs::read(if done { &target } else { binary }).context("cannot read the built binary")?;
    if done {
        std::fs::remove_file(&target).with_context(|| format!("cannot remove {}", target.display()))?;
    }
    Ok(bytes)
}

/// A zip with the one executable file `bootstrap`. The same bytes give the same zip: no time of day goes in.
fn zipped(binary: &[u8]) -> Result<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("bootstrap", options).context("cannot begin a zip")?;
    archive.write_all(binary).context("cannot write a zip")?;
    Ok(archive.finish().context("cannot end a zip")?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_binary_gives_the_same_executable_bootstrap() {
        let first = zipped(b"#!/bin/sh\n").unwrap();
        assert_eq!(first, zipped(b"#!/bin/sh\n").unwrap());
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(first)).unwrap();
        let file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
    }

    #[test]
    fn an_unchanged_binary_is_not_packed_again() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("f");
        std::fs::write(&binary, b"one").unwrap();
        let first = pack("f", &binary, folder.path()).unwrap();
        std::fs::write(&first.zip, b"left alone").unwrap();
        assert_eq!(pack("f", &binary, folder.path()).unwrap(), first);
        assert_eq!(std::fs::read(&first.zip).unwrap(), b"left alone");
        std::fs::write(&binary, b"other").unwrap();
        assert_ne!(pack("f", &binary, folder.path()).unwrap().sha256, first.sha256);
    }

    #[test]
    fn variables_of_the_running_package_are_not_handed_on() {
        assert!(is_of_the_running_package("CARGO_PKG_VERSION"));
        assert!(is_of_the_running_package("CARGO_MANIFEST_DIR"));
        assert!(!is_of_the_running_package("CARGO_HOME"));
        assert!(!is_of_the_running_package("CARGO_TARGET_DIR"));
    }
}
