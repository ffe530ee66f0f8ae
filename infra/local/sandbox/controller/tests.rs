//! The controller through the real client.

use baro_clients::controller::{ControllerLogin, LotController, client};
use baro_clients::{HttpClient, HttpTimeouts, Secret};
use baro_domain::command::{
    Action, Command, Event, Move, OpenCause, PassTerms, Progress, Refusal, Report, Status, Step, decide, plan,
};
use baro_domain::{LotId, PaymentId, PlateNumber, VisitId};
use jiff::civil::date;

use super::*;

const AREA: u32 = 20;
const PLATE: &str = "12가3456";

struct World {
    sandbox: ControllerSandbox,
    client: Box<dyn LotController>,
}

async fn world(password: Option<&str>) -> World {
    let sandbox = ControllerSandbox::start(ControllerSandboxConfig::drawn()).await.unwrap();
    let mut login: ControllerLogin = serde_json::from_value(sandbox.secret_json()).unwrap();
    if let Some(password) = password {
        login.password = Secret::new(password);
    }
    let timeouts = HttpTimeouts { whole: Duration::from_millis(300), ..HttpTimeouts::default() };
    let lane = LaneId::parse("lane_out").unwrap();
    let installed = sandbox.installed(AREA, "secret", BTreeMap::from([(lane, "3".to_owned())]));
    let (http, networks) = (HttpClient::new(timeouts).unwrap(), "127.0.0.0/8".parse().unwrap());
    let client = client(&http, &networks, &installed, login).unwrap();
    World { sandbox, client }
}

fn command(action: Action) -> Command {
    let lot = LotId::parse("lot_test").unwrap();
    Command { lot, revision: 0, requested_at: Timestamp::UNIX_EPOCH, action }
}

fn open() -> Command {
    command(Action::Open {
        lane: LaneId::parse("lane_out").unwrap(),
        plate: PlateNumber::parse(PLATE),
        visit: VisitId::derive(&["v"]),
        cause: OpenCause::Payment(PaymentId::derive(&["p"])),
    })
}

fn set(kind: &str) -> Command {
    let pass = PassTerms { kind: kind.to_owned(), from: date(2026, 11, 1), until: date(2026, 11, 30) };
    command(Action::SetPass { plate: PlateNumber::parse(PLATE), pass })
}

fn once(fault: ControllerFault) -> ControllerFaultRule {
    ControllerFaultRule { fault, resource: None, times: Some(1) }
}

/// Carries a command to its end at once.
async fn carry_out(world: &World, command: &Command) -> Progress {
    let now = command.requested_at;
    let mut progress = Progress::new(command);
    loop {
        let event = match plan(command, &progress, now) {
            Move::Rest => return progress,
            Move::Expire => Event::TimeUp,
            Move::Look => Event::CarWaits,
            Move::Call(step) => {
                progress = decide(command, &progress, &Event::Calling, now);
                Event::Answered(world.client.call(command, step).await)
            }
        };
        progress = decide(command, &progress, &event, now);
    }
}

#[tokio::test]
async fn a_barrier_goes_up_and_says_which() {
    let world = world(None).await;
    assert_eq!(world.client.call(&open(), Step::Open).await, Report::Done);
    let raised = world.sandbox.raised(AREA);
    assert_eq!((raised.len(), raised[0].barrier.as_str()), (1, "3"));
    assert!(world.sandbox.raised(21).is_empty());
}

#[tokio::test]
async fn a_stranger_moves_nothing() {
    let world = world(Some("guessed")).await;
    let report = world.client.call(&open(), Step::Open).await;
    assert!(matches!(report, Report::Refused { reason: Refusal::Credentials, .. }));
    assert!(world.sandbox.raised(AREA).is_empty());
}

#[tokio::test]
async fn there_is_one_pass_a_plate_and_it_changes_by_removing_and_setting() {
    let world = world(None).await;
    assert_eq!(carry_out(&world, &set("passType2")).await.calls, 1);
    let changed = carry_out(&world, &set("passType3")).await;
    assert_eq!((changed.status, changed.calls), (Status::Done, 3));
    assert_eq!(world.sandbox.pass(AREA, PLATE).unwrap().pass_type, "passType3");
    let clear = command(Action::ClearPass { plate: PlateNumber::parse(PLATE) });
    for _ in 0..2 {
        assert_eq!(carry_out(&world, &clear).await.status, Status::Done);
    }
    assert_eq!(world.sandbox.pass(AREA, PLATE), None);
}

#[tokio::test]
async fn a_pass_set_just_before_the_silence_ends_as_it_was_asked_for() {
    let world = world(None).await;
    world.sandbox.add_fault(once(ControllerFault::TimeoutAfterSuccess { millis: 60_000 }));
    assert_eq!(carry_out(&world, &set("passType2")).await.status, Status::Done);
    assert_eq!(world.sandbox.pass(AREA, PLATE).unwrap().end_date, "20261130");
}

#[tokio::test]
async fn busy_and_down_and_slow_are_told_apart_from_silent() {
    let world = world(None).await;
    for fault in [ControllerFault::Busy, ControllerFault::ServerError] {
        world.sandbox.add_fault(once(fault));
        assert!(matches!(world.client.call(&open(), Step::Open).await, Report::Busy(_)), "{fault:?}");
    }
    assert!(world.sandbox.raised(AREA).is_empty());
    world.sandbox.add_fault(once(ControllerFault::TimeoutAfterSuccess { millis: 60_000 }));
    assert!(matches!(world.client.call(&open(), Step::Open).await, Report::NoAnswer(_)));
    assert_eq!(world.sandbox.raised(AREA).len(), 1);
    world.sandbox.add_fault(once(ControllerFault::Latency { millis: 5 }));
    assert_eq!(world.client.call(&open(), Step::Open).await, Report::Done);
}
