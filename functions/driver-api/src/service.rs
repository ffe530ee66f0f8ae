//! What lives as long as the function's sandbox, and what every handler starts with.

use std::sync::Arc;

use baro_clients::portone::PortOneApi;
use baro_domain::{LotId, PlateNumber, PricedLot, occupancy::VisitCount};
use baro_runtime::{
    Aws, Clock, Config, ConfigError, InitError, Problem,
    http::{path_parameter, path_parsed},
    problem::internal,
};
use baro_store::{Activity, Billing, Cached, Directory, Parking};
use lambda_http::Request;

use crate::{
    codes::{INVALID_PLATE, LOT_NOT_FOUND, store},
    gateway::AmountPin,
    occupancy::OPEN_VISITS_KEPT,
};

/// Our shop at the payment gateway, as the page must name it.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) store_id: String,
    pub(crate) channel_key: String,
    pub(crate) channel_type: String,
    /// Whether its contract has cash receipts: V2 has.
    pub(crate) has_cash_receipts: bool,
}

/// The queue that `payment-sync` reads.
#[derive(Debug)]
pub(crate) struct PaymentQueue {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) url: String,
}

/// The function.
#[derive(Debug)]
pub struct DriverApi {
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) parking: Parking,
    pub(crate) billing: Billing,
    pub(crate) activity: Activity,
    pub(crate) payments: PaymentQueue,
    pub(crate) shop: Shop,
    pub(crate) pin: Option<AmountPin>,
    lots: Cached<LotId, Arc<PricedLot>>,
    pub(crate) open_visits: Cached<LotId, VisitCount>,
}

impl DriverApi {
    /// From the function's environment; opens the connection to DynamoDB, which nearly every request needs.
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let api = Self::new(&config, &aws, Clock::System)?;
        aws.warm("dynamodb").await;
        Ok(api)
    }

    /// On these clients and this clock.
    pub fn new(config: &Config, aws: &Aws, clock: Clock) -> Result<Self, InitError> {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        let table = |name| -> Result<String, ConfigError> { config.required(name).map(str::to_owned) };
        Ok(Self {
            directory: Directory::new(dynamodb.clone(), table("DIRECTORY_TABLE")?),
            parking: Parking::new(dynamodb.clone(), table("PARKING_TABLE")?),
            // A fee that points pay alone is paid here, and its visit learns of it.
            billing: Billing::new(dynamodb.clone(), table("BILLING_TABLE")?, table("PARKING_TABLE")?),
            activity: Activity::new(dynamodb, table("ACTIVITY_TABLE")?),
            payments: PaymentQueue {
                client: aws_sdk_sqs::Client::new(aws),
                url: config.required("PAYMENT_QUEUE_URL")?.to_owned(),
            },
            shop: Shop {
                store_id: config.required("PORTONE_STORE_ID")?.to_owned(),
                channel_key: config.required("PORTONE_CHANNEL_KEY")?.to_owned(),
                channel_type: config.required("PORTONE_CHANNEL_TYPE")?.to_owned(),
                has_cash_receipts: config.parsed_or("PORTONE_API", PortOneApi::V2)? == PortOneApi::V2,
            },
            pin: AmountPin::from_config(config, aws, &clock)?,
            lots: Cached::default(),
            open_visits: Cached::fresh_for(OPEN_VISITS_KEPT),
            clock,
        })
    }

    /// A lot, ready to price stays; from the table at most once a minute.
    pub(crate) async fn lot(&self, id: &LotId) -> Result<Arc<PricedLot>, Problem> {
        let load = async |id: &LotId| {
            let record = self.directory.lot(id).await.map_err(store)?;
            record.map(|record| record.priced().map(Arc::new)).transpose().map_err(|error| internal(&error))
        };
        self.lots.get(id, self.clock.now(), load).await?.ok_or_else(|| LOT_NOT_FOUND.problem())
    }
}

/// The lot that a path names.
pub(crate) fn lot_id(request: &Request) -> Result<LotId, Problem> {
    path_parsed(request, "lotId")
}

/// The plate that a path names, percent-encoded UTF-8, in any spelling a driver may type.
pub(crate) fn plate(request: &Request) -> Result<PlateNumber, Problem> {
    let plate = PlateNumber::parse(&path_parameter(request, "plate")?);
    if plate.is_unread() { Err(INVALID_PLATE.problem()) } else { Ok(plate) }
}
