//! Bad tariffs: each fault has a name and the path of its field.

use super::*;

fn faults(spec: TariffSpec) -> Vec<(String, ProblemCode)> {
    match Tariff::new(spec) {
        Err(TariffError::Invalid(problems)) => problems.into_iter().map(|it| (it.path, it.code)).collect(),
        other => unreachable!("{other:?}"),
    }
}

fn good() -> TariffSpec {
    always(vec![tier(0, 10, 300), tier(10, 10, 200)])
}

#[test]
fn each_fault_is_named_with_its_path() {
    type Spoil = fn(&mut TariffSpec);
    let cases: [(&str, ProblemCode, Spoil); 16] = [
        ("schedule.bands[0].tiers[1].unitPrice", ProblemCode::Negative, |spec| {
            spec.schedule.bands[0].tiers[1].unit_price = Won::new(-1);
        }),
        ("schedule.bands[0].tiers[0].unitMinutes", ProblemCode::Zero, |spec| {
            spec.schedule.bands[0].tiers[0].unit_minutes = 0;
        }),
        ("schedule.bands[0].tiers[0].unitMinutes", ProblemCode::Negative, |spec| {
            spec.schedule.bands[0].tiers[0].unit_minutes = -10;
        }),
        ("schedule.bands[0].tiers[0].fromMinute", ProblemCode::NotAscending, |spec| {
            spec.schedule.bands[0].tiers[0].from_minute = 5;
        }),
        ("schedule.bands[0].tiers[1].fromMinute", ProblemCode::NotAscending, |spec| {
            spec.schedule.bands[0].tiers[1].from_minute = 0;
        }),
        ("schedule.bands[0].tiers", ProblemCode::TooMany, |spec| {
            spec.schedule.bands[0].tiers = (0..1_000_000).map(|from| tier(from, 1, 1)).collect();
        }),
        ("schedule.bands[0].tiers", ProblemCode::Empty, |spec| spec.schedule.bands[0].tiers.clear()),
        ("schedule.bands[0].days", ProblemCode::Empty, |spec| spec.schedule.bands[0].days = DaySet::NONE),
        ("schedule.bands[1].hours", ProblemCode::OverlappingBands, |spec| {
            spec.schedule.bands.push(band(
                "night",
                DaySet::SATURDAY,
                hours("22:00", "06:00"),
                vec![tier(0, 10, 100)],
            ));
        }),
        ("schedule.caps[0].amount", ProblemCode::CapBelowBase, |spec| {
            spec.schedule.caps.push(Cap::daily(Won::new(200)));
        }),
        ("schedule.caps[0].amount", ProblemCode::TooLarge, |spec| {
            spec.schedule.caps.push(Cap::daily(Won::new(i64::MAX)));
        }),
        ("validUntil", ProblemCode::InvertedDates, |spec| spec.valid_until = Some(date(2019, 12, 31))),
        ("id", ProblemCode::BadText, |spec| spec.id = "요금".into()),
        ("name", ProblemCode::Empty, |spec| spec.name = " ".into()),
        ("rounding.toWon", ProblemCode::Contradiction, |spec| spec.rounding.to_won = 0),
        ("grace.minutes", ProblemCode::Zero, |spec| {
            spec.grace = Some(Grace {
                minutes: 0,
                once_exceeded: OnceExceeded::Deducted,
                bound: GraceBound::Inclusive,
                counting: Counting::Elapsed,
                each: Each::Stay,
            });
        }),
    ];
    assert!(Tariff::new(good()).is_ok());
    for (path, code, spoil) in cases {
        let mut spec = good();
        spoil(&mut spec);
        assert!(faults(spec).contains(&(path.to_owned(), code)), "{path} {code:?}");
    }
}

#[test]
fn a_night_band_of_friday_meets_the_saturday_it_runs_into() {
    let night = band("night", DaySet::WEEKDAYS, hours("22:00", "06:00"), vec![tier(0, 60, 100)]);
    let saturday =
        |from: &str| band("saturday", DaySet::SATURDAY, hours(from, "12:00"), vec![tier(0, 60, 100)]);
    assert!(Tariff::new(spec(vec![night.clone(), saturday("06:00")])).is_ok());
    let overlap = ("schedule.bands[1].hours".to_owned(), ProblemCode::OverlappingBands);
    assert_eq!(faults(spec(vec![night, saturday("05:59")])), [overlap]);
}

#[test]
fn json_that_is_no_tariff_is_told_where() {
    let json = serde_json::to_string(&good()).unwrap();
    let read = |json: &str| match Tariff::from_json(json.as_bytes()) {
        Err(TariffError::Invalid(problems)) => problems.into_iter().map(|it| (it.path, it.code)).next(),
        _ => None,
    };
    assert!(Tariff::from_json(json.as_bytes()).is_ok());
    let malformed = |path: &str| Some((path.to_owned(), ProblemCode::Malformed));
    assert_eq!(
        read(&json.replacen("\"unitMinutes\":10", "\"unitMinutes\":\"ten\"", 1)),
        malformed("schedule.bands[0].tiers[0].unitMinutes")
    );
    assert_eq!(
        read(&json.replacen("\"unitMinutes\":10", "\"unitMinutes\":1.5", 1)),
        malformed("schedule.bands[0].tiers[0].unitMinutes")
    );
    assert_eq!(
        read(&json.replacen("\"validFrom\":\"2020-01-01\"", "\"validFrom\":\"2020-13-01\"", 1)),
        malformed("validFrom")
    );
    assert!(read(&json.replacen("\"tiers\"", "\"teirs\"", 1)).is_some());
    assert_eq!(read("{"), malformed("."));
    assert!(read(&format!("{json} x")).is_some());
}

#[test]
fn a_stay_that_makes_no_sense_has_no_price() {
    let tariff = Tariff::new(good()).unwrap();
    let (seoul, from) = (seoul(), at(TUESDAY.at(9, 0, 0, 0)));
    let quote = |left: Timestamp| tariff.quote(&Stay::new(from, left, &seoul, Calendar::korea()));
    assert_eq!(quote(from - jiff::SignedDuration::from_secs(1)), Err(TariffError::LeftBeforeEntered));
    assert_eq!(
        quote(from + jiff::SignedDuration::from_mins(MAX_STAY_MINUTES + 1)),
        Err(TariffError::StayTooLong)
    );
    assert!(quote(from + jiff::SignedDuration::from_mins(MAX_STAY_MINUTES)).unwrap().total > Won::ZERO);
    let stranger = [HeldPass { offer: "other-lot".into(), valid_from: from, valid_until: from }];
    let stay = Stay::new(from, from, &seoul, Calendar::korea()).passes(&stranger);
    assert_eq!(tariff.quote(&stay), Err(TariffError::UnknownPass("other-lot".into())));
}
