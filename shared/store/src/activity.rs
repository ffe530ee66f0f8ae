//! The Activity table: how many cars are in a lot, and what became of each notice. Nothing here is money.

use aws_sdk_dynamodb::{
    Client, error::SdkError, operation::update_item::UpdateItemError,
    types::ReturnValuesOnConditionCheckFailure,
};
use baro_domain::{LotId, NoticeId, notice::Attempt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    StoreError,
    directory::batch_get,
    item::{Item, PK, REV, TTL, doc, expiry, key, n, number, s, text, with_doc},
};

const OCCUPANCY: &str = "OCCUPANCY";
const NOTICE: &str = "NOTICE";
const OCCUPIED: &str = "occupied";
const SEQUENCE: &str = "seq";
/// Deliveries are remembered this long: longer than any message can come back.
const NOTICE_RETENTION_DAYS: i64 = 30;

/// A change of a lot's number of cars, as the stream tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccupancyChange {
    /// Sequence number of the stream's record: changes of one lot come in its order.
    pub sequence: String,
    /// −1, 0 or 1 for each record.
    pub delta: i32,
}

/// What became of a notice so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// Tries, oldest first.
    pub attempts: Vec<Attempt>,
    /// Revision, 0 when there is no item yet.
    #[serde(skip)]
    pub revision: i64,
}

/// The Activity table.
#[derive(Debug, Clone)]
pub struct Activity {
    client: Client,
    table: String,
}

/// Sequence numbers are decimal and up to 40 digits long: padded, they compare as text.
fn padded(sequence: &str) -> String {
    format!("{sequence:0>48}")
}

impl Activity {
    /// On this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Counts changes of one lot, each once: those at or before the newest counted sequence number are passed over, so
    /// that a batch which is delivered again, whole or in part, changes nothing twice. One request for the batch.
    pub async fn count_occupancy(&self, lot: &LotId, changes: &[OccupancyChange]) -> Result<(), StoreError> {
        let mut counted = String::new();
        loop {
            let fresh = || changes.iter().filter(|change| padded(&change.sequence) > counted);
            let Some(newest) = fresh().map(|change| padded(&change.sequence)).max() else { return Ok(()) };
            let delta: i32 = fresh().map(|change| change.delta).sum();
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key(lot.as_str(), OCCUPANCY)))
                .update_expression("SET #seq = :seq ADD #occupied :delta")
                // The first of the fresh ones must be beyond what is counted, or the sum is not the right one.
                .condition_expression("attribute_not_exists(#seq) OR #seq = :counted OR #seq < :oldest")
                .expression_attribute_names("#seq", SEQUENCE)
                .expression_attribute_names("#occupied", OCCUPIED)
                .expression_attribute_values(":seq", s(&newest))
                .expression_attribute_values(":counted", s(&counted))
                .expression_attribute_values(
                    ":oldest",
                    s(fresh().map(|c| padded(&c.sequence)).min().unwrap_or_default()),
                )
                .expression_attribute_values(":delta", n(delta))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match sent {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let item = failed_condition(error)?;
                    text(&item, SEQUENCE).unwrap_or_default().clone_into(&mut counted);
                }
            }
        }
    }

    /// Cars in these lots (at most 100), where any was ever counted. Never negative.
    pub async fn occupancies(&self, lots: &[LotId]) -> Result<Vec<(LotId, u32)>, StoreError> {
        let keys = lots.iter().map(|lot| key(lot.as_str(), OCCUPANCY)).collect();
        let items = batch_get(&self.client, &self.table, keys).await?;
        Ok(items
            .iter()
            .filter_map(|item| {
                let occupied = number(item, OCCUPIED)?.max(0);
                Some((LotId::parse(text(item, PK)?).ok()?, u32::try_from(occupied).ok()?))
            })
            .collect())
    }

    /// What became of a notice so far.
    pub async fn notice(&self, id: &NoticeId) -> Result<NoticeRecord, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(id.as_str(), NOTICE)))
            .consistent_read(true)
            .send()
            .await?;
        output.item.map_or_else(|| Ok(NoticeRecord::default()), |item| notice_of(&item))
    }

    /// Writes the next attempts over the record read before. `Err(record)` inside is the record as it is now, when
    /// another delivery of the same notice was faster.
    pub async fn put_attempts(
        &self,
        id: &NoticeId,
        record: &NoticeRecord,
        now: Timestamp,
    ) -> Result<Result<NoticeRecord, NoticeRecord>, StoreError> {
        let revision = record.revision + 1;
        let mut item = with_doc(id.as_str(), NOTICE, record)?;
        item.insert(REV.to_owned(), n(revision));
        item.insert(TTL.to_owned(), expiry(now, NOTICE_RETENTION_DAYS));
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) AND :rev = :zero OR #rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(record.revision))
            .expression_attribute_values(":zero", n(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Ok(NoticeRecord { attempts: record.attempts.clone(), revision })),
            Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
                match context.into_err() {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                        failed,
                    ) => Ok(Err(notice_of(&failed.item.unwrap_or_default())?)),
                    other => Err(StoreError::corrupt("notice", other)),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn notice_of(item: &Item) -> Result<NoticeRecord, StoreError> {
    let mut record: NoticeRecord = doc("notice", item)?;
    record.revision = number(item, REV).unwrap_or(0);
    Ok(record)
}

fn failed_condition<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<UpdateItemError, R>,
) -> Result<Item, StoreError> {
    match error {
        SdkError::ServiceError(context) if context.err().is_conditional_check_failed_exception() => {
            match context.into_err() {
                UpdateItemError::ConditionalCheckFailedException(failed) => {
                    Ok(failed.item.unwrap_or_default())
                }
                other => Err(StoreError::corrupt("occupancy", other)),
            }
        }
        other => Err(other.into()),
    }
}
