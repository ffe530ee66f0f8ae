//! A notice: one thing one person is told once, on the first channel that reaches them.

mod banks;
mod templates;
mod wording;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EventId, NoticeId, PlateNumber, Won};

pub use templates::{TEMPLATES, Template};
pub use wording::{Wording, WordingError, wording};

/// How a person can be reached. Personal data: never logged.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Contact {
    /// Firebase registration token of the person's phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_token: Option<String>,
    /// Mobile number, digits only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Language the person reads.
    pub language: Language,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("push_token", &self.push_token.as_ref().map(|_| "…"))
            .field("phone", &self.phone.as_ref().map(|_| "…"))
            .field("language", &self.language)
            .finish()
    }
}

impl Contact {
    /// Whether nobody can be reached by it.
    pub fn is_empty(&self) -> bool {
        self.push_token.is_none() && self.phone.is_none()
    }
}

/// Languages of messages: Korean first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Korean.
    #[default]
    Ko,
    /// English.
    En,
}

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum NoticeKind {
    /// Your car came in.
    Entered {
        /// When.
        entered_at: Timestamp,
    },
    /// Your payment was taken.
    PaymentReceived {
        /// Amount, won.
        amount: Won,
        /// Leave by.
        leave_by: Timestamp,
    },
    /// Deposit to this account.
    DepositAwaited {
        /// Amount, won.
        amount: Won,
        /// Bank.
        bank: String,
        /// Account number.
        number: String,
    },
    /// What arrived did not match and goes back.
    PaymentReturned {
        /// Amount, won.
        amount: Won,
    },
    /// Your car left; this is owed, if anything.
    Left {
        /// When.
        left_at: Timestamp,
        /// Still owed, won.
        outstanding: Won,
    },
    /// Your dispute is decided.
    DisputeDecided {
        /// Whether you were right.
        accepted: bool,
        /// What is to pay for the visit now, won; `None` where the tariff can't say.
        due: Option<Won>,
    },
    /// The fee of a visit that is over is unpaid.
    Unpaid {
        /// Which notice it is, from 1.
        number: u32,
        /// The unpaid fee, won.
        principal: Won,
        /// The surcharge on it, won.
        surcharge: Won,
        /// Where it can be seen and paid.
        link: String,
    },
    /// The registered card was charged again for an unpaid fee, and refused again.
    RetryRefused {
        /// Which try it was, from 1.
        number: u32,
        /// The unpaid fee, won.
        principal: Won,
        /// Whether it is charged once more.
        again: bool,
        /// Where it can be seen and paid.
        link: String,
    },
    /// An unpaid fee was paid.
    UnpaidSettled {
        /// Amount, won.
        amount: Won,
    },
}

impl NoticeKind {
    /// Its name in a message.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Entered { .. } => "entered",
            Self::PaymentReceived { .. } => "payment_received",
            Self::DepositAwaited { .. } => "deposit_awaited",
            Self::PaymentReturned { .. } => "payment_returned",
            Self::Left { .. } => "left",
            Self::DisputeDecided { .. } => "dispute_decided",
            Self::Unpaid { .. } => "unpaid",
            Self::RetryRefused { .. } => "retry_refused",
            Self::UnpaidSettled { .. } => "unpaid_settled",
        }
    }
}

/// A notice as it travels to the notifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Derived from the event and the kind: the same event tells a person once.
    pub id: NoticeId,
    /// The event it tells of.
    pub event: EventId,
    /// The car it is about.
    pub plate: PlateNumber,
    /// Name of the lot.
    pub lot_name: String,
    /// IANA zone that times are shown in.
    pub time_zone: String,
    /// Whom.
    pub contact: Contact,
    /// What.
    #[serde(flatten)]
    pub kind: NoticeKind,
}

impl Notice {
    /// Derives the id from the event.
    pub fn id_for(event: &EventId) -> NoticeId {
        NoticeId::derive(&[event.as_str()])
    }
}

/// The ways to a person, in the order they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Firebase.
    Push,
    /// Kakao AlimTalk.
    AlimTalk,
    /// SMS, or LMS when longer.
    Text,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Written down before the call: if it stays, the call's end is not known.
    Begun,
    /// The vendor took it.
    Accepted,
    /// The vendor refused it for good; the next channel is tried.
    Refused,
}

/// A try on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Channel.
    pub channel: Channel,
    /// Outcome.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// What to do next for a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Try this channel.
    Send(Channel),
    /// Ask the vendor of this channel whether it already took the notice, before trying again.
    Ask(Channel),
    /// The person was told.
    Done,
    /// No channel is left.
    Unreachable,
}

/// Decides what comes next from what was tried. A try whose end is not known is asked about, not repeated blindly.
pub fn next_step(contact: &Contact, attempts: &[Attempt]) -> NextStep {
    let newest =
        |channel| attempts.iter().rev().find(|attempt| attempt.channel == channel).map(|a| a.outcome);
    if attempts.iter().any(|attempt| attempt.outcome == Outcome::Accepted) {
        return NextStep::Done;
    }
    for channel in [Channel::Push, Channel::AlimTalk, Channel::Text] {
        let reachable = match channel {
            Channel::Push => contact.push_token.is_some(),
            Channel::AlimTalk | Channel::Text => contact.phone.is_some(),
        };
        match (reachable, newest(channel)) {
            (false, _) | (true, Some(Outcome::Refused)) => {}
            (true, Some(Outcome::Begun)) => return NextStep::Ask(channel),
            (true, None) => return NextStep::Send(channel),
            (true, Some(Outcome::Accepted)) => return NextStep::Done,
        }
    }
    NextStep::Unreachable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(push: bool, phone: bool) -> Contact {
        Contact {
            push_token: push.then(|| "token".into()),
            phone: phone.then(|| "01012345678".into()),
            language: Language::Ko,
        }
    }

    fn attempt(channel: Channel, outcome: Outcome) -> Attempt {
        Attempt { channel, outcome, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn push_comes_first_then_alimtalk_then_text() {
        let both = contact(true, true);
        let mut tried = Vec::new();
        for channel in [Channel::Push, Channel::AlimTalk, Channel::Text] {
            assert_eq!(next_step(&both, &tried), NextStep::Send(channel));
            tried.push(attempt(channel, Outcome::Begun));
            assert_eq!(next_step(&both, &tried), NextStep::Ask(channel));
            tried.push(attempt(channel, Outcome::Refused));
        }
        assert_eq!(next_step(&both, &tried), NextStep::Unreachable);
    }

    #[test]
    fn a_person_who_was_told_is_not_told_again() {
        let told = [attempt(Channel::Push, Outcome::Refused), attempt(Channel::AlimTalk, Outcome::Accepted)];
        assert_eq!(next_step(&contact(true, true), &told), NextStep::Done);
    }

    #[test]
    fn without_a_phone_number_nothing_follows_push() {
        assert_eq!(
            next_step(&contact(true, false), &[attempt(Channel::Push, Outcome::Refused)]),
            NextStep::Unreachable
        );
    }

    #[test]
    fn a_contact_does_not_show_itself_in_debug_text() {
        let shown = format!("{:?}", contact(true, true));
        assert!(!shown.contains("token\"") && !shown.contains("0101234"), "{shown}");
    }
}
