use baro_domain::{GateVendor, Passage};
use serde_json::json;

use super::{Sample, now, usual_gate};
use crate::{AdaptError, MAX_BATCH_ENTRIES, Report, adapt_backlog};

fn backlog(vendor: GateVendor, sample: &Sample) -> Result<Vec<Result<Report, AdaptError>>, AdaptError> {
    adapt_backlog(&usual_gate(vendor), &sample.request(), now())
}

#[test]
fn each_event_of_a_backlog_is_judged_on_its_own() {
    let judged = backlog(GateVendor::Nexpa, &Sample::read("nexpa/backlog.json")).unwrap();
    let codes: Vec<_> =
        judged.iter().map(|one| one.as_ref().map_or_else(AdaptError::code, |_| "taken")).collect();
    assert_eq!(codes, ["taken", "taken", "unparseable-time", "taken"]);
    let error = judged[2].as_ref().unwrap_err();
    assert_eq!(error.field(), Some("[2].data.date_time"));
}

#[test]
fn iso_has_its_own_form_of_batch() {
    let judged = backlog(GateVendor::Iso, &Sample::read("iso/omission.json")).unwrap();
    assert_eq!(judged.len(), 4);
    let both = judged[0].as_ref().unwrap();
    assert_eq!(both.observations[0].passage, Passage::Entered);
    assert_eq!(both.observations[1].passage, Passage::AtExitOnly);
    assert!(judged[2].is_err());
}

#[test]
fn a_backlog_event_has_the_id_of_its_live_report() {
    for (vendor, name) in [
        (GateVendor::Nexpa, "nexpa/incar.json"),
        (GateVendor::Glnt, "glnt/park-in.json"),
        (GateVendor::Dahua, "dahua/tollgate.json"),
        (GateVendor::PlateRecognizer, "plate_recognizer/recognition.json"),
        (GateVendor::LotPush, "lot_push/come-in.json"),
    ] {
        let live = Sample::read(name);
        let entry: serde_json::Value = serde_json::from_slice(&live.body).unwrap();
        let late = backlog(vendor, &Sample::json(&json!([entry]))).unwrap().remove(0).unwrap();
        let live = live.adapt(vendor).unwrap();
        assert_eq!(late.observations[0].event_id, live.observations[0].event_id, "{name}");
    }
}

#[test]
fn cameras_that_speak_xml_keep_it_as_text() {
    let live = Sample::read("hikvision/anpr.xml");
    let text = String::from_utf8(live.body.clone()).unwrap();
    let judged = backlog(GateVendor::Hikvision, &Sample::json(&json!([text, {"not": "text"}]))).unwrap();
    let late = judged[0].as_ref().unwrap();
    assert_eq!(late.observations, live.adapt(GateVendor::Hikvision).unwrap().observations);
    assert_eq!(judged[1].as_ref().unwrap_err().code(), "invalid-field");
}

#[test]
fn an_event_without_a_time_did_not_happen_when_the_backlog_arrived() {
    let entry = json!({"lprCarNo": "12가3456", "accuracy": 90, "gateId": 3});
    let judged = backlog(GateVendor::Bnids, &Sample::json(&json!([entry]))).unwrap();
    assert_eq!(judged[0].as_ref().unwrap_err().code(), "missing-field");
}

#[test]
fn times_are_judged_event_by_event() {
    let at = |time: &str| json!({"command": "alert_incar", "data": {"car_number": "12가3456", "date_time": time, "lprID": "1"}});
    let events =
        json!([at("20261120143601"), at("20261120143559"), at("20261021143000"), at("20261021143100")]);
    let judged = backlog(GateVendor::Nexpa, &Sample::json(&events)).unwrap();
    let codes: Vec<_> =
        judged.iter().map(|one| one.as_ref().map_or_else(AdaptError::code, |_| "taken")).collect();
    assert_eq!(codes, ["observed-in-future", "taken", "observed-too-old", "taken"]);
}

#[test]
fn what_is_no_batch_is_refused_as_a_whole() {
    let code = |body: serde_json::Value| backlog(GateVendor::Nexpa, &Sample::json(&body)).unwrap_err().code();
    assert_eq!(code(json!({})), "not-a-batch");
    assert_eq!(code(json!(vec![1; MAX_BATCH_ENTRIES + 1])), "too-many-entries");
    let mut broken = Sample::read("nexpa/backlog.json");
    broken.body.pop();
    broken.body.pop();
    assert_eq!(backlog(GateVendor::Nexpa, &broken).unwrap_err().code(), "malformed-json");
}
