//! What a million gate events cost at list price, from the measured units. Decimals throughout.

use crate::measure::{Figures, UseCase};
use anyhow::{Context as _, Result};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a million gate events are made of: one stay of a car is these three.
pub(crate) const GATE_USE_CASES: [&str; 3] = ["entry", "exit-approach", "exit-passage"];
/// What a change of an item costs behind the stream, measured for one record.
pub(crate) const STREAM_USE_CASE: &str = "stream-record";

const MILLION: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
const BYTES_PER_GB: Decimal = Decimal::from_parts(1_073_741_824, 0, 0, false, 0);

/// `infra/bench/prices.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Prices {
    prices: BTreeMap<String, Price>,
    assumptions: BTreeMap<String, Assumption>,
}

#[derive(Debug, Deserialize)]
struct Price {
    unit: String,
    us_east_1: Decimal,
    ap_northeast_2: Option<Decimal>,
    source: String,
}

#[derive(Debug, Deserialize)]
struct Assumption {
    value: Decimal,
}

/// One line of the bill.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// What is billed.
    pub(crate) what: String,
    /// How much of it, in the unit of the price.
    pub(crate) quantity: Decimal,
    /// The unit.
    pub(crate) unit: String,
    /// USD a unit in us-east-1.
    pub(crate) price: Decimal,
    /// USD in us-east-1.
    pub(crate) usd: Decimal,
    /// USD in Seoul, where the price is known.
    pub(crate) usd_seoul: Option<Decimal>,
    /// Where the price is from.
    pub(crate) source: String,
}

/// The bill for a million gate events.
#[derive(Debug, Serialize)]
pub(crate) struct Bill {
    /// Its lines.
    pub(crate) lines: Vec<Line>,
    /// Their sum in USD, us-east-1.
    pub(crate) usd: Decimal,
    /// Their sum in USD in Seoul, if every price is known.
    pub(crate) usd_seoul: Option<Decimal>,
    /// What is not in it, as it could not be measured.
    pub(crate) missing: Vec<String>,
}

impl Prices {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a price list", path.display()))
    }

    fn assumed(&self, name: &str) -> Result<Decimal> {
        self.assumptions
            .get(name)
            .map(|assumption| assumption.value)
            .with_context(|| format!("nothing is assumed for {name}"))
    }

    fn line(&self, what: &str, price: &str, quantity: Decimal) -> Result<Line> {
        let price = self.prices.get(price).with_context(|| format!("no price for {price}"))?;
        Ok(Line {
            what: what.to_owned(),
            quantity: quantity.round_dp(4).normalize(),
            unit: price.unit.clone(),
            price: price.us_east_1,
            usd: quantity * price.us_east_1,
            usd_seoul: price.ap_northeast_2.map(|seoul| quantity * seoul),
            source: price.source.clone(),
        })
    }

    /// GB-seconds of one invocation: its processor time stretched by its share of a core, the waiting for others, rounded up to the
    /// millisecond, and its part of the cold starts.
    fn gb_seconds(&self, used: &UseCase, of: &Figures) -> Result<Decimal> {
        let (memory, per_core) = (Decimal::from(of.memory_mb), self.assumed("mb_per_core")?);
        let requests = used.dynamodb_requests_per_thousand
            + used.sqs_requests_per_thousand
            + used.s3_requests_per_thousand;
        let waiting_ms =
            Decimal::from(requests) / Decimal::from(1_000) * self.assumed("wait_ms_per_request")?;
        let computing_ms =
            Decimal::from(used.cpu_us) / Decimal::from(1_000) * (per_core / memory).max(Decimal::ONE);
        let cold = self.assumed("cold_starts_per_million")? / MILLION * Decimal::from(of.start_us)
            / Decimal::from(1_000);
        let billed_ms = (computing_ms + waiting_ms).ceil() + cold;
        Ok(billed_ms / Decimal::from(1_000) * memory / Decimal::from(1_024))
    }

    /// The bill for a million gate events, or `None` where no gate use case was measured.
    pub(crate) fn bill(&self, measured: &[Figures]) -> Result<Option<Bill>> {
        let gate: Vec<(&UseCase, &Figures)> =
            GATE_USE_CASES.iter().filter_map(|name| find(measured, name)).collect();
        if gate.len() < GATE_USE_CASES.len() {
            return Ok(None);
        }
        let share = MILLION / Decimal::from(gate.len());
        let stream = find(measured, STREAM_USE_CASE);
        let mut totals = Totals::default();
        for (used, figures) in &gate {
            totals.add(used, share, self.gb_seconds(used, figures)?);
        }
        let (requests, answers) = (totals.invocations, totals.answer_bytes);
        if let Some((used, figures)) = stream {
            // Measured for one record; of an invocation's own cost each record bears its part of the batch.
            let batch = self.assumed("stream_batch")?;
            let invocations = MILLION / batch;
            let time = self.gb_seconds(used, figures)?;
            // Measured in a lot of which a counter follows the visits; in smaller ones nothing is written.
            let write_units = used.write_units * self.assumed("counted_by_change")?;
            totals.add(&UseCase { write_units, ..used.clone() }, MILLION, time);
            totals.invocations = requests + invocations;
        }
        let million = |count: Decimal| count / MILLION;
        let out = answers + requests * self.assumed("header_bytes")?;
        let logged = totals.log_bytes
            + totals.log_events * self.assumed("log_overhead_bytes")?
            + totals.invocations * self.assumed("platform_log_bytes")?;
        let stay_bytes = gate.iter().find_map(|(_, figures)| figures.stay_bytes);
        let stored =
            Decimal::from(stay_bytes.unwrap_or(0)) * share / BYTES_PER_GB * self.assumed("stored_months")?;
        let lines = vec![
            self.line("API Gateway", "api_request", million(requests))?,
            self.line("Lambda, requests", "lambda_request", million(totals.invocations))?,
            self.line("Lambda, duration", "lambda_gb_second", totals.gb_seconds)?,
            self.line("DynamoDB, writes", "dynamodb_write", million(totals.write_units))?,
            self.line("DynamoDB, reads", "dynamodb_read", million(totals.read_units))?,
            self.line("DynamoDB, storage", "dynamodb_gb_month", stored)?,
            self.line("DynamoDB, point-in-time recovery", "dynamodb_pitr_gb_month", stored)?,
            self.line(
                "SQS (send, receive, delete)",
                "sqs_request",
                million(totals.sqs_requests * Decimal::from(3)),
            )?,
            self.line("S3, PUT", "s3_put", million(totals.s3_requests))?,
            self.line("CloudWatch Logs", "log_gb", logged / BYTES_PER_GB)?,
            self.line("Data out", "transfer_gb", out / BYTES_PER_GB)?,
        ];
        let mut missing = Vec::new();
        if stream.is_none() {
            missing.push(format!("{STREAM_USE_CASE} (stream-router) was not measured"));
        }
        if stay_bytes.is_none() {
            missing.push("storage: no item of a whole stay was found".to_owned());
        }
        Ok(Some(Bill {
            usd: lines.iter().map(|line| line.usd).sum::<Decimal>().round_dp(4),
            usd_seoul: lines.iter().map(|line| line.usd_seoul).sum(),
            lines,
            missing,
        }))
    }
}

fn find<'a>(measured: &'a [Figures], use_case: &str) -> Option<(&'a UseCase, &'a Figures)> {
    measured.iter().find_map(|figures| Some((figures.use_cases.get(use_case)?, figures)))
}

#[derive(Default)]
struct Totals {
    invocations: Decimal,
    gb_seconds: Decimal,
    write_units: Decimal,
    read_units: Decimal,
    sqs_requests: Decimal,
    s3_requests: Decimal,
    log_bytes: Decimal,
    log_events: Decimal,
    answer_bytes: Decimal,
}

impl Totals {
    fn add(&mut self, used: &UseCase, times: Decimal, gb_seconds: Decimal) {
        let per_thousand = |requests: u64| times * Decimal::from(requests) / Decimal::from(1_000);
        self.invocations += times;
        self.gb_seconds += times * gb_seconds;
        self.write_units += times * used.write_units;
        self.read_units += times * used.read_units;
        self.sqs_requests += per_thousand(used.sqs_requests_per_thousand);
        self.s3_requests += per_thousand(used.s3_requests_per_thousand);
        self.log_bytes += times * Decimal::from(used.log_bytes);
        self.log_events += if used.log_bytes > 0 { times } else { Decimal::ZERO };
        self.answer_bytes += times * Decimal::from(used.answer_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(cpu_us: u64, write_units: &str) -> UseCase {
        UseCase {
            invocations: 1,
            cpu_us,
            wall_us: 0,
            dynamodb_requests_per_thousand: 1_000,
            read_units: Decimal::ZERO,
            write_units: write_units.parse().unwrap(),
            sqs_requests_per_thousand: 0,
            s3_requests_per_thousand: 0,
            log_bytes: 0,
            answer_bytes: 0,
            requests: BTreeMap::new(),
        }
    }

    fn figures(use_cases: &[(&str, UseCase)]) -> Figures {
        Figures {
            function: "gate-events".into(),
            binary_bytes: 0,
            zip_bytes: 0,
            start_us: 0,
            quickest_start_us: 0,
            hello_start_us: 0,
            resident_kib: 0,
            peak_kib: 0,
            memory_mb: 256,
            stay_bytes: Some(1_073),
            use_cases: use_cases.iter().map(|(name, used)| ((*name).to_owned(), used.clone())).collect(),
        }
    }

    fn prices() -> Prices {
        Prices::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../prices.json")).unwrap()
    }

    #[test]
    fn a_million_events_of_one_write_cost_what_the_price_list_says() {
        let measured = [figures(&[
            ("entry", used(500, "1")),
            ("exit-approach", used(500, "1")),
            ("exit-passage", used(500, "1")),
        ])];
        let bill = prices().bill(&measured).unwrap().unwrap();
        let usd = |what: &str| {
            bill.lines.iter().find(|line| line.what == what).unwrap().usd.round_dp(4).to_string()
        };
        assert_eq!(usd("API Gateway"), "1.0000");
        assert_eq!(usd("DynamoDB, writes"), "0.6250");
        assert_eq!(usd("Lambda, requests"), "0.2000");
        // 0.5 ms on a core are 3.46 ms at 256 MB, plus 5 ms of waiting: 9 ms billed, 2,250 GB-s.
        assert_eq!(usd("Lambda, duration"), "0.0300");
        // A stay of 1,073 bytes for every three events, two months long.
        assert_eq!(usd("DynamoDB, storage"), "0.1666");
        assert_eq!(bill.missing.len(), 1, "the stream is said to be missing");
    }

    #[test]
    fn the_stream_writes_only_for_large_lots() {
        let gate = figures(&[
            ("entry", used(500, "1")),
            ("exit-approach", used(500, "1")),
            ("exit-passage", used(500, "1")),
        ]);
        let mut stream = figures(&[(STREAM_USE_CASE, used(500, "1"))]);
        stream.function = "stream-router".into();
        let bill = prices().bill(&[gate, stream]).unwrap().unwrap();
        let writes = bill.lines.iter().find(|line| line.what == "DynamoDB, writes").unwrap();
        assert_eq!(writes.quantity.to_string(), "1.303");
    }

    #[test]
    fn without_all_gate_use_cases_there_is_no_bill() {
        assert!(prices().bill(&[figures(&[("entry", used(500, "1"))])]).unwrap().is_none());
    }
}
