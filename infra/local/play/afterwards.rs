//! What is left to do when the cars have gone: an operator gives money back, an unpaid fee is asked for and paid by its link, and
//! a company's account is compared.

use anyhow::{Context, Result, ensure};
use baro_domain::{CompanyId, PaymentId};
use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    Desk,
    act::{Actor, Outcome, until},
    api,
    cars::Story,
    now,
    table::sent_to,
};
use crate::platform::Platform;

/// Carries each of these cars' stories to its end; a story that broke off before stays as it is.
pub(super) async fn play(
    platform: &Platform,
    desk: &Desk,
    actors: &[Actor],
    outcomes: &mut [Result<Outcome>],
) {
    for (actor, outcome) in actors.iter().zip(outcomes) {
        let Ok(known) = outcome else { continue };
        let ended = match actor.car.story {
            Story::PartlyRefunded => give_back(actor, desk, known).await,
            Story::RefusedThenLink => pay_by_link(platform, actor, known).await,
            _ => continue,
        };
        if let Err(error) = ended {
            *outcome = Err(error);
        }
    }
}

/// The person on duty gives half of it back; the driver, who had paid in full, owes nothing by that.
async fn give_back(actor: &Actor, desk: &Desk, outcome: &mut Outcome) -> Result<()> {
    let (id, half) = (outcome.paid_with.as_ref().context("it never paid")?, outcome.kept / 2);
    let wish = json!({"amount": half, "reason": "기계 고장 보상"});
    let path = format!("/payments/{id}/refunds");
    actor.api.as_operator(&desk.key, &path, Some((&super::token()?, &wish))).await?.ok()?;
    let given = until("the refund is done", async || {
        let payment = actor.api.payment(id).await?;
        Ok((payment["status"] == "partly_refunded").then(|| payment["refunded"].clone()))
    });
    let given = given.await?;
    ensure!(given == half, "{half} won were to go back, and {given} did");
    outcome.payments.push(format!("일부 환불 {half}원"));
    outcome.kept -= half;
    let visit = actor.api.visit(&actor.lot, &actor.car.plate).await?.ok()?;
    ensure!(visit["due"] == 0, "what was given back is asked for again: {visit}");
    Ok(())
}

/// The morning's notice goes out, and the driver opens its link and pays there.
async fn pay_by_link(platform: &Platform, actor: &Actor, outcome: &mut Outcome) -> Result<()> {
    let owed = until("a notice of the unpaid fee reaches the driver", async || {
        platform.cloud.invoke("ReceivablesName", &json!({})).await?;
        let told = platform.messengers.messages();
        Ok(sent_to(&told, actor).iter().find_map(|message| api::linked(&message.text)))
    });
    let owed = owed.await?;
    let page = actor.api.receivable(&owed).await?;
    let amount = page["amount"].as_i64().context("no amount")?;
    ensure!(page["state"] == "open" && amount == outcome.total, "{} won are unpaid: {page}", outcome.total);
    let asked = actor.api.pay_receivable(&owed).await?;
    let id = PaymentId::parse(asked["paymentId"].as_str().unwrap_or_default())?;
    let pressed = json!({"method": "CARD", "window": api::window(&asked)});
    actor.api.at_gateway(&id, "pay", &pressed).await?;
    until("the unpaid fee is settled", async || {
        Ok((actor.api.receivable(&owed).await?["state"] == "settled").then_some(()))
    })
    .await?;
    outcome.payments.push(format!("미납 링크 카드 {amount}원"));
    outcome.kept += amount;
    Ok(())
}

/// Whether the company's account gained this month what its cars were let out for; else what is wrong.
pub(super) async fn account(
    platform: &Platform,
    company: &CompanyId,
    actors: &[Actor],
    outcomes: &[Result<Outcome>],
) -> Result<Option<String>> {
    let mine = actors.iter().zip(outcomes).filter(|(actor, _)| actor.car.story == Story::OnAccount);
    let wanted: i64 = mine.filter_map(|(_, outcome)| outcome.as_ref().ok()).map(|outcome| outcome.kept).sum();
    let korea = TimeZone::fixed(jiff::tz::offset(9));
    let month = now().to_zoned(korea).date().first_of_month();
    let lines = platform.billing()?.account_lines(month).await?;
    let mine = lines.iter().filter(|line| line.company == *company);
    let found: i64 = mine.map(|line| line.amount.get()).sum();
    Ok((found != wanted).then(|| format!("the company owes {found}원 for cars of {wanted}원")))
}
