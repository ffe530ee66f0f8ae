//! A tariff in one line, for a list of lots. The list leaves out what a line can't hold (passes, discounts, rules of
//! single hours); the tariff itself and the quote hold all of it.

use std::fmt::Write as _;

use baro_domain::{
    Won,
    calendar::{DayKind, DaySet},
    tariff::{Band, CapPer, Hours, TariffSpec, Tier},
};
use baro_runtime::http::Language;

/// `처음 30분 무료, 최초 10분 400원, 이후 10분당 300원 · 1일 최대 8,000원`.
pub(crate) fn price_text(tariff: &TariffSpec, language: Language) -> String {
    let say = Speaker(language);
    let bands = &tariff.schedule.bands;
    let Some(main) = bands.iter().find(|band| band.days.contains(DayKind::Wednesday)).or(bands.first())
    else {
        return say.one("무료", "Free").to_owned();
    };
    let mut prices = Vec::with_capacity(4);
    if let Some(grace) = tariff.grace {
        prices.push(say.free_first(grace.minutes));
    }
    prices.extend(say.tiers(&main.tiers));
    let mut text = Speaker::when(main);
    text.push_str(&prices.join(", "));
    if bands.iter().filter(|band| band.days.contains(DayKind::Wednesday)).count() > 1 {
        text.push_str(say.one(" · 시간대별 요금 다름", " · varies by time of day"));
    }
    let cap =
        tariff.schedule.caps.iter().find(|cap| {
            cap.per == CapPer::Day && cap.from_minutes == 0 && cap.days.contains(DayKind::Wednesday)
        });
    if let Some(cap) = cap {
        let _ = write!(text, " · {}", say.at_most(cap.amount));
    }
    if let Some(free) = say.free_days(bands) {
        let _ = write!(text, " · {free}");
    }
    text
}

struct Speaker(Language);

impl Speaker {
    fn one<'a>(&self, ko: &'a str, en: &'a str) -> &'a str {
        match self.0 {
            Language::Ko => ko,
            Language::En => en,
        }
    }

    fn won(&self, amount: Won) -> String {
        let korean = amount.to_string();
        match self.0 {
            Language::Ko => korean,
            Language::En => format!("₩{}", korean.trim_end_matches('원')),
        }
    }

    fn length(&self, minutes: i64) -> String {
        let (hours, whole) = (minutes / 60, minutes % 60 == 0 && minutes > 0);
        match self.0 {
            Language::Ko if whole => format!("{hours}시간"),
            Language::Ko => format!("{minutes}분"),
            Language::En if whole => format!("{hours} h"),
            Language::En => format!("{minutes} min"),
        }
    }

    fn free_first(&self, minutes: i64) -> String {
        let length = self.length(minutes);
        match self.0 {
            Language::Ko => format!("처음 {length} 무료"),
            Language::En => format!("first {length} free"),
        }
    }

    fn per(&self, tier: Tier) -> String {
        let (length, price) = (self.length(tier.unit_minutes), self.won(tier.unit_price));
        match self.0 {
            Language::Ko => format!("{length}당 {price}"),
            Language::En => format!("{price} per {length}"),
        }
    }

    /// At most the first price and the one after it: nobody reads more in a list.
    fn tiers(&self, tiers: &[Tier]) -> Vec<String> {
        let [first, rest @ ..] = tiers else { return Vec::new() };
        let Some(second) = rest.first() else {
            let free = first.unit_price.is_zero();
            return vec![if free { self.one("무료", "free").to_owned() } else { self.per(*first) }];
        };
        let one_unit = first.unit_minutes == second.from_minute;
        let first = match (first.unit_price.is_zero(), one_unit, self.0) {
            (true, _, _) => self.free_first(second.from_minute),
            (false, false, _) => self.per(*first),
            (false, true, Language::Ko) => {
                format!("최초 {} {}", self.length(first.unit_minutes), self.won(first.unit_price))
            }
            (false, true, Language::En) => {
                format!("first {} {}", self.length(first.unit_minutes), self.won(first.unit_price))
            }
        };
        let more = if rest.len() > 1 { "…" } else { "" };
        let then = match self.0 {
            Language::Ko => format!("이후 {}{more}", self.per(*second)),
            Language::En => format!("then {}{more}", self.per(*second)),
        };
        vec![first, then]
    }

    /// The charged hours, where they are not all day.
    fn when(band: &Band) -> String {
        if band.hours == Hours::ALL_DAY {
            return String::new();
        }
        format!("{}–{} ", band.hours.from, band.hours.until)
    }

    fn at_most(&self, amount: Won) -> String {
        let price = self.won(amount);
        match self.0 {
            Language::Ko => format!("1일 최대 {price}"),
            Language::En => format!("max. {price} a day"),
        }
    }

    /// Kinds of days without any band, where other days have one.
    fn free_days(&self, bands: &[Band]) -> Option<String> {
        let charged = bands.iter().fold(DaySet::NONE, |days, band| days.union(band.days));
        let kinds = [
            (DayKind::Saturday, "토", "Sat"),
            (DayKind::Sunday, "일", "Sun"),
            (DayKind::Holiday, "공휴일", "holidays"),
        ];
        let free: Vec<&str> = kinds
            .into_iter()
            .filter(|(kind, _, _)| !charged.contains(*kind))
            .map(|(_, ko, en)| self.one(ko, en))
            .collect();
        let days = free.join(self.one("·", ", "));
        match self.0 {
            _ if free.is_empty() => None,
            Language::Ko => Some(format!("{days} 무료")),
            Language::En => Some(format!("free {days}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(schedule: &str) -> [String; 2] {
        let document =
            format!(r#"{{"id":"t","version":1,"name":"시험","validFrom":"2026-01-01",{schedule}}}"#);
        let tariff: TariffSpec = serde_json::from_str(&document).unwrap();
        [price_text(&tariff, Language::Ko), price_text(&tariff, Language::En)]
    }

    #[test]
    fn first_unit_and_further_units_are_told_apart() {
        let tiers = r#"{"fromMinute":0,"unitMinutes":10,"unitPrice":400},{"fromMinute":10,"unitMinutes":10,"unitPrice":300}"#;
        assert_eq!(
            text(&format!(r#""schedule":{{"bands":[{{"code":"a","tiers":[{tiers}]}}]}}"#)),
            ["최초 10분 400원, 이후 10분당 300원", "first 10 min ₩400, then ₩300 per 10 min"]
        );
    }

    #[test]
    fn hours_cap_grace_and_free_days_are_told() {
        let schedule = r#""grace":{"minutes":30,"onceExceeded":"deducted"},"schedule":{"bands":[{"code":"a","days":["weekday","saturday"],
            "hours":{"from":"09:00","until":"18:00"},"tiers":[{"fromMinute":0,"unitMinutes":60,"unitPrice":1000}]}],
            "caps":[{"amount":8000}]}"#;
        assert_eq!(
            text(schedule),
            [
                "09:00–18:00 처음 30분 무료, 1시간당 1,000원 · 1일 최대 8,000원 · 일·공휴일 무료",
                "09:00–18:00 first 30 min free, ₩1,000 per 1 h · max. ₩8,000 a day · free Sun, holidays"
            ]
        );
    }

    #[test]
    fn a_lot_without_charged_hours_is_free() {
        assert_eq!(text(r#""schedule":{"bands":[]}"#), ["무료", "Free"]);
    }
}
