//! Who is in a lot, a page at a time, oldest first, and the facts behind.

use std::{fmt, str::FromStr};

use baro_domain::{LotId, PlateNumber, visit::Facts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use crate::{
    Parking, Recorded, StoreError,
    directory::batch_get,
    facts::{PLATE, plate_key},
    item::{PK, SK, all_of_index, key, s, text},
    parking::recorded,
    schema::OPEN_INDEX,
};

/// Plates of a page, at most: as many as one read takes the facts of.
pub const MAX_OPEN_PAGE: usize = 50;

/// Where the next page begins. As text it is opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCursor {
    since: String,
    plate: PlateNumber,
}

/// The text is no cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a cursor that was given here")]
pub struct InvalidCursor;

impl fmt::Display for OpenCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {}", self.since, self.plate.as_str())))
    }
}

impl FromStr for OpenCursor {
    type Err = InvalidCursor;
    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let (since, plate) = text.split_once(' ').ok_or(InvalidCursor)?;
        since.parse::<Timestamp>().map_err(|_| InvalidCursor)?;
        Ok(Self { since: since.to_owned(), plate: PlateNumber::parse(plate) })
    }
}

impl Parking {
    /// Plates that the index lists as being in the lot, oldest entry first.
    pub async fn open_page(
        &self,
        lot: &LotId,
        from: Option<&OpenCursor>,
    ) -> Result<(Vec<PlateNumber>, Option<OpenCursor>), StoreError> {
        let mut start = None;
        if let Some(cursor) = from {
            let mut item = key(lot.as_str(), &plate_key(&cursor.plate));
            item.insert(OPEN_INDEX.hash.to_owned(), s(lot.as_str()));
            item.insert(OPEN_INDEX.range.to_owned(), s(&cursor.since));
            start = Some(item);
        }
        let request = self
            .open_query(lot)
            .limit(i32::try_from(MAX_OPEN_PAGE).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start);
        let page = request.send().await?;
        let plate_of = |item: &crate::item::Item| {
            text(item, SK).and_then(|sk| sk.strip_prefix(PLATE)).map(PlateNumber::parse)
        };
        let next = page.last_evaluated_key.as_ref().and_then(|item| {
            Some(OpenCursor { since: text(item, OPEN_INDEX.range)?.to_owned(), plate: plate_of(item)? })
        });
        Ok((page.items.unwrap_or_default().iter().filter_map(plate_of).collect(), next))
    }

    /// All plates that any lot lists as inside. Read from the sparse index alone: it costs by the cars that are in lots now,
    /// and nothing when there are none.
    pub async fn open_everywhere(&self) -> Result<Vec<(LotId, PlateNumber)>, StoreError> {
        let found = |item: &crate::item::Item| {
            let lot = text(item, PK).and_then(|pk| LotId::parse(pk).ok());
            lot.zip(text(item, SK).and_then(|sk| sk.strip_prefix(PLATE)).map(PlateNumber::parse))
        };
        let items = all_of_index(&self.client, &self.table, OPEN_INDEX.name).await?;
        Ok(items.iter().filter_map(found).collect())
    }

    /// What is on file of these plates (at most [`MAX_OPEN_PAGE`]), in one request, in no order.
    pub async fn on_files(&self, lot: &LotId, plates: &[PlateNumber]) -> Result<Vec<Recorded>, StoreError> {
        let keys = plates.iter().map(|plate| key(lot.as_str(), &plate_key(plate))).collect();
        let items = batch_get(&self.client, &self.table, keys).await?;
        items.iter().filter(|item| text(item, PK).is_some()).map(|item| recorded(item, false)).collect()
    }

    /// Corrects the index of open plates after a change that did not: `open_since` says what the facts fold to.
    pub async fn relist(
        &self,
        lot: &LotId,
        plate: &PlateNumber,
        open_since: impl Fn(&Facts) -> Option<Timestamp>,
    ) -> Result<(), StoreError> {
        for _ in 0..crate::MAX_CONFLICT_RETRIES {
            let Some(filed) = self.on_file(lot, plate).await? else { return Ok(()) };
            let since = open_since(&filed.facts);
            if since.is_some() == filed.listed_open
                || self.list_open(lot, plate, filed.revision, since).await?
            {
                return Ok(());
            }
        }
        Err(StoreError::Contended(crate::MAX_CONFLICT_RETRIES))
    }
}
