//! A history drawn from a seed: cars, gates, queues, money and faults, one thing a step, and what must hold after each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_lambda_events::dynamodb::Event as StreamEvent;
use baro_domain::{
    EventId, LotId, PaymentId, PlateNumber, PricedLot, ReceivableId, Won, payment::Payment,
    receivable::Receivable, reconcile::HOME_ZONE, visit::Pledge,
};
use baro_testing::{BILLING, Fault, PARKING, at};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    chance::Chance,
    payers,
    queues::{Fifo, Stream},
    town::{self, Spot},
    world::{BACKLOG_QUEUE, NOTICE_QUEUE, PAYMENT_QUEUE, Post, Ran, World, sqs_event},
};

/// Everything is delivered and all faults are over after so many steps, so that no report is older than a late read may be.
const CALM_EVERY: u64 = 250;
/// So many steps are told when a run breaks.
const TOLD_STEPS: usize = 40;
/// A gate's clock is wrong by at most so many seconds.
const MAX_SKEW_S: i64 = 120;

/// The day of a moment, at home.
pub(crate) fn day_of(at: Timestamp) -> Date {
    at.in_tz(HOME_ZONE).unwrap().date()
}

/// What broke, and how to see it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Seed.
    pub seed: u64,
    /// Step.
    pub step: u64,
    /// What does not hold.
    pub what: String,
    /// The last steps.
    pub history: Vec<String>,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = self.history.join("\n  ");
        let (seed, step) = (self.seed, self.step);
        write!(f, "{}\n  {told}\nagain: cargo run -p baro-sim -- --seed {seed} --steps {step}", self.what)
    }
}

/// What happened in a run that held; two runs of a seed have the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<&'static str, u64>);

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

/// A read that a gate took.
#[derive(Debug, Clone)]
pub struct Read {
    /// Whose it is in truth.
    pub plate: PlateNumber,
    /// What the camera took it for.
    pub told: PlateNumber,
    /// Where.
    pub spot: Spot,
    /// When, by the gate's clock.
    pub seen: Timestamp,
    /// Whether it left the gate, so that it may be on file.
    pub sent: bool,
    /// Whether we said that we have it, so that it must be kept.
    pub acknowledged: bool,
    pub(crate) post: Post,
    pub(crate) entry: serde_json::Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Away,
    Inside(usize),
    AtExit(usize),
}

/// A run.
pub struct Sim {
    /// The functions.
    pub world: World,
    /// Lots with their prices.
    pub lots: BTreeMap<LotId, PricedLot>,
    /// All reads so far.
    pub reads: Vec<Read>,
    /// Payments asked for.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// What was ordered to be charged for promises, by payment.
    pub orders: BTreeMap<PaymentId, BTreeSet<Won>>,
    /// Promises that stood in a fold, by lot and read.
    pub promises: BTreeMap<(LotId, EventId), BTreeSet<Won>>,
    /// The reads whose promises stand in the facts as they are now, and the amounts.
    pub(crate) standing: BTreeMap<(LotId, PlateNumber), Vec<(EventId, Won)>>,
    /// A charge that was begun though no such promise stood then.
    pub(crate) unpromised: Option<String>,
    /// What visits owe, as the changes told it.
    pub(crate) debts: BTreeMap<ReceivableId, Receivable>,
    /// Who pays for which car.
    pub pledges: BTreeMap<PlateNumber, Pledge>,
    /// Ids of the notices put on the queue since the last look.
    pub(crate) sent: BTreeSet<String>,
    /// Payments of which the gateway has still to tell.
    pub(crate) webhooks: Vec<PaymentId>,
    /// Webhooks that were acknowledged, and those that were queued, since the last calm.
    pub(crate) kept_webhooks: Vec<String>,
    pub(crate) queued_webhooks: BTreeSet<String>,
    /// The day of the last calm.
    pub(crate) calm_day: Date,
    /// The days on which anything happened.
    pub(crate) days: BTreeSet<Date>,
    pub(crate) tally: Tally,
    pub(crate) seed: u64,
    pub(crate) step: u64,
    pub(crate) chance: Chance,
    pub(crate) spots: Vec<Spot>,
    pub(crate) lot_ids: Vec<LotId>,
    pub(crate) cars: Vec<(PlateNumber, Place)>,
    pub(crate) skew_s: BTreeMap<String, i64>,
    pub(crate) outbox: Vec<usize>,
    pub(crate) fifo: Fifo,
    pub(crate) streams: [Stream; 2],
    /// Messages for payment-sync, with the payment they are about.
    pub(crate) hints: Vec<(PaymentId, String)>,
    pub(crate) history: VecDeque<String>,
}

/// Plays `steps` steps of `seed`, and everything that still waits then.
pub fn run(seed: u64, steps: u64) -> Result<Tally, Broken> {
    crate::played(|| async move {
        let mut sim = Sim::start(seed).await;
        for step in 1..=steps {
            sim.step = step;
            let ended = match Box::pin(sim.act()).await {
                Ok(()) if step % CALM_EVERY == 0 || step == steps => Box::pin(sim.calm()).await,
                ended => ended,
            };
            ended.map_err(|what| sim.broken(what))?;
        }
        Ok(sim.tally)
    })
}

impl Sim {
    async fn start(seed: u64) -> Self {
        let (records, spots) = (town::lots(), town::spots());
        let world = World::start(&records, &town::gates(&spots), at(0)).await;
        let pledges = payers::register(&world).await;
        let lots: BTreeMap<_, _> = town::lots()
            .into_iter()
            .map(|record| (record.lot.id.clone(), record.priced().unwrap()))
            .collect();
        Self {
            world,
            lot_ids: lots.keys().cloned().collect(),
            lots,
            reads: Vec::new(),
            payments: BTreeMap::new(),
            orders: BTreeMap::new(),
            promises: BTreeMap::new(),
            standing: BTreeMap::new(),
            unpromised: None,
            debts: BTreeMap::new(),
            pledges,
            sent: BTreeSet::new(),
            webhooks: Vec::new(),
            kept_webhooks: Vec::new(),
            queued_webhooks: BTreeSet::new(),
            calm_day: day_of(at(0)),
            days: BTreeSet::new(),
            tally: Tally::default(),
            seed,
            step: 0,
            chance: Chance::new(seed),
            spots,
            cars: town::plates().into_iter().map(|plate| (plate, Place::Away)).collect(),
            skew_s: BTreeMap::new(),
            outbox: Vec::new(),
            fifo: Fifo::default(),
            streams: [Stream::default(), Stream::default()],
            hints: Vec::new(),
            history: VecDeque::new(),
        }
    }

    fn broken(&self, what: String) -> Broken {
        Broken { seed: self.seed, step: self.step, what, history: self.history.iter().cloned().collect() }
    }

    pub(crate) fn tell(&mut self, kind: &'static str, what: &str) {
        self.tally.count(kind);
        if self.history.len() == TOLD_STEPS {
            self.history.pop_front();
        }
        self.history.push_back(format!("{:>6} {} {kind}: {what}", self.step, self.world.now()));
    }

    /// One thing happens.
    async fn act(&mut self) -> Result<(), String> {
        self.world.clock.advance(SignedDuration::from_secs(self.chance.seconds(1, 40)));
        self.days.insert(day_of(self.world.now()));
        let landed = self.world.shop.land(self.world.now());
        if landed > 0 {
            self.tell("lands", &format!("the money of {landed} payments"));
        }
        match self.chance.below(100) {
            0..28 => self.move_car(),
            28..54 => self.deliver().await,
            54..58 => self.send_backlog().await,
            58..67 => self.file_backlog().await,
            67..79 => {
                let table = self.chance.below(2);
                self.route(table).await?;
            }
            79..85 => self.pay().await,
            85..89 => self.webhook().await?,
            89..94 => self.sync().await,
            94 => self.reconcile().await,
            96 => self.ask_for_owed().await,
            95 => {
                let gate = self.chance.pick(&self.spots).gate.as_str().to_owned();
                let skew = self.chance.seconds(-MAX_SKEW_S, MAX_SKEW_S);
                self.tell("clock", &format!("{gate} is wrong by {skew} s"));
                self.skew_s.insert(gate, skew);
            }
            _ => {
                let pass = self.chance.seconds(60, 1_200);
                self.tell("time", &format!("{pass} s pass"));
                self.world.clock.advance(SignedDuration::from_secs(pass));
            }
        }
        self.days.insert(day_of(self.world.now()));
        self.collect();
        self.look().await
    }

    /// Plans a fault for the invocation that follows, in a third of them.
    pub(crate) fn plan_fault(&mut self) {
        const FAULTS: [(Fault, usize); 9] = [
            (Fault::CrashBefore, 1),
            (Fault::CrashAfter, 1),
            (Fault::Before, 1),
            (Fault::Before, 3),
            (Fault::After, 1),
            (Fault::After, 3),
            (Fault::Throttled, 3),
            (Fault::TransactionConflict, 3),
            (Fault::Silent, 1),
        ];
        if !self.chance.one_in(3) {
            return;
        }
        let (calls, (fault, times)) = (self.chance.below(4), *self.chance.pick(&FAULTS));
        self.world.cloud.fail_after(calls, fault, times);
        self.tell("fault", &format!("{fault:?} × {times} after {calls} calls"));
    }

    /// What the functions left behind: messages in queues, changes in streams.
    pub(crate) fn collect(&mut self) {
        let now = self.world.now();
        for message in self.world.cloud.take_messages() {
            match message.queue.as_str() {
                BACKLOG_QUEUE => self.fifo.put(message, now),
                NOTICE_QUEUE => {
                    let notice: serde_json::Value = serde_json::from_str(&message.body).unwrap();
                    self.sent.insert(notice["id"].as_str().unwrap().to_owned());
                }
                PAYMENT_QUEUE => self.hint(message.body),
                other => panic!("nobody reads {other}"),
            }
        }
        for change in self.world.cloud.take_changes() {
            let stream = match change.table.as_str() {
                PARKING => 0,
                BILLING => 1,
                other => panic!("{other} has no stream"),
            };
            self.is_promised(&change);
            self.streams[stream].push(change);
        }
        self.webhooks.extend(self.world.shop.take_told());
    }

    async fn file_backlog(&mut self) {
        let batch = self.fifo.batch(&mut self.chance);
        if batch.is_empty() {
            return;
        }
        self.plan_fault();
        let messages = batch.iter().map(|m| (m.id.clone(), m.body.clone(), Some(m.group.clone())));
        let ran = self.world.backlog(sqs_event(messages.collect::<Vec<_>>())).await;
        self.fifo.settle(&batch, &ran);
        self.tell("file", &format!("{} kept reads: {ran:?}", batch.len()));
    }

    /// The stream of a table reaches the router; at times Lambda never hears that it was done.
    async fn route(&mut self, table: usize) -> Result<(), String> {
        let most = 1 + self.chance.below(12);
        let (count, event) = self.streams[table].batch(most);
        if count == 0 {
            return Ok(());
        }
        self.plan_fault();
        let ran = self.route_batch(table, count, event).await?;
        self.tell("route", &format!("{count} of table {table}: {ran:?}"));
        if self.chance.one_in(6) {
            self.tell("unheard", "Lambda hands it out again");
            return Ok(());
        }
        self.streams[table].settle(count, &ran);
        Ok(())
    }

    pub(crate) async fn route_batch(
        &mut self,
        table: usize,
        count: usize,
        event: StreamEvent,
    ) -> Result<Ran<Option<String>>, String> {
        self.collect();
        self.sent.clear();
        let owed = self.owed_of(&event);
        let ran = self.world.route(event).await;
        self.collect();
        let sent = std::mem::take(&mut self.sent);
        let done = self.streams[table].done_of(count, &ran);
        self.is_published(&owed, done, &sent).await?;
        Ok(ran)
    }

    /// The plates and lots there are.
    pub fn items(&self) -> Vec<(LotId, PlateNumber)> {
        let of =
            |lot: &LotId| self.cars.iter().map(|(plate, _)| (lot.clone(), plate.clone())).collect::<Vec<_>>();
        self.lot_ids.iter().flat_map(of).collect()
    }

    /// The item that this step is looked at by: each in its turn.
    pub(crate) fn item_of_this_step(&self) -> (LotId, PlateNumber) {
        let items = self.items();
        items[usize::try_from(self.step).unwrap() % items.len()].clone()
    }
}
