//! The Activity table: how full lots are ([`crate::occupancy`]), and what became of each notice. Nothing here is money.

use aws_sdk_dynamodb::{Client, error::SdkError, types::ReturnValuesOnConditionCheckFailure};
use baro_domain::{NoticeId, notice::Attempt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    StoreError,
    item::{Item, REV, TTL, doc, expiry, key, n, number, with_doc},
};

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
