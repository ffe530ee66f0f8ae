//! How many bytes lie in the table for a stay, as DynamoDB counts them
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use baro_testing::{Cloud, PARKING};
use std::collections::HashMap;

/// What DynamoDB adds to every item it bills the storage of.
const ITEM_OVERHEAD_BYTES: u64 = 100;
/// An entry, an exit approach and an exit passage, each of which raised the item's revision.
const READS_OF_A_STAY: &str = "3";

/// The mean over the items with just the reads of one stay; `None` where there are none.
pub(crate) async fn stay_bytes(cloud: &Cloud) -> Result<Option<u64>> {
    let found = cloud.dynamodb().scan().table_name(PARKING).send().await?;
    let revision = |item: &HashMap<String, AttributeValue>| {
        item.get("rev")
            .and_then(|value| value.as_n().ok())
            .is_some_and(|revision| revision == READS_OF_A_STAY)
    };
    let sizes: Vec<u64> = found.items().iter().filter(|item| revision(item)).map(item_bytes).collect();
    let sum: u64 = sizes.iter().sum();
    Ok((!sizes.is_empty()).then(|| sum / sizes.len() as u64 + ITEM_OVERHEAD_BYTES))
}

fn item_bytes(item: &HashMap<String, AttributeValue>) -> u64 {
    item.iter().map(|(name, value)| name.len() as u64 + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> u64 {
    match value {
        AttributeValue::S(text) => text.len() as u64,
        AttributeValue::N(number) => {
            let digits = number.trim_start_matches('-').trim_matches('0').len() as u64;
            digits.div_ceil(2) + 1
        }
        AttributeValue::B(bytes) => bytes.as_ref().len() as u64,
        // A byte for each member beside what it holds.
        AttributeValue::M(members) => 3 + members.len() as u64 + item_bytes(members),
        AttributeValue::L(members) => 3 + members.iter().map(|member| 1 + value_bytes(member)).sum::<u64>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_as_dynamodb_counts_them() {
        let n = |text: &str| AttributeValue::N(text.into());
        assert_eq!(value_bytes(&n("1795132800000000")), 5, "trailing zeroes are trimmed");
        let read =
            HashMap::from([("t".to_owned(), n("-12")), ("l".to_owned(), AttributeValue::S("lane".into()))]);
        let item = HashMap::from([("o_1".to_owned(), AttributeValue::M(read))]);
        assert_eq!(item_bytes(&item), 3 + 3 + 2 + (1 + 2) + (1 + 4));
    }
}
