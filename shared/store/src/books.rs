//! The books by month in the Billing table: the trial balances of closed months, and under each month the entries that stand in
//! it though their day is of an earlier one.

use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::Put};
use baro_domain::{
    books::{Month, TrialBalance, is_late, month_of},
    ledger::JournalEntry,
};

use crate::{
    Billing, StoreError,
    directory::unless_changed,
    item::{PK, SK, all_docs, doc, key, s, with_doc},
};

/// Partition of the trial balances.
const BOOKS: &str = "BOOKS";

fn balance_key(month: Month) -> String {
    format!("MONTH#{month}")
}

fn late_partition(month: Month) -> String {
    format!("JL#{month}")
}

/// What is written beside an entry that the reader of its month would not find under that month's days.
pub(crate) fn late_month_item(table: &str, entry: &JournalEntry) -> Result<Option<Put>, StoreError> {
    if !is_late(entry) {
        return Ok(None);
    }
    let sort_key = format!("{}#{}", entry.day, entry.id);
    let item = with_doc(&late_partition(month_of(entry)), &sort_key, entry)?;
    Ok(Some(Put::builder().table_name(table).set_item(Some(item)).build()?))
}

impl Billing {
    /// The entries of earlier months' days that stand in this month's books, by day.
    pub async fn late_entries_of_month(&self, month: Month) -> Result<Vec<JournalEntry>, StoreError> {
        all_docs("journal entry", &self.partition(late_partition(month))).await
    }

    /// The newest trial balance of a month before this one.
    pub async fn last_trial_balance_before(&self, month: Month) -> Result<Option<TrialBalance>, StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(1)
            .key_condition_expression("#pk = :books AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":books", s(BOOKS))
            .expression_attribute_values(":first", s("MONTH#"))
            .expression_attribute_values(":last", s(balance_key(month.previous())))
            .send()
            .await?;
        output.items().first().map(|item| doc("trial balance", item)).transpose()
    }

    /// The trial balance of a closed month.
    pub async fn trial_balance(&self, month: Month) -> Result<Option<TrialBalance>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(BOOKS, &balance_key(month))))
            .consistent_read(true)
            .send()
            .await?;
        output.item.map(|item| doc("trial balance", &item)).transpose()
    }

    /// Closes a month. One that is closed stays as it is: `false`.
    pub async fn close_month(&self, balance: &TrialBalance) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(with_doc(BOOKS, &balance_key(balance.month), balance)?))
            .condition_expression("attribute_not_exists(pk)");
        unless_changed(put.send().await, PutItemError::is_conditional_check_failed_exception)
    }
}
