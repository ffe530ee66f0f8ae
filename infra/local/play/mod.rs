//! The scripted hour: cars come to real lots, pay on the phone, leave; their drivers are told; the day is settled.
//!
//! Gates, phones and the gateway act in real time; what lies in the past (when a car came in) is told as a late report,
//! which the platform takes as it takes any. Nothing is faked behind the API: what the table shows was asked for there.

mod act;
pub mod api;
mod books;
mod cars;
pub mod gates;
mod stage;
pub(crate) mod table;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use baro_domain::{AccessKey, Operator, PlateNumber, notice::Contact};
use futures::StreamExt as _;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{import, platform::Platform, progress::Progress};
use act::{Actor, Outcome};
use api::Api;
use cars::{Car, Story};
use stage::Place;

/// Cars on the move at a time.
const CONCURRENT_CARS: usize = 6;

/// What to try by hand afterwards.
#[derive(Debug, Clone)]
pub struct Played {
    /// Three lines for a shell.
    pub curl: Vec<String>,
    /// Whether every car got what it should have got, and the books agree.
    pub true_end: bool,
}

/// A token that no earlier run has used.
pub(crate) fn token() -> Result<String> {
    random_hex::<10>()
}

/// A secret of 256 random bits, in hex.
pub(crate) fn secret() -> Result<String> {
    random_hex::<32>()
}

fn random_hex<const BYTES: usize>() -> Result<String> {
    let mut random = [0_u8; BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(hex::encode(random))
}

#[allow(clippy::disallowed_methods, reason = "the scripted hour runs in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Imports the lots, plays the hour, settles the day, prints the tables.
pub async fn hour(platform: &Platform, lots_file: &Path, progress: &Progress) -> Result<Played> {
    let directory = platform.directory()?;
    let step = progress.step("Lots imported");
    let imported = import::read(lots_file)?;
    import::store(&directory, &imported, now()).await?;
    let places = stage::build(platform, &imported.lots, now()).await?;
    step.done(&imported.summary());

    let api = Api::new(&platform.cloud.front_url, &platform.portone.url)?;
    let run = u32::from_str_radix(&token()?[..6], 16)? % 100_000;
    let actors = actors(platform, &api, &places, cars::cast(run)).await?;
    let books = books::open(platform, &places, now()).await?;
    let step = progress.counted("Cars driven", actors.len());
    let acts = actors.iter().map(|actor| async {
        let outcome = actor.play().await;
        step.advance();
        outcome
    });
    let outcomes: Vec<Result<Outcome>> =
        futures::stream::iter(acts).buffered(CONCURRENT_CARS).collect().await;
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    step.done(&format!("{} cars, {failed} not as they should be", actors.len()));

    let step = progress.step("Day settled");
    let mut problems = table::notices_complete(platform, &actors, &outcomes).await;
    problems.extend(barriers_raised(platform, &actors));
    let settled = books::close(platform, &places, &books, &outcomes, &actors).await?;
    step.done(&format!("{} statements", settled.statements.len()));
    table::print(platform, &places, &actors, &outcomes);
    books::print(&settled, &places);
    problems.extend(settled.problems);
    for problem in &problems {
        println!("✗ {problem}");
    }
    let true_end = failed == 0 && problems.is_empty();
    println!(
        "{}",
        if true_end {
            "✓ 모두 맞습니다 · every car and every won is accounted for"
        } else {
            "✗ not as it should be"
        }
    );
    let mut curl = curl(platform, &places);
    curl.extend(desk(platform, &places).await?);
    Ok(Played { curl, true_end })
}

/// The cast with its controllers; every other driver has registered the car and is told of the entry too.
async fn actors(platform: &Platform, api: &Api, places: &[Place], cars: Vec<Car>) -> Result<Vec<Actor>> {
    let (directory, activity) = (platform.directory()?, platform.activity()?);
    let mut actors = Vec::with_capacity(cars.len());
    for (index, car) in cars.into_iter().enumerate() {
        let place = places.get(car.lot).context("a car without a lot")?;
        let token = token()?;
        let phone = format!("010{:08}", u32::from_str_radix(&token[..7], 16)? % 100_000_000);
        let push = (index % 3 != 0).then(|| format!("push-{token}"));
        // An uninstalled app: the push fails, AlimTalk must reach the driver instead.
        if let Some(push) = push.as_ref().filter(|_| index % 6 == 1) {
            platform.messengers.unregister(push.clone());
        }
        let contact = json!({"phone": phone, "pushToken": push});
        if index % 2 == 0 {
            let registered = Contact { push_token: push, phone: Some(phone), ..Contact::default() };
            directory.put_contact(&PlateNumber::parse(&car.plate), &registered).await?;
        }
        actors.push(Actor {
            api: api.clone(),
            activity: activity.clone(),
            controller: place.controller.clone(),
            lot: place.lot().clone(),
            car,
            contact,
        });
    }
    ensure!(actors.len() >= 30, "the cast is too small");
    Ok(actors)
}

/// Whether the barrier went up for each car that left by command alone.
fn barriers_raised(platform: &Platform, actors: &[Actor]) -> Option<String> {
    let let_out = actors.iter().filter(|actor| actor.car.story == Story::OpenedByCommand).count();
    let raised = platform.controller.raised(stage::AREA).len();
    (raised < let_out).then(|| format!("the barrier went up {raised} times for {let_out} cars"))
}

/// Three lines to try: lots near the city hall, a car that comes in, its price.
fn curl(platform: &Platform, places: &[Place]) -> Vec<String> {
    let front = &platform.cloud.front_url;
    let Some(place) = places.first() else { return Vec::new() };
    let (gate, secret) = (&place.controller.gate.id, &place.controller.secret);
    let plate = api::encoded("12가3456");
    vec![
        format!("curl '{front}/v1/lots?lat=36.3504&lon=127.3845&radiusM=1500'"),
        format!(
            "curl -X POST '{front}/v1/gates/{gate}/events' -H 'authorization: Bearer {secret}' -H 'content-type: application/json' \
             -d '{{\"command\":\"alert_incar\",\"data\":{{\"car_number\":\"12가3456\",\"date_time\":\"'$(TZ=Asia/Seoul date +%Y%m%d%H%M%S)'\",\"kind\":\"n\",\"lprID\":\"1\"}}}}'"
        ),
        format!("curl '{front}/v1/lots/{}/visits/{plate}'", place.lot()),
    ]
}

/// A line for the operator's desk, with a key made for this start: of the operators of the stage's lots, the first one's. Only on this
/// machine is such a key ever shown.
async fn desk(platform: &Platform, places: &[Place]) -> Result<Option<String>> {
    let Some(place) = places.first() else { return Ok(None) };
    let (lot, secret) = (&place.record.lot, secret()?);
    let key =
        AccessKey { name: "local".to_owned(), secret_sha256: hex::encode(Sha256::digest(secret.as_bytes())) };
    let (id, name) = (lot.operator.clone(), lot.operator.to_string());
    let operator = Operator { id, name, business_number: None, keys: vec![key] };
    platform.directory()?.put_operator(&operator).await.context("the operator could not be stored")?;
    let front = &platform.cloud.front_url;
    let (id, key) = (&lot.id, format!("{}.{secret}", lot.operator));
    Ok(Some(format!(
        "curl '{front}/v1/operator/lots/{id}/tasks?state=open' -H 'authorization: Bearer {key}'"
    )))
}

/// Whether a story's driver is one whose visit the platform tells of when it happens.
fn is_told_at_entry(actor: &Actor, index: usize) -> bool {
    // The entry of a late report lies further back than news do.
    index.is_multiple_of(2) && actor.car.story != Story::LateEntry && actor.car.stay_minutes < 30
}
