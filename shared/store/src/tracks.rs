//! Trackings of cameras that correct themselves. One item per tracking remembers which plates its reads are filed under;
//! a correction is a fact among those of the plate that was wrong.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use baro_domain::{
    EventId, GateObservation, LotId, PlateNumber, Track, TrackId,
    visit::{Superseded, TrackRead},
};
use jiff::Timestamp;

use crate::{
    Parking, Recorded, StoreError,
    facts::{READ, SUPERSEDED, moment, passage_code, passage_of, plate_key},
    item::{Item, REV, TTL, expiry, key, n, number, s, text},
    parking::{FACT_RETENTION_DAYS, recorded},
    schema::OPEN_INDEX,
};

/// Sort keys of trackings start with this.
const TRACK: &str = "T#";

/// A read's place in its tracking, as members of its attribute.
pub(crate) fn place_members(track: &Track) -> [(String, AttributeValue); 2] {
    [("h".to_owned(), s(bare(&track.id))), ("q".to_owned(), n(track.sequence))]
}

pub(crate) fn place_of(map: &Item) -> Option<Track> {
    let id = TrackId::parse(format!("{}{}", TrackId::PREFIX, text(map, "h")?)).ok()?;
    Some(Track { id, sequence: number(map, "q")? })
}

pub(crate) fn superseded_of(name: &str, map: &Item) -> Option<Superseded> {
    Some(Superseded { by: event(name)?, track: place_of(map)?, at: moment(map, "t")? })
}

fn bare(id: &TrackId) -> &str {
    id.as_str().trim_start_matches(TrackId::PREFIX)
}

fn event(name: &str) -> Option<EventId> {
    EventId::parse(format!("{}{name}", EventId::PREFIX)).ok()
}

fn event_name(prefix: &str, id: &EventId) -> String {
    format!("{prefix}{}", id.as_str().trim_start_matches(EventId::PREFIX))
}

/// A read may lie under a second plate, to which it was matched by similarity.
fn filing_name(read: &TrackRead, own: bool) -> String {
    let name = event_name(READ, &read.event_id);
    if own { name } else { format!("{name}#{}", read.filed_under.as_str()) }
}

fn filing_value(read: &TrackRead) -> AttributeValue {
    let mut map = HashMap::from(place_members(&read.track));
    map.insert("p".to_owned(), s(read.filed_under.as_str()));
    map.insert("t".to_owned(), n(read.at.as_microsecond()));
    map.insert("k".to_owned(), n(passage_code(read.passage)));
    if !read.legible {
        map.insert("u".to_owned(), n(1));
    }
    AttributeValue::M(map)
}

fn filing_of(name: &str, value: &AttributeValue) -> Option<TrackRead> {
    let map = value.as_m().ok()?;
    let id = name.strip_prefix(READ)?;
    Some(TrackRead {
        event_id: event(id.split_once('#').map_or(id, |(id, _)| id))?,
        filed_under: PlateNumber::parse(text(map, "p")?),
        legible: number(map, "u").is_none(),
        track: place_of(map)?,
        at: moment(map, "t")?,
        passage: passage_of(number(map, "k")?)?,
    })
}

impl Parking {
    /// Remembers under which plate a tracked read is filed, and answers with all reads of its tracking: one request. A
    /// read that is not tracked costs none and has no others.
    pub async fn follow(
        &self,
        read: &GateObservation,
        plate: &PlateNumber,
    ) -> Result<Vec<TrackRead>, StoreError> {
        let Some(filing) = TrackRead::of(read, plate) else { return Ok(Vec::new()) };
        let own = read.plate == *plate || read.plate.is_unread();
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(read.lot.as_str(), &format!("{TRACK}{}", bare(&filing.track.id)))))
            .update_expression("SET #o = :o, #ttl = :ttl")
            .expression_attribute_names("#o", filing_name(&filing, own))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":o", filing_value(&filing))
            .expression_attribute_values(":ttl", expiry(read.received_at, FACT_RETENTION_DAYS))
            .return_values(ReturnValue::AllNew)
            .send()
            .await?;
        let item = output.attributes.unwrap_or_default();
        Ok(item.iter().filter_map(|(name, value)| filing_of(name, value)).collect())
    }

    /// Adds corrections to the facts filed under `plate`, and answers with all of them: one request, however often it is
    /// repeated. `unlist` takes the plate out of the index of open plates, where the corrected read had put it.
    pub async fn supersede(
        &self,
        lot: &LotId,
        plate: &PlateNumber,
        corrections: &[Superseded],
        unlist: bool,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let listing = if unlist { " REMOVE #ol, #os" } else { "" };
        let mut sets = vec!["#ttl = :ttl".to_owned()];
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), &plate_key(plate))))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":ttl", expiry(now, FACT_RETENTION_DAYS))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew);
        if unlist {
            request = request
                .expression_attribute_names("#ol", OPEN_INDEX.hash)
                .expression_attribute_names("#os", OPEN_INDEX.range);
        }
        for (index, correction) in corrections.iter().enumerate() {
            let mut map = HashMap::from(place_members(&correction.track));
            map.insert("t".to_owned(), n(correction.at.as_microsecond()));
            sets.push(format!("#x{index} = :x{index}"));
            request = request
                .expression_attribute_names(format!("#x{index}"), event_name(SUPERSEDED, &correction.by))
                .expression_attribute_values(format!(":x{index}"), AttributeValue::M(map));
        }
        let expression = format!("SET {}{listing} ADD #rev :one", sets.join(", "));
        let output = request.update_expression(expression).send().await?;
        recorded(&output.attributes.unwrap_or_default(), true)
    }
}
