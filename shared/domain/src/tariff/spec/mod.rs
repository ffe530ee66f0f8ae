//! A tariff as its operator writes it: the documented JSON of a tariff file. Nothing is computed here; what a document
//! must hold to be a tariff is in [`super::check`].

mod discount;
mod schedule;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use discount::{
    Combine, DiscountPolicy, DiscountRule, DiscountShape, Each, Eligibility, Evidence, UseLimits, Vouchers,
};
pub use schedule::{
    Band, Cap, CapHolds, CapKind, CapPer, Counting, Label, Schedule, Tier, VehicleClass, VehicleSchedule,
};

use super::clock_time::{ClockTime, Hours};
use crate::Won;
use crate::calendar::DaySet;

/// A tariff file, one version. Minutes are whole; money is won with VAT included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TariffSpec {
    /// Which tariff, 1–80 ASCII letters, digits, `-`, `_` or `.`; the same for all its versions.
    pub id: String,
    /// Which version of it, from 1.
    pub version: u32,
    /// Its name, for people.
    pub name: String,
    /// First day it is in force, in the lot's zone.
    #[cfg_attr(test, schemars(with = "String"))]
    pub valid_from: Date,
    /// Last day it is in force; absent while no end is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub valid_until: Option<Date>,
    /// The lot's grade (급지) in the municipality's ordinance, 1–9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// What becomes of the seconds beyond the last whole minute of a stay.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seconds: SecondsRule,
    /// What a charging day is: caps, day tickets and "once a day" count by it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub charging_day: ChargingDay,
    /// When the meter goes back to the first tier.
    #[serde(default, skip_serializing_if = "is_default")]
    pub meter: MeterRestart,
    /// Free minutes on entry (회차).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Grace>,
    /// Charged hours, prices and caps of every vehicle that `vehicles` does not name.
    pub schedule: Schedule,
    /// The same for other classes of vehicle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vehicles: Vec<VehicleSchedule>,
    /// Prices that hang on when a car came and went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stay_rules: Vec<StayRule>,
    /// Dates on which nothing is charged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub free_dates: Vec<Date>,
    /// Passes on sale (정기권, 일일권, 주차권).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<PassOffer>,
    /// Discounts a driver may claim or a shop may give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountRule>,
    /// How discounts combine.
    #[serde(default, skip_serializing_if = "is_default")]
    pub discount_policy: DiscountPolicy,
    /// How the result is rounded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rounding: Rounding,
    /// Whether the price bears VAT.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax: Tax,
}

/// Whether a field may be left out of the file.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What becomes of seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecondsRule {
    /// A minute counts once it is over: 10 min 59 s is 10 minutes.
    #[default]
    Ignored,
    /// A started minute counts: 10 min 1 s is 11 minutes.
    StartedMinute,
}

/// What a charging day is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChargingDay {
    /// From midnight to midnight in the lot's zone.
    #[default]
    Calendar,
    /// 24 hours from entry, and again.
    FromEntry,
}

/// When the meter starts anew at the first tier and a fresh unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MeterRestart {
    /// Never within a stay: a unit begun before a free pause is used up after it.
    #[default]
    Never,
    /// With each charging day.
    EachDay,
    /// With each occurrence of a band.
    EachBand,
}

/// Free minutes on entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grace {
    /// So many, at least 1.
    pub minutes: i64,
    /// What is charged once they are exceeded.
    pub once_exceeded: OnceExceeded,
    /// Whether a stay of exactly so many minutes is still free.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bound: GraceBound,
    /// Which minutes count towards them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counting: Counting,
    /// Once a stay, or once each charging day.
    #[serde(default, skip_serializing_if = "is_default")]
    pub each: Each,
}

/// What is charged once the grace is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnceExceeded {
    /// The stay less the free minutes (대전시청).
    Deducted,
    /// The stay from minute 0 (airports).
    FromZero,
}

/// Whether the bound itself is free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GraceBound {
    /// "10분까지": 10 minutes are free.
    #[default]
    Inclusive,
    /// "10분 미만": 9 minutes are free, 10 are not.
    Exclusive,
}

/// At most this price when a car came and went at certain times; 0 makes the stay free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StayRule {
    /// Its code, for receipts and reports.
    pub code: String,
    /// How it reads on a receipt.
    pub label: Label,
    /// Kinds of day of the entry.
    #[serde(default, skip_serializing_if = "DaySet::is_all")]
    pub entered_on: DaySet,
    /// Hours of the entry; absent: any. Past midnight the day is the one on which the hours began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<Hours>,
    /// The stay must end before this; absent: any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_before: Option<LeaveBefore>,
    /// Hours of the exit; absent: any. Makes a price that can fall as time grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Hours>,
    /// The most such a stay costs.
    #[cfg_attr(test, schemars(with = "i64"))]
    pub at_most: Won,
}

/// A time on the day of entry or a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaveBefore {
    /// Days after the day of entry, 0–31.
    pub days_later: u8,
    /// Time on that day, excluded.
    pub time: ClockTime,
}

/// A pass on sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassOffer {
    /// Its code.
    pub code: String,
    /// How it reads on a receipt.
    pub label: Label,
    /// How long it is valid.
    pub kind: PassKind,
    /// Its price.
    #[cfg_attr(test, schemars(with = "i64"))]
    pub price: Won,
    /// The length of stay from which its publisher recommends or applies it, as published. Kept, never charged by: where
    /// it changes the price a [`Cap`] says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_threshold_minutes: Option<i64>,
    /// Days it covers (야간·평일 정기권).
    #[serde(default, skip_serializing_if = "DaySet::is_all")]
    pub days: DaySet,
    /// Hours it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// How long a pass is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PassKind {
    /// So many minutes from its start (시간권, 주차권).
    Minutes(i64),
    /// To the end of the calendar day of its start (일일권).
    Day,
    /// 24 hours from its start.
    Hours24,
    /// To the end of the calendar month of its start (월정기권).
    CalendarMonth,
    /// To the eve of the same day of the next month.
    Month,
}

/// How the result is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rounding {
    /// To a multiple of so many won: 1, 10, 100 or 1000.
    pub to_won: i64,
    /// Which way.
    pub mode: RoundingMode,
}

impl Default for Rounding {
    fn default() -> Self {
        Self { to_won: 10, mode: RoundingMode::Down }
    }
}

/// Which way to round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// 절사.
    #[default]
    Down,
    /// 절상.
    Up,
    /// 반올림.
    HalfUp,
}

/// Whether the price bears VAT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tax {
    /// VAT is in the price.
    #[default]
    Included,
    /// The price bears none.
    Exempt,
}
