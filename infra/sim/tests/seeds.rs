//! Ten thousand steps of fixed seeds hold, and a seed is the same history each time.
#![allow(clippy::panic, reason = "a test stops where it stands")]
#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

use baro_sim::sim::run;

fn hold(seeds: std::ops::Range<u64>, steps: u64) {
    for seed in seeds {
        if let Err(broken) = run(seed, steps) {
            panic!("seed {seed}: {broken}");
        }
    }
}

#[test]
fn five_thousand_steps_of_five_seeds_hold() {
    hold(1..6, 1_000);
}

#[test]
fn five_thousand_steps_of_five_other_seeds_hold() {
    hold(101..106, 1_000);
}

#[test]
fn a_seed_is_the_same_history_each_time() {
    // Debts and their ids come up after some hundreds.
    assert_eq!(run(3, 750), run(3, 750));
}
