//! The law of order, over generated histories of several plates and vendors at one lot: however often and in whatever order and
//! batches its events arrive, visits, money and what drivers were told end the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod story;
mod world;

use baro_domain::GateVendor;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use story::{Happening, History, What, any_history};
use world::World;

proptest! {
    #![proptest_config(Config { cases: 400, ..Config::default() })]

    /// Two deliveries of one history are compared when all of it has arrived: as generated (permuted, repeated, in
    /// batches), and all at once, each event once. Then these are equal:
    ///
    /// - **state**: the timelines of all plates: visits, exits without an entry, payments of no visit;
    /// - **money**: each visit's fee and what is due, the payments, and the journal's entries by id with every posting;
    /// - **notices**, in this sense. On the way more may be told than in the end holds, for what is true of a half-told history
    ///   is not known to be half-told: an exit before its entry closes nothing, an entry whose exit is still under way opens a visit that a
    ///   later batch ends an hour ago. So the notices *published* can't be equal. What must be: of each visit the last word published
    ///   (inside; over, when and owing what; withdrawn counts as never said) is the word of the final fold, and every notice
    ///   of the final fold has been told, under the same id, with its newest wording. A consumer that keeps the newest by id
    ///   therefore ends with the same, and whoever was told of something else was told of its end too.
    ///
    /// That news older than 30 minutes is not told (D-016) is left out here: it depends on when a batch arrives, and is meant to.
    #[test]
    fn order_repetition_and_batches_change_neither_visits_nor_money_nor_the_last_word(history in any_history()) {
        let once: Vec<usize> = (0..history.happenings.len()).collect();
        let delivered = World::after(&history, &history.deliveries, history.batch);
        let told_at_once = World::after(&history, &once, once.len());
        prop_assert_eq!(delivered.state(), told_at_once.state(), "state");
        prop_assert_eq!(delivered.payments(), told_at_once.payments(), "payments");
        prop_assert_eq!(delivered.journal(), told_at_once.journal(), "journal");
        prop_assert_eq!(delivered.last_words(), told_at_once.last_words(), "last words");
        let told = delivered.told();
        for (id, kind) in told_at_once.told() {
            prop_assert_eq!(told.get(&id), Some(&kind), "a notice");
        }
    }

    /// One by one, as things happen, is an order like any other.
    #[test]
    fn a_history_told_as_it_happens_ends_as_one_told_at_once(history in any_history()) {
        let once: Vec<usize> = (0..history.happenings.len()).collect();
        let live = World::after(&history, &once, 1);
        let at_once = World::after(&history, &once, once.len());
        prop_assert_eq!(live.state(), at_once.state());
        prop_assert_eq!(live.last_words(), at_once.last_words());
    }
}

/// A law that does not hold shows what a failure looks like: shrunk to what it takes, one line an event.
#[test]
fn a_history_that_fails_is_shrunk_and_printed_one_line_an_event() {
    let mut runner = TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });
    let nobody_pays_for_a_visit = |history: History| {
        let world = World::after(&history, &history.deliveries, history.batch);
        let is_paid =
            world.state().values().any(|plate| plate.timeline.visits.iter().any(|v| v.paid.get() > 0));
        prop_assert!(!is_paid);
        Ok(())
    };
    let failed = runner.run(&any_history(), nobody_pays_for_a_visit);
    let Err(TestError::Fail(_, history)) = failed else { panic!("the false law held") };
    let printed = format!("{history:?}");
    assert_eq!((history.happenings.len(), history.deliveries.len()), (2, 2), "{printed}");
    assert_eq!(printed.lines().count(), 4, "{printed}");
    assert!(printed.contains("  driver           pays 100 won"), "{printed}");
}

#[test]
fn an_event_is_printed_with_time_lane_plate_vendor_and_what_happened() {
    let what = What::Read { vendor: GateVendor::Hikvision, lane: 0 };
    let printed = format!("{:?}", Happening { minute: 65, plate: 0, what });
    assert_eq!(printed, "11:05  in    12가3456  Hikvision        enters");
}
