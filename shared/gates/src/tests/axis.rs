use baro_domain::{GateVendor, LaneDirection, LanePoint, Passage, Unasked};

use super::{Sample, gate, lane, now, only, report};
use crate::{Ignored, adapt};

fn tracked(name: &str) -> baro_domain::GateObservation {
    report(GateVendor::Axis, name).observations.remove(0)
}

#[test]
fn axis_reads_a_car_at_first_sight() {
    let seen = report(GateVendor::Axis, "axis/new.json");
    assert_eq!(only(&seen), ("12가3458".into(), Passage::Entered, "2026-11-20T05:30:05.412Z".into()));
    assert_eq!(seen.observations[0].confidence.unwrap().get(), 719);
}

#[test]
fn the_reports_of_one_tracking_share_its_id_and_rise_in_sequence() {
    let [new, update, lost] = ["axis/new.json", "axis/update-plate.json", "axis/lost.json"].map(tracked);
    let [a, b, c] = [&new, &update, &lost].map(|read| read.track.clone().unwrap());
    assert_eq!((&a.id, &b.id), (&b.id, &c.id));
    assert!(a.sequence < b.sequence && b.sequence < c.sequence);
    assert_ne!(new.plate, update.plate);
    assert_eq!((new.unasked, update.unasked, lost.unasked), (None, None, Some(Unasked::TrackEnded)));
}

#[test]
fn a_camera_without_capture_time_is_read_by_its_local_time() {
    let mut sample = Sample::read("axis/new.json");
    let text = String::from_utf8(sample.body).unwrap();
    sample.body = text.replace("capture_timestamp", "other").into_bytes();
    let seen = sample.adapt(GateVendor::Axis).unwrap();
    assert_eq!(only(&seen).2, "2026-11-20T05:30:05.412Z");
}

#[test]
fn the_first_sight_in_a_lane_of_both_ways_waits_for_the_direction() {
    let both = gate(GateVendor::Axis, &[lane("B8A44F00C0DE", LaneDirection::Both, LanePoint::Single)]);
    let judge = |name: &str| adapt(&both, &Sample::read(name).request(), now()).unwrap();
    assert_eq!(judge("axis/new.json").ignored, [Ignored::NoDirectionYet]);
    assert_eq!(judge("axis/update-plate.json").observations.len(), 1);
}

#[test]
fn a_car_that_drives_through_an_open_gate_has_passed() {
    let exit = gate(GateVendor::Bnids, &[lane("3", LaneDirection::Exit, LanePoint::Single)]);
    let judge =
        |name: &str| adapt(&exit, &Sample::read(name).request(), now()).unwrap().observations.remove(0);
    let through = judge("bnids/gate-already-up.json");
    assert_eq!((through.passage, through.unasked), (Passage::Left, Some(Unasked::BarrierUp)));
    assert_eq!(judge("bnids/two-reads.json").passage, Passage::AtExitOnly);
}
