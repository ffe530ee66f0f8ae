//! The Lambda Runtime API of one sandbox: hands out invocations, takes answers, and tells when the function polls.
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>)

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// How long a function may take by the deadline it is told, in milliseconds.
const TIME_LEFT_MS: i64 = 10_000;

/// One invocation to hand out.
pub(crate) struct Invocation {
    /// Its request id.
    pub(crate) id: String,
    /// The event, as JSON.
    pub(crate) event: String,
}

/// The function waits for work.
pub(crate) struct Poll {
    /// When it asked.
    pub(crate) at: Instant,
    hand_over: oneshot::Sender<Invocation>,
}

impl Poll {
    /// Hands the invocation over; false where the function has gone.
    pub(crate) fn deliver(self, invocation: Invocation) -> bool {
        self.hand_over.send(invocation).is_ok()
    }
}

/// How an invocation ended.
pub(crate) enum Outcome {
    /// What the function answered.
    Answer(Bytes),
    /// What it reported as its failure.
    Failure(Bytes),
}

/// A running Runtime API.
pub(crate) struct RuntimeApi {
    /// Where it listens: the value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) address: SocketAddr,
    /// Every time the function asks for work.
    pub(crate) polls: mpsc::UnboundedReceiver<Poll>,
    /// Every answer, failure and failed start.
    pub(crate) outcomes: mpsc::UnboundedReceiver<Outcome>,
}

#[derive(Clone)]
struct Ends {
    polls: mpsc::UnboundedSender<Poll>,
    outcomes: mpsc::UnboundedSender<Outcome>,
}

impl RuntimeApi {
    /// Listens on a free port of this machine.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the Runtime API")?;
        let address = listener.local_addr()?;
        let (polls_in, polls) = mpsc::unbounded_channel();
        let (outcomes_in, outcomes) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .route("/2018-06-01/runtime/init/error", post(init_failure))
            .with_state(Ends { polls: polls_in, outcomes: outcomes_in });
        // Without Nagle, as the real one is a local socket too and 40 ms of waiting would be measured as the function's.
        tokio::spawn(async move {
            let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
                let _ = stream.set_nodelay(true);
            });
            axum::serve(listener, routes).await
        });
        Ok(Self { address, polls, outcomes })
    }
}

async fn next(State(ends): State<Ends>) -> Response {
    let (hand_over, handed) = oneshot::channel();
    let _ = ends.polls.send(Poll { at: Instant::now(), hand_over });
    match handed.await {
        Ok(invocation) => {
            let mut headers = HeaderMap::new();
            let deadline_ms = baro_runtime::clock::now().as_millisecond() + TIME_LEFT_MS;
            let told = [
                ("lambda-runtime-aws-request-id", invocation.id),
                ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:000000000000:function:bench".into(),
                ),
                ("content-type", "application/json".into()),
            ];
            for (name, value) in told {
                if let Ok(value) = value.parse() {
                    headers.insert(name, value);
                }
            }
            (headers, invocation.event).into_response()
        }
        // The bench has dropped the poll: the instance is about to be stopped.
        Err(_) => StatusCode::GONE.into_response(),
    }
}

async fn response(State(ends): State<Ends>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    let _ = ends.outcomes.send(Outcome::Answer(body));
    StatusCode::ACCEPTED
}

async fn failure(State(ends): State<Ends>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    let _ = ends.outcomes.send(Outcome::Failure(body));
    StatusCode::ACCEPTED
}

async fn init_failure(State(ends): State<Ends>, body: Bytes) -> StatusCode {
    let _ = ends.outcomes.send(Outcome::Failure(body));
    StatusCode::ACCEPTED
}
