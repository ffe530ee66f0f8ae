//! Random tariffs and stays, every rule of the model among them.

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A tariff and a stay.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) spec: TariffSpec,
    pub(super) zone: TimeZone,
    pub(super) entered: Timestamp,
    pub(super) minutes: i64,
    /// Minutes after entry that a pass covers.
    pub(super) covered: Option<(i64, i64)>,
}

impl Case {
    /// Some seconds after the last full minute: they count for nothing.
    pub(super) fn left(&self) -> Timestamp {
        self.entered + SignedDuration::from_secs(self.minutes * 60 + 41)
    }

    pub(super) fn claims(&self) -> Vec<DiscountClaim> {
        self.spec.discounts.iter().map(|rule| DiscountClaim::new(rule.code.clone(), None)).collect()
    }

    pub(super) fn passes(&self) -> Vec<HeldPass> {
        let minute = |minutes: i64| {
            Timestamp::from_second((self.entered.as_second().div_euclid(60) + minutes) * 60).unwrap()
        };
        let held = |(from, until)| HeldPass {
            offer: "pass".into(),
            valid_from: minute(from),
            valid_until: minute(until),
        };
        self.covered.map(held).into_iter().collect()
    }
}

fn won(most: i64) -> impl Strategy<Value = Won> {
    (0..=most / 50).prop_map(|fifties| Won::new(fifties * 50))
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    prop::collection::vec((1_i64..90, select(vec![1_i64, 5, 10, 15, 30, 60]), won(1_500)), 1..4).prop_map(
        |parts| {
            let mut from = 0;
            parts
                .into_iter()
                .map(|(length, unit_minutes, unit_price)| {
                    let tier = Tier { from_minute: from, unit_minutes, unit_price };
                    from += length;
                    tier
                })
                .collect()
        },
    )
}

fn clock() -> impl Strategy<Value = ClockTime> {
    prop_oneof![(0_u16..24).prop_map(|hour| (hour, 0)), (0_u16..24, 0_u16..60)]
        .prop_map(|(hour, minute)| ClockTime::at(hour, minute).unwrap())
}

fn a_band() -> impl Strategy<Value = Band> {
    let days = select(vec![
        DaySet::ALL,
        DaySet::WEEKDAYS,
        DaySet::SATURDAY,
        DaySet::SUNDAY_AND_HOLIDAY,
        DaySet::SATURDAY.union(DaySet::SUNDAY_AND_HOLIDAY),
    ]);
    let hours = prop_oneof![
        1 => Just(Hours::ALL_DAY),
        3 => (clock(), clock()).prop_map(|(from, until)| Hours { from, until }),
    ];
    (days, hours, tiers(), prop::option::weighted(0.2, won(20_000)))
        .prop_map(|(days, hours, tiers, at_most)| Band { at_most, ..super::band("", days, hours, tiers) })
}

/// Bands drawn one after the other; one that overlaps those before it is left out.
fn bands() -> impl Strategy<Value = Vec<Band>> {
    prop::collection::vec(a_band(), 1..6).prop_map(|drawn| {
        let mut kept: Vec<Band> = Vec::new();
        for (index, mut band) in drawn.into_iter().enumerate() {
            band.code = format!("band-{index}");
            kept.push(band);
            if Tariff::new(spec(kept.clone())).is_err() {
                kept.pop();
            }
        }
        kept
    })
}

fn counting() -> impl Strategy<Value = Counting> {
    select(vec![Counting::Elapsed, Counting::Charged])
}

fn each() -> impl Strategy<Value = Each> {
    select(vec![Each::Stay, Each::Day])
}

fn cap() -> impl Strategy<Value = Cap> {
    let from = prop_oneof![2 => Just(0_i64), 1 => 1_i64..900];
    let holds = prop_oneof![4 => Just(CapHolds::AtMost), 1 => Just(CapHolds::Exactly)];
    let per = prop_oneof![3 => Just(CapPer::Day), 1 => Just(CapPer::Stay)];
    let days = select(vec![DaySet::ALL, DaySet::WEEKDAYS, DaySet::SUNDAY_AND_HOLIDAY]);
    (won(30_000), from, counting(), holds, per, days).prop_map(
        |(amount, from_minutes, counting, holds, per, days)| Cap {
            kind: CapKind::Cap,
            amount: Won::new(amount.get() + 1_500),
            per: if holds == CapHolds::Exactly { CapPer::Day } else { per },
            days,
            from_minutes,
            counting,
            holds,
        },
    )
}

fn grace() -> impl Strategy<Value = Grace> {
    let once = select(vec![OnceExceeded::Deducted, OnceExceeded::FromZero]);
    let bound = select(vec![GraceBound::Inclusive, GraceBound::Exclusive]);
    (1_i64..150, once, bound, counting(), each()).prop_map(
        |(minutes, once_exceeded, bound, counting, each)| Grace {
            minutes,
            once_exceeded,
            bound,
            counting,
            each,
        },
    )
}

pub(super) fn shape() -> impl Strategy<Value = DiscountShape> {
    prop_oneof![
        (1_u8..=100).prop_map(|percent| DiscountShape::Percent { percent }),
        (1_i64..8_000).prop_map(|won| DiscountShape::Amount { amount: Won::new(won) }),
        (1_i64..300, each(), 0_u8..=100).prop_map(|(minutes, each, then_percent)| {
            DiscountShape::FreeMinutes { minutes, each, then_percent }
        }),
        (0_i64..120, prop::option::of(1_i64..300), 1_u8..=100, each()).prop_map(
            |(from_minute, length, percent, each)| {
                DiscountShape::PercentOf {
                    from_minute,
                    until_minute: length.map(|length| from_minute + length),
                    percent,
                    each,
                }
            }
        ),
    ]
}

pub(super) fn discount(code: &str, shape: DiscountShape) -> DiscountRule {
    DiscountRule {
        code: code.into(),
        label: Label::new("할인", "Discount"),
        eligibility: Eligibility::Everyone,
        evidence: Vec::new(),
        shape,
        limits: UseLimits::default(),
        except_grades: Vec::new(),
        vehicles: Vec::new(),
        days: DaySet::ALL,
        with_pass: true,
        voucher: false,
        order: 0,
    }
}

fn overnight() -> StayRule {
    StayRule {
        code: "overnight".into(),
        label: Label::new("야간", "Overnight"),
        entered_on: DaySet::ALL,
        entered: Some(hours("18:00", "24:00")),
        leave_before: Some(LeaveBefore { days_later: 1, time: ClockTime::parse("09:00").unwrap() }),
        left: None,
        at_most: Won::new(2_000),
    }
}

fn pass() -> PassOffer {
    PassOffer {
        code: "pass".into(),
        label: Label::new("주차권", "Pass"),
        kind: PassKind::Day,
        price: Won::new(5_000),
        published_threshold_minutes: None,
        days: DaySet::ALL,
        hours: None,
    }
}

/// A random tariff. With `steady`, none of the rules that can make a price fall.
pub(super) fn a_spec(steady: bool) -> impl Strategy<Value = TariffSpec> {
    let restart = select(vec![MeterRestart::Never, MeterRestart::EachDay, MeterRestart::EachBand]);
    let day = select(vec![ChargingDay::Calendar, ChargingDay::FromEntry]);
    let caps = prop::collection::vec(cap(), 0..3);
    let rules = (prop::option::weighted(0.4, grace()), any::<bool>(), any::<bool>());
    (bands(), restart, day, caps, rules, prop::option::of(shape())).prop_map(
        move |(bands, meter, charging_day, caps, (grace, overnight_free, has_free_date), shape)| {
            let mut spec = spec(bands);
            (spec.meter, spec.charging_day, spec.grace) = (meter, charging_day, grace);
            for cap in caps {
                spec.schedule.caps.push(cap);
                let falls = spec
                    .schedule
                    .caps
                    .iter()
                    .any(|cap| cap.from_minutes > 0 || cap.holds == CapHolds::Exactly);
                if Tariff::new(spec.clone()).is_err() || (steady && falls) {
                    spec.schedule.caps.pop();
                }
            }
            spec.stay_rules = overnight_free.then(overnight).into_iter().collect();
            spec.free_dates = has_free_date.then_some(date(2026, 6, 10)).into_iter().collect();
            spec.passes = vec![pass()];
            spec.discounts = shape.map(|shape| discount("discount", shape)).into_iter().collect();
            spec
        },
    )
}

/// A random tariff and a stay of at most three days that touches summer's first days, holidays and, in New York, the
/// night on which the clocks go forward.
fn case_of(steady: bool) -> impl Strategy<Value = Case> {
    let minutes = prop_oneof![3 => 0_i64..400, 2 => 0_i64..1_600, 1 => 0_i64..4_400];
    let entered = prop_oneof![
        3 => 0_i64..40 * 86_400,
        1 => 0_i64..3 * 86_400,
    ];
    let pass = prop::option::weighted(0.3, (-200_i64..600, 1_i64..900));
    (a_spec(steady), select(vec!["Asia/Seoul", "Asia/Seoul", "America/New_York"]), entered, minutes, pass)
        .prop_map(|(spec, zone, entered, minutes, pass)| {
            let zone = TimeZone::get(zone).unwrap();
            let first =
                if zone.iana_name() == Some("Asia/Seoul") { date(2026, 5, 20) } else { date(2026, 3, 7) };
            let entered =
                zone.to_timestamp(first.at(0, 0, 0, 0)).unwrap() + SignedDuration::from_secs(entered);
            let covered = pass.map(|(from, length)| (from, from + length));
            Case { spec, zone, entered, minutes, covered }
        })
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    case_of(false)
}

pub(super) fn steady_case() -> impl Strategy<Value = Case> {
    case_of(true)
}
