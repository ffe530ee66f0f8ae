//! Reports in any order and any number give the same state; what is told stays between none and all.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{LotId, OperatorId, lot::LotRules};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T10:00:00+09:00".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

fn counter(name: &str) -> Source {
    Source::Counter { device: GateId::parse(format!("gate_{name}")).unwrap() }
}

fn camera() -> Source {
    Source::Camera { device: GateId::parse("gate_camera").unwrap() }
}

/// 100 spaces, 4 of them for disabled people and 6 with a charger.
fn lot() -> Lot {
    let everything = vec![counter("a"), camera(), Source::Spaces, Source::Visits];
    Lot {
        id: LotId::parse("lot_test").unwrap(),
        name: "시험".into(),
        operator: OperatorId::parse("opr_test").unwrap(),
        address: String::new(),
        position: None,
        capacity: 100,
        time_zone: "Asia/Seoul".into(),
        rules: LotRules::default(),
        controller: None,
        occupancy: OccupancyRules {
            capacity: BTreeMap::from([(SpaceClass::Disabled, 4), (SpaceClass::Charging, 6)]),
            sources: BTreeMap::from([
                (SpaceClass::All, everything.clone()),
                (SpaceClass::General, everything.clone()),
                (SpaceClass::Disabled, everything),
            ]),
        },
        remarks: Vec::new(),
    }
}

fn count(source: Source, class: SpaceClass, reading: Reading, minutes: i64) -> CountReport {
    CountReport { source, class, count: Count { observed_at: at(minutes), reading } }
}

fn space(name: &str, class: SpaceClass, occupied: bool, minutes: i64) -> SpaceReport {
    SpaceReport { space: SpaceId::parse(name).unwrap(), class, occupied, observed_at: at(minutes) }
}

fn after(reports: &[CountReport]) -> OccupancyState {
    let now = at(1_000);
    reports
        .iter()
        .fold(OccupancyState::default(), |state, report| merge(&lot(), &state, report, now).unwrap())
}

fn told(lot: &Lot, state: &OccupancyState, class: SpaceClass, minutes: i64) -> ClassOccupancy {
    merged(lot, state, at(minutes)).into_iter().find(|one| one.class == class).unwrap()
}

#[test]
fn a_late_report_changes_nothing_that_is_newer() {
    let newer = count(counter("a"), SpaceClass::All, Reading::Free(10), 5);
    let late = count(counter("a"), SpaceClass::All, Reading::Free(60), 3);
    assert_eq!(told(&lot(), &after(&[newer, late]), SpaceClass::All, 6).free, Some(10));
}

#[test]
fn the_most_trusted_source_is_believed_until_it_falls_silent() {
    let state = after(&[
        count(counter("a"), SpaceClass::All, Reading::Occupied(70), 0),
        count(camera(), SpaceClass::All, Reading::Free(50), 10),
    ]);
    let whole = told(&lot(), &state, SpaceClass::All, 30);
    assert_eq!((whole.free, whole.source, whole.outdated), (Some(30), Some(SourceKind::Counter), false));
    let whole = told(&lot(), &state, SpaceClass::All, 31);
    assert_eq!((whole.free, whole.source, whole.outdated), (Some(50), Some(SourceKind::Camera), false));
    let whole = told(&lot(), &state, SpaceClass::All, 41);
    assert_eq!((whole.free, whole.source, whole.outdated), (Some(50), Some(SourceKind::Camera), true));
}

#[test]
fn visits_do_not_grow_old_and_say_nothing_of_classes() {
    let visits = VisitCount { occupied: 40, counted_at: at(0) };
    let state = OccupancyState { visits: Some(visits), ..after(&[]) };
    let whole = told(&lot(), &state, SpaceClass::All, 600);
    assert_eq!((whole.free, whole.outdated), (Some(60), false));
    assert_eq!(told(&lot(), &state, SpaceClass::Disabled, 600).free, None);
}

#[test]
fn more_cars_than_spaces_and_fewer_than_none_are_clipped_and_flagged() {
    let full = after(&[count(counter("a"), SpaceClass::All, Reading::Occupied(104), 0)]);
    let whole = told(&lot(), &full, SpaceClass::All, 1);
    assert_eq!((whole.free, whole.implausible), (Some(0), true));
    let visits = VisitCount { occupied: -3, counted_at: at(0) };
    let drifted = OccupancyState { visits: Some(visits), ..after(&[]) };
    let whole = told(&lot(), &drifted, SpaceClass::All, 1);
    assert_eq!((whole.free, whole.implausible), (Some(100), true));
}

#[test]
fn general_spaces_are_those_that_no_class_has() {
    assert_eq!(lot().spaces(SpaceClass::General), 90);
    let mut odd = lot();
    odd.occupancy.capacity.insert(SpaceClass::Family, 500);
    assert_eq!((odd.spaces(SpaceClass::General), odd.spaces(SpaceClass::Family)), (0, 100));
}

#[test]
fn a_source_that_the_lot_does_not_name_is_not_taken() {
    let now = at(10);
    let check = |report: CountReport| merge(&lot(), &OccupancyState::default(), &report, now).unwrap_err();
    let stranger = count(counter("stranger"), SpaceClass::All, Reading::Free(1), 0);
    assert_eq!(check(stranger), ReportError::SourceNotConfigured);
    let other_class = count(counter("a"), SpaceClass::Charging, Reading::Free(1), 0);
    assert_eq!(check(other_class), ReportError::SourceNotConfigured);
    let visits = count(Source::Visits, SpaceClass::All, Reading::Free(1), 0);
    assert_eq!(check(visits), ReportError::SourceNotConfigured);
    let ahead = count(counter("a"), SpaceClass::All, Reading::Free(1), 16);
    assert_eq!(check(ahead), ReportError::ObservedInFuture);
}

#[test]
fn a_lot_without_settings_tells_its_capacity_and_no_free_spaces() {
    let mut plain = lot();
    plain.occupancy = OccupancyRules::default();
    let told = merged(&plain, &OccupancyState::default(), at(0));
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].capacity, told[0].free, told[0].outdated), (100, None, false));
    assert_eq!(plain.visit_counting(), VisitCounting::None);
}

#[test]
fn a_page_of_spaces_is_bounded() {
    let mut page = SpacePage::default();
    for index in 0..MAX_PAGE_SPACES {
        assert_eq!(page.take(&space(&format!("S{index}"), SpaceClass::General, true, 0)), Ok(true));
    }
    assert_eq!(page.take(&space("one more", SpaceClass::General, true, 0)), Err(ReportError::TooManySpaces));
    assert_eq!(page.take(&space("S0", SpaceClass::General, false, 1)), Ok(true));
    assert!(serde_json::to_string(&page).unwrap().len() < 40_000);
}

#[test]
fn sensors_of_two_thousand_spaces_make_small_pages() {
    let pages = pages_for(2_000);
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    for index in 0..2_000 {
        let name = SpaceId::parse(format!("B{}-{:03}", index / 500, index % 500)).unwrap();
        *sizes.entry(page_of(&name, pages)).or_default() += 1;
    }
    assert_eq!((pages, pages_for(0), pages_for(65), pages_for(u32::MAX)), (32, 1, 2, 64));
    assert!(sizes.values().all(|size| *size < 128), "{sizes:?}");
}

fn any_class() -> impl Strategy<Value = SpaceClass> {
    select(vec![SpaceClass::All, SpaceClass::General, SpaceClass::Disabled])
}

fn any_count() -> impl Strategy<Value = CountReport> {
    let reading = prop_oneof![(0_u32..130).prop_map(Reading::Occupied), (0_u32..130).prop_map(Reading::Free)];
    (select(vec![counter("a"), camera()]), any_class(), reading, 0_i64..6)
        .prop_map(|(source, class, reading, minutes)| count(source, class, reading, minutes))
}

fn any_space() -> impl Strategy<Value = SpaceReport> {
    (0_u8..6, select(vec![SpaceClass::General, SpaceClass::Disabled]), any::<bool>(), 0_i64..6)
        .prop_map(|(name, class, occupied, minutes)| space(&format!("S{name}"), class, occupied, minutes))
}

/// A list, and the same shuffled with some of it repeated.
fn with_another_order<T: Clone + std::fmt::Debug + 'static>(
    one: impl Strategy<Value = T>,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    vec(one, 1..12).prop_flat_map(|reports| {
        let repeated = vec(select(reports.clone()), 0..6);
        let order =
            (Just(reports.clone()), repeated).prop_map(|(all, more)| [all, more].concat()).prop_shuffle();
        (Just(reports), order)
    })
}

proptest! {
    #[test]
    fn order_and_repetition_of_counts_change_nothing((once, other) in with_another_order(any_count())) {
        prop_assert_eq!(after(&once), after(&other));
    }

    #[test]
    fn order_and_repetition_of_sensors_change_nothing((once, other) in with_another_order(any_space())) {
        let page = |reports: &[SpaceReport]| {
            let mut page = SpacePage::default();
            for report in reports {
                page.take(report).unwrap();
            }
            page
        };
        let (once, other) = (page(&once), page(&other));
        prop_assert_eq!(&once, &other);
        prop_assert_eq!(once.totals(), other.totals());
        let read: SpacePage = serde_json::from_str(&serde_json::to_string(&once).unwrap()).unwrap();
        prop_assert_eq!(read, once);
    }

    #[test]
    fn what_is_told_is_never_below_none_nor_above_all(
        counts in vec(any_count(), 0..12),
        spaces in vec(any_space(), 0..12),
        visits in proptest::option::of(-200_i64..400),
        minutes in 0_i64..60,
    ) {
        let mut page = SpacePage::default();
        for report in &spaces {
            page.take(report).unwrap();
        }
        let visits = visits.map(|occupied| VisitCount { occupied, counted_at: at(0) });
        let state = OccupancyState { spaces: page.totals(), visits, ..after(&counts) };
        for one in merged(&lot(), &state, at(minutes)) {
            prop_assert!(one.free.is_none_or(|free| free <= one.capacity), "{one:?}");
            prop_assert_eq!(one.free.is_some(), one.source.is_some());
            prop_assert!(one.source.is_some() || !one.outdated && !one.implausible);
        }
    }

    #[test]
    fn totals_of_pages_are_those_of_all_their_spaces(spaces in vec(any_space(), 0..30)) {
        let (mut whole, mut parts) = (SpacePage::default(), [SpacePage::default(), SpacePage::default()]);
        for report in &spaces {
            whole.take(report).unwrap();
            parts[page_of(&report.space, 2) as usize].take(report).unwrap();
        }
        let sum = parts.iter().fold(SpaceTotals::default(), |sum, part| sum.plus(&part.totals()));
        prop_assert_eq!(sum, whole.totals());
    }
}
