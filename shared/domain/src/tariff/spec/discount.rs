//! Discounts as a tariff file writes them.

use serde::{Deserialize, Serialize};

use super::{Label, VehicleClass, is_default};
use crate::Won;
use crate::calendar::DaySet;

/// A discount a driver may claim or a shop may give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscountRule {
    /// Its code, unique in the tariff.
    pub code: String,
    /// How it reads on a receipt.
    pub label: Label,
    /// Who may have it.
    pub eligibility: Eligibility,
    /// Proofs, any one of which is enough; none: no proof is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What it takes off.
    pub shape: DiscountShape,
    /// How often.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: UseLimits,
    /// Grades (급지) of lots in which it does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_grades: Vec<u8>,
    /// Classes of vehicle it is for; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vehicles: Vec<VehicleClass>,
    /// Kinds of day of the entry on which it holds.
    #[serde(default, skip_serializing_if = "DaySet::is_all")]
    pub days: DaySet,
    /// Whether it also holds on what a pass leaves to pay.
    #[serde(default, skip_serializing_if = "is_default")]
    pub with_pass: bool,
    /// A merchant's validation (매장 할인권), paid for out of the merchant's budget.
    #[serde(default, skip_serializing_if = "is_default")]
    pub voucher: bool,
    /// Its turn when discounts are stacked: lower comes first; equal ones by code.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: u16,
}

/// Who may have a discount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// Anyone who claims it.
    Everyone,
    /// 장애인.
    Disabled,
    /// 국가유공자.
    Merit,
    /// 경형자동차.
    Compact,
    /// 저공해자동차, 환경친화적 자동차.
    LowEmission,
    /// 전기자동차.
    Electric,
    /// 다자녀가정.
    MultiChild,
    /// 경로 (65세 이상).
    Senior,
    /// 임산부.
    Pregnant,
    /// 지역 주민.
    Resident,
    /// 성실납세자.
    ModelTaxpayer,
    /// 병역명문가, 자원봉사자 …: what the operator calls it.
    Other(String),
}

/// What proves eligibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A public register said so for this plate.
    Registry,
    /// A card or paper shown to a person.
    Document,
    /// The operator confirmed it.
    Operator,
    /// The driver's own word.
    Declared,
    /// A validation that a merchant signed.
    Merchant,
}

/// What a discount takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum DiscountShape {
    /// A share of what is due.
    Percent {
        /// 1–100.
        percent: u8,
    },
    /// An amount.
    Amount {
        /// How much.
        #[cfg_attr(test, schemars(with = "i64"))]
        amount: Won,
    },
    /// The first charged minutes are not charged: the meter starts after them. Then, perhaps, a share of the rest
    /// ("4시간 면제 후 50 %").
    FreeMinutes {
        /// How many.
        minutes: i64,
        /// Once a stay, or on each charging day.
        #[serde(default, skip_serializing_if = "is_default")]
        each: Each,
        /// 0–100.
        #[serde(default, skip_serializing_if = "is_default")]
        then_percent: u8,
    },
    /// A share of what certain charged minutes cost: "처음 3시간 50 %", "1시간 초과분만 30 %".
    PercentOf {
        /// First of them.
        #[serde(default, skip_serializing_if = "is_default")]
        from_minute: i64,
        /// First after them; absent: to the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_minute: Option<i64>,
        /// 1–100.
        percent: u8,
        /// Once a stay, or on each charging day.
        #[serde(default, skip_serializing_if = "is_default")]
        each: Each,
    },
}

/// Whether something holds once a stay or on each charging day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// Once a stay.
    #[default]
    Stay,
    /// On each charging day.
    Day,
}

/// How often one driver or plate may have a discount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UseLimits {
    /// Times a calendar day; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
    /// Times a calendar month; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_month: Option<u32>,
}

/// How discounts combine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct DiscountPolicy {
    /// Discounts with each other.
    pub combine: Combine,
    /// Vouchers with discounts.
    pub vouchers: Vouchers,
}

/// How discounts combine with each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Only the one best for the driver.
    #[default]
    Best,
    /// All, each on what the ones before it left, by [`DiscountRule::order`].
    InOrder,
}

/// How vouchers combine with discounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Vouchers {
    /// One voucher or the discounts, whichever is better for the driver.
    #[default]
    Alone,
    /// Vouchers are added to the discounts, at their own [`DiscountRule::order`].
    Added,
}
