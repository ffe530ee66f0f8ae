//! How functions reach AWS: one HTTP client with one connection pool, credentials straight from the sandbox, time-outs that a waiting car can bear.
//!
//! This stands in for `aws-config`, whose chain of credential providers a Lambda function never needs (it has them in its environment, and they
//! don't change within a sandbox) and would pay for in size and start time.

use crate::config::{Config, ConfigError};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::endpoint_config::AccountIdEndpointMode;
use aws_types::region::Region;
use std::ops::Deref;
use std::time::Duration;

/// A connection is there within this time or is tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One try of an operation.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// An operation with all its tries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
/// Tries of an operation, the first included.
const MAX_ATTEMPTS: u32 = 3;
/// Wait before the second try; the SDK's own second would be felt at the barrier.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// Longest wait for [`Aws::warm`]; past it the first request opens the connection itself.
const WARM_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The roots that AWS endpoints chain to (<https://www.amazontrust.com/repository/>). Five instead of all the world's: nothing to read from
/// disk at start, and no other authority can speak for AWS. A test compares them with Mozilla's list.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// What AWS clients are built from; derefs to `SdkConfig`, so `aws_sdk_dynamodb::Client::new(&aws)` works.
#[derive(Debug, Clone)]
pub struct Aws {
    sdk: SdkConfig,
    connector: SharedHttpConnector,
}

impl Deref for Aws {
    type Target = SdkConfig;
    fn deref(&self) -> &SdkConfig {
        &self.sdk
    }
}

impl AsRef<SdkConfig> for Aws {
    fn as_ref(&self) -> &SdkConfig {
        &self.sdk
    }
}

impl Aws {
    /// From the variables that Lambda sets (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`) and, where the
    /// local cloud sets it, `AWS_ENDPOINT_URL`.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let credentials = Credentials::new(
            config.required("AWS_ACCESS_KEY_ID")?,
            config.required("AWS_SECRET_ACCESS_KEY")?,
            config.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "LambdaEnvironment",
        );
        let connector = SharedHttpConnector::new(connector());
        let (region, url) = (config.required("AWS_REGION")?, config.optional("AWS_ENDPOINT_URL"));
        Ok(Self::build(region, url, credentials, connector, FIRST_BACKOFF))
    }

    /// For tests and the local cloud: one endpoint for all services, and credentials that open nothing else.
    pub fn at_endpoint(endpoint_url: &str, region: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "LocalCloud");
        Self::build(
            region,
            Some(endpoint_url),
            credentials,
            SharedHttpConnector::new(connector()),
            FIRST_BACKOFF,
        )
    }

    /// For simulations: no socket, but this connector; and no wait before a second try, since the SDK draws its length.
    pub fn through(connector: SharedHttpConnector, region: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "LocalCloud");
        Self::build(region, Some("http://in-process"), credentials, connector, Duration::ZERO)
    }

    fn build(
        region: &str,
        endpoint_url: Option<&str>,
        credentials: Credentials,
        connector: SharedHttpConnector,
        first_backoff: Duration,
    ) -> Self {
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            // The regional endpoint, so that the connection opened by `warm` is the one that requests use.
            .account_id_endpoint_mode(AccountIdEndpointMode::Disabled)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::no_cache())
            .http_client(SharedHttpClient::new(OneConnector(connector.clone())))
            .sleep_impl(TokioSleep::new())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(OPERATION_TIMEOUT)
                    .build(),
            )
            .retry_config(
                RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(first_backoff),
            )
            // An upload is covered by the attempt's time-out; a download streams on after it.
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled()
                    .upload_enabled(false)
                    .grace_period(ATTEMPT_TIMEOUT)
                    .build(),
            );
        let sdk = match endpoint_url {
            Some(url) => sdk.endpoint_url(url).build(),
            None => sdk.build(),
        };
        Self { sdk, connector }
    }

    /// Whether S3 must be asked in path style: at a local endpoint, where `bucket.localhost` doesn't resolve.
    ///
    /// `aws_sdk_s3::config::Builder::from(&*aws).force_path_style(aws.s3_path_style()).build()`
    pub fn s3_path_style(&self) -> bool {
        self.sdk.endpoint_url().is_some()
    }

    /// Opens the connection to a service (`"dynamodb"`, `"sqs"`, `"s3"`) ahead of the first request; to be awaited in init by a function
    /// each of whose requests needs that service.
    ///
    /// In init a function has a full core whatever its memory size, so the TLS handshake costs least there. The request is an unsigned
    /// `GET /`, which the services answer without charge, and its answer doesn't matter; a failure costs at most 1.5 s and is left to the
    /// first request to find.
    pub async fn warm(&self, service: &str) {
        let url = self.service_url(service);
        let opening = async {
            let request = HttpRequest::get(&url).map_err(|error| error.to_string())?;
            let response = self.connector.call(request).await.map_err(|error| error.to_string())?;
            // The connection goes back to the pool only when its answer was read.
            ByteStream::new(response.into_body()).collect().await.map_err(|error| error.to_string())
        };
        match tokio::time::timeout(WARM_TIMEOUT, opening).await {
            Ok(Ok(_)) => {}
            Ok(Err(cause)) => tracing::warn!(service, cause, "no connection in init"),
            Err(_) => tracing::warn!(service, "no connection in init within the time-out"),
        }
    }

    fn service_url(&self, service: &str) -> String {
        match (self.sdk.endpoint_url(), self.sdk.region()) {
            (Some(url), _) => format!("{}/", url.trim_end_matches('/')),
            (None, Some(region)) => format!("https://{service}.{region}.amazonaws.com/"),
            (None, None) => format!("https://{service}.amazonaws.com/"),
        }
    }
}

/// rustls with ring: the only TLS stack and the only crypto library of a function.
fn connector() -> Connector {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(ATTEMPT_TIMEOUT)
        .build();
    let mut builder = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new());
    // A context can't fail to build from a trust store alone; were it to, the default trusts the system's roots.
    if let Ok(context) = TlsContext::builder().with_trust_store(roots).build() {
        builder.set_tls_context(context);
    }
    builder.build()
}

/// The same connector for every client and all settings: the SDK's own selector makes one for each client only to check it, and a pool for
/// each set of time-outs.
#[derive(Debug)]
struct OneConnector(SharedHttpConnector);

impl HttpClient for OneConnector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn lambda_environment() -> Vec<(&'static str, &'static str)> {
        vec![
            ("AWS_REGION", "ap-northeast-2"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_ENDPOINT_URL", ""),
        ]
    }

    #[test]
    fn the_amazon_roots_are_among_those_that_mozilla_trusts() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        let ours: Vec<Vec<u8>> = text
            .split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|block| {
                let (base64, _) = block.split_once("-----END CERTIFICATE-----").unwrap();
                STANDARD.decode(base64.split_whitespace().collect::<String>()).unwrap()
            })
            .collect();
        assert_eq!(ours.len(), 5);
        for root in ours {
            assert!(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().any(|trusted| trusted.as_ref() == root));
        }
    }

    #[test]
    fn on_aws_there_is_no_endpoint_and_the_region_names_the_service() {
        let aws = Aws::from_config(&Config::from_pairs(lambda_environment())).unwrap();
        assert_eq!(aws.endpoint_url(), None);
        assert!(!aws.s3_path_style());
        assert_eq!(aws.service_url("dynamodb"), "https://dynamodb.ap-northeast-2.amazonaws.com/");
    }

    #[test]
    fn at_a_local_endpoint_s3_is_asked_in_path_style() {
        let aws = Aws::at_endpoint("http://127.0.0.1:4566", "us-east-1");
        assert!(aws.s3_path_style());
        assert_eq!(aws.service_url("dynamodb"), "http://127.0.0.1:4566/");
    }

    #[test]
    fn missing_credentials_are_named() {
        let rest = lambda_environment().into_iter().filter(|(name, _)| *name != "AWS_SECRET_ACCESS_KEY");
        let error = Aws::from_config(&Config::from_pairs(rest)).unwrap_err();
        assert_eq!(error, ConfigError::Missing("AWS_SECRET_ACCESS_KEY"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let aws = Aws::from_config(&Config::from_pairs(lambda_environment())).unwrap();
        let shown = format!("{aws:?}");
        assert!(!shown.contains("secret\"") && !shown.contains("token\""), "{shown}");
    }
}
