//! Carries commands to the barrier controllers of lots: raise a barrier, set a pass, remove one.
//!
//! Each message is a command. What it comes to is decided in the domain; here its state is written before and after
//! every call, so that a crash, a lost answer or a second delivery finds out what may have happened. A command that
//! failed for good is told once, to the log that an alarm counts, and shown in the table.

mod controllers;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use baro_clients::{HttpClient, HttpTimeouts};
use baro_domain::{
    FeesError, LotId,
    command::{Action, Command, Event, Move, Refusal, Report, Status, Step, decide, has_left, plan},
    visit::fold,
};
use baro_runtime::{Aws, Clock, Config, InitError, batch, batch::BatchError};
use baro_store::{Activity, Cached, CommandRecord, Directory, LotRecord, Parking, StoreError};

pub use controllers::{Controllers, WithSecrets};

/// Messages worked on together. Each has a group of its own.
const CONCURRENT_COMMANDS: usize = 5;
/// Calls for one pass in one delivery; then its message comes again. An opening is never put off like that: its car
/// would be gone.
const PASS_CALLS_A_DELIVERY: u32 = 4;
/// More states than any command goes through.
const MAX_ROUNDS: u32 = 100;

/// Why a message comes again.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Not a message of ours: it ends in the dead-letter queue, where a person sees it.
    #[error("the message does not read: line {line}, column {column}")]
    Malformed {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// Whether the car still stands there can't be told: the lot has no valid tariff.
    #[error("tariff of {lot}: {source}")]
    Tariff {
        /// Lot.
        lot: LotId,
        /// Why.
        source: FeesError,
    },
    /// The controller has no time for a pass, or gives no answer.
    #[error("the controller did not answer, or was busy: {0}")]
    NotYet(String),
    /// The command never came to an end: a defect.
    #[error("no end after {MAX_ROUNDS} rounds")]
    NoEnd,
}

/// Whether the pauses between calls are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pauses {
    /// They are.
    Taken,
    /// They are not: tests repeat at once.
    Skipped,
}

/// The function.
pub struct GateCommands {
    activity: Activity,
    directory: Directory,
    parking: Parking,
    lots: Cached<LotId, Arc<LotRecord>>,
    controllers: Arc<dyn Controllers>,
    clock: Clock,
    pauses: Pauses,
}

/// The tables the function uses.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Where commands are kept.
    pub activity: Activity,
    /// Where lots and their controllers are.
    pub directory: Directory,
    /// Where it is seen whether a car has left.
    pub parking: Parking,
}

impl GateCommands {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let clock = Clock::default();
        let http = HttpClient::new(HttpTimeouts {
            connect: std::time::Duration::from_millis(1_500),
            whole: std::time::Duration::from_secs(4),
        })?;
        let networks = config.parsed("CONTROLLER_NETWORKS")?;
        let controllers = Arc::new(WithSecrets::new(&aws, http, networks, clock.clone()));
        let tables = Tables {
            activity: Activity::new(dynamodb.clone(), config.required("ACTIVITY_TABLE")?),
            directory: Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
            parking: Parking::new(dynamodb, config.required("PARKING_TABLE")?),
        };
        Ok(Self::new(tables, controllers, clock, Pauses::Taken))
    }

    /// Of its parts.
    pub fn new(tables: Tables, controllers: Arc<dyn Controllers>, clock: Clock, pauses: Pauses) -> Self {
        let Tables { activity, directory, parking } = tables;
        Self { activity, directory, parking, lots: Cached::default(), controllers, clock, pauses }
    }

    /// Works on a batch; each message fails alone, and with it later changes of the same pass.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, BatchError> {
        batch::sqs(event, CONCURRENT_COMMANDS, |message| self.message(message)).await
    }

    async fn message(&self, message: SqsMessage) -> Result<(), CommandError> {
        let body = message.body.unwrap_or_default();
        let command: Command = serde_json::from_str(&body)
            .map_err(|error| CommandError::Malformed { line: error.line(), column: error.column() })?;
        self.carry_out(command).await
    }

    /// Carries a command as far as it goes now.
    pub async fn carry_out(&self, command: Command) -> Result<(), CommandError> {
        let revision = command.revision;
        let mut record = CommandRecord::new(command);
        let mut calls = 0;
        for _ in 0..MAX_ROUNDS {
            if record.command.revision != revision {
                tracing::info!(command = %record.command.id(), "a newer change has taken its place");
                return Ok(());
            }
            record = match plan(&record.command, &record.progress, self.clock.now()) {
                Move::Rest => return Ok(()),
                Move::Expire => self.write(&record, &Event::TimeUp).await?,
                Move::Look if self.has_left(&record.command).await? => {
                    self.write(&record, &Event::CarLeft).await?
                }
                Move::Look => self.moved(&record, &Event::CarWaits),
                Move::Call(_) if !record.command.is_opening() && calls == PASS_CALLS_A_DELIVERY => {
                    return Err(CommandError::NotYet(record.progress.said.unwrap_or_default()));
                }
                Move::Call(step) => {
                    let (standing, called) = self.call(record, step).await?;
                    calls += u32::from(called);
                    standing
                }
            };
        }
        Err(CommandError::NoEnd)
    }

    fn moved(&self, record: &CommandRecord, event: &Event) -> CommandRecord {
        let progress = decide(&record.command, &record.progress, event, self.clock.now());
        CommandRecord { progress, ..record.clone() }
    }

    /// Writes what an event makes of a command; answers with what then stands in the table. That is another's writing
    /// where another was faster.
    async fn write(&self, record: &CommandRecord, event: &Event) -> Result<CommandRecord, CommandError> {
        let next = self.moved(record, event);
        let standing = match self.activity.put_command(&next, self.clock.now()).await? {
            Ok(written) => written,
            Err(standing) => return Ok(standing),
        };
        if standing.progress.status.is_final() {
            log(&standing);
        }
        Ok(standing)
    }

    /// Makes the next call: written down before, since nobody may learn of it after a crash, and answered after.
    /// Answers with what then stands in the table, and whether the call was made.
    async fn call(&self, record: CommandRecord, step: Step) -> Result<(CommandRecord, bool), CommandError> {
        let lot = self.lot(&record.command.lot).await?;
        let Some(controller) = lot.as_ref().and_then(|record| record.lot.controller.as_ref()) else {
            let refused = Event::Unsendable(Refusal::NotConfigured);
            return Ok((self.write(&record, &refused).await?, false));
        };
        if let Ok(pause) = std::time::Duration::try_from(record.progress.pause())
            && self.pauses == Pauses::Taken
        {
            tokio::time::sleep(pause).await;
        }
        if record.command.is_too_late(self.clock.now()) {
            return Ok((record, false));
        }
        let calling = self.moved(&record, &Event::Calling);
        let standing = match self.activity.put_command(&calling, self.clock.now()).await? {
            Ok(written) => written,
            // Our own writing, whose answer was lost on the way.
            Err(standing) if standing.progress == calling.progress => standing,
            Err(standing) => return Ok((standing, false)),
        };
        let report = self.controllers.call(controller, &standing.command, step).await;
        if let Report::Busy(said) | Report::NoAnswer(said) = &report {
            tracing::warn!(command = %standing.command.id(), calls = standing.progress.calls, said, "not yet");
        }
        Ok((self.write(&standing, &Event::Answered(report)).await?, true))
    }

    async fn lot(&self, id: &LotId) -> Result<Option<Arc<LotRecord>>, StoreError> {
        let load = async |id: &LotId| Ok(self.directory.lot(id).await?.map(Arc::new));
        self.lots.get(id, self.clock.now(), load).await
    }

    /// Whether the gates saw the car leave.
    async fn has_left(&self, command: &Command) -> Result<bool, CommandError> {
        let Action::Open { plate, visit, .. } = &command.action else { return Ok(false) };
        let Some(lot) = self.lot(&command.lot).await? else { return Ok(false) };
        let facts = self.parking.facts(&command.lot, plate).await?;
        let priced = LotRecord::clone(&lot)
            .priced()
            .map_err(|source| CommandError::Tariff { lot: command.lot.clone(), source })?;
        Ok(has_left(&fold(&priced.context(), &facts), visit))
    }
}

fn log(record: &CommandRecord) {
    let (command, lot, calls) = (record.command.id(), &record.command.lot, record.progress.calls);
    let (status, said) = (record.progress.status, record.progress.said.as_deref().unwrap_or_default());
    if status.is_trouble() {
        // The alarm `gate-command-failed` counts this line (infra/alarms.yaml).
        tracing::error!(code = "gate-command-failed", %command, %lot, ?status, calls, said, "failed");
    } else if status == Status::Done {
        tracing::info!(%command, %lot, calls, "done");
    }
}
