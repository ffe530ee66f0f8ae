//! Counts what gates send, and writes it down now and then: how a lane does is known without a request a read.
//!
//! What is counted lies in this sandbox's memory. At most one count is written beside a report, and each gate's now and
//! then: first that of the gate that reports, otherwise one that has waited. A write runs beside the work for the answer
//! and is given up soon. So what a sandbox that dies takes with it is the last minutes of its statistics, never a car and
//! never money.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use baro_domain::{
    EventId, Gate, GateId, GateObservation, LaneId, LotId, PlateNumber,
    health::{ExitMatch, GateTally, hour_of},
};
use baro_gates::{Ignored, passages::GateReason};
use baro_store::{Activity, TallyWrite};
use jiff::{SignedDuration, Timestamp};

/// A gate's count is written at most so often: a busy lane's silence shows after ten minutes at the earliest.
const WRITE_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// That of a gate which gives signs of life, since three missing ones tell that it is silent.
const WRITE_LIVELY_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// No car waits longer for statistics.
const WRITE_PATIENCE: Duration = Duration::from_millis(250);
/// The same plate in the same lane again within this is the same car: controllers repeat a waiting car's read.
const SAME_CAR: SignedDuration = SignedDuration::from_secs(120);
/// More gates than this are forgotten, with what was not written of them.
const MAX_GATES: usize = 10_000;

/// What one request brought, as it is counted.
#[derive(Debug, Default)]
pub(crate) struct Arrival<'a> {
    pub(crate) reads: &'a [GateObservation],
    /// Whether the reads were sent as they happened; those kept back tell nothing of lanes and clocks.
    pub(crate) is_live: bool,
    pub(crate) ignored: &'a [Ignored],
    /// Codes of what could not be read.
    pub(crate) refused: Vec<&'static str>,
}

/// What became of counting it.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Of its reads those of cars that had not been counted.
    cars: Vec<(EventId, LaneId)>,
    /// What to write now.
    pub(crate) due: Option<TallyWrite>,
}

#[derive(Debug)]
struct Count {
    lot: LotId,
    tally: GateTally,
    written_at: Option<Timestamp>,
    is_behind: bool,
}

/// The newest read of a lane.
#[derive(Debug)]
struct LastCar {
    event: EventId,
    plate: PlateNumber,
    at: Timestamp,
}

#[derive(Debug, Default)]
struct Memory {
    /// By gate and start of the hour.
    counts: BTreeMap<(GateId, Timestamp), Count>,
    last_cars: BTreeMap<(GateId, LaneId), LastCar>,
}

/// The counts of this sandbox.
#[derive(Debug)]
pub(crate) struct GateWatch {
    activity: Activity,
    /// Tells what this sandbox counted from what others did.
    writer: OnceLock<String>,
    memory: Mutex<Memory>,
}

impl GateWatch {
    pub(crate) fn new(activity: Activity) -> Self {
        Self { activity, writer: OnceLock::new(), memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and says what is to be written beside its answer.
    pub(crate) fn count(&self, gate: &Gate, arrival: &Arrival<'_>, now: Timestamp) -> Counted {
        let mut memory = self.memory();
        let is_known = |read| arrival.is_live && memory.is_same_car(gate, read);
        let is_known: Vec<bool> = arrival.reads.iter().map(is_known).collect();
        let tally = &mut memory.count_of(gate, now).tally;
        tally.last_sign_at = tally.last_sign_at.max(Some(now));
        for one in arrival.ignored {
            match one {
                Ignored::Heartbeat => tally.heartbeats += 1,
                other => *tally.others.entry(other.reason().to_owned()).or_default() += 1,
            }
        }
        for code in &arrival.refused {
            *tally.refused.entry((*code).to_owned()).or_default() += 1;
        }
        let mut cars = Vec::new();
        for (read, is_known) in arrival.reads.iter().zip(is_known) {
            let lane = tally.lane(&read.lane);
            if !arrival.is_live {
                lane.late += 1;
            } else if is_known {
                lane.count_repeat(read);
            } else {
                lane.count_read(read);
                cars.push((read.event_id.clone(), read.lane.clone()));
            }
        }
        Counted { cars, due: memory.due(gate, now) }
    }

    /// Counts how a car at the exit was known. It is written with whatever is written next.
    pub(crate) fn count_exit(
        &self,
        gate: &Gate,
        event: &EventId,
        reason: GateReason,
        counted: &Counted,
        now: Timestamp,
    ) {
        let Some(known) = exit_match(reason) else { return };
        let Some((_, lane)) = counted.cars.iter().find(|(car, _)| car == event) else { return };
        let mut memory = self.memory();
        let count = memory.count_of(gate, now);
        count.tally.lane(lane).count_exit(known);
        count.is_behind = true;
    }

    /// Writes a count. It is no error of the request if that fails: it is written again, with what came since.
    pub(crate) async fn write(&self, due: Option<TallyWrite>, now: Timestamp) {
        let Some(due) = due else { return };
        let written = match self.writer() {
            Some(writer) => {
                let put = self.activity.put_tally(writer, &due, now);
                tokio::time::timeout(WRITE_PATIENCE, put).await.map_err(|late| late.to_string())
            }
            None => Err("no random numbers".to_owned()),
        };
        let outcome = written.and_then(|put| put.map_err(|error| error.to_string()));
        if let Err(cause) = outcome {
            tracing::warn!(gate = %due.gate, cause, "statistics of the gate are behind");
            if let Some(count) = self.memory().counts.get_mut(&(due.gate, due.hour)) {
                count.is_behind = true;
            }
        }
    }

    fn writer(&self) -> Option<&str> {
        if let Some(writer) = self.writer.get() {
            return Some(writer);
        }
        let drawn = baro_runtime::random::id().ok()?;
        Some(self.writer.get_or_init(|| drawn))
    }
}

impl Memory {
    /// Whether the read is of the car that was read last in its lane; remembers it as that.
    fn is_same_car(&mut self, gate: &Gate, read: &GateObservation) -> bool {
        let at = read.clock_time();
        let car = LastCar { event: read.event_id.clone(), plate: read.plate.clone(), at };
        let last = self.last_cars.insert((gate.id.clone(), read.lane.clone()), car);
        last.is_some_and(|last| {
            let is_close = at.duration_since(last.at).abs() <= SAME_CAR;
            last.event == read.event_id || (is_close && last.plate == read.plate && !read.plate.is_unread())
        })
    }

    fn count_of(&mut self, gate: &Gate, now: Timestamp) -> &mut Count {
        let hour = hour_of(now);
        if self.counts.len() > MAX_GATES {
            self.counts.clear();
            self.last_cars.clear();
        }
        let begun = || Count {
            lot: gate.lot.clone(),
            tally: GateTally::default(),
            written_at: None,
            is_behind: true,
        };
        self.counts.entry((gate.id.clone(), hour)).or_insert_with(begun)
    }

    /// The count to write now, if any; it counts as written.
    fn due(&mut self, gate: &Gate, now: Timestamp) -> Option<TallyWrite> {
        let hour = hour_of(now);
        let own = (gate.id.clone(), hour);
        self.counts.get_mut(&own)?.is_behind = true;
        // Of an hour that is over nothing more comes.
        self.counts.retain(|(_, of), count| *of == hour || count.is_behind);
        let waits = |count: &Count| {
            let every = if count.tally.heartbeats > 0 { WRITE_LIVELY_EVERY } else { WRITE_EVERY };
            let is_old = |at: Timestamp| now.duration_since(at) >= every;
            count.is_behind && count.written_at.is_none_or(is_old)
        };
        let key = if self.counts.get(&own).is_some_and(waits) {
            own
        } else {
            let waiting = self.counts.iter().filter(|(_, count)| waits(count));
            waiting.min_by_key(|(_, count)| count.written_at)?.0.clone()
        };
        let count = self.counts.get_mut(&key)?;
        (count.written_at, count.is_behind) = (Some(now), false);
        let (gate, hour) = key;
        Some(TallyWrite { lot: count.lot.clone(), gate, hour, tally: count.tally.clone() })
    }
}

/// What a decision says of how the car was known; entries, reads that came too late to be judged or asked for nothing,
/// and cars that a person has let out already say nothing.
fn exit_match(reason: GateReason) -> Option<ExitMatch> {
    match reason {
        GateReason::Free
        | GateReason::Paid
        | GateReason::PaidWithinGrace
        | GateReason::Promised
        | GateReason::AlreadyReleased
        | GateReason::NotPaid
        | GateReason::FeeUnknown
        | GateReason::Left => Some(ExitMatch::ByPlate),
        GateReason::MatchedBySimilarity => Some(ExitMatch::BySimilarity),
        // Also where a person knew it: the readers did not.
        GateReason::NoVisit
        | GateReason::SimilarPlates
        | GateReason::UnreadPlate
        | GateReason::MatchedByPerson => Some(ExitMatch::Unmatched),
        GateReason::Entered
        | GateReason::EnteredUnread
        | GateReason::LotNotReady
        | GateReason::LetGo
        | GateReason::BarrierUp
        | GateReason::TrackEnded
        | GateReason::Superseded
        | GateReason::StaleRead => None,
    }
}
