//! One delivery of one notice: decide, write the try down, call the vendor, write the outcome down, decide again.

use std::collections::BTreeMap;

use baro_clients::{
    Secret,
    fcm::{PushMessage, PushOutcome},
    solapi::{LookUp, TextChannel, TextContent, TextMessage, TextOutcome},
};
use baro_domain::notice::{Attempt, Channel, NextStep, Notice, Outcome, Wording, next_step};
use baro_store::NoticeRecord;
use jiff::SignedDuration;

use crate::{Notifier, NotifyError};

/// A try begun less than this long ago may still be waiting for its vendor: longer than the function's time-out (60 s), with
/// some room for clocks that differ, and shorter than the queue's visibility time-out (360 s), so that a message which comes
/// back after a crash does not have to come a third time.
pub const MAY_STILL_RUN: SignedDuration = SignedDuration::from_secs(90);
/// The vendor's clock may be this much behind ours when it is asked what it took since a try began.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Three channels need at most two steps each; the rest is for lost races.
const MAX_STEPS: u32 = 12;

/// The delivery at work.
pub(crate) struct Delivery<'a> {
    notifier: &'a Notifier,
    notice: &'a Notice,
    wording: Wording,
    record: NoticeRecord,
}

impl<'a> Delivery<'a> {
    pub(crate) fn new(
        notifier: &'a Notifier,
        notice: &'a Notice,
        wording: Wording,
        record: NoticeRecord,
    ) -> Self {
        Self { notifier, notice, wording, record }
    }

    /// Until the person was told, or no channel is left.
    pub(crate) async fn run(mut self) -> Result<(), NotifyError> {
        let known_before = self.record.revision;
        for _ in 0..MAX_STEPS {
            match next_step(&self.notice.contact, &self.record.attempts) {
                NextStep::Done => return Ok(()),
                NextStep::Unreachable => {
                    // A repetition of a message finds the record as it was left, and does not say it again.
                    if self.record.revision == 0 || self.record.revision > known_before {
                        tracing::warn!(code = "notice-unreachable", notice = %self.notice.id, "reached nobody");
                    }
                    return Ok(());
                }
                NextStep::Send(channel) => self.begin_and_send(channel).await?,
                NextStep::Ask(channel) => self.ask(channel).await?,
            }
        }
        Err(NotifyError::Steps(MAX_STEPS))
    }

    /// Calls the vendor only if no other delivery was faster to say that it would.
    async fn begin_and_send(&mut self, channel: Channel) -> Result<(), NotifyError> {
        if !self.append(channel, Outcome::Begun).await? {
            return Ok(());
        }
        match channel {
            Channel::Push => self.push().await,
            Channel::AlimTalk => self.send_text(channel, self.alimtalk()).await,
            Channel::Text => {
                let content = TextContent::Plain { text: self.wording.text() };
                self.send_text(channel, content).await
            }
        }
    }

    /// Finds out how a try ended that was left without an outcome.
    async fn ask(&mut self, channel: Channel) -> Result<(), NotifyError> {
        let begun = || {
            let of_channel =
                |attempt: &&Attempt| attempt.channel == channel && attempt.outcome == Outcome::Begun;
            self.record.attempts.iter().filter(of_channel).map(|attempt| attempt.at)
        };
        let now = self.notifier.clock.now();
        let (Some(first), Some(last)) = (begun().min(), begun().max()) else { return Ok(()) };
        if now.duration_since(last) < MAY_STILL_RUN {
            return Err(NotifyError::InProgress);
        }
        let text_channel = match channel {
            // Google can't be asked. Sending again is safe all the same: both pushes carry the notice's id as their collapse
            // id. Of two that wait for a phone that is off Google keeps one; on a phone that is on the second takes the place
            // of the first. The person has one notification to read, at worst after a second sound.
            Channel::Push => return self.begin_and_send(channel).await,
            Channel::AlimTalk => TextChannel::AlimTalk,
            Channel::Text => TextChannel::Plain,
        };
        let to = self.phone();
        let since = first.saturating_sub(CLOCK_MARGIN).unwrap_or(first);
        match self.notifier.texts.look_up(&self.notice.id, &to, text_channel, since, now).await {
            LookUp::Accepted { message_id } => self.accepted(channel, &message_id).await,
            LookUp::Failed { code } => self.refused(channel, &code).await,
            LookUp::Absent => self.begin_and_send(channel).await,
            LookUp::Retry(cause) => Err(NotifyError::Vendor { channel, cause }),
        }
    }

    async fn push(&mut self) -> Result<(), NotifyError> {
        let channel = Channel::Push;
        let token = self.notice.contact.push_token.clone().unwrap_or_default();
        let message = PushMessage {
            notice: self.notice.id.clone(),
            token: Secret::new(&token),
            title: self.wording.title().to_owned(),
            body: self.wording.body.clone(),
            data: BTreeMap::from([
                ("noticeId".to_owned(), self.notice.id.to_string()),
                ("kind".to_owned(), self.notice.kind.name().to_owned()),
            ]),
        };
        match self.notifier.push.push(&message, self.notifier.clock.now()).await {
            PushOutcome::Sent { name } => self.accepted(channel, &name).await,
            PushOutcome::Unregistered => {
                self.refused(channel, "unregistered").await?;
                self.forget(&token).await;
                Ok(())
            }
            PushOutcome::Refused(cause) => self.refused(channel, &cause).await,
            PushOutcome::Retry(cause) => Err(NotifyError::Vendor { channel, cause }),
        }
    }

    /// Takes a dead token out of the Directory. If that fails the next notice meets the same refusal and does it: no reason to
    /// keep this person waiting.
    async fn forget(&self, token: &str) {
        match self.notifier.directory.drop_push_token(&self.notice.plate, token).await {
            Ok(dropped) => tracing::info!(notice = %self.notice.id, dropped, "push token unregistered"),
            Err(error) => {
                tracing::warn!(notice = %self.notice.id, cause = %error, "dead push token stays registered");
            }
        }
    }

    fn phone(&self) -> Secret {
        Secret::new(self.notice.contact.phone.as_deref().unwrap_or_default())
    }

    fn alimtalk(&self) -> TextContent {
        let own = |(name, value): (&&str, &String)| ((*name).to_owned(), value.clone());
        TextContent::AlimTalk {
            template_id: self.wording.template.code.to_owned(),
            variables: self.wording.variables.iter().map(own).collect(),
        }
    }

    async fn send_text(&mut self, channel: Channel, content: TextContent) -> Result<(), NotifyError> {
        let message = TextMessage { notice: self.notice.id.clone(), to: self.phone(), content };
        match self.notifier.texts.send(&message, self.notifier.clock.now()).await {
            TextOutcome::Accepted { message_id } => self.accepted(channel, &message_id).await,
            TextOutcome::Refused { code } => self.refused(channel, &code).await,
            // The try stays without an outcome in both cases. Where the vendor saw nothing, asking it finds nothing.
            TextOutcome::Retry(cause) | TextOutcome::Unknown(cause) => {
                Err(NotifyError::Vendor { channel, cause })
            }
        }
    }

    async fn accepted(&mut self, channel: Channel, vendor_id: &str) -> Result<(), NotifyError> {
        let kind = self.notice.kind.name();
        tracing::info!(notice = %self.notice.id, kind, ?channel, vendor_id, "told");
        self.settle(channel, Outcome::Accepted).await
    }

    async fn refused(&mut self, channel: Channel, code: &str) -> Result<(), NotifyError> {
        tracing::warn!(notice = %self.notice.id, ?channel, code, "refused");
        self.settle(channel, Outcome::Refused).await
    }

    /// Writes an outcome down on top of whatever the record has become meanwhile: it is a fact.
    async fn settle(&mut self, channel: Channel, outcome: Outcome) -> Result<(), NotifyError> {
        for _ in 0..MAX_STEPS {
            let known = self.record.attempts.len();
            if self.append(channel, outcome).await? {
                return Ok(());
            }
            // The first answer to our own write may have been lost: then the outcome stands there.
            let newer = self.record.attempts.get(known..).unwrap_or_default();
            if newer.iter().any(|attempt| (attempt.channel, attempt.outcome) == (channel, outcome)) {
                return Ok(());
            }
        }
        Err(NotifyError::Steps(MAX_STEPS))
    }

    /// Writes one more line to the record, unless it has changed since it was read; the record is then the changed one.
    async fn append(&mut self, channel: Channel, outcome: Outcome) -> Result<bool, NotifyError> {
        let now = self.notifier.clock.now();
        let mut next = self.record.clone();
        next.attempts.push(Attempt { channel, outcome, at: now });
        let written = self.notifier.activity.put_attempts(&self.notice.id, &next, now).await?;
        let won = written.is_ok();
        self.record = written.unwrap_or_else(|current| current);
        Ok(won)
    }
}
