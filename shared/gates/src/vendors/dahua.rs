//! Dahua ITSAPI: `/NotificationInfo/TollgateInfo` with pictures in base64, `/NotificationInfo/KeepAlive` as heartbeat. Without
//! `"result":"true"` in the answer the camera sends again.

use baro_domain::{LaneDirection, PlateNumber};
use serde_json::{Map, Value};

use super::{Dialect, object};
use crate::desk::{Desk, Heading, Scale, Sighting, confidence, plate};
use crate::json::Node;
use crate::{AdaptError, Ignored, Report, time};

/// `NormalPic` is the scene; the others are cut out of it and sent where so configured.
const PICTURES: [&str; 3] = ["NormalPic", "VehiclePic", "CutoutPic"];

pub(super) struct Dahua;

impl Dialect for Dahua {
    fn acknowledgement(&self) -> Map<String, Value> {
        object(&[("result", "true")])
    }

    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let Some(picture) = entry.get(&["Picture"]) else { return without_picture(desk, entry) };
        let snap = picture.require(&["SnapInfo"])?;
        let time = time::required(&snap, &["AccurateTime", "SnapTime"])?;
        let (plate, confidence) = match picture.get(&["Plate"]) {
            Some(read) if exists(&read) => {
                let number = read.text(&["PlateNumber"]).unwrap_or_default();
                (
                    plate(&number),
                    read.text(&["Confidence"]).and_then(|level| confidence(&level, Scale::Percent)),
                )
            }
            _ => (PlateNumber::unread(), None),
        };
        let device = snap.text(&["DeviceID"]);
        let lane = snap.text(&["LanNo", "LaneNo"]);
        // One camera may watch several lanes, so device and lane together are the more exact code.
        let both = device.as_ref().zip(lane).map(|(device, lane)| format!("{device}/{lane}"));
        let mut report = Report::of(desk.observe(Sighting {
            lane_codes: both.into_iter().chain(device).collect(),
            lane_path: snap.path_of("DeviceID"),
            heading: heading(&snap),
            plate,
            confidence,
            time: Some(time),
            vendor_id: None,
        })?);
        for name in PICTURES {
            let Some(image) = picture.get(&[name]) else { continue };
            if let Some(content) = image.text(&["Content"]) {
                report.attach_base64(&image.text(&["PicName"]).unwrap_or_else(|| name.to_owned()), &content);
            }
        }
        Ok(report)
    }
}

/// `IsExist` may be absent, a flag, or text.
fn exists(read: &Node<'_>) -> bool {
    read.text(&["IsExist"]).is_none_or(|flag| !matches!(flag.to_ascii_lowercase().as_str(), "false" | "0"))
}

fn without_picture(desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
    if desk.posted_to("KeepAlive") || entry.get(&["Active", "KeepAlive"]).is_some() {
        return Ok(Report::ignoring(Ignored::Heartbeat));
    }
    let other = desk.posted_to("/NotificationInfo/") && !desk.posted_to("TollgateInfo");
    if other || entry.get(&["DeviceID", "DeviceInfo"]).is_some() {
        return Ok(Report::ignoring(Ignored::OtherEvent));
    }
    Err(entry.missing(&["Picture"]))
}

/// Obverse: the car shows its front, it comes towards the camera.
fn heading(snap: &Node<'_>) -> Heading {
    match snap.text(&["Direction"]).map(|text| text.to_ascii_lowercase()).as_deref() {
        Some("obverse" | "approach" | "in") => Heading::Seen(LaneDirection::Entry),
        Some("reverse" | "leave" | "out") => Heading::Seen(LaneDirection::Exit),
        _ => Heading::Silent,
    }
}
