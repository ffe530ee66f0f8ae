//! How the facts of one plate at one lot lie in an item: one attribute per fact.
//!
//! A fact is added by an update that needs no read and meets no race: its attribute is named after its id, and the
//! condition is only that it is not there yet. Attribute names are short because their bytes are paid for.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use baro_domain::{
    EventId, GateObservation, LaneId, LotId, Passage, PaymentId, PlateNumber, ReadConfidence, RulingId,
    Unasked, Won,
    visit::{Facts, PaidFact, Ruling},
};
use jiff::Timestamp;

use crate::{
    StoreError,
    item::{Item, PK, SK, n, number, s, text},
    raw, tracks,
};

/// Reads start with this, then the event id without its prefix.
pub(crate) const READ: &str = "o_";
/// Payments start with this, then the payment id without its prefix.
pub(crate) const PAID: &str = "y_";
/// Rulings start with this, then the ruling's id without its prefix. They are rare, so they are kept as documents.
pub(crate) const RULED: &str = "r_";
/// Corrections of a camera start with this, then the id of the read that corrects, without its prefix.
pub(crate) const SUPERSEDED: &str = "x_";
/// Facts up to this moment (µs) were moved to an archive item.
pub(crate) const TRIMMED: &str = "cut";
/// Sort keys of plates start with this.
pub(crate) const PLATE: &str = "P#";

/// Bodies beyond this many bytes, deflated, are kept in S3 and pointed to.
pub(crate) const MAX_INLINE_RAW_BYTES: usize = 600;

/// The report a read came from, as the gate sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawBody {
    /// Kept inside the fact, deflated.
    Inline(Vec<u8>),
    /// Kept in S3 under this key.
    Stored(String),
}

impl RawBody {
    /// Deflates a body; `None` when it is too large to be kept inline.
    pub fn inline(body: &[u8]) -> Option<Self> {
        let deflated = raw::deflate(body);
        (deflated.len() <= MAX_INLINE_RAW_BYTES).then_some(Self::Inline(deflated))
    }

    /// The body of an inline one.
    pub fn inflate(&self) -> Option<Vec<u8>> {
        match self {
            Self::Inline(deflated) => raw::inflate(deflated),
            Self::Stored(_) => None,
        }
    }
}

pub(crate) fn read_name(event: &EventId) -> String {
    format!("{READ}{}", event.as_str().trim_start_matches(EventId::PREFIX))
}

pub(crate) fn paid_name(payment: &PaymentId) -> String {
    format!("{PAID}{}", payment.as_str().trim_start_matches(PaymentId::PREFIX))
}

pub(crate) fn ruled_name(ruling: &RulingId) -> String {
    format!("{RULED}{}", ruling.as_str().trim_start_matches(RulingId::PREFIX))
}

/// The attribute of a ruling.
pub(crate) fn ruled_value(ruling: &Ruling) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(ruling).map(s).map_err(|error| StoreError::corrupt("ruling", error))
}

pub(crate) fn plate_key(plate: &PlateNumber) -> String {
    format!("{PLATE}{}", plate.as_str())
}

pub(crate) fn passage_code(passage: Passage) -> i64 {
    match passage {
        Passage::Entered => 0,
        Passage::AtExit => 1,
        Passage::AtExitOnly => 2,
        Passage::Left => 3,
    }
}

pub(crate) fn passage_of(code: i64) -> Option<Passage> {
    [Passage::Entered, Passage::AtExit, Passage::AtExitOnly, Passage::Left]
        .into_iter()
        .find(|passage| passage_code(*passage) == code)
}

fn unasked_code(unasked: Unasked) -> i64 {
    match unasked {
        Unasked::BarrierUp => 0,
        Unasked::TrackEnded => 1,
    }
}

fn unasked_of(code: i64) -> Option<Unasked> {
    [Unasked::BarrierUp, Unasked::TrackEnded].into_iter().find(|unasked| unasked_code(*unasked) == code)
}

/// The attribute of a read filed under `plate`.
pub(crate) fn read_value(
    read: &GateObservation,
    plate: &PlateNumber,
    raw: Option<&RawBody>,
) -> AttributeValue {
    let mut map = HashMap::from([
        ("l".to_owned(), s(read.lane.as_str())),
        ("k".to_owned(), n(passage_code(read.passage))),
        ("t".to_owned(), n(read.observed_at.as_microsecond())),
        ("r".to_owned(), n(read.received_at.as_microsecond())),
    ]);
    if read.plate != *plate {
        map.insert("p".to_owned(), s(read.plate.as_str()));
    }
    if let Some(confidence) = read.confidence {
        map.insert("c".to_owned(), n(i64::from(confidence.get())));
    }
    if let Some(reported_at) = read.reported_at {
        map.insert("g".to_owned(), n(reported_at.as_microsecond()));
    }
    if let Some(image) = &read.image_key {
        map.insert("i".to_owned(), s(image));
    }
    if let Some(track) = &read.track {
        map.extend(tracks::place_members(track));
    }
    if let Some(unasked) = read.unasked {
        map.insert("w".to_owned(), n(unasked_code(unasked)));
    }
    match raw {
        Some(RawBody::Inline(deflated)) => {
            map.insert("b".to_owned(), AttributeValue::B(Blob::new(deflated.clone())));
        }
        Some(RawBody::Stored(key)) => {
            map.insert("s".to_owned(), s(key));
        }
        None => {}
    }
    AttributeValue::M(map)
}

/// The attribute of a payment.
pub(crate) fn paid_value(fact: &PaidFact) -> AttributeValue {
    let mut map = HashMap::from([
        ("a".to_owned(), n(fact.amount.get())),
        ("q".to_owned(), n(fact.quoted_until.as_microsecond())),
        ("d".to_owned(), n(fact.paid_at.as_microsecond())),
    ]);
    if let Some(read) = &fact.promised_at {
        map.insert("e".to_owned(), s(read.as_str()));
    }
    AttributeValue::M(map)
}

pub(crate) fn moment(map: &Item, name: &str) -> Option<Timestamp> {
    Timestamp::from_microsecond(number(map, name)?).ok()
}

fn read_of(name: &str, map: &Item, lot: &LotId, plate: &PlateNumber) -> Option<GateObservation> {
    Some(GateObservation {
        event_id: EventId::parse(format!("{}{name}", EventId::PREFIX)).ok()?,
        lot: lot.clone(),
        lane: LaneId::parse(text(map, "l")?).ok()?,
        passage: passage_of(number(map, "k")?)?,
        plate: text(map, "p").map_or_else(|| plate.clone(), PlateNumber::parse),
        confidence: number(map, "c").and_then(|c| u16::try_from(c).ok()).map(ReadConfidence::per_mille),
        observed_at: moment(map, "t")?,
        reported_at: moment(map, "g"),
        received_at: moment(map, "r")?,
        image_key: text(map, "i").map(str::to_owned),
        track: tracks::place_of(map),
        unasked: number(map, "w").and_then(unasked_of),
    })
}

fn paid_of(name: &str, map: &Item) -> Option<PaidFact> {
    Some(PaidFact {
        payment: PaymentId::parse(format!("{}{name}", PaymentId::PREFIX)).ok()?,
        amount: Won::new(number(map, "a")?),
        quoted_until: moment(map, "q")?,
        paid_at: moment(map, "d")?,
        promised_at: text(map, "e").and_then(|read| EventId::parse(read).ok()),
    })
}

/// Reads the facts of an item; sorted by id, so that the same item always gives the same value.
pub(crate) fn facts_of(item: &Item) -> Result<Facts, StoreError> {
    let corrupt = |why: &str| StoreError::corrupt("facts", why);
    let lot = text(item, PK).and_then(|pk| LotId::parse(pk).ok()).ok_or_else(|| corrupt("no lot"))?;
    let plate = text(item, SK).and_then(|sk| sk.strip_prefix(PLATE)).ok_or_else(|| corrupt("no plate"))?;
    let plate = PlateNumber::parse(plate);
    let mut facts = Facts::none(plate.clone());
    facts.trimmed_until = moment(item, TRIMMED);
    for (name, value) in item {
        if name.starts_with(RULED) {
            let json = value.as_s().map_err(|_| corrupt("a ruling"))?;
            let ruling = serde_json::from_str(json).map_err(|_| corrupt("a ruling"))?;
            facts.rulings.push(ruling);
            continue;
        }
        let Ok(map) = value.as_m() else { continue };
        if let Some(id) = name.strip_prefix(READ) {
            let read = read_of(id, map, &lot, &plate).ok_or_else(|| corrupt("a read"))?;
            facts.observations.push(read);
        } else if let Some(id) = name.strip_prefix(PAID) {
            facts.payments.push(paid_of(id, map).ok_or_else(|| corrupt("a payment"))?);
        } else if let Some(id) = name.strip_prefix(SUPERSEDED) {
            let correction = tracks::superseded_of(id, map).ok_or_else(|| corrupt("a correction"))?;
            facts.superseded.push(correction);
        }
    }
    facts.superseded.sort_by(|a, b| a.by.cmp(&b.by));
    facts.observations.sort_by(|a, b| a.event_id.cmp(&b.event_id));
    facts.payments.sort_by(|a, b| a.payment.cmp(&b.payment));
    facts.rulings.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(facts)
}

/// The raw bodies of an item's reads, for audits and disputes.
pub(crate) fn raw_of(item: &Item) -> Vec<(EventId, RawBody)> {
    let mut bodies = Vec::new();
    for (name, value) in item {
        let (Some(id), Ok(map)) = (name.strip_prefix(READ), value.as_m()) else { continue };
        let Ok(event) = EventId::parse(format!("{}{id}", EventId::PREFIX)) else { continue };
        if let Some(blob) = map.get("b").and_then(|value| value.as_b().ok()) {
            bodies.push((event, RawBody::Inline(blob.as_ref().to_vec())));
        } else if let Some(key) = text(map, "s") {
            bodies.push((event, RawBody::Stored(key.to_owned())));
        }
    }
    bodies.sort_by(|a, b| a.0.cmp(&b.0));
    bodies
}
