//! SDK clients that speak to the emulator: its endpoint, static credentials, plain HTTP. No profile, no metadata service, no TLS.

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;

use crate::ministack::REGION;

/// One client per service, all on one connection pool.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Stacks.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// Tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Functions, to invoke one by hand.
    pub lambda: aws_sdk_lambda::Client,
    /// Buckets.
    pub s3: aws_sdk_s3::Client,
    /// Secrets.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
}

macro_rules! client {
    ($sdk:ident, $endpoint:expr, $http:expr, $credentials:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::from_static(REGION))
                .endpoint_url($endpoint)
                .http_client($http.clone())
                .credentials_provider($credentials.clone())
                .build(),
        )
    };
}

impl Clients {
    /// Clients for an emulator at `endpoint`.
    pub fn new(endpoint: &str) -> Self {
        let http = Builder::new().build_http();
        let credentials = Credentials::from_keys("test", "test", None);
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::from_static(REGION))
            .endpoint_url(endpoint)
            .http_client(http.clone())
            .credentials_provider(credentials.clone())
            // Checksums are of no use on one machine, and slow in a debug build.
            .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired)
            // A bucket's name in the host would need name resolution for each bucket.
            .force_path_style(true)
            .build();
        Self {
            cloudformation: client!(aws_sdk_cloudformation, endpoint, http, credentials),
            dynamodb: client!(aws_sdk_dynamodb, endpoint, http, credentials),
            lambda: client!(aws_sdk_lambda, endpoint, http, credentials),
            s3: aws_sdk_s3::Client::from_conf(s3),
            secrets: client!(aws_sdk_secretsmanager, endpoint, http, credentials),
            sqs: client!(aws_sdk_sqs, endpoint, http, credentials),
        }
    }
}
