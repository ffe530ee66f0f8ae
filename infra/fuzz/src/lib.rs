//! What is thrown at the parsers: one function a parser, from bytes, which holds it to what it promises of any bytes at all.
//! libFuzzer's targets (`libfuzzer/`) and the ordinary test (`tests/replay.rs`) call the same functions, so neither can rot.
//!
//! How to run it, and what was found: `infra/docs/fuzzing.md`.

mod documents;
mod gates;
mod plates;
pub mod seeds;
mod webhooks;

use std::path::PathBuf;

use baro_domain::GateVendor;

/// One parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of libFuzzer's binary and of its folder of seeds.
    pub name: &'static str,
    /// Throws bytes at it. Panics where a promise is broken.
    pub run: fn(&[u8]),
}

/// Every target. `libfuzzer/Cargo.toml` has one binary for each (held by a test).
pub const TARGETS: [Target; 16] = [
    Target { name: "nexpa", run: |data| gates::dialect(GateVendor::Nexpa, data) },
    Target { name: "lot_push", run: |data| gates::dialect(GateVendor::LotPush, data) },
    Target { name: "iso", run: |data| gates::dialect(GateVendor::Iso, data) },
    Target { name: "glnt", run: |data| gates::dialect(GateVendor::Glnt, data) },
    Target { name: "bnids", run: |data| gates::dialect(GateVendor::Bnids, data) },
    Target { name: "hikvision", run: |data| gates::dialect(GateVendor::Hikvision, data) },
    Target { name: "dahua", run: |data| gates::dialect(GateVendor::Dahua, data) },
    Target { name: "plate_recognizer", run: |data| gates::dialect(GateVendor::PlateRecognizer, data) },
    Target { name: "axis", run: |data| gates::dialect(GateVendor::Axis, data) },
    Target { name: "multipart", run: gates::multipart },
    Target { name: "xml", run: gates::xml },
    Target { name: "text", run: gates::text },
    Target { name: "plate", run: plates::plate },
    Target { name: "national", run: documents::national },
    Target { name: "tariff", run: documents::tariff },
    Target { name: "webhook", run: webhooks::webhook },
];

/// Throws bytes at a target. An unknown name is a fault of the caller.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "there is no target {name}");
    if let Some(target) = target {
        (target.run)(data);
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The lines at the head of an input, and what follows them. Inputs with fewer lines have none.
fn head<const LINES: usize>(data: &[u8]) -> Option<([&str; LINES], &[u8])> {
    let (mut lines, mut rest) = ([""; LINES], data);
    for line in &mut lines {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        *line = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
    }
    Some((lines, rest))
}
