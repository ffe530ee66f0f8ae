//! What is asked of a tariff and what it answers.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::spec::{Evidence, Label, VehicleClass};
use crate::Won;
use crate::calendar::Calendar;
use crate::money::VatSplit;

/// The longest stay that is priced: ten years. Beyond it a person decides (an abandoned car).
pub const MAX_STAY_MINUTES: i64 = 3_660 * 24 * 60;

/// A stay to be priced. Only what differs from a plain car without claims needs to be set.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Stay<'a> {
    /// When the car came.
    pub entered_at: Timestamp,
    /// When it left, or the moment the price is asked for.
    pub left_at: Timestamp,
    /// The lot's zone. Take it once with `TimeZone::get` and keep it: looking a zone up by name costs more than a quote.
    pub time_zone: &'a TimeZone,
    /// Public holidays.
    pub calendar: &'a Calendar,
    /// Class of the vehicle.
    pub vehicle: VehicleClass,
    /// Discounts claimed, vouchers given.
    pub claims: &'a [DiscountClaim],
    /// Passes that the driver holds.
    pub passes: &'a [HeldPass],
    /// Whether to look for the next price step (`leaveBy`, `nextStep`); a receipt needs none.
    pub look_ahead: bool,
}

impl<'a> Stay<'a> {
    /// A plain car's stay.
    pub fn new(
        entered_at: Timestamp,
        left_at: Timestamp,
        time_zone: &'a TimeZone,
        calendar: &'a Calendar,
    ) -> Self {
        let vehicle = VehicleClass::default();
        Self { entered_at, left_at, time_zone, calendar, vehicle, claims: &[], passes: &[], look_ahead: true }
    }

    /// For another class of vehicle.
    #[must_use]
    pub fn vehicle(self, vehicle: VehicleClass) -> Self {
        Self { vehicle, ..self }
    }

    /// With discounts claimed.
    #[must_use]
    pub fn claims(self, claims: &'a [DiscountClaim]) -> Self {
        Self { claims, ..self }
    }

    /// With passes held.
    #[must_use]
    pub fn passes(self, passes: &'a [HeldPass]) -> Self {
        Self { passes, ..self }
    }

    /// Without looking for the next price step.
    #[must_use]
    pub fn without_look_ahead(self) -> Self {
        Self { look_ahead: false, ..self }
    }
}

/// A claim to one of the tariff's discounts, with what is known about it at the moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscountClaim {
    /// Code of the discount rule.
    pub rule: String,
    /// Which voucher it is, where a merchant gave one: two of one rule are told apart by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<String>,
    /// What proved it; absent: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Times this driver or plate has had it today.
    #[serde(default)]
    pub used_today: u32,
    /// Times this driver or plate has had it this month.
    #[serde(default)]
    pub used_this_month: u32,
    /// What is left of the merchant's budget; absent: no budget bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<Won>,
}

impl DiscountClaim {
    /// A first use with this proof.
    pub fn new(rule: impl Into<String>, evidence: Option<Evidence>) -> Self {
        Self {
            rule: rule.into(),
            voucher: None,
            evidence,
            used_today: 0,
            used_this_month: 0,
            budget_left: None,
        }
    }
}

/// A pass a driver holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeldPass {
    /// Code of the offer in the tariff.
    pub offer: String,
    /// First moment it is valid.
    pub valid_from: Timestamp,
    /// First moment it no longer is.
    pub valid_until: Timestamp,
}

/// What a stay costs, and why. The receipt of a payment is the quote that was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// Tariff.
    pub tariff_id: SmolStr,
    /// Its version.
    pub tariff_version: u32,
    /// As asked.
    pub entered_at: Timestamp,
    /// As asked.
    pub left_at: Timestamp,
    /// Class it was priced for.
    pub vehicle: VehicleClass,
    /// Length of the stay in minutes, as the tariff counts seconds.
    pub minutes: i64,
    /// Minutes that the meter counted.
    pub charged_minutes: i64,
    /// What is to pay. Never negative.
    pub total: Won,
    /// The total told apart; what each line adds, in order. Their amounts sum to the total.
    pub lines: Vec<QuoteLine>,
    /// The total with its VAT told apart.
    pub vat: VatSplit,
    /// Leaving up to this moment costs the same; absent when the price was not looked for or does not change within the
    /// next fortnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_by: Option<Timestamp>,
    /// The next change of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<PriceStep>,
    /// Every discount that was claimed, and what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<ConsideredDiscount>,
}

/// One reason of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteLine {
    /// What kind of rule made it.
    pub rule: LineRule,
    /// Code of the band, discount, pass or stay rule.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub code: SmolStr,
    /// For the driver: `labelKo`, `labelEn`.
    #[serde(flatten)]
    pub label: LineLabel,
    /// Start of the time it is about.
    pub from: Timestamp,
    /// End of the time it is about.
    pub to: Timestamp,
    /// Number of units; 0 where the rule has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub units: i64,
    /// Minutes of a unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unit_minutes: i64,
    /// Price of a unit.
    #[serde(default, skip_serializing_if = "is_zero_won")]
    pub unit_price: Won,
    /// What it adds to the price; negative when it takes off.
    pub amount: Won,
}

/// The words of a line in both languages, one after the other in one piece of memory: a month's quote has a hundred of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "BothLabels<String>")]
pub struct LineLabel {
    both: String,
    /// Where English begins.
    english: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BothLabels<T> {
    label_ko: T,
    label_en: T,
}

impl LineLabel {
    /// Of both texts.
    pub fn new(ko: &str, en: &str) -> Self {
        let mut both = String::with_capacity(ko.len() + en.len());
        both.push_str(ko);
        both.push_str(en);
        Self { both, english: ko.len() }
    }

    /// Korean.
    pub fn ko(&self) -> &str {
        &self.both[..self.english]
    }

    /// English.
    pub fn en(&self) -> &str {
        &self.both[self.english..]
    }
}

impl From<BothLabels<String>> for LineLabel {
    fn from(labels: BothLabels<String>) -> Self {
        Self::new(&labels.label_ko, &labels.label_en)
    }
}

impl From<&Label> for LineLabel {
    fn from(label: &Label) -> Self {
        Self::new(&label.ko, &label.en)
    }
}

impl Serialize for LineLabel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        BothLabels { label_ko: self.ko(), label_en: self.en() }.serialize(serializer)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero_won(value: &Won) -> bool {
    value.is_zero()
}

/// Kinds of rules that make lines. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineRule {
    /// Units of the first tier.
    Base,
    /// Units of a later tier.
    Additional,
    /// Free minutes on entry.
    Grace,
    /// No charged hours met.
    Free,
    /// A band's own maximum.
    BandCap,
    /// The maximum of a charging day.
    DayCap,
    /// The day ticket's price.
    DayTicket,
    /// The maximum of the stay.
    StayCap,
    /// When the car came and went.
    StayRule,
    /// A pass.
    Pass,
    /// A discount.
    Discount,
    /// Rounding of the result.
    Rounding,
}

/// A change of the price to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceStep {
    /// From this moment on.
    pub at: Timestamp,
    /// By so much; negative only under a rule that makes the price fall (day ticket, free exit).
    pub increase: Won,
}

/// A discount that was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsideredDiscount {
    /// Code of the rule.
    pub rule: String,
    /// Which voucher, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<String>,
    /// What became of it.
    pub outcome: DiscountOutcome,
    /// What it would take off by itself, or did take off.
    pub amount: Won,
}

/// What became of a claim. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountOutcome {
    /// It is in the price.
    Applied,
    /// Another was better for the driver, or excludes it.
    BetterOther,
    /// It takes nothing off this stay.
    NothingToTakeOff,
    /// The tariff knows no such discount.
    UnknownRule,
    /// No proof that the rule accepts.
    EvidenceMissing,
    /// Used up for today.
    DailyLimit,
    /// Used up for this month.
    MonthlyLimit,
    /// Not in a lot of this grade.
    NotInThisGrade,
    /// Not for this class of vehicle.
    NotThisVehicle,
    /// Not on this kind of day.
    NotThisDay,
    /// Not on what a pass leaves to pay.
    NotWithPass,
    /// The merchant's budget is spent.
    BudgetSpent,
    /// The same claim twice.
    Duplicate,
}
