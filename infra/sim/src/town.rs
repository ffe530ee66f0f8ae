//! The lots of a run, their gates, the plates of its cars, and how each vendor writes a report.

use baro_domain::{
    Gate, GateId, GateVendor, Lane, LaneDirection, LaneId, LanePoint, LotId, Passage, PlateNumber,
};
use baro_store::LotRecord;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{GATE_SECRET, Post};

/// A place where cars are read.
#[derive(Debug, Clone)]
pub struct Spot {
    /// The lot.
    pub lot: LotId,
    /// The gate that reports it.
    pub gate: GateId,
    /// Its dialect.
    pub vendor: GateVendor,
    /// The lane.
    pub lane: LaneId,
    /// What the vendor calls the lane.
    code: &'static str,
    /// What a read there means.
    pub passage: Passage,
}

type Plan = (&'static str, GateVendor, &'static [(&'static str, Passage)]);

/// One lot a line: its gates, and their lanes by the vendor's code. All eight dialects, with and without an approach.
const LOTS: [&[Plan]; 4] = [
    &[("a", GateVendor::Nexpa, &[("1", Passage::Entered), ("2", Passage::AtExit), ("3", Passage::Left)])],
    &[("b", GateVendor::LotPush, &[("in", Passage::Entered), ("out", Passage::AtExitOnly)])],
    &[
        ("c1", GateVendor::Dahua, &[("*", Passage::Entered)]),
        ("c2", GateVendor::Hikvision, &[("*", Passage::AtExit)]),
        ("c3", GateVendor::PlateRecognizer, &[("*", Passage::Left)]),
    ],
    &[
        ("d1", GateVendor::Iso, &[("*", Passage::Entered)]),
        ("d2", GateVendor::Glnt, &[("*", Passage::AtExit)]),
        ("d3", GateVendor::Bnids, &[("*", Passage::Left)]),
    ],
];

/// The lots, all with the tariff of the fixtures.
pub fn lots() -> Vec<LotRecord> {
    let of = |index: usize| {
        let mut record = baro_testing::large_lot_record();
        record.lot.id = LotId::parse(format!("lot_sim{index}")).unwrap();
        record
    };
    (0..LOTS.len()).map(of).collect()
}

/// Every place where a car is read.
pub fn spots() -> Vec<Spot> {
    let mut spots = Vec::new();
    for (plans, record) in LOTS.iter().zip(lots()) {
        for (name, vendor, lanes) in *plans {
            for (index, (code, passage)) in lanes.iter().enumerate() {
                spots.push(Spot {
                    lot: record.lot.id.clone(),
                    gate: GateId::parse(format!("gate_{name}00")).unwrap(),
                    vendor: *vendor,
                    lane: LaneId::parse(format!("lane_{name}{index}0")).unwrap(),
                    code,
                    passage: *passage,
                });
            }
        }
    }
    spots
}

/// The gates of these spots.
pub fn gates(spots: &[Spot]) -> Vec<Gate> {
    let mut gates: Vec<Gate> = Vec::new();
    for spot in spots {
        let (direction, point) = match spot.passage {
            Passage::Entered => (LaneDirection::Entry, LanePoint::Single),
            Passage::AtExit => (LaneDirection::Exit, LanePoint::Approach),
            Passage::AtExitOnly => (LaneDirection::Exit, LanePoint::Single),
            Passage::Left => (LaneDirection::Exit, LanePoint::Passage),
        };
        let lane = Lane { id: spot.lane.clone(), vendor_code: spot.code.to_owned(), direction, point };
        if let Some(gate) = gates.iter_mut().find(|gate| gate.id == spot.gate) {
            gate.lanes.push(lane);
            continue;
        }
        gates.push(Gate {
            id: spot.gate.clone(),
            lot: spot.lot.clone(),
            vendor: spot.vendor,
            lanes: vec![lane],
            secret_sha256: hex::encode(Sha256::digest(GATE_SECRET.as_bytes())),
            ..baro_testing::gate(spot.vendor)
        });
    }
    gates
}

/// Plates of which no two look alike: each repeats a digit of its own.
pub fn plates() -> Vec<PlateNumber> {
    let letters = ["가", "러", "모", "부", "서", "오", "주", "하", "구"];
    let plate = |(digit, letter): (usize, &str)| {
        let digit = digit + 1;
        PlateNumber::parse(&format!("{digit}{digit}{letter}{digit}{digit}{digit}{digit}"))
    };
    letters.into_iter().enumerate().map(plate).collect()
}

/// The plate with its last digit taken for one that looks like it; `None` for digits that look like no other.
pub fn misread(plate: &PlateNumber) -> Option<PlateNumber> {
    let text = plate.as_str();
    let wrong = match text.chars().last()? {
        '5' => '6',
        '6' => '5',
        '8' => '9',
        '9' => '8',
        _ => return None,
    };
    Some(PlateNumber::parse(&format!("{}{wrong}", &text[..text.len() - 1])))
}

/// What the vendor sends of a read at `seen` on the gate's own clock: the report, and as a member of a backlog.
pub fn report(spot: &Spot, plate: &PlateNumber, seen: Timestamp) -> (Post, Value) {
    let local = seen.in_tz("Asia/Seoul").unwrap();
    let plain = local.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let (plate, entered) = (plate.as_str(), spot.passage == Passage::Entered);
    let mut path = None;
    let body = match spot.vendor {
        GateVendor::Nexpa => json!({
            "command": if entered { "alert_incar" } else { "alert_outcar" },
            "data": {"car_number": plate, "date_time": local.strftime("%Y%m%d%H%M%S").to_string(), "lprID": spot.code}
        }),
        GateVendor::LotPush => json!({
            "parkingLotId": "L", "type": if entered { "COME_IN" } else { "GO_OUT" }, "carNo": plate, "eventDt": plain
        }),
        GateVendor::Iso => json!({
            "siteId": "S", "carNo": plate, "enterOffsetDateTime": local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        }),
        GateVendor::Glnt => {
            path = Some("parkout");
            json!({"vehicleNo": plate, "dtFacilitiesId": "G", "date": plain, "resultcode": "0", "uuid": ""})
        }
        GateVendor::Bnids => json!({"gateId": "B", "lprCarNo": plate, "accuracy": "97", "eventDt": plain}),
        GateVendor::Dahua => json!({"Picture": {
            "Plate": {"PlateNumber": plate, "Confidence": 95, "IsExist": true},
            "SnapInfo": {"DeviceID": "D", "SnapTime": plain}
        }}),
        GateVendor::PlateRecognizer => json!({
            "hook": {"event": "recognition"},
            "data": {"camera_id": "P", "timestamp": seen.to_string(), "results": [{"plate": plate, "score": 0.95}]}
        }),
        GateVendor::Hikvision => Value::String(format!(
            "<EventNotificationAlert><channelID>1</channelID><dateTime>{seen}</dateTime><eventType>ANPR</eventType>\
             <eventState>active</eventState><ANPR><licensePlate>{plate}</licensePlate>\
             <confidenceLevel>97</confidenceLevel></ANPR></EventNotificationAlert>"
        )),
        GateVendor::Axis | GateVendor::Occupancy => panic!("no lot of this town has one"),
    };
    let (content_type, text) = match &body {
        Value::String(xml) => ("application/xml", xml.clone()),
        other => ("application/json", other.to_string()),
    };
    let (gate, content_type) = (spot.gate.as_str().to_owned(), content_type.to_owned());
    (Post { gate, route: "events", content_type, path, body: text }, body)
}
