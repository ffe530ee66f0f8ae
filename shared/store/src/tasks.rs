//! Tasks of a lot's operator, in the Activity table, and their ends: the task and the facts that follow from a person's
//! verdict change in one transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    operation::{
        put_item::PutItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError,
    },
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use baro_domain::{
    GateObservation, LotId, PlateNumber, TaskId,
    task::{Outcome, Task},
    visit::Ruling,
};
use jiff::Timestamp;

use crate::{
    Activity, StoreError,
    directory::unless_changed,
    facts::{self, plate_key, read_name, read_value},
    item::{Item, REV, SK, TTL, all_of_index, doc, expiry, key, n, s, text, with_doc},
    parking::FACT_RETENTION_DAYS,
    schema::TASKS_INDEX,
};

const TASK: &str = "TASK#";
const OUTCOME: &str = "outcome";
/// Tasks of a page, at most.
const MAX_TASK_PAGE: i32 = 50;

/// A task with its end, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledTask {
    /// The task.
    pub task: Task,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// What a verdict adds to the facts of one plate.
#[derive(Debug, Clone)]
pub struct FileEntry {
    /// Whose facts.
    pub plate: PlateNumber,
    /// Rulings.
    pub rulings: Vec<Ruling>,
    /// A read that is filed here too.
    pub read: Option<GateObservation>,
}

/// Whether a verdict was the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was, and everything is written.
    Done,
    /// The task had ended before; nothing was written.
    Before(Box<FiledTask>),
}

/// Tasks. Who only opens and explains them needs no Parking table.
#[derive(Debug, Clone)]
pub struct Tasks {
    client: Client,
    activity: String,
    parking: String,
}

fn task_key(lot: &LotId, id: &TaskId) -> Item {
    key(lot.as_str(), &format!("{TASK}{id}"))
}

fn filed(item: &Item) -> Result<FiledTask, StoreError> {
    let outcome = text(item, OUTCOME).map(serde_json::from_str).transpose();
    let outcome = outcome.map_err(|error| StoreError::corrupt("task", error))?;
    Ok(FiledTask { task: doc("task", item)?, outcome })
}

fn outcome_value(outcome: &Outcome) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(outcome).map(s).map_err(|error| StoreError::corrupt("task", error))
}

/// A task that waits for a person, as it lies in the table.
pub(crate) fn open_item(task: &Task, now: Timestamp) -> Result<Item, StoreError> {
    let mut item = with_doc(task.lot.as_str(), &format!("{TASK}{}", task.id), task)?;
    item.insert(TASKS_INDEX.hash.to_owned(), s(task.lot.as_str()));
    item.insert(TTL.to_owned(), expiry(now, FACT_RETENTION_DAYS));
    Ok(item)
}

impl Activity {
    /// Takes a task off the desk that is explained; `false` when none lay there.
    pub async fn explain_task(&self, lot: &LotId, id: &TaskId, now: Timestamp) -> Result<bool, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(task_key(lot, id)))
            .condition_expression("attribute_exists(#open)")
            .update_expression("SET #outcome = :outcome REMOVE #open")
            .expression_attribute_names("#open", TASKS_INDEX.hash)
            .expression_attribute_names("#outcome", OUTCOME)
            .expression_attribute_values(":outcome", outcome_value(&Outcome::Explained { at: now })?)
            .send()
            .await;
        unless_changed(sent, UpdateItemError::is_conditional_check_failed_exception)
    }
}

impl Tasks {
    /// On these tables.
    pub fn new(client: Client, activity: impl Into<String>, parking: impl Into<String>) -> Self {
        Self { client, activity: activity.into(), parking: parking.into() }
    }

    /// Puts a task on the desk; `false` when it was there before, whatever became of it.
    pub async fn open(&self, task: &Task, now: Timestamp) -> Result<bool, StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.activity)
            .set_item(Some(open_item(task, now)?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        unless_changed(sent, PutItemError::is_conditional_check_failed_exception)
    }

    /// Takes a task off the desk that facts explain; `false` when none lay there.
    pub async fn explain(&self, lot: &LotId, id: &TaskId, now: Timestamp) -> Result<bool, StoreError> {
        Activity::new(self.client.clone(), &self.activity).explain_task(lot, id, now).await
    }

    /// A task.
    pub async fn task(&self, lot: &LotId, id: &TaskId) -> Result<Option<FiledTask>, StoreError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.activity)
            .set_key(Some(task_key(lot, id)))
            .consistent_read(true)
            .send()
            .await?;
        read.item.as_ref().map(filed).transpose()
    }

    /// Tasks that wait for a person, oldest first; with the last one's id, those after it.
    pub async fn open_tasks(
        &self,
        lot: &LotId,
        after: Option<&TaskId>,
    ) -> Result<(Vec<FiledTask>, Option<TaskId>), StoreError> {
        let start = after.map(|id| {
            let mut start = task_key(lot, id);
            start.insert(TASKS_INDEX.hash.to_owned(), s(lot.as_str()));
            start
        });
        let page = self
            .client
            .query()
            .table_name(&self.activity)
            .index_name(TASKS_INDEX.name)
            .key_condition_expression("#open = :lot")
            .expression_attribute_names("#open", TASKS_INDEX.hash)
            .expression_attribute_values(":lot", s(lot.as_str()))
            .limit(MAX_TASK_PAGE)
            .set_exclusive_start_key(start)
            .send()
            .await?;
        paged(&page.items.unwrap_or_default(), page.last_evaluated_key.as_ref())
    }

    /// All tasks that wait for a person, of every lot. Read from the sparse index alone: it costs by the tasks that wait now.
    pub async fn open_everywhere(&self) -> Result<Vec<Task>, StoreError> {
        let items = all_of_index(&self.client, &self.activity, TASKS_INDEX.name).await?;
        items.iter().map(|item| doc("task", item)).collect()
    }

    /// All tasks of the last months, newest first; with the last one's id, those before it.
    pub async fn all_tasks(
        &self,
        lot: &LotId,
        before: Option<&TaskId>,
    ) -> Result<(Vec<FiledTask>, Option<TaskId>), StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.activity)
            .key_condition_expression("pk = :lot AND begins_with(sk, :task)")
            .expression_attribute_values(":lot", s(lot.as_str()))
            .expression_attribute_values(":task", s(TASK))
            .scan_index_forward(false)
            .limit(MAX_TASK_PAGE)
            .set_exclusive_start_key(before.map(|id| task_key(lot, id)))
            .send()
            .await?;
        paged(&page.items.unwrap_or_default(), page.last_evaluated_key.as_ref())
    }

    /// Ends a task and writes what follows, all or nothing. A repeated call finds the task ended.
    pub async fn end(
        &self,
        task: &Task,
        outcome: &Outcome,
        entries: &[FileEntry],
        now: Timestamp,
    ) -> Result<Ended, StoreError> {
        let mut writes = vec![TransactWriteItem::builder().update(self.ending(task, outcome)?).build()];
        for entry in entries {
            let update = self.filing(&task.lot, entry, now)?;
            writes.push(TransactWriteItem::builder().update(update).build());
        }
        for attempt in 0..crate::MAX_CONFLICT_RETRIES {
            let request = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.send().await else { return Ok(Ended::Done) };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons().to_vec()
                }
                _ => return Err(error.into()),
            };
            let has = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
            if has("ConditionalCheckFailed") {
                let item = reasons.first().and_then(|reason| reason.item.as_ref());
                let item = item.ok_or(StoreError::Refused("the task is gone"))?;
                return Ok(Ended::Before(Box::new(filed(item)?)));
            }
            if !has("TransactionConflict") {
                return Err(error.into());
            }
            tokio::time::sleep(std::time::Duration::from_millis(25 << attempt)).await;
        }
        Err(StoreError::Contended(crate::MAX_CONFLICT_RETRIES))
    }

    fn ending(&self, task: &Task, outcome: &Outcome) -> Result<Update, StoreError> {
        Ok(Update::builder()
            .table_name(&self.activity)
            .set_key(Some(task_key(&task.lot, &task.id)))
            .condition_expression("attribute_exists(#open)")
            .update_expression("SET #outcome = :outcome REMOVE #open")
            .expression_attribute_names("#open", TASKS_INDEX.hash)
            .expression_attribute_names("#outcome", OUTCOME)
            .expression_attribute_values(":outcome", outcome_value(outcome)?)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?)
    }

    /// Adds facts, each under its own name; what is there already stays.
    fn filing(&self, lot: &LotId, entry: &FileEntry, now: Timestamp) -> Result<Update, StoreError> {
        let mut facts: HashMap<String, AttributeValue> = HashMap::new();
        for ruling in &entry.rulings {
            facts.insert(facts::ruled_name(&ruling.id), facts::ruled_value(ruling)?);
        }
        if let Some(read) = &entry.read {
            facts.insert(read_name(&read.event_id), read_value(read, &entry.plate, None));
        }
        let mut update = Update::builder()
            .table_name(&self.parking)
            .set_key(Some(key(lot.as_str(), &plate_key(&entry.plate))))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":ttl", expiry(now, FACT_RETENTION_DAYS))
            .expression_attribute_values(":one", n(1));
        let mut sets = vec!["#ttl = :ttl".to_owned()];
        for (index, (name, value)) in facts.into_iter().enumerate() {
            sets.push(format!("#f{index} = if_not_exists(#f{index}, :f{index})"));
            update = update
                .expression_attribute_names(format!("#f{index}"), name)
                .expression_attribute_values(format!(":f{index}"), value);
        }
        Ok(update.update_expression(format!("SET {} ADD #rev :one", sets.join(", "))).build()?)
    }
}

fn paged(items: &[Item], last: Option<&Item>) -> Result<(Vec<FiledTask>, Option<TaskId>), StoreError> {
    let tasks = items.iter().map(filed).collect::<Result<_, _>>()?;
    let next = last.and_then(|item| TaskId::parse(text(item, SK)?.strip_prefix(TASK)?).ok());
    Ok((tasks, next))
}
