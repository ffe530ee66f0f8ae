//! The messengers as one sandbox: Google's token endpoint and FCM v1 for pushes, Solapi for AlimTalk and texts. Each message a
//! person would get is kept in memory and shown at `GET /sandbox/messages`.

mod google;
mod machine;
mod solapi;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::VerifyingKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::sha2::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::server::{self, Running};
use super::support::{self, Dice, lock, random_id};

/// The size of the service account's key; Google's have it too.
const KEY_BITS: usize = 2_048;

/// How the messengers are set up.
#[derive(Debug, Clone)]
pub struct MessengerSandboxConfig {
    /// Port on the loopback address; 0 = a free one.
    pub port: u16,
    /// Firebase project.
    pub project_id: String,
    /// The service account that may send pushes.
    pub client_email: String,
    /// Solapi's API key.
    pub api_key: String,
    /// Solapi's API secret.
    pub api_secret: String,
    /// The Kakao channel.
    pub pf_id: String,
    /// The registered caller number.
    pub from: String,
    /// Approved AlimTalk templates: id → text with `#{variable}`.
    pub templates: BTreeMap<String, String>,
    /// Phones that uninstalled the app.
    pub unregistered_tokens: BTreeSet<String>,
    /// Numbers that Solapi takes no message for, with the code it answers.
    pub failing_numbers: BTreeMap<String, String>,
    /// Seed of the dice for faults by rate.
    pub seed: u64,
}

impl MessengerSandboxConfig {
    /// An account with secrets drawn anew, on a free port, with these templates.
    pub fn drawn(templates: BTreeMap<String, String>) -> Self {
        Self {
            port: 0,
            project_id: "baro-sandbox".to_owned(),
            client_email: "push@baro-sandbox.iam.gserviceaccount.com".to_owned(),
            api_key: random_id("NCS"),
            api_secret: random_id(""),
            pf_id: "KA01PFbarosandbox".to_owned(),
            from: "0420000000".to_owned(),
            templates,
            unregistered_tokens: BTreeSet::new(),
            failing_numbers: BTreeMap::new(),
            seed: 1,
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum MessengerFault {
    /// The answer comes late.
    Latency {
        /// How late.
        millis: u64,
    },
    /// 503, and nothing is done.
    ServerError,
    /// 429.
    Quota,
    /// The message is taken, and then nothing is said for so long, ending with a 504.
    TimeoutAfterSuccess {
        /// For how long.
        millis: u64,
    },
}

/// A fault and when it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessengerFaultRule {
    /// What goes wrong.
    pub fault: MessengerFault,
    /// `token`, `push` or `text`; absent = everywhere.
    #[serde(default)]
    pub operation: Option<String>,
    /// In so many of a thousand cases.
    #[serde(default = "always")]
    pub rate_permille: u32,
    /// At most so many times; absent = without end.
    #[serde(default)]
    pub times: Option<u32>,
}

fn always() -> u32 {
    1_000
}

/// A message that a person got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// The vendor's id of it.
    pub id: String,
    /// `push`, `alimTalk`, `sms`, `lms`.
    pub channel: &'static str,
    /// The registration token or the number. This is a sandbox: nobody real is behind it.
    pub to: String,
    /// What the person reads.
    pub text: String,
    /// The notice it carries.
    pub notice_id: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Solapi's code: 4000 = delivered.
    pub status_code: String,
    /// How many pushes with the same collapse id this one stands for.
    pub copies: u32,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<SentMessage>,
    access_tokens: BTreeMap<String, Timestamp>,
    used_signatures: BTreeSet<String>,
    faults: Vec<MessengerFaultRule>,
    unregistered_tokens: BTreeSet<String>,
    failing_numbers: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Desk {
    config: MessengerSandboxConfig,
    /// The sandbox keeps only the half that verifies.
    public_key: VerifyingKey<Sha256>,
    state: Mutex<State>,
    dice: Dice,
    stop: watch::Sender<bool>,
}

/// What strikes one call.
#[derive(Debug, Default)]
struct Strike {
    latency: Duration,
    refusal: Option<u16>,
    silence_after: Option<Duration>,
}

impl Desk {
    fn strike(&self, operation: &str) -> Strike {
        let mut strike = Strike::default();
        for rule in &mut lock(&self.state).faults {
            let meant =
                rule.operation.as_deref().is_none_or(|name| name == operation) && rule.times != Some(0);
            if !meant || !self.dice.falls(rule.rate_permille) {
                continue;
            }
            rule.times = rule.times.map(|times| times - 1);
            match rule.fault {
                MessengerFault::Latency { millis } => strike.latency += Duration::from_millis(millis),
                MessengerFault::ServerError => strike.refusal = Some(503),
                MessengerFault::Quota => strike.refusal = Some(429),
                MessengerFault::TimeoutAfterSuccess { millis } => {
                    strike.silence_after = Some(Duration::from_millis(millis));
                }
            }
        }
        strike
    }

    /// Says nothing for a while, or until the sandbox is stopped.
    async fn be_silent(&self, silence: Duration) {
        support::silence(&self.stop, silence).await;
    }
}

/// Running messengers. Dropping stops them at once; [`MessengerSandbox::stop`] lets requests under way end.
#[derive(Debug)]
pub struct MessengerSandbox {
    /// `http://127.0.0.1:PORT`: base URL of FCM and Solapi; the token endpoint is `/token`.
    pub url: String,
    private_key_pem: String,
    desk: Arc<Desk>,
    running: Running,
}

impl MessengerSandbox {
    /// Starts the messengers with a service account whose key is drawn now.
    pub async fn start(config: MessengerSandboxConfig) -> anyhow::Result<Self> {
        let key = tokio::task::spawn_blocking(|| RsaPrivateKey::new(&mut rsa::rand_core::OsRng, KEY_BITS))
            .await?
            .context("no RSA key can be drawn")?;
        let private_key_pem = key.to_pkcs8_pem(LineEnding::LF)?.to_string();
        let state = State {
            unregistered_tokens: config.unregistered_tokens.clone(),
            failing_numbers: config.failing_numbers.clone(),
            ..State::default()
        };
        let port = config.port;
        let desk = Arc::new(Desk {
            public_key: VerifyingKey::new(key.to_public_key()),
            state: Mutex::new(state),
            dice: Dice::new(config.seed),
            stop: watch::Sender::new(false),
            config,
        });
        let app = google::router(&desk).merge(solapi::router(&desk)).merge(machine::router(&desk));
        let running = server::serve("messenger", port, app, desk.stop.clone()).await?;
        Ok(Self { url: running.url(), private_key_pem, desk, running })
    }

    /// How it was set up.
    pub fn config(&self) -> &MessengerSandboxConfig {
        &self.desk.config
    }

    /// The messenger secret as the functions read it from Secrets Manager.
    pub fn secret_json(&self) -> Value {
        let config = &self.desk.config;
        json!({
            "fcm": {
                "projectId": config.project_id, "clientEmail": config.client_email,
                "privateKey": self.private_key_pem,
            },
            "solapi": {
                "apiKey": config.api_key, "apiSecret": config.api_secret,
                "pfId": config.pf_id, "from": config.from,
            },
        })
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}/token", self.url)
    }

    /// What people got so far.
    pub fn messages(&self) -> Vec<SentMessage> {
        lock(&self.desk.state).sent.clone()
    }

    /// Adds a fault.
    pub fn add_fault(&self, rule: MessengerFaultRule) {
        lock(&self.desk.state).faults.push(rule);
    }

    /// A person uninstalled the app.
    pub fn unregister(&self, token: impl Into<String>) {
        lock(&self.desk.state).unregistered_tokens.insert(token.into());
    }

    /// Solapi takes no more messages for a number.
    pub fn fail_number(&self, number: impl Into<String>, code: impl Into<String>) {
        lock(&self.desk.state).failing_numbers.insert(number.into(), code.into());
    }

    /// Stops them.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

#[cfg(test)]
mod tests;
