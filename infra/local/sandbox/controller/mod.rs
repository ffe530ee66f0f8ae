//! A barrier controller of the Amano kind: `/interop/RESOURCE.do`, HTTP Basic, refusals inside HTTP 200, one pass a plate
//! and no call that changes one. How often each barrier went up, and which passes there are, is shown at
//! `GET /sandbox/controller`; `POST /sandbox/faults` takes what goes wrong.

mod api;
mod machine;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baro_domain::{BarrierController, ControllerDialect, LaneId, lot::OpenRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::server::{self, Running};
use super::support::{self, lock, random_id};

/// The resource that raises a barrier here. Real controllers have one of their own, which no vendor publishes.
const OPEN: &str = "openBarrier";
/// The field of it that names the barrier.
const BARRIER: &str = "gateNo";

/// How the controller is set up.
#[derive(Debug, Clone)]
pub struct ControllerSandboxConfig {
    /// Port on the loopback address; 0 = a free one.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
}

impl ControllerSandboxConfig {
    /// With a password drawn anew, on a free port.
    pub fn drawn() -> Self {
        Self { port: 0, user: "baro".to_owned(), password: random_id("") }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum ControllerFault {
    /// The answer comes late.
    Latency {
        /// How late.
        millis: u64,
    },
    /// It is busy, and says so inside HTTP 200.
    Busy,
    /// 503, and nothing is done.
    ServerError,
    /// It is done, and then nothing is said for so long, ending with a 504.
    TimeoutAfterSuccess {
        /// For how long.
        millis: u64,
    },
}

/// A fault and when it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControllerFaultRule {
    /// What goes wrong.
    pub fault: ControllerFault,
    /// The resource, without `.do`; absent = each.
    #[serde(default)]
    pub resource: Option<String>,
    /// At most so many times; absent = without end.
    #[serde(default)]
    pub times: Option<u32>,
}

/// A pass as the controller keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptPass {
    /// Kind.
    pub pass_type: String,
    /// First day, `yyyyMMdd`.
    pub start_date: String,
    /// Last day.
    pub end_date: String,
}

/// A barrier that went up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Raised {
    /// The controller's number of the lot.
    pub area: u32,
    /// The barrier.
    pub barrier: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    raised: Vec<Raised>,
    passes: BTreeMap<(u32, String), KeptPass>,
    faults: Vec<ControllerFaultRule>,
}

#[derive(Debug)]
struct Desk {
    config: ControllerSandboxConfig,
    state: Mutex<State>,
    stop: watch::Sender<bool>,
}

/// What strikes one call.
#[derive(Debug, Default)]
struct Strike {
    latency: Duration,
    busy: bool,
    refused: bool,
    silence_after: Option<Duration>,
}

impl Desk {
    fn strike(&self, resource: &str) -> Strike {
        let mut strike = Strike::default();
        for rule in &mut lock(&self.state).faults {
            if rule.resource.as_deref().is_some_and(|name| name != resource) || rule.times == Some(0) {
                continue;
            }
            rule.times = rule.times.map(|times| times - 1);
            match rule.fault {
                ControllerFault::Latency { millis } => strike.latency += Duration::from_millis(millis),
                ControllerFault::Busy => strike.busy = true,
                ControllerFault::ServerError => strike.refused = true,
                ControllerFault::TimeoutAfterSuccess { millis } => {
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

/// A running controller. Dropping stops it at once; [`ControllerSandbox::stop`] lets requests under way end.
#[derive(Debug)]
pub struct ControllerSandbox {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    desk: Arc<Desk>,
    running: Running,
}

impl ControllerSandbox {
    /// Starts it with every barrier down and no pass.
    pub async fn start(config: ControllerSandboxConfig) -> anyhow::Result<Self> {
        let port = config.port;
        let desk =
            Arc::new(Desk { config, state: Mutex::new(State::default()), stop: watch::Sender::new(false) });
        let app = api::router(&desk).merge(machine::router(&desk));
        let running = server::serve("controller", port, app, desk.stop.clone()).await?;
        Ok(Self { url: running.url(), desk, running })
    }

    /// The secret as the functions read it from Secrets Manager.
    pub fn secret_json(&self) -> Value {
        json!({"user": self.desk.config.user, "password": self.desk.config.password})
    }

    /// How a lot of this area names this controller in the Directory, its password being in this secret.
    pub fn installed(
        &self,
        area: u32,
        secret_id: &str,
        barriers: BTreeMap<LaneId, String>,
    ) -> BarrierController {
        BarrierController {
            dialect: ControllerDialect::Amano,
            address: self.url.clone(),
            secret_id: secret_id.to_owned(),
            area,
            barriers,
            open: Some(OpenRequest {
                resource: OPEN.to_owned(),
                barrier_field: BARRIER.to_owned(),
                fixed: BTreeMap::new(),
            }),
        }
    }

    /// The barriers of an area that went up, oldest first.
    pub fn raised(&self, area: u32) -> Vec<Raised> {
        lock(&self.desk.state).raised.iter().filter(|raised| raised.area == area).cloned().collect()
    }

    /// The pass of a plate in an area.
    pub fn pass(&self, area: u32, plate: &str) -> Option<KeptPass> {
        lock(&self.desk.state).passes.get(&(area, plate.to_owned())).cloned()
    }

    /// Adds a fault.
    pub fn add_fault(&self, rule: ControllerFaultRule) {
        lock(&self.desk.state).faults.push(rule);
    }

    /// Stops it.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

#[cfg(test)]
mod tests;
