//! Commands to controllers: how far each has come, by lot, for the consumer and for the operator.

use baro_domain::{
    CommandId, LotId,
    command::{Action, Command, Progress, Status},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Activity, conditional_put};
use crate::{
    StoreError,
    item::{Item, REV, TTL, doc, expiry, n, number, s, with_doc},
};

/// Sort keys of commands start with this.
const COMMAND: &str = "CMD#";
/// The command's own revision, for the condition.
const VERSION: &str = "ver";
/// A command that is over is shown this long.
const COMMAND_RETENTION_DAYS: i64 = 30;
/// Commands of a lot in one answer.
const MAX_COMMANDS: i32 = 200;

/// A command with its progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// The command.
    pub command: Command,
    /// How far it has come.
    pub progress: Progress,
    /// Revision of the item, 0 while there is none.
    #[serde(skip)]
    pub item_revision: i64,
}

impl CommandRecord {
    /// Of a command that was just asked for.
    pub fn new(command: Command) -> Self {
        let progress = Progress::new(&command);
        Self { command, progress, item_revision: 0 }
    }
}

fn sort_key(id: &CommandId) -> String {
    format!("{COMMAND}{id}")
}

/// When it may be forgotten. A registered pass must be known until it ends, or an older change of it could come back.
fn forgotten_after(record: &CommandRecord, now: Timestamp) -> Timestamp {
    match (&record.command.action, record.progress.status) {
        (Action::SetPass { pass, .. }, Status::Done) => {
            pass.until.in_tz("UTC").map_or(now, |end| end.timestamp()).max(now)
        }
        _ => now,
    }
}

fn record_of(item: &Item) -> Result<CommandRecord, StoreError> {
    let mut record: CommandRecord = doc("command", item)?;
    record.item_revision = number(item, REV).unwrap_or(0);
    Ok(record)
}

impl Activity {
    /// Writes a command's next state: over nothing or an older change where it is the first of this change, else over
    /// the state read before. `Err` inside is what stands there, when that is not what was expected: the same command
    /// further on, or a newer change.
    pub async fn put_command(
        &self,
        record: &CommandRecord,
        now: Timestamp,
    ) -> Result<Result<CommandRecord, CommandRecord>, StoreError> {
        let revision = record.item_revision + 1;
        let version = i64::try_from(record.command.revision)
            .map_err(|_| StoreError::Refused("a revision beyond 63 bits"))?;
        let mut item = with_doc(record.command.lot.as_str(), &sort_key(&record.command.id()), record)?;
        item.insert(REV.to_owned(), n(revision));
        item.insert(VERSION.to_owned(), n(version));
        item.insert(TTL.to_owned(), expiry(forgotten_after(record, now), COMMAND_RETENTION_DAYS));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put =
            put.expression_attribute_names("#ver", VERSION).expression_attribute_values(":ver", n(version));
        let put = if record.item_revision == 0 {
            put.condition_expression("attribute_not_exists(pk) OR #ver < :ver")
        } else {
            // A newer change counts its revisions anew.
            put.condition_expression("#rev = :rev AND #ver = :ver")
                .expression_attribute_names("#rev", REV)
                .expression_attribute_values(":rev", n(record.item_revision))
        };
        match conditional_put("command", put).await? {
            None => Ok(Ok(CommandRecord { item_revision: revision, ..record.clone() })),
            Some(standing) => Ok(Err(record_of(&standing)?)),
        }
    }

    /// A lot's commands of the last 30 days, in no order of time; the first 200.
    pub async fn commands(&self, lot: &LotId) -> Result<Vec<CommandRecord>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :lot AND begins_with(sk, :kind)")
            .expression_attribute_values(":lot", s(lot.as_str()))
            .expression_attribute_values(":kind", s(COMMAND))
            .limit(MAX_COMMANDS)
            .send()
            .await?;
        found.items.unwrap_or_default().iter().map(record_of).collect()
    }
}
