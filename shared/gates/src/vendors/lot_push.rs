//! The parking-lot push dialect: `COME_IN` and `GO_OUT` with local times. It names the lot but no lane, so the lane is the
//! one that goes that way.

use baro_domain::LaneDirection;

use super::Dialect;
use crate::desk::{Desk, Heading, Sighting, plate};
use crate::json::Node;
use crate::{AdaptError, AdaptErrorKind, Ignored, Report, time};

pub(super) struct LotPush;

impl Dialect for LotPush {
    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let (kind, kind_path) = entry.require_text(&["type"])?;
        let direction = match kind.to_ascii_uppercase().as_str() {
            "COME_IN" => LaneDirection::Entry,
            "GO_OUT" => LaneDirection::Exit,
            "ALIVE" | "HEARTBEAT" | "KEEP_ALIVE" => return Ok(Report::ignoring(Ignored::Heartbeat)),
            _ => return Err(AdaptError::at(AdaptErrorKind::InvalidField, kind_path)),
        };
        let number = entry.require(&["carNo"])?.scalar().unwrap_or_default();
        let observation = desk.observe(Sighting {
            lane_codes: entry
                .text(&["parkingLotId"])
                .filter(|code| desk.has_lane(code))
                .into_iter()
                .collect(),
            lane_path: entry.path_of("parkingLotId"),
            heading: Heading::Said(direction),
            plate: plate(&number),
            confidence: None,
            time: Some(time::required(entry, &["eventDt"])?),
            vendor_id: None,
        })?;
        Ok(Report::of(observation))
    }
}
