//! Tariffs: what a stay costs and why. Every rule of a lot is data ([`TariffSpec`]); no lot needs code.
//!
//! ```text
//! TariffSpec ──check──▶ Tariff ──quote(Stay)──▶ Quote { total, lines, … }
//! ```
//! Nothing here knows of payments, or which of a lot's tariffs is in force ([`TariffBook`] does).

mod check;
mod clock_time;
mod discount;
mod label;
mod lines;
mod meter;
mod next_step;
mod plan;
mod pricing;
mod quote;
mod quoting;
mod spec;
mod timeline;

use serde::{Deserialize, Serialize};

pub use check::{Problem, ProblemCode, TariffError};
pub use clock_time::{ClockTime, Hours};
pub use quote::{
    ConsideredDiscount, DiscountClaim, DiscountOutcome, HeldPass, LineRule, MAX_STAY_MINUTES, PriceStep,
    Quote, QuoteLine, Stay,
};
pub use spec::*;

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
