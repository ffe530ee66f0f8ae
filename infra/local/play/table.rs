//! What happened, car by car, as a table for people.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    Place,
    act::{Actor, Outcome},
    is_told_at_entry,
};
use crate::{platform::Platform, sandbox::messenger::SentMessage};

/// How long the slowest notice may take.
const NOTICE_PATIENCE: Duration = Duration::from_secs(30);

/// An empty table with these columns, as wide as the terminal, or 160 in a pipe.
pub(crate) fn grid(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(columns);
    if !table.is_tty() {
        table.set_width(160);
    }
    table
}

pub(super) fn sent_to<'a>(messages: &'a [SentMessage], actor: &Actor) -> Vec<&'a SentMessage> {
    let is_theirs = |message: &&SentMessage| {
        Some(message.to.as_str()) == actor.contact["phone"].as_str()
            || Some(message.to.as_str()) == actor.contact["pushToken"].as_str()
    };
    messages.iter().filter(is_theirs).collect()
}

/// How many notices a car's driver must get at least: one for each payment taken, one for a fresh entry.
fn expected(actor: &Actor, index: usize, outcome: &Outcome) -> usize {
    let receipts = outcome.payments.iter().filter(|text| !text.contains("실패")).count();
    receipts + usize::from(is_told_at_entry(actor, index))
}

/// Waits for the notices, then says who was not told, or told twice.
pub(super) async fn notices_complete(
    platform: &Platform,
    actors: &[Actor],
    outcomes: &[Result<Outcome>],
) -> Vec<String> {
    let give_up = tokio::time::Instant::now() + NOTICE_PATIENCE;
    loop {
        let messages = platform.messengers.messages();
        let told = actors.iter().zip(outcomes).enumerate().filter_map(|(index, (actor, outcome))| {
            let (wanted, got) =
                (expected(actor, index, outcome.as_ref().ok()?), sent_to(&messages, actor).len());
            (got < wanted).then(|| format!("{} was told {got} times of {wanted}", actor.car.story.title()))
        });
        let missing: Vec<String> = told.collect();
        if missing.is_empty() || tokio::time::Instant::now() > give_up {
            return missing.into_iter().chain(told_twice(&messages)).collect();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn told_twice(messages: &[SentMessage]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let ids = messages.iter().filter_map(|message| message.notice_id.as_ref());
    ids.filter(|id| !seen.insert(*id)).map(|id| format!("notice {id} reached a person twice")).collect()
}

fn clock(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map_or_else(|| "–".to_owned(), |at| at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

/// Prints the cars.
pub(super) fn print(platform: &Platform, places: &[Place], actors: &[Actor], outcomes: &[Result<Outcome>]) {
    let messages = platform.messengers.messages();
    let mut table = grid(&[
        "차량 car",
        "입차 in",
        "출차 out",
        "요금과 내역 fee",
        "결제 payment",
        "차단기 barrier",
        "알림 notices",
    ]);
    for (actor, outcome) in actors.iter().zip(outcomes) {
        let place = places.get(actor.car.lot);
        let lot = place.map_or("", |place| place.record.lot.name.as_str());
        let zone =
            place.and_then(|place| TimeZone::get(&place.record.lot.time_zone).ok()).unwrap_or(TimeZone::UTC);
        let car = format!("{}\n{lot}\n{}", actor.car.plate, actor.car.story.title());
        let told: Vec<&str> = sent_to(&messages, actor).iter().map(|message| message.channel).collect();
        match outcome {
            Ok(outcome) => table.add_row([
                car,
                clock(outcome.entered_at, &zone),
                clock(outcome.left_at, &zone),
                format!("{}원\n{}", outcome.total, outcome.lines.join("\n")),
                outcome.payments.join("\n"),
                outcome.barrier.join("\n"),
                told.join(" "),
            ]),
            Err(error) => table.add_row([car, String::new(), String::new(), format!("✗ {error:#}")]),
        };
    }
    println!("\n{table}");
}
