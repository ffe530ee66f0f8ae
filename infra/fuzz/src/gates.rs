//! Gate dialects and what they share: multipart, XML, character sets.

use baro_domain::{Gate, GateId, GateVendor, Lane, LaneDirection, LaneId, LanePoint, LotId, PlateNumber};
use baro_gates::{
    AdaptError, GateRequest, MAX_AGE, MAX_AHEAD, MAX_BATCH_ENTRIES, MAX_IMAGE_BYTES, Report, adapt,
    adapt_backlog,
};
use jiff::{SignedDuration, Timestamp};

/// 14:31 in Seoul on the day of all samples.
fn now() -> Timestamp {
    "2026-11-20T05:31:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A gate that takes whatever lane a report names.
fn gate(vendor: GateVendor) -> Gate {
    let lane = |name: &str, direction| Lane {
        id: LaneId::derive(&[name]),
        vendor_code: "*".to_owned(),
        direction,
        point: LanePoint::Single,
    };
    Gate {
        id: GateId::derive(&["gate"]),
        lot: LotId::derive(&["lot"]),
        vendor,
        time_zone: "Asia/Seoul".to_owned(),
        secret_sha256: String::new(),
        lanes: vec![
            lane("in", LaneDirection::Entry),
            lane("out", LaneDirection::Exit),
            lane("both", LaneDirection::Both),
        ],
    }
}

/// One dialect. An input is what a gate posts: three lines (content type, path, configured character set; each may be
/// empty), then the body.
pub(crate) fn dialect(vendor: GateVendor, data: &[u8]) {
    let Some(([content_type, path, charset], body)) = crate::head::<3>(data) else { return };
    let request = GateRequest {
        path_hint: given(path),
        content_type: given(content_type),
        charset: given(charset),
        body,
    };
    judge(vendor, &request);
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A multipart body of the two cameras that send such, with the boundary `x`.
pub(crate) fn multipart(data: &[u8]) {
    for vendor in [GateVendor::Hikvision, GateVendor::PlateRecognizer] {
        judge(vendor, &plain("multipart/form-data; boundary=x", data));
        // Some firmware leaves the boundary to the body's first line.
        judge(vendor, &plain("multipart/form-data", data));
    }
}

/// An XML body.
pub(crate) fn xml(data: &[u8]) {
    judge(GateVendor::Hikvision, &plain("application/xml", data));
}

/// Text in UTF-8 or CP949, as the plate of a report: it must come out as the decoder says, whatever label it bears.
pub(crate) fn text(data: &[u8]) {
    let plate: Vec<u8> =
        data.iter().copied().filter(|byte| *byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7F)).collect();
    let mut body =
        br#"{"command":"alert_incar","data":{"date_time":"20261120143005","lprID":"1","car_number":""#
            .to_vec();
    body.extend(&plate);
    // What an unfinished letter at the end would swallow is a space, which is no part of a plate.
    body.extend(b" \"}}");
    let decoded = std::str::from_utf8(&body).map_or_else(
        |_| encoding_rs::EUC_KR.decode_without_bom_handling(&plate).0.into_owned(),
        |_| String::from_utf8_lossy(&plate).into_owned(),
    );
    let wanted = PlateNumber::parse(&decoded);
    for label in [None, Some("utf-8"), Some("CP949"), Some("euc-kr")] {
        let request = GateRequest { charset: label, ..plain("application/json", &body) };
        let report = adapt(&gate(GateVendor::Nexpa), &request, now());
        let read = report.ok().and_then(|report| report.observations.into_iter().next());
        let read = read.map(|read| read.plate);
        // A vendor's words for "not read" are no plate.
        let is_same = read.as_ref().is_some_and(|plate| plate.is_unread() || *plate == wanted);
        assert!(is_same, "{label:?}: read {read:?}, wanted {wanted:?}");
    }
}

fn plain<'a>(content_type: &'a str, body: &'a [u8]) -> GateRequest<'a> {
    GateRequest { path_hint: None, content_type: Some(content_type), charset: None, body }
}

/// Both doors, each held to what it promises.
fn judge(vendor: GateVendor, request: &GateRequest<'_>) {
    let gate = gate(vendor);
    let first = adapt(&gate, request, now());
    match &first {
        Ok(report) => check_report(&gate, report),
        Err(error) => check_error(error),
    }
    // A resend arrives later and means the same. (Without a time in the report, BNIDS means now.)
    let later = adapt(&gate, request, now() + SignedDuration::from_secs(1));
    if let (Ok(first), Ok(later)) = (&first, &later)
        && vendor != GateVendor::Bnids
        && first.refused.is_empty()
        && later.refused.is_empty()
    {
        let ids = |report: &Report| -> Vec<_> {
            report.observations.iter().map(|read| read.event_id.clone()).collect()
        };
        assert_eq!(ids(first), ids(later), "a resend must be known by its ids");
    }
    let backlog = adapt_backlog(&gate, request, now());
    match &backlog {
        Ok(entries) => {
            assert!(entries.len() <= MAX_BATCH_ENTRIES, "too many entries were taken");
            for entry in entries {
                match entry {
                    Ok(report) => check_report(&gate, report),
                    Err(error) => check_error(error),
                }
            }
        }
        Err(error) => check_error(error),
    }
}

fn check_report(gate: &Gate, report: &Report) {
    assert_eq!(report.reply.status, 200);
    let is_nothing_but_refused =
        report.observations.is_empty() && report.ignored.is_empty() && !report.refused.is_empty();
    assert!(!is_nothing_but_refused, "a report of which nothing could be used is an error");
    for read in &report.observations {
        assert_eq!(PlateNumber::parse(read.plate.as_str()), read.plate, "the plate is not normal");
        assert_eq!((&read.lot, read.received_at), (&gate.lot, now().max(read.received_at)));
        let ahead = read.observed_at.duration_since(read.received_at);
        assert!((-MAX_AGE..=MAX_AHEAD).contains(&ahead), "the time is out of bounds");
    }
    for image in &report.images {
        assert!(image.bytes.len() <= MAX_IMAGE_BYTES, "the picture is too large");
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        assert!(image.name.chars().all(is_safe), "the picture's name would be part of a key");
        assert!(report.observations.iter().any(|read| read.event_id == image.event_id), "whose picture?");
    }
    report.refused.iter().for_each(check_error);
}

/// Where an error stands is said in the dialect's own names: never what the body said, which may be a plate.
fn check_error(error: &AdaptError) {
    let own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '[' | ']' | '-' | ':');
    assert!(error.field().is_none_or(|field| field.chars().all(own)), "a field of no dialect");
}
