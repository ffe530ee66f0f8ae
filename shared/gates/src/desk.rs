//! From a vendor's words to an observation: which lane, which way, which plate, when, how sure, under which id.

use baro_domain::{
    EventId, Gate, GateObservation, Lane, LaneDirection, LanePoint, Passage, PlateNumber, ReadConfidence,
    Track, TrackId, Unasked,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::{MAX_AGE, MAX_AHEAD, VendorTime};
use crate::{AdaptError, AdaptErrorKind, GateRequest};

/// What a dialect needs to know beside the event itself.
pub(crate) struct Desk<'a> {
    gate: &'a Gate,
    zone: TimeZone,
    received_at: Timestamp,
    path_hint: &'a str,
    /// Whether the report was sent as it happened, so that a dialect without times means now.
    live: bool,
}

/// What the report says of the way the car went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heading {
    /// Into or out of the lot, in so many words. Holds against the lane's own setting.
    Said(LaneDirection),
    /// Towards or away from the camera: decides only in a lane that goes both ways, where the camera looks outward.
    Seen(LaneDirection),
    /// Nothing.
    Silent,
}

/// One read as the vendor tells it.
pub(crate) struct Sighting {
    /// What the vendor calls the lane, most exact first. May be empty.
    pub(crate) lane_codes: Vec<String>,
    /// Where in the body the lane stands, for the error.
    pub(crate) lane_path: String,
    pub(crate) heading: Heading,
    pub(crate) plate: PlateNumber,
    pub(crate) confidence: Option<ReadConfidence>,
    /// When, and where in the body that stands. `None` means on receipt.
    pub(crate) time: Option<(VendorTime, String)>,
    /// The vendor's own id of the read.
    pub(crate) vendor_id: Option<String>,
}

/// What only some dialects tell of a read.
#[derive(Default)]
pub(crate) struct Remarks {
    /// The vendor's id of the tracking, and the read's place in it.
    pub(crate) track: Option<(String, i64)>,
    pub(crate) unasked: Option<Unasked>,
}

/// When a read was taken.
struct Moment {
    observed_at: Timestamp,
    /// What the gate's clock showed, where that can't be.
    reported_at: Option<Timestamp>,
    /// The same in every delivery of the read.
    identity: String,
}

impl<'a> Desk<'a> {
    /// For what is sent as it happens.
    pub(crate) fn live(
        gate: &'a Gate,
        request: &GateRequest<'a>,
        received_at: Timestamp,
    ) -> Result<Self, AdaptError> {
        let zone =
            TimeZone::get(&gate.time_zone).map_err(|_| AdaptError::new(AdaptErrorKind::UnknownTimeZone))?;
        Ok(Self { gate, zone, received_at, path_hint: request.path_hint.unwrap_or_default(), live: true })
    }

    /// For what was kept while the gate was offline.
    pub(crate) fn late(
        gate: &'a Gate,
        request: &GateRequest<'a>,
        received_at: Timestamp,
    ) -> Result<Self, AdaptError> {
        Ok(Self { live: false, ..Self::live(gate, request, received_at)? })
    }

    /// Whether the address that was posted to contains these words, in any case.
    pub(crate) fn posted_to(&self, words: &str) -> bool {
        self.path_hint.to_ascii_lowercase().contains(&words.to_ascii_lowercase())
    }

    /// Whether the report was sent as it happened.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Whether a lane has this code.
    pub(crate) fn has_lane(&self, code: &str) -> bool {
        self.gate.lanes.iter().any(|lane| lane.vendor_code == code)
    }

    /// Turns a read into an observation.
    pub(crate) fn observe(&self, sighting: Sighting) -> Result<GateObservation, AdaptError> {
        self.observe_with(sighting, Remarks::default())
    }

    /// The same for a read with remarks.
    pub(crate) fn observe_with(
        &self,
        sighting: Sighting,
        remarks: Remarks,
    ) -> Result<GateObservation, AdaptError> {
        let lane = self.lane(&sighting)?;
        let direction = direction(lane, sighting.heading)
            .ok_or_else(|| AdaptError::at(AdaptErrorKind::UnknownDirection, sighting.lane_path.clone()))?;
        let passage = match passage(direction, lane.point) {
            asks if asks.is_exit() && remarks.unasked == Some(Unasked::BarrierUp) => Passage::Left,
            passage => passage,
        };
        let Moment { observed_at, reported_at, identity } = self.when(sighting.time)?;
        // A car that is tracked anew within the second is read twice: what corrects one of the trackings leaves the other.
        let identity = match &remarks.track {
            Some((tracking, _)) => format!("{identity} tracking {tracking}"),
            None => identity,
        };
        let event_id = self.event_id(
            lane,
            passage,
            &sighting.plate,
            sighting.vendor_id.as_deref().filter(|id| identifies(id)),
            &identity,
        );
        Ok(GateObservation {
            event_id,
            lot: self.gate.lot.clone(),
            lane: lane.id.clone(),
            passage,
            plate: sighting.plate,
            confidence: sighting.confidence,
            observed_at,
            reported_at,
            received_at: self.received_at,
            image_key: None,
            track: remarks.track.map(|(id, sequence)| self.track(lane, &id, sequence)),
            unasked: remarks.unasked,
        })
    }

    /// When it was. A live read that its gate puts into the future was taken when it came: the car stands there, whatever
    /// the clock shows. What was kept while offline has no other time than the gate's, and is refused.
    fn when(&self, time: Option<(VendorTime, String)>) -> Result<Moment, AdaptError> {
        let Some((time, path)) = time else {
            // To the second, so that a resend within it is known by its id; a later one by the fold's passage window.
            let identity = self.received_at.as_second().to_string();
            return Ok(Moment { observed_at: self.received_at, reported_at: None, identity });
        };
        let observed_at = time
            .resolve(&self.zone, self.received_at)
            .ok_or_else(|| AdaptError::at(AdaptErrorKind::UnparseableTime, path.clone()))?;
        let ahead = observed_at.duration_since(self.received_at);
        let identity = time.identity();
        if ahead > MAX_AHEAD && self.live {
            return Ok(Moment { observed_at: self.received_at, reported_at: Some(observed_at), identity });
        }
        if ahead > MAX_AHEAD {
            return Err(AdaptError::at(AdaptErrorKind::ObservedInFuture, path));
        }
        if ahead < -MAX_AGE {
            return Err(AdaptError::at(AdaptErrorKind::ObservedTooOld, path));
        }
        Ok(Moment { observed_at, reported_at: None, identity })
    }

    /// The lane with the most exact code; of several with that code the one that goes the way the report says. Where
    /// the report names none, the only lane that goes that way.
    fn lane(&self, sighting: &Sighting) -> Result<&'a Lane, AdaptError> {
        let wanted = match sighting.heading {
            Heading::Said(direction) | Heading::Seen(direction) => Some(direction),
            Heading::Silent => None,
        };
        let fit = |lane: &&Lane| match lane.direction {
            direction if Some(direction) == wanted => 0,
            LaneDirection::Both => 1,
            _ => 2,
        };
        let mut codes = sighting.lane_codes.iter().map(String::as_str).chain(["*"]);
        let coded =
            |code: &str| self.gate.lanes.iter().filter(|lane| lane.vendor_code == code).min_by_key(fit);
        if let Some(lane) = codes.find_map(coded) {
            return Ok(lane);
        }
        if !sighting.lane_codes.is_empty() {
            return Err(AdaptError::at(AdaptErrorKind::UnknownLane, sighting.lane_path.clone()));
        }
        let mut fitting = self.gate.lanes.iter().filter(|lane| wanted.is_none() || fit(lane) < 2);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(AdaptError::at(AdaptErrorKind::MissingField, sighting.lane_path.clone())),
        }
    }

    fn track(&self, lane: &Lane, vendor_id: &str, sequence: i64) -> Track {
        let id = TrackId::derive(&["tracking", self.gate.id.as_str(), lane.id.as_str(), vendor_id]);
        Track { id, sequence }
    }

    /// The plate is part of the id even where the vendor has one: an update of the same read may change the plate, and
    /// two cameras of a lane may share an id.
    fn event_id(
        &self,
        lane: &Lane,
        passage: Passage,
        plate: &PlateNumber,
        vendor_id: Option<&str>,
        time: &str,
    ) -> EventId {
        let kind = match passage {
            Passage::Entered => "entered",
            Passage::AtExit => "at-exit",
            Passage::AtExitOnly => "at-exit-only",
            Passage::Left => "left",
        };
        let read = vendor_id.map_or_else(|| format!("time {time}"), |id| format!("id {id}"));
        EventId::derive(&["gate-read", self.gate.id.as_str(), lane.id.as_str(), kind, plate.as_str(), &read])
    }
}

fn direction(lane: &Lane, heading: Heading) -> Option<LaneDirection> {
    let one_way = |direction| (direction != LaneDirection::Both).then_some(direction);
    match heading {
        Heading::Said(said) => one_way(said).or_else(|| one_way(lane.direction)),
        Heading::Seen(seen) => one_way(lane.direction).or_else(|| one_way(seen)),
        Heading::Silent => one_way(lane.direction),
    }
}

fn passage(direction: LaneDirection, point: LanePoint) -> Passage {
    match (direction, point) {
        (LaneDirection::Exit, LanePoint::Approach) => Passage::AtExit,
        (LaneDirection::Exit, LanePoint::Single) => Passage::AtExitOnly,
        (LaneDirection::Exit, LanePoint::Passage) => Passage::Left,
        (LaneDirection::Entry | LaneDirection::Both, _) => Passage::Entered,
    }
}

/// Whether a vendor's id tells reads apart: firmware without one sends blanks, `0` or the nil UUID.
fn identifies(id: &str) -> bool {
    id.len() >= 8 && id.bytes().any(|byte| byte.is_ascii_alphanumeric() && byte != b'0')
}

/// The plate a vendor reported; its words for "could not read it" are no plate. Texts of fewer than four characters
/// are of no plate's form and stay unrecognised by the grammar itself.
pub(crate) fn plate(text: &str) -> PlateNumber {
    const NO_PLATE: [&str; 16] = [
        "UNKNOWN",
        "UNREAD",
        "UNRECOGNIZED",
        "UNRECOGNISED",
        "UNLICENSED",
        "NOPLATE",
        "NONE",
        "NULL",
        "미인식",
        "인식실패",
        "번호인식실패",
        "무번호",
        "无车牌",
        "无牌车",
        "未识别",
        "车牌",
    ];
    let plate = PlateNumber::parse(text);
    let unread = plate.as_str().chars().all(|c| c == '0' || !c.is_alphanumeric())
        || NO_PLATE.contains(&plate.as_str());
    if unread { PlateNumber::unread() } else { plate }
}

/// How a vendor counts confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// 0–1.
    Unit,
    /// 0–100. Some firmware sends a fraction below 1 all the same.
    Percent,
}

/// A vendor's confidence in per mille; `None` if it is no number.
pub(crate) fn confidence(text: &str, scale: Scale) -> Option<ReadConfidence> {
    let value: f64 = text.trim().trim_end_matches('%').parse().ok()?;
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    let unit = match scale {
        Scale::Unit => value <= 1.0,
        Scale::Percent => value < 1.0 || (value <= 1.0 && text.contains('.')),
    };
    let per_mille = if unit { value * 1000.0 } else { value * 10.0 };
    // Formatting rounds and needs no cast.
    let digits = format!("{:.0}", per_mille.min(1000.0));
    digits.parse().ok().map(ReadConfidence::per_mille)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_per_mille_whatever_the_vendor_counts_in() {
        let read = |text, scale| confidence(text, scale).map(ReadConfidence::get);
        assert_eq!(read("0.839", Scale::Unit), Some(839));
        assert_eq!(read("1", Scale::Unit), Some(1000));
        assert_eq!(read("83.9", Scale::Unit), Some(839), "a percentage where a fraction was promised");
        assert_eq!(read("97", Scale::Percent), Some(970));
        assert_eq!(read("97.55", Scale::Percent), Some(976));
        assert_eq!(read("0.97", Scale::Percent), Some(970));
        assert_eq!(read("1.0", Scale::Percent), Some(1000));
        assert_eq!(read("1", Scale::Percent), Some(10));
        assert_eq!(read("250", Scale::Percent), Some(1000));
        for text in ["", "high", "NaN", "inf", "-3"] {
            assert_eq!(read(text, Scale::Percent), None, "{text}");
        }
    }

    #[test]
    fn a_vendors_word_for_no_plate_is_no_plate() {
        for text in ["unknown", "Unknown ", "No-Plate", "미인식", "0000", "", "----", "null", "无车牌"]
        {
            assert!(plate(text).is_unread(), "{text}");
        }
        assert_eq!(plate("12가").as_str(), "12가");
        assert!(!plate("12가").is_recognised());
    }

    #[test]
    fn an_id_that_every_read_shares_identifies_nothing() {
        for id in ["", "0", "00000000-0000-0000-0000-000000000000", "12345"] {
            assert!(!identifies(id), "{id}");
        }
        assert!(identifies("a1301cd8-1dd1-11b2-9c0b-e8ad94177b80"));
    }
}
