//! The deployed platform with one charging lot and a gate of each kind, and what a person would do there.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use baro::play::api::{Answer, Api, window};
use baro::play::gates::{Controller, Place};
use baro::sandbox::messenger::SentMessage;
use baro::{Options, Platform, SandboxPorts, import, paths};
use baro_clients::{HttpClient, HttpTimeouts};
use baro_domain::ledger::JournalEntry;
use baro_domain::payment::Payment;
use baro_domain::{AccessKey, BusinessNumber, GateVendor, LotId, Operator, PaymentId};
use baro_store::Stored;
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// 10 minutes 400 won, each further 10 minutes 300 won, at every hour of every day: the price does not depend on when this runs.
const TARIFF: &str = include_str!("../../events/tariffs/daejeon-court.json");
pub(crate) const ZONE: &str = "Asia/Seoul";
/// Of the person on duty; this cloud lives for minutes.
const DESK_SECRET: &str = "of-the-main-job";
/// The number the barrier controller has for the lot.
pub(crate) const AREA: u32 = 20;
/// How long anything behind the answer may take: webhook, queue, stream.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(150);

pub(crate) struct City {
    pub(crate) platform: Platform,
    pub(crate) api: Api,
    pub(crate) http: HttpClient,
    pub(crate) lot: LotId,
    /// Speaks the Korean dialect and keeps a backlog.
    pub(crate) controller: Controller,
    /// Speaks ISAPI.
    pub(crate) camera: Controller,
    /// What the person on duty at the lot's operator proves it with.
    pub(crate) desk_key: String,
}

/// A payment that was asked for.
pub(crate) struct Order {
    pub(crate) id: PaymentId,
    pub(crate) amount: i64,
    pub(crate) phone: String,
    window: Value,
}

pub(crate) fn ago(minutes: i64) -> Timestamp {
    let now = Timestamp::now();
    let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
    whole.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(whole)
}

/// The lot's local day.
fn day_of(at: Timestamp) -> Result<Date> {
    Ok(at.in_tz(ZONE)?.date())
}

/// Looks again and again until `glance` finds something.
pub(crate) async fn until<T>(what: &str, mut glance: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = glance().await? {
            return Ok(found);
        }
        ensure!(began.elapsed() < PATIENCE, "not after {PATIENCE:?}: {what}");
        tokio::time::sleep(GLANCE).await;
    }
}

impl City {
    pub(crate) async fn start(state: &Path) -> Result<Self> {
        let platform = Platform::start(Options::for_test(state)?, SandboxPorts::default()).await?;
        let directory = platform.directory()?;
        let imported = import::read(&paths::daejeon_lots())?;
        let mut record =
            imported.lots.into_iter().find(|lot| lot.lot.position.is_some()).context("no lots")?;
        record.lot.id = LotId::derive(&["the lot of the tests"]);
        "시험 주차장".clone_into(&mut record.lot.name);
        ZONE.clone_into(&mut record.lot.time_zone);
        // A driver who left without paying is asked for it on the same day.
        record.lot.rules.unpaid.first_after_days = 0;
        record.tariffs = baro_domain::tariff::LotTariffs::of(serde_json::from_str(TARIFF)?);
        let lot = record.lot.id.clone();
        let controller = Controller::install(&lot, GateVendor::Nexpa, ZONE)?;
        record.lot.controller = Some(platform.install_controller(&lot, AREA, &controller.gate).await?);
        let operator = record.lot.operator.clone();
        let desk_key = format!("{operator}.{DESK_SECRET}");
        let secret_sha256 = hex::encode(Sha256::digest(DESK_SECRET));
        let keys = vec![AccessKey { name: "당직".to_owned(), secret_sha256 }];
        let (name, business_number) = ("시험".to_owned(), Some(BusinessNumber::parse("1208147521")?));
        directory.put_operator(&Operator { id: operator, name, business_number, keys }).await?;
        directory.put_lots(&[record]).await?;
        let camera = Controller::install(&lot, GateVendor::Hikvision, ZONE)?;
        directory.put_gate(&controller.gate).await?;
        directory.put_gate(&camera.gate).await?;
        let api = Api::new(&platform.cloud.front_url, &platform.portone.url)?;
        let timeouts = HttpTimeouts { whole: Duration::from_secs(40), ..HttpTimeouts::default() };
        Ok(Self { http: HttpClient::new(timeouts)?, platform, api, lot, controller, camera, desk_key })
    }

    /// Anything posted to the front door.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let mut request = self.http.inner().post(format!("{}{path}", self.platform.cloud.front_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body.to_vec()).send().await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: serde_json::from_slice(&response.bytes().await?).unwrap_or_default() })
    }

    /// What the person on duty asks of the lot, or says: with a key by which a repetition is known.
    pub(crate) async fn at_desk(&self, path: &str, said: Option<(&str, &Value)>) -> Result<Answer> {
        self.api.as_operator(&self.desk_key, &format!("/lots/{}/{path}", self.lot), said).await
    }

    /// A list that the gateway's sandbox shows whoever tests with it: `faults`, `webhooks`.
    pub(crate) async fn at_sandbox(&self, list: &str) -> Result<Vec<Value>> {
        let url = format!("{}/sandbox/{list}", self.platform.portone.url);
        let mut found: Value =
            serde_json::from_slice(&self.http.inner().get(url).send().await?.bytes().await?)?;
        Ok(found["items"].as_array_mut().context("no list")?.drain(..).collect())
    }

    /// A report of the Korean controller.
    pub(crate) async fn read(&self, place: Place, plate: &str, at: Timestamp) -> Result<Value> {
        let report = self.controller.report(place, plate, at);
        let (gate, secret) = (&self.controller.gate.id, &self.controller.secret);
        self.api.report(gate, secret, &report.content_type, report.body).await?.ok()
    }

    /// Asks for a payment of what a car owes that came in so many minutes ago.
    pub(crate) async fn owing(&self, plate: &str, minutes: i64) -> Result<Order> {
        self.read(Place::Entry, plate, ago(minutes)).await?;
        self.order(plate).await
    }

    /// Asks for a payment of what is due.
    pub(crate) async fn order(&self, plate: &str) -> Result<Order> {
        let key = format!("key-{}", hex::encode(plate));
        let phone =
            format!("010{}", &hex::encode(plate.as_bytes()).replace(|c: char| !c.is_ascii_digit(), "5")[..8]);
        let asked = self.api.start_payment(&self.lot, plate, &key, &json!({"phone": phone})).await?.ok()?;
        let id = PaymentId::parse(asked["paymentId"].as_str().unwrap_or_default())?;
        let amount = asked["amount"].as_i64().context("no amount")?;
        Ok(Order { id, amount, phone, window: window(&asked) })
    }

    /// Pays by card in the gateway's window.
    pub(crate) async fn pay(&self, order: &Order) -> Result<()> {
        self.pay_with(order, "CARD").await
    }

    /// Pays in the gateway's window with this method.
    pub(crate) async fn pay_with(&self, order: &Order, method: &str) -> Result<()> {
        let body = json!({"method": method, "window": order.window});
        self.api.at_gateway(&order.id, "pay", &body).await.context("paying").map(drop)
    }

    /// Waits until a payment has this status, and gives all statuses seen on the way.
    pub(crate) async fn wait_for(&self, id: &PaymentId, status: &str) -> Result<Vec<String>> {
        let mut seen: Vec<String> = Vec::new();
        until(&format!("payment {id} is {status}"), async || {
            let now = self.api.payment(id).await?["status"].as_str().unwrap_or_default().to_owned();
            if seen.last() != Some(&now) {
                seen.push(now.clone());
            }
            Ok((now == status).then_some(()))
        })
        .await
        .with_context(|| format!("seen: {seen:?}"))?;
        Ok(seen)
    }

    /// A payment as stored.
    pub(crate) async fn stored(&self, id: &PaymentId) -> Result<Stored<Payment>> {
        self.platform.billing()?.payment(id).await?.context("no such payment")
    }

    /// What the journal says of a payment, on the days it can have moved.
    pub(crate) async fn entries(&self, id: &PaymentId) -> Result<Vec<JournalEntry>> {
        let billing = self.platform.billing()?;
        let mut days: Vec<Date> = vec![day_of(ago(60))?, day_of(ago(0))?];
        days.dedup();
        let mut entries = Vec::new();
        for day in days {
            entries.extend(billing.journal(day, Some(&self.lot)).await?);
        }
        entries.retain(|entry| entry.payment == *id);
        Ok(entries)
    }

    /// What reached a phone.
    pub(crate) fn told(&self, phone: &str) -> Vec<SentMessage> {
        self.platform.messengers.messages().into_iter().filter(|message| message.to == phone).collect()
    }

    /// The keys of a bucket under a prefix.
    pub(crate) async fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>> {
        let bucket = self.platform.cloud.output(bucket)?;
        let s3 = &self.platform.cloud.clients.s3;
        let listed = s3.list_objects_v2().bucket(bucket).prefix(prefix).send().await?;
        ensure!(listed.is_truncated() != Some(true), "more objects than one page under {prefix}");
        Ok(listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect())
    }

    /// An object of a bucket.
    pub(crate) async fn object(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        let bucket = self.platform.cloud.output(bucket)?;
        let got = self.platform.cloud.clients.s3.get_object().bucket(bucket).key(key).send().await?;
        Ok(got.body.collect().await?.to_vec())
    }

    /// The documents of the raw bucket under a prefix.
    pub(crate) async fn kept(&self, prefix: &str) -> Result<Vec<Value>> {
        let mut documents = Vec::new();
        for key in self.keys("RawBucket", prefix).await? {
            documents.push(serde_json::from_slice(&self.object("RawBucket", &key).await?)?);
        }
        Ok(documents)
    }

    /// How many messages wait in a queue and how many are being worked on.
    pub(crate) async fn depth(&self, queue: &str) -> Result<u32> {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};
        let asked = self.platform.cloud.clients.sqs.get_queue_attributes();
        let asked = asked.queue_url(self.platform.cloud.output(queue)?);
        let counts = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
        let got = asked.set_attribute_names(Some(counts.to_vec())).send().await?;
        let Some(attributes) = got.attributes() else { bail!("{queue} has no attributes") };
        counts.iter().map(|name| Ok(attributes.get(name).context("no count")?.parse::<u32>()?)).sum()
    }

    /// Waits until all that was queued has been worked on.
    pub(crate) async fn quiet(&self) -> Result<()> {
        for queue in ["PaymentQueueUrl", "NoticeQueueUrl", "GateCommandQueueUrl"] {
            until(&format!("{queue} is empty"), async || Ok((self.depth(queue).await? == 0).then_some(())))
                .await?;
        }
        Ok(())
    }

    /// For whoever must find out why a step failed.
    pub(crate) fn last_lines_of_the_log(&self) -> String {
        let text = std::fs::read_to_string(&self.platform.cloud.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(60).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// After all steps every dead-letter queue must be empty: nothing that was refused, repeated or killed has got lost.
pub(crate) async fn nothing_given_up(city: &City) -> Result<()> {
    for queue in [
        "BacklogDeadLettersUrl",
        "PaymentDeadLettersUrl",
        "NoticeDeadLettersUrl",
        "GateCommandDeadLettersUrl",
        "SettlementDeadLettersUrl",
        "ReconciliationDeadLettersUrl",
        "ReceivablesDeadLettersUrl",
        "RecountDeadLettersUrl",
        "StreamFailuresUrl",
    ] {
        ensure!(city.depth(queue).await? == 0, "{queue} holds something");
    }
    Ok(())
}
