//! Points told apart, spent in their order, and counted for the report.

use proptest::prelude::*;

use super::*;
use crate::{
    LotId,
    ledger::{Book, Cause},
};

fn points(paid: i64, bonus: i64) -> Points {
    Points { paid: Won::new(paid), bonus: Won::new(bonus) }
}

fn wallet(paid: i64, bonus: i64) -> Wallet {
    Wallet { driver: DriverId::derive(&["d"]), balance: points(paid, bonus) }
}

fn entry(kind: EntryKind, name: &str, moved: Points) -> JournalEntry {
    let (driver, lot, payment) =
        (DriverId::derive(&["d"]), LotId::derive(&["l"]), PaymentId::derive(&[name]));
    let of_lot = matches!(kind, EntryKind::PointsSpent | EntryKind::PointsReturned);
    let cause = Cause {
        book: if of_lot { Book::Lot(&lot) } else { Book::Points(&driver) },
        payment: &payment,
        discriminant: String::new(),
        occurred_at: Timestamp::UNIX_EPOCH,
        day: jiff::civil::date(1970, 1, 1),
    };
    JournalEntry::post_points(kind, &cause, &driver, moved).unwrap()
}

#[test]
fn the_bonus_is_a_tenth_rounded_down() {
    for (paid, bonus) in [(10_000, 1_000), (1_009, 100), (9, 0), (0, 0), (-10_000, 0)] {
        assert_eq!(bonus_on(Won::new(paid)), Won::new(bonus));
    }
}

#[test]
fn what_was_paid_for_is_spent_first_and_comes_back_last() {
    assert_eq!(points(1_000, 100).first(Won::new(1_050)), points(1_000, 50));
    assert_eq!(points(1_000, 100).first(Won::new(900)), points(900, 0));
    assert_eq!(points(1_000, 100).last(Won::new(300)), points(200, 100));
    assert_eq!(points(1_000, 100).first(Won::new(9_000)), points(1_000, 100));
}

#[test]
fn what_points_leave_of_a_fee_is_enough_for_the_gateway_to_charge() {
    let all = Won::new(10_000);
    assert_eq!(wallet(1_250, 0).share_of(Won::new(1_300), all), points(1_200, 0));
    assert_eq!(wallet(1_200, 100).share_of(Won::new(1_300), all), points(1_200, 100));
    assert_eq!(wallet(50, 0).share_of(Won::new(90), all), Points::ZERO, "the card pays it, or nothing");
    assert_eq!(wallet(5_000, 500).share_of(Won::new(1_300), Won::new(300)), points(300, 0));
}

#[test]
fn a_wallet_below_zero_pays_nothing_though_it_has_a_bonus() {
    assert_eq!(wallet(-1, 500).share_of(Won::new(300), Won::new(300)), Points::ZERO);
}

#[test]
fn a_top_up_is_neither_too_small_nor_more_than_a_wallet_holds() {
    assert_eq!(wallet(0, 0).bonus_of_top_up(Won::new(999)), Err(TopUpError::TooLittle));
    assert_eq!(wallet(0, 0).bonus_of_top_up(Won::new(10_000)), Ok(Won::new(1_000)));
    assert_eq!(wallet(489_000, 0).bonus_of_top_up(Won::new(10_000)), Ok(Won::new(1_000)));
    assert_eq!(wallet(489_001, 0).bonus_of_top_up(Won::new(10_000)), Err(TopUpError::TooMuch));
    assert_eq!(wallet(0, 0).bonus_of_top_up(Won::new(i64::MAX)), Err(TopUpError::TooMuch));
}

#[test]
fn the_report_counts_what_is_outstanding_and_what_was_issued_in_a_year() {
    let old = [
        entry(EntryKind::TopUp, "a", points(10_000, 1_000)),
        entry(EntryKind::PointsHeld, "b", points(4_000, 0)),
    ];
    let report = PointsReport::default().after(&old).unwrap();
    assert_eq!((report.outstanding, report.held), (points(6_000, 1_000), Won::new(4_000)));
    assert_eq!(report.issued, points(10_000, 1_000));
    let new = [
        entry(EntryKind::PointsSpent, "b", points(4_000, 0)),
        entry(EntryKind::PointsReturned, "b", points(500, 0)),
        entry(EntryKind::TopUp, "c", points(20_000, 2_000)),
        entry(EntryKind::CashOutHeld, "c", points(5_000, 500)),
        entry(EntryKind::CashOutDone, "c", points(5_000, 500)),
    ];
    let report = report.new_year().after(&new).unwrap();
    assert_eq!((report.outstanding, report.held), (points(21_500, 2_500), Won::ZERO));
    assert_eq!(report.issued, points(20_000, 2_000), "points that came back are not issued anew");
    assert!(!report.needs_registration().unwrap());
}

#[test]
fn the_duty_to_register_begins_above_each_limit() {
    let limit = PointsReport::OUTSTANDING_LIMIT.get();
    let at = |paid, held| PointsReport {
        outstanding: points(paid, limit),
        held: Won::new(held),
        ..PointsReport::default()
    };
    assert!(!at(limit, 0).needs_registration().unwrap(), "the bonus was not paid for");
    assert!(at(limit, 1).needs_registration().unwrap());
    let issued = points(PointsReport::ISSUED_LIMIT.get() + 1, 0);
    assert!(PointsReport { issued, ..PointsReport::default() }.needs_registration().unwrap());
}

proptest! {
    #[test]
    fn points_are_taken_kind_by_kind_and_never_more_than_there_are(
        paid in -5_000_i64..5_000, bonus in 0_i64..5_000, wanted in -100_i64..12_000,
    ) {
        for taken in [points(paid, bonus).first(Won::new(wanted)), points(paid, bonus).last(Won::new(wanted))] {
            prop_assert!(!taken.paid.is_negative() && !taken.bonus.is_negative());
            prop_assert!(taken.paid.get() <= paid.max(0) && taken.bonus.get() <= bonus);
            prop_assert_eq!(taken.total().unwrap().get(), wanted.clamp(0, paid.max(0) + bonus));
        }
        let first = points(paid, bonus).first(Won::new(wanted));
        prop_assert!(first.bonus.is_zero() || first.paid.get() == paid.max(0), "the bonus before the rest");
    }

    #[test]
    fn every_entry_of_points_balances(paid in 0_i64..9_000, bonus in 1_i64..9_000) {
        for kind in [
            EntryKind::TopUp, EntryKind::BonusForfeited, EntryKind::PointsHeld, EntryKind::PointsSpent,
            EntryKind::PointsReleased, EntryKind::PointsReturned, EntryKind::CashOutHeld,
            EntryKind::CashOutDone, EntryKind::CashOutReleased,
        ] {
            let entry = entry(kind, "p", points(paid, bonus));
            let sum = Won::sum(entry.postings.iter().map(|posting| posting.amount)).unwrap();
            prop_assert_eq!(sum, Won::ZERO);
        }
    }
}
