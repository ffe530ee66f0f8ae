//! What lives as long as the function's sandbox.

use std::{sync::Arc, time::Duration};

use baro_clients::{http::HttpTimeouts, portone::BillingKeys};
use baro_gateway::RotatingPortOne;
use baro_runtime::{Aws, Clock, Config, InitError};
use baro_store::{Billing, Directory};

/// A lost race is decided again so often.
pub(crate) const MAX_RACES: u32 = 5;
/// A person waits for it.
const TIMEOUTS: HttpTimeouts =
    HttpTimeouts { connect: Duration::from_secs(1), whole: Duration::from_secs(6) };

/// Our shop at the payment gateway, as the page must name it when it has a card registered.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Store.
    pub store_id: String,
    /// Channel.
    pub channel_key: String,
    /// `LIVE` or `TEST`.
    pub channel_type: String,
}

/// The function.
#[derive(Clone)]
pub struct Members {
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) billing: Billing,
    pub(crate) shop: Shop,
    pub(crate) gateway: Arc<dyn BillingKeys>,
}

impl Members {
    /// From the function's environment; opens the connection to DynamoDB, which every request needs.
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let clock = Clock::System;
        let gateway = RotatingPortOne::with_timeouts(&aws, &config, clock.clone(), TIMEOUTS)?;
        let api = Self::new(&config, &aws, Arc::new(gateway), clock)?;
        aws.warm("dynamodb").await;
        Ok(api)
    }

    /// On these clients and this clock.
    pub fn new(
        config: &Config,
        aws: &Aws,
        gateway: Arc<dyn BillingKeys>,
        clock: Clock,
    ) -> Result<Self, InitError> {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        Ok(Self {
            clock,
            directory: Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
            // No payment is made here, so nothing of a visit is written with one.
            billing: Billing::new(dynamodb, config.required("BILLING_TABLE")?, ""),
            shop: Shop {
                store_id: config.required("PORTONE_STORE_ID")?.to_owned(),
                channel_key: config.required("PORTONE_CHANNEL_KEY")?.to_owned(),
                channel_type: config.required("PORTONE_CHANNEL_TYPE")?.to_owned(),
            },
            gateway,
        })
    }
}
