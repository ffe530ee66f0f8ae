//! Who may give money back, how much, and how often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod desk;

use baro_domain::{
    PaymentId, Won,
    payment::{Method, PaymentStatus, Refund, RefundState, RequestedBy},
};
use baro_testing::{at, payment};
use desk::Desk;
use serde_json::{Value, json};

fn id() -> PaymentId {
    PaymentId::parse("pay_e147de0b159756e681a7").unwrap()
}

impl Desk {
    /// A payment of 1,300 won at the fixture's lot, captured.
    async fn with_paid(method: Method) -> Self {
        let desk = Self::start().await;
        let mut paid = payment(&id());
        (paid.status, paid.captured, paid.paid_at) = (PaymentStatus::Paid, Won::new(1_300), Some(at(61)));
        paid.method = Some(method);
        desk.cloud.billing().create(&paid).await.unwrap();
        desk.cloud.forget_calls();
        desk
    }

    async fn refunds(&self) -> Vec<Refund> {
        self.cloud.billing().payment(&id()).await.unwrap().unwrap().value.refunds
    }
}

fn asking(body: Value, key: &str) -> impl FnOnce(&mut Value) {
    move |event| {
        event["body"] = body.to_string().into();
        event["headers"]["idempotency-key"] = key.into();
    }
}

#[tokio::test]
async fn a_refund_is_written_into_the_payment_with_who_asked_and_why() {
    let desk = Desk::with_paid(Method::Card).await;
    let answer = desk.ask("refund").await;
    assert_eq!((answer.status, &answer.body["refundable"]), (202, &json!(1_000)), "{}", answer.body);
    assert_eq!(desk.cloud.dynamodb_calls(), ["GetItem", "GetItem", "GetItem", "TransactWriteItems"]);
    let refunds = desk.refunds().await;
    assert_eq!(
        (refunds.len(), refunds[0].amount, &refunds[0].state),
        (1, Won::new(300), &RefundState::Requested)
    );
    assert!(matches!(&refunds[0].by, RequestedBy::Operator { name, .. } if name == "당직"));
    let shown = desk.ask("payment").await;
    assert_eq!((shown.status, &shown.body["refunds"][0]["state"]), (200, &json!("requested")));
    assert_eq!(shown.body["refunds"][0]["reason"], "과다 청구 정정");
}

#[tokio::test]
async fn the_same_request_twice_is_one_refund_and_another_amount_is_refused() {
    let desk = Desk::with_paid(Method::Card).await;
    assert_eq!((desk.ask("refund").await.status, desk.ask("refund").await.status), (202, 202));
    assert_eq!(desk.refunds().await.len(), 1);
    let other = desk.ask_with("refund", asking(json!({"amount": 400, "reason": "x"}), "refund-0001")).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
}

#[tokio::test]
async fn two_refunds_at_once_are_both_kept_but_never_more_than_was_paid() {
    let desk = Desk::with_paid(Method::Card).await;
    let ask = |key: &'static str| desk.ask_with("refund", asking(json!({"amount": 700, "reason": "x"}), key));
    let (a, b) = tokio::join!(ask("refund-000a"), ask("refund-000b"));
    let mut found = [a.problem(), b.problem()];
    found.sort_unstable();
    assert_eq!(found, [(202, ""), (409, "refund-too-large")]);
    assert_eq!(if a.status == 409 { &a } else { &b }.body["refundable"], 600);
    assert_eq!(desk.refunds().await.len(), 1);
}

#[tokio::test]
async fn a_deposit_needs_an_account_to_go_back_to() {
    let desk = Desk::with_paid(Method::VirtualAccount).await;
    assert_eq!(desk.ask("refund").await.problem(), (422, "refund-account-needed"));
    assert!(desk.refunds().await.is_empty());
    let account = json!({"bank": "KOOKMIN", "number": "123456-01-234567", "holderName": "김바로"});
    let body = json!({"reason": "x", "account": account});
    let answer = desk.ask_with("refund", asking(body, "refund-0002")).await;
    assert_eq!((answer.status, &answer.body["refundable"]), (202, &json!(0)), "{}", answer.body);
    assert!(!answer.body.to_string().contains("김바로"), "an account is not shown again");
    assert_eq!(desk.refunds().await[0].account.as_ref().unwrap().number, "12345601234567");
}

#[tokio::test]
async fn a_return_that_waits_for_an_account_takes_one_once() {
    let desk = Desk::with_paid(Method::VirtualAccount).await;
    let stored = desk.cloud.billing().payment(&id()).await.unwrap().unwrap();
    let mut waiting = stored.value;
    waiting.refunds.push(Refund {
        id: baro_domain::RefundId::parse("rfd_0123456789abcdef0123").unwrap(),
        points: baro_domain::points::Points::ZERO,
        amount: Won::new(1_300),
        reason: "이중 결제".into(),
        by: RequestedBy::Platform,
        requested_at: at(62),
        account: None,
        state: RefundState::AwaitingAccount,
    });
    desk.cloud.billing().commit(&waiting, stored.revision, &[], None, at(62)).await.unwrap();
    assert_eq!(desk.ask("refund-account").await.status, 202);
    assert_eq!(desk.refunds().await[0].state, RefundState::Requested);
    assert_eq!(desk.ask("refund-account").await.problem(), (409, "refund-not-possible"));
}

#[tokio::test]
async fn what_makes_no_refund_is_refused_by_name_and_changes_nothing() {
    let desk = Desk::with_paid(Method::Card).await;
    let account = |number: &str| json!({"bank": "KOOKMIN", "number": number, "holderName": "김바로"});
    for (body, status, code, pointer) in [
        (json!({"amount": 0, "reason": "x"}), 400, "invalid-member", "#/amount"),
        (json!({"amount": -1, "reason": "x"}), 400, "invalid-member", "#/amount"),
        (json!({"amount": 300, "reason": " "}), 400, "invalid-member", "#/reason"),
        (json!({"amount": 300, "reason": "a\nb"}), 400, "invalid-member", "#/reason"),
        (
            json!({"amount": 300, "reason": "x", "account": account("12")}),
            400,
            "invalid-member",
            "#/account/number",
        ),
        (json!({"amount": 1_301, "reason": "x"}), 409, "refund-too-large", ""),
    ] {
        let answer = desk.ask_with("refund", asking(body.clone(), "refund-0003")).await;
        assert_eq!(answer.problem(), (status, code), "{body}");
        assert_eq!(answer.body["pointer"].as_str().unwrap_or_default(), pointer, "{body}");
    }
    for body in
        [json!({"amount": 1.5, "reason": "x"}), json!({"reason": "x", "more": 1}), json!({"amount": 300})]
    {
        let answer = desk.ask_with("refund", asking(body.clone(), "refund-0004")).await;
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.body);
    }
    assert!(desk.refunds().await.is_empty());
}

#[tokio::test]
async fn another_operators_payment_is_as_unknown_as_none() {
    let desk = Desk::with_paid(Method::Card).await;
    let stranger =
        |event: &mut Value| event["headers"]["authorization"] = "Bearer opr_elsewhere.other-secret".into();
    assert_eq!(desk.ask_with("payment", stranger).await.problem(), (404, "payment-not-found"));
    assert_eq!(desk.ask_with("refund", stranger).await.problem(), (404, "payment-not-found"));
    let unknown =
        |event: &mut Value| event["pathParameters"]["paymentId"] = "pay_ffffffffffffffffffff".into();
    assert_eq!(desk.ask_with("payment", unknown).await.problem(), (404, "payment-not-found"));
    assert!(desk.refunds().await.is_empty());
}
