//! Charged hours, prices and caps as a tariff file writes them.

use serde::{Deserialize, Serialize};

use super::{Each, is_default};
use crate::Won;
use crate::calendar::DaySet;
use crate::tariff::clock_time::Hours;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Label {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

impl Label {
    /// Both texts.
    pub fn new(ko: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ko: ko.into(), en: en.into() }
    }
}

/// Classes of vehicle that a lot may price apart. What a car is entitled to (compact, electric) is a discount's
/// [`super::Eligibility`]; a class is what takes up the space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VehicleClass {
    /// 승용차.
    #[default]
    Car,
    /// 경차, where it has a price of its own and not a discount.
    Compact,
    /// 소형 승합.
    Van,
    /// 대형 승합.
    Bus,
    /// 화물.
    Truck,
    /// 이륜차.
    Motorcycle,
}

impl VehicleClass {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Car, Self::Compact, Self::Van, Self::Bus, Self::Truck, Self::Motorcycle];
}

/// Prices of some classes of vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VehicleSchedule {
    /// Which classes.
    pub classes: Vec<VehicleClass>,
    /// Their schedule, instead of the tariff's own.
    pub schedule: Schedule,
}

/// Charged hours with their prices, and caps. A minute in no band is free.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// Charged hours. None: parking is free.
    pub bands: Vec<Band>,
    /// Caps, tried in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
}

/// Charged hours on some kinds of day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Band {
    /// Its code, unique in the schedule.
    pub code: String,
    /// How it reads on a receipt; absent: the kind of day (평일, 토요일 …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// Kinds of day on which it begins.
    #[serde(default, skip_serializing_if = "DaySet::is_all")]
    pub days: DaySet,
    /// Its hours; past midnight they belong to the day on which they began.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hours: Hours,
    /// Prices by the reading of the meter, ascending from minute 0.
    pub tiers: Vec<Tier>,
    /// The most one occurrence of the band costs (야간 최대 3,000원).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<i64>"))]
    pub at_most: Option<Won>,
}

/// A unit and its price from a reading of the meter on, up to the next tier. A started unit counts as a full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tier {
    /// Charged minutes on the meter at which it begins; 0 for the first.
    pub from_minute: i64,
    /// Length of a unit in minutes, at least 1.
    pub unit_minutes: i64,
    /// Price of a unit.
    #[cfg_attr(test, schemars(with = "i64"))]
    pub unit_price: Won,
}

/// A bound on what a charging day or a stay costs, or its price from a threshold on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cap {
    /// What it is called.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: CapKind,
    /// The amount.
    #[cfg_attr(test, schemars(with = "i64"))]
    pub amount: Won,
    /// What it bounds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per: CapPer,
    /// Kinds of charging day (of the day on which it begins) it holds on; ignored for a stay's cap.
    #[serde(default, skip_serializing_if = "DaySet::is_all")]
    pub days: DaySet,
    /// Minutes within the charging day or the stay from which it holds; 0: always.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_minutes: i64,
    /// Which minutes count towards that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counting: Counting,
    /// How it holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub holds: CapHolds,
}

impl Cap {
    /// At most so much per charging day, from the first minute.
    pub fn daily(amount: Won) -> Self {
        Self {
            kind: CapKind::Cap,
            amount,
            per: CapPer::Day,
            days: DaySet::ALL,
            from_minutes: 0,
            counting: Counting::Elapsed,
            holds: CapHolds::AtMost,
        }
    }
}

/// What a cap is called on a receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CapKind {
    /// 1일 최대.
    #[default]
    Cap,
    /// 1일권 요금 적용.
    DayTicket,
}

/// What a cap bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CapPer {
    /// Each charging day anew.
    #[default]
    Day,
    /// The whole stay.
    Stay,
}

/// Which minutes are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// All since entry, or since the charging day began.
    #[default]
    Elapsed,
    /// Only those within bands.
    Charged,
}

/// How a cap holds once its threshold is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CapHolds {
    /// The price is at most the amount.
    #[default]
    AtMost,
    /// The price is the amount, be the metered one higher or lower. Per charging day only.
    Exactly,
}

impl Each {
    pub(crate) const fn is_day(self) -> bool {
        matches!(self, Self::Day)
    }
}
