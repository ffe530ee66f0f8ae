//! The payment gateway PortOne as a sandbox: its REST API (V2, and V1 beside it), its payment window and card registration, its
//! webhooks, a menu of faults and a clock that can be put forward. State is in memory. What a shop should make of all that is
//! not decided here.

mod api;
mod billing;
mod cards;
mod charging;
mod checkout;
mod clock;
mod confirm;
mod console;
mod error;
mod faults;
mod issuing;
mod json;
mod listing;
mod machine;
mod payments;
mod receipts;
mod schedules;
mod shop;
mod v1;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use baro_clients::webhook::WebhookSecrets;
use baro_domain::Won;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use faults::{Fault, FaultRule, OPERATIONS};
use shop::Shop;

use super::server::{self, Running};
use super::support::{lock, random_id};

/// Whether the sandbox's channel says that money really moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChannelType {
    /// Live.
    Live,
    /// Test.
    Test,
}

/// Where V1's webhooks go, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct V1Webhook {
    /// The receiver.
    pub url: String,
    /// As a form instead of JSON; a V1 shop chooses.
    #[serde(default)]
    pub as_form: bool,
}

/// The shop as V1 (i'mport) knows it.
#[derive(Debug, Clone)]
pub struct V1Config {
    /// API key.
    pub imp_key: String,
    /// API secret.
    pub imp_secret: String,
    /// Where webhooks of V1's payments go; can be set later with [`PortOneSandbox::set_v1_webhook`].
    pub webhook: Option<V1Webhook>,
}

/// How the gateway is set up.
#[derive(Debug, Clone)]
pub struct PortOneSandboxConfig {
    /// Port on the loopback address; 0 = a free one.
    pub port: u16,
    /// The shop's API secret.
    pub api_secret: String,
    /// The shop's webhook secrets (`whsec_…`): one, or two while they are rotated; each webhook is signed with all.
    pub webhook_secrets: Vec<String>,
    /// Where webhooks go; can be set later with [`PortOneSandbox::set_webhook_url`].
    pub webhook_url: Option<String>,
    /// The shop.
    pub store_id: String,
    /// Its channel.
    pub channel_key: String,
    /// What the channel says of itself.
    pub channel_type: ChannelType,
    /// How long a minute of the webhooks' retry schedule lasts here.
    pub retry_minute: Duration,
    /// How long a webhook's receiver may take.
    pub webhook_timeout: Duration,
    /// How long the card that approves after the time-out takes: longer than any client waits.
    pub late_approval: Duration,
    /// Whether nothing is paid before the shop's server confirms (수동 승인).
    pub manual_confirm: bool,
    /// The same shop in V1.
    pub v1: V1Config,
    /// Seed of the dice for faults by rate and for jitter.
    pub seed: u64,
}

impl PortOneSandboxConfig {
    /// A shop with secrets drawn anew, on a free port, with retries in real time.
    pub fn drawn() -> Self {
        Self {
            port: 0,
            api_secret: random_id("sandbox_"),
            webhook_secrets: vec![random_webhook_secret()],
            webhook_url: None,
            store_id: "store-baro-sandbox".to_owned(),
            channel_key: "channel-key-baro-sandbox".to_owned(),
            channel_type: ChannelType::Test,
            retry_minute: Duration::from_mins(1),
            webhook_timeout: Duration::from_secs(30),
            late_approval: Duration::from_secs(35),
            manual_confirm: false,
            v1: V1Config {
                imp_key: random_id("imp_key_"),
                imp_secret: random_id("imp_secret_"),
                webhook: None,
            },
            seed: 1,
        }
    }

    fn merchant_id(&self) -> String {
        format!("merchant-of-{}", self.store_id)
    }
}

/// A webhook secret nobody knows yet.
pub fn random_webhook_secret() -> String {
    use base64::Engine;
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(random_id("")))
}

/// A running gateway. Dropping it stops it at once; [`PortOneSandbox::stop`] lets requests under way end.
#[derive(Debug)]
pub struct PortOneSandbox {
    /// `http://127.0.0.1:PORT`: base URL of the API, the payment window and the browser SDK (`/v2/browser-sdk.js`).
    pub url: String,
    shop: Arc<Shop>,
    running: Running,
}

impl PortOneSandbox {
    /// Starts a gateway.
    pub async fn start(config: PortOneSandboxConfig) -> anyhow::Result<Self> {
        let secrets = WebhookSecrets::parse(&config.webhook_secrets)?;
        let port = config.port;
        let shop = Arc::new(Shop::new(config, secrets)?);
        let app = api::router(&shop)
            .merge(v1::router(&shop))
            .merge(checkout::router(&shop))
            .merge(issuing::router(&shop))
            .merge(machine::router(&shop))
            .merge(console::router(&shop));
        let running = server::serve("portone", port, app, shop.stop.clone()).await?;
        Ok(Self { url: running.url(), shop, running })
    }

    /// How it was set up.
    pub fn config(&self) -> &PortOneSandboxConfig {
        &self.shop.config
    }

    /// Where webhooks go from now on.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        lock(&self.shop.state).webhook_url = Some(url.into());
    }

    /// Where webhooks of V1's payments go from now on.
    pub fn set_v1_webhook(&self, target: V1Webhook) {
        lock(&self.shop.state).v1_webhook = Some(target);
    }

    /// Base URL of V1's API.
    pub fn v1_url(&self) -> String {
        format!("{}/v1", self.url)
    }

    /// Whether, from now on, nothing is paid before the shop's server confirms.
    pub fn set_manual_confirm(&self, on: bool) {
        lock(&self.shop.state).manual_confirm = on;
    }

    /// What the gateway's clock shows.
    pub fn now(&self) -> Timestamp {
        self.shop.clock.now()
    }

    /// Puts the gateway's clock forward; scheduled charges that fall due are made before this returns, each at its own time.
    /// Errors: a negative duration, or one beyond the end of the calendar.
    pub fn advance(&self, by: SignedDuration) -> anyhow::Result<()> {
        Ok(self.shop.advance(self.now().checked_add(by)?)?)
    }

    /// The bank reports a deposit on a payment's virtual account: of the whole sum or of another, in time or `late`.
    /// Errors: no such payment, no deposit awaited, the account's time is over.
    pub fn deposit(&self, payment_id: &str, amount: Option<Won>, late: bool) -> anyhow::Result<()> {
        Ok(self.shop.deposit(payment_id, amount, late)?)
    }

    /// The PG takes the money of a payment that was never paid, whatever the shop made of it: paid after it was cancelled.
    /// Errors: no such payment, it was paid.
    pub fn capture(&self, payment_id: &str) -> anyhow::Result<()> {
        Ok(self.shop.capture(payment_id)?)
    }

    /// The faults in force.
    pub fn faults(&self) -> Vec<FaultRule> {
        lock(&self.shop.state).faults.rules().to_vec()
    }

    /// Adds a fault.
    pub fn add_fault(&self, rule: FaultRule) {
        lock(&self.shop.state).faults.add(rule);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        lock(&self.shop.state).faults.clear();
    }

    /// Stops it.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

#[cfg(test)]
mod tests;
