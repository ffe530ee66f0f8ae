//! Looks every minute at what the gates reported in this hour and the one before: which has gone silent, whose clock is
//! wrong. News is written to the log, where a metric filter turns it into an alarm, to the gate's health and, in the same
//! transaction, to the operator's desk; clocks are written beside the gate's configuration, where gate-events reads
//! them at no cost.
//!
//! A run that is repeated finds nothing new. One gate that can't be written holds up no other.

use std::collections::{BTreeMap, BTreeSet};

use baro_domain::{
    Gate, GateId, LotId,
    health::{GateHealth, GateTally, HOUR, HealthEvent, LaneTally, hour_of},
    task::{Task, TaskChange},
};
use baro_runtime::{Aws, Clock, Config, InitError};
use baro_store::{Activity, Directory, KnownHealth, StoreError};
use futures::StreamExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Gates looked at together.
const CONCURRENT_GATES: usize = 16;

/// What the schedule sends: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Gates looked at.
    pub gates: usize,
    /// Lanes that nobody hears from.
    pub silent_lanes: usize,
    /// Lanes whose clock is wrong beyond what is corrected.
    pub clocks_beyond: usize,
    /// Gates whose health was written.
    pub written: usize,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum WardenError {
    /// Nothing could be looked at.
    #[error("store")]
    Store(#[from] StoreError),
    /// Some gates could not be written. The next run tries again.
    #[error("{failed} of {gates} gates could not be looked after")]
    Partly {
        /// How many.
        failed: usize,
        /// Of how many.
        gates: usize,
    },
}

/// The function.
#[derive(Debug)]
pub struct GateWarden {
    activity: Activity,
    directory: Directory,
    clock: Clock,
}

/// What became of a gate.
enum Looked {
    Kept { health: GateHealth, written: bool },
    Gone,
}

impl GateWarden {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let activity = Activity::new(dynamodb.clone(), config.required("ACTIVITY_TABLE")?);
        let directory = Directory::new(dynamodb, config.required("DIRECTORY_TABLE")?);
        Ok(Self::new(activity, directory, Clock::default()))
    }

    /// Of its parts.
    pub fn new(activity: Activity, directory: Directory, clock: Clock) -> Self {
        Self { activity, directory, clock }
    }

    /// Looks at all gates.
    pub async fn run(&self) -> Result<Summary, WardenError> {
        let now = self.clock.now();
        let hours = [hour_of(now) - HOUR, hour_of(now)];
        let (known, before, this) = futures::try_join!(
            self.activity.gate_healths(),
            self.activity.tallies(hours[0]),
            self.activity.tallies(hours[1]),
        )?;
        let mut known: BTreeMap<(LotId, GateId), KnownHealth> = known
            .into_iter()
            .map(|known| ((known.health.lot.clone(), known.health.gate.clone()), known))
            .collect();
        let gates: BTreeSet<_> = known.keys().chain(before.keys()).chain(this.keys()).cloned().collect();
        let looks: Vec<_> = gates
            .into_iter()
            .map(|gate| {
                let counted = [(hours[0], before.get(&gate)), (hours[1], this.get(&gate))];
                let counted = counted.into_iter().filter_map(|(hour, tally)| Some((hour, tally?.clone())));
                let known = known.remove(&gate);
                self.look(gate, known, counted.collect(), now)
            })
            .collect();
        let gates = looks.len();
        let looked: Vec<Result<Looked, StoreError>> =
            futures::stream::iter(looks).buffer_unordered(CONCURRENT_GATES).collect().await;
        summary(gates, looked)
    }

    /// Looks at one gate and writes what is new.
    async fn look(
        &self,
        (lot, gate): (LotId, GateId),
        known: Option<KnownHealth>,
        counted: BTreeMap<Timestamp, GateTally>,
        now: Timestamp,
    ) -> Result<Looked, StoreError> {
        let is_new = known.is_none();
        let begun = || KnownHealth { health: GateHealth::new(lot, gate, now), revision: 0 };
        let mut known = known.unwrap_or_else(begun);
        let (corrections, hour) = (known.health.corrections(), known.health.closed_until);
        let mut advance = known.health.advance(&counted, now);
        let health = &mut known.health;
        if advance.events.iter().any(HealthEvent::is_bad) {
            // A gate or lane that was taken away is silent for good, and nobody's fault.
            let record = self.directory.gate(&health.gate).await?;
            let Some(record) = record.filter(|record| record.gate.lot == health.lot) else {
                self.activity.forget_gate(&health.lot, &health.gate).await?;
                tracing::info!(lot = %health.lot, gate = %health.gate, "forgotten, as it is configured no more");
                return Ok(Looked::Gone);
            };
            keep_lanes_of(health, &record.gate);
            advance.events.retain(|event| event.lane().is_none_or(|lane| health.lanes.contains_key(lane)));
        }
        if health.corrections() != corrections {
            self.directory.put_clocks(&health.gate, &health.corrections()).await?;
        }
        // Told before it is written: told twice is better than never.
        tell(health, &advance.events);
        if health.closed_until > hour
            && let Some(tally) = counted.get(&hour)
        {
            tell_hour(health, hour, tally);
        }
        let tasks = self.off_the_desk(health, &advance.events, now).await?;
        let is_worth_it = is_new || advance.is_news;
        let written = is_worth_it && self.activity.put_gate_health(&known, &tasks, now).await?;
        Ok(Looked::Kept { health: known.health, written })
    }

    /// Takes the tasks off the desk whose gate is back, and answers those that are to be brought there.
    async fn off_the_desk(
        &self,
        health: &GateHealth,
        events: &[HealthEvent],
        now: Timestamp,
    ) -> Result<Vec<Task>, StoreError> {
        let mut tasks = Vec::new();
        for event in events {
            match TaskChange::of_gate(health, event) {
                TaskChange::Open(task) => tasks.push(*task),
                TaskChange::Explained(id) => {
                    self.activity.explain_task(&health.lot, &id, now).await?;
                }
            }
        }
        Ok(tasks)
    }
}

/// Forgets lanes that the gate has no more.
fn keep_lanes_of(health: &mut GateHealth, gate: &Gate) {
    health.lanes.retain(|id, _| gate.lanes.iter().any(|lane| lane.id == *id));
}

/// Writes the news down: `lane-silent` and `clock-beyond-bound` raise alarms (`infra/alarms.yaml`).
fn tell(health: &GateHealth, events: &[HealthEvent]) {
    let (lot, gate) = (&health.lot, &health.gate);
    for event in events {
        match event {
            HealthEvent::GateSilent { since } => {
                tracing::error!(code = "lane-silent", %lot, %gate, %since, "the gate gives no sign of life");
            }
            HealthEvent::LaneSilent { lane, since } => {
                tracing::error!(code = "lane-silent", %lot, %gate, %lane, %since, "the lane reads no car");
            }
            HealthEvent::ClockBeyond { lane, ahead_s, .. } => {
                tracing::error!(code = "clock-beyond-bound", %lot, %gate, %lane, ahead_s, "the clock is wrong");
            }
            HealthEvent::GateBack { .. } => {
                tracing::info!(code = "gate-back", %lot, %gate, "it gives signs of life");
            }
            HealthEvent::LaneBack { lane, .. } => {
                tracing::info!(code = "lane-back", %lot, %gate, %lane, "it reads again");
            }
            HealthEvent::ClockWithin { lane, .. } => {
                tracing::info!(code = "clock-within-bound", %lot, %gate, %lane, "the clock can be corrected again");
            }
        }
    }
}

/// A gate's hour in figures, for whoever asks the log for weeks of them.
fn tell_hour(health: &GateHealth, hour: Timestamp, tally: &GateTally) {
    let mut sum = LaneTally::default();
    tally.lanes.values().for_each(|lane| sum.merge(lane));
    tracing::info!(
        code = "gate-hour", lot = %health.lot, gate = %health.gate, %hour,
        reads = sum.reads, unread = sum.unread, unsure = sum.unsure, exits = sum.exits(),
        by_plate = sum.by_plate, by_similarity = sum.by_similarity, unmatched = sum.unmatched,
        heartbeats = tally.heartbeats, refused = tally.refused.values().sum::<u32>(),
        "counted"
    );
}

fn summary(gates: usize, looked: Vec<Result<Looked, StoreError>>) -> Result<Summary, WardenError> {
    let mut summary = Summary { gates, ..Summary::default() };
    let mut failed = 0;
    for one in looked {
        match one {
            Ok(Looked::Gone) => {}
            Ok(Looked::Kept { health, written }) => {
                let silent = health.lanes.keys().filter(|lane| health.lane_silent_since(lane).is_some());
                summary.silent_lanes += silent.count();
                summary.clocks_beyond += health.lanes.values().filter(|lane| lane.clock.is_beyond()).count();
                summary.written += usize::from(written);
            }
            Err(error) => {
                failed += 1;
                tracing::warn!(
                    cause = baro_runtime::problem::chain(&error),
                    "a gate could not be looked after"
                );
            }
        }
    }
    if failed > 0 { Err(WardenError::Partly { failed, gates }) } else { Ok(summary) }
}
