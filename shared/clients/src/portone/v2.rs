//! PortOne's V2 REST API.

use async_trait::async_trait;
use baro_domain::{PaymentId, Won};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Effect, from_answer, from_failure, unreadable};
use super::{
    BillingKeyCharge, CancelRequest, Cancellation, ChargedPayment, GatewayError, GatewayPayment,
    PaymentGateway, RefusalKind,
};
use crate::http::{Answer, HttpClient};
use crate::secret::Secret;

/// Where PortOne is and who we are there.
#[derive(Debug, Clone)]
pub struct PortOneV2Config {
    /// `https://api.portone.io`, or a sandbox.
    pub base_url: String,
    /// Our shop.
    pub store_id: String,
    /// The V2 API secret.
    pub api_secret: Secret,
}

/// A client of PortOne's V2 REST API.
#[derive(Debug, Clone)]
pub struct PortOneV2 {
    http: HttpClient,
    base_url: Url,
    store_id: String,
    authorization: Secret,
}

/// The configured address of the gateway is not a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the base URL of a payment gateway")]
pub struct InvalidBaseUrl(String);

/// Reads the address of a gateway.
pub(super) fn base_url(text: String) -> Result<Url, InvalidBaseUrl> {
    let url = Url::parse(&text).ok().filter(|url| !url.cannot_be_a_base());
    url.ok_or(InvalidBaseUrl(text))
}

impl PortOneV2 {
    /// A client over the shared HTTP client. Opens no connection.
    pub fn new(http: HttpClient, config: PortOneV2Config) -> Result<Self, InvalidBaseUrl> {
        Ok(Self {
            http,
            base_url: base_url(config.base_url)?,
            store_id: config.store_id,
            authorization: Secret::new(format!("PortOne {}", config.api_secret.expose())),
        })
    }

    fn request(&self, method: Method, payment: &PaymentId, action: Option<&str>) -> RequestBuilder {
        let mut url = self.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("payments").push(payment.as_str()).extend(action);
        }
        self.http.inner().request(method, url).header("authorization", self.authorization.expose())
    }

    /// A read of a list.
    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.at(Method::GET, &[path])
    }

    /// A call at these segments of a path.
    pub(super) fn at(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.inner().request(method, url).header("authorization", self.authorization.expose())
    }

    pub(super) fn http(&self) -> &HttpClient {
        &self.http
    }

    pub(super) fn store_id(&self) -> &str {
        &self.store_id
    }

    async fn post(
        &self,
        payment: &PaymentId,
        action: &str,
        body: Value,
        effect: Effect,
    ) -> Result<Answer, GatewayError> {
        let request = self.request(Method::POST, payment, Some(action)).json(&body);
        let answer = self.http.call(request).await.map_err(|failure| from_failure(failure, effect))?;
        if answer.is_success() { Ok(answer) } else { Err(from_answer(&answer, effect)) }
    }
}

#[async_trait]
impl PaymentGateway for PortOneV2 {
    async fn get_payment(&self, payment: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        let request = self.request(Method::GET, payment, None).query(&[("storeId", &self.store_id)]);
        let answer = self.http.call(request).await.map_err(|failure| from_failure(failure, Effect::None))?;
        if answer.is_success() {
            let payment = serde_json::from_slice(&answer.body);
            return payment.map(Some).map_err(|error| unreadable(&error.to_string(), Effect::None));
        }
        match from_answer(&answer, Effect::None) {
            GatewayError::Final(refusal) if refusal.kind == RefusalKind::PaymentNotFound => Ok(None),
            error => Err(error),
        }
    }

    async fn cancel(
        &self,
        payment: &PaymentId,
        request: &CancelRequest,
    ) -> Result<Cancellation, GatewayError> {
        #[derive(Deserialize)]
        struct Cancelled {
            cancellation: Cancellation,
        }
        let mut body =
            serde_json::to_value(request).map_err(|error| GatewayError::Retry(error.to_string()))?;
        body["storeId"] = Value::from(self.store_id.as_str());
        let answer = self.post(payment, "cancel", body, Effect::Money).await?;
        match answer.json::<Cancelled>() {
            Some(body) => Ok(body.cancellation),
            None => Err(unreadable("no cancellation in it", Effect::Money)),
        }
    }

    async fn pre_register(&self, payment: &PaymentId, total: Won) -> Result<(), GatewayError> {
        let body = json!({"storeId": self.store_id, "totalAmount": total, "currency": "KRW"});
        self.post(payment, "pre-register", body, Effect::None).await.map(drop)
    }

    async fn charge(
        &self,
        payment: &PaymentId,
        charge: &BillingKeyCharge,
    ) -> Result<ChargedPayment, GatewayError> {
        #[derive(Deserialize)]
        struct Charged {
            payment: Summary,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Summary {
            pg_tx_id: String,
            paid_at: Timestamp,
        }
        let body = json!({
            "storeId": self.store_id,
            "billingKey": charge.billing_key.expose(),
            "orderName": charge.order_name,
            "amount": {"total": charge.total},
            "currency": "KRW",
        });
        let answer = self.post(payment, "billing-key", body, Effect::Money).await?;
        match answer.json::<Charged>() {
            Some(body) => {
                Ok(ChargedPayment { pg_tx_id: body.payment.pg_tx_id, paid_at: body.payment.paid_at })
            }
            None => Err(unreadable("no payment in it", Effect::Money)),
        }
    }
}

#[cfg(test)]
#[path = "v2_tests.rs"]
mod tests;
