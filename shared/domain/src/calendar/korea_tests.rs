//! The Korean calendar against dates known from elsewhere.

use jiff::civil::{Date, date};

use crate::calendar::{Calendar, DayKind, FIRST_YEAR, LAST_YEAR};

fn is_holiday(year: i16, month: i8, day: i8) -> bool {
    Calendar::korea().day_kind(date(year, month, day)) == DayKind::Holiday
}

/// Public holidays on Monday to Friday, as (month, day), as published by the government for past years and, for
/// future years, as PyPI `holidays` 0.108 computes them from its own lunar tables (elections: see the other test).
const ON_WEEKDAYS: [(i16, &[(i8, i8)]); 6] = [
    (
        2021,
        &[
            (1, 1),
            (2, 11),
            (2, 12),
            (3, 1),
            (5, 5),
            (5, 19),
            (8, 16),
            (9, 20),
            (9, 21),
            (9, 22),
            (10, 4),
            (10, 11),
        ],
    ),
    (
        2025,
        &[
            (1, 1),
            (1, 27),
            (1, 28),
            (1, 29),
            (1, 30),
            (3, 3),
            (5, 5),
            (5, 6),
            (6, 3),
            (6, 6),
            (8, 15),
            (10, 3),
            (10, 6),
            (10, 7),
            (10, 8),
            (10, 9),
            (12, 25),
        ],
    ),
    (
        2026,
        &[
            (1, 1),
            (2, 16),
            (2, 17),
            (2, 18),
            (3, 2),
            (5, 1),
            (5, 5),
            (5, 25),
            (6, 3),
            (7, 17),
            (8, 17),
            (9, 24),
            (9, 25),
            (10, 5),
            (10, 9),
            (12, 25),
        ],
    ),
    (
        2028,
        &[
            (1, 26),
            (1, 27),
            (1, 28),
            (3, 1),
            (4, 12),
            (5, 1),
            (5, 2),
            (5, 5),
            (6, 6),
            (7, 17),
            (8, 15),
            (10, 2),
            (10, 3),
            (10, 4),
            (10, 5),
            (10, 9),
            (12, 25),
        ],
    ),
    (
        2032,
        &[
            (1, 1),
            (2, 10),
            (2, 11),
            (2, 12),
            (3, 1),
            (4, 14),
            (5, 3),
            (5, 5),
            (5, 17),
            (7, 19),
            (8, 16),
            (9, 20),
            (9, 21),
            (10, 4),
            (10, 11),
            (12, 27),
        ],
    ),
    (
        2033,
        &[
            (1, 31),
            (2, 1),
            (2, 2),
            (3, 1),
            (5, 2),
            (5, 5),
            (5, 6),
            (6, 6),
            (7, 18),
            (8, 15),
            (9, 7),
            (9, 8),
            (9, 9),
            (10, 3),
            (10, 10),
            (12, 26),
        ],
    ),
];

#[test]
fn holidays_that_fall_on_working_days_are_those_published() {
    for (year, expected) in ON_WEEKDAYS {
        let mut found: Vec<(i8, i8)> = Calendar::korea()
            .holidays()
            .iter()
            .map(|holiday| holiday.date)
            .filter(|day| day.year() == year && day.weekday().to_monday_zero_offset() < 5)
            .map(|day| (day.month(), day.day()))
            .collect();
        found.dedup();
        assert_eq!(found, expected, "{year}");
    }
}

#[test]
fn elections_follow_the_law_and_step_aside_for_holidays() {
    let elections: Vec<Date> = Calendar::korea()
        .holidays()
        .iter()
        .filter(|holiday| holiday.name_ko.contains("선거"))
        .map(|holiday| holiday.date)
        .collect();
    let expected = [
        date(2020, 4, 15),
        // 2 March would have followed 3·1절.
        date(2022, 3, 9),
        date(2022, 6, 1),
        date(2024, 4, 10),
        date(2025, 6, 3),
        date(2026, 6, 3),
        date(2028, 4, 12),
        date(2030, 3, 27),
        // 5 June would have been the eve of 현충일.
        date(2030, 6, 12),
        date(2032, 4, 14),
        // 70 days before 3 June is a Sunday; 30 days before 30 June 2034 is itself a Wednesday, as in 2006.
        date(2034, 5, 31),
        date(2035, 3, 28),
    ];
    assert_eq!(elections, expected);
}

#[test]
fn a_feast_of_three_days_is_made_up_for_sundays_only() {
    assert!(is_holiday(2024, 2, 12), "설날 다음날 was a Sunday");
    assert!(
        !is_holiday(2027, 2, 10) && is_holiday(2027, 2, 9),
        "설날 전날 is a Saturday, 설날 a Sunday: one day"
    );
    assert!(!is_holiday(2026, 9, 28), "추석 다음날 on a Saturday gives nothing");
    assert!(!is_holiday(2027, 6, 7), "현충일 has no substitute");
}

#[test]
fn labor_day_and_constitution_day_are_holidays_since_2026() {
    assert!(!is_holiday(2025, 5, 1) && !is_holiday(2025, 7, 17));
    assert!(is_holiday(2026, 5, 1) && is_holiday(2026, 7, 17) && is_holiday(2027, 7, 19));
}

#[test]
fn every_year_of_the_table_has_its_holidays_and_each_says_why() {
    for year in FIRST_YEAR..=LAST_YEAR {
        let of_year = Calendar::korea().holidays().iter().filter(|holiday| holiday.date.year() == year);
        assert!((15..=26).contains(&of_year.clone().count()), "{year}");
        assert!(of_year.clone().all(|holiday| !holiday.basis.is_empty() && !holiday.name_en.is_empty()));
    }
}
