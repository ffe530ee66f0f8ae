//! From a read that nothing explains to a person's verdict, and what the verdict changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod desk;

use baro_domain::{
    OperatorId, Passage, PlateNumber, RulingId,
    task::{OpenStay, Task, TaskChange, changes, seen_elsewhere},
    visit::{DisputeReason, Facts, RuledBy, Ruling, RulingKind, Timeline, fold},
};
use baro_testing::{Fault, at, lot_record};
use desk::{Answer, Desk};
use serde_json::{Value, json};

const MINE: &str = "12가3456";
const MISREAD: &str = "12가3458";

impl Desk {
    /// Brings the tasks of a plate's facts to the desk, as the stream does.
    async fn routed(&self, plate: &str) -> Task {
        let lot = lot_record().priced().unwrap();
        let facts = self.facts(plate).await;
        let none = Facts::none(facts.plate.clone());
        let after = fold(&lot.context(), &facts);
        let found =
            changes(&lot.context(), (&none, &Timeline::default()), (&facts, &after), self.clock.now());
        let [TaskChange::Open(task)] = &found[..] else { panic!("{found:?}") };
        let mut task = (**task).clone();
        task.look_among(&self.cloud.parking().open_plates(&lot.lot.id).await.unwrap());
        self.cloud.tasks().open(&task, self.clock.now()).await.unwrap();
        task
    }

    async fn facts(&self, plate: &str) -> Facts {
        self.cloud.parking().facts(&lot_record().lot.id, &PlateNumber::parse(plate)).await.unwrap()
    }

    async fn timeline(&self, plate: &str) -> Timeline {
        fold(&lot_record().priced().unwrap().context(), &self.facts(plate).await)
    }

    async fn about(&self, name: &str, task: &Task, change: impl FnOnce(&mut Value)) -> Answer {
        let id = task.id.to_string();
        self.ask_with(name, |event| {
            event["pathParameters"]["taskId"] = json!(id);
            change(event);
        })
        .await
    }

    async fn say(&self, task: &Task, key: &str, body: Value) -> Answer {
        self.about("resolution", task, |event| {
            event["headers"]["idempotency-key"] = json!(key);
            event["body"] = json!(body.to_string());
        })
        .await
    }

    /// Two cars inside that look alike, and a read at the exit that may be either.
    async fn stranger(&self) -> Task {
        self.read("in", MINE, Passage::Entered, 0).await;
        self.read("in2", "12가3459", Passage::Entered, 5).await;
        self.read("out", MISREAD, Passage::AtExit, 45).await;
        self.routed(MISREAD).await
    }
}

fn matching(plate: &str) -> Value {
    json!({"verdict": "match", "plate": plate, "note": "사진 확인"})
}

#[tokio::test]
async fn a_task_lists_its_candidates_and_shows_both_cars_with_pictures_that_expire() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    desk.ask("tasks").await;
    desk.cloud.forget_calls();
    let listed = desk.ask("tasks").await;
    assert_eq!(desk.cloud.dynamodb_calls(), ["Query"]);
    let listed = &listed.body["tasks"].as_array().unwrap()[..];
    assert_eq!((listed.len(), &listed[0]["taskId"]), (1, &json!(task.id)));
    assert_eq!((&listed[0]["kind"], &listed[0]["state"]), (&json!("unexplained_exit"), &json!("open")));
    desk.cloud.forget_calls();
    let shown = desk.about("task", &task, |_| ()).await.body;
    assert_eq!(desk.cloud.dynamodb_calls(), ["GetItem", "BatchGetItem"]);
    assert_eq!(shown["candidates"].as_array().unwrap().len(), 2);
    let picture = shown["evidence"]["reads"][0]["picture"].as_str().unwrap();
    assert!(
        picture.contains("/raw/gates/images/out.jpg?") && picture.contains("X-Amz-Expires=300"),
        "{picture}"
    );
    let candidate = &shown["evidence"]["candidates"][0];
    assert_eq!((&candidate["plate"], &candidate["visit"]["due"]), (&json!(MINE), &json!(1_900)));
    assert!(candidate["reads"][0]["picture"].as_str().unwrap().contains("in.jpg"));
}

#[tokio::test]
async fn a_matched_read_goes_to_its_car_with_the_name_of_who_said_so() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    let said = desk.say(&task, "resolution-1", matching(MINE)).await;
    assert_eq!(said.status, 200, "{}", said.body);
    assert_eq!((&said.body["state"], &said.body["resolution"]["by"]), (&json!("decided"), &json!("당직")));
    assert_eq!(desk.timeline(MINE).await.visits[0].seen_at, at(45));
    assert!(desk.timeline(MISREAD).await.orphans.is_empty());
    let ruling = &desk.facts(MISREAD).await.rulings[0];
    assert!(matches!(&ruling.by, RuledBy::Operator { name, .. } if name == "당직"));
    assert_eq!(desk.ask("tasks").await.body["tasks"], json!([]));
    let all = desk.ask_with("tasks", |event| event["rawQueryString"] = json!("state=all")).await;
    assert_eq!(all.body["tasks"][0]["resolution"]["verdict"], "match");
}

#[tokio::test]
async fn the_same_verdict_sent_twice_counts_once_and_another_comes_too_late() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    let first = desk.say(&task, "resolution-1", matching(MINE)).await;
    let before = desk.facts(MINE).await;
    let again = desk.say(&task, "resolution-1", matching(MINE)).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(desk.facts(MINE).await, before);
    let other = desk.say(&task, "resolution-1", json!({"verdict": "dismiss", "note": "오독"})).await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
    let late = desk.say(&task, "resolution-2", matching("12가3459")).await;
    assert_eq!(late.problem(), (409, "task-ended"));
    assert!(desk.timeline("12가3459").await.visits[0].is_open());
}

#[tokio::test]
async fn a_verdict_whose_answer_was_lost_is_found_at_the_next_try() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    for _ in 0..3 {
        desk.cloud.fail_next("TransactWriteItems", Fault::After);
    }
    desk.say(&task, "resolution-1", matching(MINE)).await;
    let again = desk.say(&task, "resolution-1", matching(MINE)).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(desk.facts(MINE).await.observations.len(), 2);
}

#[tokio::test]
async fn a_verdict_that_meets_another_transaction_is_carried_out_all_the_same() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    desk.cloud.fail_next("TransactWriteItems", Fault::TransactionConflict);
    assert_eq!(desk.say(&task, "resolution-1", matching(MINE)).await.status, 200);
}

#[tokio::test]
async fn what_can_not_be_is_refused_and_nothing_is_written() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    let before = (desk.facts(MINE).await, desk.facts(MISREAD).await);
    let long = "가".repeat(301);
    for (body, status, code) in [
        (matching("77허7777"), 409, "no-open-visit"),
        (json!({"verdict": "still_here", "note": "n"}), 409, "verdict-not-possible"),
        (
            json!({"verdict": "left", "leftAt": "2026-11-20T10:30:00+09:00", "note": "n"}),
            409,
            "verdict-not-possible",
        ),
        (json!({"verdict": "explode", "note": "n"}), 400, "invalid-member"),
        (json!({"verdict": "dismiss", "note": " "}), 400, "invalid-member"),
        (json!({"verdict": "dismiss", "note": long}), 400, "invalid-member"),
        (json!({"verdict": "dismiss"}), 400, "invalid-member"),
    ] {
        assert_eq!(desk.say(&task, "resolution-1", body.clone()).await.problem(), (status, code), "{body}");
    }
    assert_eq!(desk.say(&task, "short", matching(MINE)).await.problem(), (400, "invalid-idempotency-key"));
    assert_eq!((desk.facts(MINE).await, desk.facts(MISREAD).await), before);
    assert_eq!(desk.ask("task").await.problem(), (404, "task-not-found"));
    let key = json!("Bearer opr_elsewhere.other-secret");
    let stranger = desk.about("task", &task, |event| event["headers"]["authorization"] = key).await;
    assert_eq!(stranger.problem(), (404, "lot-not-found"));
}

#[tokio::test]
async fn a_task_that_a_late_entry_explains_needs_no_person() {
    let desk = Desk::start().await;
    let task = desk.stranger().await;
    assert!(desk.cloud.tasks().explain(&task.lot, &task.id, at(61)).await.unwrap());
    assert!(!desk.cloud.tasks().explain(&task.lot, &task.id, at(62)).await.unwrap());
    assert!(!desk.cloud.tasks().open(&task, at(63)).await.unwrap(), "a repeated change reopens nothing");
    assert_eq!(desk.about("task", &task, |_| ()).await.body["state"], "explained");
    assert_eq!(desk.say(&task, "resolution-1", matching(MINE)).await.problem(), (409, "task-ended"));
}

#[tokio::test]
async fn a_car_that_a_person_says_has_left_is_listed_no_more_and_its_driver_is_heard() {
    let desk = Desk::start().await;
    desk.read("in", MINE, Passage::Entered, 0).await;
    let disputed = Ruling {
        id: RulingId::derive(&["d"]),
        at: at(50),
        by: RuledBy::Driver,
        note: "10시 반에 나갔습니다".into(),
        kind: RulingKind::disputed(DisputeReason::AlreadyLeft),
    };
    desk.cloud.parking().rule(&lot_record().lot.id, &PlateNumber::parse(MINE), &disputed).await.unwrap();
    let task = desk.routed(MINE).await;
    let shown = desk.about("task", &task, |_| ()).await.body;
    assert_eq!((&shown["kind"], &shown["dispute"]["reason"]), (&json!("dispute"), &json!("already_left")));
    assert_eq!(shown["evidence"]["visit"]["isDisputed"], true);
    let outside = json!({"verdict": "left", "leftAt": "2026-11-20T09:00:00+09:00", "note": "n"});
    assert_eq!(desk.say(&task, "resolution-1", outside).await.problem(), (400, "invalid-member"));
    let left = json!({"verdict": "left", "leftAt": "2026-11-20T10:30:00+09:00", "note": "CCTV 10:30 출차"});
    assert_eq!(desk.say(&task, "resolution-1", left).await.status, 200);
    let visit = &desk.timeline(MINE).await.visits[0];
    assert!(!visit.is_open() && visit.disputed_at.is_none());
    assert_eq!(desk.ask("visits").await.body["visits"], json!([]));
    assert!(desk.cloud.parking().open_plates(&lot_record().lot.id).await.unwrap().is_empty());
}

/// The tasks of a car that is open at this lot since 10:00 and at another one since 10:30.
async fn elsewhere(desk: &Desk, other_operator: &OperatorId) -> Task {
    desk.read("in", MINE, Passage::Entered, 0).await;
    let visit = desk.timeline(MINE).await.open().unwrap().clone();
    let mut other = visit.clone();
    (other.lot, other.entered_at) = ("lot_other".parse().unwrap(), at(30));
    other.id = baro_domain::VisitId::derive(&["other"]);
    let stays = [
        OpenStay { visit, operator: lot_record().lot.operator },
        OpenStay { visit: other, operator: other_operator.clone() },
    ];
    let task = seen_elsewhere(&stays, desk.clock.now()).remove(0);
    desk.cloud.tasks().open(&task, desk.clock.now()).await.unwrap();
    task
}

#[tokio::test]
async fn a_car_seen_in_another_lot_is_shown_with_that_lot_where_one_operator_runs_both() {
    let desk = Desk::start().await;
    let task = elsewhere(&desk, &lot_record().lot.operator).await;
    let shown = desk.about("task", &task, |_| ()).await;
    assert_eq!((shown.status, &shown.body["kind"]), (200, &json!("seen_elsewhere")));
    assert_eq!(
        shown.body["elsewhere"],
        json!({"enteredAt": "2026-11-20T10:30:00+09:00", "lotId": "lot_other"})
    );
    let note = "관제 확인, 이미 나간 차";
    let body = json!({"verdict": "left", "leftAt": "2026-11-20T10:20:00+09:00", "note": note});
    assert_eq!(desk.say(&task, "resolution-1", body).await.status, 200);
    assert!(desk.timeline(MINE).await.open().is_none());
}

#[tokio::test]
async fn where_a_car_stands_is_not_told_to_another_operator() {
    let desk = Desk::start().await;
    let task = elsewhere(&desk, &OperatorId::parse("opr_elsewhere").unwrap()).await;
    let shown = desk.about("task", &task, |_| ()).await;
    assert_eq!(shown.body["elsewhere"], json!({"enteredAt": "2026-11-20T10:30:00+09:00"}));
    assert!(!shown.body.to_string().contains("lot_other"));
}
