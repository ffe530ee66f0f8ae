//! What a lot is owed, and who may give it up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod desk;

use std::collections::BTreeMap;

use baro_domain::{
    DriverId, PaymentId, VisitId, Won,
    receivable::{Asked, Claim, Claimed, Command, Kept, Receivable, RefusedCharge},
    visit::{BrokenWord, Payer, Pledge},
};
use baro_testing::{at, lot_record, plate};
use desk::{Answer, Desk};
use serde_json::json;

const FEE: Won = Won::new(1_900);

async fn owing(desk: &Desk) -> Receivable {
    let claimed = Claimed {
        visit: VisitId::derive(&["v"]),
        plate: plate(),
        entered_at: at(0),
        left_at: Some(at(60)),
        claim: Claim { revision: 2, asked: FEE, counted: BTreeMap::new(), refused: None },
    };
    desk.cloud.billing().claim(&lot_record().lot, &claimed, "token", at(61)).await.unwrap().unwrap().after
}

async fn write_off(desk: &Desk, owed: &Receivable, note: &str) -> Answer {
    let (id, body) = (owed.id.to_string(), json!({ "note": note }).to_string());
    desk.ask_with("write-off", |event| {
        event["pathParameters"]["receivableId"] = json!(id);
        event["body"] = json!(body);
    })
    .await
}

#[tokio::test]
async fn a_lots_operator_sees_what_it_is_owed_and_another_does_not() {
    let desk = Desk::start().await;
    let owed = owing(&desk).await;
    let answer = desk.ask("receivables").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = &answer.body["receivables"][0];
    assert_eq!((&found["receivableId"], &found["principal"]), (&json!(owed.id.as_str()), &json!(1_900)));
    assert_eq!((&found["plate"], &found["state"]), (&json!("12가3456"), &json!("open")));
    let stranger = |event: &mut serde_json::Value| {
        event["headers"]["authorization"] = json!("Bearer opr_elsewhere.other-secret");
    };
    assert_eq!(desk.ask_with("receivables", stranger).await.problem(), (404, "lot-not-found"));
    assert_eq!(desk.ask_with("write-off", stranger).await.problem(), (404, "lot-not-found"));
}

#[tokio::test]
async fn what_is_given_up_has_a_name_and_a_reason_and_is_given_up_once() {
    let desk = Desk::start().await;
    let owed = owing(&desk).await;
    assert_eq!(write_off(&desk, &owed, " ").await.problem(), (400, "invalid-member"));
    let first = write_off(&desk, &owed, "번호 오인식").await;
    assert_eq!((first.status, &first.body["state"]), (200, &json!("written_off")), "{}", first.body);
    assert_eq!((&first.body["writtenOff"]["by"], &first.body["principal"]), (&json!("당직"), &json!(0)));
    let again = write_off(&desk, &owed, "다른 이유").await;
    assert_eq!(again.body["writtenOff"]["note"], "번호 오인식");
    assert_eq!(desk.ask("receivables").await.body["receivables"], json!([]));
}

#[tokio::test]
async fn what_was_paid_can_not_be_given_up_nor_what_is_not_there() {
    let desk = Desk::start().await;
    assert_eq!(desk.ask("write-off").await.problem(), (404, "receivable-not-found"));
    let owed = owing(&desk).await;
    let kept = Kept { of_fee: FEE, returned: Won::ZERO, paid_at: at(70) };
    let command = Command::Paid(PaymentId::derive(&["p"]), kept);
    desk.cloud.billing().move_receivable(&owed.id, &command, at(70)).await.unwrap().unwrap();
    assert_eq!(write_off(&desk, &owed, "이유").await.problem(), (409, "receivable-closed"));
}

#[tokio::test]
async fn the_desk_sees_when_a_card_was_charged_again_and_why_it_was_refused() {
    let desk = Desk::start().await;
    let owed = owing(&desk).await;
    let (billing, lot) = (desk.cloud.billing(), lot_record().lot);
    let payer = Payer::Driver(DriverId::derive(&["d"]));
    let word = BrokenWord { payer: payer.clone(), amount: FEE, card: None };
    let payment = PaymentId::derive(&["promise"]);
    let refused = Some(RefusedCharge { payment, at: at(60), code: "PgProvider".into(), word });
    let claimed = Claimed {
        visit: owed.visit.clone(),
        plate: plate(),
        entered_at: at(0),
        left_at: Some(at(60)),
        claim: Claim { revision: 3, refused, ..owed.claim.clone() },
    };
    billing.claim(&lot, &claimed, "token", at(61)).await.unwrap().unwrap();
    let command = Command::Try(Pledge { payer, limit: FEE });
    let tried = billing.move_receivable(&owed.id, &command, at(900)).await.unwrap().unwrap().after;
    let shown = async || desk.ask("receivables").await.body["receivables"][0]["tries"].clone();
    let tries = shown().await;
    assert_eq!(
        (&tries[0]["outcome"], &tries[0]["number"], &tries[0]["code"]),
        (&json!("pending"), &json!(1), &json!(null))
    );
    let refusal = Asked::Refused { code: "REJECT_CARD_PAYMENT".into(), card: None };
    let command = Command::Asked(tried.payment_of(&tried.tries[0]), refusal);
    billing.move_receivable(&owed.id, &command, at(901)).await.unwrap().unwrap();
    let tries = shown().await;
    assert_eq!((&tries[0]["outcome"], &tries[0]["code"]), (&json!("refused"), &json!("REJECT_CARD_PAYMENT")));
    assert!(tries[0]["at"].as_str().unwrap().ends_with("+09:00"), "{tries}");
}
