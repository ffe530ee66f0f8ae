//! Measuring one function: what it weighs, how it starts, what its use cases use.

use crate::asked::Asked;
use crate::case::{Case, Round};
use crate::instance::{Instance, Used};
use crate::stored;
use anyhow::{Context as _, Result};
use baro_testing::{Cloud, gate, large_lot_record};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::time::Duration;

/// Cars before the measured ones: the first requests open connections and fault pages in.
const WARM_UP_ROUNDS: u32 = 20;

/// The figures of one function.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    /// The binary.
    pub(crate) function: String,
    /// Bytes of the binary.
    pub(crate) binary_bytes: u64,
    /// Bytes of the deployment package.
    pub(crate) zip_bytes: u64,
    /// Process start to first poll, in microseconds: median.
    pub(crate) start_us: u64,
    /// The same: quickest.
    pub(crate) quickest_start_us: u64,
    /// Median of the hello world, taken in turns with it.
    pub(crate) hello_start_us: u64,
    /// Resident memory after all requests, in KiB.
    pub(crate) resident_kib: u64,
    /// Resident memory at its highest, in KiB.
    pub(crate) peak_kib: u64,
    /// Its memory size in the template.
    pub(crate) memory_mb: u64,
    /// Bytes of an item that holds a whole stay, where the function wrote any.
    pub(crate) stay_bytes: Option<u64>,
    /// Its use cases.
    pub(crate) use_cases: BTreeMap<String, UseCase>,
}

/// The figures of a use case, an invocation each.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UseCase {
    /// How many were measured.
    pub(crate) invocations: u64,
    /// Time on a core in microseconds: mean.
    pub(crate) cpu_us: u64,
    /// From hand-over to answer on this machine in microseconds: median.
    pub(crate) wall_us: u64,
    /// DynamoDB requests per thousand invocations.
    pub(crate) dynamodb_requests_per_thousand: u64,
    /// Read request units: mean.
    pub(crate) read_units: Decimal,
    /// Write request units: mean.
    pub(crate) write_units: Decimal,
    /// SQS requests per thousand invocations.
    pub(crate) sqs_requests_per_thousand: u64,
    /// S3 requests per thousand invocations.
    pub s3_requests_per_thousand: u64,
    /// Bytes logged: mean.
    pub(crate) log_bytes: u64,
    /// Bytes of the answer as the Runtime API gets it: mean.
    pub(crate) answer_bytes: u64,
    /// All requests by operation, for the whole measurement.
    pub(crate) requests: BTreeMap<String, u64>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Starts of the function, and as many of the hello world.
    pub(crate) starts: usize,
    /// Rounds of the use cases.
    pub(crate) rounds: u32,
}

/// The deployment package: the binary as `bootstrap`, deflated as hard as possible.
pub(crate) fn zip_bytes(binary: &Path) -> Result<(u64, u64)> {
    let bytes = std::fs::read(binary).with_context(|| format!("can't read {}", binary.display()))?;
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(9)).unix_permissions(0o755);
    archive.start_file("bootstrap", options)?;
    archive.write_all(&bytes)?;
    Ok((bytes.len() as u64, archive.finish()?.into_inner().len() as u64))
}

/// What every function gets from Lambda and the template.
fn environment(case: &Case, cloud: &Cloud) -> BTreeMap<String, String> {
    let common = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", cloud.endpoint.as_str()),
        ("BARO_LOG", "info"),
        ("PARKING_TABLE", baro_testing::PARKING),
        ("BILLING_TABLE", baro_testing::BILLING),
        ("DIRECTORY_TABLE", baro_testing::DIRECTORY),
        ("ACTIVITY_TABLE", baro_testing::ACTIVITY),
    ];
    let mut all: BTreeMap<String, String> =
        common.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.extend(case.environment.clone());
    all
}

/// Measures a function.
pub(crate) async fn function(
    case: &Case,
    binary: &Path,
    hello: &Path,
    cloud: &Cloud,
    effort: Effort,
) -> Result<Figures> {
    for (id, value) in &case.secrets {
        cloud.put_secret(id, &value.to_string());
    }
    if let Some(vendor) = case.gate {
        cloud.directory().put_lots(&[large_lot_record()]).await?;
        cloud.directory().put_gate(&gate(vendor)).await?;
    }
    let environment = environment(case, cloud);
    let (binary_bytes, zip_bytes) = zip_bytes(binary)?;
    let (mut starts, mut hello_starts) = (Vec::new(), Vec::new());
    for _ in 0..effort.starts {
        // In turns, so that a busy machine slows both alike.
        hello_starts.push(started_in(hello, "hello", &environment).await?);
        starts.push(started_in(binary, &case.function, &environment).await?);
    }
    let mut instance = Instance::start(binary, &case.function, &environment).await?;
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for number in 0..WARM_UP_ROUNDS + effort.rounds {
        let round = Round { number, begin: baro_runtime::clock::now().round(jiff::Unit::Second)? };
        for (index, step) in case.steps.iter().enumerate() {
            let named = || format!("{}: step {} of round {number}", case.function, index + 1);
            cloud.forget_calls();
            let used = instance.invoke(step.event(round)?).await.with_context(named)?;
            step.check(&used.answer).with_context(named)?;
            if let Some(name) = step.use_case.as_ref().filter(|_| number >= WARM_UP_ROUNDS) {
                sums.entry(name.clone()).or_default().add(&used, &Asked::of_calls(&cloud.calls()));
            }
        }
    }
    let memory = instance.memory()?;
    instance.stop().await?;
    Ok(Figures {
        function: case.function.clone(),
        binary_bytes,
        zip_bytes,
        start_us: median_us(&mut starts),
        quickest_start_us: starts.iter().min().copied().map_or(0, micros),
        hello_start_us: median_us(&mut hello_starts),
        resident_kib: memory.resident_kib,
        peak_kib: memory.peak_kib,
        memory_mb: case.memory_mb,
        stay_bytes: stored::stay_bytes(cloud).await?,
        use_cases: sums.into_iter().map(|(name, sum)| (name, sum.mean())).collect(),
    })
}

async fn started_in(binary: &Path, name: &str, environment: &BTreeMap<String, String>) -> Result<Duration> {
    let instance = Instance::start(binary, name, environment).await?;
    let started_in = instance.started_in;
    instance.stop().await?;
    Ok(started_in)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The middle one; of an even number the later of the two, which flatters nobody.
fn median_us(durations: &mut [Duration]) -> u64 {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().map_or(0, micros)
}

#[derive(Default)]
struct Sum {
    invocations: u64,
    cpu: Duration,
    walls: Vec<Duration>,
    logged_bytes: u64,
    answer_bytes: u64,
    asked: Asked,
}

impl Sum {
    fn add(&mut self, used: &Used, asked: &Asked) {
        self.invocations += 1;
        self.cpu += used.cpu;
        self.walls.push(used.wall);
        self.logged_bytes += used.logged_bytes;
        self.answer_bytes += used.answer_bytes;
        self.asked.add(asked);
    }

    fn mean(mut self) -> UseCase {
        let count = self.invocations.max(1);
        let units = |total: Decimal| (total / Decimal::from(count)).round_dp(3).normalize();
        let per_thousand = |service: &str| (self.asked.requests_to(service) * 1_000).div_ceil(count);
        UseCase {
            invocations: self.invocations,
            cpu_us: micros(self.cpu) / count,
            wall_us: median_us(&mut self.walls),
            dynamodb_requests_per_thousand: per_thousand("dynamodb"),
            read_units: units(self.asked.read_units),
            write_units: units(self.asked.write_units),
            sqs_requests_per_thousand: per_thousand("sqs"),
            s3_requests_per_thousand: per_thousand("s3"),
            log_bytes: self.logged_bytes / count,
            answer_bytes: self.answer_bytes / count,
            requests: self.asked.requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_later_one() {
        let mut durations = [4, 1, 3, 2].map(Duration::from_micros);
        assert_eq!(median_us(&mut durations), 3);
        assert_eq!(median_us(&mut []), 0);
    }

    #[test]
    fn requests_are_given_per_thousand_and_rounded_up() {
        let mut sum = Sum { invocations: 3, ..Sum::default() };
        sum.asked.requests.insert("dynamodb.PutItem".into(), 4);
        sum.asked.write_units = Decimal::from(4);
        let mean = sum.mean();
        assert_eq!(mean.dynamodb_requests_per_thousand, 1_334);
        assert_eq!(mean.write_units.to_string(), "1.333");
    }
}
