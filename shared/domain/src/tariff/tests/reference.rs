//! A reference that counts minute by minute and asks the zone for each of them, and the proof that the engine, which
//! never looks at a minute, agrees with it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::random::{Case, case};
use super::*;

/// What a discount changes; see `meter::Terms`.
#[derive(Debug, Clone, Copy, Default)]
struct Changes {
    exempt: i64,
    exempt_daily: i64,
    /// From, until, each: minutes whose units are summed apart, and the stay's bound there.
    window: Option<(i64, i64, Each)>,
    due_at_most: Option<i64>,
}

#[derive(Debug, Clone)]
struct Minute {
    /// Index of the band, and the date on which it began.
    band: Option<(usize, Date)>,
    day: i64,
    day_begins_on: crate::calendar::DayKind,
    covered: bool,
}

fn lay_out(spec: &TariffSpec, case: &Case, minutes: i64) -> Vec<Minute> {
    let first = Timestamp::from_second(case.entered.as_second().div_euclid(60) * 60).unwrap();
    let calendar = Calendar::korea();
    let mut day_kinds = BTreeMap::new();
    (0..minutes)
        .map(|index| {
            let instant = first + SignedDuration::from_mins(index);
            let shown = case.zone.to_datetime(instant);
            let (date, minute) = (shown.date(), i64::from(shown.hour()) * 60 + i64::from(shown.minute()));
            let yesterday = date.yesterday().unwrap();
            let band = spec.schedule.bands.iter().enumerate().find_map(|(index, band)| {
                let from = i64::from(band.hours.from.minute_of_day());
                let mut until = i64::from(band.hours.until.minute_of_day());
                if until <= from {
                    until += 1_440;
                }
                let on = |day| band.days.contains(calendar.day_kind(day));
                if on(date) && (from..until).contains(&minute) {
                    return Some((index, date));
                }
                (on(yesterday) && (from..until).contains(&(minute + 1_440))).then_some((index, yesterday))
            });
            let day = match spec.charging_day {
                ChargingDay::Calendar => {
                    i64::from(date.since(jiff::civil::date(2020, 1, 1)).unwrap().get_days())
                }
                ChargingDay::FromEntry => index / 1_440,
            };
            let day_begins_on = *day_kinds.entry(day).or_insert_with(|| calendar.day_kind(date));
            let covered = case.covered.is_some_and(|(from, until)| (from..until).contains(&index));
            let band = band.filter(|_| !spec.free_dates.contains(&date));
            Minute { band, day, day_begins_on, covered }
        })
        .collect()
}

fn within(grace: Grace, minutes: usize) -> bool {
    let minutes = i64::try_from(minutes).unwrap();
    if grace.bound == GraceBound::Inclusive { minutes <= grace.minutes } else { minutes < grace.minutes }
}

fn counts(counting: Counting) -> impl Fn(&&Minute) -> bool {
    move |minute| counting == Counting::Elapsed || minute.band.is_some()
}

/// Which minutes the grace leaves to be charged.
fn after_grace(grace: Option<Grace>, minutes: &[Minute]) -> Vec<bool> {
    let Some(grace) = grace else { return vec![true; minutes.len()] };
    let mut used: BTreeMap<i64, i64> = BTreeMap::new();
    let period = |minute: &Minute| if grace.each == Each::Day { minute.day } else { 0 };
    let mut totals: BTreeMap<i64, usize> = BTreeMap::new();
    for minute in minutes.iter().filter(counts(grace.counting)) {
        *totals.entry(period(minute)).or_default() += 1;
    }
    minutes
        .iter()
        .map(|minute| {
            if grace.once_exceeded == OnceExceeded::FromZero {
                return !within(grace, totals.get(&period(minute)).copied().unwrap_or(0));
            }
            let used = used.entry(period(minute)).or_default();
            if counts(grace.counting)(&minute) && *used < grace.minutes {
                *used += 1;
                return false;
            }
            true
        })
        .collect()
}

struct Sum {
    gross: i64,
    cap: i64,
}

impl Sum {
    fn add(&mut self, amount: i64) -> i64 {
        let before = self.gross.min(self.cap);
        self.gross += amount;
        self.gross.min(self.cap) - before
    }
}

fn cap_of(
    spec: &TariffSpec,
    minutes: &[Minute],
    per: CapPer,
    holds: CapHolds,
    day: Option<i64>,
) -> Option<i64> {
    let inside: Vec<&Minute> =
        minutes.iter().filter(|minute| day.is_none_or(|day| minute.day == day)).collect();
    let in_force = spec.schedule.caps.iter().filter(|cap| {
        let reached =
            i64::try_from(inside.iter().copied().filter(|it| counts(cap.counting)(it)).count()).unwrap();
        let on =
            per == CapPer::Stay || inside.first().is_some_and(|first| cap.days.contains(first.day_begins_on));
        cap.per == per && cap.holds == holds && on && reached >= cap.from_minutes
    });
    let mut amounts = in_force.map(|cap| cap.amount.get());
    if holds == CapHolds::Exactly { amounts.next() } else { amounts.min() }
}

/// What is left of exempt minutes, and the place in the window.
struct Spared {
    exempt: i64,
    exempt_daily: BTreeMap<i64, i64>,
    places: BTreeMap<i64, i64>,
}

impl Spared {
    /// Whether a minute that no pass covers is charged.
    fn counts(&mut self, minute: &Minute, changes: Changes) -> bool {
        let daily = self.exempt_daily.entry(minute.day).or_insert(changes.exempt_daily);
        let left = if *daily > 0 { daily } else { &mut self.exempt };
        if *left > 0 {
            *left -= 1;
            return false;
        }
        true
    }

    /// Whether a minute lies in the window. Asked once for each minute that counts.
    fn in_window(&mut self, minute: &Minute, changes: Changes) -> bool {
        changes.window.is_some_and(|(from, until, each)| {
            let place = self.places.entry(if each == Each::Day { minute.day } else { 0 }).or_default();
            *place += 1;
            (from..until).contains(&(*place - 1))
        })
    }
}

/// Price as if there were no pass, what is due beside the pass, and what of it lies in the window.
fn count_up(spec: &TariffSpec, minutes: &[Minute], changes: Changes) -> (i64, i64, i64) {
    let charged = after_grace(spec.grace, minutes);
    let stay_cap = cap_of(spec, minutes, CapPer::Stay, CapHolds::AtMost, None).unwrap_or(i64::MAX);
    let mut stay = Sum { gross: 0, cap: stay_cap };
    let mut days: BTreeMap<i64, (Sum, i64, i64, bool, bool)> = BTreeMap::new();
    let mut bands: BTreeMap<(usize, Date), Sum> = BTreeMap::new();
    let (mut reading, mut paid_for, mut last, mut windowed) = (0, 0, None, 0);
    let mut beside_pass = Sum { gross: 0, cap: changes.due_at_most.unwrap_or(i64::MAX) };
    let mut spared =
        Spared { exempt: changes.exempt, exempt_daily: BTreeMap::new(), places: BTreeMap::new() };
    for (minute, _) in minutes.iter().zip(charged).filter(|(_, charged)| *charged) {
        let Some(band) = minute.band else { continue };
        if !minute.covered && !spared.counts(minute, changes) {
            continue;
        }
        let in_window = !minute.covered && spared.in_window(minute, changes);
        let restarts = match (spec.meter, last) {
            (MeterRestart::EachDay, Some((day, _))) => day != minute.day,
            (MeterRestart::EachBand, Some((_, before))) => before != band,
            _ => false,
        };
        if restarts {
            (reading, paid_for) = (0, 0);
        }
        last = Some((minute.day, band));
        let day = days.entry(minute.day).or_insert_with(|| {
            let cap =
                cap_of(spec, minutes, CapPer::Day, CapHolds::AtMost, Some(minute.day)).unwrap_or(i64::MAX);
            (Sum { gross: 0, cap }, 0, 0, false, false)
        });
        day.3 |= !minute.covered;
        day.4 = true;
        if paid_for == 0 {
            let tiers = &spec.schedule.bands[band.0].tiers;
            let tier = tiers.iter().rev().find(|tier| tier.from_minute <= reading).unwrap();
            let next = tiers
                .iter()
                .find(|tier| tier.from_minute > reading)
                .map_or(i64::MAX, |next| next.from_minute);
            paid_for = tier.unit_minutes.min(next - reading);
            let at_most = spec.schedule.bands[band.0].at_most.map_or(i64::MAX, Won::get);
            let of_band =
                bands.entry(band).or_insert(Sum { gross: 0, cap: at_most }).add(tier.unit_price.get());
            let counted = stay.add(day.0.add(of_band));
            day.1 += counted;
            day.2 += if minute.covered { 0 } else { counted };
            let due = if minute.covered { 0 } else { beside_pass.add(counted) };
            windowed += if in_window { due } else { 0 };
        }
        paid_for -= 1;
        reading += 1;
    }
    for (key, day) in &mut days {
        if let Some(price) =
            cap_of(spec, minutes, CapPer::Day, CapHolds::Exactly, Some(*key)).filter(|_| day.4)
        {
            let covered = day.1 - day.2;
            (day.1, day.2) = (price, if day.3 { (price - covered).max(0) } else { 0 });
        }
    }
    let all: i64 = days.values().map(|day| day.1).sum();
    let due: i64 = days.values().map(|day| day.2).sum();
    (all, due.min(all), windowed)
}

/// What is due, and what of it lies in the window.
fn due(case: &Case, laid_out: &[Minute], changes: Changes) -> (i64, i64) {
    let (all, due, windowed) = count_up(&case.spec, laid_out, changes);
    let entry = case.zone.to_datetime(case.entered);
    let minutes = i64::try_from(laid_out.len()).unwrap();
    let exit = Timestamp::from_second(case.entered.as_second().div_euclid(60) * 60 + minutes * 60).unwrap();
    let exit = case.zone.to_datetime(exit);
    // The only stay rule the random tariffs have: in from 18:00, out before 9:00 the next day.
    let rules = case.spec.stay_rules.iter().filter(|_| {
        let next_morning = entry.date().checked_add(1.day()).unwrap().at(9, 0, 0, 0);
        entry.hour() >= 18 && exit < next_morning
    });
    let bound = rules.map(|rule| rule.at_most.get()).find(|at_most| all > *at_most);
    let Some(at_most) = bound else { return (due, windowed.min(due)) };
    let due = due.min(at_most);
    let bounded = Changes { due_at_most: Some(due), ..changes };
    (due, count_up(&case.spec, laid_out, bounded).2.min(due))
}

/// What is left of these minutes' price after the case's discount, rounded.
fn naive(case: &Case, laid_out: &[Minute]) -> i64 {
    let at = |changes| due(case, laid_out, changes);
    let plain = at(Changes::default()).0;
    let share = |amount: i64, percent: u8| (amount * i64::from(percent) + 99) / 100;
    let off = match case.spec.discounts.first().map(|rule| &rule.shape) {
        None => 0,
        Some(DiscountShape::Percent { percent }) => share(plain, *percent),
        Some(DiscountShape::Amount { amount }) => amount.get().min(plain),
        Some(DiscountShape::FreeMinutes { minutes, each, then_percent }) => {
            let (left, _) = at(match each {
                Each::Stay => Changes { exempt: *minutes, ..Changes::default() },
                Each::Day => Changes { exempt_daily: *minutes, ..Changes::default() },
            });
            let freed = (plain - left).clamp(0, plain);
            freed + share(plain - freed, *then_percent)
        }
        Some(DiscountShape::PercentOf { from_minute, until_minute, percent, each }) => {
            let window = Some((*from_minute, until_minute.unwrap_or(i64::MAX), *each));
            share(at(Changes { window, ..Changes::default() }).1, *percent)
        }
    };
    let left = plain - off.min(plain);
    left - left % 10
}

fn engine(case: &Case) -> Quote {
    let tariff = Tariff::new(case.spec.clone()).unwrap();
    let (claims, passes) = (case.claims(), case.passes());
    let stay =
        Stay::new(case.entered, case.left(), &case.zone, Calendar::korea()).claims(&claims).passes(&passes);
    tariff.quote(&stay).unwrap()
}

/// The next step is compared when it is this near; laying out a fortnight of minutes takes too long.
const NEAR_MINUTES: i64 = 600;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_counting_minute_by_minute(case in case()) {
        let quote = engine(&case);
        let laid_out = lay_out(&case.spec, &case, case.minutes + NEAR_MINUTES);
        let price = |minutes: i64| naive(&case, &laid_out[..usize::try_from(minutes).unwrap()]);
        prop_assert_eq!(quote.total.get(), price(case.minutes), "{:#?}", quote.lines);
        let sum = Won::sum(quote.lines.iter().map(|line| line.amount)).unwrap();
        prop_assert_eq!(sum, quote.total, "the lines must explain every won: {:#?}", quote.lines);
        prop_assert!(!quote.total.is_negative());
        let step = quote.next_step.map(|step| ((step.at.as_second() - case.entered.as_second()) / 60, step.increase));
        if let Some((minutes, increase)) = step.filter(|(minutes, _)| *minutes <= case.minutes + NEAR_MINUTES) {
            prop_assert_eq!(price(minutes) - quote.total.get(), increase.get(), "the step at minute {}", minutes);
            prop_assert_eq!(price(minutes - 1), quote.total.get(), "the price stays until {}", minutes - 1);
        }
    }
}
