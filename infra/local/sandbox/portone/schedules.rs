//! Charges of a registered card at a later time.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{ChargeBody, QueryBody, StoreQuery, check_store, read, under_faults};
use super::charging::Charge;
use super::error::ApiError;
use super::listing::{Range, SortOrder, Wanted, is_test, page};
use super::shop::{Shop, State as ShopState};
use crate::sandbox::support::{lock, random_id, rfc3339};

type Answer = Result<Json<Value>, ApiError>;

/// How a scheduled charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleState {
    Scheduled,
    Started,
    Revoked,
    Succeeded,
    Failed,
}

impl ScheduleState {
    fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Started => "STARTED",
            Self::Revoked => "REVOKED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// A charge at a later time.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    payment_id: String,
    charge: ChargeBody,
    created_at: Timestamp,
    time_to_pay: Timestamp,
    state: ScheduleState,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl Schedule {
    /// What it will pay.
    pub(super) fn payment_id(&self) -> &str {
        &self.payment_id
    }

    /// When.
    pub(super) fn time_to_pay(&self) -> Timestamp {
        self.time_to_pay
    }

    /// How it stands, as the API spells it.
    pub(super) fn state_name(&self) -> &'static str {
        self.state.name()
    }
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
) -> Response {
    under_faults(&shop, "schedule", &payment_id, |_| shop.plan(&payment_id, &body)).await
}

impl Shop {
    fn plan(self: &Arc<Self>, payment_id: &str, body: &[u8]) -> Result<Value, ApiError> {
        let CreateBody { payment: charge, time_to_pay } = read(body)?;
        let order = charge.order(self, payment_id)?;
        check_free(self, payment_id)?;
        if order.tax_free > order.total {
            return Err(ApiError::new("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "taxFree exceeds total"));
        }
        let id = random_id("schedule-");
        {
            let mut state = lock(&self.state);
            if state.payments.get(payment_id).is_some_and(|record| record.method.is_some()) {
                return Err(ApiError::new(
                    "ALREADY_PAID_OR_WAITING",
                    "the payment is paid or awaits its deposit",
                ));
            }
            state.chargeable(&charge.billing_key)?;
            let schedule = Schedule {
                payment_id: payment_id.to_owned(),
                charge,
                created_at: self.clock.now(),
                time_to_pay,
                state: ScheduleState::Scheduled,
                started_at: None,
                ended_at: None,
            };
            state.schedules.insert(id.clone(), schedule);
        }
        tokio::spawn(run_at(self.clone(), time_to_pay));
        Ok(json!({"schedule": {"id": id}}))
    }

    /// Puts the clock forward. What falls due on the way is charged at its own time and in its own order.
    pub(super) fn advance(self: &Arc<Self>, to: Timestamp) -> Result<(), ApiError> {
        if to < self.clock.now() {
            return Err(ApiError::invalid("the clock only goes forward"));
        }
        loop {
            let due = next_due(&lock(&self.state), to);
            self.clock.put_forward(due.unwrap_or(to));
            if due.is_none() {
                return Ok(());
            }
            run_due(self);
        }
    }
}

fn next_due(state: &ShopState, until: Timestamp) -> Option<Timestamp> {
    let open = state.schedules.values().filter(|one| one.state == ScheduleState::Scheduled);
    open.map(|one| one.time_to_pay).filter(|at| *at <= until).min()
}

/// Waits until the gateway's clock shows the time, then charges what is due.
async fn run_at(shop: Arc<Shop>, time_to_pay: Timestamp) {
    let (mut stop, mut moved) = (shop.stop.subscribe(), shop.clock.watch());
    loop {
        let wait = Duration::try_from(time_to_pay.duration_since(shop.clock.now())).unwrap_or_default();
        if wait.is_zero() {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = moved.changed() => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
    run_due(&shop);
}

/// Charges what is due and was not revoked, the earliest first.
fn run_due(shop: &Arc<Shop>) {
    let now = shop.clock.now();
    loop {
        let (id, schedule) = {
            let mut state = lock(&shop.state);
            let due = state
                .schedules
                .iter_mut()
                .filter(|(_, one)| one.state == ScheduleState::Scheduled && one.time_to_pay <= now)
                .min_by_key(|(id, one)| (one.time_to_pay, (*id).clone()));
            let Some((id, schedule)) = due else { return };
            schedule.state = ScheduleState::Started;
            schedule.started_at = Some(now);
            (id.clone(), schedule.clone())
        };
        let charged = schedule.charge.order(shop, &schedule.payment_id).and_then(|mut order| {
            order.schedule_id = Some(id.clone());
            let outcome = shop.charge(order.clone(), &schedule.charge.billing_key, false);
            outcome.inspect_err(|error| shop.fail_unheard(order, error))
        });
        let done = match charged {
            // The card company still decides; its approval completes the schedule.
            Ok(Charge::Deciding(_)) => continue,
            Ok(Charge::Approved(_)) => true,
            Err(_) => false,
        };
        complete(&mut lock(&shop.state), Some(&id), done, now);
    }
}

/// Notes how a scheduled charge ended.
pub(super) fn complete(state: &mut ShopState, id: Option<&str>, succeeded: bool, at: Timestamp) {
    if let Some(schedule) = id.and_then(|id| state.schedules.get_mut(id)) {
        schedule.state = if succeeded { ScheduleState::Succeeded } else { ScheduleState::Failed };
        schedule.ended_at = Some(at);
    }
}

pub(super) async fn get(
    State(shop): State<Arc<Shop>>,
    Path(id): Path<String>,
    Query(query): Query<StoreQuery>,
) -> Answer {
    check_store(&shop, query.store_id.as_deref())?;
    let state = lock(&shop.state);
    let schedule = state.schedules.get(&id).ok_or_else(not_found)?;
    Ok(Json(to_json(&shop, &id, schedule)))
}

fn to_json(shop: &Shop, id: &str, schedule: &Schedule) -> Value {
    let charge = &schedule.charge;
    let mut body = json!({
        "status": schedule.state.name(), "id": id, "merchantId": shop.config.merchant_id(),
        "storeId": shop.config.store_id, "paymentId": schedule.payment_id, "billingKey": charge.billing_key,
        "orderName": charge.order_name, "isCulturalExpense": false, "isEscrow": false,
        "customer": charge.customer(), "customData": charge.custom_data.clone().unwrap_or_default(),
        "totalAmount": charge.amount.total, "taxFreeAmount": charge.amount.tax_free,
        "currency": charge.currency, "createdAt": rfc3339(schedule.created_at),
        "timeToPay": rfc3339(schedule.time_to_pay),
    });
    if let Some(at) = schedule.started_at {
        body["startedAt"] = json!(rfc3339(at));
    }
    if let Some(at) = schedule.ended_at {
        let ended = if schedule.state == ScheduleState::Revoked { "revokedAt" } else { "completedAt" };
        body[ended] = json!(rfc3339(at));
    }
    body
}

#[derive(Default, Deserialize)]
struct Sort {
    #[serde(default)]
    by: SortBy,
    #[serde(default)]
    order: SortOrder,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortBy {
    CreatedAt,
    #[default]
    TimeToPay,
    CompletedAt,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    store_id: Option<String>,
    billing_key: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    status: Option<Vec<String>>,
    is_for_test: Option<bool>,
}

pub(super) async fn list(State(shop): State<Arc<Shop>>, Query(query): Query<QueryBody>) -> Response {
    under_faults(&shop, "list", "", |_| {
        let Wanted::<Sort, Filter> { page: wanted, sort, filter } = query.read()?;
        check_store(&shop, filter.store_id.as_deref())?;
        let range = Range::of(filter.from, filter.until, shop.clock.now());
        let state = lock(&shop.state);
        let mut found: Vec<_> = state
            .schedules
            .iter()
            .filter(|(_, one)| range.holds(one.time_to_pay))
            .filter(|(_, one)| filter.billing_key.as_ref().is_none_or(|key| *key == one.charge.billing_key))
            .filter(|(_, one)| {
                filter.status.as_ref().is_none_or(|names| names.iter().any(|name| name == one.state.name()))
            })
            .filter(|_| filter.is_for_test.is_none_or(|wanted| wanted == is_test(&shop)))
            .collect();
        found.sort_by_key(|(id, one)| {
            let at = match sort.by {
                SortBy::CreatedAt => Some(one.created_at),
                SortBy::TimeToPay => Some(one.time_to_pay),
                SortBy::CompletedAt => one.ended_at,
            };
            (at, (*id).clone())
        });
        sort.order.arrange(&mut found);
        page(found.iter().map(|(id, one)| to_json(&shop, id, one)).collect(), &wanted)
    })
    .await
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
    if body.billing_key.is_none() && body.schedule_ids.is_empty() {
        return Err(ApiError::invalid("billingKey or scheduleIds is needed"));
    }
    let at = shop.clock.now();
    let mut state = lock(&shop.state);
    if let Some(key) = &body.billing_key {
        state.chargeable(key)?;
    }
    for id in &body.schedule_ids {
        match state.schedules.get(id).map(|schedule| schedule.state) {
            None => return Err(not_found()),
            Some(ScheduleState::Revoked) => {
                return Err(ApiError::new("PAYMENT_SCHEDULE_ALREADY_REVOKED", "revoked already"));
            }
            Some(ScheduleState::Started | ScheduleState::Succeeded | ScheduleState::Failed) => {
                return Err(ApiError::new("PAYMENT_SCHEDULE_ALREADY_PROCESSED", "processed already"));
            }
            Some(ScheduleState::Scheduled) => {}
        }
    }
    let mut revoked = Vec::new();
    for (id, schedule) in &mut state.schedules {
        let named = if body.schedule_ids.is_empty() {
            body.billing_key.as_ref() == Some(&schedule.charge.billing_key)
        } else {
            body.schedule_ids.contains(id)
        };
        if named && schedule.state == ScheduleState::Scheduled {
            schedule.state = ScheduleState::Revoked;
            schedule.ended_at = Some(at);
            revoked.push(id.clone());
        }
    }
    Ok(Json(json!({"revokedScheduleIds": revoked, "revokedAt": rfc3339(at)})))
}

fn not_found() -> ApiError {
    ApiError::new("PAYMENT_SCHEDULE_NOT_FOUND", "no such schedule")
}
