//! The Directory table: what operators configure (lots with their tariffs, gates) and how drivers can be reached.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest},
};
use baro_domain::{
    Coordinate, FeesError, Gate, GateId, Lot, LotId, Operator, OperatorId, PlateNumber, PricedLot,
    TariffSpec, notice::Contact,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    StoreError,
    item::{DOC, Item, PK, SK, doc, key, s, text, with_doc},
    schema::NEAR_INDEX,
};

const LOT: &str = "LOT";
const GATE: &str = "GATE";
const CONTACT: &str = "CONTACT";
const OPERATOR: &str = "OPERATOR";
/// A cell of the map is 0.05° wide: 5.6 km north to south, 4.5 km east to west at Daejeon.
const CELL_E6: i32 = 50_000;
/// A search this wide touches at most four cells.
pub const MAX_RADIUS_M: u32 = 2_000;
/// Metres in a degree of latitude, at least.
const METRES_PER_DEGREE: i64 = 110_500;
/// DynamoDB's limit of a batch write, and of a batch read.
const MAX_BATCH_WRITE: usize = 25;
const MAX_BATCH_READ: usize = 100;

/// A lot with the tariff in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LotRecord {
    /// Lot.
    pub lot: Lot,
    /// Tariff.
    pub tariff: TariffSpec,
}

impl LotRecord {
    /// The lot made ready to price stays; its tariff was checked when it was configured, so a refusal is a defect.
    pub fn priced(self) -> Result<PricedLot, FeesError> {
        PricedLot::new(self.lot, self.tariff)
    }
}

/// The Directory table.
#[derive(Debug, Clone)]
pub struct Directory {
    client: Client,
    table: String,
}

fn contact_key(plate: &PlateNumber) -> String {
    format!("PLATE#{}", plate.as_str())
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
    if let Some(position) = record.lot.position {
        item.insert(NEAR_INDEX.hash.to_owned(), s(cell(position.lat_e6, position.lon_e6)));
    }
    Ok(item)
}

impl Directory {
    /// On this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        pk: &str,
        sk: &str,
    ) -> Result<Option<T>, StoreError> {
        let output = self.client.get_item().table_name(&self.table).set_key(Some(key(pk, sk))).send().await?;
        output.item.map(|item| doc(kind, &item)).transpose()
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

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

    /// A gate.
    pub async fn gate(&self, id: &GateId) -> Result<Option<Gate>, StoreError> {
        self.get("gate", id.as_str(), GATE).await
    }

    /// Writes a gate; an existing one is replaced.
    pub async fn put_gate(&self, gate: &Gate) -> Result<(), StoreError> {
        self.put(with_doc(gate.id.as_str(), GATE, gate)?).await
    }

    /// An operator.
    pub async fn operator(&self, id: &OperatorId) -> Result<Option<Operator>, StoreError> {
        self.get("operator", id.as_str(), OPERATOR).await
    }

    /// Writes an operator; an existing one is replaced.
    pub async fn put_operator(&self, operator: &Operator) -> Result<(), StoreError> {
        self.put(with_doc(operator.id.as_str(), OPERATOR, operator)?).await
    }

    /// Registers how the driver of a plate can be reached.
    pub async fn put_contact(&self, plate: &PlateNumber, contact: &Contact) -> Result<(), StoreError> {
        self.put(with_doc(&contact_key(plate), CONTACT, contact)?).await
    }

    /// Forgets it.
    pub async fn delete_contact(&self, plate: &PlateNumber) -> Result<(), StoreError> {
        let key = key(&contact_key(plate), CONTACT);
        self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await?;
        Ok(())
    }

    /// Forgets a phone whose push token is dead: only if it is still the registered one, so that a new token, registered
    /// while a push to the old one was under way, stays. A contact by which nobody can be reached any more goes altogether.
    /// Answers whether the token was there.
    pub async fn drop_push_token(&self, plate: &PlateNumber, token: &str) -> Result<bool, StoreError> {
        let at = key(&contact_key(plate), CONTACT);
        for _ in 0..crate::MAX_CONFLICT_RETRIES {
            let read = self
                .client
                .get_item()
                .table_name(&self.table)
                .set_key(Some(at.clone()))
                .consistent_read(true)
                .send()
                .await?;
            let Some(item) = read.item else { return Ok(false) };
            let mut contact: Contact = doc("contact", &item)?;
            if contact.push_token.as_deref() != Some(token) {
                return Ok(false);
            }
            contact.push_token = None;
            let seen = s(text(&item, DOC).unwrap_or_default());
            if self.replace_contact(&at, seen, &contact).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Contended(crate::MAX_CONFLICT_RETRIES))
    }

    /// Writes a contact over the one seen, or deletes it if it is empty; `false` if it has changed since.
    async fn replace_contact(
        &self,
        at: &Item,
        seen: AttributeValue,
        contact: &Contact,
    ) -> Result<bool, StoreError> {
        const UNCHANGED: &str = "#doc = :seen";
        if contact.is_empty() {
            let deleted = self
                .client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(at.clone()))
                .condition_expression(UNCHANGED)
                .expression_attribute_names("#doc", DOC)
                .expression_attribute_values(":seen", seen)
                .send()
                .await;
            return unless_changed(deleted, DeleteItemError::is_conditional_check_failed_exception);
        }
        let left = serde_json::to_string(contact).map_err(|error| StoreError::corrupt("contact", error))?;
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(at.clone()))
            .update_expression("SET #doc = :left")
            .condition_expression(UNCHANGED)
            .expression_attribute_names("#doc", DOC)
            .expression_attribute_values(":seen", seen)
            .expression_attribute_values(":left", s(left))
            .send()
            .await;
        unless_changed(updated, UpdateItemError::is_conditional_check_failed_exception)
    }

    /// The contacts of these plates, where there are any; repeated plates cost nothing.
    pub async fn contacts(&self, plates: &[PlateNumber]) -> Result<Vec<(PlateNumber, Contact)>, StoreError> {
        let mut wanted: Vec<&PlateNumber> = plates.iter().collect();
        wanted.sort();
        wanted.dedup();
        let mut found = Vec::new();
        for chunk in wanted.chunks(MAX_BATCH_READ) {
            let keys = chunk.iter().map(|plate| key(&contact_key(plate), CONTACT)).collect();
            for item in batch_get(&self.client, &self.table, keys).await? {
                let plate = text(&item, PK).and_then(|pk| pk.strip_prefix("PLATE#")).map(PlateNumber::parse);
                if let (Some(plate), Some(CONTACT)) = (plate, text(&item, SK)) {
                    found.push((plate, doc("contact", &item)?));
                }
            }
        }
        Ok(found)
    }
}

/// Whether a conditional write was done; a condition that failed is an answer.
fn unless_changed<T, E, R>(
    written: Result<T, SdkError<E, R>>,
    is_condition: impl Fn(&E) -> bool,
) -> Result<bool, StoreError>
where
    SdkError<E, R>: Into<StoreError>,
{
    match written {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(context)) if is_condition(context.err()) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reads at most [`MAX_BATCH_READ`] items, asking again for what was left unprocessed.
pub(crate) async fn batch_get(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
) -> Result<Vec<Item>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    let mut left = keys;
    for attempt in 0..crate::MAX_CONFLICT_RETRIES {
        if left.is_empty() {
            return Ok(found);
        }
        let request = KeysAndAttributes::builder().set_keys(Some(std::mem::take(&mut left))).build()?;
        let output = client.batch_get_item().request_items(table, request).send().await?;
        found.extend(output.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default());
        left = output
            .unprocessed_keys
            .and_then(|mut tables| tables.remove(table))
            .map(|k| k.keys)
            .unwrap_or_default();
        if !left.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(25 << attempt)).await;
        }
    }
    Err(StoreError::Contended(crate::MAX_CONFLICT_RETRIES))
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
