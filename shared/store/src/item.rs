//! Items and attribute values: small helpers, and the one way documents are kept (JSON text in `doc`).
//!
//! Keys that hold a plate are never put in an error or a log; the helpers here name only the table's kind of item.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use baro_domain::{LotId, ids::digest};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Partition key of every table.
pub(crate) const PK: &str = "pk";
/// Sort key of every table.
pub(crate) const SK: &str = "sk";
/// Time to live, unix seconds.
pub(crate) const TTL: &str = "ttl";
/// Revision: goes up by one with each change.
pub(crate) const REV: &str = "rev";
/// The document.
pub(crate) const DOC: &str = "doc";

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([(PK.to_owned(), s(pk)), (SK.to_owned(), s(sk))])
}

/// An item that holds `document` under these keys.
pub(crate) fn with_doc<T: Serialize>(pk: &str, sk: &str, document: &T) -> Result<Item, StoreError> {
    let json = serde_json::to_string(document).map_err(|error| StoreError::corrupt("document", error))?;
    let mut item = key(pk, sk);
    item.insert(DOC.to_owned(), s(json));
    Ok(item)
}

/// The document of an item.
pub(crate) fn doc<T: DeserializeOwned>(kind: &'static str, item: &Item) -> Result<T, StoreError> {
    let json = text(item, DOC).ok_or_else(|| StoreError::corrupt(kind, "no document"))?;
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(kind, error))
}

/// All items that a query finds, page after page.
pub(crate) async fn all_items(request: &QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
    let (mut items, mut from) = (Vec::new(), None);
    loop {
        let page = request.clone().set_exclusive_start_key(from).send().await?;
        items.extend(page.items.unwrap_or_default());
        from = page.last_evaluated_key;
        if from.is_none() {
            return Ok(items);
        }
    }
}

/// All items of a sparse index: it costs by what is in it.
pub(crate) async fn all_of_index(client: &Client, table: &str, index: &str) -> Result<Vec<Item>, StoreError> {
    let (mut items, mut from) = (Vec::new(), None);
    loop {
        let request = client.scan().table_name(table).index_name(index).set_exclusive_start_key(from);
        let page = request.send().await?;
        items.extend(page.items.unwrap_or_default());
        from = page.last_evaluated_key;
        if from.is_none() {
            return Ok(items);
        }
    }
}

/// The documents of all items that a query finds.
pub(crate) async fn all_docs<T: DeserializeOwned>(
    kind: &'static str,
    request: &QueryFluentBuilder,
) -> Result<Vec<T>, StoreError> {
    all_items(request).await?.iter().map(|item| doc(kind, item)).collect()
}

/// When an item written at `now` may be forgotten.
pub(crate) fn expiry(now: Timestamp, days: i64) -> AttributeValue {
    n(now.as_second() + days * 86_400)
}

/// Which of so many partitions a lot's items lie in.
pub(crate) fn shard_of(lot: &LotId, shards: u8) -> u8 {
    let hex = digest(&[lot.as_str()]);
    u8::from_str_radix(hex.get(..2).unwrap_or("0"), 16).unwrap_or(0) % shards
}
