//! Billing keys: cards registered for automatic charges, from the opening of the issuing page to their deletion.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{QueryBody, StoreQuery, check_store, customer, read, under_faults};
use super::cards::Card;
use super::error::ApiError;
use super::listing::{Range, SortOrder, Wanted, page};
use super::payments::{About, Event};
use super::shop::{Shop, State as ShopState};
use super::{json, webhooks};
use crate::sandbox::support::{lock, random_id, rfc3339};

/// How a billing key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyState {
    /// The issuing page is open.
    Ready,
    /// The payer gave up, or the card company refused.
    Failed,
    Issued {
        card: Card,
        at: Timestamp,
    },
    Deleted {
        card: Card,
        issued_at: Timestamp,
        at: Timestamp,
    },
}

/// A card registered for automatic charges, or on its way to it.
#[derive(Debug, Clone)]
pub(super) struct BillingKey {
    pub(super) state: KeyState,
    pub(super) request: KeyRequest,
    pub(super) requested_at: Timestamp,
    pub(super) notice_urls: Vec<String>,
}

/// What a billing key is asked for with.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyRequest {
    /// Absent = drawn. V1's shops name theirs (`customer_uid`).
    pub(super) key: Option<String>,
    /// As the API answers it.
    pub(super) customer: Value,
    pub(super) issue_id: Option<String>,
    pub(super) issue_name: Option<String>,
    pub(super) custom_data: Option<String>,
}

impl ShopState {
    /// The card behind a key that may be charged.
    pub(super) fn chargeable(&self, key: &str) -> Result<Card, ApiError> {
        match self.billing_keys.get(key).map(|record| &record.state) {
            Some(KeyState::Issued { card, .. }) => Ok(card.clone()),
            Some(KeyState::Deleted { .. }) => {
                Err(ApiError::new("BILLING_KEY_ALREADY_DELETED", "the billing key is deleted"))
            }
            Some(KeyState::Ready | KeyState::Failed) | None => Err(not_found()),
        }
    }
}

fn not_found() -> ApiError {
    ApiError::new("BILLING_KEY_NOT_FOUND", "no such billing key")
}

impl Shop {
    /// The issuing page opens; answers the key-to-be.
    pub(super) fn begin_key(
        self: &Arc<Self>,
        request: KeyRequest,
        notice_urls: Vec<String>,
    ) -> Result<String, ApiError> {
        let key = request.key.clone().unwrap_or_else(|| random_id("billing-key-"));
        let requested_at = self.clock.now();
        {
            let mut state = lock(&self.state);
            let taken = state
                .billing_keys
                .get(&key)
                .is_some_and(|one| !matches!(one.state, KeyState::Deleted { .. } | KeyState::Failed));
            if taken {
                return Err(ApiError::new("BILLING_KEY_ALREADY_ISSUED", "this key is taken"));
            }
            let record = BillingKey { state: KeyState::Ready, request, requested_at, notice_urls };
            state.billing_keys.insert(key.clone(), record);
        }
        self.tell_of_key(&key, "BillingKey.Ready");
        Ok(key)
    }

    /// The card company registered the card.
    pub(super) fn issue_key(self: &Arc<Self>, key: &str, card: Card) -> Result<Timestamp, ApiError> {
        let at = self.clock.now();
        self.settle_key(key, KeyState::Issued { card, at })?;
        self.tell_of_key(key, "BillingKey.Issued");
        Ok(at)
    }

    /// The payer gave up, or the card company refused.
    pub(super) fn fail_key(self: &Arc<Self>, key: &str) -> Result<(), ApiError> {
        self.settle_key(key, KeyState::Failed)?;
        self.tell_of_key(key, "BillingKey.Failed");
        Ok(())
    }

    fn settle_key(&self, key: &str, settled: KeyState) -> Result<(), ApiError> {
        let mut state = lock(&self.state);
        let record = state.billing_keys.get_mut(key).ok_or_else(not_found)?;
        if record.state != KeyState::Ready {
            return Err(ApiError::new("BILLING_KEY_ALREADY_ISSUED", "the issuing page was used already"));
        }
        record.state = settled;
        Ok(())
    }

    /// Deletes a key: it is charged no more.
    pub(super) fn delete_key(self: &Arc<Self>, key: &str) -> Result<Timestamp, ApiError> {
        let at = self.clock.now();
        {
            let mut state = lock(&self.state);
            let card = state.chargeable(key)?;
            let record = state.billing_keys.get_mut(key).ok_or_else(not_found)?;
            let KeyState::Issued { at: issued_at, .. } = record.state else { return Err(not_found()) };
            record.state = KeyState::Deleted { card, issued_at, at };
        }
        self.tell_of_key(key, "BillingKey.Deleted");
        Ok(at)
    }

    fn tell_of_key(self: &Arc<Self>, key: &str, kind: &'static str) {
        webhooks::emit(self, &Event { kind, about: About::BillingKey(key.to_owned()) });
    }

    /// A key as the API answers it; one that was never issued does not exist for it.
    fn key_json(&self, key: &str, record: &BillingKey) -> Option<Value> {
        let (status, card, issued_at, deleted_at) = match &record.state {
            KeyState::Ready | KeyState::Failed => return None,
            KeyState::Issued { card, at } => ("ISSUED", card, *at, None),
            KeyState::Deleted { card, issued_at, at } => ("DELETED", card, *issued_at, Some(*at)),
        };
        let mut body = json!({
            "status": status, "billingKey": key, "merchantId": self.config.merchant_id(),
            "storeId": self.config.store_id,
            "methods": [{"type": "BillingKeyPaymentMethodCard", "card": json::card(card)}],
            "channels": [json::channel(&self.config, &self.config.channel_key)],
            "customer": if record.request.customer.is_object() { record.request.customer.clone() } else { json!({}) },
            "requestedAt": rfc3339(record.requested_at), "issuedAt": rfc3339(issued_at),
        });
        if let Some(at) = deleted_at {
            body["deletedAt"] = json!(rfc3339(at));
        }
        let request = &record.request;
        let given = [
            ("customData", &request.custom_data),
            ("issueId", &request.issue_id),
            ("issueName", &request.issue_name),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        Some(body)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueBody {
    store_id: Option<String>,
    method: MethodInput,
    channel_key: Option<String>,
    customer: Option<Value>,
    custom_data: Option<String>,
    #[serde(default)]
    notice_urls: Vec<String>,
}

#[derive(Deserialize)]
struct MethodInput {
    card: CardInput,
}

#[derive(Deserialize)]
struct CardInput {
    credential: Credential,
}

#[derive(Deserialize)]
struct Credential {
    number: String,
}

/// `POST /billing-keys`: issued from a card's number that the shop itself asked for.
pub(super) async fn issue(State(shop): State<Arc<Shop>>, body: Bytes) -> Response {
    under_faults(&shop, "billingKey", "", |refused| {
        let body: IssueBody = read(&body)?;
        check_store(&shop, body.store_id.as_deref())?;
        if body.channel_key.as_deref() != Some(shop.config.channel_key.as_str()) {
            return Err(ApiError::new("CHANNEL_NOT_FOUND", "no such channel"));
        }
        let card = Card::read(&body.method.card.credential.number)?;
        if refused {
            return Err(ApiError::pg("NOT_REGISTERED_CARD", "카드 등록에 실패했습니다."));
        }
        let request = KeyRequest {
            customer: customer(body.customer.as_ref()),
            custom_data: body.custom_data,
            ..KeyRequest::default()
        };
        let key = shop.begin_key(request, body.notice_urls)?;
        let issued_at = shop.issue_key(&key, card)?;
        Ok(json!({"billingKeyInfo": {
            "billingKey": key, "issuedAt": rfc3339(issued_at),
            "channels": [json::channel(&shop.config, &shop.config.channel_key)],
        }}))
    })
    .await
}

/// `GET /billing-keys/{key}`
pub(super) async fn get(
    State(shop): State<Arc<Shop>>,
    Path(key): Path<String>,
    Query(query): Query<StoreQuery>,
) -> Response {
    under_faults(&shop, "get", &key, |_| {
        check_store(&shop, query.store_id.as_deref())?;
        let state = lock(&shop.state);
        state.billing_keys.get(&key).and_then(|record| shop.key_json(&key, record)).ok_or_else(not_found)
    })
    .await
}

/// `DELETE /billing-keys/{key}`
pub(super) async fn delete(
    State(shop): State<Arc<Shop>>,
    Path(key): Path<String>,
    Query(query): Query<StoreQuery>,
) -> Response {
    under_faults(&shop, "billingKey", &key, |refused| {
        check_store(&shop, query.store_id.as_deref())?;
        if refused {
            return Err(ApiError::pg("NOT_DELETABLE", "빌링키를 삭제할 수 없습니다."));
        }
        Ok(json!({"deletedAt": rfc3339(shop.delete_key(&key)?)}))
    })
    .await
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sort {
    #[serde(default)]
    by: TimeField,
    #[serde(default)]
    order: SortOrder,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    store_id: Option<String>,
    #[serde(default)]
    time_range_field: TimeField,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    status: Option<Vec<String>>,
    customer_id: Option<String>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TimeField {
    RequestedAt,
    #[default]
    IssuedAt,
    DeletedAt,
    StatusTimestamp,
}

impl TimeField {
    fn of(self, record: &BillingKey) -> Option<Timestamp> {
        let (issued, deleted) = match &record.state {
            KeyState::Ready | KeyState::Failed => (None, None),
            KeyState::Issued { at, .. } => (Some(*at), None),
            KeyState::Deleted { issued_at, at, .. } => (Some(*issued_at), Some(*at)),
        };
        match self {
            Self::RequestedAt => Some(record.requested_at),
            Self::IssuedAt => issued,
            Self::DeletedAt => deleted,
            Self::StatusTimestamp => deleted.or(issued),
        }
    }
}

/// `GET /billing-keys`
pub(super) async fn list(State(shop): State<Arc<Shop>>, Query(query): Query<QueryBody>) -> Response {
    under_faults(&shop, "list", "", |_| {
        let Wanted::<Sort, Filter> { page: wanted, sort, filter } = query.read()?;
        check_store(&shop, filter.store_id.as_deref())?;
        let range = Range::of(filter.from, filter.until, shop.clock.now());
        let state = lock(&shop.state);
        let mut found: Vec<_> = state
            .billing_keys
            .iter()
            .filter(|(_, one)| filter.time_range_field.of(one).is_some_and(|at| range.holds(at)))
            .filter(|(_, one)| {
                filter.customer_id.as_ref().is_none_or(|id| one.request.customer["id"] == id.as_str())
            })
            .filter_map(|(key, one)| Some((sort.by.of(one), key, shop.key_json(key, one)?)))
            .filter(|(_, _, body)| {
                filter
                    .status
                    .as_ref()
                    .is_none_or(|names| names.iter().any(|name| body["status"] == name.as_str()))
            })
            .collect();
        found.sort_by_key(|(at, key, _)| (*at, (*key).clone()));
        sort.order.arrange(&mut found);
        page(found.into_iter().map(|(_, _, body)| body).collect(), &wanted)
    })
    .await
}
