use baro_domain::{GateVendor, LaneDirection, LanePoint, Passage};
use serde_json::json;

use super::{Sample, gate, lane, now, only, report, usual_gate};
use crate::{Ignored, MAX_PARTS, adapt};

#[test]
fn hikvision_reads_the_form_with_its_pictures() {
    let report = report(GateVendor::Hikvision, "hikvision/anpr.http");
    assert_eq!(only(&report), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05.365Z".into()));
    assert_eq!(report.observations[0].confidence.unwrap().get(), 970);
    let names: Vec<_> = report.images.iter().map(|image| (image.name.as_str(), image.content_type)).collect();
    assert_eq!(names, [("licensePlatePicture.jpg", "image/jpeg"), ("detectionPicture.jpg", "image/jpeg")]);
    assert!(report.ignored.is_empty() && report.refused.is_empty());
    assert_eq!(report.reply.status, 200);
}

#[test]
fn hikvision_reads_other_namespaces_prefixes_and_octet_streams() {
    let report = report(GateVendor::Hikvision, "hikvision/anpr-prefixed.http");
    assert_eq!(
        only(&report).1,
        Passage::AtExitOnly,
        "the lane goes both ways and the car drove away from the camera"
    );
    assert_eq!(report.observations[0].confidence.unwrap().get(), 965);
    assert_eq!(report.images.len(), 2);
}

#[test]
fn hikvision_reads_the_xml_alone() {
    let report = report(GateVendor::Hikvision, "hikvision/anpr.xml");
    assert_eq!(only(&report).2, "2026-11-20T05:30:41Z");
}

#[test]
fn hikvision_keeps_a_car_with_an_unknown_plate() {
    let report = report(GateVendor::Hikvision, "hikvision/unknown-plate.http");
    assert!(report.observations[0].plate.is_unread());
    assert_eq!(report.images.len(), 1);
}

#[test]
fn hikvision_alerts_of_other_types_are_counted() {
    assert_eq!(report(GateVendor::Hikvision, "hikvision/motion.xml").ignored, [Ignored::OtherEvent]);
    assert_eq!(report(GateVendor::Hikvision, "hikvision/heartbeat.xml").ignored, [Ignored::Heartbeat]);
    let mut sample = Sample::read("hikvision/anpr.xml");
    sample.body = String::from_utf8(sample.body).unwrap().replace(">active<", ">inactive<").into_bytes();
    assert_eq!(sample.adapt(GateVendor::Hikvision).unwrap().ignored, [Ignored::InactiveEvent]);
}

#[test]
fn a_one_way_lane_does_not_care_how_the_camera_looks() {
    let exit = gate(GateVendor::Hikvision, &[lane("1", LaneDirection::Exit, LanePoint::Approach)]);
    let report = adapt(&exit, &Sample::read("hikvision/anpr.http").request(), now()).unwrap();
    assert_eq!(report.observations[0].passage, Passage::AtExit);
}

#[test]
fn channel_and_line_together_are_the_more_exact_code() {
    let two = gate(
        GateVendor::Hikvision,
        &[
            lane("1", LaneDirection::Entry, LanePoint::Single),
            lane("1/1", LaneDirection::Exit, LanePoint::Passage),
        ],
    );
    let report = adapt(&two, &Sample::read("hikvision/anpr.http").request(), now()).unwrap();
    assert_eq!(report.observations[0].passage, Passage::Left);
}

#[test]
fn a_form_that_breaks_off_in_a_picture_still_lets_the_car_through() {
    let mut sample = Sample::read("hikvision/anpr.http");
    sample.body.truncate(sample.body.len() - 400);
    let report = sample.adapt(GateVendor::Hikvision).unwrap();
    assert_eq!((report.observations.len(), report.images.len()), (1, 1));
    assert_eq!(report.ignored, [Ignored::LostParts]);
}

#[test]
fn a_form_may_break_off_anywhere_behind_its_report() {
    let whole = Sample::read("hikvision/anpr.http");
    let close = b"</EventNotificationAlert>\n\r\n";
    let closed_at = whole.body.windows(close.len()).position(|bytes| bytes == close).unwrap();
    let report_end = closed_at + close.len() + "--".len() + 41;
    for length in report_end..whole.body.len() - 4 {
        let mut sample = Sample::read("hikvision/anpr.http");
        sample.body.truncate(length);
        let report = sample.adapt(GateVendor::Hikvision).unwrap();
        assert_eq!(report.observations.len(), 1, "cut at {length}");
        assert_eq!(report.ignored.last(), Some(&Ignored::LostParts), "cut at {length}");
    }
}

#[test]
fn a_form_that_breaks_off_in_the_report_is_malformed() {
    let mut sample = Sample::read("hikvision/anpr.http");
    sample.body.truncate(500);
    assert_eq!(sample.adapt(GateVendor::Hikvision).unwrap_err().code(), "malformed-multipart");
    sample.body.clear();
    assert_eq!(sample.adapt(GateVendor::Hikvision).unwrap_err().code(), "malformed-multipart");
}

#[test]
fn a_form_with_a_foreign_or_no_boundary_in_its_header_is_told_apart() {
    let mut sample = Sample::read("hikvision/anpr.http");
    sample.content_type = "multipart/form-data".into();
    assert_eq!(
        only(&sample.adapt(GateVendor::Hikvision).unwrap()).0,
        "12가3456",
        "the body begins with the boundary"
    );
    sample.content_type = "multipart/form-data; boundary=other".into();
    assert_eq!(sample.adapt(GateVendor::Hikvision).unwrap_err().code(), "malformed-multipart");
}

#[test]
fn parts_beyond_the_limit_are_dropped_and_counted() {
    let sample = Sample::read("hikvision/anpr.xml");
    let part = |name: &str, body: &[u8]| {
        let head =
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n");
        [head.as_bytes(), body, b"\r\n"].concat()
    };
    let mut body = part("anpr.xml", &sample.body);
    for _ in 0..MAX_PARTS {
        body.extend(part("note.txt", b"hello"));
    }
    body.extend(b"--x--\r\n");
    let form =
        Sample { body, content_type: "multipart/form-data; boundary=x".into(), path: None, charset: None };
    let report = form.adapt(GateVendor::Hikvision).unwrap();
    assert_eq!(report.observations.len(), 1);
    assert_eq!(
        report.ignored.iter().filter(|reason| **reason == Ignored::UnknownPart).count(),
        MAX_PARTS - 1
    );
    assert_eq!(report.ignored.last(), Some(&Ignored::LostParts));
}

#[test]
fn hikvision_refuses_what_is_no_alert() {
    let refused = |body: &str, content_type: &str| {
        let body = body.as_bytes().to_vec();
        let sample = Sample { body, content_type: content_type.into(), path: None, charset: None };
        let error = sample.adapt(GateVendor::Hikvision).unwrap_err();
        (error.code(), error.field().unwrap_or_default().to_owned())
    };
    assert_eq!(refused("{}", "application/json").0, "unsupported-content-type");
    assert_eq!(refused("<a>", "text/xml").0, "malformed-xml");
    assert_eq!(refused("<html/>", "text/xml"), ("missing-field", "EventNotificationAlert".into()));
    let alert = |inner: &str| format!("<EventNotificationAlert>{inner}</EventNotificationAlert>");
    assert_eq!(refused(&alert(""), "text/xml"), ("missing-field", "eventType".into()));
    assert_eq!(refused(&alert("<eventType>ANPR</eventType>"), "text/xml"), ("missing-field", "ANPR".into()));
    let undated = alert("<eventType>ANPR</eventType><ANPR/>");
    assert_eq!(refused(&undated, "text/xml"), ("missing-field", "dateTime".into()));
    let odd = alert("<eventType>ANPR</eventType><ANPR/><dateTime>now</dateTime>");
    assert_eq!(refused(&odd, "text/xml"), ("unparseable-time", "dateTime".into()));
}

#[test]
fn dahua_reads_a_car_with_its_pictures_and_answers_true() {
    let report = report(GateVendor::Dahua, "dahua/tollgate.json");
    assert_eq!(only(&report), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05.412Z".into()));
    assert_eq!(report.observations[0].confidence.unwrap().get(), 940);
    assert_eq!(report.images.len(), 2);
    assert_eq!(report.reply.body["result"], "true");
}

#[test]
fn dahua_without_a_plate_is_a_car_that_was_not_read() {
    let report = report(GateVendor::Dahua, "dahua/no-plate.json");
    assert!(report.observations[0].plate.is_unread());
    assert_eq!(report.observations[0].passage, Passage::AtExitOnly);
}

#[test]
fn dahua_keep_alives_are_heartbeats_and_answered_true() {
    let mut sample = Sample::read("dahua/keep-alive.json");
    sample.path = None;
    let report = sample.adapt(GateVendor::Dahua).unwrap();
    assert_eq!(report.ignored, [Ignored::Heartbeat]);
    assert_eq!(report.reply.body["result"], "true");
    let empty = Sample::json(&json!({})).adapt(GateVendor::Dahua).unwrap_err();
    assert_eq!((empty.code(), empty.field()), ("missing-field", Some("Picture")));
}

#[test]
fn a_spoilt_picture_is_counted_and_does_not_hold_up_the_car() {
    let mut sample = Sample::read("dahua/tollgate.json");
    let mut body: serde_json::Value = serde_json::from_slice(&sample.body).unwrap();
    body["Picture"]["NormalPic"]["Content"] = json!("no base64 at all!");
    body["Picture"]["CutoutPic"]["Content"] = json!("aGVsbG8=");
    sample.body = body.to_string().into_bytes();
    let report = sample.adapt(GateVendor::Dahua).unwrap();
    assert_eq!(report.observations.len(), 1);
    assert_eq!(report.ignored, [Ignored::UnreadableImage, Ignored::UnreadableImage]);
}

#[test]
fn plate_recognizer_reads_its_webhook_and_its_form() {
    let hook = report(GateVendor::PlateRecognizer, "plate_recognizer/recognition.json");
    assert_eq!(only(&hook), ("12가3456".into(), Passage::Entered, "2026-11-20T05:30:05.606935Z".into()));
    assert_eq!(hook.observations[0].confidence.unwrap().get(), 903);
    let form = report(GateVendor::PlateRecognizer, "plate_recognizer/recognition.http");
    assert_eq!(form.observations, hook.observations);
    assert_eq!(form.images.len(), 1);
}

#[test]
fn of_two_results_the_one_that_is_a_plate_is_taken() {
    let report = report(GateVendor::PlateRecognizer, "plate_recognizer/two-results.json");
    assert_eq!(only(&report).0, "12가3456", "although the other has the higher score");
    assert_eq!(report.ignored, [Ignored::WeakerRead]);
}

#[test]
fn a_recognition_without_results_saw_no_car() {
    assert_eq!(
        report(GateVendor::PlateRecognizer, "plate_recognizer/no-results.json").ignored,
        [Ignored::NoCar]
    );
}

#[test]
fn other_hooks_are_counted() {
    let hook = |event: &str| {
        let body = json!({"hook": {"event": event}, "data": {}});
        Sample::json(&body).adapt(GateVendor::PlateRecognizer).unwrap().ignored
    };
    assert_eq!(hook("image.done"), [Ignored::OtherEvent]);
    assert_eq!(hook("heartbeat"), [Ignored::Heartbeat]);
}

#[test]
fn a_lane_that_goes_both_ways_needs_the_report_to_say_which() {
    let both = gate(GateVendor::PlateRecognizer, &[lane("lane-1", LaneDirection::Both, LanePoint::Single)]);
    let error =
        adapt(&both, &Sample::read("plate_recognizer/recognition.json").request(), now()).unwrap_err();
    assert_eq!((error.code(), error.field()), ("unknown-direction", Some("data.camera_id")));
}

#[test]
fn usual_gates_know_their_own_lanes_only() {
    let mut gate = usual_gate(GateVendor::PlateRecognizer);
    gate.lanes[0].vendor_code = "lane-2".into();
    let error =
        adapt(&gate, &Sample::read("plate_recognizer/recognition.json").request(), now()).unwrap_err();
    assert_eq!((error.code(), error.field()), ("unknown-lane", Some("data.camera_id")));
}
