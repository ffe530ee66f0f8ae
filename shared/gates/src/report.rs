//! What goes into an adapter and what comes out of it.

use baro_domain::{EventId, GateObservation};
use serde_json::{Map, Value};

use crate::{AdaptError, image};

/// What a gate posted. The caller has checked the size of the body and who sent it.
#[derive(Debug, Clone, Copy)]
pub struct GateRequest<'a> {
    /// The path or address the vendor posted to, where a proxy kept it: some dialects say the direction there.
    pub path_hint: Option<&'a str>,
    /// The Content-Type header.
    pub content_type: Option<&'a str>,
    /// The character set configured for the gate, where the vendor does not say it.
    pub charset: Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
}

/// A picture that came with an observation.
#[derive(Clone, PartialEq, Eq)]
pub struct GateImage {
    /// The observation it shows.
    pub event_id: EventId,
    /// The vendor's name for it, reduced to letters, digits, dots, dashes and underscores.
    pub name: String,
    /// By its first bytes, not by what the vendor claims.
    pub content_type: &'static str,
    /// The picture.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for GateImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GateImage")
            .field("event_id", &self.event_id)
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Something well-formed that is not an observation. Counted, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// A sign of life.
    Heartbeat,
    /// An event of another type (motion, status, configuration).
    OtherEvent,
    /// The end of an event whose beginning was reported.
    InactiveEvent,
    /// A recognition event without any car.
    NoCar,
    /// A second reading of the same car, weaker than the one taken.
    WeakerRead,
    /// The first sight of a car in a lane that goes both ways: which way it goes is reported next.
    NoDirectionYet,
    /// A picture that is no JPEG, PNG or BMP.
    UnreadableImage,
    /// A picture beyond [`crate::MAX_IMAGE_BYTES`].
    OversizeImage,
    /// Parts beyond [`crate::MAX_PARTS`], or after the place where the body breaks off.
    LostParts,
    /// A part that is neither the report nor a picture.
    UnknownPart,
}

impl Ignored {
    /// The reason for machines: a metric's dimension.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::OtherEvent => "other-event",
            Self::InactiveEvent => "inactive-event",
            Self::NoCar => "no-car",
            Self::WeakerRead => "weaker-read",
            Self::NoDirectionYet => "no-direction-yet",
            Self::UnreadableImage => "unreadable-image",
            Self::OversizeImage => "oversize-image",
            Self::LostParts => "lost-parts",
            Self::UnknownPart => "unknown-part",
        }
    }
}

/// The answer by which the vendor knows that its report arrived and need not be sent again. The caller may add members
/// (the barrier decision) before it sends the object as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorReply {
    /// HTTP status.
    pub status: u16,
    /// Members of the JSON object that the vendor looks for.
    pub body: Map<String, Value>,
}

impl VendorReply {
    pub(crate) fn accepted(body: Map<String, Value>) -> Self {
        Self { status: 200, body }
    }
}

impl Default for VendorReply {
    fn default() -> Self {
        Self::accepted(Map::new())
    }
}

/// What one body said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was seen, in the order reported.
    pub observations: Vec<GateObservation>,
    /// Pictures of them.
    pub images: Vec<GateImage>,
    /// What was no observation.
    pub ignored: Vec<Ignored>,
    /// Events of the same body that could not be read; the others are not held up by them.
    pub refused: Vec<AdaptError>,
    /// What the vendor wants to hear.
    pub reply: VendorReply,
}

impl Report {
    pub(crate) fn ignoring(reason: Ignored) -> Self {
        Self { ignored: vec![reason], ..Self::default() }
    }

    pub(crate) fn of(observation: GateObservation) -> Self {
        Self { observations: vec![observation], ..Self::default() }
    }

    /// Joins the reports of a body's events.
    pub(crate) fn joined(parts: impl IntoIterator<Item = Result<Self, AdaptError>>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            match part {
                Ok(part) => {
                    whole.observations.extend(part.observations);
                    whole.images.extend(part.images);
                    whole.ignored.extend(part.ignored);
                    whole.refused.extend(part.refused);
                }
                Err(error) => whole.refused.push(error),
            }
        }
        whole
    }

    /// Adds a picture of the first observation, if it is one.
    pub(crate) fn attach(&mut self, name: &str, bytes: Vec<u8>) {
        let Some(observation) = self.observations.first() else { return };
        if bytes.len() > image::MAX_IMAGE_BYTES {
            return self.ignored.push(Ignored::OversizeImage);
        }
        match image::content_type(&bytes) {
            Some(content_type) => {
                let event_id = observation.event_id.clone();
                self.images.push(GateImage { event_id, name: image::safe_name(name), content_type, bytes });
            }
            None => self.ignored.push(Ignored::UnreadableImage),
        }
    }

    /// Adds a picture that came as base64 inside a text field. Some controllers put a file name or address there: that
    /// is no picture and no fault.
    pub(crate) fn attach_base64(&mut self, name: &str, text: &str) {
        if image::is_reference(text) {
            return;
        }
        match image::from_base64(text) {
            Some(bytes) => self.attach(name, bytes),
            None => self.ignored.push(Ignored::UnreadableImage),
        }
    }
}
