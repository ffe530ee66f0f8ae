//! The one address people use: API requests go to the API, everything else to the site's distribution. Bodies are streamed through
//! untouched in both directions; a redirect is the browser's to follow.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Method, StatusCode};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::plain::{self, Plain};

/// Where the front door sends what it gets.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The API's address, such as `http://127.0.0.1:4566/_aws/execute-api/abc123`.
    pub api: String,
    /// Where CloudFront listens: the emulator's endpoint.
    pub edge: String,
    /// The distribution's domain name, by which CloudFront knows whose request it is.
    pub distribution: String,
}

/// A listening front door. Before [`Front::open`] it answers 503.
#[derive(Debug)]
pub struct Front {
    origins: Arc<OnceLock<Origins>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone)]
struct Proxy {
    origins: Arc<OnceLock<Origins>>,
    client: Plain,
}

impl Front {
    /// Starts to answer on a listener that is already open.
    pub fn start(listener: std::net::TcpListener) -> Result<Self> {
        listener.set_nonblocking(true).context("cannot set up the front door")?;
        let listener = tokio::net::TcpListener::from_std(listener).context("cannot set up the front door")?;
        let origins = Arc::new(OnceLock::new());
        let service = Router::new()
            .fallback(forward)
            .with_state(Proxy { origins: Arc::clone(&origins), client: plain::client() })
            .into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        Ok(Self { origins, stop: Some(stop), task: tokio::spawn(async move { server.await }) })
    }

    /// Names the origins; from now on requests go through. A second call changes nothing.
    pub fn open(&self, origins: Origins) {
        let _ = self.origins.set(origins);
    }

    /// Stops listening. Requests under way get a moment to end.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // A browser's idle connection would hold a graceful end for ever.
        if tokio::time::timeout(std::time::Duration::from_millis(500), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn forward(
    State(proxy): State<Proxy>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let Some(origins) = proxy.origins.get() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "1")],
            "the local cloud is still starting\n",
        )
            .into_response();
    };
    let api = is_api(request.uri().path());
    if !api && !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let origin = if api { &origins.api } else { &origins.edge };
    let Some(target) = target(origin, request.uri()) else { return StatusCode::BAD_REQUEST.into_response() };
    let (mut parts, body) = request.into_parts();
    parts.uri = target;
    parts.version = http::Version::HTTP_11;
    say_where_it_came_from(&mut parts.headers, peer);
    if !api {
        ask_for_distribution(&mut parts.headers, &origins.distribution);
    }
    drop_hop_by_hop(&mut parts.headers);
    parts.extensions.clear();
    match proxy.client.request(Request::from_parts(parts, body)).await {
        Ok(answer) => {
            let (mut parts, body) = answer.into_parts();
            drop_hop_by_hop(&mut parts.headers);
            Response::from_parts(parts, Body::new(body))
        }
        Err(error) => {
            (StatusCode::BAD_GATEWAY, format!("the local cloud does not answer: {error}\n")).into_response()
        }
    }
}

/// CloudFront's path pattern for the API.
fn is_api(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// The same path and query at another origin; nothing is decoded or encoded anew.
fn target(origin: &str, uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    format!("{origin}{path}").parse().ok()
}

/// CloudFront finds the distribution by the host, and would redirect what did not come by TLS.
fn ask_for_distribution(headers: &mut HeaderMap, distribution: &str) {
    if let Ok(host) = HeaderValue::from_str(distribution) {
        headers.insert(header::HOST, host);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
}

fn say_where_it_came_from(headers: &mut HeaderMap, peer: SocketAddr) {
    let address = peer.ip().to_string();
    let chain = match headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()) {
        Some(before) => format!("{before}, {address}"),
        None => address,
    };
    let host = headers.remove(header::HOST);
    if let Ok(chain) = HeaderValue::from_str(&chain) {
        headers.insert("x-forwarded-for", chain);
    }
    if let Some(host) = host {
        headers.insert("x-forwarded-host", host);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
}

/// Removes what concerns one connection only (RFC 9110, section 7.6.1).
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    const NAMES: [HeaderName; 7] = [
        header::CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&NAMES) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo(request: Request) -> Response {
        let line = format!("{} {}", request.method(), request.uri());
        let mut headers = request.headers().clone();
        headers.remove(header::CONTENT_LENGTH);
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        let mut answer = Response::new(Body::from(body));
        answer.headers_mut().insert("x-line", line.parse().unwrap());
        for (name, value) in &headers {
            answer.headers_mut().append(HeaderName::try_from(format!("seen-{name}")).unwrap(), value.clone());
        }
        answer
    }

    async fn front_before_an_echo() -> (Front, String) {
        let origin = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin_url = format!("http://{}", origin.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(origin, Router::new().fallback(echo)).await });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let front = Front::start(listener).unwrap();
        let early = plain::get(&plain::client(), &format!("{url}/v1/lots")).await.unwrap();
        assert_eq!(early.status, 503);
        front.open(Origins {
            api: format!("{origin_url}/api"),
            edge: origin_url,
            distribution: "d1.cloudfront.net".to_owned(),
        });
        (front, url)
    }

    #[tokio::test]
    async fn the_raw_body_path_and_query_reach_the_api_untouched() {
        let (front, url) = front_before_an_echo().await;
        let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let plate = "12%EA%B0%80%203456";
        let mut sent = HeaderMap::new();
        sent.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
        sent.insert("webhook-signature", HeaderValue::from_static("v1,abc="));
        let address = format!("{url}/v1/lots/lot_1/visits/{plate}/payments?a=%2F&b");
        let answer = plain::send(&plain::client(), Method::POST, &address, sent, body.clone()).await.unwrap();
        let headers = answer.headers;
        assert_eq!(headers["x-line"], format!("POST /api/v1/lots/lot_1/visits/{plate}/payments?a=%2F&b"));
        assert_eq!(headers["seen-x-forwarded-for"], "203.0.113.9, 127.0.0.1");
        assert_eq!(headers["seen-x-forwarded-proto"], "http");
        assert_eq!(headers["seen-webhook-signature"], "v1,abc=");
        assert!(url.ends_with(headers["seen-x-forwarded-host"].to_str().unwrap()));
        assert_eq!(answer.body, body);
        front.stop().await;
    }

    #[tokio::test]
    async fn everything_else_is_an_asset_and_can_only_be_read() {
        let (front, url) = front_before_an_echo().await;
        let client = plain::client();
        let asset = plain::get(&client, &format!("{url}/assets/app.css?v=3")).await.unwrap();
        assert_eq!(asset.headers["x-line"], "GET /assets/app.css?v=3");
        assert_eq!(asset.headers["seen-host"], "d1.cloudfront.net");
        assert_eq!(asset.headers["seen-x-forwarded-proto"], "https");
        let refused =
            plain::send(&client, Method::POST, &format!("{url}/v10/"), HeaderMap::new(), "").await.unwrap();
        assert_eq!(refused.status, 405);
        front.stop().await;
    }
}
