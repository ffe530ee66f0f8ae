//! What a visit that is over owes, seen and paid by its link, and found at the next visit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod world;

use std::collections::BTreeMap;

use baro_domain::{
    PaymentId, VisitId, Won,
    lot::UnpaidRules,
    payment::PaymentStatus,
    receivable::{Claim, Claimed, Command, Kept, Receivable},
};
use baro_store::Committed;
use baro_testing::{at, lot_record, plate};
use serde_json::{Value, json};
use world::{Answer, World};

const FEE: Won = Won::new(1_900);

/// The car left an hour after ten without paying.
async fn owing(world: &World) -> Receivable {
    let claimed = Claimed {
        visit: VisitId::derive(&["earlier"]),
        plate: plate(),
        entered_at: at(0),
        left_at: Some(at(60)),
        claim: Claim { revision: 2, asked: FEE, counted: BTreeMap::new(), refused: None },
    };
    let token = "0123456789abcdefghjkmnpqrstvwxyz";
    let begun = world.cloud.billing().claim(&lot_record().lot, &claimed, token, at(61)).await.unwrap();
    begun.unwrap().after
}

async fn ask(world: &World, name: &str, owed: &Receivable) -> Answer {
    let id = owed.id.to_string();
    world.ask_with(name, |event| event["pathParameters"]["receivableId"] = json!(id)).await
}

async fn paid(world: &World, owed: &Receivable, payment: &Value) {
    let id: PaymentId = payment["paymentId"].as_str().unwrap().parse().unwrap();
    let kept = Kept { of_fee: FEE, returned: Won::ZERO, paid_at: at(90) };
    world.cloud.billing().move_receivable(&owed.id, &Command::Paid(id, kept), at(90)).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_has_the_link_sees_what_is_owed_and_not_whose_car_it_is() {
    let world = World::start().await;
    let owed = owing(&world).await;
    let answer = ask(&world, "receivable", &owed).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body["state"], &answer.body["amount"]), (&json!("open"), &json!(1_900)));
    assert_eq!((&answer.body["surcharge"], &answer.body["plate"]), (&json!(0), &json!("1****56")));
    assert!(!answer.body.to_string().contains("12가3456"));
    assert_eq!(answer.body["tries"], json!([]), "no card was refused");
}

#[tokio::test]
async fn a_link_that_was_guessed_from_the_visit_shows_nothing() {
    let world = World::start().await;
    owing(&world).await;
    assert_eq!(world.ask("receivable").await.problem(), (404, "receivable-not-found"));
    assert_eq!(world.ask("pay-receivable").await.problem(), (404, "receivable-not-found"));
}

#[tokio::test]
async fn two_windows_for_one_debt_are_one_payment_at_the_gateway() {
    let world = World::start().await;
    let owed = owing(&world).await;
    let (first, second) =
        (ask(&world, "pay-receivable", &owed).await, ask(&world, "pay-receivable", &owed).await);
    assert_eq!((first.status, second.status), (201, 200), "{}", first.body);
    assert_eq!(first.body["paymentId"], second.body["paymentId"]);
    assert_eq!((&first.body["amount"], &first.body["leaveBy"]), (&json!(1_900), &Value::Null));
    assert_eq!(world.gateway.pinned()[0].1, json!(1_900), "nobody pays another amount");
    let id: PaymentId = first.body["paymentId"].as_str().unwrap().parse().unwrap();
    let stored = world.cloud.billing().payment(&id).await.unwrap().unwrap();
    let stay = stored.value.stay().unwrap();
    assert_eq!((&stay.visit, stay.quoted_until), (&owed.visit, at(60)));
    assert_eq!(stay.owed.as_ref().unwrap().receivable, owed.id);
}

#[tokio::test]
async fn a_window_that_failed_is_followed_by_another() {
    let world = World::start().await;
    let owed = owing(&world).await;
    let first = ask(&world, "pay-receivable", &owed).await;
    let id: PaymentId = first.body["paymentId"].as_str().unwrap().parse().unwrap();
    let billing = world.cloud.billing();
    let mut failed = billing.payment(&id).await.unwrap().unwrap();
    failed.value.status = PaymentStatus::Failed;
    let done = billing.commit(&failed.value, failed.revision, &[], None, at(61)).await.unwrap();
    assert_eq!(done, Committed::Done);
    let second = ask(&world, "pay-receivable", &owed).await;
    assert_eq!(second.status, 201);
    assert_ne!(second.body["paymentId"], first.body["paymentId"]);
}

#[tokio::test]
async fn what_is_paid_is_asked_for_no_more() {
    let world = World::start().await;
    let owed = owing(&world).await;
    let started = ask(&world, "pay-receivable", &owed).await;
    paid(&world, &owed, &started.body).await;
    let answer = ask(&world, "receivable", &owed).await;
    assert_eq!((&answer.body["state"], &answer.body["amount"]), (&json!("settled"), &json!(0)));
    assert_eq!(ask(&world, "pay-receivable", &owed).await.problem(), (409, "nothing-due"));
}

#[tokio::test]
async fn the_third_notice_of_a_public_lot_asks_for_the_surcharge_too() {
    let world = World::start().await;
    let mut record = lot_record();
    record.lot.rules.unpaid.surcharge_times = 4;
    let rules: UnpaidRules = record.lot.rules.unpaid;
    world.cloud.directory().put_lots(&[record]).await.unwrap();
    let owed = owing(&world).await;
    for day in [1, 15, 29] {
        let now = at(60 + day * 24 * 60);
        let command = Command::Notice(rules);
        world.cloud.billing().move_receivable(&owed.id, &command, now).await.unwrap().unwrap();
    }
    let answer = ask(&world, "receivable", &owed).await;
    assert_eq!((&answer.body["principal"], &answer.body["surcharge"]), (&json!(1_900), &json!(7_600)));
    let started = ask(&world, "pay-receivable", &owed).await;
    assert_eq!(started.body["amount"], 9_500);
    let id: PaymentId = started.body["paymentId"].as_str().unwrap().parse().unwrap();
    let stored = world.cloud.billing().payment(&id).await.unwrap().unwrap().value;
    assert_eq!(stored.stay().unwrap().owed.as_ref().unwrap().surcharge, Won::new(7_600));
}

#[tokio::test]
async fn the_next_visit_shows_what_the_car_owes_and_only_while_it_can_be_seen() {
    let world = World::start().await;
    let owed = owing(&world).await;
    assert_eq!(world.ask("owed").await.problem(), (404, "visit-not-found"));
    world.enter(20).await;
    let answer = world.ask("owed").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = answer.body["receivables"].as_array().unwrap();
    assert_eq!((found.len(), &found[0]["receivableId"]), (1, &json!(owed.id.as_str())));
    assert_eq!(found[0]["principal"], 1_900);
}
