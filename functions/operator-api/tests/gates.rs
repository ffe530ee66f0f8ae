//! What a lot's operator sees of its gates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

mod desk;

use baro_domain::{
    Gate, GateVendor, LaneId, Passage, PlateNumber, ReadConfidence,
    health::{ExitMatch, GateHealth, GateTally, HealthEvent, hour_of},
    task::TaskChange,
};
use baro_store::{KnownHealth, TallyWrite};
use baro_testing::{at, gate, observation};
use desk::{Answer, Desk};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn lane() -> LaneId {
    LaneId::parse("lane_in").unwrap()
}

/// Ten reads before a moment by a clock that runs so far ahead: two unread, three unsure; five exits.
fn reads(until: Timestamp, ahead_s: i64) -> GateTally {
    use ExitMatch::{ByPlate, BySimilarity, Unmatched};
    let mut tally = GateTally { last_sign_at: Some(until), heartbeats: 6, ..GateTally::default() };
    tally.refused.insert("unknown-lane".into(), 2);
    tally.others.insert("no-car".into(), 1);
    for index in 0..10 {
        let mut read = observation(&index.to_string(), Passage::Entered, 0);
        read.received_at = until - SignedDuration::from_secs(20 * index);
        read.observed_at = read.received_at + SignedDuration::from_secs(ahead_s);
        read.confidence = Some(ReadConfidence::per_mille(if index < 3 { 800 } else { 950 }));
        if index > 7 {
            read.plate = PlateNumber::unread();
        }
        tally.lane(&lane()).count_read(&read);
    }
    for exit in [ByPlate, ByPlate, ByPlate, BySimilarity, Unmatched] {
        tally.lane(&lane()).count_exit(exit);
    }
    tally
}

impl Desk {
    async fn counted(&self, gate: &Gate, tally: GateTally) {
        let hour = hour_of(tally.last_sign_at.unwrap());
        let write = TallyWrite { lot: gate.lot.clone(), gate: gate.id.clone(), hour, tally };
        self.cloud.activity().put_tally("a", &write, at(0)).await.unwrap();
    }

    async fn known(&self, health: &GateHealth) {
        let known = KnownHealth { health: health.clone(), revision: 0 };
        assert!(self.cloud.activity().put_gate_health(&known, &[], at(0)).await.unwrap());
    }

    async fn gates(&self, query: &str) -> Answer {
        self.ask_with("gates", |event| event["rawQueryString"] = json!(query)).await
    }
}

fn health() -> GateHealth {
    let own = gate(GateVendor::Iso);
    GateHealth::new(own.lot, own.id, at(0))
}

#[tokio::test]
async fn a_lot_s_gates_are_shown_by_rates_of_the_hours_asked_for_in_four_requests() {
    let desk = Desk::start().await;
    let own = gate(GateVendor::Iso);
    for minute in [10, 59] {
        desk.counted(&own, reads(at(minute), 90)).await;
    }
    desk.counted(&own, reads(at(-100), 90)).await;
    let mut known = health();
    known.advance(&[(hour_of(at(10)), reads(at(10), 90))].into(), at(11));
    desk.known(&known).await;
    desk.ask("gates").await;
    desk.cloud.forget_calls();
    let shown = desk.ask("gates").await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(desk.cloud.dynamodb_calls(), ["Query", "Query", "Query", "Query"]);
    assert_eq!(
        (&shown.body["countedFrom"], &shown.body["hours"]),
        (&json!("2026-11-20T09:00:00+09:00"), &json!(3))
    );
    let gate = &shown.body["gates"][0];
    assert_eq!((&gate["gateId"], &gate["lastSeenAt"]), (&json!(own.id), &json!("2026-11-20T10:59:00+09:00")));
    assert_eq!(
        (&gate["signsOfLife"], &gate["refused"], &gate["otherEvents"]),
        (&json!(6), &json!({"unknown-lane": 2}), &json!({"no-car": 1}))
    );
    let lane = &gate["lanes"][0];
    assert_eq!(
        (&lane["reads"], &lane["judgedExits"]),
        (&json!(10), &json!(5)),
        "the hour written last, whole"
    );
    assert_eq!(
        lane["rates"],
        json!({"unreadPerMille": 200, "unsurePerMille": 300,
        "matchPerMille": 600, "misreadPerMille": 200, "unmatchedPerMille": 200})
    );
    assert_eq!(lane["clock"], json!({"standing": "corrected", "aheadS": 90}));
    let day = desk.gates("hours=4").await;
    assert_eq!(day.body["gates"][0]["lanes"][0]["reads"], 20);
}

#[tokio::test]
async fn a_silent_gate_and_a_flagged_clock_are_shown_until_something_newer_is_counted() {
    let desk = Desk::start().await;
    let own = gate(GateVendor::Iso);
    let mut known = health();
    known.advance(&[(hour_of(at(10)), reads(at(10), 86_400))].into(), at(11));
    known.silent_since = Some(at(10));
    desk.known(&known).await;
    let shown = desk.gates("hours=1").await.body;
    let (gate, lane) = (&shown["gates"][0], &shown["gates"][0]["lanes"][0]);
    assert_eq!(
        (&gate["silentSince"], &lane["silentSince"]),
        (&json!("2026-11-20T10:10:00+09:00"), &json!("2026-11-20T10:10:00+09:00"))
    );
    assert_eq!(
        lane["clock"],
        json!({"standing": "flagged", "aheadS": 86_400, "flaggedSince": "2026-11-20T10:11:00+09:00"})
    );
    assert_eq!(lane["rates"]["unreadPerMille"], Value::Null, "nothing was counted in this hour");
    desk.clock.set(at(61));
    desk.counted(&own, reads(at(61), 0)).await;
    let back = desk.gates("hours=1").await.body;
    assert_eq!(
        (&back["gates"][0]["silentSince"], &back["gates"][0]["lanes"][0]["silentSince"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_gate_is_shown_from_its_first_report_on_and_never_to_another_operator() {
    let desk = Desk::start().await;
    assert_eq!(desk.ask("gates").await.body["gates"], json!([]));
    desk.counted(&gate(GateVendor::Iso), reads(at(50), 0)).await;
    let shown = desk.ask("gates").await.body;
    assert_eq!(shown["gates"][0]["lanes"][0]["clock"], json!({"standing": "unknown"}));
    let key = json!("Bearer opr_elsewhere.other-secret");
    let stranger = desk.ask_with("gates", |event| event["headers"]["authorization"] = key).await;
    assert_eq!(stranger.problem(), (404, "lot-not-found"));
    for query in ["hours=0", "hours=25", "hours=many"] {
        assert_eq!(desk.gates(query).await.problem(), (400, "invalid-parameter"), "{query}");
    }
}

#[tokio::test]
async fn a_silent_gate_on_the_desk_shows_no_car_and_ends_by_a_word_and_by_nothing_else() {
    let desk = Desk::start().await;
    let event = HealthEvent::LaneSilent { lane: lane(), since: at(10) };
    let TaskChange::Open(task) = TaskChange::of_gate(&health(), &event) else { panic!("no task") };
    desk.cloud.tasks().open(&task, at(11)).await.unwrap();
    let about = async |name: &str, body: Value| {
        let id = task.id.to_string();
        desk.ask_with(name, |event| {
            event["pathParameters"]["taskId"] = json!(id);
            event["body"] = json!(body.to_string());
        })
        .await
    };
    let shown = about("task", Value::Null).await.body;
    assert_eq!(
        (&shown["kind"], &shown["lane"], &shown["gate"]),
        (&json!("silent_gate"), &json!("lane_in"), &json!(task_gate()))
    );
    assert_eq!((&shown["plate"], &shown["evidence"]), (&Value::Null, &Value::Null));
    let left = about("resolution", json!({"verdict": "let_go", "note": "n"})).await;
    assert_eq!(left.problem(), (409, "verdict-not-possible"));
    let closed = about("resolution", json!({"verdict": "dismiss", "note": "공사로 폐쇄"})).await;
    assert_eq!((closed.status, &closed.body["state"]), (200, &json!("decided")), "{}", closed.body);
    assert_eq!(desk.ask("tasks").await.body["tasks"], json!([]));
}

fn task_gate() -> String {
    gate(GateVendor::Iso).id.to_string()
}
