//! How far a command has come: requested → sent → done | refused | failed | expired.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Action, Command};

/// Calls for one opening before it counts as failed.
const MAX_OPEN_CALLS: u32 = 6;
/// Calls for one pass, over all deliveries of its message.
const MAX_PASS_CALLS: u32 = 20;
/// The pause before the second call, doubled before each further one.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(500);
/// No pause is longer: a car waits.
const MAX_PAUSE: SignedDuration = SignedDuration::from_secs(4);

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status", content = "reason")]
pub enum Status {
    /// Asked for; the controller knows nothing of it.
    Requested,
    /// Put to the controller at least once.
    Sent,
    /// As it should be at the controller.
    Done,
    /// The controller will not, or there is none: a person mends the cause.
    Refused(Refusal),
    /// The controller could not, however often it was asked.
    Failed,
    /// The car's time was up before it could be done.
    Expired,
}

/// Why a command is refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// User or password is wrong.
    Credentials,
    /// The lot has no controller that could do it.
    NotConfigured,
    /// The controller's address is none that may be called.
    Address,
    /// The controller said no in its own words.
    Controller,
}

/// One step at the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Raise the barrier.
    Open,
    /// Register the pass.
    SetPass,
    /// Remove the pass.
    ClearPass,
}

/// What the controller answered to one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Done now.
    Done,
    /// It was so already: the barrier is up, the plate has a pass, or has none.
    AlreadySo,
    /// It never will.
    Refused {
        /// Why.
        reason: Refusal,
        /// In its own words.
        said: String,
    },
    /// It did nothing, and may if asked again.
    Busy(String),
    /// It may have done it.
    NoAnswer(String),
}

/// How far a command has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Where it stands.
    #[serde(flatten)]
    pub status: Status,
    /// The step that comes next, or was the last.
    pub step: Step,
    /// Calls made or under way.
    pub calls: u32,
    /// The last call may have been carried out without our hearing of it.
    #[serde(default)]
    pub unanswered: bool,
    /// The plate's pass of before was removed by this command: one that is there again is its own.
    #[serde(default)]
    pub cleared: bool,
    /// What the controller said last, for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// When it last moved.
    pub changed_at: Timestamp,
}

/// What moves a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its next step is about to be called.
    Calling,
    /// The controller answered, or did not.
    Answered(Report),
    /// The gates saw the car leave.
    CarLeft,
    /// They did not: it may still stand there.
    CarWaits,
    /// The car's time is up.
    TimeUp,
    /// It can't be put to any controller.
    Unsendable(Refusal),
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Call the controller.
    Call(Step),
    /// Find out first whether the car has left: the last call may have raised the barrier.
    Look,
    /// Give it up: [`Event::TimeUp`].
    Expire,
    /// Nothing: it is over.
    Rest,
}

impl Status {
    /// Whether nothing moves it any more.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Requested | Self::Sent)
    }

    /// Whether a person should know.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Refused(_) | Self::Failed | Self::Expired)
    }
}

impl Progress {
    /// Of a command that was just asked for.
    pub fn new(command: &Command) -> Self {
        let step = match command.action {
            Action::Open { .. } => Step::Open,
            Action::SetPass { .. } => Step::SetPass,
            Action::ClearPass { .. } => Step::ClearPass,
        };
        Self {
            status: Status::Requested,
            step,
            calls: 0,
            unanswered: false,
            cleared: false,
            said: None,
            changed_at: command.requested_at,
        }
    }

    /// How long to wait before the next call; none before the first.
    pub fn pause(&self) -> SignedDuration {
        match self.calls.checked_sub(1) {
            None => SignedDuration::ZERO,
            Some(repeated) => (FIRST_PAUSE * (1 << repeated.min(8))).min(MAX_PAUSE),
        }
    }
}

/// What to do next for a command that has come so far.
pub fn plan(command: &Command, progress: &Progress, now: Timestamp) -> Move {
    if progress.status.is_final() {
        Move::Rest
    } else if command.is_too_late(now) {
        Move::Expire
    } else if command.is_opening() && progress.unanswered {
        Move::Look
    } else {
        Move::Call(progress.step)
    }
}

/// How far the command has come once this has happened. What is over stays as it is.
pub fn decide(command: &Command, progress: &Progress, event: &Event, now: Timestamp) -> Progress {
    if progress.status.is_final() {
        return progress.clone();
    }
    let mut next = Progress { changed_at: progress.changed_at.max(now), ..progress.clone() };
    match event {
        // Until the answer is known, the call counts as one that may have been carried out.
        Event::Calling => {
            (next.status, next.unanswered) = (Status::Sent, true);
            next.calls = next.calls.saturating_add(1);
        }
        Event::Answered(report) => answered(command, &mut next, report),
        Event::CarLeft if command.is_opening() => next.status = Status::Done,
        Event::CarWaits => next.unanswered = false,
        Event::TimeUp if command.is_too_late(now) => next.status = Status::Expired,
        Event::CarLeft | Event::TimeUp => {}
        Event::Unsendable(reason) => next.status = Status::Refused(*reason),
    }
    next
}

fn answered(command: &Command, next: &mut Progress, report: &Report) {
    next.unanswered = matches!(report, Report::NoAnswer(_));
    match report {
        Report::Done | Report::AlreadySo => {
            next.said = None;
            carried_out(command, next, *report == Report::AlreadySo);
        }
        Report::Refused { reason, said } => {
            (next.status, next.said) = (Status::Refused(*reason), Some(said.clone()));
        }
        Report::Busy(said) | Report::NoAnswer(said) => next.said = Some(said.clone()),
    }
    let most = if command.is_opening() { MAX_OPEN_CALLS } else { MAX_PASS_CALLS };
    if !next.status.is_final() && next.calls >= most {
        next.status = Status::Failed;
    }
}

/// A step is as it should be. A plate that already has a pass has one on other terms, as far as we know: there is no
/// call that changes it, so it is removed and set anew.
fn carried_out(command: &Command, next: &mut Progress, already: bool) {
    match (&command.action, next.step) {
        (Action::SetPass { .. }, Step::SetPass) if already && !next.cleared => next.step = Step::ClearPass,
        (Action::SetPass { .. }, Step::ClearPass) => (next.step, next.cleared) = (Step::SetPass, true),
        _ => next.status = Status::Done,
    }
}
