//! Trackings that change their mind, in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{fold_tests::*, *};
use crate::{EventId, Passage, Track, TrackId};

const PLATES: [&str; 3] = ["12가3456", "12가3458", "34나7890"];

fn tracked(name: &str, plate: &str, sequence: i64, passage: Passage, minute: i64) -> GateObservation {
    let mut seen = read(name, passage, minute);
    seen.plate = PlateNumber::parse(plate);
    seen.track = Some(Track { id: TrackId::derive(&["car"]), sequence });
    seen
}

/// The items of a lot: facts by plate, reads of the one tracking.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Items {
    pub(super) facts: BTreeMap<PlateNumber, Facts>,
    trackings: BTreeMap<TrackId, Vec<TrackRead>>,
}

impl Items {
    /// What filing a read does to them.
    pub(super) fn file(&mut self, read: &GateObservation) {
        let of = |facts: &mut BTreeMap<PlateNumber, Facts>, plate: &PlateNumber| {
            facts.entry(plate.clone()).or_insert_with(|| Facts::none(plate.clone())).clone()
        };
        let mut own = of(&mut self.facts, &read.plate);
        if own.observations.iter().all(|known| known.event_id != read.event_id) {
            own.observations.push(read.clone());
        }
        self.facts.insert(read.plate.clone(), own);
        let Some(filing) = TrackRead::of(read, &read.plate) else { return };
        let tracking = self.trackings.entry(filing.track.id.clone()).or_default();
        if !tracking.contains(&filing) {
            tracking.push(filing);
        }
        for (wrong, corrections) in superseded_plates(tracking) {
            let mut facts = of(&mut self.facts, &wrong);
            facts.superseded.extend(corrections);
            facts.superseded.sort_by(|a, b| a.by.cmp(&b.by));
            facts.superseded.dedup();
            self.facts.insert(wrong, facts);
        }
    }

    pub(super) fn timelines(&self) -> BTreeMap<PlateNumber, Timeline> {
        let folded = |(plate, facts): (&PlateNumber, &Facts)| (plate.clone(), folded(facts));
        self.facts.iter().map(folded).filter(|(_, timeline)| *timeline != Timeline::default()).collect()
    }
}

fn told(reads: &[GateObservation]) -> BTreeMap<PlateNumber, Timeline> {
    let mut items = Items::default();
    for read in reads {
        items.file(read);
    }
    items.timelines()
}

fn inside(timelines: &BTreeMap<PlateNumber, Timeline>) -> Vec<&str> {
    let open = timelines.iter().filter(|(_, timeline)| timeline.open().is_some());
    open.map(|(plate, _)| plate.as_str()).collect()
}

#[test]
fn the_newest_plate_of_a_tracking_counts() {
    let new = tracked("new", PLATES[0], 1, Passage::Entered, 0);
    let first = tracked("first", PLATES[1], 2, Passage::Entered, 0);
    let second = tracked("second", PLATES[2], 3, Passage::Entered, 0);
    assert_eq!(inside(&told(&[new.clone(), first.clone()])), [PLATES[1]]);
    assert_eq!(inside(&told(&[new.clone(), first.clone(), second.clone()])), [PLATES[2]]);
    assert_eq!(inside(&told(&[second, new, first])), [PLATES[2]]);
}

#[test]
fn a_camera_that_returns_to_its_first_plate_leaves_the_entry_as_it_was() {
    let reads = [
        tracked("new", PLATES[0], 1, Passage::Entered, 0),
        tracked("other", PLATES[1], 2, Passage::Entered, 1),
        tracked("again", PLATES[0], 3, Passage::Entered, 9),
    ];
    let timelines = told(&reads);
    assert_eq!(inside(&timelines), [PLATES[0]]);
    assert_eq!(timelines.values().next().unwrap().visits[0].entered_at, at(0));
}

#[test]
fn reports_of_one_tracking_are_one_passage_however_long_it_lasts() {
    let reads = [
        tracked("new", PLATES[0], 1, Passage::Entered, 0),
        tracked("lost", PLATES[0], 2, Passage::Entered, 20),
    ];
    assert_eq!(told(&reads).values().next().unwrap().visits.len(), 1);
}

#[test]
fn a_report_without_a_plate_corrects_nothing() {
    let mut unread = tracked("lost", PLATES[0], 9, Passage::Entered, 0);
    unread.plate = PlateNumber::unread();
    let timelines = told(&[tracked("new", PLATES[0], 1, Passage::Entered, 0), unread]);
    assert_eq!(inside(&timelines), [PLATES[0]]);
}

#[test]
fn a_camera_that_counts_from_the_beginning_again_corrects_nobody() {
    let reads = [
        tracked("today", PLATES[0], 1, Passage::Entered, 0),
        tracked("later", PLATES[1], 2, Passage::Entered, 90),
    ];
    assert_eq!(inside(&told(&reads)), [PLATES[0], PLATES[1]]);
}

fn any_reads() -> impl Strategy<Value = Vec<GateObservation>> {
    let passage = prop_oneof![
        3 => Just(Passage::Entered), 1 => Just(Passage::AtExit), 1 => Just(Passage::AtExitOnly), 2 => Just(Passage::Left)
    ];
    let one = (0_usize..3, 0_i64..6, passage, 0_i64..150, prop::bool::weighted(0.8), 0_u8..2);
    prop::collection::vec(one, 0..9).prop_map(|all| {
        let reads =
            all.into_iter().enumerate().map(|(i, (plate, sequence, passage, minute, follows, car))| {
                let mut seen = tracked(&format!("r{i}"), PLATES[plate], sequence, passage, minute);
                seen.track = seen.track.filter(|_| follows);
                if let Some(track) = &mut seen.track {
                    track.id = TrackId::derive(&[&car.to_string()]);
                }
                seen
            });
        reads.collect()
    })
}

proptest! {
    #[test]
    fn corrections_in_any_order_and_repetition_end_in_the_same_visits(
        (reads, shuffled) in any_reads().prop_flat_map(|reads| {
            let doubled: Vec<_> = reads.iter().chain(&reads).cloned().collect();
            (Just(reads), Just(doubled).prop_shuffle())
        })
    ) {
        prop_assert_eq!(told(&reads), told(&shuffled));
    }

    #[test]
    fn a_tracking_of_one_hour_puts_its_car_under_one_plate(
        plates in prop::collection::vec(0_usize..3, 1..6)
    ) {
        let reads: Vec<_> = (0_i64..).zip(plates).map(|(sequence, plate)| {
            tracked(&format!("r{sequence}"), PLATES[plate], sequence, Passage::Entered, sequence)
        }).collect();
        let timelines = told(&reads);
        let last = reads.last().unwrap().plate.as_str();
        prop_assert_eq!(inside(&timelines), vec![last]);
        let ids: BTreeSet<&EventId> = reads.iter().map(|read| &read.event_id).collect();
        prop_assert_eq!(ids.len(), reads.len());
    }
}
