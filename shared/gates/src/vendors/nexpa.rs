//! Nexpa-like controllers: `alert_incar` and `alert_outcar` with local times, UTF-8 or CP949, `data` as an object or, in
//! one firmware, an array.

use baro_domain::LaneDirection;
use serde_json::{Map, Value};

use super::{Dialect, each, object};
use crate::desk::{Desk, Heading, Sighting, plate};
use crate::json::Node;
use crate::{AdaptError, Ignored, Report, time};

pub(super) struct Nexpa;

impl Dialect for Nexpa {
    fn acknowledgement(&self) -> Map<String, Value> {
        let result = object(&[("status", "200"), ("message", "ok")]);
        [("result".to_owned(), Value::Object(result))].into_iter().collect()
    }

    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let (command, _) = entry.require_text(&["command"])?;
        let direction = match command.to_ascii_lowercase().as_str() {
            "alert_incar" => LaneDirection::Entry,
            "alert_outcar" => LaneDirection::Exit,
            "alive" | "alive_check" | "status" | "heartbeat" => {
                return Ok(Report::ignoring(Ignored::Heartbeat));
            }
            _ => return Ok(Report::ignoring(Ignored::OtherEvent)),
        };
        let data = entry.require(&["data"])?;
        each(&data.items_or_self(), |car| passage(desk, car, direction))
    }
}

fn passage(desk: &Desk<'_>, car: &Node<'_>, direction: LaneDirection) -> Result<Report, AdaptError> {
    let time = time::required(car, &["date_time"])?;
    // Present but empty when the camera read nothing.
    let number = car.require(&["car_number"])?.scalar().unwrap_or_default();
    let mut report = Report::of(desk.observe(Sighting {
        lane_codes: car.text(&["lprID"]).into_iter().collect(),
        lane_path: car.path_of("lprID"),
        heading: Heading::Said(direction),
        plate: plate(&number),
        confidence: None,
        time: Some(time),
        vendor_id: None,
    })?);
    if let Some(image) = car.text(&["car_image"]) {
        report.attach_base64("car_image", &image);
    }
    Ok(report)
}
