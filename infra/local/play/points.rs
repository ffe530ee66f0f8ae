//! Drivers who bought points: a fee that points pay alone never reaches the gateway; one that they pay in part is charged less there.

use anyhow::{Context, Result, ensure};
use baro_domain::PaymentId;
use serde_json::json;

use super::{
    act::{Actor, Outcome, until},
    api,
    cars::Story,
    token,
};

/// Far above what an hour costs, won.
const TOP_UP: i64 = 10_000;
const WITH_BONUS: i64 = 11_000;
/// What points pay beside a card, won: less than any fee of the cast.
const PART: i64 = 200;

impl Actor {
    /// Becomes a member, buys points, and pays with them what is due.
    pub(super) async fn pay_with_points(&self, outcome: &mut Outcome) -> Result<()> {
        let member = self.api.join(&token()?).await?;
        let bought = self.api.top_up(&member, &token()?, TOP_UP).await?.ok()?;
        let top_up =
            PaymentId::parse(bought["paymentId"].as_str().unwrap_or_default()).context("no payment")?;
        let card = json!({"method": "CARD", "window": api::window(&bought)});
        self.at_gateway(&top_up, "pay", card).await?;
        let full = until("the points are in the wallet", async || {
            Ok((self.held(&member).await? == WITH_BONUS).then_some(()))
        });
        full.await?;

        let wanted = if self.car.story == Story::PointsAndCard { PART } else { TOP_UP };
        let wish = token()?;
        let start = || {
            self.api.start_with_points((&self.lot, &self.car.plate), &wish, wanted, (&member, &self.contact))
        };
        let asked = start().await?.ok()?;
        let id = PaymentId::parse(asked["paymentId"].as_str().unwrap_or_default()).context("no payment")?;
        let (by_card, by_points) = (asked["amount"].as_i64(), asked["points"].as_i64());
        let (by_card, by_points) = by_card.zip(by_points).context("no amounts")?;
        if self.car.story == Story::PointsAndCard {
            ensure!(by_points == PART && by_card > 0, "points pay another part than asked: {asked}");
            let card = json!({"method": "CARD", "window": api::window(&asked)});
            self.at_gateway(&id, "pay", card).await?;
        } else {
            ensure!(by_card == 0 && asked["status"] == "paid", "points did not pay all: {asked}");
        }
        self.wait_for(&id, "paid").await?;
        let again = start().await?.ok()?;
        ensure!(again["paymentId"] == asked["paymentId"], "the same wish made two payments");
        let left = self.held(&member).await?;
        ensure!(
            left == WITH_BONUS - by_points,
            "{by_points} of {WITH_BONUS} points were spent, {left} are left"
        );
        outcome.payments.push(if by_card > 0 {
            format!("포인트 {by_points}원 + 카드 {by_card}원")
        } else {
            format!("포인트 {by_points}원")
        });
        outcome.kept += by_card + by_points;
        outcome.paid_with = Some(id);
        Ok(())
    }

    async fn held(&self, member: &str) -> Result<i64> {
        let wallet = self.api.as_member(member, reqwest::Method::GET, "/points", None).await?.ok()?;
        wallet["paid"].as_i64().zip(wallet["bonus"].as_i64()).map(|(a, b)| a + b).context("no wallet")
    }
}
