//! The scripted hour: cars come to real lots, pay on the phone, leave; their drivers are told; the day is settled.
//!
//! Gates, phones and the gateway act in real time; what lies in the past (when a car came in) is told as a late report,
//! which the platform takes as it takes any. Nothing is faked behind the API: what the table shows was asked for there.

mod act;
mod afterwards;
pub mod api;
mod books;
mod cars;
pub mod gates;
mod points;
mod promised;
mod stage;
pub(crate) mod table;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use baro_domain::{AccessKey, LotId, Operator, PlateNumber, notice::Contact, purse::Terms};
use futures::StreamExt as _;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{contracts::Contract, import, platform::Platform, progress::Progress};
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
    let (companies, desk) = (Companies::sign(platform).await?, Desk::open(platform, &places).await?);
    let actors = actors(platform, &api, &places, &companies, cars::cast(run)).await?;
    let books = books::open(platform, &places, now()).await?;
    let step = progress.counted("Cars driven", actors.len());
    let acts = actors.iter().map(|actor| async {
        let outcome = actor.play().await;
        step.advance();
        outcome
    });
    let mut outcomes: Vec<Result<Outcome>> =
        futures::stream::iter(acts).buffered(CONCURRENT_CARS).collect().await;
    afterwards::play(platform, &desk, &actors, &mut outcomes).await;
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    step.done(&format!("{} cars, {failed} not as they should be", actors.len()));

    let step = progress.step("Day settled");
    let mut problems = table::notices_complete(platform, &actors, &outcomes).await;
    problems.extend(barriers_raised(platform, &actors));
    let on_account = &companies.on_account.company;
    problems.extend(afterwards::account(platform, on_account, &actors, &outcomes).await?);
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
    curl.push(desk.curl(platform));
    Ok(Played { curl, true_end })
}

/// The cast with its controllers; every other driver has registered the car and is told of the entry too.
async fn actors(
    platform: &Platform,
    api: &Api,
    places: &[Place],
    companies: &Companies,
    cars: Vec<Car>,
) -> Result<Vec<Actor>> {
    let (directory, activity, parking) = (platform.directory()?, platform.activity()?, platform.parking()?);
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
        // Who pays without being asked has no page to leave a number on.
        if index % 2 == 0 || car.story.is_promised() {
            let registered = Contact { push_token: push, phone: Some(phone), ..Contact::default() };
            directory.put_contact(&PlateNumber::parse(&car.plate), &registered).await?;
        }
        actors.push(Actor {
            api: api.clone(),
            activity: activity.clone(),
            controller: place.controller.clone(),
            lot: place.lot().clone(),
            parking: parking.clone(),
            company: companies.of(car.story),
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

/// The companies that send cars.
struct Companies {
    with_card: Contract,
    on_account: Contract,
}

impl Companies {
    async fn sign(platform: &Platform) -> Result<Self> {
        let sign = async |name, number, terms| platform.sign_contract(name, number, terms, now()).await;
        Ok(Self {
            with_card: sign("한밭택배", "124-81-00998", Terms::Card).await?,
            on_account: sign("한밭물류", "120-81-47521", Terms::MonthlyInvoice).await?,
        })
    }

    fn of(&self, story: Story) -> Option<Contract> {
        match story {
            Story::CompanyCard => Some(self.with_card.clone()),
            Story::OnAccount => Some(self.on_account.clone()),
            _ => None,
        }
    }
}

/// The desk of the operator of the lot whose controller takes commands.
struct Desk {
    lot: LotId,
    key: String,
}

impl Desk {
    /// Gives the person on duty a key made for this start. Only on this machine is such a key ever shown.
    async fn open(platform: &Platform, places: &[Place]) -> Result<Self> {
        let place = places.get(cars::CONTROLLER_LOT).context("the stage has no lots")?;
        let (lot, secret) = (&place.record.lot, secret()?);
        let secret_sha256 = hex::encode(Sha256::digest(secret.as_bytes()));
        let keys = vec![AccessKey { name: "local".to_owned(), secret_sha256 }];
        let operator = Operator {
            id: lot.operator.clone(),
            name: lot.operator.to_string(),
            business_number: None,
            keys,
        };
        platform.directory()?.put_operator(&operator).await.context("the operator could not be stored")?;
        Ok(Self { lot: lot.id.clone(), key: format!("{}.{secret}", lot.operator) })
    }

    /// A line to try: what waits there.
    fn curl(&self, platform: &Platform) -> String {
        let (front, Self { lot, key }) = (&platform.cloud.front_url, self);
        format!("curl '{front}/v1/operator/lots/{lot}/tasks?state=open' -H 'authorization: Bearer {key}'")
    }
}

/// Whether a story's driver is one whose visit the platform tells of when it happens.
fn is_told_at_entry(actor: &Actor, index: usize) -> bool {
    // The entry of a late report lies further back than news do.
    index.is_multiple_of(2) && actor.car.story != Story::LateEntry && actor.car.stay_minutes < 30
}
