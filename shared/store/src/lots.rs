//! Lots with the versions of their tariffs, in the Directory table and on its map.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{PutRequest, WriteRequest},
};
use baro_domain::{
    Coordinate, FeesError, Lot, LotId, PricedLot, TariffSpec,
    tariff::{AmendError, LotTariffs},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    Directory, StoreError,
    directory::{MAX_BATCH_READ, batch_get, unless_changed},
    item::{DOC, Item, doc, key, s, text, with_doc},
    schema::NEAR_INDEX,
};

const LOT: &str = "LOT";
/// A cell of the map is 0.05° wide: 5.6 km north to south, 4.5 km east to west at Daejeon.
const CELL_E6: i32 = 50_000;
/// The cell of lots whose place is not known: no search touches it, but the map lists every lot.
const NOWHERE: &str = "nowhere";
/// A search this wide touches at most four cells.
pub const MAX_RADIUS_M: u32 = 2_000;
/// Metres in a degree of latitude, at least.
const METRES_PER_DEGREE: i64 = 110_500;
/// DynamoDB's limit of a batch write.
const MAX_BATCH_WRITE: usize = 25;

/// A lot with the versions of its tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LotRecord {
    /// Lot.
    pub lot: Lot,
    /// Versions of its tariff, and which of them charges a stay.
    pub tariffs: LotTariffs,
}

impl LotRecord {
    /// The lot made ready to price stays; its tariff was checked when it was configured, so a refusal is a defect.
    pub fn priced(self) -> Result<PricedLot, FeesError> {
        PricedLot::new(self.lot, self.tariffs)
    }
}

fn cell(lat_e6: i32, lon_e6: i32) -> String {
    format!("{}:{}", lat_e6.div_euclid(CELL_E6), lon_e6.div_euclid(CELL_E6))
}

/// The cells that a circle touches.
fn cells_around(center: Coordinate, radius_m: u32) -> Vec<String> {
    let lat_reach = i64::from(radius_m) * 1_000_000 / METRES_PER_DEGREE + 1;
    // A degree of longitude shrinks with latitude; at 60° it is half, and beyond there are no lots of ours.
    let lon_reach = lat_reach * 2;
    let clamp = |value: i64| i32::try_from(value).unwrap_or(0);
    let (lat, lon) = (i64::from(center.lat_e6), i64::from(center.lon_e6));
    let corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)];
    let mut cells: Vec<String> = corners
        .iter()
        .map(|(up, right)| cell(clamp(lat + up * lat_reach), clamp(lon + right * lon_reach)))
        .collect();
    cells.sort();
    cells.dedup();
    cells
}

fn lot_item(record: &LotRecord) -> Result<Item, StoreError> {
    let mut item = with_doc(record.lot.id.as_str(), LOT, record)?;
    let cell = record
        .lot
        .position
        .map_or_else(|| NOWHERE.to_owned(), |position| cell(position.lat_e6, position.lon_e6));
    item.insert(NEAR_INDEX.hash.to_owned(), s(cell));
    Ok(item)
}

impl Directory {
    /// A lot with its tariff.
    pub async fn lot(&self, id: &LotId) -> Result<Option<LotRecord>, StoreError> {
        self.get("lot", id.as_str(), LOT).await
    }

    /// Writes many lots; an existing one is replaced.
    pub async fn put_lots(&self, records: &[LotRecord]) -> Result<(), StoreError> {
        for chunk in records.chunks(MAX_BATCH_WRITE) {
            let mut writes = Vec::with_capacity(chunk.len());
            for record in chunk {
                let put = PutRequest::builder().set_item(Some(lot_item(record)?)).build()?;
                writes.push(WriteRequest::builder().put_request(put).build());
            }
            let mut attempts = 0_u32;
            while !writes.is_empty() {
                let output = self
                    .client
                    .batch_write_item()
                    .request_items(&self.table, std::mem::take(&mut writes))
                    .send()
                    .await?;
                writes = output
                    .unprocessed_items
                    .and_then(|mut left| left.remove(&self.table))
                    .unwrap_or_default();
                attempts += 1;
                if attempts > crate::MAX_CONFLICT_RETRIES {
                    return Err(StoreError::Contended(attempts));
                }
                if !writes.is_empty() {
                    tokio::time::sleep(std::time::Duration::from_millis(25 << attempts)).await;
                }
            }
        }
        Ok(())
    }

    /// Lots within `radius_m` metres of a place (at most [`MAX_RADIUS_M`]), nearest first, with the distance.
    pub async fn lots_near(
        &self,
        center: Coordinate,
        radius_m: u32,
    ) -> Result<Vec<(u32, LotRecord)>, StoreError> {
        let radius_m = radius_m.min(MAX_RADIUS_M);
        let cells = cells_around(center, radius_m);
        let pages = cells.iter().map(|cell| self.lots_in_cell(cell));
        let mut found: Vec<(u32, LotRecord)> = futures::future::try_join_all(pages)
            .await?
            .into_iter()
            .flatten()
            .filter_map(|record| Some((record.lot.position?.distance_m(center), record)))
            .filter(|(distance, _)| *distance <= radius_m)
            .collect();
        found.sort_by(|a, b| (a.0, &a.1.lot.id).cmp(&(b.0, &b.1.lot.id)));
        Ok(found)
    }

    async fn lots_in_cell(&self, cell: &str) -> Result<Vec<LotRecord>, StoreError> {
        let mut records = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(NEAR_INDEX.name)
                .key_condition_expression("#cell = :cell")
                .expression_attribute_names("#cell", NEAR_INDEX.hash)
                .expression_attribute_values(":cell", s(cell))
                .set_exclusive_start_key(from)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                records.push(doc("lot", &item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(records);
            }
        }
    }

    /// Every lot. Read from the map alone, so that it costs by the lots and not by what else the table holds.
    pub async fn every_lot(&self) -> Result<Vec<LotRecord>, StoreError> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(&self.table).index_name(NEAR_INDEX.name);
            let page = scan.set_exclusive_start_key(from).send().await?;
            for item in page.items.unwrap_or_default() {
                found.push(doc("lot", &item)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// These lots, as far as there are any.
    pub async fn lots(&self, ids: &[LotId]) -> Result<Vec<LotRecord>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(MAX_BATCH_READ) {
            let keys = chunk.iter().map(|id| key(id.as_str(), LOT)).collect();
            for item in batch_get(&self.client, &self.table, keys).await? {
                found.push(doc("lot", &item)?);
            }
        }
        Ok(found)
    }

    /// Adds a version to a lot's tariff by the rule of [`LotTariffs::amended`]; `today` is the day in the lot's zone. `None` when there is no
    /// such lot; the record as it is then, or why it stays as it was. Two requests when nobody else changes the lot.
    pub async fn amend_tariff(
        &self,
        id: &LotId,
        version: &TariffSpec,
        today: Date,
    ) -> Result<Option<Result<LotRecord, AmendError>>, StoreError> {
        for _ in 0..crate::MAX_CONFLICT_RETRIES {
            let request = self.client.get_item().table_name(&self.table).set_key(Some(key(id.as_str(), LOT)));
            let Some(item) = request.consistent_read(true).send().await?.item else { return Ok(None) };
            let mut record: LotRecord = doc("lot", &item)?;
            let tariffs = match record.tariffs.amended(version.clone(), today) {
                Ok(tariffs) if tariffs == record.tariffs => return Ok(Some(Ok(record))),
                Ok(tariffs) => tariffs,
                Err(error) => return Ok(Some(Err(error))),
            };
            record.tariffs = tariffs;
            let written = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(lot_item(&record)?))
                .condition_expression("#doc = :seen")
                .expression_attribute_names("#doc", DOC)
                .expression_attribute_values(":seen", s(text(&item, DOC).unwrap_or_default()))
                .send()
                .await;
            if unless_changed(written, PutItemError::is_conditional_check_failed_exception)? {
                return Ok(Some(Ok(record)));
            }
        }
        Err(StoreError::Contended(crate::MAX_CONFLICT_RETRIES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_touches_at_most_four_cells_and_always_its_own() {
        for (lat, lon) in [(36.3504, 127.3845), (36.3499, 127.3999), (33.0, 124.0)] {
            let center = Coordinate::from_degrees(lat, lon).unwrap();
            let cells = cells_around(center, MAX_RADIUS_M);
            assert!(cells.len() <= 4, "{cells:?}");
            let inside = cells_around(center, 1);
            assert!(inside.iter().all(|cell| cells.contains(cell)) || cells.len() == 4);
        }
    }
}
