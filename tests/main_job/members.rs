//! Drivers who registered a card: the barrier opens on their word, and the charge runs behind the car.

use anyhow::{Context, Result, ensure};
use baro::play::gates::Place;
use baro_domain::{
    PaymentId, PlateNumber, ledger::EntryKind, notice::Contact, payment::PaymentStatus, visit::RulingKind,
};
use reqwest::Method;
use serde_json::json;

use crate::city::{City, ago, until};

pub(crate) const GOOD_CARD: &str = "4242 4242 4242 4242";
pub(crate) const CARD_WITHOUT_FUNDS: &str = "4000 0000 0000 9995";

/// A member with this card and plate, whose car came in 61 minutes ago.
pub(crate) async fn registered(city: &City, card: &str, plate: &str) -> Result<String> {
    let key = city.api.join(&format!("wish-{}", hex::encode(plate))).await?;
    city.api.register(&key, card, plate, 50_000).await?;
    comes_in(city, plate).await?;
    Ok(key)
}

/// A car that somebody pays for came in 61 minutes ago; the stream has filed the word with the visit.
pub(crate) async fn comes_in(city: &City, plate: &str) -> Result<()> {
    city.read(Place::Entry, plate, ago(61)).await?;
    let (parking, own) = (city.platform.parking()?, PlateNumber::parse(plate));
    until("the word is filed with the visit", async || {
        let facts = parking.facts(&city.lot, &own).await?;
        Ok(facts.rulings.iter().any(|ruling| matches!(ruling.kind, RulingKind::Pledged(_))).then_some(()))
    })
    .await
}

/// The car asks to leave, unpaid, and finds the barrier open at once.
pub(crate) async fn leaves(city: &City, plate: &str) -> Result<()> {
    let asked = city.read(Place::Ask, plate, ago(0)).await?;
    ensure!(asked["decision"] == "open" && asked["reason"] == "promised", "promised, and told {asked}");
    city.read(Place::Out, plate, ago(0)).await.map(drop)
}

/// Waits until the visit knows of a payment, and gives it.
pub(crate) async fn paid(city: &City, plate: &str) -> Result<PaymentId> {
    let (parking, own) = (city.platform.parking()?, PlateNumber::parse(plate));
    until("the promise is kept", async || {
        let facts = parking.facts(&city.lot, &own).await?;
        Ok(facts.payments.first().map(|paid| paid.payment.clone()))
    })
    .await
}

pub(crate) async fn charged_behind_the_car(city: &City) -> Result<()> {
    const PLATE: &str = "349거1357";
    let (own, phone) = (PlateNumber::parse(PLATE), "01034913570");
    let contact = Contact { phone: Some(phone.to_owned()), ..Contact::default() };
    city.platform.directory()?.put_contact(&own, &contact).await?;
    let key = registered(city, GOOD_CARD, PLATE).await?;
    leaves(city, PLATE).await?;

    let paid = paid(city, PLATE).await?;
    ensure!(city.stored(&paid).await?.value.status == PaymentStatus::Paid, "{paid} is not paid");
    let entries = city.entries(&paid).await?;
    ensure!(entries.len() == 1 && entries[0].kind == EntryKind::Sale, "the journal has {entries:?}");
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    ensure!(visit["state"] == "left" && visit["paid"] == 2_200 && visit["due"] == 0, "{visit}");
    let told = until("a receipt reached the phone", async || {
        Ok(city.told(phone).into_iter().find(|message| message.text.contains("2,200")))
    });
    told.await?;

    let me = city.api.as_member(&key, Method::GET, "", None).await?.ok()?;
    let card = me["cards"][0]["cardId"].as_str().context("no card")?;
    ensure!(!me.to_string().contains("billing-key"), "the card's key is shown: {me}");
    let gone = city.api.as_member(&key, Method::DELETE, &format!("/cards/{card}"), None).await?;
    ensure!(gone.status == 204, "{gone:?}");
    let me = city.api.as_member(&key, Method::GET, "", None).await?.ok()?;
    ensure!(me["cards"] == json!([]) && me["plates"][0]["plate"] == PLATE, "{me}");
    // The gateway tells of the deletion too, and that is no news.
    city.quiet().await
}

pub(crate) async fn refused_card_owes(city: &City) -> Result<()> {
    const PLATE: &str = "351너2468";
    registered(city, CARD_WITHOUT_FUNDS, PLATE).await?;
    leaves(city, PLATE).await?;
    let owed = until("the charge was refused", async || {
        let facts = city.platform.parking()?.facts(&city.lot, &PlateNumber::parse(PLATE)).await?;
        Ok(facts.rulings.into_iter().find_map(|ruling| match ruling.kind {
            RulingKind::PledgeBroken { read, .. } => Some(read),
            _ => None,
        }))
    });
    let read = owed.await?;
    let payment = PaymentId::derive(&["promise", city.lot.as_str(), read.as_str()]);
    ensure!(city.stored(&payment).await?.value.status == PaymentStatus::Failed, "the charge went through");
    ensure!(city.entries(&payment).await?.is_empty(), "money that never came is in the journal");
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    ensure!(visit["state"] == "left" && visit["paid"] == 0 && visit["due"] == 2_200, "{visit}");
    // Whoever asks with another member's key, or for another member's plate, gets nothing of it.
    let stranger = city.api.join("wish-of-a-stranger").await?;
    let path = format!("/plates/{}", baro::play::api::encoded(PLATE));
    let taken = city.api.as_member(&stranger, Method::PUT, &path, Some(&json!({"limit": 1_000}))).await?;
    ensure!(taken.status == 409 && taken.body["code"] == "plate-taken", "{taken:?}");
    Ok(())
}
