//! One car's story, told step by step against the deployed platform. Each step asserts what must come of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use baro_domain::{
    LotId, PaymentId, PlateNumber,
    command::{Action, Status},
};
use baro_store::{Activity, Parking};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    api::{self, Api},
    cars::{Car, Story},
    gates::{self, Controller, Place},
};
use crate::contracts::Contract;

/// How long we wait for what happens behind: webhook, queue, stream.
const PATIENCE: Duration = Duration::from_secs(40);
const GLANCE: Duration = Duration::from_millis(150);

/// Looks again and again until `glance` finds something.
pub(super) async fn until<T>(what: &str, mut glance: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = glance().await? {
            return Ok(found);
        }
        ensure!(tokio::time::Instant::now() < give_up, "not after {PATIENCE:?}: {what}");
        tokio::time::sleep(GLANCE).await;
    }
}

/// What became of a car.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// When it came in and left.
    pub entered_at: Option<Timestamp>,
    /// When it stood at the exit for the last time.
    pub left_at: Option<Timestamp>,
    /// The fee, won.
    pub total: i64,
    /// Its lines, Korean, as the driver reads them.
    pub lines: Vec<String>,
    /// What was paid, and how it went.
    pub payments: Vec<String>,
    /// The decisions at the barrier, in order.
    pub barrier: Vec<String>,
    /// Won that must be in the journal for it.
    pub kept: i64,
    /// The payment that its driver made last.
    pub paid_with: Option<PaymentId>,
}

/// An actor: the car, the lot, its gate and the platform.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// Platform.
    pub api: Api,
    /// Where the operator sees what became of commands.
    pub activity: Activity,
    /// Controller of the lot.
    pub controller: Controller,
    /// Lot.
    pub lot: LotId,
    /// Car.
    pub car: Car,
    /// How its driver is told.
    pub contact: Value,
    /// Where the play sees that a payer's word has been filed with the visit.
    pub parking: Parking,
    /// The company whose car it is.
    pub company: Option<Contract>,
}

/// The one place where the play looks at the clock: its gates run in real time.
#[allow(clippy::disallowed_methods, reason = "the scripted gates run in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn before(minutes: i64, seconds: i64) -> Timestamp {
    let whole = Timestamp::from_second(now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
    whole.saturating_sub(SignedDuration::from_secs(minutes * 60 + seconds)).unwrap_or(whole)
}

impl Actor {
    /// Plays the whole story.
    pub(super) async fn play(&self) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let entered = match self.car.story {
            // 60 min 56 s now; in 4 s a 61st minute is full, and with it another unit begins.
            Story::Overrun => before(self.car.stay_minutes, -4),
            _ => before(self.car.stay_minutes, 0),
        };
        outcome.entered_at = Some(entered);
        if self.car.story.is_promised() {
            return self.on_its_word(outcome, entered).await;
        }
        if self.car.story == Story::LateEntry {
            return self.late_entry(outcome, entered).await;
        }
        let open = self.read(Place::Entry, entered).await?;
        // A report of an hour ago opens nothing any more, but is filed like any other.
        ensure!(open["reason"] == "stale_read", "the entry of an hour ago was not just filed: {open}");
        self.pay_in_advance(&mut outcome).await?;
        self.leave(&mut outcome).await?;
        Ok(outcome)
    }

    async fn read_as(&self, place: Place, plate: &str, at: Timestamp) -> Result<Value> {
        let report = self.controller.report(place, plate, at);
        let send = || {
            let (gate, secret) = (&self.controller.gate.id, &self.controller.secret);
            self.api.report(gate, secret, &report.content_type, report.body.clone())
        };
        let answer = send().await?.ok()?;
        if self.car.story == Story::DuplicateReads {
            let again = send().await?.ok()?;
            ensure!(
                decision(&answer) == decision(&again),
                "the same report, another answer: {answer} / {again}"
            );
        }
        Ok(answer)
    }

    pub(super) async fn read(&self, place: Place, at: Timestamp) -> Result<Value> {
        self.read_as(place, &self.car.plate, at).await
    }

    async fn pay_in_advance(&self, outcome: &mut Outcome) -> Result<()> {
        match self.car.story {
            Story::FreeGrace
            | Story::PaysAtBarrier
            | Story::OpenedByCommand
            | Story::VirtualAccount
            | Story::LateEntry => Ok(()),
            Story::PaidWithPoints | Story::PointsAndCard => self.pay_with_points(outcome).await,
            _ => self.pay(outcome, "advance").await,
        }
    }

    /// Asks for a payment and carries it through as the story wants it.
    async fn pay(&self, outcome: &mut Outcome, occasion: &str) -> Result<()> {
        let key = format!("{occasion}-{}", super::token()?);
        let asked = self.api.start_payment(&self.lot, &self.car.plate, &key, &self.contact).await?.ok()?;
        let again = self.api.start_payment(&self.lot, &self.car.plate, &key, &self.contact).await?.ok()?;
        ensure!(asked["paymentId"] == again["paymentId"], "the same idempotency key made two payments");
        let id =
            PaymentId::parse(asked["paymentId"].as_str().unwrap_or_default()).context("no payment id")?;
        let amount = asked["amount"].as_i64().context("no amount")?;
        Self::note_quote(outcome, &asked["quote"]);
        let window = api::window(&asked);
        self.prepare_faults(&id, occasion).await?;
        match self.car.story {
            Story::VirtualAccount => {
                self.at_gateway(&id, "pay", json!({"method": "VIRTUAL_ACCOUNT", "window": window})).await?;
                self.wait_for(&id, "awaiting_deposit").await?;
                self.at_gateway(&id, "deposit", json!({})).await?;
                outcome.payments.push(format!("가상계좌 {amount}원 입금"));
            }
            Story::FailsThenPays => {
                self.at_gateway(&id, "open", window.clone()).await?;
                self.at_gateway(&id, "fail", json!({"code": "INSUFFICIENT_BALANCE"})).await?;
                self.wait_for(&id, "failed").await?;
                outcome.payments.push(format!("카드 {amount}원 실패"));
                self.at_gateway(&id, "pay", json!({"method": "CARD", "window": window})).await?;
                outcome.payments.push(format!("카드 {amount}원"));
            }
            Story::PaysTooLittle if occasion == "advance" => {
                self.at_gateway(&id, "pay", json!({"method": "CARD", "window": window})).await?;
                self.wait_for(&id, "refunded").await?;
                outcome.payments.push("카드 금액 불일치 → 자동 환불".to_owned());
                return Ok(());
            }
            Story::EasyPay => {
                self.at_gateway(&id, "pay", json!({"method": "EASY_PAY:KAKAOPAY", "window": window})).await?;
                outcome.payments.push(format!("카카오페이 {amount}원"));
            }
            story => {
                self.at_gateway(&id, "pay", json!({"method": "CARD", "window": window})).await?;
                if story == Story::WebhookLost {
                    self.api.refresh(&id).await?;
                }
                outcome.payments.push(format!("카드 {amount}원"));
            }
        }
        self.wait_for(&id, "paid").await?;
        outcome.kept += amount;
        outcome.paid_with = Some(id);
        Ok(())
    }

    pub(super) async fn at_gateway(&self, id: &PaymentId, action: &str, body: Value) -> Result<()> {
        self.api
            .at_gateway(id, action, &body)
            .await
            .with_context(|| format!("{action} at the gateway"))
            .map(|_| ())
    }

    async fn prepare_faults(&self, id: &PaymentId, occasion: &str) -> Result<()> {
        let fault = match self.car.story {
            Story::WebhookLost => json!({"kind": "webhookDrop"}),
            Story::WebhookTwice => json!({"kind": "webhookDuplicate"}),
            Story::PaysTooLittle if occasion == "advance" => json!({"kind": "wrongAmount", "deltaWon": -100}),
            _ => return Ok(()),
        };
        self.api.fault(&json!({"fault": fault, "paymentId": id})).await
    }

    pub(super) async fn wait_for(&self, id: &PaymentId, wanted: &str) -> Result<()> {
        until(&format!("payment {id} is {wanted}"), async || {
            Ok((self.api.payment(id).await?["status"] == wanted).then_some(()))
        })
        .await
    }

    fn note_quote(outcome: &mut Outcome, quote: &Value) {
        outcome.total = quote["total"].as_i64().unwrap_or(outcome.total);
        let lines = quote["lines"].as_array().cloned().unwrap_or_default();
        let text = |line: &Value| {
            let label = line["label"].as_str().or(line["labelKo"].as_str()).unwrap_or_default();
            format!("{label} = {}원", line["amount"])
        };
        outcome.lines = lines.iter().map(text).collect();
    }

    /// Drives to the barrier and through it.
    async fn leave(&self, outcome: &mut Outcome) -> Result<()> {
        if self.car.story == Story::Overrun {
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
        let mut answer = self.ask(outcome).await?;
        if decision(&answer) == "amount_due" {
            let due_expected = matches!(
                self.car.story,
                Story::Overrun
                    | Story::PaysAtBarrier
                    | Story::OpenedByCommand
                    | Story::VirtualAccount
                    | Story::PaysTooLittle
            );
            ensure!(due_expected, "{} paid and is still asked for money: {answer}", self.car.story.title());
            self.pay(outcome, "barrier").await?;
            if self.car.story == Story::OpenedByCommand {
                return self.leave_by_command(outcome).await;
            }
            answer = self.ask(outcome).await?;
        } else {
            let free_ride =
                matches!(self.car.story, Story::PaysAtBarrier | Story::VirtualAccount | Story::PaysTooLittle);
            ensure!(!free_ride, "{} left without paying: {answer}", self.car.story.title());
        }
        if self.car.story == Story::UnreadAtExit {
            ensure!(decision(&answer) == "ask_operator", "nobody was asked about an unread plate: {answer}");
            // The person on duty reads the plate off the picture; the gate reports it anew.
            answer = self.read(Place::Ask, now()).await?;
            outcome.barrier.push(short(&answer));
        }
        ensure!(decision(&answer) == "open", "the barrier stayed shut: {answer}");
        self.drive_out(outcome).await
    }

    pub(super) async fn drive_out(&self, outcome: &mut Outcome) -> Result<()> {
        self.note_visit(outcome).await?;
        let left = now();
        outcome.left_at = Some(left);
        self.read(Place::Out, left).await?;
        Ok(())
    }

    /// Waits for the barrier to rise by itself: nothing is read or asked any more.
    async fn leave_by_command(&self, outcome: &mut Outcome) -> Result<()> {
        let own = PlateNumber::parse(&self.car.plate);
        until("a command opens the barrier", async || {
            let commands = self.activity.commands(&self.lot).await?;
            let mine = commands
                .iter()
                .find(|record| matches!(&record.command.action, Action::Open { plate, .. } if *plate == own));
            Ok(mine.filter(|record| record.progress.status == Status::Done).map(drop))
        })
        .await?;
        outcome.barrier.push("명령으로 열림(command)".to_owned());
        self.drive_out(outcome).await
    }

    pub(super) async fn ask(&self, outcome: &mut Outcome) -> Result<Value> {
        let seen = match self.car.story {
            Story::MisreadAtExit => misread(&self.car.plate),
            Story::UnreadAtExit => String::new(),
            _ => self.car.plate.clone(),
        };
        let answer = self.read_as(Place::Ask, &seen, now()).await?;
        outcome.barrier.push(short(&answer));
        Ok(answer)
    }

    async fn note_visit(&self, outcome: &mut Outcome) -> Result<()> {
        let visit = self.api.visit(&self.lot, &self.car.plate).await?.ok()?;
        Self::note_quote(outcome, &visit["quote"]);
        Ok(())
    }

    /// The car leaves first; hours later, in earnest, the controller tells that it had come.
    async fn late_entry(&self, mut outcome: Outcome, entered: Timestamp) -> Result<Outcome> {
        let answer = self.ask(&mut outcome).await?;
        ensure!(decision(&answer) == "ask_operator", "a car nobody saw coming was let go: {answer}");
        let left = now();
        self.read(Place::Out, left).await?;
        outcome.left_at = Some(left);
        let zone = jiff::tz::TimeZone::get(&self.controller.gate.time_zone)?;
        let kept = json!([gates::nexpa(Place::Entry, &self.car.plate, &entered.to_zoned(zone))]);
        let gate = &self.controller.gate.id;
        let answer = self.api.backlog(gate, &self.controller.secret, &kept).await?.ok()?;
        ensure!(answer["accepted"] == 1, "the backlog was not taken: {answer}");
        let visit = until("the late entry completes the visit", async || {
            Ok(self.api.visit(&self.lot, &self.car.plate).await?.ok().ok())
        });
        Self::note_quote(&mut outcome, &visit.await?["quote"]);
        outcome.barrier.push("백로그로 방문 완성".to_owned());
        Ok(outcome)
    }
}

pub(super) fn decision(answer: &Value) -> &str {
    answer["decision"].as_str().unwrap_or_default()
}

fn short(answer: &Value) -> String {
    let reason = answer["reason"].as_str().unwrap_or_default();
    match decision(answer) {
        "open" => format!("열림({reason})"),
        "amount_due" => format!("{}원 청구", answer["amountDue"]),
        "ask_operator" => format!("운영자 확인({reason})"),
        other => other.to_owned(),
    }
}

/// The plate as a dirty lens shows it: its last digit that has a look-alike becomes that.
fn misread(plate: &str) -> String {
    const LOOK_ALIKE: [(char, char); 7] =
        [('3', '8'), ('8', '3'), ('6', '8'), ('0', '8'), ('1', '7'), ('7', '1'), ('5', '6')];
    let confused = |c: char| LOOK_ALIKE.iter().find(|(read, _)| *read == c).map(|(_, shown)| *shown);
    let mut chars: Vec<char> = plate.chars().collect();
    if let Some((at, other)) = chars.iter().enumerate().rev().find_map(|(at, c)| Some((at, confused(*c)?))) {
        chars[at] = other;
    }
    chars.into_iter().collect()
}
