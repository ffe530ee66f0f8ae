//! What an operator should know about a tariff that is legal: gaps, falling prices, rules without effect.

use serde::Serialize;

use super::clock_time::DAY_MINUTES;
use super::falls::{Fall, falls};
use super::plan::SchedulePlan;
use super::spec::{Band, CapHolds, CapPer, DiscountShape, Eligibility, MeterRestart, Schedule, TariffSpec};
use crate::calendar::DayKind;

/// Something about a tariff that is legal and perhaps not meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Where, as in `schedule.caps[0]`.
    pub path: String,
    /// What kind.
    pub code: FindingCode,
    /// For people.
    pub message: String,
    /// A stay that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Fall>,
}

/// Kinds of findings. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingCode {
    /// Hours of a charged day that no band charges.
    FreeGap,
    /// Kinds of day that no band charges.
    FreeDays,
    /// The price falls as time grows; the example says where.
    PriceCanFall,
    /// A rule could make the price fall, and no stay that shows it was found.
    PriceMayFall,
    /// A cap that no charging day can reach.
    UnreachableCap,
    /// A tier that the meter never reaches.
    UnreachableTier,
    /// A discount for compact or low-emission cars is missing or below the law's half (주차장법).
    BelowLegalDiscount,
}

/// Everything found, by path.
pub(crate) fn findings(spec: &TariffSpec) -> Vec<Finding> {
    let mut found = Vec::new();
    let own = spec.vehicles.iter().enumerate();
    let schedules = std::iter::once(("schedule".to_owned(), &spec.schedule))
        .chain(own.map(|(index, it)| (format!("vehicles[{index}].schedule"), &it.schedule)));
    for (path, schedule) in schedules {
        gaps(&path, schedule, &mut found);
        unreachable(spec, &path, schedule, &mut found);
    }
    falls(spec, &mut found);
    legal_discounts(spec, &mut found);
    found
}

fn add(found: &mut Vec<Finding>, path: impl Into<String>, code: FindingCode, message: impl Into<String>) {
    found.push(Finding { path: path.into(), code, message: message.into(), example: None });
}

fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Hours of a day that no band charges.
fn free_hours(plan: &SchedulePlan, kind: DayKind) -> Vec<(i64, i64)> {
    // The eve of a holiday is taken to be a holiday; of a weekday, the weekday before it.
    let eve = match kind {
        DayKind::Holiday => DayKind::Holiday,
        kind => DayKind::ALL[(kind as usize + 6) % 7],
    };
    let mut free = Vec::new();
    let mut at = 0;
    for (piece, _) in plan.pieces(eve, kind) {
        if piece.from > at {
            free.push((at, piece.from));
        }
        at = at.max(piece.until);
    }
    if at < DAY_MINUTES {
        free.push((at, DAY_MINUTES));
    }
    free
}

/// Hours that no band charges, told once for all kinds of day that share them.
fn gaps(path: &str, schedule: &Schedule, found: &mut Vec<Finding>) {
    let plan = SchedulePlan::new(schedule);
    let free = DayKind::ALL.map(|kind| free_hours(&plan, kind));
    for (index, hours) in free.iter().enumerate() {
        if hours.is_empty() || free[..index].contains(hours) {
            continue;
        }
        let same = DayKind::ALL.iter().zip(&free).filter(|(_, other)| *other == hours);
        let kinds: Vec<&str> = same.map(|(kind, _)| kind.name()).collect();
        let kinds = kinds.join(", ");
        if *hours == [(0, DAY_MINUTES)] {
            add(
                found,
                format!("{path}.bands"),
                FindingCode::FreeDays,
                format!("nothing is charged on {kinds}"),
            );
            continue;
        }
        let hours: Vec<String> =
            hours.iter().map(|(from, until)| format!("{}–{}", clock(*from), clock(*until))).collect();
        let message = format!("nothing is charged at {} on {kinds}", hours.join(", "));
        add(found, format!("{path}.bands"), FindingCode::FreeGap, message);
    }
}

/// Most minutes that a charging day can have on the meter.
fn longest_day(schedule: &Schedule) -> i64 {
    let plan = SchedulePlan::new(schedule);
    let charged =
        |eve: DayKind, kind: DayKind| plan.pieces(eve, kind).map(|(piece, _)| piece.until - piece.from).sum();
    let pairs = DayKind::ALL.iter().flat_map(|eve| DayKind::ALL.iter().map(move |kind| (*eve, *kind)));
    pairs.map(|(eve, kind)| charged(eve, kind)).max().unwrap_or(0)
}

fn unreachable(spec: &TariffSpec, path: &str, schedule: &Schedule, found: &mut Vec<Finding>) {
    for (index, band) in schedule.bands.iter().enumerate() {
        let (from, until) = band.hours.span();
        let longest = match spec.meter {
            MeterRestart::Never => continue,
            MeterRestart::EachDay => longest_day(schedule).max(until - from),
            MeterRestart::EachBand => until - from,
        };
        for (at, _) in band.tiers.iter().enumerate().filter(|(_, tier)| tier.from_minute >= longest) {
            let message = format!("the meter starts anew after {longest} charged minutes at most");
            add(found, format!("{path}.bands[{index}].tiers[{at}]"), FindingCode::UnreachableTier, message);
        }
    }
    let dearest = dearest_day(schedule);
    for (index, cap) in schedule.caps.iter().enumerate() {
        let beyond = cap.from_minutes > DAY_MINUTES && cap.per == CapPer::Day;
        let too_high = cap.holds == CapHolds::AtMost && cap.per == CapPer::Day && cap.amount.get() >= dearest;
        if beyond || too_high {
            let message = if beyond {
                "a charging day has only 1440 minutes".to_owned()
            } else {
                format!("no charging day can cost more than {}", crate::Won::new(dearest))
            };
            add(found, format!("{path}.caps[{index}]"), FindingCode::UnreachableCap, message);
        }
    }
}

/// More than any charging day can cost without caps: each minute at its dearest tier, each unit begun anew once more.
fn dearest_day(schedule: &Schedule) -> i64 {
    let of_band = |band: &Band| {
        let (from, until) = band.hours.span();
        let minutes = (until - from).min(DAY_MINUTES);
        let tiers = band.tiers.iter().map(|tier| {
            // One unit more than fits: the day may begin and end within a unit.
            (minutes / tier.unit_minutes.max(1) + 2) * tier.unit_price.get()
        });
        tiers.max().unwrap_or(0)
    };
    schedule.bands.iter().map(of_band).sum()
}

/// Compact and low-emission cars have at least half off by law.
fn legal_discounts(spec: &TariffSpec, found: &mut Vec<Finding>) {
    if spec.schedule.bands.is_empty() {
        return;
    }
    for wanted in [Eligibility::Compact, Eligibility::LowEmission] {
        let half = spec.discounts.iter().any(|rule| {
            rule.eligibility == wanted
                && matches!(rule.shape, DiscountShape::Percent { percent } if percent >= 50)
        });
        let own_price = wanted == Eligibility::Compact
            && spec.vehicles.iter().any(|it| it.classes.contains(&super::spec::VehicleClass::Compact));
        if !half && !own_price {
            let message =
                format!("{wanted:?} has no discount of at least 50 %, as the law asks of public lots");
            add(found, "discounts", FindingCode::BelowLegalDiscount, message);
        }
    }
}
