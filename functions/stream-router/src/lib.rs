//! What follows from a change of an item: the lot's counter moves, people are told, the barrier rises before a car that
//! may leave, and tasks come to the operator's desk.
//!
//! A change and what follows from it can't part, since the stream is the outbox. Every consequence can be repeated:
//! counters skip sequence numbers they have counted, a notice has the id of its event, by which the notifier tells
//! repetitions, and so has a task. Nothing here decides about visits or money.

mod counting;
pub mod notices;
mod payments;
mod queue;
mod receivables;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use baro_domain::{
    FeesError, LotId, PlateNumber, PricedLot, TaskId,
    command::{Action, Command, opening},
    notice::Notice,
    occupancy::VisitCounting,
    payment::Payment,
    receivable::claims_between,
    task::{self, TaskChange, TaskKind},
    visit::{Facts, Timeline, VisitEvent, VisitEventKind, events_between, fold, open_delta},
};
use baro_runtime::{
    Aws, Clock, Config, InitError, batch,
    batch::BatchError,
    random::{Ids, RandomError},
};
use baro_store::{
    Activity, Billing, Cached, Directory, OccupancyChange, Parking, People, StoreError, Tasks, stream::Change,
};

use queue::PaymentHint;
pub use queue::Queues;

use counting::Step;
use receivables::Owed;

/// Why a record could not be routed; Lambda hands it out again.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The stay is at a lot that the Directory does not have: it is being set up, or the item is damaged.
    #[error("unknown lot {0}")]
    UnknownLot(LotId),
    /// The lot's tariff does not compile.
    #[error("tariff of {lot}: {source}")]
    Tariff {
        /// Lot.
        lot: LotId,
        /// Why.
        source: FeesError,
    },
    /// No random numbers: a receivable would get an id that can be guessed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The quote of a stay can't be written.
    #[error("quote: {0}")]
    Quote(String),
    /// A queue did not take a message.
    #[error("queue: {0}")]
    Queue(String),
}

/// What follows from one record.
#[derive(Debug, Default)]
struct Consequences {
    counting: Vec<(LotId, Step)>,
    /// Notices whose person is not known yet: the Directory may know whom to tell of this plate.
    unaddressed: Vec<Notice>,
    addressed: Vec<Notice>,
    tasks: Vec<(LotId, TaskChange)>,
    commands: Vec<Command>,
    payments: Vec<PaymentHint>,
    /// Visits for which somebody may pay without being asked.
    opened: Vec<VisitEvent>,
    /// What visits that are over owe now.
    owed: Vec<Owed>,
}

/// A change of the facts of one plate.
struct FactsChange<'a> {
    old: Option<&'a Facts>,
    new: &'a Facts,
    /// The item's revision after it.
    revision: i64,
    /// Whether the list of open plates has it now and had it not before, or the other way round.
    relisted: bool,
    sequence: String,
}

impl Consequences {
    /// A notice for whom it names, or, where it names nobody, for the plate's registered driver.
    fn tell(&mut self, notice: Notice) {
        let whom = if notice.contact.is_empty() { &mut self.unaddressed } else { &mut self.addressed };
        whom.push(notice);
    }
}

/// The tables it reads and writes.
#[derive(Debug, Clone)]
pub struct Tables {
    /// Lots, and how drivers can be reached.
    pub directory: Directory,
    /// Counters.
    pub activity: Activity,
    /// Who is in a lot: the candidates of a task.
    pub parking: Parking,
    /// Tasks of operators.
    pub tasks: Tasks,
    /// What visits that are over owe. Asked only for those that owe or owed.
    pub billing: Billing,
}

/// The function.
#[derive(Debug)]
pub struct Router {
    tables: Tables,
    lots: Cached<LotId, Arc<PricedLot>>,
    queues: Queues,
    /// Where the driver's page is: notices of unpaid fees link to it.
    site_url: String,
    clock: Clock,
    ids: Ids,
}

impl Router {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let (activity, parking) = (config.required("ACTIVITY_TABLE")?, config.required("PARKING_TABLE")?);
        let tables = Tables {
            directory: Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
            activity: Activity::new(dynamodb.clone(), activity),
            parking: Parking::new(dynamodb.clone(), parking),
            tasks: Tasks::new(dynamodb.clone(), activity, parking),
            // No payment is committed here.
            billing: Billing::new(dynamodb, config.required("BILLING_TABLE")?, ""),
        };
        let queue = |name| config.required(name);
        let (notices, commands) = (queue("NOTICE_QUEUE_URL")?, queue("GATE_COMMAND_QUEUE_URL")?);
        let queues = Queues::new(&aws, notices, commands, queue("PAYMENT_QUEUE_URL")?);
        Ok(Self::new(tables, queues, config.required("SITE_URL")?, Clock::default()))
    }

    /// Of its parts.
    pub fn new(tables: Tables, queues: Queues, site_url: &str, clock: Clock) -> Self {
        let (lots, site_url, ids) = (Cached::default(), site_url.to_owned(), Ids::default());
        Self { tables, lots, queues, site_url, clock, ids }
    }

    /// The same with ids from elsewhere.
    #[must_use]
    pub fn with_ids(self, ids: Ids) -> Self {
        Self { ids, ..self }
    }

    /// Routes a batch. Records before the first that fails are done; that one and the rest come again.
    pub async fn handle(&self, event: Event) -> Result<DynamoDbEventResponse, BatchError> {
        let first = event.records.first().and_then(|record| record.change.sequence_number.clone());
        let gathered = Mutex::new(Consequences::default());
        let response = batch::stream(event, |record| async {
            let found = Box::pin(self.consequences(record)).await?;
            let mut all = gathered.lock().unwrap_or_else(PoisonError::into_inner);
            all.counting.extend(found.counting);
            all.unaddressed.extend(found.unaddressed);
            all.addressed.extend(found.addressed);
            all.tasks.extend(found.tasks);
            all.commands.extend(found.commands);
            all.payments.extend(found.payments);
            all.opened.extend(found.opened);
            all.owed.extend(found.owed);
            Ok::<(), RouteError>(())
        })
        .await?;
        match Box::pin(self.carry_out(gathered.into_inner().unwrap_or_else(PoisonError::into_inner))).await {
            Ok(()) => Ok(response),
            Err(cause) => {
                tracing::error!(%cause, "the batch comes again");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = Some(first.ok_or(BatchError::NoSequenceNumber)?);
                let mut whole = DynamoDbEventResponse::default();
                whole.batch_item_failures.push(failure);
                Ok(whole)
            }
        }
    }

    async fn consequences(&self, record: EventRecord) -> Result<Consequences, RouteError> {
        let sequence = record.change.sequence_number.unwrap_or_default();
        let old = Some(record.change.old_image);
        match baro_store::stream::change_of(old, Some(record.change.new_image))? {
            None => Ok(Consequences::default()),
            Some(Change::Facts { lot, old, new, revision, relisted }) => {
                let change = FactsChange { old: old.as_deref(), new: &new, revision, relisted, sequence };
                self.of_facts(&lot, change).await
            }
            Some(Change::Recount { lot, recount }) => {
                let counting = vec![(lot, Step::Recount { sequence, recount })];
                Ok(Consequences { counting, ..Consequences::default() })
            }
            Some(Change::Payment { old, new }) => self.of_payment(old.as_deref(), &new).await,
            Some(Change::Receivable { old, new }) => self.of_receivable(old.as_deref(), &new).await,
            Some(Change::CashReceipt { old, new }) => {
                let wished = payments::wishes_receipt(old.as_deref(), &new);
                let hints = wished.then(|| PaymentHint::cash_receipt(new.payment)).into_iter().collect();
                Ok(Consequences { payments: hints, ..Consequences::default() })
            }
        }
    }

    async fn lot(&self, id: &LotId) -> Result<Arc<PricedLot>, RouteError> {
        let load = async |id: &LotId| {
            let Some(record) = self.tables.directory.lot(id).await? else { return Ok(None) };
            let priced = record.priced().map_err(|source| RouteError::Tariff { lot: id.clone(), source })?;
            Ok::<_, RouteError>(Some(Arc::new(priced)))
        };
        let found = self.lots.get(id, self.clock.now(), load).await?;
        found.ok_or_else(|| RouteError::UnknownLot(id.clone()))
    }

    async fn of_facts(&self, lot: &LotId, change: FactsChange<'_>) -> Result<Consequences, RouteError> {
        let FactsChange { old, new, revision, relisted, sequence } = change;
        let priced = self.lot(lot).await?;
        let (context, now) = (priced.context(), self.clock.now());
        let none = Facts::none(new.plate.clone());
        let before = old.map_or_else(Timeline::default, |facts| fold(&context, facts));
        let after = fold(&context, new);
        let mut found = Consequences::default();
        let delta = open_delta(&before, &after);
        // A correction of the list of open plates moves no counter, but a recount must not look past it.
        if (delta != 0 || relisted) && priced.lot.visit_counting() == VisitCounting::ByChange {
            found.counting.push((lot.clone(), Step::Change(OccupancyChange { sequence, delta })));
        }
        for event in events_between(&priced.fees, &before, &after) {
            tracing::debug!(event = %event.id, visit = %event.visit, lot = %event.lot, kind = notices::name(&event), "visit");
            found.unaddressed.extend(notices::of_visit(&event, &priced.lot, now));
            if event.kind == VisitEventKind::Opened && !event.plate.is_unread() {
                found.opened.push(event);
            }
        }
        for notice in notices::of_decisions(&priced, (old.unwrap_or(&none), new), &after, now) {
            found.tell(notice);
        }
        let changes = task::changes(&context, (old.unwrap_or(&none), &before), (new, &after), now);
        found.tasks.extend(changes.into_iter().map(|change| (lot.clone(), change)));
        found.payments.extend(payments::paid_twice(&context, (old.unwrap_or(&none), &before), (new, &after)));
        let claims = claims_between(&priced.fees, (old.unwrap_or(&none), &before), (new, &after), revision);
        found.owed.extend(claims.into_iter().map(|claimed| Owed::Claimed(priced.clone(), Box::new(claimed))));
        found.payments.extend(payments::promised(&priced, &after, revision));
        let command = opening(&context, &before, &after, new, now);
        found.commands.extend(command.filter(|command| can_open(&priced, command)));
        Ok(found)
    }

    async fn of_payment(&self, old: Option<&Payment>, new: &Payment) -> Result<Consequences, RouteError> {
        let mut found = Consequences::default();
        if payments::asks_for_refund(old, new) {
            found.payments.push(PaymentHint::refund(new.id.clone()));
        }
        if old.is_none() && new.holds_points() {
            found.payments.push(PaymentHint::release(new.id.clone()));
        }
        if old.is_some_and(|old| (old.status, old.given_back()) == (new.status, new.given_back())) {
            return Ok(found);
        }
        let Some(stay) = new.stay() else { return Ok(found) };
        found.owed.extend(receivables::of_payment(new));
        let record = self.lot(&stay.lot).await?;
        if let Some(notice) = notices::of_payment(new, &record.lot) {
            found.tell(notice);
        }
        Ok(found)
    }

    async fn carry_out(&self, found: Consequences) -> Result<(), RouteError> {
        // First of all: a car waits.
        self.queues.command(&found.commands).await?;
        let mut hints = found.payments;
        hints.extend(self.book(found.owed).await?);
        self.queues.look_at(&hints).await?;
        let told: Vec<PlateNumber> = found.unaddressed.iter().map(|notice| notice.plate.clone()).collect();
        let opened: Vec<PlateNumber> = found.opened.iter().map(|event| event.plate.clone()).collect();
        let people = self.tables.directory.people(&told, &opened).await?;
        self.pledge(&found.opened, &people).await?;
        counting::take(&self.tables.activity, found.counting, self.clock.now()).await?;
        self.bring_tasks(found.tasks).await?;
        let mut notices = found.addressed;
        notices.extend(found.unaddressed.into_iter().filter_map(|mut notice| {
            notice.contact = people.contacts.get(&notice.plate)?.clone();
            Some(notice)
        }));
        self.queues.tell(&notices).await
    }

    /// Files who pays with the visits of plates that somebody pays for; the gates find it there.
    async fn pledge(&self, opened: &[VisitEvent], people: &People) -> Result<(), RouteError> {
        for event in opened {
            if let Some(pledge) = people.pledges.get(&event.plate) {
                let ruling = payments::pledged(event, pledge, self.clock.now());
                self.tables.parking.rule(&event.lot, &event.plate, &ruling).await?;
            }
        }
        Ok(())
    }

    /// Brings tasks to the desk and takes off what is explained. Of one task only the last change counts: what a batch
    /// opens and explains is never seen.
    async fn bring_tasks(&self, changes: Vec<(LotId, TaskChange)>) -> Result<(), RouteError> {
        let last: BTreeMap<TaskId, (LotId, TaskChange)> =
            changes.into_iter().map(|(lot, change)| (change.id().clone(), (lot, change))).collect();
        let mut open: BTreeMap<LotId, Vec<PlateNumber>> = BTreeMap::new();
        let now = self.clock.now();
        for (id, (lot, change)) in last {
            match change {
                TaskChange::Explained(_) => {
                    self.tables.tasks.explain(&lot, &id, now).await?;
                }
                TaskChange::Open(mut task) => {
                    if matches!(task.kind, TaskKind::UnexplainedExit(_)) {
                        if !open.contains_key(&lot) {
                            open.insert(lot.clone(), self.tables.parking.open_plates(&lot).await?);
                        }
                        task.look_among(open.get(&lot).map_or(&[], Vec::as_slice));
                    }
                    self.tables.tasks.open(&task, now).await?;
                }
            }
        }
        Ok(())
    }
}

fn can_open(lot: &PricedLot, command: &Command) -> bool {
    let Action::Open { lane, .. } = &command.action else { return false };
    lot.lot.controller.as_ref().is_some_and(|controller| controller.opens(lane))
}
