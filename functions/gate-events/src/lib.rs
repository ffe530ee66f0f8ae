//! What gates report: `events` as they happen, with the barrier decision in the answer, and `backlog`, what a controller
//! kept while it was offline.
//!
//! Each handler reads as: who is it → what does the body say → keep it → file and decide → answer in the vendor's form.
//! What a body means is decided in `baro-gates`, what it means for a visit in `baro-domain`.

#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

mod answer;
mod archive;
mod backlog;
mod codes;
mod cut;
mod events;
mod knock;
mod queue;
mod watch;

use std::sync::Arc;

use baro_door::Door;
use baro_gates::passages::Passages;
use baro_runtime::{Aws, Clock, Config, InitError, Problem, http::route_key, problem::ROUTE_NOT_FOUND};
use baro_store::{Activity, Directory, Parking};
use http::Response;
use lambda_http::{Body, Request};

pub use codes::CODES;
pub use knock::MAX_BODY_BYTES;

use queue::BacklogQueue;
use watch::GateWatch;

/// The routes of this function, as API Gateway names them.
pub const ROUTES: [&str; 2] = ["POST /v1/gates/{gateId}/events", "POST /v1/gates/{gateId}/backlog"];

/// The function.
#[derive(Debug)]
pub struct GateEvents {
    passages: Passages,
    door: Door,
    watch: GateWatch,
    queue: BacklogQueue,
    clock: Clock,
}

impl GateEvents {
    /// Reads the configuration, builds the clients and opens the connection that the first car will need.
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let passages = Passages::new(
            Parking::new(dynamodb.clone(), config.required("PARKING_TABLE")?),
            Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
        );
        let activity = Activity::new(dynamodb, config.required("ACTIVITY_TABLE")?);
        let bucket = config.required("RAW_BUCKET")?;
        let queue_url = config.required("BACKLOG_QUEUE_URL")?;
        let service = Self::new(&aws, passages, activity, bucket, queue_url, Clock::default());
        aws.warm("dynamodb").await;
        Ok(service)
    }

    /// Of its parts.
    pub fn new(
        aws: &Aws,
        passages: Passages,
        activity: Activity,
        raw_bucket: &str,
        queue_url: &str,
        clock: Clock,
    ) -> Self {
        Self {
            door: Door::new(aws, passages.directory().clone(), raw_bucket),
            passages,
            watch: GateWatch::new(activity),
            queue: BacklogQueue::new(aws, queue_url),
            clock,
        }
    }
}

/// Answers one request.
pub async fn handle(service: Arc<GateEvents>, request: Request) -> Result<Response<Body>, Problem> {
    match route_key(&request) {
        Some("POST /v1/gates/{gateId}/events") => events::take(&service, &request).await,
        Some("POST /v1/gates/{gateId}/backlog") => backlog::take(&service, &request).await,
        _ => Err(ROUTE_NOT_FOUND.problem()),
    }
}
