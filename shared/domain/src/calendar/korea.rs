//! The public holidays of Korea: solar dates and substitutes by rule, lunar dates by table, elections by the rule of
//! the election law, proclaimed days one by one.

use std::borrow::Cow;

use jiff::civil::{Date, Weekday, date};
use jiff::{Span, ToSpan};

use super::Holiday;

/// Where the rules and the table are from.
pub const SOURCE: &str = "공휴일에 관한 법률, 관공서의 공휴일에 관한 규정 제2조·제3조 (2026년 노동절·제헌절 포함), \
    공직선거법 제34조·공직선거관리규칙 제8조, 음력 변환은 PyPI korean_lunar_calendar 0.4.0 (설날·부처님오신날·추석 2020–2035), \
    임시공휴일 국무회의 의결 2020–2026";

/// First year known.
pub const FIRST_YEAR: i16 = 2020;
/// Last year known.
pub const LAST_YEAR: i16 = 2035;

/// 음력 1월 1일, 4월 8일 and 8월 15일 as (month, day) of the solar year, from [`FIRST_YEAR`].
/// Output of PyPI `korean_lunar_calendar` 0.4.0; all 48 dates agree with PyPI `holidays` (compared 2026-11-20).
const LUNAR: [[(i8, i8); 3]; 16] = [
    [(1, 25), (4, 30), (10, 1)],
    [(2, 12), (5, 19), (9, 21)],
    [(2, 1), (5, 8), (9, 10)],
    [(1, 22), (5, 27), (9, 29)],
    [(2, 10), (5, 15), (9, 17)],
    [(1, 29), (5, 5), (10, 6)],
    [(2, 17), (5, 24), (9, 25)],
    [(2, 7), (5, 13), (9, 15)],
    [(1, 27), (5, 2), (10, 3)],
    [(2, 13), (5, 20), (9, 22)],
    [(2, 3), (5, 9), (9, 12)],
    [(1, 23), (5, 28), (10, 1)],
    [(2, 11), (5, 16), (9, 19)],
    [(1, 31), (5, 6), (9, 8)],
    [(2, 19), (5, 25), (9, 27)],
    [(2, 8), (5, 15), (9, 16)],
];

/// Days the government proclaimed, and elections after a vacancy.
const PROCLAIMED: [(i16, i8, i8, &str, &str); 5] = [
    (2020, 8, 17, "임시공휴일", "Temporary holiday"),
    (2023, 10, 2, "임시공휴일", "Temporary holiday"),
    (2024, 10, 1, "임시공휴일 (국군의 날)", "Temporary holiday (Armed Forces Day)"),
    (2025, 1, 27, "임시공휴일", "Temporary holiday"),
    (2025, 6, 3, "제21대 대통령선거일", "Presidential election"),
];

/// When a coinciding holiday is made up for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Substitute {
    /// Never (1 January, Memorial Day).
    Never,
    /// When it meets a Sunday or another holiday (설날, 추석): 제3조 제1항 제2호.
    Sunday,
    /// When it meets a Saturday, a Sunday or another holiday: 제3조 제1항 제1호.
    Weekend,
}

struct Rule {
    holiday: Holiday,
    substitute: Substitute,
}

fn rule(on: Date, names: (&'static str, &'static str), basis: &'static str, substitute: Substitute) -> Rule {
    let (name_ko, name_en) = (Cow::Borrowed(names.0), Cow::Borrowed(names.1));
    Rule { holiday: Holiday { date: on, name_ko, name_en, basis: Cow::Borrowed(basis) }, substitute }
}

/// Every holiday from [`FIRST_YEAR`] to [`LAST_YEAR`], by date.
pub(super) fn holidays() -> Vec<Holiday> {
    let mut all = Vec::with_capacity(340);
    for (year, lunar) in (FIRST_YEAR..=LAST_YEAR).zip(LUNAR) {
        let mut rules = solar(year);
        rules.extend(by_moon(year, lunar));
        for (y, month, day, ko, en) in PROCLAIMED {
            if y == year {
                rules.push(rule(date(y, month, day), (ko, en), "국무회의 의결", Substitute::Never));
            }
        }
        // Elections avoid the year's other holidays and never need a substitute themselves.
        let known: Vec<Date> = rules.iter().map(|rule| rule.holiday.date).collect();
        rules.extend(elections(year, &known));
        rules.sort_by_key(|rule| rule.holiday.date);
        let substitutes = substitutes(&rules);
        all.extend(rules.into_iter().map(|rule| rule.holiday));
        all.extend(substitutes);
    }
    all.sort_by_key(|holiday| holiday.date);
    all
}

fn solar(year: i16) -> Vec<Rule> {
    // 대체공휴일: 어린이날 since 2014; 국경일 since 2021-08-04; 기독탄신일 since 2023-05-04; 노동절 and 제헌절 with their
    // becoming holidays in 2026.
    let since = |first: Date, day: Date| if day >= first { Substitute::Weekend } else { Substitute::Never };
    let national = date(2021, 8, 4);
    let mut rules = vec![
        rule(date(year, 1, 1), ("1월 1일", "New Year's Day"), "제2조 제3호", Substitute::Never),
        rule(
            date(year, 3, 1),
            ("3·1절", "Independence Movement Day"),
            "제2조 제2호",
            since(national, date(year, 3, 1)),
        ),
        rule(date(year, 5, 5), ("어린이날", "Children's Day"), "제2조 제7호", Substitute::Weekend),
        rule(date(year, 6, 6), ("현충일", "Memorial Day"), "제2조 제8호", Substitute::Never),
        rule(
            date(year, 8, 15),
            ("광복절", "Liberation Day"),
            "제2조 제2호",
            since(national, date(year, 8, 15)),
        ),
        rule(
            date(year, 10, 3),
            ("개천절", "National Foundation Day"),
            "제2조 제2호",
            since(national, date(year, 10, 3)),
        ),
        rule(date(year, 10, 9), ("한글날", "Hangul Day"), "제2조 제2호", since(national, date(year, 10, 9))),
        rule(
            date(year, 12, 25),
            ("기독탄신일", "Christmas Day"),
            "제2조 제10호",
            since(date(2023, 5, 4), date(year, 12, 25)),
        ),
    ];
    if year >= 2026 {
        rules.push(rule(date(year, 5, 1), ("노동절", "Labor Day"), "제2조 (2026 개정)", Substitute::Weekend));
        rules.push(rule(
            date(year, 7, 17),
            ("제헌절", "Constitution Day"),
            "제2조 제2호 (2026 개정)",
            Substitute::Weekend,
        ));
    }
    rules
}

fn by_moon(year: i16, [seollal, buddha, chuseok]: [(i8, i8); 3]) -> Vec<Rule> {
    let feast = |(month, day): (i8, i8), names: [(&'static str, &'static str); 3], basis| {
        let middle = date(year, month, day);
        let spans: [Span; 3] = [(-1).days(), 0.days(), 1.days()];
        spans
            .into_iter()
            .zip(names)
            .map(move |(span, names)| rule(middle.saturating_add(span), names, basis, Substitute::Sunday))
    };
    let buddha = date(year, buddha.0, buddha.1);
    let substitute = if year >= 2023 { Substitute::Weekend } else { Substitute::Never };
    let mut rules = vec![rule(buddha, ("부처님오신날", "Buddha's Birthday"), "제2조 제6호", substitute)];
    rules.extend(feast(
        seollal,
        [("설날 전날", "Day before Seollal"), ("설날", "Seollal"), ("설날 다음날", "Day after Seollal")],
        "제2조 제4호",
    ));
    rules.extend(feast(
        chuseok,
        [("추석 전날", "Day before Chuseok"), ("추석", "Chuseok"), ("추석 다음날", "Day after Chuseok")],
        "제2조 제9호",
    ));
    rules
}

/// Elections at the end of a term (공직선거법 제34조): the first Wednesday from so many days before the term ends
/// (that day included: 2006-05-31 was one), a week later when that day, its eve or its morrow is a holiday.
fn elections(year: i16, holidays: &[Date]) -> Vec<Rule> {
    let day = |term_end: Date, days_before: i32, names| {
        let mut on = term_end.saturating_sub(i64::from(days_before).days());
        while on.weekday() != Weekday::Wednesday {
            on = on.saturating_add(1.days());
        }
        let near = [on.saturating_sub(1.days()), on, on.saturating_add(1.days())];
        if near.iter().any(|day| holidays.contains(day)) {
            on = on.saturating_add(7.days());
        }
        rule(on, names, "제2조 제10호의2 · 공직선거법 제34조", Substitute::Never)
    };
    let mut rules = Vec::new();
    if year % 4 == 0 {
        rules.push(day(date(year, 5, 29), 50, ("국회의원선거일", "National Assembly election")));
    }
    if (year - 2022) % 4 == 0 {
        rules.push(day(date(year, 6, 30), 30, ("전국동시지방선거일", "Local elections")));
    }
    // The term that ended on 2022-05-09 was cut short afterwards; the present one began on 2025-06-04.
    if year == 2022 {
        rules.push(day(date(2022, 5, 9), 70, ("대통령선거일", "Presidential election")));
    } else if year >= 2030 && year % 5 == 0 {
        rules.push(day(date(year, 6, 3), 70, ("대통령선거일", "Presidential election")));
    }
    rules
}

/// 제3조: each holiday that meets a weekend or another holiday gives the next day that is neither.
fn substitutes(rules: &[Rule]) -> Vec<Holiday> {
    let mut taken: Vec<Date> = rules.iter().map(|rule| rule.holiday.date).collect();
    let mut made: Vec<Holiday> = Vec::new();
    let mut met: Vec<Date> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let on = rule.holiday.date;
        let weekend = match rule.substitute {
            Substitute::Never => continue,
            Substitute::Sunday => on.weekday() == Weekday::Sunday,
            Substitute::Weekend => matches!(on.weekday(), Weekday::Saturday | Weekday::Sunday),
        };
        let other = rules.iter().enumerate().any(|(i, it)| i != index && it.holiday.date == on);
        // Two holidays on one date give one substitute day (2025-05-05 gave one).
        if !(weekend || other) || met.contains(&on) {
            continue;
        }
        met.push(on);
        let mut next = on.saturating_add(1.days());
        while taken.contains(&next) || matches!(next.weekday(), Weekday::Saturday | Weekday::Sunday) {
            next = next.saturating_add(1.days());
        }
        taken.push(next);
        made.push(Holiday {
            date: next,
            name_ko: Cow::Owned(format!("대체공휴일 ({})", rule.holiday.name_ko)),
            name_en: Cow::Owned(format!("Substitute holiday ({})", rule.holiday.name_en)),
            basis: Cow::Borrowed("제3조"),
        });
    }
    made
}

#[cfg(test)]
#[path = "korea_tests.rs"]
mod tests;
