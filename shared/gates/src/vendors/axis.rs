//! Axis License Plate Verifier, and what else runs the same engine: JSON push events of a tracked car. `new` at first sight,
//! `update` when direction or plate change, `lost` some seconds after the last sight. `carID` stays, the plate may not.

use baro_domain::{LaneDirection, Unasked};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Dialect;
use crate::desk::{Desk, Heading, Remarks, Scale, Sighting, confidence, plate};
use crate::json::Node;
use crate::time::VendorTime;
use crate::{AdaptError, AdaptErrorKind, Ignored, Report};

/// The text forms of the plate, those that can hold Hangul first.
const PLATE: [&str; 4] = ["plateUTF8", "plateUnicode", "plateText", "plateASCII"];
const PICTURES: [&str; 2] = ["ImageArray", "imageArray"];

pub(super) struct Axis;

#[derive(Clone, Copy, PartialEq, Eq)]
enum CarState {
    New,
    Update,
    Lost,
}

impl Dialect for Axis {
    fn acknowledgement(&self) -> Map<String, Value> {
        Map::new()
    }

    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let (state, path) = entry.require_text(&["carState"])?;
        let state = match state.to_ascii_lowercase().as_str() {
            "new" => CarState::New,
            "update" | "updated" | "reliable" => CarState::Update,
            "lost" => CarState::Lost,
            _ => return Err(AdaptError::at(AdaptErrorKind::InvalidField, path)),
        };
        let (car, _) = entry.require_text(&["carID"])?;
        let (time, milliseconds) = when(entry)?;
        let remarks = Remarks {
            track: Some((car, milliseconds.saturating_mul(4).saturating_add(state as i64))),
            unasked: (state == CarState::Lost).then_some(Unasked::TrackEnded),
        };
        let heading = heading(entry);
        let observation = match desk.observe_with(sighting(entry, heading, time)?, remarks) {
            Err(error) if error.kind() == AdaptErrorKind::UnknownDirection && heading == Heading::Silent => {
                return Ok(Report::ignoring(Ignored::NoDirectionYet));
            }
            judged => judged?,
        };
        let mut report = Report::of(observation);
        for image in entry.get(&PICTURES).and_then(|images| images.items()).unwrap_or_default() {
            if let Some(content) = image.text(&["BinaryImage"]) {
                let name = image.text(&["ImageType"]).unwrap_or_else(|| "image".to_owned());
                report.attach_base64(&name, &content);
            }
        }
        Ok(report)
    }
}

fn sighting(entry: &Node<'_>, heading: Heading, time: (VendorTime, String)) -> Result<Sighting, AdaptError> {
    let number = entry.require(&PLATE)?.scalar().unwrap_or_default();
    let camera = entry.get(&["camera_info"]).and_then(|camera| camera.text(&["SerialNumber"]));
    let device = camera.or_else(|| entry.text(&["sensorProviderID"]));
    let region = entry.text(&["roiID"]);
    // One camera may watch two lanes, each a region of its picture.
    let both = device.as_ref().zip(region).map(|(device, region)| format!("{device}/{region}"));
    Ok(Sighting {
        lane_codes: both.into_iter().chain(device).collect(),
        lane_path: entry.path_of("camera_info.SerialNumber"),
        heading,
        plate: plate(&number),
        confidence: entry.text(&["plateConfidence"]).and_then(|level| confidence(&level, Scale::Unit)),
        time: Some(time),
        vendor_id: None,
    })
}

/// The moment of the picture, and the same in milliseconds. Firmware without `capture_timestamp` has local time.
fn when(entry: &Node<'_>) -> Result<((VendorTime, String), i64), AdaptError> {
    if let Some(text) = entry.text(&["capture_timestamp"]) {
        let unparseable =
            || AdaptError::at(AdaptErrorKind::UnparseableTime, entry.path_of("capture_timestamp"));
        let milliseconds: i64 = text.parse().map_err(|_| unparseable())?;
        let moment = Timestamp::from_millisecond(milliseconds).map_err(|_| unparseable())?;
        let time = (VendorTime::Instant(moment), entry.path_of("capture_timestamp"));
        return Ok((time, milliseconds));
    }
    let (text, path) = entry.require_text(&["datetime"])?;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let time = VendorTime::parse(&digits)
        .ok_or_else(|| AdaptError::at(AdaptErrorKind::UnparseableTime, path.clone()))?;
    // Its digits rise with the time.
    Ok(((time, path), digits.parse().unwrap_or(0)))
}

/// `in` and `out` are towards and away from the camera.
fn heading(entry: &Node<'_>) -> Heading {
    match entry.text(&["carMoveDirection"]).map(|text| text.to_ascii_lowercase()).as_deref() {
        Some("in") => Heading::Seen(LaneDirection::Entry),
        Some("out") => Heading::Seen(LaneDirection::Exit),
        _ => Heading::Silent,
    }
}
