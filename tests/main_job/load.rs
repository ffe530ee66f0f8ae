//! Hundreds of webhooks at once while nobody consumes them, and consumers that are killed once somebody does.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use baro_domain::ledger::EntryKind;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::{
    city::{City, Order, until},
    crash::{consume, kill_workers, visibility},
    webhooks::{says_paid, secrets, signed},
};

const PAYMENTS: usize = 40;
/// So many of them are told of by one webhook, the first in the queue: if that one is lost, so is its payment. The others share the rest.
const TOLD_ONCE: usize = 30;
/// `BARO_LOAD_WEBHOOKS` sets another number, for measuring.
const WEBHOOKS: usize = 300;
const AT_A_TIME: usize = 32;
/// How often all consumers are killed; below the five tries that a message has.
const KILLS: usize = 2;
/// Short enough that what a killed consumer held comes back within the test.
const VISIBILITY_S: u32 = 5;
/// Long enough for a consumer to be killed while it waits.
const GATEWAY_LATENCY_MS: u64 = 1_500;

pub(crate) async fn none_is_lost(city: &City) -> Result<()> {
    let before = visibility(city, None).await?;
    visibility(city, Some(VISIBILITY_S)).await?;
    let outcome = send_kill_and_look(city).await;
    consume(city, true).await?;
    visibility(city, Some(before)).await?;
    outcome
}

async fn send_kill_and_look(city: &City) -> Result<()> {
    let asked = (0..PAYMENTS)
        .map(|car| async move { city.owing(&format!("{}호{}", 401 + car, 1_003 + 431 * car), 30).await });
    let orders: Vec<Order> = stream::iter(asked).buffered(6).try_collect().await?;
    city.quiet().await?;
    consume(city, false).await?;
    for order in &orders {
        // The gateway's own are lost, so that ours are all there is.
        city.api.fault(&json!({"fault": {"kind": "webhookDrop"}, "paymentId": order.id})).await?;
        city.pay(order).await?;
    }
    let (accepted, wall) = all_at_once(city, &orders).await?;
    tell(&accepted, wall);
    let waiting = city.depth("PaymentQueueUrl").await?;
    ensure!(usize::try_from(waiting)? == accepted.len(), "{waiting} wait of {} accepted", accepted.len());

    let slow = json!({"kind": "latency", "millis": GATEWAY_LATENCY_MS});
    city.api.fault(&json!({"fault": slow, "operation": "get", "times": 10 * KILLS})).await?;
    let began = Instant::now();
    consume(city, true).await?;
    for kill in 1..=KILLS {
        until("consumers are at work", async || {
            let used_up = left_of_the_fault(city).await? <= 10 * (KILLS - kill);
            Ok(used_up.then_some(()))
        })
        .await?;
        ensure!(kill_workers(city)? > 0, "no consumer was found to kill");
        ensure!(city.depth("PaymentQueueUrl").await? >= 10, "nothing was in flight when it was killed");
    }
    for order in &orders {
        city.wait_for(&order.id, "paid").await?;
    }
    city.quiet().await?;
    println!(
        "  {waiting} messages were worked off in {:.1} s, with all consumers killed {KILLS} times",
        began.elapsed().as_secs_f32()
    );
    for order in &orders {
        let entries = city.entries(&order.id).await?;
        ensure!(entries.len() == 1 && entries[0].kind == EntryKind::Sale, "the journal has {entries:?}");
        // Asked for, and paid: nothing else ever moved it.
        let stored = city.stored(&order.id).await?;
        ensure!(stored.revision == 2, "{} was written {} times", order.id, stored.revision);
    }
    ensure!(city.depth("PaymentDeadLettersUrl").await? == 0, "a webhook was given up");
    Ok(())
}

/// Sends all webhooks, and looks for each in S3 the moment it is answered; gives how long each answer took, and all of it.
async fn all_at_once(city: &City, orders: &[Order]) -> Result<(Vec<Duration>, Duration)> {
    let count = match std::env::var("BARO_LOAD_WEBHOOKS") {
        Ok(wanted) => wanted.parse::<usize>().context("BARO_LOAD_WEBHOOKS is no number")?.max(2 * PAYMENTS),
        Err(_) => WEBHOOKS,
    };
    let began = Instant::now();
    let sent = (0..count).map(|number| async move {
        let told = if number < TOLD_ONCE { number } else { TOLD_ONCE + number % (PAYMENTS - TOLD_ONCE) };
        let order = &orders[told];
        let (id, body) = (format!("msg_load_{number}"), says_paid(city, order));
        let (at, asked) = (Timestamp::now(), Instant::now());
        let answer = signed(city, secrets(city), &id, at, body.as_bytes()).await?;
        let took = asked.elapsed();
        ensure!(answer.status == 200, "{id}: {} {}", answer.status, answer.body);
        let kept = kept(city, &id, at).await.with_context(|| format!("{id} was accepted and not stored"))?;
        ensure!(kept["webhookId"] == id && kept["body"] == body, "stored otherwise than it came: {kept}");
        Ok(took)
    });
    let accepted = stream::iter(sent).buffer_unordered(AT_A_TIME).try_collect().await?;
    Ok((accepted, began.elapsed()))
}

/// A webhook as it was stored: under the day it was received on.
async fn kept(city: &City, id: &str, sent_at: Timestamp) -> Result<Value> {
    let key = |at: Timestamp| {
        format!("webhooks/portone/{}/{id}.json", at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d"))
    };
    let (first, last) = (key(sent_at), key(Timestamp::now()));
    let object = match city.object("RawBucket", &first).await {
        Err(_) if first != last => city.object("RawBucket", &last).await?,
        object => object?,
    };
    Ok(serde_json::from_slice(&object)?)
}

/// How many slow answers the gateway has left.
async fn left_of_the_fault(city: &City) -> Result<usize> {
    let rules = city.at_sandbox("faults").await?;
    let rule = rules.iter().rfind(|rule| rule["fault"]["millis"] == GATEWAY_LATENCY_MS);
    let times = rule.and_then(|rule| rule["times"].as_u64()).context("no such fault")?;
    Ok(usize::try_from(times)?)
}

fn tell(accepted: &[Duration], wall: Duration) {
    let mut took = accepted.to_vec();
    took.sort_unstable();
    let at = |per_cent: usize| took.get(took.len() * per_cent / 100).copied().unwrap_or_default().as_millis();
    let seconds = wall.as_secs_f64();
    println!(
        "  {} webhooks, {AT_A_TIME} at a time, each read back from S3: {:.0} a second; answered in {} ms (half), {} ms (95 %), {} ms (99 %)",
        took.len(),
        f64::from(u32::try_from(took.len()).unwrap_or(u32::MAX)) / seconds,
        at(50),
        at(95),
        at(99)
    );
}
