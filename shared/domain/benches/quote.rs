//! What a quote costs. `cargo bench -p baro-domain`; targets (issue 3): a typical stay under 1 µs, 30 days of a banded tariff
//! with discounts under 20 µs, and cost that grows with bands crossed, not with minutes.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros, and a bench that may stop")]

use std::hint::black_box;

use baro_domain::tariff::{DiscountClaim, Evidence};
use baro_domain::{Calendar, Stay, Tariff};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

fn tariff(name: &str) -> Tariff {
    let path = format!("{}/../../events/tariffs/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Tariff::from_json(&std::fs::read(path).unwrap()).unwrap()
}

fn stay<'a>(zone: &'a TimeZone, calendar: &'a Calendar, minutes: i64) -> Stay<'a> {
    let entered: Timestamp = zone.to_timestamp(date(2026, 9, 1).at(9, 7, 12, 0)).unwrap();
    Stay::new(entered, entered + SignedDuration::from_mins(minutes), zone, calendar)
}

fn quotes(c: &mut Criterion) {
    let seoul = TimeZone::get("Asia/Seoul").unwrap();
    let calendar = Calendar::korea();
    let plain = tariff("daejeon-seonhwa-2");
    let typical = stay(&seoul, calendar, 95);
    c.bench_function("typical stay: 95 min, lines and next step", |b| {
        b.iter(|| plain.quote(black_box(&typical)));
    });
    let receipt = typical.without_look_ahead();
    c.bench_function("typical stay: 95 min, lines only", |b| b.iter(|| plain.quote(black_box(&receipt))));

    let banded = tariff("banded-with-everything");
    let claims = [
        DiscountClaim::new("disabled", Some(Evidence::Registry)),
        DiscountClaim::new("compact", Some(Evidence::Registry)),
        DiscountClaim::new("first-three-hours", None),
    ];
    let month = stay(&seoul, calendar, 30 * 1_440).claims(&claims);
    c.bench_function("30 days, banded, three discounts", |b| b.iter(|| banded.quote(black_box(&month))));

    let mut group = c.benchmark_group("cost grows with bands crossed, not with minutes");
    for minutes in [30, 300, 500, 1_440, 7 * 1_440, 30 * 1_440] {
        let stay = stay(&seoul, calendar, minutes).without_look_ahead();
        group.bench_with_input(BenchmarkId::from_parameter(minutes), &stay, |b, stay| {
            b.iter(|| plain.quote(stay));
        });
    }
    group.finish();
}

criterion_group!(benches, quotes);
criterion_main!(benches);
