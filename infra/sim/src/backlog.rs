//! An offline day: a controller's kept reads, out of order and with repetitions, through gate-events' backlog address, the
//! FIFO queue and gate-backlog, while the same lot's gates go on reporting.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use baro_domain::{
    EventId, LotId, Passage, PlateNumber,
    visit::{Facts, fold},
};
use baro_testing::{Message, at};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    chance::Chance,
    town::{self, Spot, report},
    truth::{Stay, TrueRead, stay_of, stays},
    world::{Post, Ran, World, sqs_event},
};

/// The most that the backlog address takes in one body.
const MAX_BODY_READS: usize = 1_000;
/// Lambda's largest batch of a FIFO queue.
const BATCH: usize = 10;
/// Reads of a stay: in, at the exit, out.
const READS_OF_A_STAY: usize = 3;
/// Stays of a car in the day.
const STAYS_OF_A_CAR: usize = 4;
/// One read in so many is sent twice.
const REPEATED_ONE_IN: usize = 20;
/// After so many batches a live car is read.
const BATCHES_A_LIVE_READ: usize = 5;

/// How it went.
#[derive(Debug, Clone)]
pub struct Report {
    /// Reads that the day had.
    pub events: usize,
    /// Reads posted, repetitions among them.
    pub posted: usize,
    /// Messages handed to gate-backlog.
    pub filed: usize,
    /// Plates whose visits were compared with truth.
    pub plates: usize,
    /// Visits of them.
    pub visits: usize,
    /// Time of all posts of backlogs.
    pub posting: Duration,
    /// Time of all of gate-backlog's batches.
    pub filing: Duration,
    /// Requests by service and operation.
    pub calls: BTreeMap<(&'static str, String), usize>,
    /// How long each live read waited for its answer, sorted.
    pub live: Vec<Duration>,
}

impl Report {
    /// The latency that so many per mille of the live reads stayed below.
    pub fn live_below(&self, per_mille: usize) -> Duration {
        let last = self.live.len().saturating_sub(1);
        self.live.get(last * per_mille / 1_000).copied().unwrap_or_default()
    }
}

struct Kept {
    plate: PlateNumber,
    passage: Passage,
    seen: Timestamp,
    entry: Value,
}

/// Plays a day of `events` reads drawn from `seed`; an error says what came out wrong.
pub fn run(seed: u64, events: usize) -> Result<Report, String> {
    crate::played(|| play(seed, events))
}

async fn play(seed: u64, events: usize) -> Result<Report, String> {
    let mut chance = Chance::new(seed);
    let spots: Vec<Spot> =
        town::spots().into_iter().filter(|spot| spot.gate.as_str() == "gate_a00").collect();
    let mut world = World::start(&town::lots(), &town::gates(&town::spots()), at(0)).await;
    let day = day_of(&mut chance, &spots, events);
    // The controller is back a day after its first read.
    world.clock.set(at(24 * 60));
    let mut report = Report {
        events: day.len(),
        posted: 0,
        filed: 0,
        plates: 0,
        visits: 0,
        posting: Duration::ZERO,
        filing: Duration::ZERO,
        calls: BTreeMap::new(),
        live: Vec::new(),
    };
    let mut order: Vec<usize> = (0..day.len()).collect();
    let repeated: Vec<usize> = order.iter().copied().filter(|_| chance.one_in(REPEATED_ONE_IN)).collect();
    order.extend(repeated);
    for place in (1..order.len()).rev() {
        order.swap(place, chance.below(place + 1));
    }
    let mut live = 0_usize;
    for body in order.chunks(MAX_BODY_READS) {
        let messages = post(&mut world, &spots[0], &day, body, &mut report).await?;
        for (index, batch) in messages.chunks(BATCH).enumerate() {
            file(&mut world, batch, &mut report).await?;
            if index % BATCHES_A_LIVE_READ == 0 {
                live_read(&mut world, &spots, live, &mut report).await?;
                live += 1;
            }
        }
        count(&world, &mut report);
    }
    compare(&world, &spots[0].lot, &day, &mut report).await?;
    report.live.sort_unstable();
    Ok(report)
}

/// The reads of a day: cars of four stays each, all different plates.
fn day_of(chance: &mut Chance, spots: &[Spot], events: usize) -> Vec<Kept> {
    let mut day = Vec::with_capacity(events);
    for car in 0.. {
        let plate = plate(car);
        let mut minute = chance.seconds(0, 5 * 60);
        for _ in 0..STAYS_OF_A_CAR {
            for spot in spots.iter().take(READS_OF_A_STAY) {
                if day.len() == events {
                    return day;
                }
                minute += chance.seconds(3, 90);
                // The camera misses one in fifty.
                if chance.one_in(50) {
                    continue;
                }
                let seen = at(minute.min(24 * 60 - 3));
                let (_, entry) = report(spot, &plate, seen);
                day.push(Kept { plate: plate.clone(), passage: spot.passage, seen, entry });
            }
        }
    }
    day
}

fn plate(number: usize) -> PlateNumber {
    const LETTERS: [&str; 10] = ["가", "나", "다", "라", "마", "바", "사", "아", "자", "하"];
    let (letter, head, tail) = (LETTERS[number % 10], 10 + number / 10 % 90, 1_000 + number / 900 % 9_000);
    PlateNumber::parse(&format!("{head}{letter}{tail}"))
}

async fn post(
    world: &mut World,
    spot: &Spot,
    day: &[Kept],
    body: &[usize],
    report: &mut Report,
) -> Result<Vec<Message>, String> {
    let entries: Vec<Value> = body.iter().map(|index| day[*index].entry.clone()).collect();
    let posted = Post {
        gate: spot.gate.as_str().to_owned(),
        route: "backlog",
        content_type: "application/json".into(),
        path: None,
        body: Value::Array(entries).to_string(),
    };
    let (ran, took) = timed(world.post(&posted)).await;
    report.posting += took;
    report.posted += body.len();
    match ran {
        Ran::Answered(said) if said.status == 202 && said.body["accepted"] == body.len() => {
            Ok(world.cloud.take_messages())
        }
        other => Err(format!("the backlog was not taken: {other:?}")),
    }
}

async fn file(world: &mut World, batch: &[Message], report: &mut Report) -> Result<(), String> {
    let numbered = batch.iter().enumerate();
    let event = numbered.map(|(index, of)| (format!("m{index}"), of.body.clone(), of.group.clone()));
    let (ran, took) = timed(world.backlog(sqs_event(event.collect::<Vec<_>>()))).await;
    report.filing += took;
    report.filed += batch.len();
    if ran == Ran::Answered(Vec::new()) { Ok(()) } else { Err(format!("a batch failed: {ran:?}")) }
}

/// A car of the present: in, at the exit where it owes something, out.
async fn live_read(
    world: &mut World,
    spots: &[Spot],
    number: usize,
    report_of: &mut Report,
) -> Result<(), String> {
    world.clock.advance(SignedDuration::from_secs(90));
    let spot = &spots[number % READS_OF_A_STAY];
    let plate = PlateNumber::parse(&format!("서울{}허{:04}", 10 + number / 30_000, number / READS_OF_A_STAY));
    let (posted, _) = report(spot, &plate, world.now());
    let (ran, took) = timed(world.post(&posted)).await;
    report_of.live.push(took);
    let wanted = ["entered", "not_paid", "left"][number % READS_OF_A_STAY];
    match ran {
        Ran::Answered(said) if said.body["reason"] == wanted => Ok(()),
        other => Err(format!("a live read at {} was answered {other:?}", spot.lane)),
    }
}

/// Every plate's visits against what the day was.
async fn compare(world: &World, lot: &LotId, day: &[Kept], report: &mut Report) -> Result<(), String> {
    let priced = town::lots().into_iter().find(|record| record.lot.id == *lot).unwrap().priced().unwrap();
    let mut cars: BTreeMap<&PlateNumber, Vec<TrueRead>> = BTreeMap::new();
    for kept in day {
        let id = EventId::derive(&[kept.plate.as_str(), &kept.seen.to_string()]);
        cars.entry(&kept.plate).or_default().push((kept.seen, kept.passage, id));
    }
    for (plate, reads) in cars {
        let facts = world.cloud.parking().facts(lot, plate).await.map_err(|error| error.to_string())?;
        let visits: Vec<Stay> = fold(&priced.context(), &facts).visits.iter().map(stay_of).collect();
        let truth = stays(&priced, &reads, &Facts::none(plate.clone()));
        if visits != truth {
            return Err(format!("{}: the fold says {visits:?}, and truth {truth:?}", plate.as_str()));
        }
        report.plates += 1;
        report.visits += visits.len();
    }
    Ok(())
}

fn count(world: &World, report: &mut Report) {
    for call in world.cloud.calls() {
        *report.calls.entry((call.service, call.operation)).or_default() += 1;
    }
    world.cloud.forget_calls();
    // Nobody reads the streams of this day.
    world.cloud.take_changes();
}

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the machine's clock; nothing is decided by it"
)]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    let done = work.await;
    (done, started.elapsed())
}
