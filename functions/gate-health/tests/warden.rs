//! A silent lane is told once, a wrong clock is corrected where gate-events reads it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    Gate, GateVendor, LaneId, Passage,
    health::{ClockCorrections, GateTally, hour_of},
    task::TaskKind,
};
use baro_gate_health::{GateWarden, Summary, WardenError};
use baro_runtime::Clock;
use baro_store::{FiledTask, TallyWrite};
use baro_testing::{Cloud, Fault, at, gate, observation};
use jiff::{SignedDuration, Timestamp};

struct Post {
    cloud: Cloud,
    clock: Clock,
    warden: GateWarden,
}

fn lane() -> LaneId {
    LaneId::parse("lane_in").unwrap()
}

impl Post {
    async fn new() -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_gate(&gate(GateVendor::Nexpa)).await.unwrap();
        cloud.forget_calls();
        let clock = Clock::at(at(0));
        let warden = GateWarden::new(cloud.activity(), cloud.directory(), clock.clone());
        Self { cloud, clock, warden }
    }

    async fn run(&self, minutes: i64) -> Summary {
        self.clock.set(at(minutes));
        self.warden.run().await.unwrap()
    }

    async fn counted(&self, gate: &Gate, tally: GateTally) {
        let hour = hour_of(tally.last_sign_at.unwrap());
        let write = TallyWrite { lot: gate.lot.clone(), gate: gate.id.clone(), hour, tally };
        self.cloud.activity().put_tally("a", &write, at(0)).await.unwrap();
    }

    /// An hour in which a gate gave signs of life every ten seconds, up to a minute of the first hour.
    async fn heartbeats(&self, gate: &Gate, until: i64) {
        for hour in 0..=until / 60 {
            let last = at((hour * 60 + 59).min(until));
            let heartbeats = 360;
            self.counted(gate, GateTally { heartbeats, last_sign_at: Some(last), ..GateTally::default() })
                .await;
        }
    }

    /// A gate that falls silent, looked at when that shows.
    async fn silenced(&self, own: &Gate) {
        self.counted(own, reads(0, at(1))).await;
        self.run(1).await;
        self.heartbeats(own, 125).await;
        self.run(130).await;
        self.run(131).await;
    }

    async fn tasks(&self) -> Vec<FiledTask> {
        self.cloud.tasks().all_tasks(&gate(GateVendor::Iso).lot, None).await.unwrap().0
    }

    async fn open_tasks(&self) -> usize {
        self.cloud.tasks().open_tasks(&gate(GateVendor::Iso).lot, None).await.unwrap().0.len()
    }

    async fn clocks(&self) -> ClockCorrections {
        self.cloud.directory().gate(&gate(GateVendor::Nexpa).id).await.unwrap().unwrap().clocks
    }
}

/// Ten reads in the minutes before a moment, by a clock that runs so far ahead.
fn reads(ahead_s: i64, until: Timestamp) -> GateTally {
    let mut tally = GateTally { last_sign_at: Some(until), ..GateTally::default() };
    for index in 0..10 {
        let mut read = observation(&index.to_string(), Passage::Entered, 0);
        read.received_at = until - SignedDuration::from_secs(30 * index);
        read.observed_at = read.received_at + SignedDuration::from_secs(ahead_s);
        tally.lane(&lane()).count_read(&read);
    }
    tally
}

#[tokio::test]
async fn a_gate_that_falls_silent_is_written_once_and_once_when_it_is_back() {
    let post = Post::new().await;
    let own = gate(GateVendor::Iso);
    post.counted(&own, reads(0, at(1))).await;
    post.run(1).await;
    post.heartbeats(&own, 125).await;
    post.run(130).await;
    assert_eq!(post.run(131).await.silent_lanes, 1, "silent since 12:05");
    post.cloud.forget_calls();
    let again = post.run(132).await;
    assert_eq!((again.silent_lanes, again.written), (1, 0));
    assert!(post.cloud.dynamodb_calls().iter().all(|call| call == "Query"), "nothing is new");
    post.heartbeats(&own, 133).await;
    let back = post.run(133).await;
    assert_eq!((back.silent_lanes, back.written), (0, 1));
}

#[tokio::test]
async fn a_silence_lies_on_the_desk_once_and_is_off_it_when_the_gate_is_back() {
    let post = Post::new().await;
    let own = gate(GateVendor::Iso);
    post.silenced(&own).await;
    post.run(132).await;
    let tasks = post.tasks().await;
    assert_eq!((tasks.len(), tasks[0].task.since), (1, at(125)));
    assert_eq!(tasks[0].task.kind, TaskKind::SilentGate { gate: own.id.clone(), lane: None });
    assert_eq!(post.open_tasks().await, 1);
    post.heartbeats(&own, 133).await;
    post.run(133).await;
    assert_eq!((post.tasks().await.len(), post.open_tasks().await), (1, 0));
    post.heartbeats(&own, 140).await;
    post.run(145).await;
    assert_eq!(
        (post.tasks().await.len(), post.open_tasks().await),
        (2, 1),
        "another silence is another task"
    );
}

#[tokio::test]
async fn a_task_that_can_not_be_written_leaves_the_gate_as_it_was_and_comes_at_the_next_look() {
    let post = Post::new().await;
    let own = gate(GateVendor::Nexpa);
    post.counted(&own, reads(-3_600, at(5))).await;
    post.run(6).await;
    let mut more = reads(-3_600, at(5));
    more.merge(&reads(-3_600, at(16)));
    post.counted(&own, more).await;
    for _ in 0..3 {
        post.cloud.fail_next("TransactWriteItems", Fault::Before);
    }
    post.clock.set(at(17));
    assert!(post.warden.run().await.is_err());
    assert_eq!(post.open_tasks().await, 0);
    post.run(18).await;
    post.run(19).await;
    let tasks = post.tasks().await;
    let kind = TaskKind::WrongClock { gate: own.id, lane: lane(), ahead_s: -3_600 };
    assert_eq!((tasks.len(), &tasks[0].task.kind, tasks[0].task.since), (1, &kind, at(18)));
}

#[tokio::test]
async fn a_clock_that_was_set_right_is_off_the_desk() {
    let post = Post::new().await;
    let own = gate(GateVendor::Nexpa);
    post.counted(&own, reads(86_400, at(5))).await;
    assert_eq!(
        post.run(6).await.clocks_beyond,
        1,
        "no read arrives before it was taken: it needs no second look"
    );
    assert_eq!(post.open_tasks().await, 1);
    let flagged = ClockCorrections::default().flagging([(lane(), -86_400)]);
    assert_eq!(post.clocks().await, flagged);
    let mut right = reads(0, at(140));
    post.counted(&own, right.clone()).await;
    post.run(141).await;
    assert_eq!(post.open_tasks().await, 1, "perhaps they were only late");
    right.merge(&reads(0, at(155)));
    post.counted(&own, right).await;
    post.run(156).await;
    assert_eq!((post.open_tasks().await, post.clocks().await), (0, ClockCorrections::default()));
}

#[tokio::test]
async fn a_gate_that_was_taken_away_is_forgotten_and_raises_no_alarm() {
    let post = Post::new().await;
    let gone = Gate { id: baro_domain::GateId::parse("gate_gone").unwrap(), ..gate(GateVendor::Iso) };
    post.counted(&gone, reads(0, at(1))).await;
    post.run(1).await;
    post.heartbeats(&gone, 125).await;
    post.run(130).await;
    assert_eq!(post.run(131).await.silent_lanes, 0);
    assert_eq!(post.cloud.activity().gate_healths().await.unwrap(), []);
    assert_eq!(post.tasks().await, []);
}

#[tokio::test]
async fn a_clock_ahead_is_corrected_beside_the_gates_configuration() {
    let post = Post::new().await;
    let own = gate(GateVendor::Nexpa);
    post.counted(&own, reads(90, at(5))).await;
    assert_eq!(post.run(6).await.clocks_beyond, 0);
    assert_eq!(post.clocks().await, ClockCorrections::of([(lane(), -90)]));
    post.cloud.forget_calls();
    post.run(7).await;
    assert!(!post.cloud.dynamodb_calls().contains(&"UpdateItem".to_owned()), "written when it changes");
}

#[tokio::test]
async fn a_clock_an_hour_behind_is_flagged_and_not_corrected() {
    let post = Post::new().await;
    let own = gate(GateVendor::Nexpa);
    post.counted(&own, reads(-3_600, at(5))).await;
    assert_eq!(post.run(6).await.clocks_beyond, 0, "perhaps they were only late");
    let mut more = reads(-3_600, at(5));
    more.merge(&reads(-3_600, at(16)));
    post.counted(&own, more).await;
    assert_eq!(post.run(17).await.clocks_beyond, 1);
    assert_eq!(post.clocks().await, ClockCorrections::default().flagging([(lane(), 3_600)]));
}

#[tokio::test]
async fn one_gate_that_can_not_be_written_holds_up_no_other() {
    let post = Post::new().await;
    let own = gate(GateVendor::Nexpa);
    let other = Gate { id: baro_domain::GateId::parse("gate_other").unwrap(), ..own.clone() };
    for gate in [&own, &other] {
        post.counted(gate, reads(0, at(5))).await;
    }
    // One gate's third try is refused, the other's is not, whichever comes first.
    for _ in 0..5 {
        post.cloud.fail_next("PutItem", Fault::Before);
    }
    post.clock.set(at(6));
    let failed = post.warden.run().await;
    assert!(matches!(failed, Err(WardenError::Partly { failed: 1, gates: 2 })), "{failed:?}");
    assert_eq!(post.cloud.activity().gate_healths().await.unwrap().len(), 1);
    assert_eq!(post.run(7).await.written, 1, "the next run makes it good");
}

#[tokio::test]
async fn a_run_costs_twelve_queries_whatever_happens_not() {
    let post = Post::new().await;
    assert_eq!(post.run(0).await, Summary::default());
    assert_eq!(post.cloud.dynamodb_calls(), vec!["Query"; 12]);
}
