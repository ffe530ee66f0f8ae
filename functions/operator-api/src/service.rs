//! What lives as long as the function's sandbox.

use std::sync::Arc;

use baro_domain::{LotId, Operator, OperatorId, PricedLot};
use baro_runtime::{Aws, Clock, Config, InitError, Problem, problem::internal};
use baro_store::{Activity, Billing, Cached, Directory, Parking, Tasks};

use crate::{codes::store, tasks::evidence::Pictures};

/// The function.
#[derive(Debug)]
pub struct OperatorApi {
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) parking: Parking,
    pub(crate) activity: Activity,
    pub(crate) tasks: Tasks,
    pub(crate) billing: Billing,
    pub(crate) pictures: Pictures,
    pub(crate) operators: Cached<OperatorId, Arc<Operator>>,
    lots: Cached<LotId, Arc<PricedLot>>,
}

impl OperatorApi {
    /// From the function's environment; opens the connection to DynamoDB, which every request needs.
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let api = Self::new(&config, &aws, Clock::System)?;
        aws.warm("dynamodb").await;
        Ok(api)
    }

    /// On these clients and this clock.
    pub fn new(config: &Config, aws: &Aws, clock: Clock) -> Result<Self, InitError> {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        let (parking, activity) = (config.required("PARKING_TABLE")?, config.required("ACTIVITY_TABLE")?);
        Ok(Self {
            clock,
            directory: Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
            parking: Parking::new(dynamodb.clone(), parking),
            activity: Activity::new(dynamodb.clone(), activity),
            // No money moves here, so nothing of a visit is written with a payment.
            billing: Billing::new(dynamodb.clone(), config.required("BILLING_TABLE")?, ""),
            tasks: Tasks::new(dynamodb, activity, parking),
            pictures: Pictures::new(aws, config.required("RAW_BUCKET")?),
            operators: Cached::default(),
            lots: Cached::default(),
        })
    }

    /// A lot, ready to price stays; from the table at most once a minute.
    pub(crate) async fn lot(&self, id: &LotId) -> Result<Option<Arc<PricedLot>>, Problem> {
        let load = async |id: &LotId| {
            let record = self.directory.lot(id).await.map_err(store)?;
            record.map(|record| record.priced().map(Arc::new)).transpose().map_err(|error| internal(&error))
        };
        self.lots.get(id, self.clock.now(), load).await
    }
}
