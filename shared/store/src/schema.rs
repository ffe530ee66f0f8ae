//! The tables as data. A test compares them with `template.yaml`; tests and the bench create them from here.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    },
};

use crate::StoreError;

/// A global secondary index. Both keys are strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Name.
    pub name: &'static str,
    /// Partition key.
    pub hash: &'static str,
    /// Sort key.
    pub range: &'static str,
    /// `KEYS_ONLY` or `ALL`.
    pub projection: &'static str,
}

/// A table. Its keys are `pk` and `sk`, both strings; it is billed on demand and has a TTL attribute `ttl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// The name of its resource in the template, and of the context it belongs to.
    pub logical_name: &'static str,
    /// Whether changes are streamed, with old and new images.
    pub streamed: bool,
    /// Indexes.
    pub indexes: &'static [Index],
}

/// The sparse index of plates that are in a lot now.
pub const OPEN_INDEX: Index =
    Index { name: "open", hash: "open_lot", range: "open_since", projection: "KEYS_ONLY" };
/// Lots by cell of the map.
pub const NEAR_INDEX: Index = Index { name: "near", hash: "cell", range: "pk", projection: "ALL" };

/// The sparse index of an operator's tasks that wait for a person.
pub const TASKS_INDEX: Index = Index { name: "tasks", hash: "open_lot", range: "sk", projection: "ALL" };

/// The sparse index of what a lot is still owed, oldest first.
pub const OWED_INDEX: Index =
    Index { name: "owed", hash: "owed_lot", range: "owed_since", projection: "ALL" };
/// The sparse index of what a plate owes at an operator's lots.
pub const OWING_INDEX: Index =
    Index { name: "owing", hash: "owed_plate", range: "owed_since", projection: "ALL" };

/// Facts of visits.
pub const PARKING: Table = Table { logical_name: "ParkingTable", streamed: true, indexes: &[OPEN_INDEX] };
/// Payments, journal, statements, receivables.
pub const BILLING: Table =
    Table { logical_name: "BillingTable", streamed: true, indexes: &[OWED_INDEX, OWING_INDEX] };
/// Lots, gates, contacts.
pub const DIRECTORY: Table =
    Table { logical_name: "DirectoryTable", streamed: false, indexes: &[NEAR_INDEX] };
/// Occupancy, deliveries, tasks.
pub const ACTIVITY: Table = Table { logical_name: "ActivityTable", streamed: false, indexes: &[TASKS_INDEX] };

/// All tables.
pub const TABLES: [Table; 4] = [PARKING, BILLING, DIRECTORY, ACTIVITY];

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, StoreError> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

fn string(name: &str) -> Result<AttributeDefinition, StoreError> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?)
}

/// Creates `table` under `name`: for tests and the bench; deployments take the template.
pub async fn create(client: &Client, table: &Table, name: &str) -> Result<(), StoreError> {
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?)
        .attribute_definitions(string("pk")?)
        .attribute_definitions(string("sk")?);
    // Two indexes may share an attribute, which is to be defined once.
    let own = table.indexes.iter().flat_map(|index| [index.hash, index.range]);
    let own: BTreeSet<&str> = own.filter(|attribute| *attribute != "pk" && *attribute != "sk").collect();
    for attribute in own {
        request = request.attribute_definitions(string(attribute)?);
    }
    for index in table.indexes {
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .key_schema(key(index.hash, KeyType::Hash)?)
                .key_schema(key(index.range, KeyType::Range)?)
                .projection(
                    Projection::builder().projection_type(ProjectionType::from(index.projection)).build(),
                )
                .build()?,
        );
    }
    if table.streamed {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()?;
        request = request.stream_specification(stream);
    }
    request.send().await?;
    Ok(())
}
