//! PortOne with the API secret as it is now: a secret that was replaced at the gateway is read anew, without a restart.

use async_trait::async_trait;
use baro_clients::{
    HttpClient, HttpTimeouts, Secret,
    portone::{
        BillingKeyCharge, CancelRequest, Cancellation, ChargedPayment, GatewayError, GatewayPayment,
        PaymentGateway, PortOneV2, PortOneV2Config, RefusalKind,
    },
};
use baro_domain::{PaymentId, Won};
use baro_runtime::{Aws, Clock, Config, InitError, secrets::SecretReader};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PortOneSecret {
    api_secret: Secret,
}

/// The payment gateway, its API secret taken from Secrets Manager (kept for five minutes).
#[derive(Debug)]
pub struct RotatingPortOne {
    http: HttpClient,
    secrets: SecretReader,
    secret_id: String,
    base_url: String,
    store_id: String,
}

impl RotatingPortOne {
    /// Reads `PORTONE_BASE_URL`, `PORTONE_STORE_ID` and `PORTONE_SECRET_ID`; the secret itself at the first call.
    pub fn from_config(aws: &Aws, config: &Config, clock: Clock) -> Result<Self, InitError> {
        Ok(Self {
            http: HttpClient::new(HttpTimeouts::default())?,
            secrets: SecretReader::new(aws, clock),
            secret_id: config.required("PORTONE_SECRET_ID")?.to_owned(),
            base_url: config.required("PORTONE_BASE_URL")?.to_owned(),
            store_id: config.required("PORTONE_STORE_ID")?.to_owned(),
        })
    }

    async fn client(&self) -> Result<PortOneV2, GatewayError> {
        let retry = |error: String| GatewayError::Retry(error);
        let secret = self.secrets.get(&self.secret_id).await.map_err(|error| retry(error.to_string()))?;
        let secret: PortOneSecret = secret.json().map_err(|error| retry(error.to_string()))?;
        let config = PortOneV2Config {
            base_url: self.base_url.clone(),
            store_id: self.store_id.clone(),
            api_secret: secret.api_secret,
        };
        PortOneV2::new(self.http.clone(), config).map_err(|error| retry(error.to_string()))
    }

    /// Hands the answer on; a secret that was refused is read anew before the next call.
    async fn noted<T>(&self, answer: Result<T, GatewayError>) -> Result<T, GatewayError> {
        if let Err(GatewayError::Final(refusal)) = &answer
            && refusal.kind == RefusalKind::Unauthorized
        {
            self.secrets.forget(&self.secret_id).await;
        }
        answer
    }
}

#[async_trait]
impl PaymentGateway for RotatingPortOne {
    async fn get_payment(&self, payment: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        self.noted(self.client().await?.get_payment(payment).await).await
    }

    async fn cancel(
        &self,
        payment: &PaymentId,
        request: &CancelRequest,
    ) -> Result<Cancellation, GatewayError> {
        self.noted(self.client().await?.cancel(payment, request).await).await
    }

    async fn pre_register(&self, payment: &PaymentId, total: Won) -> Result<(), GatewayError> {
        self.noted(self.client().await?.pre_register(payment, total).await).await
    }

    async fn charge(
        &self,
        payment: &PaymentId,
        charge: &BillingKeyCharge,
    ) -> Result<ChargedPayment, GatewayError> {
        self.noted(self.client().await?.charge(payment, charge).await).await
    }
}
