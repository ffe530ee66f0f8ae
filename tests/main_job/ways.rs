//! The other ways to pay, each from the car's entry to the journal: easy-pay, a deposit, a company's account and its card, a fee
//! that is paid by the link of its notice, and money that an operator gives back.

use anyhow::{Context, Result, ensure};
use baro::play::{
    api::{linked, window},
    gates::Place,
};
use baro_domain::{
    PaymentId, PlateNumber,
    ledger::{EntryKind, JournalEntry},
    notice::Contact,
    payment::PaymentStatus,
    purse::Terms,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    city::{City, ago, until},
    members::{CARD_WITHOUT_FUNDS, GOOD_CARD, comes_in, leaves, paid, registered},
};

/// Whether these kinds of entries are what the journal has of a payment, each once.
pub(crate) fn is_posted(entries: &[JournalEntry], kinds: &[EntryKind]) -> bool {
    entries.len() == kinds.len() && kinds.iter().all(|kind| entries.iter().any(|entry| entry.kind == *kind))
}

/// What the gateway knows of a payment.
pub(crate) async fn at_gateway(city: &City, id: &PaymentId) -> Result<Option<Value>> {
    let all = city.at_sandbox("payments").await?;
    Ok(all.into_iter().find(|payment| payment["id"] == id.as_str()))
}

pub(crate) async fn easy_pay(city: &City) -> Result<()> {
    const PLATE: &str = "353더4680";
    let order = city.owing(PLATE, 61).await?;
    city.pay_with(&order, "EASY_PAY:KAKAOPAY").await?;
    city.wait_for(&order.id, "paid").await?;
    ensure!(is_posted(&city.entries(&order.id).await?, &[EntryKind::Sale]), "it was not posted once");
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "open", "paid, and told {asked}");
    city.read(Place::Out, PLATE, ago(0)).await.map(drop)
}

pub(crate) async fn deposit(city: &City) -> Result<()> {
    const PLATE: &str = "354러5791";
    let order = city.owing(PLATE, 61).await?;
    city.pay_with(&order, "VIRTUAL_ACCOUNT").await?;
    city.wait_for(&order.id, "awaiting_deposit").await?;
    ensure!(city.entries(&order.id).await?.is_empty(), "an account that waits is no money");
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "amount_due", "nothing was deposited, and it was told {asked}");
    city.api.at_gateway(&order.id, "deposit", &json!({})).await?;
    city.wait_for(&order.id, "paid").await?;
    ensure!(is_posted(&city.entries(&order.id).await?, &[EntryKind::Sale]), "it was not posted once");
    city.read(Place::Out, PLATE, ago(0)).await?;
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    ensure!(visit["state"] == "left" && visit["paid"] == order.amount && visit["due"] == 0, "{visit}");
    // Where to pay, and that it was paid.
    let told = async || Ok((city.told(&order.phone).len() == 2).then_some(()));
    until("account and receipt reached the phone", told).await
}

pub(crate) async fn company_on_account(city: &City) -> Result<()> {
    const PLATE: &str = "355머6802";
    let (platform, now) = (&city.platform, ago(0));
    let contract = platform.sign_contract("한밭물류", "120-81-47521", Terms::MonthlyInvoice, now).await?;
    contract.add_plate(&city.api, PLATE).await?;
    comes_in(city, PLATE).await?;
    leaves(city, PLATE).await?;
    let id = paid(city, PLATE).await?;
    ensure!(city.stored(&id).await?.value.status == PaymentStatus::Paid, "{id} is not paid");
    ensure!(is_posted(&city.entries(&id).await?, &[EntryKind::OnAccount]), "it is not on the account");
    ensure!(at_gateway(city, &id).await?.is_none(), "the gateway was asked for what an invoice brings");
    let month = now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date().first_of_month();
    let lines = platform.billing()?.account_lines(month).await?;
    let mine: Vec<i64> =
        lines.iter().filter(|line| line.company == contract.company).map(|line| line.amount.get()).collect();
    ensure!(mine == [2_200], "the account has {mine:?}");
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    ensure!(visit["state"] == "left" && visit["paid"] == 2_200 && visit["due"] == 0, "{visit}");
    Ok(())
}

pub(crate) async fn company_card(city: &City) -> Result<()> {
    const PLATE: &str = "356버7913";
    let contract = city.platform.sign_contract("한밭택배", "124-81-00998", Terms::Card, ago(0)).await?;
    city.api.register(&contract.key, GOOD_CARD, PLATE, 50_000).await?;
    comes_in(city, PLATE).await?;
    leaves(city, PLATE).await?;
    let id = paid(city, PLATE).await?;
    ensure!(is_posted(&city.entries(&id).await?, &[EntryKind::Sale]), "it was not posted once");
    let charged = at_gateway(city, &id).await?.context("the gateway charged nothing")?;
    ensure!(charged["amount"]["paid"] == 2_200, "{charged}");
    let me = city.api.as_member(&contract.key, Method::GET, "", None).await?.ok()?;
    ensure!(me["company"]["businessNumber"] == "1248100998" && me["plates"][0]["plate"] == PLATE, "{me}");
    let second = city.api.register(&contract.key, GOOD_CARD, PLATE, 50_000).await;
    ensure!(second.is_err_and(|error| error.to_string().contains("cards-full")), "a second card was taken");
    Ok(())
}

pub(crate) async fn refused_then_paid_by_link(city: &City) -> Result<()> {
    const PLATE: &str = "357서8024";
    let phone = "01035780240";
    let contact = Contact { phone: Some(phone.to_owned()), ..Contact::default() };
    city.platform.directory()?.put_contact(&PlateNumber::parse(PLATE), &contact).await?;
    registered(city, CARD_WITHOUT_FUNDS, PLATE).await?;
    leaves(city, PLATE).await?;
    let owed = until("the notice of the unpaid fee reaches the phone", async || {
        city.platform.cloud.invoke("ReceivablesName", &json!({})).await?;
        Ok(city.told(phone).iter().find_map(|message| linked(&message.text)))
    });
    let owed = owed.await?;
    let page = city.api.receivable(&owed).await?;
    ensure!(page["state"] == "open" && page["amount"] == 2_200 && page["notices"] == 1, "{page}");
    ensure!(!page.to_string().contains(PLATE), "the link alone shows whose car it was: {page}");

    let asked = city.api.pay_receivable(&owed).await?;
    let again = city.api.pay_receivable(&owed).await?;
    ensure!(asked["paymentId"] == again["paymentId"], "two windows for one debt: {asked} {again}");
    let id = PaymentId::parse(asked["paymentId"].as_str().unwrap_or_default())?;
    city.api.at_gateway(&id, "pay", &json!({"method": "CARD", "window": window(&asked)})).await?;
    city.wait_for(&id, "paid").await?;
    until("the debt is settled", async || {
        Ok((city.api.receivable(&owed).await?["state"] == "settled").then_some(()))
    })
    .await?;
    ensure!(is_posted(&city.entries(&id).await?, &[EntryKind::Sale]), "it was not posted once");
    let more = city.api.pay_receivable(&owed).await;
    ensure!(more.is_err_and(|error| error.to_string().contains("nothing-due")), "it was asked for twice");
    let receipt = async || Ok(city.told(phone).into_iter().find(|told| told.text.contains("결제")));
    until("a receipt reached the phone", receipt).await.map(drop)
}

pub(crate) async fn partly_refunded(city: &City) -> Result<()> {
    let order = city.owing("358거9135", 61).await?;
    city.pay(&order).await?;
    city.wait_for(&order.id, "paid").await?;
    let path = format!("/payments/{}/refunds", order.id);
    let ask = async |wish: &str, amount: i64| {
        let body = json!({"amount": amount, "reason": "기계 고장 보상"});
        city.api.as_operator(&city.desk_key, &path, Some((wish, &body))).await
    };
    let taken = ask("refund-of-a-test", 700).await?;
    let again = ask("refund-of-a-test", 700).await?;
    ensure!(taken.status == 202 && again.status == 202, "{} {}", taken.body, again.body);
    city.wait_for(&order.id, "partly_refunded").await?;
    let more = ask("another-refund-of-a-test", 1_501).await?;
    ensure!(more.status == 409 && more.body["code"] == "refund-too-large", "{} {}", more.status, more.body);
    ensure!(more.body["refundable"] == 1_500, "{}", more.body);
    let entries = city.entries(&order.id).await?;
    ensure!(is_posted(&entries, &[EntryKind::Sale, EntryKind::Refund]), "the journal has {entries:?}");
    let there = at_gateway(city, &order.id).await?.context("the gateway does not know it")?;
    ensure!(there["status"] == "PARTIAL_CANCELLED" && there["amount"]["cancelled"] == 700, "{there}");
    let told = async || Ok(city.told(&order.phone).into_iter().find(|told| told.text.contains("700원")));
    until("the driver is told of the refund", told).await.map(drop)
}
