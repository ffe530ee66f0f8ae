//! What a document must hold to be a tariff. Every fault is named, with the path of its field.

use super::plan::overlap;
use super::spec::{
    Band, Cap, CapHolds, CapPer, DiscountRule, DiscountShape, PassKind, Schedule, TariffSpec, Tier,
};
use crate::Won;

/// Limits on a tariff's size and figures.
mod limits {
    pub(super) const TIERS: usize = 32;
    pub(super) const BANDS: usize = 64;
    pub(super) const CAPS: usize = 16;
    pub(super) const RULES: usize = 128;
    pub(super) const FREE_DATES: usize = 1_000;
    pub(super) const TEXT_BYTES: usize = 200;
    /// A year.
    pub(super) const MINUTES: i64 = 366 * 24 * 60;
    pub(super) const WON: i64 = 1_000_000_000;
}

/// Why a tariff or a stay has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TariffError {
    /// The document does not hold together.
    #[error("the tariff does not hold together: {}", join(.0))]
    Invalid(Vec<Problem>),
    /// The exit is before the entry.
    #[error("the car left before it entered")]
    LeftBeforeEntered,
    /// Longer than ten years.
    #[error("the stay is longer than ten years: a person must decide")]
    StayTooLong,
    /// A pass that the tariff does not sell.
    #[error("the tariff sells no pass {0:?}")]
    UnknownPass(String),
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// One fault of a tariff.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{path}: {message}")]
pub struct Problem {
    /// Where, as in `schedule.bands[0].tiers[1].unitPrice`.
    pub path: String,
    /// What kind.
    pub code: ProblemCode,
    /// For people.
    pub message: String,
}

/// Kinds of faults. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// Not the JSON of a tariff: a wrong type, an unknown field, an unreadable date or time.
    Malformed,
    /// Below zero.
    Negative,
    /// Zero where something is needed.
    Zero,
    /// Beyond the limit.
    TooLarge,
    /// More entries than the limit.
    TooMany,
    /// Empty where something is needed.
    Empty,
    /// A text with illegal characters or too long.
    BadText,
    /// The same code twice.
    DuplicateCode,
    /// Entries that must ascend do not.
    NotAscending,
    /// Two bands charge the same minute.
    OverlappingBands,
    /// A cap lower than a single unit of the first tier.
    CapBelowBase,
    /// An end before its beginning.
    InvertedDates,
    /// Two settings that exclude each other.
    Contradiction,
}

/// Reads a document: what is not the JSON of a tariff is told with the path of the field too.
pub(crate) fn read(json: &[u8]) -> Result<TariffSpec, TariffError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let malformed = |path: String, message: String| {
        // The reader calls a fault that is in no field "?".
        let path = if matches!(path.as_str(), "" | "?") { ".".to_owned() } else { path };
        TariffError::Invalid(vec![Problem { path, code: ProblemCode::Malformed, message }])
    };
    let spec = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| malformed(error.path().to_string(), error.inner().to_string()))?;
    reader.end().map_err(|error| malformed(String::new(), error.to_string()))?;
    Ok(spec)
}

/// Refuses a document with any fault.
pub(crate) fn refuse_bad(spec: &TariffSpec) -> Result<(), TariffError> {
    let mut faults = Faults::default();
    faults.tariff(spec);
    if faults.found.is_empty() { Ok(()) } else { Err(TariffError::Invalid(faults.found)) }
}

#[derive(Default)]
struct Faults {
    found: Vec<Problem>,
}

impl Faults {
    fn add(&mut self, path: impl Into<String>, code: ProblemCode, message: impl Into<String>) {
        // A document of a million faults is told by its first hundred.
        if self.found.len() < 100 {
            self.found.push(Problem { path: path.into(), code, message: message.into() });
        }
    }

    fn number(&mut self, path: &str, value: i64, least: i64, most: i64) {
        if value < 0 {
            self.add(path, ProblemCode::Negative, format!("{value} is negative"));
        } else if value < least {
            self.add(path, ProblemCode::Zero, format!("must be at least {least}"));
        } else if value > most {
            self.add(path, ProblemCode::TooLarge, format!("{value} is more than {most}"));
        }
    }

    fn won(&mut self, path: &str, amount: Won) {
        self.number(path, amount.get(), 0, limits::WON);
    }

    fn text(&mut self, path: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(path, ProblemCode::Empty, "is empty");
        } else if text.len() > limits::TEXT_BYTES || text.chars().any(char::is_control) {
            self.add(path, ProblemCode::BadText, "is longer than 200 bytes or has control characters");
        }
    }

    fn code(&mut self, path: &str, code: &str) {
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if code.is_empty() {
            self.add(path, ProblemCode::Empty, "is empty");
        } else if code.len() > 80 || !code.chars().all(legal) {
            self.add(path, ProblemCode::BadText, "must be 1–80 ASCII letters, digits, '-', '_' or '.'");
        }
    }

    /// Whether a list is short enough to look into.
    fn count(&mut self, path: &str, count: usize, most: usize) -> bool {
        if count > most {
            self.add(path, ProblemCode::TooMany, format!("{count} entries, at most {most} are taken"));
        }
        count <= most
    }

    fn unique<'a>(&mut self, path: &str, codes: impl Iterator<Item = &'a str>) {
        let mut seen: Vec<&str> = Vec::new();
        for (index, code) in codes.enumerate() {
            self.code(&format!("{path}[{index}].code"), code);
            if seen.contains(&code) {
                self.add(
                    format!("{path}[{index}].code"),
                    ProblemCode::DuplicateCode,
                    format!("{code:?} is used twice"),
                );
            }
            seen.push(code);
        }
    }

    fn tariff(&mut self, spec: &TariffSpec) {
        self.code("id", &spec.id);
        self.number("version", i64::from(spec.version), 1, i64::from(u32::MAX));
        self.text("name", &spec.name);
        if spec.valid_until.is_some_and(|until| until < spec.valid_from) {
            self.add("validUntil", ProblemCode::InvertedDates, "is before validFrom");
        }
        if let Some(grade) = spec.grade {
            self.number("grade", i64::from(grade), 1, 9);
        }
        if let Some(grace) = spec.grace {
            self.number("grace.minutes", grace.minutes, 1, limits::MINUTES);
        }
        self.schedule("schedule", &spec.schedule);
        if self.count("vehicles", spec.vehicles.len(), limits::CAPS) {
            self.vehicles(spec);
        }
        if self.count("stayRules", spec.stay_rules.len(), limits::RULES) {
            self.stay_rules(spec);
        }
        self.count("freeDates", spec.free_dates.len(), limits::FREE_DATES);
        if self.count("passes", spec.passes.len(), limits::RULES) {
            self.passes(spec);
        }
        if self.count("discounts", spec.discounts.len(), limits::RULES) {
            self.unique("discounts", spec.discounts.iter().map(|rule| rule.code.as_str()));
            for (index, rule) in spec.discounts.iter().enumerate() {
                self.discount(&format!("discounts[{index}]"), rule);
            }
        }
        if ![1, 10, 100, 1_000].contains(&spec.rounding.to_won) {
            let code =
                if spec.rounding.to_won < 0 { ProblemCode::Negative } else { ProblemCode::Contradiction };
            self.add("rounding.toWon", code, "must be 1, 10, 100 or 1000");
        }
    }

    fn vehicles(&mut self, spec: &TariffSpec) {
        let mut seen = Vec::new();
        for (index, own) in spec.vehicles.iter().enumerate() {
            let path = format!("vehicles[{index}]");
            if own.classes.is_empty() {
                self.add(format!("{path}.classes"), ProblemCode::Empty, "names no class of vehicle");
            }
            for class in &own.classes {
                if seen.contains(class) {
                    self.add(
                        format!("{path}.classes"),
                        ProblemCode::DuplicateCode,
                        format!("{class:?} is named twice"),
                    );
                }
                seen.push(*class);
            }
            self.schedule(&format!("{path}.schedule"), &own.schedule);
        }
    }

    fn stay_rules(&mut self, spec: &TariffSpec) {
        self.unique("stayRules", spec.stay_rules.iter().map(|rule| rule.code.as_str()));
        for (index, rule) in spec.stay_rules.iter().enumerate() {
            let path = format!("stayRules[{index}]");
            self.text(&format!("{path}.label.ko"), &rule.label.ko);
            self.won(&format!("{path}.atMost"), rule.at_most);
            if rule.entered_on.is_empty() {
                self.add(format!("{path}.enteredOn"), ProblemCode::Empty, "names no day");
            }
            if let Some(leave) = rule.leave_before {
                self.number(&format!("{path}.leaveBefore.daysLater"), i64::from(leave.days_later), 0, 31);
            }
        }
    }

    fn passes(&mut self, spec: &TariffSpec) {
        self.unique("passes", spec.passes.iter().map(|offer| offer.code.as_str()));
        for (index, offer) in spec.passes.iter().enumerate() {
            let path = format!("passes[{index}]");
            self.text(&format!("{path}.label.ko"), &offer.label.ko);
            self.won(&format!("{path}.price"), offer.price);
            if let PassKind::Minutes(minutes) = offer.kind {
                self.number(&format!("{path}.kind.minutes"), minutes, 1, limits::MINUTES);
            }
            if let Some(minutes) = offer.published_threshold_minutes {
                self.number(&format!("{path}.publishedThresholdMinutes"), minutes, 1, limits::MINUTES);
            }
        }
    }

    fn discount(&mut self, path: &str, rule: &DiscountRule) {
        self.text(&format!("{path}.label.ko"), &rule.label.ko);
        let shape = format!("{path}.shape");
        match &rule.shape {
            DiscountShape::Percent { percent } => {
                self.number(&format!("{shape}.percent"), i64::from(*percent), 1, 100);
            }
            DiscountShape::Amount { amount } => {
                self.number(&format!("{shape}.amount"), amount.get(), 1, limits::WON);
            }
            DiscountShape::FreeMinutes { minutes, then_percent, .. } => {
                self.number(&format!("{shape}.minutes"), *minutes, 1, limits::MINUTES);
                self.number(&format!("{shape}.thenPercent"), i64::from(*then_percent), 0, 100);
            }
            DiscountShape::PercentOf { from_minute, until_minute, percent, .. } => {
                self.number(&format!("{shape}.percent"), i64::from(*percent), 1, 100);
                self.number(&format!("{shape}.fromMinute"), *from_minute, 0, limits::MINUTES);
                if let Some(until) = until_minute {
                    self.number(&format!("{shape}.untilMinute"), *until, 1, limits::MINUTES);
                    if until <= from_minute {
                        self.add(
                            format!("{shape}.untilMinute"),
                            ProblemCode::NotAscending,
                            "is not after fromMinute",
                        );
                    }
                }
            }
        }
    }

    fn schedule(&mut self, path: &str, schedule: &Schedule) {
        if self.count(&format!("{path}.bands"), schedule.bands.len(), limits::BANDS) {
            self.unique(&format!("{path}.bands"), schedule.bands.iter().map(|band| band.code.as_str()));
            for (index, band) in schedule.bands.iter().enumerate() {
                self.band(&format!("{path}.bands[{index}]"), band);
            }
            self.overlaps(path, &schedule.bands);
        }
        if self.count(&format!("{path}.caps"), schedule.caps.len(), limits::CAPS) {
            for (index, cap) in schedule.caps.iter().enumerate() {
                self.cap(&format!("{path}.caps[{index}]"), cap, schedule);
            }
        }
    }

    fn band(&mut self, path: &str, band: &Band) {
        if band.days.is_empty() {
            self.add(format!("{path}.days"), ProblemCode::Empty, "names no day");
        }
        if let Some(at_most) = band.at_most {
            self.won(&format!("{path}.atMost"), at_most);
        }
        if band.tiers.is_empty() {
            self.add(
                format!("{path}.tiers"),
                ProblemCode::Empty,
                "has no price; leave the band out to make it free",
            );
        }
        if self.count(&format!("{path}.tiers"), band.tiers.len(), limits::TIERS) {
            self.tiers(path, &band.tiers);
        }
    }

    fn tiers(&mut self, path: &str, tiers: &[Tier]) {
        for (index, tier) in tiers.iter().enumerate() {
            let path = format!("{path}.tiers[{index}]");
            self.number(&format!("{path}.fromMinute"), tier.from_minute, 0, limits::MINUTES);
            self.number(&format!("{path}.unitMinutes"), tier.unit_minutes, 1, limits::MINUTES);
            self.won(&format!("{path}.unitPrice"), tier.unit_price);
            let before = index.checked_sub(1).map(|before| tiers[before].from_minute);
            let in_turn = before.map_or(tier.from_minute == 0, |before| tier.from_minute > before);
            if !in_turn && tier.from_minute >= 0 {
                let message = if index == 0 {
                    "the first tier must begin at 0"
                } else {
                    "must be after the tier before"
                };
                self.add(format!("{path}.fromMinute"), ProblemCode::NotAscending, message);
            }
        }
    }

    fn overlaps(&mut self, path: &str, bands: &[Band]) {
        for (index, band) in bands.iter().enumerate() {
            if let Some(other) = bands[..index].iter().position(|other| overlap(band, other)) {
                let message = format!("charges minutes that bands[{other}] also charges");
                self.add(format!("{path}.bands[{index}].hours"), ProblemCode::OverlappingBands, message);
            }
        }
    }

    fn cap(&mut self, path: &str, cap: &Cap, schedule: &Schedule) {
        self.won(&format!("{path}.amount"), cap.amount);
        self.number(&format!("{path}.fromMinutes"), cap.from_minutes, 0, limits::MINUTES);
        if cap.days.is_empty() {
            self.add(format!("{path}.days"), ProblemCode::Empty, "names no day");
        }
        let first_unit =
            schedule.bands.iter().filter_map(|band| band.tiers.first()).map(|tier| tier.unit_price).max();
        if let Some(base) = first_unit.filter(|base| cap.amount < *base && !cap.amount.is_negative()) {
            let message = format!("{} is less than a single unit, {base}", cap.amount);
            self.add(format!("{path}.amount"), ProblemCode::CapBelowBase, message);
        }
        if cap.holds == CapHolds::Exactly {
            let stay_cap = schedule.caps.iter().any(|cap| cap.per == CapPer::Stay);
            if cap.per == CapPer::Stay || stay_cap {
                let message = "a price that replaces the day's can't stand beside a cap of the stay";
                self.add(format!("{path}.holds"), ProblemCode::Contradiction, message);
            }
        }
    }
}
