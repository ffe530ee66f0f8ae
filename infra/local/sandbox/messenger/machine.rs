//! Routes for scripts and for a person who wants to look at what people were told. No vendor has these.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, MessengerFaultRule};
use crate::sandbox::support::lock;

type Sandbox = State<Arc<Desk>>;

pub(super) fn router(desk: &Arc<Desk>) -> Router {
    Router::new()
        .route("/sandbox/messages", get(messages))
        .route("/sandbox/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/sandbox/unregistered", put(unregister))
        .route("/sandbox/failing-numbers", put(fail_number))
        .with_state(desk.clone())
}

/// What each person got, by address.
async fn messages(State(desk): Sandbox) -> Json<Value> {
    let mut people = serde_json::Map::new();
    for sent in &lock(&desk.state).sent {
        if let Some(list) = people.entry(sent.to.clone()).or_insert_with(|| json!([])).as_array_mut() {
            list.push(json!(sent));
        }
    }
    Json(Value::from(people))
}

async fn faults(State(desk): Sandbox) -> Json<Value> {
    Json(json!({"items": lock(&desk.state).faults}))
}

async fn add_fault(State(desk): Sandbox, body: Bytes) -> Result<StatusCode, (StatusCode, String)> {
    let rule: MessengerFaultRule = read(&body)?;
    lock(&desk.state).faults.push(rule);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(desk): Sandbox) -> StatusCode {
    lock(&desk.state).faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct TokenBody {
    token: String,
}

/// A person uninstalled the app.
async fn unregister(State(desk): Sandbox, body: Bytes) -> Result<StatusCode, (StatusCode, String)> {
    let body: TokenBody = read(&body)?;
    lock(&desk.state).unregistered_tokens.insert(body.token);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct NumberBody {
    number: String,
    code: String,
}

/// Solapi takes no more messages for a number.
async fn fail_number(State(desk): Sandbox, body: Bytes) -> Result<StatusCode, (StatusCode, String)> {
    let body: NumberBody = read(&body)?;
    lock(&desk.state).failing_numbers.insert(body.number, body.code);
    Ok(StatusCode::NO_CONTENT)
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}
