//! The one HTTP client that every vendor client shares: TLS by rustls with ring and Mozilla's roots, HTTP/1.1 with
//! keep-alive, no proxy from the environment, no redirect (a redirect would carry a secret to another host).

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;

/// A vendor's answer is at most this long, in bytes; a longer one is not read.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// How long a call may take. Both must stay below the time-out of the function that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpTimeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// The whole call: connection, request, and the last byte of the answer.
    pub whole: Duration,
}

impl Default for HttpTimeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), whole: Duration::from_secs(8) }
    }
}

/// The client could not be built: a defect of the build, not of the network.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built: {0}")]
pub struct HttpBuildError(String);

/// An HTTP client; cloning it shares its connections.
#[derive(Debug, Clone)]
pub struct HttpClient(reqwest::Client);

/// Why a call has no usable answer, told apart by whether the vendor may have acted on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// No connection was made, so the vendor saw nothing.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have arrived and may have been acted on.
    #[error("sent, but without an answer: {0}")]
    NoAnswer(String),
}

/// What a vendor answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the vendor asks to come later: 408, 429 or any 5xx.
    pub fn is_passing_fault(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..)
    }

    /// The body as JSON of the wanted form, or `None`.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl HttpClient {
    /// Builds the client. Opens no connection and reads no file.
    pub fn new(timeouts: HttpTimeouts) -> Result<Self, HttpBuildError> {
        let build = || -> Result<reqwest::Client, Box<dyn std::error::Error>> {
            let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok(reqwest::Client::builder()
                .tls_backend_preconfigured(tls)
                .no_proxy()
                .redirect(Policy::none())
                .connect_timeout(timeouts.connect)
                .timeout(timeouts.whole)
                .tcp_nodelay(true)
                .user_agent(concat!("baro/", env!("CARGO_PKG_VERSION")))
                .build()?)
        };
        build().map(Self).map_err(|error| HttpBuildError(error.to_string()))
    }

    /// The client to build requests with.
    pub fn inner(&self) -> &reqwest::Client {
        &self.0
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn call(&self, request: reqwest::RequestBuilder) -> Result<Answer, CallFailure> {
        let mut response = request.send().await.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(CallFailure::NoAnswer(format!(
                    "the answer is longer than {MAX_ANSWER_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }
}

/// A connection that was never made, or a request that could not even be written, is told from all else.
/// The address is left out: it can carry a person's number.
fn failure(error: &reqwest::Error) -> CallFailure {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    if error.is_timeout() {
        text.push_str("timed out");
    }
    while let Some(inner) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    if error.is_connect() || error.is_builder() {
        CallFailure::NotSent(text)
    } else {
        CallFailure::NoAnswer(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_connection_was_not_sent() {
        let client = HttpClient::new(HttpTimeouts::default()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let outcome = client.call(client.inner().get(&url)).await;
        assert!(matches!(outcome, Err(CallFailure::NotSent(_))), "{outcome:?}");
    }

    #[tokio::test]
    async fn silence_after_the_request_is_no_answer() {
        let timeouts = HttpTimeouts { whole: Duration::from_millis(150), ..HttpTimeouts::default() };
        let client = HttpClient::new(timeouts).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let outcome = client.call(client.inner().get(&url)).await;
        assert!(matches!(outcome, Err(CallFailure::NoAnswer(_))), "{outcome:?}");
    }
}
