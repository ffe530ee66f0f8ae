//! `cargo run --release -p baro-bench -- [FUNCTION…]`: builds the release binaries, runs them against stand-ins on this machine, prints
//! what they weigh and use beside a hello world, and what a million gate events cost. Ends with 1 where the budget is exceeded.

mod asked;
mod budget;
mod case;
mod cost;
mod instance;
mod measure;
mod report;
mod runtime_api;
mod stored;

use anyhow::{Context as _, Result, ensure};
use baro_testing::Cloud;
use budget::Budget;
use case::Case;
use clap::Parser;
use cost::Prices;
use measure::{Effort, Figures};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measures the release binaries of Baro's functions.
#[derive(Parser)]
struct Options {
    /// Functions to measure; all that have a case, where none is named.
    functions: Vec<String>,
    /// Prints JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Takes the binaries as they are instead of building them.
    #[arg(long)]
    no_build: bool,
    /// Starts of each function.
    #[arg(long, default_value_t = 25)]
    starts: usize,
    /// Measured rounds of each function's use cases.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Where the cases are, if not in infra/bench/cases.
    #[arg(long)]
    cases: Option<PathBuf>,
    /// Where the binaries are.
    #[arg(long)]
    binaries: Option<PathBuf>,
}

const HELLO: &str = "baro-bench-hello";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let bench = root.join("infra/bench");
    let folder = options.cases.clone().unwrap_or_else(|| bench.join("cases"));
    let cases = cases(&folder, &options.functions)?;
    if !options.no_build {
        build(&root, &cases).await?;
    }
    let binaries = options.binaries.clone().unwrap_or_else(|| root.join("target/release"));
    let measured = measure_all(&cases, &binaries, &options).await?;
    let bill = Prices::read(&bench.join("prices.json"))?.bill(&measured)?;
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&serde_json::json!({"functions": measured, "cost": bill}))?
        );
    } else {
        print!("{}", report::text(&measured, bill.as_ref()));
    }
    let exceeded = Budget::read(&bench.join("budget.json"))?.exceeded(&measured, bill.as_ref());
    for sentence in &exceeded {
        eprintln!("over budget: {sentence}");
    }
    Ok(if exceeded.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The hello world first, then the wanted functions by name.
fn cases(folder: &Path, wanted: &[String]) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            all.push(Case::read(&path)?);
        }
    }
    for name in wanted {
        ensure!(all.iter().any(|case| &case.function == name), "{name} has no case in {}", folder.display());
    }
    all.retain(|case| case.function == HELLO || wanted.is_empty() || wanted.contains(&case.function));
    all.sort_by_key(|case| (case.function != HELLO, case.function.clone()));
    Ok(all)
}

async fn build(root: &Path, cases: &[Case]) -> Result<()> {
    let mut command = tokio::process::Command::new("cargo");
    command.current_dir(root).args(["build", "--release", "--quiet"]);
    for case in cases {
        command.args(["-p", &case.package()]);
    }
    ensure!(command.status().await?.success(), "the build failed");
    Ok(())
}

async fn measure_all(cases: &[Case], binaries: &Path, options: &Options) -> Result<Vec<Figures>> {
    let effort = Effort { starts: options.starts, rounds: options.rounds };
    let hello = binaries.join(HELLO);
    let mut measured = Vec::new();
    for case in cases {
        // Each function has a cloud of its own, as empty as the one before.
        let cloud = Cloud::start().await;
        measured.push(measure::function(case, &binaries.join(&case.function), &hello, &cloud, effort).await?);
    }
    Ok(measured)
}
