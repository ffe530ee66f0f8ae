//! Charges of a registered card at a later time.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{ChargeBody, QueryBody, check_store, read};
use super::error::ApiError;
use super::shop::Shop;
use crate::sandbox::support::{lock, now, random_id, rfc3339};

type Answer = Result<Json<Value>, ApiError>;

/// How a scheduled charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleState {
    Scheduled,
    Revoked,
    Succeeded,
    Failed,
}

/// A charge at a later time.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    payment_id: String,
    charge: ChargeBody,
    created_at: Timestamp,
    time_to_pay: Timestamp,
    state: ScheduleState,
}

/// A payment id that a schedule holds can't be charged by hand.
pub(super) fn check_free(shop: &Shop, payment_id: &str) -> Result<(), ApiError> {
    let held = lock(&shop.state)
        .schedules
        .values()
        .any(|schedule| schedule.payment_id == payment_id && schedule.state == ScheduleState::Scheduled);
    if held {
        return Err(ApiError::new("PAYMENT_SCHEDULE_ALREADY_EXISTS", "a schedule holds this payment id"));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateBody {
    payment: ChargeBody,
    time_to_pay: Timestamp,
}

pub(super) async fn create(
    State(shop): State<Arc<Shop>>,
    Path(payment_id): Path<String>,
    body: Bytes,
) -> Answer {
    let CreateBody { payment: charge, time_to_pay } = read(&body)?;
    charge.order(&shop, &payment_id)?;
    check_free(&shop, &payment_id)?;
    let id = random_id("schedule-");
    {
        let mut state = lock(&shop.state);
        if state.payments.get(&payment_id).is_some_and(|record| record.method.is_some()) {
            return Err(ApiError::new(
                "ALREADY_PAID_OR_WAITING",
                "the payment is paid or awaits its deposit",
            ));
        }
        match state.billing_keys.get(&charge.billing_key) {
            None => return Err(ApiError::new("BILLING_KEY_NOT_FOUND", "no such billing key")),
            Some(key) if key.deleted_at.is_some() => {
                return Err(ApiError::new("BILLING_KEY_ALREADY_DELETED", "the billing key is deleted"));
            }
            Some(_) => {}
        }
        let schedule =
            Schedule { payment_id, charge, created_at: now(), time_to_pay, state: ScheduleState::Scheduled };
        state.schedules.insert(id.clone(), schedule);
    }
    tokio::spawn(run_at(shop, id.clone(), time_to_pay));
    Ok(Json(json!({"schedule": {"id": id}})))
}

/// Waits for the time and charges, unless it was revoked meanwhile.
async fn run_at(shop: Arc<Shop>, id: String, time_to_pay: Timestamp) {
    let wait = Duration::try_from(time_to_pay.duration_since(now())).unwrap_or_default();
    let mut stop = shop.stop.subscribe();
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = stop.wait_for(|stopped| *stopped) => return,
    }
    let due =
        lock(&shop.state).schedules.get(&id).filter(|one| one.state == ScheduleState::Scheduled).cloned();
    let Some(schedule) = due else { return };
    let outcome = schedule
        .charge
        .order(&shop, &schedule.payment_id)
        .and_then(|order| shop.charge(order, &schedule.charge.billing_key, false));
    if let Some(schedule) = lock(&shop.state).schedules.get_mut(&id) {
        schedule.state = if outcome.is_ok() { ScheduleState::Succeeded } else { ScheduleState::Failed };
    }
}

pub(super) async fn get(State(shop): State<Arc<Shop>>, Path(id): Path<String>) -> Answer {
    let state = lock(&shop.state);
    let schedule = state.schedules.get(&id).ok_or_else(not_found)?;
    let status = match schedule.state {
        ScheduleState::Scheduled => "SCHEDULED",
        ScheduleState::Revoked => "REVOKED",
        ScheduleState::Succeeded => "SUCCEEDED",
        ScheduleState::Failed => "FAILED",
    };
    Ok(Json(json!({
        "status": status, "id": id, "merchantId": shop.config.merchant_id(), "storeId": shop.config.store_id,
        "paymentId": schedule.payment_id, "billingKey": schedule.charge.billing_key,
        "orderName": schedule.charge.order_name, "isCulturalExpense": false, "isEscrow": false, "customer": {},
        "customData": "", "totalAmount": schedule.charge.amount.total, "currency": "KRW",
        "createdAt": rfc3339(schedule.created_at), "timeToPay": rfc3339(schedule.time_to_pay),
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevokeBody {
    store_id: Option<String>,
    billing_key: Option<String>,
    #[serde(default)]
    schedule_ids: Vec<String>,
}

pub(super) async fn revoke(State(shop): State<Arc<Shop>>, Query(query): Query<QueryBody>) -> Answer {
    let body: RevokeBody = query.read()?;
    check_store(&shop, body.store_id.as_deref())?;
    let mut state = lock(&shop.state);
    for id in &body.schedule_ids {
        match state.schedules.get(id).map(|schedule| schedule.state) {
            None => return Err(not_found()),
            Some(ScheduleState::Revoked) => {
                return Err(ApiError::new("PAYMENT_SCHEDULE_ALREADY_REVOKED", "revoked already"));
            }
            Some(ScheduleState::Succeeded | ScheduleState::Failed) => {
                return Err(ApiError::new("PAYMENT_SCHEDULE_ALREADY_PROCESSED", "processed already"));
            }
            Some(ScheduleState::Scheduled) => {}
        }
    }
    let mut revoked = Vec::new();
    for (id, schedule) in &mut state.schedules {
        let named = body.schedule_ids.contains(id)
            || (body.schedule_ids.is_empty()
                && body.billing_key.as_ref() == Some(&schedule.charge.billing_key));
        if named && schedule.state == ScheduleState::Scheduled {
            schedule.state = ScheduleState::Revoked;
            revoked.push(id.clone());
        }
    }
    Ok(Json(json!({"revokedScheduleIds": revoked, "revokedAt": rfc3339(now())})))
}

fn not_found() -> ApiError {
    ApiError::new("PAYMENT_SCHEDULE_NOT_FOUND", "no such schedule")
}
