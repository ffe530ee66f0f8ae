//! Solapi: AlimTalk through Kakao, and SMS or LMS through the carriers.
//!
//! Every message carries the notice's id in its custom fields, so that after an unclear outcome the vendor can be asked
//! whether it already took the message ([`TextSender::look_up`]). A text sent twice reaches a person twice: never repeat blindly.

mod signature;
mod text;

use std::collections::BTreeMap;

use async_trait::async_trait;
use baro_domain::NoticeId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub use text::{CarrierText, LMS_BYTES, SMS_BYTES, TextKind, TooLong};

use crate::http::{Answer, CallFailure, HttpClient};
use crate::secret::Secret;

/// The custom field that carries the notice's id.
const NOTICE_FIELD: &str = "noticeId";
/// How many messages to one number are looked through in one look-up.
const LOOK_UP_LIMIT: usize = 100;

/// The account that sends: the `solapi` part of the messenger secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SolapiAccount {
    /// API key: names the account.
    pub api_key: String,
    /// API secret: signs.
    pub api_secret: Secret,
    /// The Kakao channel that AlimTalk is sent from.
    pub pf_id: String,
    /// The registered caller number, digits only.
    pub from: String,
}

/// What is sent to a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextContent {
    /// An approved Kakao template. Kakao's own fallback to SMS is switched off: Baro decides on the next channel.
    AlimTalk {
        /// Id of the template.
        template_id: String,
        /// Its variables, names without `#{}`.
        variables: BTreeMap<String, String>,
    },
    /// A plain text: SMS, or LMS when longer than 90 bytes.
    Plain {
        /// The text.
        text: String,
    },
}

/// A message to one phone number.
#[derive(Debug, Clone)]
pub struct TextMessage {
    /// The notice it carries.
    pub notice: NoticeId,
    /// Mobile number, digits only. Held as a secret so that it is never logged.
    pub to: Secret,
    /// What is sent.
    pub content: TextContent,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOutcome {
    /// The vendor took it.
    Accepted {
        /// The vendor's id of the message.
        message_id: String,
    },
    /// The vendor will not: try another channel.
    Refused {
        /// The vendor's code.
        code: String,
    },
    /// The vendor saw nothing of it: sending again is safe.
    Retry(String),
    /// The vendor may have taken it: look it up before sending again.
    Unknown(String),
}

/// Whether the vendor knows a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUp {
    /// It took it, and it is on its way or has arrived.
    Accepted {
        /// The vendor's id of the message.
        message_id: String,
    },
    /// It took it and could not deliver it.
    Failed {
        /// The vendor's code.
        code: String,
    },
    /// It knows none.
    Absent,
    /// It can't be asked now.
    Retry(String),
}

/// Which of a notice's messages is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextChannel {
    /// AlimTalk.
    AlimTalk,
    /// SMS or LMS.
    Plain,
}

/// Sends messages to phone numbers.
#[async_trait]
pub trait TextSender: Send + Sync {
    /// Sends a message.
    async fn send(&self, message: &TextMessage, now: Timestamp) -> TextOutcome;

    /// Asks whether a notice's message to a number was taken since a time.
    async fn look_up(
        &self,
        notice: &NoticeId,
        to: &Secret,
        channel: TextChannel,
        since: Timestamp,
        now: Timestamp,
    ) -> LookUp;
}

/// A client of Solapi's messages API.
#[derive(Debug)]
pub struct Solapi {
    http: HttpClient,
    base_url: String,
    account: SolapiAccount,
}

impl Solapi {
    /// A client over the shared HTTP client. `base_url` is `https://api.solapi.com`, or a sandbox.
    pub fn new(http: HttpClient, base_url: &str, account: SolapiAccount) -> Self {
        Self { http, base_url: base_url.trim_end_matches('/').to_owned(), account }
    }

    fn authorization(&self, cause: &str, now: Timestamp) -> String {
        let salt = signature::salt(&self.account.api_secret, cause, now);
        signature::authorization(&self.account, &now.to_string(), &salt)
    }

    fn body(&self, message: &TextMessage) -> Result<Value, TooLong> {
        let mut body = json!({
            "to": message.to.expose(),
            "from": self.account.from,
            "customFields": {NOTICE_FIELD: message.notice.as_str()},
        });
        match &message.content {
            TextContent::AlimTalk { template_id, variables } => {
                let variables: BTreeMap<_, _> =
                    variables.iter().map(|(name, value)| (format!("#{{{name}}}"), value)).collect();
                body["type"] = json!("ATA");
                body["kakaoOptions"] = json!({
                    "pfId": self.account.pf_id, "templateId": template_id,
                    "variables": variables, "disableSms": true,
                });
            }
            TextContent::Plain { text } => {
                let text = CarrierText::new(text)?;
                body["type"] = json!(if text.kind == TextKind::Sms { "SMS" } else { "LMS" });
                body["text"] = json!(text.text);
            }
        }
        Ok(json!({"messages": [body], "showMessageList": true}))
    }
}

#[async_trait]
impl TextSender for Solapi {
    async fn send(&self, message: &TextMessage, now: Timestamp) -> TextOutcome {
        let body = match self.body(message) {
            Ok(body) => body,
            Err(TooLong { bytes }) => return TextOutcome::Refused { code: format!("TooLong:{bytes}") },
        };
        let url = format!("{}/messages/v4/send-many/detail", self.base_url);
        let authorization = self.authorization(message.notice.as_str(), now);
        let request = self.http.inner().post(url).header("authorization", authorization).json(&body);
        match self.http.call(request).await {
            Ok(answer) => sort(&answer),
            Err(CallFailure::NotSent(cause)) => TextOutcome::Retry(cause),
            Err(CallFailure::NoAnswer(cause)) => TextOutcome::Unknown(cause),
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
        let url = format!("{}/messages/v4/list", self.base_url);
        let query = [
            ("to", to.expose().to_owned()),
            ("dateType", "CREATED".to_owned()),
            ("startDate", since.to_string()),
            ("endDate", now.to_string()),
            ("limit", LOOK_UP_LIMIT.to_string()),
        ];
        let request = self.http.inner().get(url).query(&query);
        let authorization = self.authorization(notice.as_str(), now);
        match self.http.call(request.header("authorization", authorization)).await {
            Ok(answer) if answer.is_success() => match answer.json::<Listed>() {
                Some(listed) => find(&listed, notice, channel),
                None => LookUp::Retry("the list can't be read".to_owned()),
            },
            Ok(answer) => LookUp::Retry(format!("HTTP {}", answer.status)),
            Err(CallFailure::NotSent(cause) | CallFailure::NoAnswer(cause)) => LookUp::Retry(cause),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default)]
    failed_message_list: Vec<MessageStatus>,
    #[serde(default)]
    message_list: Vec<MessageStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStatus {
    #[serde(default)]
    message_id: String,
    #[serde(default)]
    status_code: String,
}

/// A 200 tells nothing by itself: the message may stand in the list of failed ones.
fn sort(answer: &Answer) -> TextOutcome {
    if answer.is_success() {
        return match answer.json::<Sent>() {
            Some(sent) => {
                match (sent.failed_message_list.into_iter().next(), sent.message_list.into_iter().next()) {
                    (Some(failed), _) => TextOutcome::Refused { code: failed.status_code },
                    (None, taken) => TextOutcome::Accepted {
                        message_id: taken.map(|taken| taken.message_id).unwrap_or_default(),
                    },
                }
            }
            None => TextOutcome::Unknown("the answer can't be read".to_owned()),
        };
    }
    match answer.status {
        429 => TextOutcome::Retry("HTTP 429".to_owned()),
        _ if answer.is_passing_fault() => TextOutcome::Unknown(format!("HTTP {}", answer.status)),
        _ => {
            let code =
                answer.json::<Value>().and_then(|body| Some(body.get("errorCode")?.as_str()?.to_owned()));
            TextOutcome::Refused { code: code.unwrap_or_else(|| format!("HTTP_{}", answer.status)) }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    message_list: BTreeMap<String, StoredMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMessage {
    #[serde(rename = "type")]
    kind: Option<String>,
    status_code: Option<String>,
    custom_fields: Option<BTreeMap<String, String>>,
}

/// Codes 2xxx: taken; 3000: at the carrier; 4000: delivered. All else is a failure of its own code.
fn find(listed: &Listed, notice: &NoticeId, channel: TextChannel) -> LookUp {
    let ours = listed.message_list.iter().filter(|(_, message)| {
        let field = message.custom_fields.as_ref().and_then(|fields| fields.get(NOTICE_FIELD));
        let is_alimtalk = message.kind.as_deref() == Some("ATA");
        field.is_some_and(|id| id == notice.as_str()) && is_alimtalk == (channel == TextChannel::AlimTalk)
    });
    let mut failed = LookUp::Absent;
    for (message_id, message) in ours {
        match message.status_code.as_deref() {
            None | Some("3000" | "4000") => return LookUp::Accepted { message_id: message_id.clone() },
            Some(code) if code.starts_with('2') => {
                return LookUp::Accepted { message_id: message_id.clone() };
            }
            Some(code) => failed = LookUp::Failed { code: code.to_owned() },
        }
    }
    failed
}

#[cfg(test)]
mod tests;
