//! Payments under repeated, late and wrong reports.

use proptest::prelude::*;

use super::*;
use crate::ledger::Account;

pub(super) fn now() -> Timestamp {
    "2026-11-20T03:00:00Z".parse().unwrap()
}

pub(super) fn payment() -> Payment {
    Payment {
        id: PaymentId::derive(&["p"]),
        status: PaymentStatus::Requested,
        order: Order {
            store_id: "store-1".into(),
            channel_type: "TEST".into(),
            amount: Won::new(1_300),
            currency: "KRW".into(),
            order_name: "주차요금".into(),
        },
        purpose: Purpose::Stay(PaidStay {
            lot: LotId::derive(&["l"]),
            plate: PlateNumber::parse("12가3456"),
            visit: VisitId::derive(&["v"]),
            entered_at: now(),
            quoted_until: now(),
            time_zone: "Asia/Seoul".into(),
            promised_at: None,
            owed: None,
        }),
        quote: serde_json::Value::Null,
        contact: Contact::default(),
        created_at: now(),
        paid_at: None,
        captured: Won::ZERO,
        returned: Won::ZERO,
        deposit_account: None,
        mismatch: None,
        method: None,
        refunds: Vec::new(),
        means: Means::default(),
        failure: None,
        pg_tx_id: None,
        points: None,
        slip: None,
    }
}

pub(super) fn report(state: ReportState, cancelled: i64) -> Report {
    let paid = matches!(state, ReportState::Paid | ReportState::PartlyCancelled | ReportState::Cancelled);
    Report {
        state,
        store_id: "store-1".into(),
        channel_type: "TEST".into(),
        total: Won::new(1_300),
        paid: Won::new(if paid { 1_300 - cancelled } else { 0 }),
        cancelled: Won::new(cancelled),
        currency: "KRW".into(),
        order_name: "주차요금".into(),
        paid_at: paid.then(now),
        changed_at: now(),
        deposit_account: None,
        method: Some(Method::Card),
        returns: Vec::new(),
        failure: None,
        pg_tx_id: None,
        slip: None,
    }
}

#[test]
fn a_paid_report_is_posted_once() {
    let first = decide(&payment(), &report(ReportState::Paid, 0)).unwrap().unwrap();
    assert_eq!(first.payment.status, PaymentStatus::Paid);
    assert_eq!(first.entries.len(), 1);
    assert_eq!(first.payment.paid_fact().unwrap().amount, Won::new(1_300));
    assert_eq!(decide(&first.payment, &report(ReportState::Paid, 0)).unwrap(), None);
}

#[test]
fn a_surcharge_goes_into_the_books_apart_and_goes_back_first() {
    let mut asked = payment();
    let Purpose::Stay(stay) = &mut asked.purpose else { panic!("it is for a stay") };
    let receivable = crate::ReceivableId::of(&stay.visit, "token").unwrap();
    stay.owed = Some(OwedPart { receivable, surcharge: Won::new(300) });
    let booked = |decision: &PaymentDecision| -> Vec<(EntryKind, i64)> {
        let change = |entry: &JournalEntry| entry.change_of(&Account::PgClearing).unwrap().get();
        decision.entries.iter().map(|entry| (entry.kind, change(entry))).collect()
    };
    let taken = decide(&asked, &report(ReportState::Paid, 0)).unwrap().unwrap();
    assert_eq!(booked(&taken), [(EntryKind::Sale, 1_000), (EntryKind::Surcharge, 300)]);
    assert_eq!(taken.payment.paid_fact().unwrap().amount, Won::new(1_000), "the visit is paid by the fee");
    let back = decide(&taken.payment, &report(ReportState::PartlyCancelled, 400)).unwrap().unwrap();
    assert_eq!(booked(&back), [(EntryKind::Refund, -100), (EntryKind::SurchargeReturn, -300)]);
    assert_eq!(back.payment.paid_fact().unwrap().amount, Won::new(900));
}

#[test]
fn an_amount_that_does_not_match_is_never_treated_as_paid() {
    let mut wrong = report(ReportState::Paid, 0);
    (wrong.total, wrong.paid) = (Won::new(100), Won::new(100));
    let decision = decide(&payment(), &wrong).unwrap().unwrap();
    assert_eq!(decision.payment.status, PaymentStatus::Held);
    assert_eq!(decision.payment.kept(), Won::ZERO);
    assert_eq!(decision.fact, None);
    assert_eq!(decision.payment.refunds[0].amount, Won::new(100));
    assert_eq!(decision.entries[0].change_of(&Account::Suspense).unwrap(), Won::new(-100));
    let mut returned = wrong.clone();
    (returned.state, returned.cancelled) = (ReportState::Cancelled, Won::new(100));
    let back = decide(&decision.payment, &returned).unwrap().unwrap();
    assert_eq!(back.payment.status, PaymentStatus::Refunded);
    assert_eq!(back.entries[0].change_of(&Account::Suspense).unwrap(), Won::new(100));
    let Some(RefundStep::Close(closed)) = back.payment.next_refund(now()) else {
        panic!("it went back by another hand")
    };
    assert_eq!(closed.next_refund(now()), None, "nothing is left to send back");
}

#[test]
fn each_field_of_the_order_is_compared() {
    type Spoil = fn(&mut Report);
    let cases: [(Spoil, Mismatch); 4] = [
        (|r| r.store_id = "store-2".into(), Mismatch::Store),
        (|r| r.channel_type = "LIVE".into(), Mismatch::Channel),
        (|r| r.currency = "USD".into(), Mismatch::Currency),
        (|r| r.order_name = "other".into(), Mismatch::OrderName),
    ];
    for (spoil, mismatch) in cases {
        let mut report = report(ReportState::Paid, 0);
        spoil(&mut report);
        assert_eq!(decide(&payment(), &report).unwrap().unwrap().payment.mismatch, Some(mismatch));
    }
}

#[test]
fn a_virtual_account_is_paid_later() {
    let waiting = decide(&payment(), &report(ReportState::AwaitingDeposit, 0)).unwrap().unwrap();
    assert_eq!(waiting.payment.status, PaymentStatus::AwaitingDeposit);
    assert!(waiting.entries.is_empty());
    let paid = decide(&waiting.payment, &report(ReportState::Paid, 0)).unwrap().unwrap();
    assert_eq!(paid.payment.status, PaymentStatus::Paid);
}

#[test]
fn a_failed_payment_can_become_paid() {
    let failed = decide(&payment(), &report(ReportState::Failed, 0)).unwrap().unwrap();
    let paid = decide(&failed.payment, &report(ReportState::Paid, 0)).unwrap().unwrap();
    assert_eq!(paid.payment.status, PaymentStatus::Paid);
    assert_eq!(decide(&paid.payment, &report(ReportState::Failed, 0)).unwrap(), None);
}

#[test]
fn a_refund_whose_capture_was_never_seen_posts_both() {
    let decision = decide(&payment(), &report(ReportState::Cancelled, 1_300)).unwrap().unwrap();
    assert_eq!(
        decision.entries.iter().map(|e| e.kind).collect::<Vec<_>>(),
        [EntryKind::Sale, EntryKind::Refund]
    );
    assert_eq!(decision.payment.kept(), Won::ZERO);
}

#[test]
fn the_day_is_the_lots_day_not_utc() {
    let mut late = report(ReportState::Paid, 0);
    late.paid_at = Some("2026-11-20T15:30:00Z".parse().unwrap());
    let decision = decide(&payment(), &late).unwrap().unwrap();
    assert_eq!(decision.entries[0].day, jiff::civil::date(2026, 11, 21));
}

proptest! {
    /// Reports in any order, with repetitions: what is posted equals what the newest figures say.
    #[test]
    fn postings_agree_with_the_payment_after_any_reports(
        steps in prop::collection::vec((0_usize..6, 0_i64..=1_300), 1..12)
    ) {
        let mut now = payment();
        let (mut ids, mut balance, mut rank) = (std::collections::BTreeSet::new(), 0, 0);
        for (kind, cancelled) in steps {
            let report = match kind {
                0 => report(ReportState::Pending, 0),
                1 => report(ReportState::AwaitingDeposit, 0),
                2 => report(ReportState::Failed, 0),
                3 => report(ReportState::Paid, 0),
                4 => report(ReportState::PartlyCancelled, cancelled),
                _ => report(ReportState::Cancelled, 1_300),
            };
            let Some(decision) = decide(&now, &report).unwrap() else { continue };
            for entry in &decision.entries {
                prop_assert!(ids.insert(entry.id.clone()), "the same entry twice");
                balance += entry.change_of(&Account::PgClearing).unwrap().get();
            }
            now = decision.payment;
            prop_assert!(now.status.rank() >= rank);
            rank = now.status.rank();
        }
        prop_assert_eq!(balance, now.kept().get());
    }
}
