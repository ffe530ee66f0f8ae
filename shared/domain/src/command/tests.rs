//! Commands against a controller that is slow, busy, silent or forgetful: a model of it stands in for the real one.

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn plate() -> PlateNumber {
    PlateNumber::parse("12가3456")
}

fn terms(kind: &str) -> PassTerms {
    PassTerms { kind: kind.to_owned(), from: date(2026, 11, 1), until: date(2026, 11, 30) }
}

fn command(action: Action) -> Command {
    Command { lot: LotId::parse("lot_test").unwrap(), revision: 0, requested_at: at(0), action }
}

fn open() -> Command {
    command(Action::Open {
        lane: LaneId::parse("lane_out").unwrap(),
        plate: plate(),
        visit: VisitId::derive(&["visit"]),
        cause: OpenCause::Payment(PaymentId::derive(&["payment"])),
    })
}

fn set(kind: &str) -> Command {
    command(Action::SetPass { plate: plate(), pass: terms(kind) })
}

fn clear() -> Command {
    command(Action::ClearPass { plate: plate() })
}

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    Good,
    Busy,
    SilentBefore,
    SilentAfter,
}

/// The controller as its contract has it: one pass a plate, no call that changes one.
#[derive(Debug, Default)]
struct Controller {
    passes: BTreeMap<String, String>,
    raised: u32,
}

impl Controller {
    fn act(&mut self, command: &Command, step: Step) -> Report {
        let key = plate().as_str().to_owned();
        match (step, &command.action) {
            (Step::Open, _) => {
                self.raised += 1;
                Report::Done
            }
            (Step::SetPass, _) if self.passes.contains_key(&key) => Report::AlreadySo,
            (Step::SetPass, Action::SetPass { pass, .. }) => {
                self.passes.insert(key, pass.kind.clone());
                Report::Done
            }
            (Step::ClearPass, _) => self.passes.remove(&key).map_or(Report::AlreadySo, |_| Report::Done),
            (Step::SetPass, _) => panic!("a pass is set without terms"),
        }
    }

    fn call(&mut self, command: &Command, step: Step, luck: Luck) -> Report {
        match luck {
            Luck::Good => self.act(command, step),
            Luck::Busy => Report::Busy("처리 중".into()),
            Luck::SilentBefore => Report::NoAnswer("timed out".into()),
            Luck::SilentAfter => {
                self.act(command, step);
                Report::NoAnswer("timed out".into())
            }
        }
    }
}

/// Carries a command on with these lucks, a second for each call; `left_after` calls the car is gone.
fn carry_on(
    command: &Command,
    mut progress: Progress,
    controller: &mut Controller,
    lucks: &[Luck],
    left_after: u32,
) -> Progress {
    let mut lucks = lucks.iter();
    let mut now = command.requested_at;
    loop {
        let event = match plan(command, &progress, now) {
            Move::Rest => return progress,
            Move::Expire => Event::TimeUp,
            Move::Look if progress.calls >= left_after => Event::CarLeft,
            Move::Look => Event::CarWaits,
            Move::Call(step) => {
                let Some(luck) = lucks.next() else { return progress };
                now += SignedDuration::from_secs(1);
                progress = decide(command, &progress, &Event::Calling, now);
                Event::Answered(controller.call(command, step, *luck))
            }
        };
        progress = decide(command, &progress, &event, now);
    }
}

fn carry_out(command: &Command, controller: &mut Controller, lucks: &[Luck]) -> Progress {
    carry_on(command, Progress::new(command), controller, lucks, u32::MAX)
}

#[test]
fn a_barrier_is_raised_with_one_call() {
    let mut controller = Controller::default();
    let progress = carry_out(&open(), &mut controller, &[Luck::Good]);
    assert_eq!((progress.status, progress.calls, controller.raised), (Status::Done, 1, 1));
}

#[test]
fn a_car_that_left_while_the_controller_was_silent_is_not_opened_for_again() {
    let mut controller = Controller::default();
    let lucks = [Luck::SilentAfter, Luck::Good];
    let progress = carry_on(&open(), Progress::new(&open()), &mut controller, &lucks, 1);
    assert_eq!((progress.status, controller.raised), (Status::Done, 1));
}

#[test]
fn a_controller_that_never_answers_is_given_up() {
    let progress = carry_out(&open(), &mut Controller::default(), &[Luck::SilentBefore; 50]);
    assert_eq!((progress.status, progress.calls), (Status::Failed, 6));
    assert_eq!(progress.said.as_deref(), Some("timed out"));
    let pass = carry_out(&set("monthly"), &mut Controller::default(), &[Luck::Busy; 50]);
    assert_eq!((pass.status, pass.calls), (Status::Failed, 20));
}

#[test]
fn no_barrier_opens_for_nobody() {
    let progress = Progress::new(&open());
    let in_time = at(OPEN_WITHIN.as_secs());
    assert_eq!(plan(&open(), &progress, in_time), Move::Call(Step::Open));
    let late = in_time + SignedDuration::from_millis(1);
    assert_eq!(plan(&open(), &progress, late), Move::Expire);
    assert_eq!(decide(&open(), &progress, &Event::TimeUp, late).status, Status::Expired);
    assert_eq!(decide(&open(), &progress, &Event::TimeUp, in_time).status, Status::Requested);
}

#[test]
fn a_pass_knows_no_hurry() {
    let next_year = at(365 * 86_400);
    assert_eq!(plan(&set("monthly"), &Progress::new(&set("monthly")), next_year), Move::Call(Step::SetPass));
}

#[test]
fn a_changed_pass_is_removed_and_set_anew() {
    let mut controller = Controller::default();
    carry_out(&set("monthly"), &mut controller, &[Luck::Good]);
    let changed = Command { revision: 2, ..set("night") };
    assert_eq!(changed.id(), set("monthly").id(), "one pass a plate");
    let progress = carry_out(&changed, &mut controller, &[Luck::Good; 3]);
    assert_eq!((progress.status, progress.calls), (Status::Done, 3));
    assert_eq!(controller.passes.values().collect::<Vec<_>>(), ["night"]);
}

#[test]
fn a_pass_that_is_gone_already_is_removed() {
    let progress = carry_out(&clear(), &mut Controller::default(), &[Luck::Good]);
    assert_eq!((progress.status, progress.calls), (Status::Done, 1));
}

#[test]
fn wrong_credentials_are_final_and_a_person_is_told() {
    let refused = Report::Refused { reason: Refusal::Credentials, said: "HTTP 401".into() };
    let progress = decide(&open(), &Progress::new(&open()), &Event::Answered(refused), at(1));
    assert_eq!(progress.status, Status::Refused(Refusal::Credentials));
    assert!(progress.status.is_trouble());
    assert_eq!(plan(&open(), &progress, at(2)), Move::Rest);
}

#[test]
fn the_pauses_grow_and_stay_short() {
    let pauses: Vec<i128> =
        (0..7).map(|calls| Progress { calls, ..Progress::new(&open()) }.pause().as_millis()).collect();
    assert_eq!(pauses, [0, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
}

#[test]
fn a_command_reads_back_as_it_was_written() {
    for command in [open(), set("monthly"), clear()] {
        let text = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command, "{text}");
    }
    let refused = Progress { status: Status::Refused(Refusal::Address), ..Progress::new(&open()) };
    let text = serde_json::to_string(&refused).unwrap();
    assert_eq!(serde_json::from_str::<Progress>(&text).unwrap(), refused, "{text}");
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![Just(Luck::Good), Just(Luck::Busy), Just(Luck::SilentBefore), Just(Luck::SilentAfter)]
}

fn report() -> impl Strategy<Value = Report> {
    prop_oneof![
        Just(Report::Done),
        Just(Report::AlreadySo),
        Just(Report::Busy("busy".into())),
        Just(Report::NoAnswer("silent".into())),
        Just(Report::Refused { reason: Refusal::Controller, said: "no".into() }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Calling),
        report().prop_map(Event::Answered),
        Just(Event::CarLeft),
        Just(Event::CarWaits),
        Just(Event::TimeUp),
        Just(Event::Unsendable(Refusal::NotConfigured)),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![Just(open()), Just(set("monthly")), Just(clear())]
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Requested => 0,
        Status::Sent => 1,
        _ => 2,
    }
}

proptest! {
    #[test]
    fn a_command_never_goes_back(command in any_command(), events in proptest::collection::vec((event(), 0_i64..90), 0..40)) {
        let mut progress = Progress::new(&command);
        for (event, second) in events {
            let next = decide(&command, &progress, &event, at(second));
            prop_assert!(rank(next.status) >= rank(progress.status));
            prop_assert!(next.calls >= progress.calls && next.changed_at >= progress.changed_at);
            if progress.status.is_final() {
                prop_assert_eq!(&next, &progress);
            }
            progress = next;
        }
    }

    /// Whatever stood there before, whatever goes wrong and however often the message comes: what counts as done is so.
    #[test]
    fn a_pass_that_counts_as_done_is_as_it_was_asked_for(
        before in proptest::option::of(Just("old".to_owned())),
        wanted in proptest::option::of(Just("new")),
        lucks in proptest::collection::vec(luck(), 0..30),
        cuts in proptest::collection::vec(0_usize..6, 0..6),
    ) {
        let mut controller = Controller::default();
        controller.passes.extend(before.map(|kind| (plate().as_str().to_owned(), kind)));
        let command = wanted.map_or_else(clear, set);
        let mut progress = Progress::new(&command);
        let mut rest = lucks.as_slice();
        for cut in cuts.into_iter().chain([30]) {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            progress = carry_on(&command, progress, &mut controller, now, u32::MAX);
            rest = later;
        }
        if progress.status == Status::Done {
            prop_assert_eq!(controller.passes.values().map(String::as_str).next(), wanted);
        }
        let good = carry_on(&command, progress.clone(), &mut controller, &[Luck::Good; 3], u32::MAX);
        prop_assert!(good.status == Status::Done || progress.calls >= 18, "three good calls end it: {good:?}");
    }

    /// However a controller behaves, an opening is called for six times at most and never after the car's time.
    #[test]
    fn an_opening_ends(lucks in proptest::collection::vec(luck(), 6..12), left_after in 0_u32..8) {
        let mut controller = Controller::default();
        let progress = carry_on(&open(), Progress::new(&open()), &mut controller, &lucks, left_after);
        prop_assert!(progress.status.is_final(), "{progress:?}");
        prop_assert!(progress.calls <= 6 && progress.changed_at <= at(OPEN_WITHIN.as_secs()));
        prop_assert!(controller.raised <= left_after.max(1), "raised for a car that had gone");
    }
}
