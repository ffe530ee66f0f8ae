use baro_domain::{GateVendor, LaneDirection, LanePoint, Passage};
use serde_json::json;

use super::{Sample, gate, lane, now, only, report, usual_gate};
use crate::{Ignored, adapt};

#[test]
fn an_event_from_a_device_that_reads_no_plates_belongs_to_no_lane() {
    let event = Sample::read("nexpa/incar.json");
    assert_eq!(event.adapt(GateVendor::Occupancy).unwrap_err().code(), "unknown-lane");
}

#[test]
fn nexpa_reads_a_car_coming_in_at_local_time() {
    let report = report(GateVendor::Nexpa, "nexpa/incar.json");
    assert_eq!(only(&report), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05Z".into()));
    assert_eq!(report.observations[0].lane, usual_gate(GateVendor::Nexpa).lanes[0].id);
    assert!(report.images.is_empty() && report.ignored.is_empty(), "an address is no picture and no fault");
    assert_eq!(report.reply.body["result"]["status"], "200");
}

#[test]
fn nexpa_reads_cp949_and_data_as_an_array() {
    let report = report(GateVendor::Nexpa, "nexpa/outcar-array-cp949.json");
    assert_eq!(only(&report), ("123나4568".into(), Passage::AtExitOnly, "2026-11-20T05:28:01Z".into()));
}

#[test]
fn nexpa_keeps_a_car_whose_plate_was_not_read_with_its_picture() {
    let report = report(GateVendor::Nexpa, "nexpa/incar-unread.json");
    assert!(report.observations[0].plate.is_unread());
    assert_eq!(report.images[0].content_type, "image/jpeg");
    assert_eq!(report.images[0].event_id, report.observations[0].event_id);
}

#[test]
fn nexpa_status_messages_are_counted_not_refused() {
    assert_eq!(report(GateVendor::Nexpa, "nexpa/status.json").ignored, [Ignored::OtherEvent]);
}

#[test]
fn one_bad_car_in_an_array_does_not_hold_up_the_others() {
    let body = json!({"command": "alert_incar", "data": [
        {"car_number": "12가3456", "date_time": "20261120143005", "lprID": "1"},
        {"car_number": "34나5678", "date_time": "soon", "lprID": "1"},
        {"car_number": "56다7890", "date_time": "20261120143007", "lprID": "9"},
        {"car_number": "78라9012", "date_time": "20261120143009", "lprID": 1},
    ]});
    let report = Sample::json(&body).adapt(GateVendor::Nexpa).unwrap();
    let plates: Vec<_> = report.observations.iter().map(|seen| seen.plate.as_str()).collect();
    assert_eq!(plates, ["12가3456", "78라9012"]);
    let refused: Vec<_> = report.refused.iter().map(|error| (error.code(), error.field().unwrap())).collect();
    assert_eq!(refused, [("unparseable-time", "data[1].date_time"), ("unknown-lane", "data[2].lprID")]);
}

#[test]
fn the_push_dialect_takes_the_lane_that_goes_that_way() {
    let come_in = report(GateVendor::LotPush, "lot_push/come-in.json");
    assert_eq!(only(&come_in), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05Z".into()));
    let go_out = report(GateVendor::LotPush, "lot_push/go-out.json");
    assert_eq!(only(&go_out), ("12가3456".into(), Passage::AtExitOnly, "2026-11-20T05:30:45Z".into()));
    assert_ne!(come_in.observations[0].lane, go_out.observations[0].lane);
}

#[test]
fn the_push_dialect_refuses_a_type_it_does_not_know() {
    let body =
        json!({"parkingLotId": "x", "type": "HOVER", "carNo": "12가3456", "eventDt": "2026-11-20 14:30:05"});
    let error = Sample::json(&body).adapt(GateVendor::LotPush).unwrap_err();
    assert_eq!((error.code(), error.field()), ("invalid-field", Some("type")));
}

#[test]
fn iso_says_direction_by_its_fields() {
    let entrance = report(GateVendor::Iso, "iso/entrance.json");
    assert_eq!(only(&entrance), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05Z".into()));
    let exit = report(GateVendor::Iso, "iso/exit.json");
    assert_eq!(only(&exit), ("12가3456".into(), Passage::AtExitOnly, "2026-11-20T05:30:50Z".into()));
    assert_eq!(exit.reply.body["RESULT_CODE"], "200");
}

#[test]
fn iso_says_direction_by_its_address_where_the_field_does_not() {
    let body = json!({"carNo": "12가3456", "dateTime": "2026-11-20T14:30:05+09:00"});
    let mut sample = Sample::json(&body);
    assert_eq!(sample.adapt(GateVendor::Iso).unwrap_err().code(), "missing-field");
    sample.path = Some("/v1/Car/Exit".into());
    assert_eq!(only(&sample.adapt(GateVendor::Iso).unwrap()).1, Passage::AtExitOnly);
}

#[test]
fn iso_alive_checks_are_heartbeats_with_or_without_an_address() {
    let mut sample = Sample::read("iso/alive.json");
    assert_eq!(sample.adapt(GateVendor::Iso).unwrap().ignored, [Ignored::Heartbeat]);
    sample.path = None;
    assert_eq!(sample.adapt(GateVendor::Iso).unwrap().ignored, [Ignored::Heartbeat]);
}

#[test]
fn iso_omissions_give_the_ways_in_and_out_that_they_hold() {
    let report = report(GateVendor::Iso, "iso/omission.json");
    let seen: Vec<_> = report.observations.iter().map(|seen| (seen.plate.as_str(), seen.passage)).collect();
    assert_eq!(
        seen,
        [
            ("56라1122", Passage::Entered),
            ("56라1122", Passage::AtExitOnly),
            ("78마9900", Passage::AtExitOnly),
            ("34다7788", Passage::Entered),
        ]
    );
    assert_eq!(report.refused.len(), 1);
    assert_eq!(report.refused[0].field(), Some("omissionDataList[2].enterOffsetDateTime"));
    assert!(
        report.reply.body["omissionDataList"].as_array().unwrap().is_empty(),
        "nothing is to be sent again"
    );
}

#[test]
fn glnt_reads_a_passage_with_its_picture() {
    let report = report(GateVendor::Glnt, "glnt/park-in.json");
    assert_eq!(only(&report), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05Z".into()));
    assert_eq!(report.images.len(), 1);
    assert_eq!(report.observations[0].confidence, None);
    assert_eq!(only(&self::report(GateVendor::Glnt, "glnt/park-out.json")).1, Passage::AtExitOnly);
}

#[test]
fn glnt_partly_recognised_is_never_sure() {
    let report = report(GateVendor::Glnt, "glnt/park-in-partly.json");
    assert!(!report.observations[0].plate.is_recognised());
    assert_eq!(report.observations[0].confidence.unwrap().get(), 500);
}

#[test]
fn the_two_reads_of_one_glnt_passage_share_a_uuid_and_stay_two_observations() {
    let first = report(GateVendor::Glnt, "glnt/park-in.json");
    let second = report(GateVendor::Glnt, "glnt/park-in-partly.json");
    assert_ne!(first.observations[0].event_id, second.observations[0].event_id);
}

#[test]
fn bnids_prefers_the_read_that_is_a_plate() {
    let report = report(GateVendor::Bnids, "bnids/two-reads.json");
    assert_eq!(only(&report), ("12가3456".into(), Passage::Entered, now().to_string()));
    assert_eq!(report.observations[0].confidence.unwrap().get(), 970);
    assert_eq!(report.ignored, [Ignored::WeakerRead]);
}

#[test]
fn bnids_unread_is_kept_with_its_picture() {
    let report = report(GateVendor::Bnids, "bnids/unread.json");
    assert!(report.observations[0].plate.is_unread());
    assert_eq!(report.images.len(), 1);
}

#[test]
fn bnids_knows_a_resend_by_its_pictures_name_since_it_has_no_time() {
    let sample = Sample::read("bnids/two-reads.json");
    let gate = usual_gate(GateVendor::Bnids);
    let first = adapt(&gate, &sample.request(), now()).unwrap();
    let later = adapt(&gate, &sample.request(), now() + jiff::SignedDuration::from_secs(30)).unwrap();
    assert_eq!(first.observations[0].event_id, later.observations[0].event_id);
}

#[test]
fn a_controllers_word_holds_against_the_lanes_setting() {
    let gate = gate(GateVendor::Nexpa, &[lane("1", LaneDirection::Exit, LanePoint::Approach)]);
    let report = adapt(&gate, &Sample::read("nexpa/incar.json").request(), now()).unwrap();
    assert_eq!(report.observations[0].passage, Passage::Entered);
}
