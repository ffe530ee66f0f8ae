//! Every vendor's samples in `events/gates/`, and the rules that hold for all of them.

mod axis;
mod backlog;
mod cameras;
mod controllers;
mod properties;
mod rules;

use std::path::{Path, PathBuf};

use baro_domain::{Gate, GateId, GateVendor, Lane, LaneDirection, LaneId, LanePoint, LotId};
use jiff::Timestamp;

use crate::{AdaptError, GateRequest, Report, adapt};

/// All samples happened in the minutes before.
const NOW: &str = "2026-11-20T05:31:00Z";

const VENDORS: [(GateVendor, &str); 9] = [
    (GateVendor::Nexpa, "nexpa"),
    (GateVendor::LotPush, "lot_push"),
    (GateVendor::Iso, "iso"),
    (GateVendor::Glnt, "glnt"),
    (GateVendor::Bnids, "bnids"),
    (GateVendor::Hikvision, "hikvision"),
    (GateVendor::Dahua, "dahua"),
    (GateVendor::PlateRecognizer, "plate_recognizer"),
    (GateVendor::Axis, "axis"),
];

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn lane(code: &str, direction: LaneDirection, point: LanePoint) -> Lane {
    let id = LaneId::derive(&[code, &format!("{direction:?}{point:?}")]);
    Lane { id, vendor_code: code.to_owned(), direction, point }
}

fn gate(vendor: GateVendor, lanes: &[Lane]) -> Gate {
    Gate {
        id: GateId::parse("gate_1").expect("an id"),
        lot: LotId::parse("lot_1").expect("an id"),
        vendor,
        time_zone: "Asia/Seoul".to_owned(),
        secret_sha256: String::new(),
        lanes: lanes.to_vec(),
    }
}

/// A gate whose lanes are those that the vendor's samples speak of.
fn usual_gate(vendor: GateVendor) -> Gate {
    use LaneDirection::{Both, Entry, Exit};
    let way = |code, direction| lane(code, direction, LanePoint::Single);
    let lanes = match vendor {
        GateVendor::Nexpa => vec![way("1", Entry), way("2", Exit)],
        GateVendor::Glnt => vec![way("LPR001101", Entry), way("LPR001201", Exit)],
        GateVendor::Bnids => vec![way("3", Entry), way("4", Exit)],
        GateVendor::Hikvision => vec![way("1", Both)],
        GateVendor::Dahua => vec![way("DH-ITC-7F01", Both)],
        GateVendor::PlateRecognizer => vec![way("lane-1", Entry)],
        GateVendor::Axis => vec![way("B8A44F00C0DE", Entry)],
        GateVendor::Occupancy => Vec::new(),
        _ => vec![way("*", Entry), way("*", Exit)],
    };
    gate(vendor, &lanes)
}

/// A sample with what its sidecar says of it.
struct Sample {
    body: Vec<u8>,
    content_type: String,
    path: Option<String>,
    charset: Option<String>,
}

impl Sample {
    fn read(name: &str) -> Self {
        let path = samples().join(name);
        let body = std::fs::read(&path).expect("a sample");
        let meta = std::fs::read_to_string(format!("{}.meta", path.display())).expect("its sidecar");
        let meta: serde_json::Value = serde_json::from_str(&meta).expect("JSON");
        let text = |name: &str| meta[name].as_str().map(str::to_owned);
        Self {
            body,
            content_type: text("contentType").expect("a type"),
            path: text("path"),
            charset: text("charset"),
        }
    }

    fn json(body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { body, content_type: "application/json".to_owned(), path: None, charset: None }
    }

    fn request(&self) -> GateRequest<'_> {
        GateRequest {
            path_hint: self.path.as_deref(),
            content_type: Some(&self.content_type),
            charset: self.charset.as_deref(),
            body: &self.body,
        }
    }

    fn adapt(&self, vendor: GateVendor) -> Result<Report, AdaptError> {
        adapt(&usual_gate(vendor), &self.request(), now())
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/gates")
}

/// The names of a vendor's samples, without the sidecars.
fn sample_names(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(samples().join(folder)).expect("a folder");
    let mut names: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "meta"))
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The report of a sample at the vendor's usual gate.
fn report(vendor: GateVendor, name: &str) -> Report {
    Sample::read(name).adapt(vendor).expect("a report")
}

/// Plate, passage and time of a report's only observation.
fn only(report: &Report) -> (String, baro_domain::Passage, String) {
    assert_eq!(report.observations.len(), 1);
    let seen = &report.observations[0];
    (seen.plate.as_str().to_owned(), seen.passage, seen.observed_at.to_string())
}
