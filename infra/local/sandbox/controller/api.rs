//! What the controller lets others do: raise a barrier, register and remove passes, list them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{BARRIER, Desk, KeptPass, OPEN, Raised};
use crate::sandbox::support::{lock, now};

/// The addresses of the contract. POST only.
pub(super) fn router(desk: &Arc<Desk>) -> Router {
    Router::new().route("/interop/{resource}", post(interop)).with_state(desk.clone())
}

/// The envelope of every answer, with no charset, as in the field.
fn enveloped(data: &Value) -> Response {
    let body = json!({"status": "200", "statusMsg": "success", "data": data}).to_string();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn refused(why: &str) -> Value {
    json!({"success": false, "errorMessage": why})
}

fn done() -> Value {
    json!({"success": true, "errorMessage": ""})
}

impl Desk {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let wanted = STANDARD.encode(format!("{}:{}", self.config.user, self.config.password));
        given.and_then(|given| given.strip_prefix("Basic ")) == Some(wanted.as_str())
    }

    /// Does what a resource does; `None` where there is no such resource.
    fn act(&self, resource: &str, body: &Value) -> Option<Value> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let Some(area) = body["lotAreaNo"].as_u64().and_then(|area| u32::try_from(area).ok()) else {
            return Some(refused("주차장 번호가 올바르지 않습니다"));
        };
        let plate = text("carNo");
        let mut state = lock(&self.state);
        Some(match resource {
            OPEN => {
                state.raised.push(Raised { area, barrier: text(BARRIER), at: now() });
                done()
            }
            "setCustdefInfo" if state.passes.contains_key(&(area, plate.clone())) => {
                refused(&format!("[정기차량 등록] 이미 등록된 차량 ({plate})"))
            }
            "setCustdefInfo" if plate.is_empty() || text("passType").is_empty() => {
                refused("[정기차량 등록] 필수 항목이 없습니다")
            }
            "setCustdefInfo" => {
                let (start_date, end_date) = (text("startDate"), text("endDate"));
                let pass = KeptPass { pass_type: text("passType"), start_date, end_date };
                state.passes.insert((area, plate), pass);
                done()
            }
            // A plate without a pass is removed as well as one with.
            "deleteCustdefInfo" => {
                state.passes.remove(&(area, plate));
                done()
            }
            // Whatever is asked for, all of them come.
            "getCustdefList" => {
                let passes = state.passes.iter().filter(|((of, _), _)| *of == area);
                let list: Vec<Value> = passes
                    .map(|((_, plate), pass)| json!({"carNo": plate, "passType": pass.pass_type}))
                    .collect();
                json!({"success": true, "errorMessage": "", "custdefList": list})
            }
            _ => return None,
        })
    }
}

async fn interop(
    State(desk): State<Arc<Desk>>,
    Path(resource): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !desk.knows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(resource) = resource.strip_suffix(".do") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let strike = desk.strike(resource);
    tokio::time::sleep(strike.latency).await;
    if strike.refused {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if strike.busy {
        return enveloped(&refused("다른 요청을 처리 중입니다"));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return enveloped(&refused("요청 형식이 올바르지 않습니다"));
    };
    let Some(data) = desk.act(resource, &body) else { return StatusCode::NOT_FOUND.into_response() };
    if let Some(silence) = strike.silence_after {
        desk.be_silent(silence).await;
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    enveloped(&data)
}
