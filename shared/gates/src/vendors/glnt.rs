//! GLNT-like controllers: parkIn with local times, a result code, a picture, and one uuid for the reads of a passage.

use baro_domain::{LaneDirection, ReadConfidence};

use super::Dialect;
use crate::desk::{Desk, Heading, Sighting, plate};
use crate::json::Node;
use crate::{AdaptError, Report, time};

/// A partly recognised plate: kept, but far from the confidence at which a near match may open a barrier.
const PARTLY: u16 = 500;

pub(super) struct Glnt;

impl Dialect for Glnt {
    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let number = entry.require(&["vehicleNo"])?.scalar().unwrap_or_default();
        let time = time::required(entry, &["date"])?;
        let heading = if desk.posted_to("parkout") {
            Heading::Said(LaneDirection::Exit)
        } else if desk.posted_to("parkin") {
            Heading::Said(LaneDirection::Entry)
        } else {
            Heading::Silent
        };
        let mut report = Report::of(desk.observe(Sighting {
            lane_codes: entry.text(&["dtFacilitiesId"]).into_iter().collect(),
            lane_path: entry.path_of("dtFacilitiesId"),
            heading,
            plate: plate(&number),
            confidence: certainty(entry),
            time: Some(time),
            vendor_id: entry.text(&["uuid"]),
        })?);
        if let Some(image) = entry.text(&["base64Str"]) {
            report.attach_base64("base64Str", &image);
        }
        Ok(report)
    }
}

/// Result codes 100 and 101 mean partly recognised; other codes say nothing of how sure the reader was. A text that goes
/// with "not recognised" is kept at no confidence.
fn certainty(entry: &Node<'_>) -> Option<ReadConfidence> {
    let result = entry.text(&["recognitionResult"]).unwrap_or_default().to_ascii_uppercase();
    if ["NOT", "NO_", "NORECOG", "UNRECOG", "MISREAD"].iter().any(|start| result.starts_with(start)) {
        return Some(ReadConfidence::per_mille(0));
    }
    let partly =
        matches!(entry.text(&["resultcode"]).as_deref(), Some("100" | "101")) || result.starts_with("PART");
    partly.then(|| ReadConfidence::per_mille(PARTLY))
}
