//! An offline day through the queue, small enough for every run of the tests.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]
#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

#[test]
fn an_offline_day_in_any_order_and_with_repetitions_folds_right_while_live_reads_are_answered() {
    let report = baro_sim::backlog::run(1, 600).unwrap();
    assert!(report.posted > report.events && report.filed == report.posted);
    assert!(report.plates >= 50 && report.visits > report.plates);
    assert!(report.live.len() > 10, "{}", report.live.len());
}
