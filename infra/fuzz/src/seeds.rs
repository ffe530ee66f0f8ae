//! Seeds: the samples of `events/` in the form that the targets take. They are made, not kept twice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use baro_domain::GateVendor;
use serde_json::Value;

use crate::root;

/// Rows of the city's own file that are seeds beside the tricky ones.
const CITY_ROWS: usize = 8;

/// A seed with its name.
pub type Seed = (String, Vec<u8>);

/// The seeds of a target.
pub fn of(target: &str) -> io::Result<Vec<Seed>> {
    match target {
        "multipart" => multipart(),
        "xml" => files(&root().join("events/gates/hikvision"), "xml"),
        "text" | "plate" => Ok(texts()),
        "national" => national(),
        "tariff" => tariffs(),
        "webhook" => webhooks(),
        dialect => posted(dialect),
    }
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<Seed>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let wanted = |path: &PathBuf| {
        let found = path.extension().and_then(|found| found.to_str()).unwrap_or_default();
        path.is_file() && found != "meta" && (extension.is_empty() || found == extension)
    };
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().filter(|path| wanted(path)).map(|path| Ok((name(path), fs::read(path)?))).collect()
}

fn json(path: &Path) -> io::Result<Value> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)
}

/// A dialect's samples, each with what its sidecar says.
fn posted(dialect: &str) -> io::Result<Vec<Seed>> {
    let folder = root().join("events/gates").join(dialect);
    let with_head = |(name, body): Seed| {
        let meta = json(&folder.join(format!("{name}.meta")))?;
        let line = |member: &str| meta[member].as_str().unwrap_or_default().to_owned();
        let head = format!("{}\n{}\n{}\n", line("contentType"), line("path"), line("charset"));
        Ok((name, [head.into_bytes(), body].concat()))
    };
    files(&folder, "")?.into_iter().map(with_head).collect()
}

/// Multipart samples with the boundary `x`.
fn multipart() -> io::Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    for vendor in [GateVendor::Hikvision, GateVendor::PlateRecognizer] {
        let vendor = serde_json::to_value(vendor).map_err(io::Error::other)?;
        let folder = root().join("events/gates").join(vendor.as_str().unwrap_or_default());
        for (name, body) in files(&folder, "http")? {
            let meta = json(&folder.join(format!("{name}.meta")))?;
            let label = meta["contentType"].as_str().unwrap_or_default();
            let boundary = label.split("boundary=").nth(1).unwrap_or_default().trim_matches('"');
            seeds.push((name, replaced(&body, format!("--{boundary}").as_bytes(), b"--x")));
        }
    }
    Ok(seeds)
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), body);
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend(&rest[..at]);
        out.extend(to);
        rest = &rest[at + from.len()..];
    }
    out.extend(rest);
    out
}

/// A plate of each kind of the grammar, and some of none.
fn texts() -> Vec<Seed> {
    let texts = [
        "12가3456",
        "123가4567",
        "울산53사1110",
        "대전 1 가 1234",
        "외교012-345",
        "서울12배3456\n12바3456",
        "１２가３４５６",
        "12\u{1100}\u{1161}3456",
        "임시 1234",
        "12똠3456",
        "미인식",
    ];
    let utf8 = texts.iter().enumerate().map(|(at, text)| (format!("utf8-{at}"), text.as_bytes().to_vec()));
    let cp949 = texts
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("cp949-{at}"), encoding_rs::EUC_KR.encode(text).0.into_owned()));
    utf8.chain(cp949).collect()
}

fn national() -> io::Result<Vec<Seed>> {
    let mut seeds = files(&root().join("events/national"), "csv")?;
    let city = fs::read(root().join("infra/data/parking_lots_daejeon.cp949.csv"))?;
    let rows = city.split(|byte| *byte == b'\n').skip(1).step_by(97).take(CITY_ROWS);
    seeds.extend(rows.enumerate().map(|(at, row)| (format!("row-{at}.csv"), row.to_vec())));
    Ok(seeds)
}

fn tariffs() -> io::Result<Vec<Seed>> {
    let mut seeds = files(&root().join("events/tariffs"), "json")?;
    seeds.retain(|(name, _)| !matches!(name.as_str(), "cases.json" | "tariff.schema.json"));
    for name in ["check.json", "quote.json"] {
        let event = json(&root().join("events/workbench").join(name))?;
        seeds.push((name.to_owned(), event["body"].as_str().unwrap_or_default().as_bytes().to_vec()));
    }
    Ok(seeds)
}

fn webhooks() -> io::Result<Vec<Seed>> {
    let event = json(&root().join("events/payment-webhook/paid.json"))?;
    let header = |name: &str| event["headers"][name].as_str().unwrap_or_default().to_owned();
    let body = event["body"].as_str().unwrap_or_default();
    let head = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header).join("\n");
    Ok(vec![("paid".to_owned(), format!("{head}\n{body}").into_bytes())])
}
