//! Statements in the Billing table, and the entries that were posted too late for theirs. An entry belongs to the draft
//! that took it from the transaction on that wrote the draft: no two statements can have it.

use aws_sdk_dynamodb::{
    error::SdkError,
    types::{Put, TransactWriteItem, Update},
};
use baro_domain::{
    EntryId, LotId,
    ledger::JournalEntry,
    settlement::{LateEntry, Statement, StatementStatus, is_late},
};
use jiff::{Timestamp, civil::Date};

use crate::{
    Billing, StoreError,
    billing::{Cancelled, STATUS, cancelled_by},
    item::{Item, PK, SK, all_items, doc, key, s, text, with_doc},
};

/// Sort keys of late entries start with this.
const LATE: &str = "LATE#";
/// The day whose statement has a late entry.
const TAKEN_BY: &str = "taken";

/// Answer to writing a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drafted {
    /// Written.
    Done,
    /// The statement is confirmed: nothing was changed.
    Confirmed,
    /// Another draft took one of the late entries: compute this one again.
    LostRace,
}

fn sort_key(day: Date) -> String {
    format!("STMT#{day}")
}

fn late_key(entry: &EntryId) -> String {
    format!("{LATE}{entry}")
}

/// What is written beside an entry of the journal that its day's statement may lack.
pub(crate) fn late_item(
    table: &str,
    entry: &JournalEntry,
    now: Timestamp,
) -> Result<Option<Put>, StoreError> {
    // What is no lot's business stands in no statement.
    let Some(lot) = entry.lot.as_ref().filter(|_| is_late(entry.day, now)) else { return Ok(None) };
    let item = with_doc(lot.as_str(), &late_key(&entry.id), entry)?;
    Ok(Some(Put::builder().table_name(table).set_item(Some(item)).build()?))
}

impl Billing {
    /// Writes a draft over an earlier draft, and makes the late entries among its lines its own; a confirmed statement is
    /// never touched.
    pub async fn put_draft(&self, statement: &Statement) -> Result<Drafted, StoreError> {
        if statement.status != StatementStatus::Draft {
            return Err(StoreError::Refused("put_draft takes drafts only"));
        }
        let mut item = with_doc(statement.lot.as_str(), &sort_key(statement.day), statement)?;
        item.insert(STATUS.to_owned(), s("draft"));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #status = :draft")
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_values(":draft", s("draft"))
            .build()?;
        let mut items = vec![TransactWriteItem::builder().put(put).build()];
        for line in statement.lines.iter().filter(|line| line.adjusts.is_some()) {
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(key(statement.lot.as_str(), &late_key(&line.entry))))
                .update_expression("SET #taken = :day")
                .condition_expression(
                    "attribute_exists(pk) AND (attribute_not_exists(#taken) OR #taken = :day)",
                )
                .expression_attribute_names("#taken", TAKEN_BY)
                .expression_attribute_values(":day", s(statement.day.to_string()))
                .build()?;
            items.push(TransactWriteItem::builder().update(update).build());
        }
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Drafted::Done),
            Err(error) => match cancelled_by(error)? {
                Cancelled::Conflict => Ok(Drafted::LostRace),
                Cancelled::Condition(reasons) => {
                    let confirmed = reasons.first().and_then(|reason| reason.code());
                    Ok(if confirmed == Some("ConditionalCheckFailed") {
                        Drafted::Confirmed
                    } else {
                        Drafted::LostRace
                    })
                }
            },
        }
    }

    /// The statement of a lot for a day.
    pub async fn statement(&self, lot: &LotId, day: Date) -> Result<Option<Statement>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), &sort_key(day))))
            .consistent_read(true)
            .send()
            .await?;
        output.item.map(|item| doc("statement", &item)).transpose()
    }

    /// The lot's entries that were posted late and are not known to be settled.
    pub async fn late_entries(&self, lot: &LotId) -> Result<Vec<LateEntry>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :lot AND begins_with(#sk, :late)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":lot", s(lot.as_str()))
            .expression_attribute_values(":late", s(LATE));
        let late = |item: &Item| {
            let taken_by = text(item, TAKEN_BY).and_then(|day| day.parse().ok());
            Ok(LateEntry { entry: doc("late entry", item)?, taken_by })
        };
        all_items(&request).await?.iter().map(late).collect()
    }

    /// Forgets late entries that are in a confirmed statement.
    pub async fn forget_late(&self, lot: &LotId, settled: &[EntryId]) -> Result<(), StoreError> {
        for entry in settled {
            let sent = self
                .client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(key(lot.as_str(), &late_key(entry))))
                .send()
                .await;
            sent.map_err(|error: SdkError<_, _>| StoreError::from(error))?;
        }
        Ok(())
    }
}
