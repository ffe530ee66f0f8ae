//! Money in the tables: it moves in one transaction, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    LotId, PaymentId, Won,
    payment::{Payment, PaymentDecision, PaymentStatus, Report, ReportState, decide},
    settlement::{Intake, SettlementTerms, StatementStatus, draft},
};
use baro_store::{Committed, Created, Drafted};
use baro_testing::{Cloud, Fault, at, lot_record, plate};

fn payment(name: &str) -> Payment {
    baro_testing::payment(&PaymentId::derive(&[name]))
}

fn paid(payment: &Payment) -> PaymentDecision {
    let report = Report {
        state: ReportState::Paid,
        store_id: "store-1".into(),
        channel_type: "TEST".into(),
        total: Won::new(1_300),
        paid: Won::new(1_300),
        cancelled: Won::ZERO,
        currency: "KRW".into(),
        order_name: "주차요금".into(),
        paid_at: Some(at(61)),
        changed_at: at(61),
        deposit_account: None,
        method: None,
        returns: Vec::new(),
        failure: None,
        pg_tx_id: Some("tx".into()),
        slip: None,
    };
    decide(payment, &report).unwrap().unwrap()
}

async fn commit(cloud: &Cloud, decision: &PaymentDecision, revision: i64) -> Committed {
    let billing = cloud.billing();
    let sent = billing.commit(&decision.payment, revision, &decision.entries, decision.fact.as_ref(), at(61));
    sent.await.unwrap()
}

#[tokio::test]
async fn a_payment_asked_for_twice_is_one_payment() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.billing().create(&payment("a")).await.unwrap(), Created::New);
    let Created::Existing(existing) = cloud.billing().create(&payment("a")).await.unwrap() else {
        panic!("twice")
    };
    assert_eq!((existing.value, existing.revision), (payment("a"), 1));
    assert_eq!(cloud.dynamodb_calls(), ["PutItem", "PutItem"]);
}

#[tokio::test]
async fn a_capture_moves_payment_journal_and_visit_together() {
    let cloud = Cloud::start().await;
    cloud.billing().create(&payment("a")).await.unwrap();
    let decision = paid(&payment("a"));
    cloud.forget_calls();
    assert_eq!(commit(&cloud, &decision, 1).await, Committed::Done);
    assert_eq!(cloud.dynamodb_calls(), ["TransactWriteItems"]);
    let stored = cloud.billing().payment(&decision.payment.id).await.unwrap().unwrap();
    assert_eq!((stored.value, stored.revision), (decision.payment.clone(), 2));
    let day = decision.entries[0].day;
    let mut posted = decision.entries.clone();
    for entry in &mut posted {
        entry.posted_at = Some(at(61));
    }
    assert_eq!(cloud.billing().journal(day, None).await.unwrap(), posted);
    assert_eq!(cloud.billing().journal(day, Some(&lot_record().lot.id)).await.unwrap(), posted);
    assert!(cloud.billing().journal(day, Some(&LotId::derive(&["other"]))).await.unwrap().is_empty());
    let facts = cloud.parking().facts(&lot_record().lot.id, &plate()).await.unwrap();
    assert_eq!(facts.payments, [decision.payment.paid_fact().unwrap()]);
}

#[tokio::test]
async fn whoever_comes_second_is_shown_what_the_first_wrote() {
    let cloud = Cloud::start().await;
    cloud.billing().create(&payment("a")).await.unwrap();
    let decision = paid(&payment("a"));
    commit(&cloud, &decision, 1).await;
    cloud.forget_calls();
    let Committed::LostRace(now) = commit(&cloud, &decision, 1).await else { panic!("posted twice") };
    assert_eq!((now.value.status, now.revision), (PaymentStatus::Paid, 2));
    assert_eq!(cloud.dynamodb_calls().len(), 1);
    assert_eq!(cloud.billing().journal(decision.entries[0].day, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_transaction_that_meets_another_is_tried_again() {
    let cloud = Cloud::start().await;
    cloud.billing().create(&payment("a")).await.unwrap();
    cloud.fail_next("TransactWriteItems", Fault::TransactionConflict);
    cloud.fail_next("TransactWriteItems", Fault::TransactionConflict);
    assert_eq!(commit(&cloud, &paid(&payment("a")), 1).await, Committed::Done);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_done() {
    let cloud = Cloud::start().await;
    cloud.billing().create(&payment("a")).await.unwrap();
    cloud.fail_next("TransactWriteItems", Fault::After);
    let decision = paid(&payment("a"));
    let answer = commit(&cloud, &decision, 1).await;
    // The SDK repeats the call with the same token: DynamoDB answers it as done, or the revision has moved on.
    let found_done = match answer {
        Committed::Done => true,
        Committed::WalletShort => false,
        Committed::LostRace(now) => now.value == decision.payment,
    };
    assert!(found_done);
    assert_eq!(cloud.billing().journal(decision.entries[0].day, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_confirmed_statement_is_not_overwritten_by_a_draft() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    let decision = paid(&payment("a"));
    let day = decision.entries[0].day;
    let intake = Intake { of_day: &decision.entries, late: &[], at: at(61) };
    let mut statement = draft(&lot, day, intake, SettlementTerms::default()).unwrap();
    for _ in 0..2 {
        assert_eq!(cloud.billing().put_draft(&statement).await.unwrap(), Drafted::Done, "computed again");
    }
    assert_eq!(cloud.billing().statement(&lot, day).await.unwrap().unwrap(), statement);
    statement.status = StatementStatus::Confirmed;
    assert!(cloud.billing().put_draft(&statement).await.is_err());
}
