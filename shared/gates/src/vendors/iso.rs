//! The ISO dialect: `/car/entrance` and `/car/exit` with ISO 8601 times and offset, an alive check every ten seconds, and
//! `/car/omissionDataSync`, a batch of what was missed. An entry may carry the way in, the way out, or both.

use baro_domain::LaneDirection;
use serde_json::{Map, Value};

use super::{Dialect, each};
use crate::desk::{Desk, Heading, Sighting, plate};
use crate::json::Node;
use crate::time::VendorTime;
use crate::{AdaptError, Ignored, Report, time};

const ENTERED: [&str; 2] = ["enterOffsetDateTime", "entranceDateTime"];
const LEFT: [&str; 2] = ["exitOffsetDateTime", "exitDateTime"];
const EITHER: [&str; 3] = ["dateTime", "eventDateTime", "offsetDateTime"];
const BATCH: [&str; 1] = ["omissionDataList"];

pub(super) struct Iso;

impl Dialect for Iso {
    /// `RESULT_CODE` is what the sender looks at; entries in `omissionDataList` it would send again.
    fn acknowledgement(&self) -> Map<String, Value> {
        [
            ("RESULT_CODE".to_owned(), Value::from("200")),
            ("omissionDataList".to_owned(), Value::Array(Vec::new())),
        ]
        .into_iter()
        .collect()
    }

    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        if let Some(entries) = self.own_batch(entry) {
            return each(&entries, |entry| car(desk, entry));
        }
        if entry.get(&["instantMessage", "requestType"]).is_some() || desk.posted_to("/car/instan") {
            return Ok(Report::ignoring(Ignored::Heartbeat));
        }
        car(desk, entry)
    }

    fn own_batch<'a>(&self, body: &Node<'a>) -> Option<Vec<Node<'a>>> {
        body.get(&BATCH)?.items()
    }
}

fn car(desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
    let mut passages = Vec::new();
    for (names, direction) in [(&ENTERED, LaneDirection::Entry), (&LEFT, LaneDirection::Exit)] {
        if entry.text(names).is_some() {
            passages.push((time::required(entry, names), direction));
        }
    }
    if passages.is_empty() {
        let (names, direction) = match (desk.posted_to("/car/entrance"), desk.posted_to("/car/exit")) {
            (true, _) => (&EITHER[..], LaneDirection::Entry),
            (_, true) => (&EITHER[..], LaneDirection::Exit),
            _ => return Err(entry.missing(&ENTERED)),
        };
        passages.push((time::required(entry, names), direction));
    }
    let judged = passages.into_iter().map(|(time, direction)| passage(desk, entry, time?, direction));
    let mut report = Report::joined(judged);
    if report.observations.is_empty() && !report.refused.is_empty() {
        return Err(report.refused.swap_remove(0));
    }
    Ok(report)
}

fn passage(
    desk: &Desk<'_>,
    entry: &Node<'_>,
    time: (VendorTime, String),
    direction: LaneDirection,
) -> Result<Report, AdaptError> {
    let number = entry.require(&["carNo"])?.scalar().unwrap_or_default();
    let device = entry.get(&["shadow"]).and_then(|shadow| shadow.text(&["name"]));
    let codes = [entry.text(&["lprID", "laneId"]), device, entry.text(&["siteId"])];
    let observation = desk.observe(Sighting {
        // The device names itself by its address, which is a lane's code only where the operator made it one.
        lane_codes: codes.into_iter().flatten().filter(|code| desk.has_lane(code)).collect(),
        lane_path: entry.path_of("shadow.name"),
        heading: Heading::Said(direction),
        plate: plate(&number),
        confidence: None,
        time: Some(time),
        vendor_id: None,
    })?;
    Ok(Report::of(observation))
}
