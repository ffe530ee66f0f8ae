//! BNIDS-like controllers: two cameras a lane report together. There is no time in a live report: it means now.

use std::cmp::Reverse;

use baro_domain::{PlateNumber, ReadConfidence, Unasked};

use super::Dialect;
use crate::desk::{Desk, Heading, Remarks, Scale, Sighting, confidence, plate};
use crate::json::Node;
use crate::{AdaptError, Ignored, Report, image, time};

const TIME: [&str; 4] = ["eventDt", "dateTime", "date_time", "date"];

pub(super) struct Bnids;

impl Dialect for Bnids {
    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        if entry.get(&["lprCarNo", "lprCarNo2"]).is_none() && entry.get(&["accuracy", "accuracy2"]).is_none()
        {
            return Err(entry.missing(&["lprCarNo"]));
        }
        let reads = [read(entry, "lprCarNo", "accuracy"), read(entry, "lprCarNo2", "accuracy2")];
        let (plate, confidence) = best(&reads);
        let time = match entry.text(&TIME) {
            // What was kept while offline did not happen on receipt.
            None if desk.is_live() => None,
            _ => Some(time::required(entry, &TIME)?),
        };
        let pictures: Vec<_> = ["carImage", "carImage2"]
            .into_iter()
            .filter_map(|name| Some((name, entry.text(&[name])?)))
            .collect();
        // A picture's file name tells a resend from a second passage where there is no time to do so.
        let picture_name =
            pictures.iter().map(|(_, text)| text).find(|text| image::is_reference(text)).cloned();
        let weaker = reads.iter().filter(|(other, _)| !other.is_unread() && *other != plate).count();
        let sighting = Sighting {
            lane_codes: entry.text(&["gateId"]).into_iter().collect(),
            lane_path: entry.path_of("gateId"),
            heading: Heading::Silent,
            plate,
            confidence,
            vendor_id: if time.is_none() { picture_name } else { None },
            time,
        };
        // The barrier stood open, so the car has passed: no more than that is to be recorded.
        let up = entry
            .text(&["gateAlreadyUp"])
            .is_some_and(|flag| flag.eq_ignore_ascii_case("true") || flag == "1");
        let remarks = Remarks { unasked: up.then_some(Unasked::BarrierUp), ..Remarks::default() };
        let mut report = Report::of(desk.observe_with(sighting, remarks)?);
        report.ignored.extend(std::iter::repeat_n(Ignored::WeakerRead, weaker));
        for (name, text) in pictures {
            report.attach_base64(name, &text);
        }
        Ok(report)
    }
}

fn read(entry: &Node<'_>, number: &str, accuracy: &str) -> (PlateNumber, Option<ReadConfidence>) {
    let text = entry.text(&[number]).unwrap_or_default();
    (plate(&text), entry.text(&[accuracy]).and_then(|level| confidence(&level, Scale::Percent)))
}

/// A plate of the grammar before any other, then the surer, then the first camera's.
fn best(reads: &[(PlateNumber, Option<ReadConfidence>); 2]) -> (PlateNumber, Option<ReadConfidence>) {
    let [first, second] = reads;
    let rank = |(plate, sure): &(PlateNumber, Option<ReadConfidence>)| {
        (!plate.is_recognised(), plate.is_unread(), Reverse(*sure))
    };
    if rank(second) < rank(first) { second.clone() } else { first.clone() }
}
