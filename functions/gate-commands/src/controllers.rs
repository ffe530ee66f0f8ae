//! The controllers of lots with their passwords as they are now.

use async_trait::async_trait;
use baro_clients::{
    HttpClient,
    controller::{AllowedNetworks, ControllerLogin, client},
};
use baro_domain::{
    BarrierController,
    command::{Command, Refusal, Report, Step},
};
use baro_runtime::{
    Aws, Clock,
    secrets::{Secret, SecretReader},
};

/// Calls whichever controller a lot has.
#[async_trait]
pub trait Controllers: Send + Sync {
    /// One step of a command at this controller.
    async fn call(&self, controller: &BarrierController, command: &Command, step: Step) -> Report;
}

/// Controllers whose user and password lie in Secrets Manager (kept for five minutes).
#[derive(Debug)]
pub struct WithSecrets {
    http: HttpClient,
    networks: AllowedNetworks,
    secrets: SecretReader,
}

fn refused(reason: Refusal, said: impl Into<String>) -> Report {
    Report::Refused { reason, said: said.into() }
}

impl WithSecrets {
    /// Over this HTTP client, in these networks.
    pub fn new(aws: &Aws, http: HttpClient, networks: AllowedNetworks, clock: Clock) -> Self {
        Self { http, networks, secrets: SecretReader::new(aws, clock) }
    }

    async fn call_as(
        &self,
        secret: &Secret,
        controller: &BarrierController,
        command: &Command,
        step: Step,
    ) -> Report {
        let login: ControllerLogin = match secret.json() {
            Ok(login) => login,
            Err(error) => return refused(Refusal::Credentials, error.to_string()),
        };
        match client(&self.http, &self.networks, controller, login) {
            Ok(client) => client.call(command, step).await,
            Err(reason) => refused(reason, ""),
        }
    }
}

#[async_trait]
impl Controllers for WithSecrets {
    async fn call(&self, controller: &BarrierController, command: &Command, step: Step) -> Report {
        let id = &controller.secret_id;
        let secret = match self.secrets.get(id).await {
            Ok(secret) => secret,
            Err(error) => return Report::Busy(error.to_string()),
        };
        let report = self.call_as(&secret, controller, command, step).await;
        if !matches!(report, Report::Refused { reason: Refusal::Credentials, .. }) {
            return report;
        }
        // The password may have been changed since it was read.
        self.secrets.forget(id).await;
        match self.secrets.get(id).await {
            Ok(newer) if newer != secret => self.call_as(&newer, controller, command, step).await,
            _ => report,
        }
    }
}
