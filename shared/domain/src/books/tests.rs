use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    CompanyId, DriverId, LotId, PaymentId,
    ledger::{Book, Cause, EntryKind},
    points::Points,
};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn entry(name: &str, kind: EntryKind, amount: i64, day: Date, posted_at: Option<&str>) -> JournalEntry {
    let (lot, driver, company) = (LotId::derive(&["l"]), DriverId::derive(&["d"]), CompanyId::derive(&["c"]));
    let payment = PaymentId::derive(&[name]);
    let book = match kind {
        EntryKind::TopUp | EntryKind::CashOut | EntryKind::PointsHeld | EntryKind::PointsReleased => {
            Book::Points(&driver)
        }
        EntryKind::OnAccount | EntryKind::OnAccountReturned => Book::Account(&lot, &company),
        _ => Book::Lot(&lot),
    };
    let discriminant = String::new();
    let cause = Cause { book, payment: &payment, discriminant, occurred_at: Timestamp::UNIX_EPOCH, day };
    let posted_at = posted_at.map(|at| at.parse().unwrap());
    let points = Points { paid: Won::new(amount), bonus: Won::new(amount / 10) };
    let posted = match kind {
        EntryKind::TopUp | EntryKind::PointsHeld | EntryKind::PointsSpent | EntryKind::PointsReleased => {
            JournalEntry::post_points(kind, &cause, &driver, points)
        }
        _ => JournalEntry::post(kind, &cause, Won::new(amount)),
    };
    JournalEntry { posted_at, ..posted.unwrap() }
}

fn sale(day: Date, posted_at: &str) -> JournalEntry {
    entry("p", EntryKind::Sale, 1_300, day, Some(posted_at))
}

#[test]
fn a_months_last_evening_may_be_posted_until_three_in_the_morning() {
    let last_day = date(2026, 10, 31);
    assert_eq!(month_of(&sale(last_day, "2026-11-01T02:59:59+09:00")), month("2026-10"));
    assert_eq!(month_of(&sale(last_day, "2026-11-01T03:00:00+09:00")), month("2026-11"));
    assert_eq!(month("2026-10").complete_at(), "2026-11-01T03:15:00+09:00".parse().unwrap());
}

#[test]
fn an_entry_posted_after_its_month_closed_stands_in_the_month_that_was_open_then() {
    let late = sale(date(2026, 8, 30), "2026-11-20T12:00:00+09:00");
    assert!(is_late(&late) && month_of(&late) == month("2026-11"));
    let mut august = TrialBalance::open(month("2026-08"), None).unwrap();
    assert_eq!(august.post(&late), Err(BooksError::OtherMonth(month("2026-11"), month("2026-08"))));
}

#[test]
fn an_entry_that_says_no_time_of_posting_or_runs_ahead_of_it_stands_in_its_own_month() {
    assert!(!is_late(&entry("p", EntryKind::Sale, 1, date(2026, 8, 1), None)));
    assert_eq!(month_of(&sale(date(2026, 11, 1), "2026-11-01T00:10:00+09:00")), month("2026-11"));
}

#[test]
fn books_follow_the_month_before_and_no_other() {
    let october = TrialBalance::open(month("2026-10"), None).unwrap();
    assert!(TrialBalance::open(month("2026-11"), Some(&october)).is_ok());
    let gap = TrialBalance::open(month("2026-12"), Some(&october));
    assert_eq!(gap, Err(BooksError::Gap(month("2026-12"), month("2026-10"))));
}

#[test]
fn a_balance_that_was_changed_by_hand_does_not_balance() {
    let mut books = TrialBalance::open(month("2026-10"), None).unwrap();
    books.post(&entry("p", EntryKind::Sale, 5_000, date(2026, 10, 3), None)).unwrap();
    assert_eq!(books.check(), Ok(()));
    let class = AccountClass("1110 pg-clearing".to_owned());
    books.classes.get_mut(&class).unwrap().debits = Won::new(5_001);
    assert_eq!(books.check(), Err(BooksError::Unbalanced(month("2026-10"))));
}

#[test]
fn points_are_told_as_their_accounts_hold_them_and_as_the_year_issued_them() {
    let points = |paid: i64, bonus: i64| Points { paid: Won::new(paid), bonus: Won::new(bonus) };
    let mut december = TrialBalance::open(month("2026-12"), None).unwrap();
    december.post(&entry("a", EntryKind::TopUp, 10_000, date(2026, 12, 5), None)).unwrap();
    december.post(&entry("a", EntryKind::PointsHeld, 3_000, date(2026, 12, 6), None)).unwrap();
    assert_eq!(december.check(), Ok(()));
    assert_eq!(
        (december.points.issued, december.points.outstanding),
        (points(10_000, 1_000), points(7_000, 700))
    );
    assert_eq!(december.points.held, Won::new(3_300));
    let mut january = TrialBalance::open(month("2027-01"), Some(&december)).unwrap();
    assert_eq!((january.points.issued, january.points.outstanding), (Points::ZERO, points(7_000, 700)));
    january.post(&entry("b", EntryKind::TopUp, 5_000, date(2027, 1, 5), None)).unwrap();
    assert_eq!((january.check(), january.points.issued), (Ok(()), points(5_000, 500)));
    assert_eq!(january.reopened().points, TrialBalance::open(january.month, Some(&december)).unwrap().points);
    january.points.outstanding.bonus = Won::new(1_199);
    assert_eq!(january.check(), Err(BooksError::Points(month("2027-01"))));
}

#[test]
fn all_lots_and_all_drivers_are_one_class() {
    let classes: Vec<String> = [
        Account::PgClearing,
        Account::LotPayable(LotId::derive(&["a"])),
        Account::LotPayable(LotId::derive(&["b"])),
        Account::CompanyReceivable(CompanyId::derive(&["c"])),
    ]
    .iter()
    .map(|account| AccountClass::of(account).0)
    .collect();
    assert_eq!(
        classes,
        ["1110 pg-clearing", "2110 lot-payable", "2110 lot-payable", "1210 company-receivable"]
    );
}

#[test]
fn a_month_has_its_days_and_is_written_in_one_way() {
    let days: Vec<Date> = month("2024-02").days().collect();
    assert_eq!((days.len(), days[0], days[28]), (29, date(2024, 2, 1), date(2024, 2, 29)));
    for wrong in ["2026-13", "2026-1", "2026-10-01", "last", ""] {
        assert_eq!(wrong.parse::<Month>(), Err(InvalidMonth), "{wrong}");
    }
}

const KINDS: [EntryKind; 13] = [
    EntryKind::Sale,
    EntryKind::Refund,
    EntryKind::Surcharge,
    EntryKind::SurchargeReturn,
    EntryKind::HeldReceipt,
    EntryKind::HeldReturn,
    EntryKind::TopUp,
    EntryKind::CashOut,
    EntryKind::PointsHeld,
    EntryKind::PointsSpent,
    EntryKind::PointsReleased,
    EntryKind::OnAccount,
    EntryKind::OnAccountReturned,
];

/// An entry of some day of the first half of 2026, posted at once, late, or very late.
fn any_entry() -> impl Strategy<Value = JournalEntry> {
    (0_usize..KINDS.len(), 1_i64..1_000_000, 0_i64..180, prop_oneof![0_i64..30, 0_i64..3_000], any::<bool>())
        .prop_map(|(kind, amount, day, hours_later, old)| {
            let day = date(2026, 1, 1).checked_add(day.days()).unwrap();
            let posted = HOME.to_timestamp(day.at(23, 0, 0, 0)).unwrap();
            let posted = posted.checked_add(hours_later.hours()).unwrap();
            let entry = entry("p", KINDS[kind], amount, day, None);
            JournalEntry { posted_at: (!old).then_some(posted), ..entry }
        })
}

/// The books of a year and more, month after month.
fn chain(entries: &[JournalEntry]) -> Vec<TrialBalance> {
    let mut months: Vec<TrialBalance> = Vec::new();
    let mut now = month("2026-01");
    while now <= month("2027-06") {
        let mut books = TrialBalance::open(now, months.last()).unwrap();
        for entry in entries.iter().filter(|entry| month_of(entry) == now) {
            books.post(entry).unwrap();
        }
        months.push(books);
        now = now.next();
    }
    months
}

proptest! {
    #[test]
    fn every_months_debits_are_its_credits_and_its_balances_sum_to_zero(
        entries in prop::collection::vec(any_entry(), 0..60)
    ) {
        let months = chain(&entries);
        for books in &months {
            prop_assert_eq!(books.check(), Ok(()));
        }
        for pair in months.windows(2) {
            let closing: BTreeMap<_, _> =
                pair[0].classes.iter().map(|(class, held)| (class, held.closing().unwrap())).collect();
            for (class, balance) in &pair[1].classes {
                prop_assert_eq!(balance.opening, closing.get(class).copied().unwrap_or_default());
            }
        }
    }

    #[test]
    fn months_add_up_to_the_whole_journal_and_each_entry_stands_in_one(
        entries in prop::collection::vec(any_entry(), 0..60)
    ) {
        let months = chain(&entries);
        prop_assert_eq!(months.iter().map(|books| books.entries).sum::<u64>(), entries.len() as u64);
        for (class, held) in &months.last().unwrap().classes {
            let postings = entries.iter().flat_map(|entry| &entry.postings);
            let of_class = postings.filter(|posting| AccountClass::of(&posting.account) == *class);
            prop_assert_eq!(held.closing().unwrap(), Won::sum(of_class.map(|posting| posting.amount)).unwrap());
        }
    }

    #[test]
    fn a_month_counted_again_in_any_order_is_the_same(
        entries in prop::collection::vec(any_entry(), 0..40).prop_shuffle()
    ) {
        for books in chain(&entries) {
            let mut again = books.reopened();
            for entry in entries.iter().rev().filter(|entry| month_of(entry) == books.month) {
                again.post(entry).unwrap();
            }
            prop_assert!(again.agrees_with(&books));
        }
    }

    #[test]
    fn nothing_is_posted_into_a_month_that_is_complete(entry in any_entry()) {
        if let Some(posted_at) = entry.posted_at {
            prop_assert!(posted_at < month_of(&entry).complete_at());
        }
    }
}
