//! Tasks come from facts and go by facts; a verdict becomes facts.

use jiff::Timestamp;

use super::*;
use crate::{
    OperatorId, Passage, Won,
    lot::{LongStay, LotRules},
    visit::{Ended, Ruling, VisitStatus, fold},
};

fn lot() -> LotId {
    LotId::parse("lot_test").unwrap()
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + minute * 60).unwrap()
}

#[allow(clippy::unnecessary_wraps, reason = "the shape of a fee schedule")]
fn fee(entered: Timestamp, left: Timestamp) -> Option<Won> {
    Some(Won::new(left.duration_since(entered).as_mins() * 100))
}

fn rules() -> LotRules {
    LotRules { long_stay: Some(LongStay { usual_s: 36_000, close_after_s: None }), ..LotRules::default() }
}

fn read(name: &str, plate: &str, passage: Passage, minute: i64) -> GateObservation {
    GateObservation {
        event_id: EventId::derive(&[name]),
        lot: lot(),
        lane: LaneId::parse("lane_1").unwrap(),
        passage,
        plate: PlateNumber::parse(plate),
        confidence: None,
        observed_at: at(minute),
        received_at: at(minute),
        reported_at: None,
        image_key: Some(format!("gates/images/{name}.jpg")),
        track: None,
        unasked: None,
    }
}

fn filed(plate: &str, reads: Vec<GateObservation>) -> Facts {
    Facts { observations: reads, ..Facts::none(PlateNumber::parse(plate)) }
}

fn with<T>(use_it: impl FnOnce(&FoldContext<'_, fn(Timestamp, Timestamp) -> Option<Won>>) -> T) -> T {
    let (lot, fees): (_, fn(Timestamp, Timestamp) -> Option<Won>) = (lot(), fee);
    use_it(&FoldContext { lot: &lot, rules: rules(), fees: &fees })
}

fn between(old: &Facts, new: &Facts, now: i64) -> Vec<TaskChange> {
    with(|context| changes(context, (old, &fold(context, old)), (new, &fold(context, new)), at(now)))
}

fn opened(changes: &[TaskChange]) -> Task {
    match changes {
        [TaskChange::Open(task)] => (**task).clone(),
        other => panic!("{other:?}"),
    }
}

const MINE: &str = "12가3456";
const MISREAD: &str = "12가3458";

fn stranger() -> (Facts, Task) {
    let facts = filed(MISREAD, vec![read("out", MISREAD, Passage::AtExit, 60)]);
    let task = opened(&between(&filed(MISREAD, vec![]), &facts, 60));
    (facts, task)
}

fn said(
    task: &Task,
    facts: &Facts,
    matched: Option<&Facts>,
    verdict: &Verdict,
) -> Result<Vec<FileChange>, TaskError> {
    with(|context| decide(context, &task.kind, facts, matched, verdict, at(5_000)))
}

/// The facts with what a verdict adds to them.
fn after(facts: &Facts, changes: &[FileChange]) -> Facts {
    let mut facts = facts.clone();
    for change in changes.iter().filter(|change| change.plate == facts.plate.clone()) {
        facts.observations.extend(change.read.clone());
        for (index, kind) in change.rulings.iter().enumerate() {
            let id = RulingId::derive(&[facts.plate.as_str(), &index.to_string()]);
            let by =
                RuledBy::Operator { operator: OperatorId::parse("opr_1").unwrap(), name: "당직".into() };
            facts.rulings.push(Ruling { id, at: at(61), by, note: String::new(), kind: kind.clone() });
        }
    }
    facts
}

#[test]
fn an_exit_without_entry_asks_a_person_once_however_often_it_is_told() {
    let (facts, task) = stranger();
    assert!(matches!(&task.kind, TaskKind::UnexplainedExit(exit) if exit.image_key.is_some()));
    assert_eq!(task.since, at(60));
    assert_eq!(between(&facts, &facts, 61), []);
    assert_eq!(opened(&between(&filed(MISREAD, vec![]), &facts, 99)).id, task.id);
}

#[test]
fn a_late_entry_explains_the_exit_without_a_person() {
    let (facts, task) = stranger();
    let mut late = facts.clone();
    late.observations.push(read("in", MISREAD, Passage::Entered, 0));
    assert_eq!(between(&facts, &late, 600), [TaskChange::Explained(task.id)]);
}

#[test]
fn a_read_that_is_filed_under_the_plate_it_means_explains_itself() {
    let (_, task) = stranger();
    let mine = filed(MINE, vec![read("in", MINE, Passage::Entered, 0)]);
    let mut matched = mine.clone();
    matched.observations.push(read("out", MISREAD, Passage::AtExit, 60));
    assert_eq!(between(&mine, &matched, 60), [TaskChange::Explained(task.id)]);
}

#[test]
fn a_car_that_could_not_be_read_at_the_exit_is_a_task_of_its_own_kind() {
    let unread = filed("?1234", vec![read("out", "", Passage::AtExit, 60)]);
    let task = opened(&between(&filed("?1234", vec![]), &unread, 60));
    assert!(matches!(task.kind, TaskKind::UnreadExit(_)));
}

#[test]
fn candidates_are_the_plates_in_the_lot_that_look_alike_nearest_first() {
    let (_, mut task) = stranger();
    let open = ["99하9999", "12가3459", MINE, MISREAD].map(PlateNumber::parse);
    task.look_among(&open);
    let plates: Vec<_> = task.candidates.iter().map(|candidate| candidate.plate.as_str()).collect();
    assert_eq!(plates, ["12가3456", "12가3459"]);
    assert!(task.candidates.is_sorted_by_key(|candidate| candidate.distance));
}

#[test]
fn matched_by_a_person_the_read_ends_the_visit_it_belongs_to_and_is_no_orphan() {
    let (facts, task) = stranger();
    let mine = filed(MINE, vec![read("in", MINE, Passage::Entered, 0)]);
    let verdict = Verdict::Match { plate: mine.plate.clone() };
    let changes = said(&task, &facts, Some(&mine), &verdict).unwrap();
    with(|context| {
        let timeline = fold(context, &after(&mine, &changes));
        assert_eq!(timeline.visits[0].status, VisitStatus::AtExit { asked_at: at(60) });
        assert_eq!(fold(context, &after(&facts, &changes)).orphans, []);
    });
}

#[test]
fn a_car_that_left_or_came_later_can_not_be_matched() {
    let (facts, task) = stranger();
    let left = vec![read("in", MINE, Passage::Entered, 0), read("out2", MINE, Passage::Left, 30)];
    let later = vec![read("in", MINE, Passage::Entered, 70)];
    let verdict = Verdict::Match { plate: PlateNumber::parse(MINE) };
    for reads in [left, later, vec![]] {
        assert_eq!(said(&task, &facts, Some(&filed(MINE, reads)), &verdict), Err(TaskError::NoVisit));
    }
    assert_eq!(said(&task, &facts, None, &verdict), Err(TaskError::NoVisit));
    let itself = Verdict::Match { plate: PlateNumber::parse(MISREAD) };
    assert_eq!(said(&task, &facts, Some(&facts), &itself), Err(TaskError::NoVisit));
}

#[test]
fn a_person_lets_a_stranger_go_or_drops_the_read() {
    let (facts, task) = stranger();
    for verdict in [Verdict::LetGo, Verdict::Dismiss] {
        let changes = said(&task, &facts, None, &verdict).unwrap();
        let facts = after(&facts, &changes);
        with(|context| assert_eq!(fold(context, &facts).orphans, []));
        assert_eq!(facts.let_go(rules(), at(62)), verdict == Verdict::LetGo);
    }
    assert_eq!(said(&task, &facts, None, &Verdict::StillHere), Err(TaskError::NotThisWay));
}

fn inside() -> (Facts, Task) {
    let facts = filed(MINE, vec![read("in", MINE, Passage::Entered, 0)]);
    let task = with(|context| Task::long_stay(&fold(context, &facts).visits[0]));
    (facts, task)
}

#[test]
fn a_long_stay_ends_when_a_person_says_and_not_before_the_car_came_or_after_now() {
    let (facts, task) = inside();
    let changes = said(&task, &facts, None, &Verdict::Left { left_at: at(30) }).unwrap();
    with(|context| {
        let visit = &fold(context, &after(&facts, &changes)).visits[0];
        assert_eq!(visit.status, VisitStatus::Over { left_at: at(30), ended: Ended::Ruled });
    });
    for minute in [-1, 5_001] {
        let verdict = Verdict::Left { left_at: at(minute) };
        assert_eq!(said(&task, &facts, None, &verdict), Err(TaskError::Moment));
    }
}

#[test]
fn a_long_stay_is_asked_about_again_after_a_person_has_seen_the_car() {
    let (facts, task) = inside();
    let changes = said(&task, &facts, None, &Verdict::StillHere).unwrap();
    let seen = after(&facts, &changes);
    with(|context| assert_ne!(Task::long_stay(&fold(context, &seen).visits[0]).id, task.id));
    assert_eq!(said(&task, &facts, None, &Verdict::Dismiss), Ok(Vec::new()));
}

#[test]
fn a_long_stay_that_ends_by_itself_needs_nobody_any_more() {
    let (facts, task) = inside();
    let mut left = facts.clone();
    left.observations.push(read("out", MINE, Passage::Left, 900));
    assert_eq!(between(&facts, &left, 900), [TaskChange::Explained(task.id)]);
    assert_eq!(between(&facts, &left, 500), [], "none was asked for yet");
}

#[test]
fn a_dispute_asks_a_person_and_its_refusal_or_grant_decides_it() {
    let (facts, _) = inside();
    let mut disputed = facts.clone();
    let id = RulingId::derive(&["d"]);
    let kind = RulingKind::disputed(DisputeReason::AlreadyLeft);
    let note = "10시에 나갔습니다".to_owned();
    disputed.rulings.push(Ruling { id: id.clone(), at: at(50), by: RuledBy::Driver, note, kind });
    let task = opened(&between(&facts, &disputed, 50));
    let decided = |verdict: &Verdict| said(&task, &disputed, None, verdict).unwrap()[0].rulings.clone();
    let closed = |upheld| RulingKind::Decided { dispute: id.clone(), upheld };
    assert_eq!(decided(&Verdict::Dismiss), [closed(false)]);
    assert_eq!(decided(&Verdict::LetGo), [RulingKind::LetGo, closed(true)]);
    let left_at = at(20);
    assert_eq!(decided(&Verdict::Left { left_at }), [RulingKind::Left { left_at }, closed(true)]);
    disputed.observations.push(read("out", MINE, Passage::Left, 60));
    let gone = said(&task, &disputed, None, &Verdict::LetGo).unwrap()[0].rulings.clone();
    assert_eq!(gone, [RulingKind::Waived, closed(true)]);
}
