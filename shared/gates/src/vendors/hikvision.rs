//! Hikvision ISAPI: a form with `anpr.xml` and pictures, or the XML alone where pictures are switched off. Alerts of other
//! types and heartbeats come to the same address and are answered alike.

use baro_domain::LaneDirection;
use serde_json::{Map, Value};

use super::Dialect;
use crate::desk::{Desk, Heading, Scale, Sighting, confidence, plate};
use crate::json::Node;
use crate::multipart::Part;
use crate::text::media_type;
use crate::time::VendorTime;
use crate::xml::{self, Element};
use crate::{AdaptError, AdaptErrorKind, GateRequest, Ignored, Report, image, multipart};

pub(super) struct Hikvision;

impl Dialect for Hikvision {
    fn acknowledgement(&self) -> Map<String, Value> {
        Map::new()
    }

    fn adapt(&self, desk: &Desk<'_>, request: &GateRequest<'_>) -> Result<Report, AdaptError> {
        let Some(content_type) =
            request.content_type.filter(|_| multipart::is_multipart(request.content_type))
        else {
            return plain(desk, request);
        };
        let form = multipart::parse(content_type, request.body)?;
        let (documents, others): (Vec<_>, Vec<_>) = form.parts.into_iter().partition(is_xml);
        let document =
            documents.first().ok_or_else(|| AdaptError::at(AdaptErrorKind::MissingField, "anpr.xml"))?;
        let mut report = alert(desk, &xml::parse(&document.bytes)?)?;
        for part in others {
            if part.media.starts_with("image/") || part.media.ends_with("octet-stream") || is_picture(&part) {
                report.attach(&part.name, part.bytes);
            } else {
                report.ignored.push(Ignored::UnknownPart);
            }
        }
        if form.cut {
            report.ignored.push(Ignored::LostParts);
        }
        Ok(report)
    }

    /// In a backlog an alert is a string that holds the XML.
    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        let text = entry.value().as_str();
        let text = text.ok_or_else(|| AdaptError::at(AdaptErrorKind::InvalidField, entry.path()))?;
        alert(desk, &xml::parse(text.as_bytes())?)
    }
}

fn plain(desk: &Desk<'_>, request: &GateRequest<'_>) -> Result<Report, AdaptError> {
    let media = request.content_type.map(media_type).unwrap_or_default();
    if !(media.is_empty()
        || media.ends_with("xml")
        || media == "text/plain"
        || media.ends_with("octet-stream"))
    {
        return Err(AdaptError::new(AdaptErrorKind::UnsupportedContentType));
    }
    alert(desk, &xml::parse(request.body)?)
}

fn is_xml(part: &Part) -> bool {
    let by_name = |name: &str| name.to_ascii_lowercase().ends_with(".xml");
    part.media.ends_with("xml")
        || by_name(&part.field)
        || by_name(&part.name)
        || (part.media.is_empty() && part.bytes.trim_ascii_start().starts_with(b"<"))
}

fn is_picture(part: &Part) -> bool {
    image::content_type(&part.bytes).is_some()
}

fn alert(desk: &Desk<'_>, root: &Element) -> Result<Report, AdaptError> {
    let missing = |field: &str| AdaptError::at(AdaptErrorKind::MissingField, field);
    if !root.name.eq_ignore_ascii_case("EventNotificationAlert") {
        return Err(missing("EventNotificationAlert"));
    }
    let event_type = root.text_of(&["eventType"]).ok_or_else(|| missing("eventType"))?;
    if event_type.eq_ignore_ascii_case("heartBeat") {
        return Ok(Report::ignoring(Ignored::Heartbeat));
    }
    let inactive = root.text_of(&["eventState"]).is_some_and(|state| state.eq_ignore_ascii_case("inactive"));
    if !event_type.eq_ignore_ascii_case("ANPR") {
        // An inactive video loss is what ISAPI sends for a heartbeat.
        let heartbeat = inactive && event_type.eq_ignore_ascii_case("videoloss");
        return Ok(Report::ignoring(if heartbeat { Ignored::Heartbeat } else { Ignored::OtherEvent }));
    }
    if inactive {
        return Ok(Report::ignoring(Ignored::InactiveEvent));
    }
    let anpr = root.child("ANPR").ok_or_else(|| missing("ANPR"))?;
    Ok(Report::of(desk.observe(sighting(root, anpr)?)?))
}

fn sighting(root: &Element, anpr: &Element) -> Result<Sighting, AdaptError> {
    let written = root
        .text_of(&["dateTime"])
        .ok_or_else(|| AdaptError::at(AdaptErrorKind::MissingField, "dateTime"))?;
    let time = VendorTime::parse(written)
        .ok_or_else(|| AdaptError::at(AdaptErrorKind::UnparseableTime, "dateTime"))?;
    // The camera may have put a listed plate in the place of what it read: that is the better one, unless it is none.
    let listed = plate(anpr.text_of(&["licensePlate"]).unwrap_or_default());
    let plate = if listed.is_unread() {
        plate(anpr.text_of(&["originalLicensePlate"]).unwrap_or_default())
    } else {
        listed
    };
    let channel = root.text_of(&["channelID", "dynChannelID"]);
    let line = anpr.text_of(&["line"]);
    // One camera may watch two lanes, so channel and line together are the more exact code.
    let both = channel.zip(line).map(|(channel, line)| format!("{channel}/{line}"));
    Ok(Sighting {
        lane_codes: both.into_iter().chain(channel.map(str::to_owned)).collect(),
        lane_path: "channelID".to_owned(),
        heading: match anpr.text_of(&["direction"]).map(str::to_ascii_lowercase).as_deref() {
            Some("forward") => Heading::Seen(LaneDirection::Entry),
            Some("reverse") => Heading::Seen(LaneDirection::Exit),
            _ => Heading::Silent,
        },
        plate,
        confidence: anpr.text_of(&["confidenceLevel"]).and_then(|level| confidence(level, Scale::Percent)),
        time: Some((time, "dateTime".to_owned())),
        vendor_id: root.text_of(&["UUID"]).map(str::to_owned),
    })
}
