//! Plain HTTP on this machine: no TLS, no proxy, no redirect. For what has no SDK client, and for tests.

use anyhow::{Context, Result};
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Answers larger than this are refused.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A connection pool to addresses of this machine.
pub type Plain = Client<HttpConnector, Body>;

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A client with a pool of its own.
pub fn client() -> Plain {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Sends one request and reads the whole answer.
pub async fn send(
    client: &Plain,
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: impl Into<Body>,
) -> Result<Answer> {
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    *request.uri_mut() = url.parse().with_context(|| format!("{url} is no address"))?;
    *request.headers_mut() = headers;
    let answer = client.request(request).await.with_context(|| format!("{url} does not answer"))?;
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(Body::new(body), MAX_ANSWER_BYTES)
        .await
        .with_context(|| format!("{url} broke off"))?;
    Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_vec() })
}

/// Reads an address.
pub async fn get(client: &Plain, url: &str) -> Result<Answer> {
    send(client, Method::GET, url, HeaderMap::new(), Body::empty()).await
}
