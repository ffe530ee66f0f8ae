//! Where a price falls as time grows. Only a rule that looks back can do that: a threshold that changes the price of a day already
//! metered, a price for leaving at certain hours, discounts stacked unevenly. Each is tried at the very minutes at which it
//! takes effect, so that what is reported is what happens, with a stay that shows it.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::{TimeZone, offset};
use serde::Serialize;

use super::clock_time::DAY_MINUTES;
use super::findings::{Finding, FindingCode};
use super::meter::Terms;
use super::plan::{Plan, retroactive, stack_may_fall};
use super::pricing::{Pricing, round};
use super::quote::{DiscountClaim, Stay};
use super::spec::{Cap, CapHolds, CapPer, Counting, StayRule, TariffSpec, VehicleClass};
use super::timeline::{Clock, Layout, Timeline};
use crate::Won;
use crate::calendar::Calendar;

/// A stay that costs less one minute later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fall {
    /// When the car comes in, on the lot's wall clock.
    pub entered_at: DateTime,
    /// Its class.
    pub vehicle: VehicleClass,
    /// Codes of the discounts claimed, each with a proof that its rule accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<String>,
    /// Length of the stay in minutes.
    pub minutes: i64,
    /// What it costs, won.
    pub price: Won,
    /// What one minute more costs, won.
    pub minute_later: Won,
}

impl Fall {
    fn at(entered_at: &DateTime, stay: &Stay<'_>, minutes: i64, (price, minute_later): (i64, i64)) -> Self {
        Self {
            entered_at: *entered_at,
            vehicle: stay.vehicle,
            discounts: stay.claims.iter().map(|claim| claim.rule.clone()).collect(),
            minutes,
            price: Won::new(price),
            minute_later: Won::new(minute_later),
        }
    }
}

/// A week without a public holiday, and the eve and day of one.
const DAYS: [Date; 9] = [
    date(2026, 11, 16),
    date(2026, 11, 17),
    date(2026, 11, 18),
    date(2026, 11, 19),
    date(2026, 11, 20),
    date(2026, 11, 21),
    date(2026, 11, 22),
    date(2026, 12, 24),
    date(2026, 12, 25),
];
/// Days of a stay that are looked at.
const SPAN_DAYS: i64 = 3;
/// Thresholds beyond so many days are not looked for.
const LONGEST_DAYS: i64 = 40;
/// Minutes between entries that are tried: coarse first, then as fine as the tries allow.
const STEPS: [usize; 4] = [180, 30, 5, 1];
/// Prices computed at most for one rule, so that a check stays short whatever the tariff.
const TRIES_OF_A_RULE: usize = 20_000;
/// The same for all rules of a tariff.
const TRIES: usize = 80_000;
/// The same for stacked discounts, whose prices take longer.
const TRIES_OF_A_STACK: usize = 8_000;

/// A rule that looks back, and where it stands.
#[derive(Clone, Copy)]
enum Rule<'a> {
    Cap(&'a Cap),
    Stay(&'a StayRule),
}

/// Everything found, by path.
pub(crate) fn falls(spec: &TariffSpec, found: &mut Vec<Finding>) {
    let mut plain = spec.clone();
    plain.discounts.clear();
    let mut tries = TRIES;
    let own = spec.vehicles.iter().enumerate().filter_map(|(index, own)| {
        Some((format!("vehicles[{index}].schedule"), &own.schedule, *own.classes.first()?))
    });
    let schedules = std::iter::once(("schedule".to_owned(), &spec.schedule, unnamed_class(spec))).chain(own);
    for (path, schedule, vehicle) in schedules {
        for (index, cap) in schedule.caps.iter().enumerate().filter(|(_, cap)| retroactive(cap)) {
            let path = format!("{path}.caps[{index}]");
            let fall = witness(&plain, vehicle, Rule::Cap(cap), &mut tries);
            if fall.is_none() && cap.holds == CapHolds::Exactly && !spec.passes.is_empty() {
                let message = "beside a pass that covers part of the day, the price that is left to pay of it can fall as the pass \
                               covers more";
                may_fall(found, path, message);
            } else {
                report(found, path, fall);
            }
        }
    }
    for (index, rule) in spec.stay_rules.iter().enumerate().filter(|(_, rule)| rule.left.is_some()) {
        let vehicle = unnamed_class(spec);
        report(found, format!("stayRules[{index}]"), witness(&plain, vehicle, Rule::Stay(rule), &mut tries));
    }
    if stack_may_fall(spec) {
        let path = "discountPolicy".to_owned();
        match stacked(spec) {
            Some(fall) => report(found, path, Some(fall)),
            None => may_fall(
                found,
                path,
                "stacked discounts of which one is for certain minutes only, frees minutes of what others left, or is paid from a \
                 budget, can take off more than a further unit adds; no stay that shows it was found",
            ),
        }
    }
}

/// A class of vehicle that the tariff's own schedule prices.
fn unnamed_class(spec: &TariffSpec) -> VehicleClass {
    let named = |class: &VehicleClass| spec.vehicles.iter().any(|own| own.classes.contains(class));
    VehicleClass::ALL.into_iter().find(|class| !named(class)).unwrap_or_default()
}

fn report(found: &mut Vec<Finding>, path: String, fall: Option<Fall>) {
    let Some(fall) = fall else { return };
    let (price, later) = (fall.price, fall.minute_later);
    let message =
        format!("in at {}: {} minutes cost {price}, one more {later}", fall.entered_at, fall.minutes);
    found.push(Finding { path, code: FindingCode::PriceCanFall, message, example: Some(fall) });
}

fn may_fall(found: &mut Vec<Finding>, path: String, message: &str) {
    found.push(Finding { path, code: FindingCode::PriceMayFall, message: message.into(), example: None });
}

/// The zone and the holidays that examples are told in.
fn zone() -> TimeZone {
    TimeZone::fixed(offset(9))
}

/// Entries to try, each once: those of the coarse steps first.
fn entries() -> impl Iterator<Item = DateTime> {
    let tried = |minute: usize, level: usize| STEPS[..level].iter().any(|step| minute.is_multiple_of(*step));
    let level = move |(level, step): (usize, usize)| {
        let minutes = (0..1_440).step_by(step).filter(move |minute| !tried(*minute, level));
        minutes.flat_map(|minute| {
            let (hour, minute) =
                (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
            DAYS.iter().map(move |day| day.at(hour, minute, 0, 0))
        })
    };
    STEPS.into_iter().enumerate().flat_map(level)
}

/// A stay that shows how a rule makes the price fall.
fn witness(spec: &TariffSpec, vehicle: VehicleClass, rule: Rule<'_>, tries: &mut usize) -> Option<Fall> {
    let (plan, zone) = (Plan::new(spec), zone());
    let horizon = match rule {
        Rule::Cap(cap) if cap.from_minutes > LONGEST_DAYS * DAY_MINUTES => return None,
        Rule::Cap(cap) => cap.from_minutes + SPAN_DAYS * DAY_MINUTES,
        Rule::Stay(_) => SPAN_DAYS * DAY_MINUTES,
    };
    let mut left = TRIES_OF_A_RULE.min(*tries);
    for entered_at in entries() {
        let entered = zone.to_timestamp(entered_at).ok()?;
        let stay = Stay::new(entered, entered, &zone, Calendar::korea()).vehicle(vehicle);
        let pricing = laid_out(spec, &plan, &stay, horizon);
        let moments = moments(rule, &pricing.timeline, horizon);
        let price = |minutes| round(pricing.base(minutes, Terms::default()).due, spec.rounding);
        for minutes in moments {
            let (before, after) = (price(minutes - 1), price(minutes));
            *tries = tries.saturating_sub(2);
            left = left.saturating_sub(2);
            if after < before {
                return Some(Fall::at(&entered_at, &stay, minutes - 1, (before, after)));
            }
            if left == 0 {
                return None;
            }
        }
    }
    None
}

/// A stay laid out so far that every length up to it can be priced.
fn laid_out<'a>(spec: &'a TariffSpec, plan: &'a Plan, stay: &Stay<'a>, minutes: i64) -> Pricing<'a> {
    let layout = Layout {
        clock: Clock::new(stay.time_zone, stay.entered_at),
        calendar: stay.calendar,
        schedule: plan.schedule_of(stay.vehicle),
        free_days: &plan.free_days,
        charging_day: spec.charging_day,
        covered: Vec::new(),
    };
    let mut timeline = Timeline::new(layout, minutes);
    timeline.extend_to(minutes + 1);
    Pricing::new(spec, plan, stay, timeline, 0)
}

/// The lengths of stay at which a rule begins to hold.
fn moments(rule: Rule<'_>, timeline: &Timeline<'_>, horizon: i64) -> Vec<i64> {
    let clock = &timeline.layout.clock;
    let mut moments: Vec<i64> = match rule {
        Rule::Cap(cap) if cap.per == CapPer::Stay => {
            reached(cap, timeline, (0, horizon)).into_iter().collect()
        }
        Rule::Cap(cap) => {
            timeline.days.iter().filter_map(|day| reached(cap, timeline, (day.start, day.end))).collect()
        }
        Rule::Stay(rule) => {
            let (from, _) = rule.left.unwrap_or_default().span();
            let first = clock.wall(0).div_euclid(DAY_MINUTES);
            (first..=first + SPAN_DAYS).map(|day| clock.minute_at(day, from)).collect()
        }
    };
    moments.retain(|minute| (1..=horizon).contains(minute));
    moments
}

/// The minute at which a cap's threshold is reached within a stretch of the stay.
fn reached(cap: &Cap, timeline: &Timeline<'_>, (start, end): (i64, i64)) -> Option<i64> {
    let wanted = cap.from_minutes.max(1);
    if cap.counting == Counting::Elapsed {
        return (start + wanted <= end).then_some(start + wanted);
    }
    let mut counted = 0;
    for segment in &timeline.segments {
        let (from, until) = (segment.start.max(start), segment.end.min(end));
        if from < until {
            if counted + until - from >= wanted {
                return Some(from + wanted - counted);
            }
            counted += until - from;
        }
    }
    None
}

/// A stay with all discounts claimed at which they make the price fall.
fn stacked(spec: &TariffSpec) -> Option<Fall> {
    let (plan, zone) = (Plan::new(spec), zone());
    let claims: Vec<DiscountClaim> = spec
        .discounts
        .iter()
        .map(|rule| DiscountClaim::new(rule.code.clone(), rule.evidence.first().copied()))
        .collect();
    let vehicle = unnamed_class(spec);
    let mut tries = 0;
    for entered_at in entries() {
        let entered = zone.to_timestamp(entered_at).ok()?;
        let stay = Stay::new(entered, entered, &zone, Calendar::korea()).vehicle(vehicle).claims(&claims);
        let pricing = laid_out(spec, &plan, &stay, DAY_MINUTES);
        let mut before = 0;
        for minutes in 1..=DAY_MINUTES / 2 {
            let now = pricing.total(minutes);
            tries += 1;
            if now < before {
                return Some(Fall::at(&entered_at, &stay, minutes - 1, (before, now)));
            }
            before = now;
        }
        if tries >= TRIES_OF_A_STACK {
            return None;
        }
    }
    None
}
