//! A function is killed while messages of its batch are done, and one is not.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use baro_domain::{ledger::EntryKind, payment::PaymentStatus};
use serde_json::json;

use crate::city::{City, Order, until};

/// Long enough for the worker to be found and killed while it waits; shorter than the client's own patience.
const GATEWAY_SILENCE_MS: u64 = 7_500;
/// Longer than the silence, so that nobody else takes the batch up while its worker lives.
const VISIBILITY_S: u32 = 9;

pub(crate) async fn killed_in_mid_batch(city: &City) -> Result<()> {
    let before = visibility(city, None).await?;
    visibility(city, Some(VISIBILITY_S)).await?;
    let outcome = kill_and_recover(city).await;
    visibility(city, Some(before)).await?;
    outcome
}

async fn kill_and_recover(city: &City) -> Result<()> {
    let mut orders = Vec::new();
    for plate in ["135너5511", "246더6622", "357러7733"] {
        orders.push(city.owing(plate, 30).await?);
    }
    // The webhooks of all three wait in the queue, so that one batch takes them.
    consume(city, false).await?;
    for order in &orders {
        city.pay(order).await?;
    }
    let [done, done_too, waiting] = orders.as_slice() else { unreachable!("three orders") };
    let mut sent = 0;
    for order in &orders {
        sent += until("its webhooks are delivered", async || webhooks(city, order).await).await?;
    }
    until("all of them wait", async || Ok((city.depth("PaymentQueueUrl").await? >= sent).then_some(())))
        .await?;
    let times = webhooks(city, waiting).await?;
    let silence = json!({"kind": "latency", "millis": GATEWAY_SILENCE_MS});
    let rule = json!({"fault": silence, "paymentId": waiting.id, "operation": "get", "times": times});
    city.api.fault(&rule).await?;
    consume(city, true).await?;
    until("the worker waits for the gateway", async || Ok(is_used_up(city, waiting).await?.then_some(())))
        .await?;
    city.wait_for(&done.id, "paid").await?;
    city.wait_for(&done_too.id, "paid").await?;
    let revisions = (city.stored(&done.id).await?.revision, city.stored(&done_too.id).await?.revision);
    let killed = kill_workers(city)?;
    let status = city.stored(&waiting.id).await?.value.status;
    ensure!(status == PaymentStatus::Requested, "its worker was killed too late: it is {status:?}");
    ensure!(killed > 0, "no worker of payment-sync was found");
    ensure!(
        city.depth("PaymentQueueUrl").await? >= 3,
        "the batch was not in flight when its worker was killed"
    );
    city.wait_for(&waiting.id, "paid").await?;
    city.quiet().await?;
    for order in &orders {
        let entries = city.entries(&order.id).await?;
        ensure!(entries.len() == 1 && entries[0].kind == EntryKind::Sale, "the journal has {entries:?}");
        until("a receipt", async || Ok((!city.told(&order.phone).is_empty()).then_some(()))).await?;
        ensure!(city.told(&order.phone).len() == 1, "a driver was told twice");
    }
    let now = (city.stored(&done.id).await?.revision, city.stored(&done_too.id).await?.revision);
    ensure!(revisions == now, "what was done was done again");
    Ok(())
}

/// Sets the queue's visibility time-out, if asked to, and gives the one in force.
pub(crate) async fn visibility(city: &City, seconds: Option<u32>) -> Result<u32> {
    let sqs = &city.platform.cloud.clients.sqs;
    let (url, name) = (city.platform.cloud.output("PaymentQueueUrl")?, QueueAttributeName::VisibilityTimeout);
    if let Some(seconds) = seconds {
        sqs.set_queue_attributes()
            .queue_url(url)
            .attributes(name.clone(), seconds.to_string())
            .send()
            .await?;
    }
    let got = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await?;
    Ok(got.attributes().and_then(|all| all.get(&name)).context("no time-out")?.parse()?)
}

/// Lets payment-sync take messages, or not.
pub(crate) async fn consume(city: &City, enabled: bool) -> Result<()> {
    let lambda = &city.platform.cloud.clients.lambda;
    let function = city.platform.cloud.output("PaymentSyncName")?;
    let sources = lambda.list_event_source_mappings().function_name(function).send().await?;
    let source = sources.event_source_mappings().first().and_then(|source| source.uuid());
    let id = source.context("payment-sync consumes nothing")?;
    lambda.update_event_source_mapping().uuid(id).enabled(enabled).send().await?;
    Ok(())
}

/// Whether all calls that are answered late have come.
async fn is_used_up(city: &City, order: &Order) -> Result<bool> {
    let rules = city.at_sandbox("faults").await?;
    Ok(rules.iter().any(|rule| rule["paymentId"] == order.id.as_str() && rule["times"] == 0))
}

/// How many webhooks told of a payment, once its last one is delivered.
async fn webhooks(city: &City, order: &Order) -> Result<Option<u32>> {
    let mut log = city.at_sandbox("webhooks").await?;
    log.retain(|webhook| webhook["paymentId"] == order.id.as_str());
    let is_complete = log.iter().any(|webhook| webhook["type"] == "Transaction.Paid")
        && log.iter().all(|webhook| webhook["state"] == "delivered");
    Ok(is_complete.then_some(u32::try_from(log.len())?))
}

/// Kills every process of payment-sync that belongs to this very cloud, as a lost machine would.
pub(crate) fn kill_workers(city: &City) -> Result<usize> {
    let name = format!("AWS_LAMBDA_FUNCTION_NAME={}", city.platform.cloud.output("PaymentSyncName")?);
    let cloud = format!("AWS_ENDPOINT_URL={}", city.platform.cloud.endpoint);
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(environment) = std::fs::read(path.join("environ")) else { continue };
        let has = |wanted: &str| environment.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes());
        if has(&name) && has(&cloud) {
            ensure!(
                Command::new("kill").args(["-9", &pid.to_string()]).status()?.success(),
                "{pid} lives on"
            );
            killed += 1;
        }
    }
    Ok(killed)
}
