//! FCM and Solapi with the credentials as they are now: a secret that was replaced is read anew, without a restart.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use baro_clients::{
    HttpClient, HttpTimeouts, Secret,
    fcm::{Fcm, FcmAccount, FcmEndpoints, PushMessage, PushOutcome, PushSender},
    solapi::{LookUp, Solapi, SolapiAccount, TextChannel, TextContent, TextMessage, TextOutcome, TextSender},
};
use baro_domain::NoticeId;
use baro_runtime::{Aws, Clock, Config, InitError, secrets, secrets::SecretReader};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::Mutex;

/// Refusals that are about our account and not about the message: a person must put it right, and the messages wait for that
/// in the queue and then in its dead-letter queue. No other channel is tried, as all of them are the same account's.
const ACCOUNT_REFUSALS: [&str; 10] = [
    "Unauthorized",
    "Forbidden",
    "InvalidAPIKey",
    "SignatureDoesNotMatch",
    "DuplicatedSignature",
    "RequestTimeTooSkewed",
    "NotEnoughBalance",
    "HTTP_401",
    "HTTP_402",
    "HTTP_403",
];

/// The messenger secret.
#[derive(Deserialize)]
struct MessengerSecret {
    fcm: FcmAccount,
    solapi: SolapiPart,
}

#[derive(Deserialize)]
struct SolapiPart {
    #[serde(flatten)]
    account: SolapiAccount,
    /// The account's ids of our templates, by our name of them. Here and not in the environment, since they were approved for
    /// the Kakao channel (`pfId`) that stands beside them and change with it.
    #[serde(default)]
    templates: BTreeMap<String, String>,
}

/// The clients that one value of the secret makes. Kept for as long as it stays the same, for the access token's sake.
struct Clients {
    made_of: secrets::Secret,
    fcm: Fcm,
    solapi: Solapi,
    templates: BTreeMap<String, String>,
}

/// Both messengers, their credentials taken from Secrets Manager (kept for five minutes).
pub struct Messengers {
    http: HttpClient,
    secrets: SecretReader,
    secret_id: String,
    fcm_endpoints: FcmEndpoints,
    solapi_base_url: String,
    kept: Mutex<Option<Arc<Clients>>>,
}

impl Messengers {
    /// Reads `MESSENGER_SECRET_ID`, `FCM_BASE_URL`, `GOOGLE_TOKEN_URL` and `SOLAPI_BASE_URL`; the secret itself at the first
    /// call.
    pub fn from_config(aws: &Aws, config: &Config, clock: Clock) -> Result<Self, InitError> {
        Ok(Self {
            http: HttpClient::new(HttpTimeouts::default())?,
            secrets: SecretReader::new(aws, clock),
            secret_id: config.required("MESSENGER_SECRET_ID")?.to_owned(),
            fcm_endpoints: FcmEndpoints {
                base_url: config.required("FCM_BASE_URL")?.to_owned(),
                token_url: config.required("GOOGLE_TOKEN_URL")?.to_owned(),
            },
            solapi_base_url: config.required("SOLAPI_BASE_URL")?.to_owned(),
            kept: Mutex::new(None),
        })
    }

    async fn clients(&self) -> Result<Arc<Clients>, String> {
        let secret = self.secrets.get(&self.secret_id).await.map_err(|error| error.to_string())?;
        let mut kept = self.kept.lock().await;
        if let Some(clients) = kept.as_ref().filter(|clients| clients.made_of == secret) {
            return Ok(clients.clone());
        }
        let parts: MessengerSecret = secret.json().map_err(|error| error.to_string())?;
        let clients = Arc::new(Clients {
            fcm: Fcm::new(self.http.clone(), &self.fcm_endpoints, parts.fcm),
            solapi: Solapi::new(self.http.clone(), &self.solapi_base_url, parts.solapi.account),
            templates: parts.solapi.templates,
            made_of: secret,
        });
        Ok(kept.insert(clients).clone())
    }
}

impl Clients {
    /// The message with the account's own id of its template.
    fn addressed(&self, message: &TextMessage) -> TextMessage {
        let mut message = message.clone();
        if let TextContent::AlimTalk { template_id, .. } = &mut message.content
            && let Some(approved) = self.templates.get(template_id)
        {
            template_id.clone_from(approved);
        }
        message
    }
}

#[async_trait]
impl PushSender for Messengers {
    async fn push(&self, message: &PushMessage, now: Timestamp) -> PushOutcome {
        match self.clients().await {
            Ok(clients) => clients.fcm.push(message, now).await,
            Err(cause) => PushOutcome::Retry(cause),
        }
    }
}

#[async_trait]
impl TextSender for Messengers {
    async fn send(&self, message: &TextMessage, now: Timestamp) -> TextOutcome {
        let clients = match self.clients().await {
            Ok(clients) => clients,
            Err(cause) => return TextOutcome::Retry(cause),
        };
        match clients.solapi.send(&clients.addressed(message), now).await {
            TextOutcome::Refused { code } if ACCOUNT_REFUSALS.contains(&code.as_str()) => {
                self.secrets.forget(&self.secret_id).await;
                TextOutcome::Retry(format!("our account is refused: {code}"))
            }
            outcome => outcome,
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
        match self.clients().await {
            Ok(clients) => clients.solapi.look_up(notice, to, channel, since, now).await,
            Err(cause) => LookUp::Retry(cause),
        }
    }
}
