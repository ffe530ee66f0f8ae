//! Cars whose payer gave the word beforehand: the barrier opens at once, and what is charged is charged behind the car.

use anyhow::{Context, Result, ensure};
use baro_domain::{PlateNumber, visit::RulingKind};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    act::{Actor, Outcome, decision, until},
    cars::Story,
    gates::Place,
    token,
};

/// No more than this is charged for a visit without asking, won; far above what an hour costs.
const LIMIT: i64 = 50_000;
/// The test cards of the gateway's own page.
const GOOD_CARD: &str = "4242 4242 4242 4242";
const CARD_WITHOUT_FUNDS: &str = "4000 0000 0000 9995";

impl Actor {
    /// The whole story of such a car, to where its fee is charged, on an account, or refused.
    pub(super) async fn on_its_word(&self, mut outcome: Outcome, entered: Timestamp) -> Result<Outcome> {
        self.give_the_word().await?;
        self.read(Place::Entry, entered).await?;
        self.pledged().await?;
        let before = self.visit().await?;
        let answer = self.ask(&mut outcome).await?;
        let is_open = decision(&answer) == "open" && answer["reason"] == "promised";
        ensure!(is_open, "its payer gave the word, and the barrier said {answer}");
        self.drive_out(&mut outcome).await?;
        let refused = self.car.story == Story::RefusedThenLink;
        let settled = until("the fee is charged, on an account, or refused", async || {
            let visit = self.visit().await?;
            let (paid, due) = (won(&visit["paid"])?, won(&visit["due"])?);
            // As long as the promise stands nothing is due, and nothing is paid.
            let is_settled = if refused { due > 0 } else { paid > 0 };
            ensure!(paid == 0 || due == 0, "charged too little: {visit}");
            ensure!(!refused || paid == 0, "a refused card paid: {visit}");
            Ok(is_settled.then_some(if refused { due } else { paid }))
        });
        let amount = settled.await?;
        // A unit of the price may have begun between the two looks.
        let fee = won(&before["quote"]["total"])?..=outcome.total;
        ensure!(fee.contains(&amount), "{amount} won was charged for a fee of {fee:?}");
        outcome.payments.push(match self.car.story {
            Story::RefusedThenLink => format!("등록 카드 {amount}원 실패(거절)"),
            Story::CompanyCard => format!("법인 카드 {amount}원"),
            Story::OnAccount => format!("법인 후불 {amount}원"),
            _ => format!("등록 카드 {amount}원"),
        });
        outcome.kept += if refused { 0 } else { amount };
        Ok(outcome)
    }

    async fn visit(&self) -> Result<Value> {
        self.api.visit(&self.lot, &self.car.plate).await?.ok()
    }

    /// Registers card and plate, or the plate alone where a company gets an invoice.
    async fn give_the_word(&self) -> Result<()> {
        let contract = || self.company.as_ref().context("a company's car without its company");
        let plate = &self.car.plate;
        match self.car.story {
            Story::OnAccount => contract()?.add_plate(&self.api, plate).await,
            Story::CompanyCard => self.api.register(&contract()?.key, GOOD_CARD, plate, LIMIT).await,
            story => {
                let card = if story == Story::RefusedThenLink { CARD_WITHOUT_FUNDS } else { GOOD_CARD };
                let key = self.api.join(&token()?).await?;
                self.api.register(&key, card, plate, LIMIT).await
            }
        }
    }

    /// Waits until the word is filed with the visit, as it is long before a real car leaves.
    async fn pledged(&self) -> Result<()> {
        let own = PlateNumber::parse(&self.car.plate);
        until("the payer's word is filed with the visit", async || {
            let facts = self.parking.facts(&self.lot, &own).await?;
            Ok(facts.rulings.iter().any(|ruling| matches!(ruling.kind, RulingKind::Pledged(_))).then_some(()))
        })
        .await
    }
}

fn won(value: &Value) -> Result<i64> {
    value.as_i64().context("no amount")
}
