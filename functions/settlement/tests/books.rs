//! A month's books are exported with their trial balance, proven from the entries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    DriverId, LotId, PaymentId, Won,
    books::{AccountClass, Month},
    ledger::{Account, Book, Cause, EntryKind, JournalEntry},
    points::Points,
};
use baro_runtime::Clock;
use baro_settlement::{Asked, SettleError, Settlement};
use baro_testing::{BILLING, Cloud, lot_record};
use jiff::{Timestamp, civil::Date};
use serde_json::json;

const AFTER_NOVEMBER: &str = "2026-12-01T03:30:00+09:00";

fn settlement(cloud: &Cloud, now: &str) -> Settlement {
    let clock = Clock::at(now.parse().unwrap());
    Settlement::new(&cloud.aws, cloud.billing(), "statements-bucket", clock)
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn run(cloud: &Cloud, now: &str, asked: &str) -> Result<Vec<Month>, SettleError> {
    let asked: Asked = serde_json::from_value(json!({"month": asked})).unwrap();
    settlement(cloud, now).run(asked).await.map(|done| done.closed)
}

/// Posts a sale at noon of its day, or at another moment.
async fn post(cloud: &Cloud, name: &str, amount: i64, day: &str, posted_at: Option<&str>) {
    let (lot, day) = (lot_record().lot.id, day.parse::<Date>().unwrap());
    let noon = day.at(12, 0, 0, 0).in_tz("Asia/Seoul").unwrap().timestamp();
    let posted_at: Timestamp = posted_at.map_or(noon, |at| at.parse().unwrap());
    let payment = PaymentId::derive(&[name]);
    let discriminant = String::new();
    let cause = Cause { book: Book::Lot(&lot), payment: &payment, discriminant, occurred_at: noon, day };
    let entry = JournalEntry::post(EntryKind::Sale, &cause, Won::new(amount)).unwrap();
    let carrier = baro_testing::payment(&payment);
    cloud.billing().create(&carrier).await.unwrap();
    cloud.billing().commit(&carrier, 1, &[entry], None, posted_at).await.unwrap();
}

/// What the gateway's clearing account held before and after a closed month.
async fn clearing(cloud: &Cloud, of: &str) -> (i64, i64) {
    let balance = cloud.billing().trial_balance(month(of)).await.unwrap().unwrap();
    let held = balance.classes[&AccountClass::of(&Account::PgClearing)];
    (held.opening.get(), held.closing().unwrap().get())
}

fn file(cloud: &Cloud, of: &str, name: &str) -> String {
    let csv = cloud.objects()[&format!("statements-bucket/journal/{of}/{name}.csv")].clone();
    String::from_utf8(csv).unwrap()
}

#[tokio::test]
async fn a_month_is_exported_with_every_entry_and_a_trial_balance_that_sums_to_zero() {
    let cloud = Cloud::start().await;
    post(&cloud, "a", 8_700, "2026-11-02", None).await;
    post(&cloud, "b", 1_300, "2026-11-30", Some("2026-12-01T02:59:00+09:00")).await;
    post(&cloud, "next month's", 500, "2026-12-01", Some("2026-12-01T00:10:00+09:00")).await;
    assert_eq!(run(&cloud, AFTER_NOVEMBER, "last").await.unwrap(), [month("2026-11")]);
    let entries = file(&cloud, "2026-11", "entries-01");
    assert_eq!(entries.lines().count(), 1 + 2 * 2, "{entries}");
    assert!(entries.contains("1110 pg-clearing,8700,,") && entries.contains(",,8700,"), "{entries}");
    let balance = file(&cloud, "2026-11", "trial-balance");
    assert!(balance.contains("1110 pg-clearing,0,10000,0,10000"), "{balance}");
    assert!(balance.contains("2110 lot-payable,0,0,10000,-10000"), "{balance}");
    assert!(balance.contains("합계 (total),0,10000,10000,0"), "{balance}");
    assert!(cloud.objects()["statements-bucket/journal/2026-11/trial-balance.xlsx"].starts_with(b"PK"));
}

#[tokio::test]
async fn what_must_be_reported_of_points_goes_out_with_the_month() {
    let cloud = Cloud::start().await;
    let (driver, day) = (DriverId::derive(&["d"]), "2026-11-02".parse::<Date>().unwrap());
    let noon = day.at(12, 0, 0, 0).in_tz("Asia/Seoul").unwrap().timestamp();
    let payment = PaymentId::derive(&["top-up"]);
    let discriminant = String::new();
    let cause =
        Cause { book: Book::Points(&driver), payment: &payment, discriminant, occurred_at: noon, day };
    let points = Points { paid: Won::new(3_000_000_001), bonus: Won::new(300_000_000) };
    let entry = JournalEntry::post_points(EntryKind::TopUp, &cause, &driver, points).unwrap();
    let carrier = baro_testing::payment(&payment);
    cloud.billing().create(&carrier).await.unwrap();
    cloud.billing().commit(&carrier, 1, &[entry], None, noon).await.unwrap();
    run(&cloud, AFTER_NOVEMBER, "last").await.unwrap();
    let told = file(&cloud, "2026-11", "points");
    assert!(told.contains("(outstanding),3000000001,300000000,3000000000"), "{told}");
    assert!(told.contains("(issued since January),3000000001,300000000,50000000000"), "{told}");
    assert!(told.contains("(registration needed),예 (yes)"), "{told}");
}

#[tokio::test]
async fn an_entry_posted_late_stands_in_the_open_month_and_the_closed_one_stays() {
    let cloud = Cloud::start().await;
    post(&cloud, "a", 8_700, "2026-10-02", None).await;
    run(&cloud, "2026-11-01T03:30:00+09:00", "last").await.unwrap();
    let october = file(&cloud, "2026-10", "entries-01");
    post(&cloud, "late", 1_000, "2026-10-31", Some("2026-11-05T09:00:00+09:00")).await;
    assert_eq!(run(&cloud, AFTER_NOVEMBER, "last").await.unwrap(), [month("2026-11")]);
    assert_eq!(
        (clearing(&cloud, "2026-10").await, clearing(&cloud, "2026-11").await),
        ((0, 8_700), (8_700, 9_700))
    );
    assert!(file(&cloud, "2026-11", "entries-01").contains("2026-10-31,"));
    // Asked for by hand later, October is what it was.
    assert_eq!(run(&cloud, AFTER_NOVEMBER, "2026-10").await.unwrap(), [month("2026-10")]);
    assert_eq!(file(&cloud, "2026-10", "entries-01"), october);
}

#[tokio::test]
async fn months_that_nobody_closed_are_closed_on_the_way() {
    let cloud = Cloud::start().await;
    post(&cloud, "a", 100, "2026-08-02", None).await;
    post(&cloud, "b", 200, "2026-09-02", None).await;
    let closed = run(&cloud, "2026-10-02T03:30:00+09:00", "2026-09").await.unwrap();
    assert_eq!(closed, [month("2026-08"), month("2026-09")]);
    // October has no entries at all, and is carried on all the same.
    let closed = run(&cloud, AFTER_NOVEMBER, "2026-11").await.unwrap();
    assert_eq!(closed, [month("2026-10"), month("2026-11")]);
    assert_eq!(clearing(&cloud, "2026-11").await, (300, 300));
}

#[tokio::test]
async fn a_month_is_not_closed_before_its_last_webhooks_are_in() {
    let cloud = Cloud::start().await;
    let early = run(&cloud, "2026-12-01T03:14:59+09:00", "2026-11").await;
    assert!(matches!(early, Err(SettleError::BooksOpen(_))), "{early:?}");
    assert!(cloud.objects().is_empty());
}

#[tokio::test]
async fn a_journal_that_was_changed_after_its_month_closed_stops_the_next_month() {
    let cloud = Cloud::start().await;
    post(&cloud, "a", 8_700, "2026-10-02", None).await;
    run(&cloud, "2026-11-01T03:30:00+09:00", "last").await.unwrap();
    let lot: LotId = lot_record().lot.id;
    let mut balance = cloud.billing().trial_balance(month("2026-10")).await.unwrap().unwrap();
    let entry = cloud.billing().journal("2026-10-02".parse().unwrap(), Some(&lot)).await.unwrap().remove(0);
    for posting in &entry.postings {
        let held = balance.classes.get_mut(&AccountClass::of(&posting.account)).unwrap();
        (held.debits, held.credits) = (held.debits.times(2).unwrap(), held.credits.times(2).unwrap());
    }
    let doc = serde_json::to_string(&balance).unwrap();
    cloud.set_attribute(BILLING, "BOOKS", "MONTH#2026-10", "doc", &doc).await;
    let next = run(&cloud, AFTER_NOVEMBER, "last").await;
    assert!(matches!(next, Err(SettleError::BooksDiffer(of)) if of == month("2026-10")), "{next:?}");
    assert!(cloud.billing().trial_balance(month("2026-11")).await.unwrap().is_none());
}
