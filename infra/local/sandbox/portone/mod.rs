//! The payment gateway PortOne (V2) as a sandbox: its REST API, its payment window, its signed and retried webhooks, and
//! a menu of faults. State is in memory. What a shop should make of all that is not decided here.

mod api;
mod checkout;
mod error;
mod faults;
mod json;
mod listing;
mod machine;
mod payments;
mod schedules;
mod shop;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use baro_clients::webhook::WebhookSecrets;
use serde::{Deserialize, Serialize};

pub use faults::{Fault, FaultRule};
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
        let app = api::router(&shop).merge(checkout::router(&shop)).merge(machine::router(&shop));
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
