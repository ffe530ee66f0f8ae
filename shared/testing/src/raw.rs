//! Items put down or changed past the store, and the stream's records of a table: what a test of a consumer needs.

use aws_sdk_dynamodb::types::{AttributeAction, AttributeValue, AttributeValueUpdate};
use baro_domain::ledger::JournalEntry;
use baro_store::Committed;

use crate::{Cloud, fixtures};

impl Cloud {
    /// Posts an entry through the store, with a payment of its own to carry it.
    pub async fn put_entry(&self, entry: &JournalEntry) {
        let payment = fixtures::payment(&entry.payment);
        self.billing().create(&payment).await.unwrap();
        let entries = std::slice::from_ref(entry);
        let done = self.billing().commit(&payment, 1, entries, None, entry.occurred_at).await.unwrap();
        assert_eq!(done, Committed::Done);
    }

    /// Sets one text attribute of an item.
    pub async fn set_attribute(&self, table: &str, pk: &str, sk: &str, name: &str, value: &str) {
        let update = AttributeValueUpdate::builder()
            .value(AttributeValue::S(value.to_owned()))
            .action(AttributeAction::Put)
            .build();
        self.dynamodb()
            .update_item()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .attribute_updates(name, update)
            .send()
            .await
            .unwrap();
    }

    /// How many reads are kept of a plate, archived ones too.
    pub async fn reads_on_file(&self, lot: &str, plate: &str) -> usize {
        let output = self
            .dynamodb()
            .query()
            .table_name(crate::PARKING)
            .key_condition_expression("pk = :lot")
            .expression_attribute_values(":lot", AttributeValue::S(lot.to_owned()))
            .send()
            .await
            .unwrap();
        let (own, archived) = (format!("P#{plate}"), format!("A#{plate}#"));
        let of_plate = |key: &String| *key == own || key.starts_with(&archived);
        let items = output.items.unwrap_or_default().into_iter();
        let of_plate =
            items.filter(|item| item.get("sk").and_then(|key| key.as_s().ok()).is_some_and(of_plate));
        of_plate.map(|item| item.keys().filter(|name| name.starts_with("o_")).count()).sum()
    }

    /// An item as a stream's image has it.
    pub async fn image(&self, table: &str, pk: &str, sk: &str) -> serde_dynamo::Item {
        let output = self
            .dynamodb()
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .send()
            .await
            .unwrap();
        let item = output.item.unwrap_or_default();
        let convert =
            |(name, value): (String, AttributeValue)| (name, serde_dynamo::AttributeValue::from(value));
        item.into_iter().map(convert).collect::<std::collections::HashMap<_, _>>().into()
    }
}
