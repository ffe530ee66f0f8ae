//! Copies the seeds out of `events/` and runs libFuzzer's targets one after the other:
//! `cargo run -p baro-fuzz` copies; `cargo run -p baro-fuzz -- run SECONDS [TARGET…]` copies and runs.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::{fs, io};

use baro_fuzz::{TARGETS, root, seeds};

/// Inputs longer than this find nothing that shorter ones don't, in bytes.
const MAX_INPUT: usize = 16_384;
/// An input that takes longer is a finding, in seconds.
const TIMEOUT_S: u32 = 10;

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match asked.first().map(String::as_str) {
        None | Some("seeds") => TARGETS.iter().try_for_each(|target| copy(target.name).map(drop)),
        Some("run") if asked.len() >= 2 => run(&asked[1], &asked[2..]),
        Some(_) => Err(io::Error::other("seeds, or run SECONDS [TARGET…]")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a target's seeds to its corpus under `target/`, which git does not know.
fn copy(target: &str) -> io::Result<PathBuf> {
    let folder = root().join("target/fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    let seeds = seeds::of(target)?;
    println!("{target}: {} seeds in {}", seeds.len(), folder.display());
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(folder)
}

fn run(seconds: &str, wanted: &[String]) -> io::Result<()> {
    let known = |name: &String| TARGETS.iter().any(|target| target.name == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        return Err(io::Error::other(format!("there is no target {unknown}")));
    }
    for target in TARGETS.iter().filter(|target| wanted.is_empty() || wanted.iter().any(|w| w == target.name))
    {
        let corpus = copy(target.name)?;
        let status = Command::new("cargo")
            .args(["fuzz", "run", "--fuzz-dir", "infra/fuzz/libfuzzer", "--target-dir", "target/fuzz"])
            .args(["--sanitizer", "none", target.name])
            .arg(corpus)
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .arg(format!("-timeout={TIMEOUT_S}"))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .current_dir(root())
            // libFuzzer's instrumentation is no feature of the stable compiler otherwise.
            .env("RUSTC_BOOTSTRAP", "1")
            .status()?;
        if !status.success() {
            return Err(io::Error::other(format!("{} has a finding", target.name)));
        }
    }
    Ok(())
}
