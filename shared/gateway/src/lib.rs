//! The payment gateway as a deployment is configured: PortOne's V2 or V1 contract, with the secret as it is now. A secret
//! that was replaced at the gateway is read anew, without a restart. Nothing here decides about money.

use std::sync::Arc;

use async_trait::async_trait;
use baro_clients::{
    HttpClient, HttpTimeouts, Secret,
    portone::{
        BillingKeyCharge, BillingKeys, CancelRequest, Cancellation, CashReceiptOrder, CashReceipts,
        ChargedPayment, GatewayError, GatewayPayment, IssuedBillingKey, PaymentGateway, PaymentListing,
        PortOneApi, PortOneV1, PortOneV1Config, PortOneV2, PortOneV2Config, RefusalKind,
    },
};
use baro_domain::{PaymentId, Won, cash_receipt::IssuedReceipt};
use baro_runtime::{Aws, Clock, Config, InitError, secrets::SecretReader};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::Mutex;

/// V2's part of the gateway's secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretV2 {
    api_secret: Secret,
}

/// V1's part of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretV1 {
    imp_key: Secret,
    imp_secret: Secret,
}

/// A gateway of either contract.
trait Gateway: PaymentGateway + PaymentListing + BillingKeys + CashReceipts {}
impl<T: PaymentGateway + PaymentListing + BillingKeys + CashReceipts> Gateway for T {}

/// V1's client with the secret it was made of: its access token lives as long as the secret does.
#[derive(Debug)]
struct KeptV1 {
    secret: SecretV1,
    client: Arc<PortOneV1>,
}

/// The payment gateway, its API secret taken from Secrets Manager (kept for five minutes).
#[derive(Debug)]
pub struct RotatingPortOne {
    api: PortOneApi,
    http: HttpClient,
    secrets: SecretReader,
    secret_id: String,
    base_url: String,
    store_id: String,
    v1: Mutex<Option<KeptV1>>,
}

impl RotatingPortOne {
    /// Reads `PORTONE_API` (V2 where it is not set), `PORTONE_BASE_URL`, `PORTONE_STORE_ID` and `PORTONE_SECRET_ID`; the
    /// secret itself at the first call.
    pub fn from_config(aws: &Aws, config: &Config, clock: Clock) -> Result<Self, InitError> {
        Self::with_timeouts(aws, config, clock, HttpTimeouts::default())
    }

    /// As [`Self::from_config`], for who has less time than is usual.
    pub fn with_timeouts(
        aws: &Aws,
        config: &Config,
        clock: Clock,
        timeouts: HttpTimeouts,
    ) -> Result<Self, InitError> {
        Ok(Self {
            api: config.parsed_or("PORTONE_API", PortOneApi::V2)?,
            http: HttpClient::new(timeouts)?,
            secrets: SecretReader::new(aws, clock),
            secret_id: config.required("PORTONE_SECRET_ID")?.to_owned(),
            base_url: config.required("PORTONE_BASE_URL")?.to_owned(),
            store_id: config.required("PORTONE_STORE_ID")?.to_owned(),
            v1: Mutex::new(None),
        })
    }

    async fn client(&self) -> Result<Arc<dyn Gateway>, GatewayError> {
        let retry = |error: String| GatewayError::Retry(error);
        let secret = self.secrets.get(&self.secret_id).await.map_err(|error| retry(error.to_string()))?;
        match self.api {
            PortOneApi::V2 => {
                let secret: SecretV2 = secret.json().map_err(|error| retry(error.to_string()))?;
                let config = PortOneV2Config {
                    base_url: self.base_url.clone(),
                    store_id: self.store_id.clone(),
                    api_secret: secret.api_secret,
                };
                let client = PortOneV2::new(self.http.clone(), config);
                Ok(Arc::new(client.map_err(|error| retry(error.to_string()))?))
            }
            PortOneApi::V1 => {
                let secret: SecretV1 = secret.json().map_err(|error| retry(error.to_string()))?;
                Ok(self.client_v1(secret).await?)
            }
        }
    }

    async fn client_v1(&self, secret: SecretV1) -> Result<Arc<PortOneV1>, GatewayError> {
        let mut kept = self.v1.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.secret == secret) {
            return Ok(known.client.clone());
        }
        let config = PortOneV1Config {
            base_url: self.base_url.clone(),
            store_id: self.store_id.clone(),
            imp_key: secret.imp_key.clone(),
            imp_secret: secret.imp_secret.clone(),
        };
        let client = PortOneV1::new(self.http.clone(), config);
        let client = Arc::new(client.map_err(|error| GatewayError::Retry(error.to_string()))?);
        *kept = Some(KeptV1 { secret, client: client.clone() });
        Ok(client)
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

#[async_trait]
impl PaymentListing for RotatingPortOne {
    async fn touched_within(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<GatewayPayment>, GatewayError> {
        self.noted(self.client().await?.touched_within(from, until).await).await
    }
}

#[async_trait]
impl BillingKeys for RotatingPortOne {
    async fn billing_key(&self, key: &Secret) -> Result<Option<IssuedBillingKey>, GatewayError> {
        self.noted(self.client().await?.billing_key(key).await).await
    }

    async fn delete_billing_key(&self, key: &Secret) -> Result<(), GatewayError> {
        self.noted(self.client().await?.delete_billing_key(key).await).await
    }
}

#[async_trait]
impl CashReceipts for RotatingPortOne {
    async fn cash_receipt(&self, payment: &PaymentId) -> Result<Option<IssuedReceipt>, GatewayError> {
        self.noted(self.client().await?.cash_receipt(payment).await).await
    }

    async fn issue_cash_receipt(&self, order: &CashReceiptOrder) -> Result<(), GatewayError> {
        self.noted(self.client().await?.issue_cash_receipt(order).await).await
    }

    async fn cancel_cash_receipt(&self, payment: &PaymentId) -> Result<(), GatewayError> {
        self.noted(self.client().await?.cancel_cash_receipt(payment).await).await
    }
}
