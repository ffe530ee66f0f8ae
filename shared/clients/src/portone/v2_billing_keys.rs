//! V2's billing keys (`BillingKeyInfo` of @portone/server-sdk 0.19).

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;

use super::error::{Effect, from_answer, from_failure, unreadable};
use super::{BillingKeys, Card, Channel, GatewayError, IssuedBillingKey, PortOneV2, RefusalKind};
use crate::http::Answer;
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyInfo {
    status: String,
    store_id: String,
    #[serde(default)]
    methods: Vec<PayMethod>,
    #[serde(default)]
    channels: Vec<Channel>,
    customer: Option<Customer>,
}

/// One way of paying that the key stands for; only cards are told apart.
#[derive(Deserialize)]
struct PayMethod {
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Customer {
    id: Option<String>,
}

impl KeyInfo {
    fn label(&self) -> String {
        let card = self.methods.iter().find_map(|method| method.card.as_ref());
        let parts = card.into_iter().flat_map(|card| [card.name.as_deref(), card.number.as_deref()]);
        let label = parts.flatten().collect::<Vec<_>>().join(" ");
        if label.is_empty() { "카드".to_owned() } else { label }
    }
}

impl PortOneV2 {
    async fn key_call(&self, method: Method, key: &Secret) -> Result<Answer, GatewayError> {
        let request = self.at(method, &["billing-keys", key.expose()]);
        let request = request.query(&[("storeId", self.store_id())]);
        // Deleting twice is deleting once, so an unclear outcome may simply be asked again.
        let answer = self.http().call(request).await;
        let answer = answer.map_err(|failure| from_failure(failure, Effect::None))?;
        if answer.is_success() { Ok(answer) } else { Err(from_answer(&answer, Effect::None)) }
    }
}

fn is_gone(error: &GatewayError) -> bool {
    use RefusalKind::{BillingKeyAlreadyDeleted, BillingKeyNotFound};
    matches!(error, GatewayError::Final(said) if matches!(said.kind, BillingKeyNotFound | BillingKeyAlreadyDeleted))
}

#[async_trait]
impl BillingKeys for PortOneV2 {
    async fn billing_key(&self, key: &Secret) -> Result<Option<IssuedBillingKey>, GatewayError> {
        let answer = match self.key_call(Method::GET, key).await {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let info: KeyInfo = serde_json::from_slice(&answer.body)
            .map_err(|error| unreadable(&error.to_string(), Effect::None))?;
        Ok((info.status == "ISSUED").then(|| IssuedBillingKey {
            label: info.label(),
            store_id: info.store_id,
            customer_id: info.customer.and_then(|customer| customer.id),
            channel_types: info.channels.into_iter().map(|channel| channel.kind).collect(),
        }))
    }

    async fn delete_billing_key(&self, key: &Secret) -> Result<(), GatewayError> {
        match self.key_call(Method::DELETE, key).await {
            Err(error) if !is_gone(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "v2_billing_keys_tests.rs"]
mod tests;
