//! Both vendors as a test wants them: each call answered as scripted, each message that reached a person kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use baro_clients::{
    Secret,
    fcm::{PushMessage, PushOutcome, PushSender},
    solapi::{LookUp, TextChannel, TextContent, TextMessage, TextOutcome, TextSender},
};
use baro_domain::{NoticeId, notice::Channel};
use jiff::Timestamp;

/// What a vendor does with the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Takes it.
    Takes,
    /// Takes it, and its answer never comes.
    TakesAndSaysNothing,
    /// Takes nothing, and says nothing.
    SaysNothing,
    /// Takes it and answers with a fault.
    TakesAndFails,
    /// Is down.
    Fails,
    /// Refuses it.
    Refuses,
    /// Knows no such phone.
    KnowsNoSuchPhone,
}

/// A message that a vendor took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub notice: NoticeId,
    pub channel: Channel,
    /// Push token or phone number.
    pub to: String,
    /// Body of a push, template of an AlimTalk, text of an SMS.
    pub said: String,
}

/// The vendors.
#[derive(Debug, Default)]
pub struct Vendors {
    script: Mutex<VecDeque<(Channel, Does)>>,
    taken: Mutex<Vec<Taken>>,
    asked: Mutex<Vec<TextChannel>>,
    /// What the list says instead of what was taken.
    list: Mutex<Option<LookUp>>,
}

impl Vendors {
    pub fn that(script: &[(Channel, Does)]) -> Arc<Self> {
        let vendors = Self::default();
        vendors.script.lock().unwrap().extend(script.iter().copied());
        Arc::new(vendors)
    }

    /// Messages taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Channels of the messages taken, in order.
    pub fn channels(&self) -> Vec<Channel> {
        self.taken().iter().map(|taken| taken.channel).collect()
    }

    /// Look-ups so far.
    pub fn look_ups(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// From now on the list says this.
    pub fn list(&self, says: LookUp) {
        *self.list.lock().unwrap() = Some(says);
    }

    /// Carries out the next line of the script, which must be about this channel; past its end messages are taken.
    async fn meet(&self, taken: Taken) -> Does {
        let channel = taken.channel;
        let does = self.script.lock().unwrap().pop_front();
        let does = does.map_or(Does::Takes, |(expected, does)| {
            assert_eq!(expected, channel, "the script expects another channel");
            does
        });
        if matches!(does, Does::Takes | Does::TakesAndSaysNothing | Does::TakesAndFails) {
            self.taken.lock().unwrap().push(taken);
        }
        if matches!(does, Does::TakesAndSaysNothing | Does::SaysNothing) {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        does
    }
}

#[async_trait]
impl PushSender for Vendors {
    async fn push(&self, message: &PushMessage, _: Timestamp) -> PushOutcome {
        let taken = Taken {
            notice: message.notice.clone(),
            channel: Channel::Push,
            to: message.token.expose().to_owned(),
            said: format!("{}: {}", message.title, message.body),
        };
        match self.meet(taken).await {
            Does::Takes => PushOutcome::Sent { name: "projects/p/messages/1".into() },
            Does::KnowsNoSuchPhone => PushOutcome::Unregistered,
            Does::Refuses => PushOutcome::Refused("HTTP 400 INVALID_ARGUMENT".into()),
            _ => PushOutcome::Retry("HTTP 503".into()),
        }
    }
}

#[async_trait]
impl TextSender for Vendors {
    async fn send(&self, message: &TextMessage, _: Timestamp) -> TextOutcome {
        let (channel, said) = match &message.content {
            TextContent::AlimTalk { template_id, .. } => (Channel::AlimTalk, template_id.clone()),
            TextContent::Plain { text } => (Channel::Text, text.clone()),
        };
        let to = message.to.expose().to_owned();
        let taken = Taken { notice: message.notice.clone(), channel, to, said };
        match self.meet(taken).await {
            Does::Takes => TextOutcome::Accepted { message_id: "M4V1".into() },
            Does::Refuses => TextOutcome::Refused { code: "3104".into() },
            Does::TakesAndFails => TextOutcome::Unknown("HTTP 500".into()),
            _ => TextOutcome::Retry("HTTP 429".into()),
        }
    }

    async fn look_up(
        &self,
        notice: &NoticeId,
        to: &Secret,
        channel: TextChannel,
        since: Timestamp,
        now: Timestamp,
    ) -> LookUp {
        assert!(since < now);
        self.asked.lock().unwrap().push(channel);
        if let Some(says) = self.list.lock().unwrap().clone() {
            return says;
        }
        let meant = if channel == TextChannel::AlimTalk { Channel::AlimTalk } else { Channel::Text };
        let found = self
            .taken()
            .into_iter()
            .any(|taken| (&taken.notice, taken.channel, taken.to.as_str()) == (notice, meant, to.expose()));
        if found { LookUp::Accepted { message_id: "M4V1".into() } } else { LookUp::Absent }
    }
}
