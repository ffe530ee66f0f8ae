//! The figures that must not be exceeded: `infra/bench/budget.json`.

use crate::cost::Bill;
use crate::measure::Figures;
use anyhow::{Context as _, Result};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The limits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    zip_bytes: u64,
    start_permille_of_hello: u64,
    peak_memory_kib: u64,
    cpu_us_per_request: BTreeMap<String, u64>,
    dynamodb_requests_per_thousand: BTreeMap<String, u64>,
    usd_per_million_gate_events: Decimal,
}

impl Budget {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a budget", path.display()))
    }

    /// What exceeds it, a sentence each.
    pub(crate) fn exceeded(&self, measured: &[Figures], bill: Option<&Bill>) -> Vec<String> {
        let mut found = Vec::new();
        for figures in measured {
            let name = &figures.function;
            let mut compare = |what: String, is: u64, limit: u64| {
                if is > limit {
                    found.push(format!("{name}: {what} is {is}, allowed {limit}"));
                }
            };
            compare("zip in bytes".into(), figures.zip_bytes, self.zip_bytes);
            compare("peak memory in KiB".into(), figures.peak_kib, self.peak_memory_kib);
            compare("start in ‰ of hello".into(), figures.start_permille(), self.start_permille_of_hello);
            for (use_case, used) in &figures.use_cases {
                if let Some(limit) = self.cpu_us_per_request.get(use_case) {
                    compare(format!("{use_case}, µs on a core"), used.cpu_us, *limit);
                }
                if let Some(limit) = self.dynamodb_requests_per_thousand.get(use_case) {
                    let is = used.dynamodb_requests_per_thousand;
                    compare(format!("{use_case}, DynamoDB requests per thousand"), is, *limit);
                }
            }
        }
        if let Some(bill) = bill.filter(|bill| bill.usd > self.usd_per_million_gate_events) {
            let allowed = self.usd_per_million_gate_events;
            found.push(format!("a million gate events cost {} USD, allowed {allowed}", bill.usd));
        }
        found
    }
}

impl Figures {
    /// Start as thousandths of the hello world's.
    pub(crate) fn start_permille(&self) -> u64 {
        self.start_us * 1_000 / self.hello_start_us.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_the_budget_is_named() {
        let budget = Budget::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../budget.json")).unwrap();
        let mut figures = Figures {
            function: "gate-events".into(),
            binary_bytes: 0,
            zip_bytes: 3 * 1024 * 1024,
            start_us: 15,
            quickest_start_us: 0,
            hello_start_us: 10,
            resident_kib: 0,
            peak_kib: 0,
            memory_mb: 256,
            stay_bytes: None,
            use_cases: BTreeMap::new(),
        };
        assert_eq!(budget.exceeded(std::slice::from_ref(&figures), None), Vec::<String>::new());
        figures.zip_bytes += 1;
        figures.start_us = 16;
        assert_eq!(
            budget.exceeded(&[figures], None),
            [
                "gate-events: zip in bytes is 3145729, allowed 3145728",
                "gate-events: start in ‰ of hello is 1600, allowed 1500"
            ]
        );
    }
}
