//! The sandbox's own addresses: its state, and what goes wrong.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{ControllerFaultRule, Desk};
use crate::sandbox::support::lock;

pub(super) fn router(desk: &Arc<Desk>) -> Router {
    Router::new()
        .route("/sandbox/controller", get(show))
        .route("/sandbox/faults", post(add_fault).delete(clear_faults))
        .with_state(desk.clone())
}

async fn show(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let state = lock(&desk.state);
    let passes: Vec<Value> = state
        .passes
        .iter()
        .map(|((area, plate), pass)| json!({"area": area, "plate": plate, "pass": pass}))
        .collect();
    Json(json!({"raised": state.raised, "passes": passes, "faults": state.faults}))
}

async fn add_fault(State(desk): State<Arc<Desk>>, Json(rule): Json<ControllerFaultRule>) -> StatusCode {
    lock(&desk.state).faults.push(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(desk): State<Arc<Desk>>) -> StatusCode {
    lock(&desk.state).faults.clear();
    StatusCode::NO_CONTENT
}
