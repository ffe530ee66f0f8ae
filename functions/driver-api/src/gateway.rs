//! Fixing a payment's amount at the gateway before the driver's browser opens its window.
//!
//! This is the second defence against a page that was changed to ask for less: `payment-sync` compares what arrived with
//! what was asked for anyway, and never counts another amount as paid. So a failure here is logged and stops nothing:
//! a gateway that can't pin now may well take a payment a minute later, and the driver is waiting.

use std::time::Duration;

use baro_clients::{
    http::{HttpClient, HttpTimeouts},
    portone::{GatewayError, PaymentGateway as _, PortOneV2, PortOneV2Config, RefusalKind},
    secret::Secret,
};
use baro_domain::{PaymentId, Won};
use baro_runtime::{
    Aws, Clock, Config, InitError,
    problem::chain,
    secrets::{SecretError, SecretReader},
};
use serde::Deserialize;

/// The driver waits for it, so it gets little time.
const TIMEOUTS: HttpTimeouts =
    HttpTimeouts { connect: Duration::from_millis(800), whole: Duration::from_secs(2) };

/// What is kept in the gateway's secret, as far as it is used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewaySecret {
    api_secret: String,
}

/// Pins amounts at the gateway.
#[derive(Debug)]
pub(crate) struct AmountPin {
    http: HttpClient,
    secrets: SecretReader,
    secret_id: String,
    base_url: String,
    store_id: String,
}

/// Why an amount was not pinned.
#[derive(Debug, thiserror::Error)]
enum PinError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{0}")]
    Address(String),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

impl AmountPin {
    /// `None` where the operator gave this function no secret: then amounts are only checked afterwards.
    pub(crate) fn from_config(config: &Config, aws: &Aws, clock: &Clock) -> Result<Option<Self>, InitError> {
        let Some(secret_id) = config.optional("PORTONE_SECRET_ID") else { return Ok(None) };
        Ok(Some(Self {
            http: HttpClient::new(TIMEOUTS)?,
            secrets: SecretReader::new(aws, clock.clone()),
            secret_id: secret_id.to_owned(),
            base_url: config.required("PORTONE_BASE_URL")?.to_owned(),
            store_id: config.required("PORTONE_STORE_ID")?.to_owned(),
        }))
    }

    /// Fixes the amount of a payment; may be repeated. A failure is logged and otherwise ignored.
    pub(crate) async fn fix(&self, payment: &PaymentId, amount: Won) {
        let Err(error) = self.try_fix(payment, amount).await else { return };
        let kind = match &error {
            PinError::Gateway(GatewayError::Final(refusal)) => Some(&refusal.kind),
            _ => None,
        };
        // Paid meanwhile: there is nothing left to pin.
        if kind == Some(&RefusalKind::AlreadyPaid) {
            return;
        }
        if kind == Some(&RefusalKind::Unauthorized) {
            self.secrets.forget(&self.secret_id).await;
        }
        tracing::warn!(
            payment = payment.as_str(),
            cause = chain(&error),
            "the amount is not pinned at the gateway"
        );
    }

    async fn try_fix(&self, payment: &PaymentId, amount: Won) -> Result<(), PinError> {
        let secret: GatewaySecret = self.secrets.get(&self.secret_id).await?.json()?;
        let config = PortOneV2Config {
            base_url: self.base_url.clone(),
            store_id: self.store_id.clone(),
            api_secret: Secret::new(secret.api_secret),
        };
        let gateway = PortOneV2::new(self.http.clone(), config);
        let gateway = gateway.map_err(|error| PinError::Address(error.to_string()))?;
        Ok(gateway.pre_register(payment, amount).await?)
    }
}
