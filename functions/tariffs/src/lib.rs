//! The tariff workbench over HTTP: quotes a stay by a tariff document, and checks a document. It keeps nothing and asks
//! nobody: the same request gets the same bytes.

pub mod codes;

use std::sync::Arc;

use baro_domain::workbench::{QuoteRequest, check};
use baro_runtime::{
    Config, InitError, Problem,
    http::{UNSUPPORTED_MEDIA_TYPE, body, content_type, query, respond_json, route_key},
    problem::ROUTE_NOT_FOUND,
};
use http::{Response, StatusCode};
use lambda_http::{Body, Request};

pub use codes::CODES;

/// The routes of this function, as API Gateway names them.
pub const ROUTES: [&str; 2] = ["POST /v1/tariffs/check", "POST /v1/tariffs/quote"];

/// The longest body: a hundred times the largest example, and small enough to be read in no time.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The function: nothing lives as long as its sandbox.
#[derive(Debug)]
pub struct Workbench;

impl Workbench {
    /// There is nothing to configure.
    #[allow(clippy::unused_async, reason = "what run_http asks for")]
    pub async fn from_config(_config: Config) -> Result<Self, InitError> {
        Ok(Self)
    }
}

/// Answers one request.
#[allow(clippy::unused_async, reason = "what run_http asks for")]
pub async fn handle(_workbench: Arc<Workbench>, request: Request) -> Result<Response<Body>, Problem> {
    match route_key(&request) {
        Some("POST /v1/tariffs/quote") => {
            let answer = QuoteRequest::from_json(json(&request)?).and_then(QuoteRequest::answer);
            respond_json(StatusCode::OK, &answer.map_err(codes::problem)?)
        }
        Some("POST /v1/tariffs/check") => {
            let answer = check(json(&request)?, wants_apds(&request)?);
            respond_json(StatusCode::OK, &answer.map_err(codes::problem)?)
        }
        _ => Err(ROUTE_NOT_FOUND.problem()),
    }
}

fn json(request: &Request) -> Result<&[u8], Problem> {
    let bytes = body(request, MAX_BODY_BYTES)?;
    if content_type(request)?.is_json() {
        Ok(bytes)
    } else {
        Err(UNSUPPORTED_MEDIA_TYPE.problem().detail("application/json is taken here"))
    }
}

/// `?apds=true`
fn wants_apds(request: &Request) -> Result<bool, Problem> {
    Ok(query(request, "apds")?.unwrap_or(false))
}
