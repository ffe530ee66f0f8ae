//! Tariffs as people argue about them.

mod apds;
mod bad;
mod examples;
mod laws;
mod random;
mod reference;
mod rights;
mod worked;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;

use super::*;
use crate::Won;
use crate::calendar::{Calendar, DaySet};

/// Seoul's zone.
pub(super) fn seoul() -> TimeZone {
    TimeZone::get("Asia/Seoul").unwrap()
}

/// A local time in Seoul.
pub(super) fn at(local: DateTime) -> Timestamp {
    seoul().to_timestamp(local).unwrap()
}

/// A Tuesday that is no holiday.
pub(super) const TUESDAY: Date = date(2026, 11, 17);

pub(super) fn tier(from_minute: i64, unit_minutes: i64, won: i64) -> Tier {
    Tier { from_minute, unit_minutes, unit_price: Won::new(won) }
}

pub(super) fn hours(from: &str, until: &str) -> Hours {
    Hours { from: ClockTime::parse(from).unwrap(), until: ClockTime::parse(until).unwrap() }
}

pub(super) fn band(code: &str, days: DaySet, hours: Hours, tiers: Vec<Tier>) -> Band {
    Band { code: code.into(), label: None, days, hours, tiers, at_most: None }
}

/// A tariff with these bands and nothing else.
pub(super) fn spec(bands: Vec<Band>) -> TariffSpec {
    TariffSpec {
        id: "test".into(),
        version: 1,
        name: "시험".into(),
        valid_from: date(2020, 1, 1),
        valid_until: None,
        grade: None,
        seconds: SecondsRule::default(),
        charging_day: ChargingDay::default(),
        meter: MeterRestart::default(),
        grace: None,
        schedule: Schedule { bands, caps: Vec::new() },
        vehicles: Vec::new(),
        stay_rules: Vec::new(),
        free_dates: Vec::new(),
        passes: Vec::new(),
        discounts: Vec::new(),
        discount_policy: DiscountPolicy::default(),
        rounding: Rounding::default(),
        tax: Tax::default(),
    }
}

/// Charged around the clock with these tiers.
pub(super) fn always(tiers: Vec<Tier>) -> TariffSpec {
    spec(vec![band("all", DaySet::ALL, Hours::ALL_DAY, tiers)])
}

pub(super) fn quote_of(tariff: &Tariff, from: DateTime, until: DateTime) -> Quote {
    tariff.quote(&Stay::new(at(from), at(until), &seoul(), Calendar::korea())).unwrap()
}

/// The price of so many minutes from a local time on.
pub(super) fn price(tariff: &Tariff, from: DateTime, minutes: i64) -> i64 {
    let entered = at(from);
    let left = entered + jiff::SignedDuration::from_mins(minutes);
    let quote = tariff.quote(&Stay::new(entered, left, &seoul(), Calendar::korea())).unwrap();
    let sum = Won::sum(quote.lines.iter().map(|line| line.amount)).unwrap();
    assert_eq!(sum, quote.total, "the lines must explain every won: {quote:#?}");
    quote.total.get()
}
