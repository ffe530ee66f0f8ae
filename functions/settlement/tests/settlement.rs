//! A day is settled from the journal, again and again to the same result.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    LotId, PaymentId, Won,
    ledger::{Book, Cause, EntryKind, JournalEntry},
};
use baro_runtime::Clock;
use baro_settlement::{Asked, Settlement};
use baro_testing::{BILLING, Cloud, at, lot_record};
use jiff::civil::date;
use serde_json::json;

fn settlement(cloud: &Cloud) -> Settlement {
    let now = "2026-11-21T00:20:00+09:00".parse().unwrap();
    Settlement::new(&cloud.aws, cloud.billing(), "statements-bucket", Clock::at(now))
}

async fn post(cloud: &Cloud, lot: &LotId, name: &str, amount: i64) {
    post_at(cloud, lot, name, amount, at(0)).await;
}

/// Posts a sale of 20 November at some later time.
async fn post_at(cloud: &Cloud, lot: &LotId, name: &str, amount: i64, now: jiff::Timestamp) {
    let payment = PaymentId::derive(&[name]);
    let cause = Cause {
        book: Book::Lot(lot),
        payment: &payment,
        discriminant: String::new(),
        occurred_at: at(0),
        day: date(2026, 11, 20),
    };
    let entry = JournalEntry::post(EntryKind::Sale, &cause, Won::new(amount)).unwrap();
    let carrier = baro_testing::payment(&payment);
    cloud.billing().create(&carrier).await.unwrap();
    cloud.billing().commit(&carrier, 1, &[entry], None, now).await.unwrap();
}

/// Confirms a draft past the function: it is the store's status that protects it.
async fn confirm(cloud: &Cloud, lot: &LotId, day: jiff::civil::Date) {
    let confirmed = cloud.billing().statement(lot, day).await.unwrap().unwrap().confirmed().unwrap();
    let (pk, sk) = (lot.as_str(), format!("STMT#{day}"));
    cloud.set_attribute(BILLING, pk, &sk, "doc", &serde_json::to_string(&confirmed).unwrap()).await;
    cloud.set_attribute(BILLING, pk, &sk, "status", "confirmed").await;
}

#[tokio::test]
async fn a_sale_that_comes_after_its_day_was_confirmed_is_an_adjustment_of_the_next_statement() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    post(&cloud, &lot, "a", 8_700).await;
    let (first, next) = (date(2026, 11, 20), date(2026, 11, 22));
    let later = Clock::at("2026-11-22T00:20:00+09:00".parse().unwrap());
    let settlement = Settlement::new(&cloud.aws, cloud.billing(), "statements-bucket", later.clone());
    let ask = |day| Asked { day: Some(day), lot: Some(lot.clone()), ..Asked::default() };
    settlement.run(ask(first)).await.unwrap();
    confirm(&cloud, &lot, first).await;
    let before = cloud.billing().statement(&lot, first).await.unwrap();
    post_at(&cloud, &lot, "late", 1_000, later.now()).await;
    for _ in 0..2 {
        settlement.run(ask(next)).await.unwrap();
    }
    assert_eq!(cloud.billing().statement(&lot, first).await.unwrap(), before);
    let statement = cloud.billing().statement(&lot, next).await.unwrap().unwrap();
    assert_eq!((statement.lines.len(), statement.adjustments), (1, Won::new(1_000)));
    assert_eq!(statement.lines[0].adjusts.unwrap().day, first);
    let objects = cloud.objects();
    let csv = &objects[&format!("statements-bucket/statements/{lot}/{next}.csv")];
    assert!(std::str::from_utf8(csv).unwrap().contains("2026-11-20 확정 후 매출"));
    // Another day's draft leaves it where it is.
    settlement.run(ask(date(2026, 11, 21))).await.unwrap();
    let other = cloud.billing().statement(&lot, date(2026, 11, 21)).await.unwrap().unwrap();
    assert_eq!(other.lines, []);
}

#[tokio::test]
async fn a_late_entry_of_a_day_not_confirmed_brings_its_day_up_to_date() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    let later = Clock::at("2026-11-30T00:20:00+09:00".parse().unwrap());
    post_at(&cloud, &lot, "late", 1_000, later.now()).await;
    let settlement = Settlement::new(&cloud.aws, cloud.billing(), "statements-bucket", later);
    settlement
        .run(Asked { day: Some(date(2026, 11, 29)), lot: Some(lot.clone()), ..Asked::default() })
        .await
        .unwrap();
    let own = cloud.billing().statement(&lot, date(2026, 11, 20)).await.unwrap().unwrap();
    assert_eq!((own.sales, own.adjustments), (Won::new(1_000), Won::ZERO));
}

#[tokio::test]
async fn yesterday_is_settled_per_lot_with_a_file_for_people() {
    let cloud = Cloud::start().await;
    let (lot, other) = (lot_record().lot.id, LotId::derive(&["other"]));
    post(&cloud, &lot, "a", 8_700).await;
    post(&cloud, &lot, "b", 1_300).await;
    post(&cloud, &other, "c", 400).await;
    let summary = settlement(&cloud).run(Asked::default()).await.unwrap();
    assert_eq!((summary.day, summary.drafted.len()), (date(2026, 11, 20), 2));
    let statement = cloud.billing().statement(&lot, summary.day).await.unwrap().unwrap();
    assert_eq!((statement.sales.get(), statement.lines.len()), (10_000, 2));
    assert_eq!((statement.commission.get(), statement.payout.get()), (330, 9_670));
    let objects = cloud.objects();
    let csv = &objects[&format!("statements-bucket/statements/{lot}/2026-11-20.csv")];
    let csv = std::str::from_utf8(csv).unwrap();
    assert!(csv.starts_with('\u{feff}') && csv.contains("8700") && csv.contains("정산액"), "{csv}");
    assert!(objects[&format!("statements-bucket/statements/{lot}/2026-11-20.xlsx")].starts_with(b"PK"));
}

#[tokio::test]
async fn a_day_settled_twice_is_settled_once() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    post(&cloud, &lot, "a", 8_700).await;
    let asked: Asked = serde_json::from_value(json!({"day": "2026-11-20", "lot": lot})).unwrap();
    let first = settlement(&cloud).run(asked.clone()).await.unwrap();
    let files = cloud.objects();
    assert_eq!(settlement(&cloud).run(asked).await.unwrap(), first);
    assert_eq!(cloud.objects().len(), files.len());
    assert_eq!(
        cloud.objects()[&format!("statements-bucket/statements/{lot}/2026-11-20.csv")],
        files[&format!("statements-bucket/statements/{lot}/2026-11-20.csv")]
    );
}

#[tokio::test]
async fn a_sale_that_became_known_after_its_night_is_in_the_next_nights_draft() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    post(&cloud, &lot, "in time", 8_700).await;
    settlement(&cloud).run(Asked::default()).await.unwrap();
    post(&cloud, &lot, "webhook came late", 1_300).await;
    let next_night = Clock::at("2026-11-22T00:20:00+09:00".parse().unwrap());
    let nightly = Settlement::new(&cloud.aws, cloud.billing(), "statements-bucket", next_night);
    let summary = nightly.run(Asked::default()).await.unwrap();
    assert_eq!((summary.day, summary.drafted), (date(2026, 11, 21), vec![]));
    let statement = cloud.billing().statement(&lot, date(2026, 11, 20)).await.unwrap().unwrap();
    assert_eq!(statement.sales, Won::new(10_000));
}

#[tokio::test]
async fn a_confirmed_statement_stays_as_it_is() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    post(&cloud, &lot, "a", 8_700).await;
    let asked = Asked { day: Some(date(2026, 11, 20)), lot: Some(lot.clone()), ..Asked::default() };
    settlement(&cloud).run(asked.clone()).await.unwrap();
    let before = cloud.billing().statement(&lot, date(2026, 11, 20)).await.unwrap();
    cloud.set_attribute(BILLING, lot.as_str(), "STMT#2026-11-20", "status", "confirmed").await;
    post(&cloud, &lot, "late", 1_000).await;
    let summary = settlement(&cloud).run(asked).await.unwrap();
    assert_eq!((summary.drafted, summary.confirmed), (vec![], vec![lot.clone()]));
    assert_eq!(cloud.billing().statement(&lot, date(2026, 11, 20)).await.unwrap(), before);
}

#[tokio::test]
async fn a_lot_without_sales_gets_a_statement_of_nothing_when_asked() {
    let cloud = Cloud::start().await;
    let lot = lot_record().lot.id;
    let asked = Asked { day: Some(date(2026, 11, 20)), lot: Some(lot.clone()), ..Asked::default() };
    settlement(&cloud).run(asked).await.unwrap();
    assert_eq!(cloud.billing().statement(&lot, date(2026, 11, 20)).await.unwrap().unwrap().payout, Won::ZERO);
}

#[test]
fn a_misspelt_question_is_refused() {
    assert!(serde_json::from_value::<Asked>(json!({"date": "2026-11-20"})).is_err());
    assert_eq!(serde_json::from_value::<Asked>(json!({"day": null})).unwrap(), Asked::default());
}

#[tokio::test]
async fn a_company_on_deferred_payment_gets_one_invoice_for_the_month_that_is_over() {
    use baro_domain::{
        CompanyId, EventId,
        payment::{PromisedOrder, Shop},
        visit::Payer,
    };
    let cloud = Cloud::start().await;
    let company = CompanyId::derive(&["c"]);
    let mut carrier = baro_testing::payment(&PaymentId::derive(&["p"]));
    let stay = baro_testing::stay_of(&mut carrier);
    stay.promised_at = Some(EventId::derive(&["ask"]));
    let read = baro_testing::observation("in", baro_domain::Passage::Entered, 0);
    let revision = cloud.parking().record(&read, &read.plate, None).await.unwrap().revision;
    let order = PromisedOrder {
        stay: stay.clone(),
        amount: Won::new(1_900),
        order_name: "주차요금".into(),
        quote: json!({}),
        payer: Payer::Company(company.clone()),
        revision,
    };
    let shop = Shop { store_id: "store-1".into(), channel_type: "TEST".into() };
    let decision = order.on_account(&shop, &company, at(60)).unwrap();
    cloud.billing().begin_on_account(&decision, revision, at(60)).await.unwrap();
    let months = |now: &str| {
        Settlement::new(&cloud.aws, cloud.billing(), "statements-bucket", Clock::at(now.parse().unwrap()))
    };
    let early = months("2026-11-30T23:00:00+09:00").invoice(date(2026, 11, 20)).await;
    assert!(early.is_err(), "the month is not over");
    let asked: Asked = serde_json::from_value(json!({"invoices": "last"})).unwrap();
    let made = months("2026-12-01T02:00:00+09:00").run(asked).await.unwrap();
    assert_eq!((made.day, &made.invoiced), (date(2026, 11, 1), &vec![company.clone()]));
    let again = months("2026-12-02T02:00:00+09:00").invoice(date(2026, 11, 1)).await.unwrap();
    assert_eq!(again.companies, std::slice::from_ref(&company));
    let key = format!("invoices/{company}/2026-11.csv");
    let (_, csv) = cloud.objects().into_iter().find(|(at, _)| at.ends_with(&key)).unwrap();
    let text = String::from_utf8(csv).unwrap();
    assert!(text.contains("주차요금") && text.contains("1900") && text.contains("173"), "{text}");
}
