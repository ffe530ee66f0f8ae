//! What the gateway says, what others say in its name, and what it says wrongly.

use anyhow::{Context, Result, ensure};
use baro::play::{api::Answer, gates::Place};
use baro::sandbox::portone::random_webhook_secret;
use baro_clients::webhook::WebhookSecrets;
use baro_domain::ledger::EntryKind;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::city::{City, Order, ago, until};

const PATH: &str = "/v1/webhooks/portone";

/// A webhook signed at a moment, with these secrets.
pub(crate) async fn signed(
    city: &City,
    secrets: &[String],
    id: &str,
    at: Timestamp,
    body: &[u8],
) -> Result<Answer> {
    let signature = WebhookSecrets::parse(secrets)?.sign(id, at.as_second(), body);
    let at = at.as_second().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", id),
        ("webhook-timestamp", &at),
        ("webhook-signature", &signature),
    ];
    city.post(PATH, &headers, body).await
}

pub(crate) fn secrets(city: &City) -> &[String] {
    &city.platform.portone.config().webhook_secrets
}

pub(crate) fn says_paid(city: &City, order: &Order) -> String {
    let store = &city.platform.portone.config().store_id;
    json!({"type": "Transaction.Paid", "timestamp": ago(0).to_string(),
           "data": {"paymentId": order.id, "storeId": store, "transactionId": "tx-forged"}})
    .to_string()
}

/// The webhook of the log that told of a payment.
async fn delivered(city: &City, order: &Order) -> Result<Value> {
    let log = city.at_sandbox("webhooks").await?;
    let found =
        log.iter().find(|item| item["paymentId"] == order.id.as_str() && item["type"] == "Transaction.Paid");
    found.cloned().context("the gateway told nobody")
}

pub(crate) async fn told_three_times(city: &City) -> Result<()> {
    let order = city.owing("345다1357", 30).await?;
    city.api.fault(&json!({"fault": {"kind": "webhookDuplicate"}, "paymentId": order.id})).await?;
    city.pay(&order).await?;
    city.wait_for(&order.id, "paid").await?;
    let twice = until("the webhook was delivered twice", async || {
        let webhook = delivered(city, &order).await?;
        Ok((webhook["attempts"].as_array().is_some_and(|attempts| attempts.len() == 2)).then_some(webhook))
    })
    .await?;
    let accepted = twice["attempts"].as_array().into_iter().flatten().all(|attempt| attempt["status"] == 200);
    ensure!(accepted, "a repetition is no error: {twice}");
    until("a receipt", async || Ok((!city.told(&order.phone).is_empty()).then_some(()))).await?;
    city.quiet().await?;
    let before = city.stored(&order.id).await?;

    let (id, body) = (twice["webhookId"].as_str().context("id")?, twice["body"].as_str().context("body")?);
    let later = signed(city, secrets(city), id, Timestamp::now(), body.as_bytes()).await?;
    ensure!(later.status == 200, "{}", later.body);
    city.quiet().await?;
    let after = city.stored(&order.id).await?;
    ensure!(before.revision == after.revision && before.value == after.value, "the payment moved again");
    let entries = city.entries(&order.id).await?;
    ensure!(entries.len() == 1 && entries[0].kind == EntryKind::Sale, "the journal has {entries:?}");
    let told = city.told(&order.phone);
    ensure!(told.len() == 1, "the driver was told {told:?}");
    Ok(())
}

pub(crate) async fn forged(city: &City) -> Result<()> {
    let order = city.owing("456라2468", 30).await?;
    let before = city.stored(&order.id).await?;
    let body = says_paid(city, &order);
    let answer =
        signed(city, &[random_webhook_secret()], "msg_forged", Timestamp::now(), body.as_bytes()).await?;
    ensure!(answer.status == 401 && answer.body["code"] == "webhook-signature-invalid", "{}", answer.body);
    let unsigned = city.post(PATH, &[("content-type", "application/json")], body.as_bytes()).await?;
    ensure!(unsigned.status == 401, "{}", unsigned.body);
    city.quiet().await?;
    let after = city.stored(&order.id).await?;
    ensure!(before.revision == after.revision, "a forged webhook moved the payment");
    ensure!(city.entries(&order.id).await?.is_empty(), "a forged webhook moved money");
    let asked = city.read(Place::Ask, "456라2468", ago(0)).await?;
    ensure!(asked["decision"] == "amount_due", "a forged webhook opened the barrier: {asked}");
    let kept = city.kept("webhooks/refused/").await?;
    let same = kept.iter().filter(|document| document["body"] == body.as_str()).count();
    ensure!(same == 2, "of two forged bodies {same} were kept");
    let taken = city.keys("RawBucket", "webhooks/portone/").await?;
    ensure!(!taken.iter().any(|key| key.contains("msg_forged")), "a forged webhook lies among the true ones");
    Ok(())
}

pub(crate) async fn stale_and_unreadable(city: &City) -> Result<()> {
    let before = city.kept("webhooks/refused/").await?.len();
    let order = city.owing("679버8642", 30).await?;
    let (body, large) = (says_paid(city, &order), vec![b' '; 64 * 1024 + 1]);
    for (id, at, body, status, code) in [
        ("msg_stale", ago(6), body.as_bytes(), 401, "webhook-signature-invalid"),
        ("msg_early", ago(-6), body.as_bytes(), 401, "webhook-signature-invalid"),
        ("msg_torn", ago(0), br#"{"type":"Transaction.Paid""#.as_slice(), 400, "webhook-body-invalid"),
        ("msg_large", ago(0), large.as_slice(), 413, "body-too-large"),
    ] {
        let answer = signed(city, secrets(city), id, at, body).await?;
        ensure!(
            answer.status == status && answer.body["code"] == code,
            "{id}: {} {}",
            answer.status,
            answer.body
        );
    }
    let kept = city.kept("webhooks/refused/").await?;
    ensure!(kept.len() == before + 4, "of four refused webhooks {} were kept", kept.len() - before);
    ensure!(
        kept.iter().any(|document| document["bodyBytes"] == large.len()),
        "the length of the large one is lost"
    );
    ensure!(city.entries(&order.id).await?.is_empty(), "a refused webhook moved money");
    Ok(())
}

pub(crate) async fn wrong_amount(city: &City) -> Result<()> {
    let order = city.owing("789서1122", 30).await?;
    let less = json!({"kind": "wrongAmount", "deltaWon": -100});
    city.api.fault(&json!({"fault": less, "paymentId": order.id})).await?;
    city.pay(&order).await?;
    let seen = city.wait_for(&order.id, "refunded").await?;
    ensure!(!seen.iter().any(|status| status == "paid"), "it counted as paid: {seen:?}");
    city.quiet().await?;
    let entries = city.entries(&order.id).await?;
    let kinds: Vec<EntryKind> = entries.iter().map(|entry| entry.kind).collect();
    ensure!(kinds.len() == 2, "held and sent back, and nothing else: {entries:?}");
    ensure!(kinds.contains(&EntryKind::HeldReceipt) && kinds.contains(&EntryKind::HeldReturn), "{kinds:?}");
    let payment = city.stored(&order.id).await?.value;
    ensure!(
        payment.captured == payment.returned && payment.captured.get() == order.amount - 100,
        "{payment:?}"
    );
    let asked = city.read(Place::Ask, "789서1122", ago(0)).await?;
    ensure!(asked["decision"] == "amount_due", "too little opened the barrier: {asked}");
    Ok(())
}
