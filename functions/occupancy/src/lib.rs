//! How full a lot is, as its devices say: absolute counts of counters and cameras, and the words of sensors at single
//! spaces. Kept apart from `gate-events`, whose start and size are on the way of a waiting car.
//!
//! Each handler reads as: who is it → what does the body say → keep it if a part is refused → take the rest → say which.

#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

mod body;
pub mod codes;
mod counts;
mod spaces;

use std::sync::Arc;

use baro_domain::{Gate, Lot, LotId};
use baro_door::{Door, Knock};
use baro_runtime::{
    Aws, Clock, Config, InitError, Problem,
    http::route_key,
    problem::{ROUTE_NOT_FOUND, internal},
};
use baro_store::{Activity, Cached, Directory, StoreError};
use http::Response;
use jiff::Timestamp;
use lambda_http::{Body, Request};

pub use codes::CODES;

/// The routes of this function, as API Gateway names them.
pub const ROUTES: [&str; 2] = ["POST /v1/gates/{gateId}/occupancy", "POST /v1/gates/{gateId}/spaces"];

/// The longest body: a thousand spaces with long names, and as much again.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// The function.
#[derive(Debug)]
pub struct Occupancy {
    door: Door,
    directory: Directory,
    lots: Cached<LotId, Arc<Lot>>,
    activity: Activity,
    clock: Clock,
}

impl Occupancy {
    /// Reads the configuration, builds the clients and opens the connection that the first word will need.
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let directory = Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?);
        let activity = Activity::new(dynamodb, config.required("ACTIVITY_TABLE")?);
        let service = Self::new(&aws, directory, activity, config.required("RAW_BUCKET")?, Clock::default());
        aws.warm("dynamodb").await;
        Ok(service)
    }

    /// Of its parts.
    pub fn new(aws: &Aws, directory: Directory, activity: Activity, raw_bucket: &str, clock: Clock) -> Self {
        let door = Door::new(aws, directory.clone(), raw_bucket);
        Self { door, directory, lots: Cached::default(), activity, clock }
    }

    /// The lot that a device stands in. A device of no lot is set up wrongly, and only we can mend it.
    async fn lot(&self, device: &Gate, now: Timestamp) -> Result<Arc<Lot>, Problem> {
        let load = async |id: &LotId| {
            Ok::<_, StoreError>(self.directory.lot(id).await?.map(|record| Arc::new(record.lot)))
        };
        let found = self.lots.get(&device.lot, now, load).await;
        let found = found.map_err(|error| baro_door::codes::store(&error))?;
        found.ok_or_else(|| internal(&StoreError::Refused("the device stands in a lot that is not known")))
    }
}

/// Answers one request.
pub async fn handle(service: Arc<Occupancy>, request: Request) -> Result<Response<Body>, Problem> {
    let knock = Knock::new(&request, service.clock.now());
    // Boxed: the futures of several SDK calls are too large to be moved about on the stack.
    let (knock, taken) = match route_key(&request) {
        Some("POST /v1/gates/{gateId}/occupancy") => {
            let knock = knock?;
            let taken = Box::pin(counts::take(&service, &knock)).await;
            (knock, taken)
        }
        Some("POST /v1/gates/{gateId}/spaces") => {
            let knock = knock?;
            let taken = Box::pin(spaces::take(&service, &knock)).await;
            (knock, taken)
        }
        _ => return Err(ROUTE_NOT_FOUND.problem()),
    };
    match taken {
        Ok(response) => Ok(response),
        Err(problem) => service.door.refuse(&knock, problem).await,
    }
}
