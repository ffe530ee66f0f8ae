//! The Activity table: how full lots are ([`crate::occupancy`]), how the gates do ([`crate::health`]), what became of each notice and of each
//! command to a controller. Nothing here is money.

mod commands;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::{PutItemError, builders::PutItemFluentBuilder},
    types::ReturnValuesOnConditionCheckFailure,
};
use baro_domain::{NoticeId, notice::Attempt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    StoreError,
    item::{Item, REV, TTL, doc, expiry, key, n, number, with_doc},
};

pub use commands::CommandRecord;

const NOTICE: &str = "NOTICE";
/// Deliveries are remembered this long: longer than any message can come back.
const NOTICE_RETENTION_DAYS: i64 = 30;

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
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl Activity {
    /// On this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// A write of the next revision, on condition that `revision` is still there (0: nothing is).
    pub(crate) fn put_over(&self, mut item: Item, revision: i64) -> PutItemFluentBuilder {
        item.insert(REV.to_owned(), n(revision + 1));
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) AND :rev = :zero OR #rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(revision))
            .expression_attribute_values(":zero", n(0))
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
        item.insert(TTL.to_owned(), expiry(now, NOTICE_RETENTION_DAYS));
        match conditional_put("notice", self.put_over(item, record.revision)).await? {
            None => Ok(Ok(NoticeRecord { attempts: record.attempts.clone(), revision })),
            Some(standing) => Ok(Err(notice_of(&standing)?)),
        }
    }
}

/// Writes an item under its condition; answers with what stands there when the condition fails.
async fn conditional_put(kind: &'static str, put: PutItemFluentBuilder) -> Result<Option<Item>, StoreError> {
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match put.send().await {
        Ok(_) => Ok(None),
        Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
            match context.into_err() {
                PutItemError::ConditionalCheckFailedException(failed) => {
                    Ok(Some(failed.item.unwrap_or_default()))
                }
                other => Err(StoreError::corrupt(kind, other)),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn notice_of(item: &Item) -> Result<NoticeRecord, StoreError> {
    let mut record: NoticeRecord = doc("notice", item)?;
    record.revision = number(item, REV).unwrap_or(0);
    Ok(record)
}
