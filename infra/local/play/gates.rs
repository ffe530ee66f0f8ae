//! The gates of the scripted hour: three vendors, each speaking its own dialect.

use baro_domain::{Gate, GateId, GateVendor, Lane, LaneDirection, LaneId, LanePoint, LotId};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Where a car is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the entrance.
    Entry,
    /// Before the exit barrier.
    Ask,
    /// Behind it.
    Out,
}

/// A gate with the secret only its controller knows.
#[derive(Debug, Clone)]
pub struct Controller {
    /// The gate as configured.
    pub gate: Gate,
    /// Its secret.
    pub secret: String,
    zone: TimeZone,
}

/// A report as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Report {
    /// Content type.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Controller {
    /// A controller of this vendor at a lot, with a secret of 256 random bits.
    pub fn install(lot: &LotId, vendor: GateVendor, time_zone: &str) -> anyhow::Result<Self> {
        let secret = super::secret()?;
        let name = format!("{vendor:?}").to_lowercase();
        let lane = |place: &str, code: &str, direction, point| {
            let id = LaneId::derive(&[lot.as_str(), place]);
            Lane { id, vendor_code: code.to_owned(), direction, point }
        };
        let gate = Gate {
            id: GateId::derive(&[lot.as_str(), &name]),
            lot: lot.clone(),
            vendor,
            time_zone: time_zone.to_owned(),
            secret_sha256: hex::encode(Sha256::digest(secret.as_bytes())),
            lanes: vec![
                lane("entry", "1", LaneDirection::Entry, LanePoint::Single),
                lane("ask", "2", LaneDirection::Exit, LanePoint::Approach),
                lane("out", "3", LaneDirection::Exit, LanePoint::Passage),
            ],
        };
        Ok(Self { gate, secret, zone: TimeZone::get(time_zone)? })
    }

    /// What the controller sends when it reads a plate. The same arguments give the same bytes: a resend.
    pub fn report(&self, place: Place, plate: &str, at: Timestamp) -> Report {
        let local = at.to_zoned(self.zone.clone());
        match self.gate.vendor {
            GateVendor::Hikvision => hikvision(place, plate, &local),
            GateVendor::PlateRecognizer => plate_recognizer(place, plate, &local),
            _ => Report {
                content_type: "application/json; charset=utf-8".to_owned(),
                body: nexpa(place, plate, &local).to_string().into_bytes(),
            },
        }
    }
}

fn lane_code(place: Place) -> &'static str {
    match place {
        Place::Entry => "1",
        Place::Ask => "2",
        Place::Out => "3",
    }
}

/// The Korean controller's event; also what it keeps while it is offline.
pub fn nexpa(place: Place, plate: &str, local: &Zoned) -> serde_json::Value {
    let command = if place == Place::Entry { "alert_incar" } else { "alert_outcar" };
    json!({"command": command, "data": {
        "dong": "", "ho": "", "car_number": plate, "date_time": local.strftime("%Y%m%d%H%M%S").to_string(),
        "kind": "n", "lprID": lane_code(place), "car_image": "", "reg_no": ""
    }})
}

/// ISAPI: multipart with the alert as XML. The smallest JPEG stands for the picture.
fn hikvision(place: Place, plate: &str, local: &Zoned) -> Report {
    const JPEG: &[u8] = &[
        0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xFF, 0xD9,
    ];
    let when = local.strftime("%Y-%m-%dT%H:%M:%S%:z");
    let uuid = hex::encode(&Sha256::digest(format!("{plate}{when}{place:?}").as_bytes())[..16]);
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<ipAddress>192.168.1.64</ipAddress><macAddress>e8:a0:ed:2c:e6:24</macAddress><channelID>{channel}</channelID>
<dateTime>{when}</dateTime><activePostCount>1</activePostCount><eventType>ANPR</eventType><eventState>active</eventState>
<ANPR><licensePlate>{plate}</licensePlate><line>1</line><direction>forward</direction>
<confidenceLevel>97</confidenceLevel><originalLicensePlate>{plate}</originalLicensePlate></ANPR>
<UUID>{uuid}</UUID></EventNotificationAlert>"#,
        channel = lane_code(place)
    );
    let mut body = Vec::new();
    let mut part = |name: &str, kind: &str, bytes: &[u8]| {
        let head = format!(
            "--baro\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    part("anpr.xml", "text/xml", xml.as_bytes());
    part("licensePlatePicture.jpg", "image/jpeg", JPEG);
    body.extend_from_slice(b"--baro--\r\n");
    Report { content_type: "multipart/form-data; boundary=baro".to_owned(), body }
}

/// The webhook of Plate Recognizer's Stream.
fn plate_recognizer(place: Place, plate: &str, local: &Zoned) -> Report {
    let camera = lane_code(place);
    let stamp = local.timestamp().to_string();
    let body = json!({
        "hook": {"target": "baro", "id": camera, "event": "recognition", "filename": "shot.jpg"},
        "data": {
            "camera_id": camera, "timestamp": stamp, "timestamp_local": local.strftime("%Y-%m-%d %H:%M:%S%:z").to_string(),
            "filename": "shot.jpg",
            "results": [{"plate": plate, "score": 0.97, "dscore": 0.9, "region": {"code": "kr", "score": 0.9},
                         "candidates": [{"plate": plate, "score": 0.97}], "vehicle": {"type": "Sedan", "score": 0.8},
                         "direction": 90, "position_sec": 1.0}]
        }
    });
    Report { content_type: "application/json".to_owned(), body: body.to_string().into_bytes() }
}
