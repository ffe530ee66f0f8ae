//! Tariffs: what a stay costs and why. Every rule of a lot is data ([`TariffSpec`]); no lot needs code.
//!
//! ```text
//! TariffSpec ──check──▶ Tariff ──quote(Stay)──▶ Quote { total, lines, … }
//! ```
//! Nothing here knows of payments, or which of a lot's tariffs is in force ([`TariffBook`] does).

mod apds;
mod book;
mod check;
mod clock_time;
mod discount;
mod falls;
mod findings;
mod label;
mod lines;
mod merchant;
mod meter;
mod meter_sums;
mod meter_walk;
mod next_step;
mod pass;
mod plan;
mod pricing;
mod quote;
mod quoting;
mod spec;
mod timeline;
mod unpaid;
mod versions;

use serde::{Deserialize, Serialize};

pub use apds::{ApdsExport, ApdsPlace, NotExpressed};
pub use book::{BookError, TariffBook};
pub use check::{Problem, ProblemCode, TariffError};
pub use clock_time::{ClockTime, Hours};
pub use falls::Fall;
pub use findings::{Finding, FindingCode};
pub use merchant::{BudgetError, MerchantBudget, MerchantValidation};
pub use quote::{
    ConsideredDiscount, DiscountClaim, DiscountOutcome, HeldPass, LineLabel, LineRule, MAX_STAY_MINUTES,
    PriceStep, Quote, QuoteLine, Stay,
};
pub use spec::*;
pub use unpaid::{Demand, demand};
pub use versions::{AmendError, ChosenBy, LotTariffs, MAX_VERSIONS};

use plan::Plan;

/// One version of a tariff that holds together: made from a [`TariffSpec`] that was checked.
/// Serialises as its spec, and deserialising checks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "TariffSpec", into = "TariffSpec")]
pub struct Tariff {
    spec: TariffSpec,
    plan: Plan,
}

impl Tariff {
    /// Takes a document as it came from outside; refuses one that does not hold together, naming every field at fault.
    pub fn new(spec: TariffSpec) -> Result<Self, TariffError> {
        check::refuse_bad(&spec)?;
        let plan = Plan::new(&spec);
        Ok(Self { spec, plan })
    }

    /// Takes a tariff file.
    pub fn from_json(json: &[u8]) -> Result<Self, TariffError> {
        Self::new(check::read(json)?)
    }

    /// What an operator should know before using it: where it is free, where its price can fall, what never takes
    /// effect. None of it makes the tariff illegal.
    pub fn findings(&self) -> Vec<Finding> {
        findings::findings(&self.spec)
    }

    /// Whether a stay cut in two at midnight costs the same as in one piece: the meter starts anew with each calendar
    /// day, and nothing counts across days.
    pub fn splits_at_midnight(&self) -> bool {
        let spec = &self.spec;
        let schedules = std::iter::once(&spec.schedule).chain(spec.vehicles.iter().map(|own| &own.schedule));
        let within_a_day = |schedule: &Schedule| {
            schedule.caps.iter().all(|cap| cap.per == CapPer::Day)
                && schedule.bands.iter().all(|band| band.at_most.is_none() || !band.hours.crosses_midnight())
        };
        spec.charging_day == ChargingDay::Calendar
            && spec.meter == MeterRestart::EachDay
            && spec.grace.is_none_or(|grace| grace.each == Each::Day)
            && spec.stay_rules.is_empty()
            && spec.discounts.is_empty()
            && { schedules }.all(within_a_day)
    }

    /// The tariff as APDS rate tables and rights, with a list of what they can't express.
    pub fn to_apds(&self, place: &ApdsPlace<'_>) -> ApdsExport {
        apds::export(&self.spec, place)
    }

    /// The document it was made from.
    pub fn spec(&self) -> &TariffSpec {
        &self.spec
    }

    /// Which tariff.
    pub fn id(&self) -> &str {
        &self.spec.id
    }

    /// Which version of it.
    pub fn version(&self) -> u32 {
        self.spec.version
    }

    /// What a stay costs, explained line by line. The same input gives the same bytes.
    pub fn quote(&self, stay: &Stay<'_>) -> Result<Quote, TariffError> {
        quoting::quote(&self.spec, &self.plan, stay)
    }
}

impl PartialEq for Tariff {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl Eq for Tariff {}

impl TryFrom<TariffSpec> for Tariff {
    type Error = TariffError;
    fn try_from(spec: TariffSpec) -> Result<Self, TariffError> {
        Self::new(spec)
    }
}

impl From<Tariff> for TariffSpec {
    fn from(tariff: Tariff) -> Self {
        tariff.spec
    }
}

#[cfg(test)]
mod tests;
