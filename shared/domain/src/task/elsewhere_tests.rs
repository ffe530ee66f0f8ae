use super::*;
use crate::{
    EventId, GateObservation, LaneId, Passage, PlateNumber, Won,
    lot::LotRules,
    visit::{Facts, FoldContext, fold},
};

fn at(minutes: i64) -> Timestamp {
    "2026-11-20T10:00:00+09:00".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn timeline(lot: &str, plate: &str, reads: &[(Passage, i64)]) -> Timeline {
    let (lot, plate) = (LotId::parse(lot).unwrap(), PlateNumber::parse(plate));
    let read = |(passage, minute): &(Passage, i64)| GateObservation {
        event_id: EventId::derive(&[lot.as_str(), &minute.to_string()]),
        lot: lot.clone(),
        lane: LaneId::parse("lane_1").unwrap(),
        passage: *passage,
        plate: plate.clone(),
        confidence: None,
        observed_at: at(*minute),
        reported_at: None,
        received_at: at(*minute),
        image_key: None,
        track: None,
        unasked: None,
    };
    let facts = Facts { observations: reads.iter().map(read).collect(), ..Facts::none(plate.clone()) };
    let fees = |_, _| Some(Won::ZERO);
    fold(&FoldContext { lot: &lot, rules: LotRules::default(), fees: &fees }, &facts)
}

fn stay(lot: &str, plate: &str, minute: i64, operator: &str) -> OpenStay {
    let visit = timeline(lot, plate, &[(Passage::Entered, minute)]).open().unwrap().clone();
    OpenStay { visit, operator: OperatorId::parse(operator).unwrap() }
}

fn elsewhere(task: &Task) -> &Elsewhere {
    let TaskKind::SeenElsewhere(found) = &task.kind else { panic!("another task") };
    found
}

#[test]
fn a_car_that_is_in_two_lots_at_once_is_a_task_at_both() {
    let stays = [stay("lot_b", "12가3456", 60, "opr_1"), stay("lot_a", "12가3456", 0, "opr_1")];
    let tasks = seen_elsewhere(&stays, at(90));
    let seen: Vec<_> =
        tasks.iter().map(|task| (task.lot.as_str(), elsewhere(task).other_lot.as_str())).collect();
    assert_eq!(seen, [("lot_a", "lot_b"), ("lot_b", "lot_a")]);
    assert!(tasks.iter().all(|task| task.since == at(60) && elsewhere(task).same_operator));
    assert_ne!(tasks[0].id, tasks[1].id);
    let turned = [stays[1].clone(), stays[0].clone()];
    assert_eq!(seen_elsewhere(&turned, at(200)), tasks, "the same tasks whenever and in whatever order");
}

#[test]
fn a_car_that_has_just_changed_lots_is_given_a_quarter_of_an_hour() {
    let stays = [stay("lot_a", "12가3456", 0, "opr_1"), stay("lot_b", "12가3456", 60, "opr_1")];
    assert_eq!(seen_elsewhere(&stays, at(74)), []);
    assert_eq!(seen_elsewhere(&stays, at(75)).len(), 2);
}

#[test]
fn cars_of_which_only_a_part_or_nothing_was_read_are_not_the_same_car() {
    for plate in ["", "?ev_1", "12가", "3456", "1234567890"] {
        let stays = [stay("lot_a", plate, 0, "opr_1"), stay("lot_b", plate, 60, "opr_1")];
        assert_eq!(seen_elsewhere(&stays, at(1_000)), [], "{plate}");
    }
}

#[test]
fn another_operators_task_does_not_count_as_ones_own() {
    let stays = [stay("lot_a", "12가3456", 0, "opr_1"), stay("lot_b", "12가3456", 60, "opr_2")];
    assert!(seen_elsewhere(&stays, at(90)).iter().all(|task| !elsewhere(task).same_operator));
}

#[test]
fn a_car_in_three_lots_is_compared_with_its_neighbours_in_time() {
    let stay = |lot, minute| stay(lot, "12가3456", minute, "opr_1");
    let tasks = seen_elsewhere(&[stay("lot_a", 0), stay("lot_b", 10), stay("lot_c", 20)], at(90));
    let lots: Vec<_> = tasks.iter().map(|task| task.lot.as_str()).collect();
    assert_eq!(lots, ["lot_a", "lot_b", "lot_b", "lot_c"]);
}

#[test]
fn the_task_stands_until_either_visit_ends() {
    let task = &seen_elsewhere(
        &[stay("lot_a", "12가3456", 0, "opr_1"), stay("lot_b", "12가3456", 60, "opr_1")],
        at(90),
    )[0];
    let inside = |lot, minute| timeline(lot, "12가3456", &[(Passage::Entered, minute)]);
    let gone =
        |lot, minute| timeline(lot, "12가3456", &[(Passage::Entered, minute), (Passage::Left, minute + 100)]);
    let found = elsewhere(task);
    assert!(found.stands(&inside("lot_a", 0), &inside("lot_b", 60)));
    assert!(!found.stands(&gone("lot_a", 0), &inside("lot_b", 60)));
    assert!(!found.stands(&inside("lot_a", 0), &gone("lot_b", 60)));
    assert!(
        !found.stands(&inside("lot_a", 0), &inside("lot_b", 30)),
        "a late entry made another visit of it"
    );
    assert!(!found.stands(&inside("lot_a", 0), &Timeline::default()), "the visit was withdrawn");
}
