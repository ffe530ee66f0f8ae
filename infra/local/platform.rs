//! The local cloud together with the outside world it needs: the sandboxes of the payment gateway, the messengers and a
//! barrier controller, wired
//! to the deployed functions through template parameters and secrets, as an operator wires the real ones.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use baro_domain::{BarrierController, Gate, LanePoint, LotId, lot::LaneDirection, notice::TEMPLATES};
use baro_store::{Activity, Billing, Directory, Parking};
use serde_json::json;

use crate::{
    LocalCloud, Options,
    deploy::STACK,
    sandbox::{
        ControllerSandbox, ControllerSandboxConfig, MessengerSandbox, MessengerSandboxConfig, PortOneSandbox,
        PortOneSandboxConfig,
    },
};

/// A minute of the gateway's retry schedule lasts this long here: five retries take 6 seconds instead of 6 hours.
const RETRY_MINUTE_MS: u64 = 20;

/// Ports of the sandboxes; 0 = any free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SandboxPorts {
    /// Payment gateway.
    pub portone: u16,
    /// Messengers.
    pub messengers: u16,
    /// Barrier controller.
    pub controller: u16,
}

/// Everything, running.
#[derive(Debug)]
pub struct Platform {
    /// The cloud.
    pub cloud: LocalCloud,
    /// The payment gateway.
    pub portone: PortOneSandbox,
    /// The messengers.
    pub messengers: MessengerSandbox,
    /// The barrier controller.
    pub controller: ControllerSandbox,
}

impl Platform {
    /// Starts the sandboxes, then the cloud that knows them.
    pub async fn start(mut options: Options, ports: SandboxPorts) -> Result<Self> {
        let step = options.progress.step("Sandboxes started");
        let templates = TEMPLATES.iter().map(|t| (t.code.to_owned(), t.body.to_owned())).collect();
        let messengers = MessengerSandbox::start(MessengerSandboxConfig {
            port: ports.messengers,
            ..MessengerSandboxConfig::drawn(templates)
        })
        .await
        .context("the messengers' sandbox can't start (another port: --messenger-port)")?;
        let portone = PortOneSandbox::start(PortOneSandboxConfig {
            port: ports.portone,
            webhook_url: Some(format!("{}/v1/webhooks/portone", options.addresses.front_url())),
            retry_minute: std::time::Duration::from_millis(RETRY_MINUTE_MS),
            ..PortOneSandboxConfig::drawn()
        })
        .await
        .context("the payment gateway's sandbox can't start (another port: --portone-port)")?;
        let controller = ControllerSandbox::start(ControllerSandboxConfig {
            port: ports.controller,
            ..ControllerSandboxConfig::drawn()
        })
        .await
        .context("the barrier controller's sandbox can't start (another port: --controller-port)")?;
        step.done(&format!("{} · {} · {}", portone.url, messengers.url, controller.url));
        options.parameters.extend(parameters(&portone, &messengers));
        let gateway = portone.config();
        let secret = json!({"apiSecret": gateway.api_secret, "webhookSecrets": gateway.webhook_secrets});
        options.secrets.insert("PortOneSecret".to_owned(), secret);
        options.secrets.insert("MessengerSecret".to_owned(), messengers.secret_json());
        options.site_config = json!({"portoneSdkUrl": format!("{}/v2/browser-sdk.js", portone.url)});
        let cloud = LocalCloud::start(options).await?;
        Ok(Self { cloud, portone, messengers, controller })
    }

    fn table(&self, logical_id: &str) -> Result<String> {
        let name = self.cloud.resources.get(logical_id);
        name.cloned().with_context(|| format!("the template has no table {logical_id}"))
    }

    /// The Directory, as deployed.
    pub fn directory(&self) -> Result<Directory> {
        Ok(Directory::new(self.cloud.clients.dynamodb.clone(), self.table("DirectoryTable")?))
    }

    /// The Parking table, as deployed.
    pub fn parking(&self) -> Result<Parking> {
        Ok(Parking::new(self.cloud.clients.dynamodb.clone(), self.table("ParkingTable")?))
    }

    /// The Billing table, as deployed.
    pub fn billing(&self) -> Result<Billing> {
        let dynamodb = self.cloud.clients.dynamodb.clone();
        Ok(Billing::new(dynamodb, self.table("BillingTable")?, self.table("ParkingTable")?))
    }

    /// The Activity table, as deployed.
    pub fn activity(&self) -> Result<Activity> {
        Ok(Activity::new(self.cloud.clients.dynamodb.clone(), self.table("ActivityTable")?))
    }

    /// Sets a lot up for the barrier controller as an operator does: the password in a secret of its own, and what the
    /// lot's record says. The exit barriers are those of the gate's lanes.
    pub async fn install_controller(&self, lot: &LotId, area: u32, gate: &Gate) -> Result<BarrierController> {
        let id = format!("{STACK}/controllers/{lot}");
        let (secrets, value) = (&self.cloud.clients.secrets, self.controller.secret_json().to_string());
        let put = secrets.put_secret_value().secret_id(&id).secret_string(&value).send().await;
        if put.is_err() {
            // The first start: there is none yet.
            let create = secrets.create_secret().name(&id).secret_string(&value);
            create.send().await.with_context(|| format!("cannot create the secret {id}"))?;
        }
        let exits = gate
            .lanes
            .iter()
            .filter(|lane| lane.direction != LaneDirection::Entry && lane.point != LanePoint::Passage);
        let barriers = exits.map(|lane| (lane.id.clone(), lane.vendor_code.clone())).collect();
        Ok(self.controller.installed(area, &id, barriers))
    }

    /// Stops all of it.
    pub async fn stop(self) -> Result<()> {
        self.portone.stop().await;
        self.messengers.stop().await;
        self.controller.stop().await;
        self.cloud.stop().await
    }
}

fn parameters(portone: &PortOneSandbox, messengers: &MessengerSandbox) -> BTreeMap<String, String> {
    let gateway = portone.config();
    [
        ("PortOneBaseUrl", portone.url.clone()),
        ("PaymentPageOrigins", portone.url.clone()),
        ("PortOneStoreId", gateway.store_id.clone()),
        ("PortOneChannelKey", gateway.channel_key.clone()),
        ("PortOneChannelType", "TEST".to_owned()),
        ("FcmBaseUrl", messengers.url.clone()),
        ("GoogleTokenUrl", messengers.token_url()),
        ("SolapiBaseUrl", messengers.url.clone()),
        // The sandbox of the controller is on this machine.
        ("ControllerNetworks", "127.0.0.0/8".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
