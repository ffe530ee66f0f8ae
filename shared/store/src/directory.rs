//! The Directory table: what operators configure (lots with their tariffs, gates) and how drivers can be reached.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, KeysAndAttributes},
};
use baro_domain::{Operator, OperatorId, PlateNumber, notice::Contact};
use serde::de::DeserializeOwned;

use crate::{
    StoreError,
    item::{DOC, Item, PK, REV, SK, doc, key, n, s, text, with_doc},
};

pub(crate) const CONTACT: &str = "CONTACT";
const OPERATOR: &str = "OPERATOR";
/// DynamoDB's limit of a batch read.
pub(crate) const MAX_BATCH_READ: usize = 100;

/// The Directory table.
#[derive(Debug, Clone)]
pub struct Directory {
    pub(crate) client: Client,
    pub(crate) table: String,
}

pub(crate) fn contact_key(plate: &PlateNumber) -> String {
    format!("PLATE#{}", plate.as_str())
}

impl Directory {
    /// On this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    pub(crate) async fn get<T: DeserializeOwned>(
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
pub(crate) fn unless_changed<T, E, R>(
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

/// Puts an item over the one of `revision`, 0 for none; `false` if it has changed since. The item has the next revision in it.
pub(crate) async fn put_over(
    client: &Client,
    table: &str,
    item: Item,
    revision: i64,
) -> Result<bool, StoreError> {
    let mut put = client.put_item().table_name(table).set_item(Some(item));
    put = if revision == 0 {
        put.condition_expression("attribute_not_exists(pk)")
    } else {
        put.condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(revision))
    };
    unless_changed(put.send().await, PutItemError::is_conditional_check_failed_exception)
}

/// Reads at most [`MAX_BATCH_READ`] items, asking again for what was left unprocessed.
pub(crate) async fn batch_get(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
) -> Result<Vec<Item>, StoreError> {
    batch_read(client, table, keys, false).await
}

/// As [`batch_get`], strongly consistent where asked for.
pub(crate) async fn batch_read(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
    is_consistent: bool,
) -> Result<Vec<Item>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    let mut left = keys;
    for attempt in 0..crate::MAX_CONFLICT_RETRIES {
        if left.is_empty() {
            return Ok(found);
        }
        let request = KeysAndAttributes::builder()
            .set_keys(Some(std::mem::take(&mut left)))
            .consistent_read(is_consistent)
            .build()?;
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
