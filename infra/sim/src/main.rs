//! `baro-sim`: plays seeds, or an offline day's backlog, by hand.
#![allow(clippy::print_stdout, reason = "a program for people")]
#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Drives the real handlers through histories drawn from seeds.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1, global = true)]
    seed: u64,
    /// So many seeds from there on.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Steps of each.
    #[arg(long, default_value_t = 10_000)]
    steps: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends an offline day through the backlog while live reads are answered, and measures it.
    Backlog {
        /// Reads of the day.
        #[arg(long, default_value_t = 100_000)]
        events: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let held = match arguments.command {
        Some(Command::Backlog { events }) => backlog(arguments.seed, events),
        None => {
            let seeds = arguments.seed..arguments.seed.saturating_add(arguments.seeds);
            seeds.filter(|seed| !play(*seed, arguments.steps)).count() == 0
        }
    };
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn play(seed: u64, steps: u64) -> bool {
    match baro_sim::sim::run(seed, steps) {
        Ok(tally) => println!("seed {seed}: {steps} steps hold: {:?}", tally.0),
        Err(found) => {
            println!("seed {seed} breaks at step {}: {found}", found.step);
            return false;
        }
    }
    true
}

fn backlog(seed: u64, events: usize) -> bool {
    let report = match baro_sim::backlog::run(seed, events) {
        Ok(report) => report,
        Err(wrong) => {
            println!("seed {seed}: {wrong}");
            return false;
        }
    };
    println!("{} reads, {} posted with repetitions, {} filed", report.events, report.posted, report.filed);
    println!("{} plates with {} visits are as in truth", report.plates, report.visits);
    println!("posting took {:.1?}, filing {:.1?}", report.posting, report.filing);
    for ((service, operation), count) in &report.calls {
        println!("{service} {operation}: {count}");
    }
    let below = |per_mille| report.live_below(per_mille);
    println!(
        "{} live reads answered meanwhile: half below {:.2?}, 99 % below {:.2?}, all below {:.2?}",
        report.live.len(),
        below(500),
        below(990),
        below(1_000)
    );
    true
}
