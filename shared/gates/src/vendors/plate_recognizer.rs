//! Plate Recognizer Stream: a JSON webhook, or the same JSON in the field `json` of a form with the picture in `upload`.

use std::cmp::Reverse;

use baro_domain::{PlateNumber, ReadConfidence};
use serde_json::{Map, Value};

use super::Dialect;
use crate::desk::{Desk, Heading, Scale, Sighting, confidence, plate};
use crate::json::{self, Node};
use crate::{AdaptError, AdaptErrorKind, GateRequest, Ignored, Report, multipart, text, time};

pub(super) struct PlateRecognizer;

impl Dialect for PlateRecognizer {
    fn acknowledgement(&self) -> Map<String, Value> {
        Map::new()
    }

    fn adapt(&self, desk: &Desk<'_>, request: &GateRequest<'_>) -> Result<Report, AdaptError> {
        let Some(content_type) =
            request.content_type.filter(|_| multipart::is_multipart(request.content_type))
        else {
            let body = json::parse(request)?;
            return self.adapt_entry(desk, &Node::root(&body));
        };
        let form = multipart::parse(content_type, request.body)?;
        let (reports, files): (Vec<_>, Vec<_>) =
            form.parts.into_iter().partition(|part| part.field == "json");
        let part = reports.first().ok_or_else(|| AdaptError::at(AdaptErrorKind::MissingField, "json"))?;
        let body = json::from_text(&text::decode(&part.bytes, request.charset))?;
        let mut report = self.adapt_entry(desk, &Node::root(&body))?;
        for file in files {
            report.attach(&file.name, file.bytes);
        }
        if form.cut {
            report.ignored.push(Ignored::LostParts);
        }
        Ok(report)
    }

    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let event = entry.get(&["hook"]).and_then(|hook| hook.text(&["event"]));
        match event.as_deref() {
            None | Some("recognition") => {}
            Some(event) if event.contains("heartbeat") => return Ok(Report::ignoring(Ignored::Heartbeat)),
            Some(_) => return Ok(Report::ignoring(Ignored::OtherEvent)),
        }
        let data = entry.require(&["data"])?;
        let results = data.require(&["results"])?;
        let reads: Vec<_> = results.items().unwrap_or_default().iter().map(read).collect();
        let Some((plate, confidence)) = best(&reads) else { return Ok(Report::ignoring(Ignored::NoCar)) };
        let mut report = Report::of(desk.observe(Sighting {
            lane_codes: data.text(&["camera_id"]).into_iter().collect(),
            lane_path: data.path_of("camera_id"),
            // `direction` is the motion's angle in the picture, or empty: it says nothing of the lot.
            heading: Heading::Silent,
            plate,
            confidence,
            time: Some(time::required(&data, &["timestamp", "timestamp_local"])?),
            vendor_id: None,
        })?);
        report.ignored.extend(reads.iter().skip(1).map(|_| Ignored::WeakerRead));
        Ok(report)
    }
}

/// `plate` is null for a vehicle without a legible one. `score` is the plate's, `dscore` the detection's.
fn read(result: &Node<'_>) -> (PlateNumber, Option<ReadConfidence>) {
    let text = result.text(&["plate"]).unwrap_or_default();
    (plate(&text), result.text(&["score"]).and_then(|score| confidence(&score, Scale::Unit)))
}

/// A plate of the grammar before any other, then the surer one, then by the text so that a resend chooses alike.
fn best(reads: &[(PlateNumber, Option<ReadConfidence>)]) -> Option<(PlateNumber, Option<ReadConfidence>)> {
    reads
        .iter()
        .min_by_key(|(plate, sure)| (!plate.is_recognised(), plate.is_unread(), Reverse(*sure), plate))
        .cloned()
}
