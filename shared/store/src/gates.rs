//! Gates in the Directory table: what an operator configured and, beside it in the same item, what is known of their
//! clocks. The two are written by different hands and read at once.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use baro_domain::{Gate, GateId, health::ClockCorrections};

use crate::{
    Directory, StoreError,
    directory::unless_changed,
    item::{DOC, doc, key, s, text},
};

const GATE: &str = "GATE";
const CLOCKS: &str = "clocks";

/// A gate and what is known of its clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRecord {
    /// Gate.
    pub gate: Gate,
    /// What its lanes' times are corrected by.
    pub clocks: ClockCorrections,
}

impl Directory {
    /// A gate.
    pub async fn gate(&self, id: &GateId) -> Result<Option<GateRecord>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(id.as_str(), GATE)));
        let Some(item) = get.send().await?.item else { return Ok(None) };
        let clocks = text(&item, CLOCKS).map(serde_json::from_str).transpose();
        let clocks = clocks.map_err(|error| StoreError::corrupt("clocks", error))?.unwrap_or_default();
        Ok(Some(GateRecord { gate: doc("gate", &item)?, clocks }))
    }

    /// Writes a gate; an existing one is replaced, and what is known of its clocks stays.
    pub async fn put_gate(&self, gate: &Gate) -> Result<(), StoreError> {
        let json = serde_json::to_string(gate).map_err(|error| StoreError::corrupt("gate", error))?;
        self.set_of_gate(&gate.id, DOC, json, None).await.map(drop)
    }

    /// Writes what a gate's times are corrected by. Answers whether there is such a gate.
    pub async fn put_clocks(&self, id: &GateId, clocks: &ClockCorrections) -> Result<bool, StoreError> {
        let json = serde_json::to_string(clocks).map_err(|error| StoreError::corrupt("clocks", error))?;
        self.set_of_gate(id, CLOCKS, json, Some("attribute_exists(pk)")).await
    }

    async fn set_of_gate(
        &self,
        id: &GateId,
        name: &str,
        json: String,
        condition: Option<&str>,
    ) -> Result<bool, StoreError> {
        let set = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(id.as_str(), GATE)))
            .update_expression("SET #name = :json")
            .set_condition_expression(condition.map(str::to_owned))
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":json", s(json));
        unless_changed(set.send().await, UpdateItemError::is_conditional_check_failed_exception)
    }
}
