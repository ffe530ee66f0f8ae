//! How the gates do, in the Activity table: what each writer counted in an hour, and what is made of it.
//!
//! A tally belongs to one writer (a sandbox of a function) and is written whole, over its own older state: a repetition
//! changes nothing, no two writers meet, and the hour is the sum over its writers. Gates of a lot share a shard, so that
//! all of them are read with a few queries and those of a lot with one.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{
        put_item::{PutItemError, builders::PutItemInputBuilder},
        transact_write_items::TransactWriteItemsError,
    },
    types::{Put, TransactWriteItem},
};
use baro_domain::{
    GateId, LotId,
    health::{GateHealth, GateTally},
    task::Task,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Activity, StoreError,
    item::{Item, PK, REV, SK, TTL, all_items, doc, expiry, key, number, s, shard_of, text, with_doc},
    tasks::open_item,
};

/// Gates are spread over so many partitions: 1,000 writes a second each, at one write a minute and gate.
const SHARDS: u8 = 4;
/// A day's tallies are shown; a day more is for whoever looks into yesterday.
const TALLY_RETENTION_DAYS: i64 = 3;
/// A gate that nobody hears from is forgotten after this.
const HEALTH_RETENTION_DAYS: i64 = 60;

/// What the gates reported in an hour, over all writers.
pub type GateTallies = BTreeMap<(LotId, GateId), GateTally>;

/// What one writer counted of one gate in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyWrite {
    /// Lot.
    pub lot: LotId,
    /// Gate.
    pub gate: GateId,
    /// Start of the hour.
    pub hour: Timestamp,
    /// All of it so far.
    pub tally: GateTally,
}

/// A gate as it is known, and the revision to write over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHealth {
    /// The gate.
    pub health: GateHealth,
    /// 0 when it was never written.
    pub revision: i64,
}

fn tally_key(hour: Timestamp, shard: u8) -> String {
    format!("GATEHOUR#{}#{shard}", hour.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H"))
}

fn health_key(shard: u8) -> String {
    format!("GATES#{shard}")
}

fn place(lot: &LotId, gate: &GateId) -> String {
    format!("{lot}#{gate}")
}

/// Lot and gate out of a sort key.
fn parts(item: &Item) -> Option<(LotId, GateId)> {
    let mut parts = text(item, SK)?.split('#');
    Some((LotId::parse(parts.next()?).ok()?, GateId::parse(parts.next()?).ok()?))
}

fn summed(items: &[Item]) -> Result<GateTallies, StoreError> {
    let mut sums = GateTallies::new();
    for item in items {
        let gate = parts(item).ok_or_else(|| StoreError::corrupt("gate tally", "no gate"))?;
        sums.entry(gate).or_default().merge(&doc("gate tally", item)?);
    }
    Ok(sums)
}

fn known(item: &Item) -> Result<KnownHealth, StoreError> {
    Ok(KnownHealth { health: doc("gate health", item)?, revision: number(item, REV).unwrap_or(0) })
}

impl Activity {
    /// Writes what `writer` counted of a gate in an hour, over what it wrote before.
    pub async fn put_tally(
        &self,
        writer: &str,
        write: &TallyWrite,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sk = format!("{}#{writer}", place(&write.lot, &write.gate));
        let mut item = with_doc(&tally_key(write.hour, shard_of(&write.lot, SHARDS)), &sk, &write.tally)?;
        item.insert(TTL.to_owned(), expiry(now, TALLY_RETENTION_DAYS));
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// What all gates reported in an hour.
    pub async fn tallies(&self, hour: Timestamp) -> Result<GateTallies, StoreError> {
        let pages = (0..SHARDS).map(|shard| self.partition(tally_key(hour, shard), None));
        summed(&futures::future::try_join_all(pages).await?.concat())
    }

    /// What the gates of a lot reported in an hour.
    pub async fn tallies_of(&self, lot: &LotId, hour: Timestamp) -> Result<GateTallies, StoreError> {
        summed(&self.partition(tally_key(hour, shard_of(lot, SHARDS)), Some(lot)).await?)
    }

    /// All gates that ever reported, as they are known.
    pub async fn gate_healths(&self) -> Result<Vec<KnownHealth>, StoreError> {
        let pages = (0..SHARDS).map(|shard| self.partition(health_key(shard), None));
        futures::future::try_join_all(pages).await?.concat().iter().map(known).collect()
    }

    /// Those of a lot.
    pub async fn gate_healths_of(&self, lot: &LotId) -> Result<Vec<KnownHealth>, StoreError> {
        self.partition(health_key(shard_of(lot, SHARDS)), Some(lot)).await?.iter().map(known).collect()
    }

    /// Writes a gate over the revision that was read, and with it what its news brings to the desk: both or neither, so
    /// that a silence makes one task. Answers whether it was done; `false` means that another run was faster.
    pub async fn put_gate_health(
        &self,
        known: &KnownHealth,
        tasks: &[Task],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let health = &known.health;
        let sk = place(&health.lot, &health.gate);
        let mut item = with_doc(&health_key(shard_of(&health.lot, SHARDS)), &sk, health)?;
        item.insert(TTL.to_owned(), expiry(now, HEALTH_RETENTION_DAYS));
        let put = self.put_over(item, known.revision);
        if !tasks.is_empty() {
            return self.put_with_tasks(put.as_input().clone(), tasks, now).await;
        }
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(context)) if lost_race(context.err()) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn put_with_tasks(
        &self,
        health: PutItemInputBuilder,
        tasks: &[Task],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let health = Put::builder()
            .set_table_name(health.get_table_name().clone())
            .set_item(health.get_item().clone())
            .set_condition_expression(health.get_condition_expression().clone())
            .set_expression_attribute_names(health.get_expression_attribute_names().clone())
            .set_expression_attribute_values(health.get_expression_attribute_values().clone())
            .build()?;
        let mut writes = vec![TransactWriteItem::builder().put(health).build()];
        for task in tasks {
            let put = Put::builder().table_name(&self.table).set_item(Some(open_item(task, now)?)).build()?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match sent {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(context)) if lost_race_of_many(context.err()) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets a gate that is no more.
    pub async fn forget_gate(&self, lot: &LotId, gate: &GateId) -> Result<(), StoreError> {
        let key = key(&health_key(shard_of(lot, SHARDS)), &place(lot, gate));
        self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await?;
        Ok(())
    }

    /// All items of a partition, or those of one lot in it.
    async fn partition(&self, pk: String, lot: Option<&LotId>) -> Result<Vec<Item>, StoreError> {
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(match lot {
                Some(_) => "#pk = :pk AND begins_with(#sk, :lot)",
                None => "#pk = :pk",
            })
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", s(pk));
        if let Some(lot) = lot {
            request = request
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":lot", s(format!("{lot}#")));
        }
        all_items(&request).await
    }
}

fn lost_race_of_many(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

fn lost_race(error: &PutItemError) -> bool {
    error.is_conditional_check_failed_exception()
}
