//! The worked cases of facts/tariffs.md.

use super::*;

fn assert_prices(spec: TariffSpec, from: DateTime, cases: &[(i64, i64)]) {
    let tariff = Tariff::new(spec).unwrap();
    for (minutes, won) in cases {
        assert_eq!(price(&tariff, from, *minutes), *won, "{minutes} min");
    }
}

fn morning() -> DateTime {
    TUESDAY.at(9, 0, 0, 0)
}

#[test]
fn seonhwa_2_lot_charges_weekdays_nine_to_six_up_to_8700() {
    let tiers = vec![tier(0, 10, 300), tier(10, 10, 200)];
    let mut spec = spec(vec![band("weekday", DaySet::WEEKDAYS, hours("09:00", "18:00"), tiers)]);
    spec.schedule.caps.push(Cap::daily(Won::new(8_700)));
    let cases = [(10, 300), (11, 500), (60, 1_300), (430, 8_700), (480, 8_700)];
    assert_prices(spec.clone(), morning(), &cases);
    let tariff = Tariff::new(spec).unwrap();
    assert_eq!(price(&tariff, date(2026, 11, 21).at(9, 0, 0, 0), 480), 0, "Saturday");
    assert_eq!(price(&tariff, date(2026, 12, 25).at(9, 0, 0, 0), 480), 0, "Christmas, a Friday");
    assert_eq!(price(&tariff, TUESDAY.at(18, 0, 0, 0), 15 * 60), 0, "the night");
    assert_eq!(
        price(&tariff, TUESDAY.at(17, 50, 0, 0), 15 * 60 + 20),
        300 + 200,
        "ten minutes either side of the night"
    );
}

#[test]
fn the_court_lot_charges_400_then_300_per_ten_minutes() {
    assert_prices(
        always(vec![tier(0, 10, 400), tier(10, 10, 300)]),
        morning(),
        &[(10, 400), (60, 1_900), (120, 3_700)],
    );
}

#[test]
fn the_central_market_lot_counts_in_quarters_of_an_hour() {
    assert_prices(
        always(vec![tier(0, 15, 400), tier(15, 15, 300)]),
        morning(),
        &[(15, 400), (16, 700), (60, 1_300)],
    );
}

#[test]
fn mok_1_lot_costs_at_most_2400_a_day() {
    let mut spec = always(vec![tier(0, 10, 100)]);
    spec.schedule.caps.push(Cap::daily(Won::new(2_400)));
    assert_prices(spec, morning(), &[(60, 600), (240, 2_400), (600, 2_400)]);
}

/// 대전시청 부설 주차장 (2023-07).
pub(super) fn city_hall() -> TariffSpec {
    let mut spec = spec(vec![band("weekday", DaySet::WEEKDAYS, Hours::ALL_DAY, vec![tier(0, 15, 800)])]);
    spec.grace = Some(Grace {
        minutes: 60,
        once_exceeded: OnceExceeded::Deducted,
        bound: GraceBound::Inclusive,
        counting: Counting::Elapsed,
        each: Each::Stay,
    });
    spec.schedule.caps.push(Cap::daily(Won::new(25_600)));
    spec.stay_rules.push(StayRule {
        code: "overnight".into(),
        label: Label::new("18시 이후 입차, 다음 날 9시 전 출차 무료", "Free: in from 18:00, out before 9:00"),
        entered_on: DaySet::ALL,
        entered: Some(hours("18:00", "24:00")),
        leave_before: Some(LeaveBefore { days_later: 1, time: ClockTime::parse("09:00").unwrap() }),
        left: None,
        at_most: Won::ZERO,
    });
    spec.discounts.push(DiscountRule {
        code: "disabled".into(),
        label: Label::new("장애인 1시간 추가 면제", "Disabled: one more hour free"),
        eligibility: Eligibility::Disabled,
        evidence: vec![Evidence::Registry, Evidence::Document],
        shape: DiscountShape::FreeMinutes { minutes: 60, each: Each::Stay, then_percent: 0 },
        limits: UseLimits::default(),
        except_grades: Vec::new(),
        vehicles: Vec::new(),
        days: DaySet::ALL,
        with_pass: false,
        voucher: false,
        order: 0,
    });
    spec
}

#[test]
fn city_hall_deducts_the_first_hour() {
    let cases = [(60, 0), (61, 800), (120, 3_200), (540, 25_600), (600, 25_600)];
    assert_prices(city_hall(), morning(), &cases);
}

#[test]
fn city_hall_is_free_overnight_and_on_days_off() {
    let tariff = Tariff::new(city_hall()).unwrap();
    assert_eq!(price(&tariff, TUESDAY.at(18, 0, 0, 0), 15 * 60 - 1), 0, "out at 08:59");
    assert!(price(&tariff, TUESDAY.at(18, 0, 0, 0), 15 * 60) > 0, "out at 09:00");
    assert!(price(&tariff, TUESDAY.at(17, 59, 0, 0), 15 * 60) > 0, "in at 17:59");
    assert_eq!(price(&tariff, date(2026, 11, 21).at(9, 0, 0, 0), 2 * 1_440 - 540), 0, "Saturday and Sunday");
    assert_eq!(price(&tariff, date(2026, 10, 9).at(9, 0, 0, 0), 600), 0, "한글날");
}

#[test]
fn city_hall_gives_two_hours_to_the_disabled_once_proven() {
    let tariff = Tariff::new(city_hall()).unwrap();
    let seoul = seoul();
    let price_with = |minutes: i64, evidence: Option<Evidence>| {
        let claims = [DiscountClaim::new("disabled", evidence)];
        let left = at(morning()) + jiff::SignedDuration::from_mins(minutes);
        let stay = Stay::new(at(morning()), left, &seoul, Calendar::korea()).claims(&claims);
        tariff.quote(&stay).unwrap().total.get()
    };
    assert_eq!(price_with(120, Some(Evidence::Registry)), 0);
    assert_eq!(price_with(121, Some(Evidence::Document)), 800);
    assert_eq!(price_with(121, None), 4_000, "no proof, no discount: 61 min at 800 a quarter");
}

#[test]
fn incheon_short_term_is_free_for_ten_minutes_else_from_zero() {
    let mut spec = always(vec![tier(0, 30, 1_200), tier(30, 15, 600)]);
    spec.grace = Some(Grace {
        minutes: 10,
        once_exceeded: OnceExceeded::FromZero,
        bound: GraceBound::Inclusive,
        counting: Counting::Elapsed,
        each: Each::Stay,
    });
    spec.schedule.caps.push(Cap::daily(Won::new(24_000)));
    spec.charging_day = ChargingDay::FromEntry;
    assert_prices(
        spec,
        morning(),
        &[(10, 0), (11, 1_200), (31, 1_800), (60, 2_400), (600, 24_000), (1_440, 24_000)],
    );
}

#[test]
fn jagalchi_costs_21000_from_five_hours() {
    let mut spec = always(vec![tier(0, 10, 700)]);
    spec.schedule.caps.push(Cap::daily(Won::new(21_000)));
    assert_prices(spec, morning(), &[(60, 4_200), (300, 21_000), (400, 21_000)]);
}

#[test]
fn pyeongtaek_south_counts_an_hour_then_tens_of_minutes() {
    let mut spec = always(vec![tier(0, 60, 1_000), tier(60, 10, 300)]);
    spec.schedule.caps.push(Cap::daily(Won::new(8_000)));
    assert_prices(spec, morning(), &[(61, 1_300), (120, 2_800), (300, 8_000)]);
}

#[test]
fn a_line_reads_as_a_driver_understands_it() {
    let tariff = Tariff::new(always(vec![tier(0, 10, 200)])).unwrap();
    let quote = quote_of(&tariff, morning(), TUESDAY.at(10, 0, 0, 0));
    assert_eq!(quote.lines[0].label.ko(), "평일 09:00–10:00, 10분 단위 6회 × 200원");
    assert_eq!(quote.lines[0].label.en(), "Weekday 09:00–10:00, 10 min × 6 at 200 won");
    let step = quote.next_step.unwrap();
    assert_eq!((step.at, step.increase), (at(TUESDAY.at(10, 1, 0, 0)), Won::new(200)));
    assert_eq!(quote.leave_by, Some(at(TUESDAY.at(10, 0, 0, 0))));
}
