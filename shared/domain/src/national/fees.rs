//! The price columns of a row as a tariff.

use jiff::civil::{Date, date};

use super::RefusalCode;
use super::hours::charged;
use super::numbers::{figure, tenths};
use super::remark::{RemarkCode, Remarks};
use super::row::Row;
use crate::Won;
use crate::calendar::DaySet;
use crate::tariff::{
    Band, Cap, CapKind, ChargingDay, DiscountPolicy, Hours, Label, MeterRestart, PassKind, PassOffer,
    Rounding, Schedule, SecondsRule, Tariff, TariffSpec, Tax, Tier,
};

/// In force since ever, where the file does not date itself.
const UNDATED: Date = date(2000, 1, 1);

/// The figures of a row; zero and blank are both `None`.
struct Prices {
    base_minutes: Option<i64>,
    base: Option<i64>,
    unit_minutes: Option<i64>,
    unit: Option<i64>,
    day: Option<i64>,
    month: Option<i64>,
}

impl Prices {
    fn read(row: Row<'_>, remarks: &mut Remarks) -> Self {
        let mut figure = |column| figure(row, column, remarks);
        Self {
            base_minutes: figure("주차기본시간"),
            base: figure("주차기본요금"),
            unit_minutes: figure("추가단위시간"),
            unit: figure("추가단위요금"),
            day: figure("1일주차권요금"),
            month: figure("월정기권요금"),
        }
    }

    fn any(&self) -> bool {
        [self.base, self.unit, self.day, self.month].iter().any(Option::is_some)
    }
}

/// The tariff of a row, or why there is none.
pub(super) fn tariff(
    row: &Row<'_>,
    id: &str,
    name: &str,
    remarks: &mut Remarks,
) -> Result<Tariff, (RefusalCode, String)> {
    let prices = Prices::read(*row, remarks);
    let valid_from = row.date("데이터기준일자");
    if valid_from.is_none() {
        remarks.add(RemarkCode::DateMissing, "데이터기준일자가 없습니다");
    }
    let mut spec = TariffSpec {
        id: id.to_owned(),
        version: 1,
        // 200 bytes hold 60 Korean characters with room to spare.
        name: name.chars().take(60).collect(),
        valid_from: valid_from.unwrap_or(UNDATED),
        valid_until: None,
        grade: grade(row.cell("급지구분"), remarks),
        seconds: SecondsRule::default(),
        charging_day: ChargingDay::Calendar,
        // A second base fee after midnight would surprise a driver, and the file does not ask for it.
        meter: MeterRestart::Never,
        grace: None,
        schedule: Schedule::default(),
        vehicles: Vec::new(),
        stay_rules: Vec::new(),
        free_dates: Vec::new(),
        passes: passes(row.cell("1일주차권요금적용시간"), &prices, remarks),
        discounts: Vec::new(),
        discount_policy: DiscountPolicy::default(),
        rounding: Rounding::default(),
        tax: Tax::default(),
    };
    if is_paid(row.cell("요금정보"), &prices, remarks)? {
        let tiers = tiers(&prices, remarks)?;
        spec.schedule = schedule(row, &tiers, &prices, remarks);
        remark_threshold(&spec, &tiers, remarks);
    }
    Tariff::new(spec)
        .map_err(|error| (RefusalCode::TariffInvalid, format!("요금표를 만들 수 없습니다: {error}")))
}

fn grade(cell: &str, remarks: &mut Remarks) -> Option<u8> {
    let grade = cell.trim_end_matches("급지").trim().parse().ok().filter(|grade| (1..=9).contains(grade));
    if grade.is_none() {
        remarks.add(RemarkCode::GradeUnknown, format!("급지구분 {cell:?}은 급지가 아닙니다"));
    }
    grade
}

fn is_paid(kind: &str, prices: &Prices, remarks: &mut Remarks) -> Result<bool, (RefusalCode, String)> {
    match kind {
        "무료" => {
            if prices.any() {
                remarks.add(RemarkCode::FreeWithPrice, "무료인데 요금이 적혀 있습니다: 무료로 봅니다");
            }
            Ok(false)
        }
        "유료" | "혼합" => Ok(true),
        _ if prices.any() => {
            remarks.add(RemarkCode::FeeKindMissing, format!("요금정보 {kind:?}: 요금이 있어 유료로 봅니다"));
            Ok(true)
        }
        _ => {
            let reason = format!("요금정보 {kind:?}: 유료인지 무료인지 알 수 없고 요금도 없습니다");
            Err((RefusalCode::NoFeeInformation, reason))
        }
    }
}

fn tiers(prices: &Prices, remarks: &mut Remarks) -> Result<Vec<Tier>, (RefusalCode, String)> {
    let tier = |from_minute, unit_minutes, won| Tier { from_minute, unit_minutes, unit_price: Won::new(won) };
    match (prices.base, prices.unit) {
        (Some(base), unit) => {
            let Some(base_minutes) = prices.base_minutes.or(prices.unit_minutes) else {
                return Err((RefusalCode::PriceWithoutTime, "기본요금은 있는데 기본시간이 없습니다".into()));
            };
            if prices.base_minutes.is_none() {
                remarks.add(RemarkCode::BaseTimeMissing, "기본시간이 없어 추가단위시간으로 봅니다");
            }
            let Some(unit) = unit else {
                remarks.add(RemarkCode::AdditionalMissing, "추가요금이 없어 기본요금만 받습니다");
                return Ok(vec![tier(0, base_minutes, base), tier(base_minutes, base_minutes, 0)]);
            };
            if prices.unit_minutes.is_none() {
                remarks.add(RemarkCode::AdditionalTimeMissing, "추가단위시간이 없어 기본시간으로 봅니다");
            }
            let unit_minutes = prices.unit_minutes.unwrap_or(base_minutes);
            if (unit_minutes, unit) == (base_minutes, base) {
                return Ok(vec![tier(0, unit_minutes, unit)]);
            }
            Ok(vec![tier(0, base_minutes, base), tier(base_minutes, unit_minutes, unit)])
        }
        (None, Some(unit)) => {
            remarks.add(RemarkCode::BaseFeeMissing, "기본요금이 없습니다: 기본시간은 무료로 봅니다");
            let Some(unit_minutes) = prices.unit_minutes.or(prices.base_minutes) else {
                return Err((
                    RefusalCode::PriceWithoutTime,
                    "추가단위요금은 있는데 단위시간이 없습니다".into(),
                ));
            };
            Ok(match prices.base_minutes {
                Some(free) => vec![tier(0, free, 0), tier(free, unit_minutes, unit)],
                None => vec![tier(0, unit_minutes, unit)],
            })
        }
        (None, None) => match prices.day {
            Some(day) => {
                remarks
                    .add(RemarkCode::DayTicketOnly, "1일주차권요금만 있어 24시간마다 1일권 요금을 받습니다");
                Ok(vec![tier(0, 24 * 60, day)])
            }
            None if prices.month.is_some() => Err((
                RefusalCode::PaidWithoutPrice,
                "유료인데 월정기권요금뿐이어서 시간요금을 알 수 없습니다".into(),
            )),
            None => Err((RefusalCode::PaidWithoutPrice, "유료인데 요금이 하나도 없습니다".into())),
        },
    }
}

fn schedule(row: &Row<'_>, tiers: &[Tier], prices: &Prices, remarks: &mut Remarks) -> Schedule {
    let charged = charged(*row, remarks);
    let around_the_clock = charged.iter().any(|(_, days, hours)| days.is_all() && *hours == Hours::ALL_DAY);
    if row.cell("요금정보") == "유료" && !around_the_clock {
        let text = "유료인데 운영시간 밖의 요금을 알 수 없습니다: 무료로 봅니다";
        remarks.add(RemarkCode::OutsideHoursUnknown, text);
    }
    let band = |(code, days, hours): (&str, DaySet, Hours)| Band {
        code: code.to_owned(),
        label: None,
        days,
        hours,
        tiers: tiers.to_vec(),
        at_most: None,
    };
    let mut schedule = Schedule { bands: charged.into_iter().map(band).collect(), caps: Vec::new() };
    if let Some(day) = prices.day {
        let first = tiers.first().map_or(0, |tier| tier.unit_price.get());
        if day < first {
            let text =
                format!("1일주차권요금 {}이 기본요금보다 적어 최대요금으로 쓰지 않았습니다", Won::new(day));
            remarks.add(RemarkCode::DayTicketBelowBase, text);
        } else {
            schedule.caps.push(Cap { kind: CapKind::DayTicket, ..Cap::daily(Won::new(day)) });
        }
    }
    schedule
}

fn passes(threshold: &str, prices: &Prices, remarks: &mut Remarks) -> Vec<PassOffer> {
    let offer = |code: &str, label, kind, price, published_threshold_minutes| PassOffer {
        code: code.to_owned(),
        label,
        kind,
        price: Won::new(price),
        published_threshold_minutes,
        days: DaySet::ALL,
        hours: None,
    };
    let day = prices.day.map(|price| {
        offer(
            "day",
            Label::new("1일권", "Day ticket"),
            PassKind::Day,
            price,
            threshold_minutes(threshold, remarks),
        )
    });
    let month = prices.month.map(|price| {
        offer("month", Label::new("월정기권", "Monthly pass"), PassKind::CalendarMonth, price, None)
    });
    day.into_iter().chain(month).collect()
}

/// The day ticket's time in minutes. The column mixes hours (3, 3.5, 5, 24) and minutes (210, 300): up to 24 it is read
/// as hours, from 60 as minutes; between them nothing is certain.
fn threshold_minutes(cell: &str, remarks: &mut Remarks) -> Option<i64> {
    let tenths = tenths(cell)?;
    match tenths {
        0 => None,
        1..=240 => Some(tenths * 6),
        241..600 => {
            let text = format!("1일주차권요금적용시간 {cell}이 시간인지 분인지 알 수 없어 쓰지 않았습니다");
            remarks.add(RemarkCode::DayTicketTimeAmbiguous, text);
            None
        }
        _ => Some(tenths / 10),
    }
}

/// Tells the operator when the published time of the day ticket is not where the metered price meets it.
fn remark_threshold(spec: &TariffSpec, tiers: &[Tier], remarks: &mut Remarks) {
    let day = spec.passes.iter().find(|offer| offer.code == "day");
    let Some((offer, threshold)) = day.and_then(|offer| Some((offer, offer.published_threshold_minutes?)))
    else {
        return;
    };
    let metered = metered(tiers, threshold);
    if metered != offer.price.get() && !spec.schedule.caps.is_empty() {
        let text = format!(
            "1일권 적용시간 {threshold}분의 시간요금은 {}인데 1일권은 {}입니다: 1일 최대요금으로만 적용합니다",
            Won::new(metered),
            offer.price
        );
        remarks.add(RemarkCode::DayTicketThresholdDiffers, text);
    }
}

/// What the tiers ask for so many minutes, without hours and caps.
fn metered(tiers: &[Tier], minutes: i64) -> i64 {
    let ends = tiers.iter().skip(1).map(|tier| tier.from_minute).chain([minutes]);
    tiers
        .iter()
        .zip(ends)
        .map(|(tier, end)| {
            let inside = (end.min(minutes) - tier.from_minute).max(0);
            (inside + tier.unit_minutes - 1) / tier.unit_minutes * tier.unit_price.get()
        })
        .sum()
}
