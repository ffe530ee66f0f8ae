//! A whole function: configuration, clients and a warm connection in init, a handler with typed problems, and `main` as it stands in every
//! function. It repeats the note it is sent, and panics on demand.

use baro_runtime::http::{json_body, path_parameter, respond_json};
use baro_runtime::{Aws, Clock, Config, InitError, Problem, run_http};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};
use std::process::ExitCode;
use std::sync::Arc;

const LIMIT_BYTES: usize = 1_024;

struct Service {
    clock: Clock,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

#[derive(Serialize)]
struct Echo {
    shelf: String,
    text: String,
    at: String,
}

async fn start(config: Config) -> Result<Service, InitError> {
    Aws::from_config(&config)?.warm("dynamodb").await;
    Ok(Service { clock: Clock::System })
}

async fn handle(service: Arc<Service>, request: Request) -> Result<Response<Body>, Problem> {
    let note: Note = json_body(&request, LIMIT_BYTES)?;
    assert_ne!(note.text, "panic", "asked to");
    let echo = Echo {
        shelf: path_parameter(&request, "shelf")?,
        text: note.text,
        at: service.clock.now().to_string(),
    };
    respond_json(StatusCode::OK, &echo)
}

fn main() -> ExitCode {
    run_http(start, handle)
}
