use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A payment for a stay, made by deposit, of which so much went back.
fn paid_by_deposit(captured: i64, returned: i64) -> Payment {
    let payment = json!({
        "id": "pay_1", "status": "paid", "captured": captured, "returned": returned, "method": "virtual_account",
        "order": {"storeId": "s", "channelType": "TEST", "amount": 5_000, "currency": "KRW", "orderName": "주차요금"},
        "stay": {
            "lot": "lot_1", "plate": "12가3456", "visit": "vis_1", "timeZone": "Asia/Seoul",
            "enteredAt": "2026-11-20T01:00:00Z", "quotedUntil": "2026-11-20T02:00:00Z",
        },
        "quote": null, "createdAt": "2026-11-20T02:00:00Z", "paidAt": "2026-11-20T02:01:00Z",
    });
    serde_json::from_value(payment).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + second).unwrap()
}

fn phone() -> ReceiptIdentity {
    ReceiptIdentity::phone("01012345678").unwrap()
}

fn asked(payment: &Payment) -> CashReceipt {
    CashReceipt::wish(None, payment, phone(), at(0)).unwrap().unwrap()
}

/// The gateway's side: one receipt a payment, whole or cancelled, and what was ever issued.
#[derive(Default)]
struct Office {
    receipt: Option<IssuedReceipt>,
    issued: usize,
}

impl Office {
    fn carry_out(&mut self, call: &ReceiptCall, now: Timestamp) {
        match call {
            ReceiptCall::Issue { amount } => {
                assert!(self.receipt.as_ref().is_none_or(|known| !known.is_valid()), "issued twice");
                self.issued += 1;
                self.receipt = Some(IssuedReceipt {
                    number: format!("n-{}", self.issued),
                    amount: *amount,
                    url: None,
                    issued_at: now,
                    cancelled_at: None,
                    by_call: true,
                });
            }
            ReceiptCall::Cancel { number } => {
                let known = self.receipt.as_mut().unwrap();
                assert_eq!(known.number, *number, "the wrong one is cancelled");
                known.cancelled_at = Some(now);
            }
        }
    }
}

/// Works until nothing is left to do, as payment-sync does; `losses` says of each call whether it arrives.
fn settle(receipt: &mut CashReceipt, payment: &Payment, office: &mut Office, from: i64, losses: &[bool]) {
    let mut losses = losses.iter();
    for round in 0..40 {
        let now = at(from + round * 60);
        match receipt.next(payment, office.receipt.as_ref(), now) {
            ReceiptStep::Rest => return,
            ReceiptStep::Wait => {}
            ReceiptStep::Learn(next) => *receipt = *next,
            ReceiptStep::Ask(next, call) => {
                *receipt = *next;
                if losses.next() != Some(&true) {
                    office.carry_out(&call, now);
                }
            }
        }
    }
    panic!("it never comes to rest");
}

#[test]
fn a_deposit_gets_one_receipt_over_what_was_paid() {
    let payment = paid_by_deposit(5_000, 0);
    let (mut receipt, mut office) = (asked(&payment), Office::default());
    settle(&mut receipt, &payment, &mut office, 1, &[]);
    let issued = receipt.issued.clone().unwrap();
    assert_eq!((issued.amount, receipt.state(), office.issued), (Won::new(5_000), ReceiptState::Issued, 1));
    assert!(receipt.is_at_rest(&payment));
}

#[test]
fn a_receipt_waits_for_its_deposit() {
    let payment = Payment { status: PaymentStatus::AwaitingDeposit, ..paid_by_deposit(0, 0) };
    let receipt = asked(&payment);
    assert!(receipt.is_at_rest(&payment) && receipt.state() == ReceiptState::Requested);
    assert_eq!(receipt.next(&payment, None, at(1)), ReceiptStep::Rest);
}

#[test]
fn a_whole_refund_cancels_it_and_a_part_of_one_issues_it_anew_over_the_rest() {
    let payment = paid_by_deposit(5_000, 0);
    let (mut receipt, mut office) = (asked(&payment), Office::default());
    settle(&mut receipt, &payment, &mut office, 1, &[]);
    settle(&mut receipt, &paid_by_deposit(5_000, 1_200), &mut office, 10_000, &[]);
    assert_eq!(receipt.valid().unwrap().amount, Won::new(3_800));
    settle(&mut receipt, &paid_by_deposit(5_000, 5_000), &mut office, 20_000, &[]);
    assert_eq!((receipt.state(), office.issued), (ReceiptState::Cancelled, 2));
}

#[test]
fn an_answer_that_was_lost_is_looked_up_and_nothing_is_issued_twice() {
    let payment = paid_by_deposit(5_000, 0);
    let (receipt, mut office) = (asked(&payment), Office::default());
    let ReceiptStep::Ask(asking, call) = receipt.next(&payment, None, at(1)) else { panic!("it is due") };
    office.carry_out(&call, at(2));
    // The answer is lost; the next look finds the receipt.
    let ReceiptStep::Learn(learnt) = asking.next(&payment, office.receipt.as_ref(), at(3)) else { panic!() };
    assert_eq!((learnt.state(), &learnt.asking), (ReceiptState::Issued, &None));
    assert_eq!(learnt.next(&payment, office.receipt.as_ref(), at(4)), ReceiptStep::Rest);
}

#[test]
fn nobody_asks_while_another_may_still_be_asking() {
    let payment = paid_by_deposit(5_000, 0);
    let ReceiptStep::Ask(asking, _) = asked(&payment).next(&payment, None, at(1)) else { panic!() };
    assert_eq!(asking.next(&payment, None, at(45)), ReceiptStep::Wait);
    assert!(matches!(asking.next(&payment, None, at(46)), ReceiptStep::Ask(..)));
}

#[test]
fn a_refusal_is_not_repeated_until_the_payer_asks_again() {
    let payment = paid_by_deposit(5_000, 0);
    let receipt = asked(&payment);
    let call = ReceiptCall::Issue { amount: Won::new(5_000) };
    let mut refused = receipt.refused(call, "PG", at(2));
    assert!(refused.is_at_rest(&payment) && refused.state() == ReceiptState::Refused);
    for wish in 2..=MAX_WISHES {
        refused = CashReceipt::wish(Some(&refused), &payment, phone(), at(3)).unwrap().unwrap();
        assert!(refused.wishes == wish && !refused.is_at_rest(&payment));
        refused = refused.refused(ReceiptCall::Issue { amount: Won::new(5_000) }, "PG", at(4));
    }
    assert_eq!(CashReceipt::wish(Some(&refused), &payment, phone(), at(5)), Err(NoReceipt::TooOften));
}

#[test]
fn a_number_can_be_corrected_until_the_receipt_is_begun() {
    let awaited = Payment { status: PaymentStatus::AwaitingDeposit, ..paid_by_deposit(0, 0) };
    let (first, other) = (asked(&awaited), ReceiptIdentity::business("1208147521").unwrap());
    assert_eq!(CashReceipt::wish(Some(&first), &awaited, phone(), at(9)), Ok(None));
    let corrected = CashReceipt::wish(Some(&first), &awaited, other.clone(), at(9)).unwrap().unwrap();
    assert_eq!(corrected.identity, other);
    let paid = paid_by_deposit(5_000, 0);
    let ReceiptStep::Ask(begun, _) = corrected.next(&paid, None, at(10)) else { panic!() };
    assert_eq!(CashReceipt::wish(Some(&begun), &paid, phone(), at(11)), Err(NoReceipt::AlreadyBegun));
}

#[test]
fn a_card_payment_and_money_that_went_back_have_none() {
    let card = Payment { method: Some(Method::Card), ..paid_by_deposit(5_000, 0) };
    for payment in [card, paid_by_deposit(5_000, 5_000)] {
        assert_eq!(CashReceipt::wish(None, &payment, phone(), at(0)), Err(NoReceipt::NotOffered));
    }
}

#[test]
fn a_receipt_made_in_the_payment_window_is_shown_and_left_alone() {
    let payment = paid_by_deposit(5_000, 1_000);
    let theirs = IssuedReceipt {
        number: "pg".into(),
        amount: Won::new(5_000),
        url: None,
        issued_at: at(0),
        cancelled_at: None,
        by_call: false,
    };
    let ReceiptStep::Learn(learnt) = asked(&payment).next(&payment, Some(&theirs), at(1)) else { panic!() };
    assert_eq!(learnt.next(&payment, Some(&theirs), at(2)), ReceiptStep::Rest);
    assert_eq!(learnt.state(), ReceiptState::Issued);
}

proptest! {
    #[test]
    fn whatever_goes_back_and_whatever_is_lost_one_receipt_over_the_rest_is_left(
        refunds in prop::collection::vec(0_i64..2_000, 0..6),
        losses in prop::collection::vec(any::<bool>(), 0..8),
    ) {
        let (mut receipt, mut office) = (asked(&paid_by_deposit(5_000, 0)), Office::default());
        let mut returned = 0;
        for (round, refund) in [0].iter().chain(&refunds).enumerate() {
            returned = (returned + refund).min(5_000);
            let payment = paid_by_deposit(5_000, returned);
            let from = 100_000 * (i64::try_from(round).unwrap() + 1);
            settle(&mut receipt, &payment, &mut office, from, &losses);
            let valid = office.receipt.as_ref().filter(|known| known.is_valid()).map_or(0, |known| known.amount.get());
            prop_assert_eq!(valid, 5_000 - returned);
            prop_assert!(receipt.is_at_rest(&payment));
        }
    }
}
