use std::collections::BTreeSet;

use baro_domain::{GateVendor, LaneDirection, LanePoint, Passage};
use jiff::SignedDuration;
use serde_json::json;

use super::{NOW, Sample, VENDORS, gate, lane, now, sample_names, usual_gate};
use crate::{AdaptError, AdaptErrorKind, MAX_LIVE_READS, adapt};

fn nexpa(command: &str, time: &str) -> Sample {
    Sample::json(
        &json!({"command": command, "data": {"car_number": "12가3456", "date_time": time, "lprID": "1"}}),
    )
}

#[test]
fn every_sample_of_every_vendor_is_read() {
    for (vendor, folder) in VENDORS {
        let mut count = 0;
        for name in sample_names(folder) {
            if name == "backlog.json" {
                continue;
            }
            let report = Sample::read(&format!("{folder}/{name}")).adapt(vendor);
            assert!(report.is_ok(), "{folder}/{name}: {report:?}");
            count += 1;
        }
        assert!(count >= 2, "{folder} has samples");
    }
}

#[test]
fn every_folder_of_samples_is_a_vendor_of_the_registry_and_the_reverse() {
    let folders = std::fs::read_dir(super::samples()).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.file_type().unwrap().is_dir());
    let found: BTreeSet<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, VENDORS.iter().map(|(_, folder)| (*folder).to_owned()).collect());
    for (vendor, folder) in VENDORS {
        assert_eq!(serde_json::to_value(vendor).unwrap(), folder, "the folder is named as in JSON");
    }
}

#[test]
fn passages_follow_the_point_of_the_lane() {
    use LaneDirection::{Entry, Exit};
    for (command, direction, point, wanted) in [
        ("alert_incar", Entry, LanePoint::Approach, Passage::Entered),
        ("alert_incar", Entry, LanePoint::Passage, Passage::Entered),
        ("alert_outcar", Exit, LanePoint::Approach, Passage::AtExit),
        ("alert_outcar", Exit, LanePoint::Single, Passage::AtExitOnly),
        ("alert_outcar", Exit, LanePoint::Passage, Passage::Left),
    ] {
        let gate = gate(GateVendor::Nexpa, &[lane("1", direction, point)]);
        let report = adapt(&gate, &nexpa(command, "20261120143005").request(), now()).unwrap();
        assert_eq!(report.observations[0].passage, wanted);
    }
}

#[test]
fn a_star_matches_any_lane_and_an_exact_code_goes_first() {
    let star = lane("*", LaneDirection::Both, LanePoint::Single);
    let exact = lane("1", LaneDirection::Both, LanePoint::Single);
    let sample = nexpa("alert_incar", "20261120143005");
    let lane_of = |lanes: &[_]| {
        adapt(&gate(GateVendor::Nexpa, lanes), &sample.request(), now())
            .map(|report| report.observations[0].lane.clone())
    };
    assert_eq!(lane_of(std::slice::from_ref(&star)).unwrap(), star.id);
    assert_eq!(lane_of(&[star, exact.clone()]).unwrap(), exact.id);
    assert_eq!(lane_of(&[]).unwrap_err().code(), "unknown-lane");
}

#[test]
fn a_report_without_a_lane_means_the_only_one_that_goes_that_way() {
    let body =
        json!({"command": "alert_outcar", "data": {"car_number": "12가3456", "date_time": "20261120143005"}});
    let entry = lane("1", LaneDirection::Entry, LanePoint::Single);
    let exit = lane("2", LaneDirection::Exit, LanePoint::Single);
    let second = lane("3", LaneDirection::Exit, LanePoint::Single);
    let judge = |lanes: &[_]| adapt(&gate(GateVendor::Nexpa, lanes), &Sample::json(&body).request(), now());
    assert_eq!(judge(&[entry.clone(), exit.clone()]).unwrap().observations[0].lane, exit.id);
    let error = judge(&[entry, exit, second]).unwrap_err();
    assert_eq!((error.code(), error.field()), ("missing-field", Some("data.lprID")));
}

#[test]
fn local_times_are_read_in_the_gates_zone() {
    let mut gate = usual_gate(GateVendor::Nexpa);
    gate.time_zone = "America/New_York".into();
    let sample = nexpa("alert_incar", "20261120003005");
    let report = adapt(&gate, &sample.request(), now()).unwrap();
    assert_eq!(report.observations[0].observed_at.to_string(), "2026-11-20T05:30:05Z");
    gate.time_zone = "Mars/Olympus".into();
    assert_eq!(adapt(&gate, &sample.request(), now()).unwrap_err().code(), "unknown-time-zone");
}

#[test]
fn absurd_times_are_refused_at_their_bounds() {
    let gate = usual_gate(GateVendor::Nexpa);
    let received = "2026-11-20T05:30:00Z".parse().unwrap();
    let judge = |time: &str| {
        adapt(&gate, &nexpa("alert_incar", time).request(), received)
            .map_or_else(|error| error.code(), |_| "taken")
    };
    assert_eq!(judge("20261120143500"), "taken");
    assert_eq!(judge("20261021143000"), "taken");
    assert_eq!(judge("20261021142959"), "observed-too-old");
    assert_eq!(judge("00010101000000"), "observed-too-old");
}

#[test]
fn a_live_read_from_the_future_is_taken_at_its_receipt_and_known_by_what_the_gate_said() {
    let gate = usual_gate(GateVendor::Nexpa);
    let judge = |time: &str, received: &str| {
        let received = received.parse().unwrap();
        adapt(&gate, &nexpa("alert_incar", time).request(), received).unwrap().observations.remove(0)
    };
    let bound = judge("20261120143500", "2026-11-20T05:30:00Z");
    assert_eq!((bound.observed_at.to_string().as_str(), bound.reported_at), ("2026-11-20T05:35:00Z", None));
    for time in ["20261120143501", "20261121143000", "99981231235959"] {
        let first = judge(time, "2026-11-20T05:30:00Z");
        assert_eq!(first.observed_at, first.received_at, "{time}");
        assert_ne!(first.clock_time(), first.observed_at);
        let again = judge(time, "2026-11-20T05:30:40Z");
        assert_eq!((again.clock_time(), again.event_id), (first.clock_time(), first.event_id));
    }
}

#[test]
fn what_a_clock_ahead_kept_is_refused_beside_what_it_sends_now() {
    let gate = usual_gate(GateVendor::Nexpa);
    let received = "2026-11-20T05:30:00Z".parse().unwrap();
    let at = |plate: &str, time: &str| json!({"command": "alert_incar", "data": {"car_number": plate, "date_time": time, "lprID": "1"}});
    let body = json!([
        at("12가3456", "20261121143000"),
        at("34나5678", "20261121142900"),
        at("56다7890", "20261121132000")
    ]);
    let report = adapt(&gate, &Sample::json(&body).request(), received).unwrap();
    let plates: Vec<_> = report.observations.iter().map(|read| read.plate.as_str()).collect();
    assert_eq!(plates, ["12가3456", "34나5678"]);
    let codes: Vec<_> = report.refused.iter().map(AdaptError::code).collect();
    assert_eq!(codes, ["observed-in-future"]);
    let many: Vec<_> = (0..=MAX_LIVE_READS).map(|_| at("12가3456", "20261121143000")).collect();
    let refused = adapt(&gate, &Sample::json(&json!(many)).request(), received).unwrap_err();
    assert_eq!(refused.code(), "observed-in-future", "so many are a backlog");
}

#[test]
fn no_message_says_the_plate() {
    let body = json!({"command": "alert_incar", "data": {"car_number": "12가3456", "date_time": "12가3456", "lprID": "1"}});
    let error = Sample::json(&body).adapt(GateVendor::Nexpa).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("3456"));
    let report = nexpa("alert_incar", "20261120143005").adapt(GateVendor::Nexpa).unwrap();
    assert!(!format!("{report:?}").contains("12가3456"));
}

#[test]
fn two_passages_of_one_car_are_two_events() {
    let id = |command: &str, time: &str| {
        nexpa(command, time).adapt(GateVendor::Nexpa).unwrap().observations.remove(0).event_id
    };
    let first = id("alert_incar", "20261120143005");
    assert_eq!(first, id("alert_incar", "20261120143005"));
    assert_ne!(first, id("alert_incar", "20261120143006"));
    assert_ne!(first, id("alert_outcar", "20261120143005"));
}

#[test]
fn a_corrected_plate_is_another_event() {
    let sample = Sample::read("hikvision/anpr.xml");
    let with = |plate: &str, uuid: &str| {
        let text = String::from_utf8(sample.body.clone()).unwrap();
        let text = text.replace("12가3456", plate).replace("<UUID></UUID>", &format!("<UUID>{uuid}</UUID>"));
        let sample =
            Sample { body: text.into_bytes(), content_type: "text/xml".into(), path: None, charset: None };
        sample.adapt(GateVendor::Hikvision).unwrap().observations.remove(0).event_id
    };
    let uuid = "a1301cd8-1dd1-11b2-9c0b-e8ad94177b80";
    assert_eq!(with("12가3456", uuid), with("12가3456", uuid));
    assert_ne!(with("12가3456", uuid), with("12나3456", uuid));
    assert_ne!(with("12가3456", uuid), with("12가3456", "b1301cd8-1dd1-11b2-9c0b-e8ad94177b80"));
}

#[test]
fn codes_are_stable_kebab_case_and_differ() {
    let codes: BTreeSet<_> = AdaptErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), AdaptErrorKind::ALL.len());
    assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
}

#[test]
fn an_array_of_events_at_the_live_address_is_taken_too() {
    let sample = Sample::read("nexpa/backlog.json");
    let report = sample.adapt(GateVendor::Nexpa).unwrap();
    assert_eq!((report.observations.len(), report.refused.len()), (3, 1));
    let received: jiff::Timestamp = NOW.parse().unwrap();
    let latest = report.observations.iter().map(|seen| seen.observed_at).max().unwrap();
    assert!(received.duration_since(latest) > SignedDuration::from_hours(8));
}
