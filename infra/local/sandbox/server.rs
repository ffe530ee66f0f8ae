//! An axum server on a loopback port that can be stopped, and the log line each of its requests leaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests under way may take to end once the server is told to stop.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub(super) struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Serves `app` on a loopback port; port 0 takes a free one. `stop` ends it, and whatever else waits on it.
pub(super) async fn serve(
    name: &'static str,
    port: u16,
    app: Router,
    stop: watch::Sender<bool>,
) -> anyhow::Result<Running> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("the {name} sandbox can't listen on port {port}: is it in use?"))?;
    let address = listener.local_addr()?;
    let app = app.layer(from_fn(move |request, next| log_request(name, request, next)));
    let mut stopped = stop.subscribe();
    let graceful = axum::serve(listener, app)
        .with_graceful_shutdown(async move { drop(stopped.wait_for(|stopped| *stopped).await) });
    let task = tokio::spawn(async move {
        if let Err(error) = graceful.await {
            tracing::error!(sandbox = name, %error, "the sandbox's server ended");
        }
    });
    Ok(Running { address, stop, task })
}

impl Running {
    /// `http://127.0.0.1:PORT`
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more requests, lets those under way end, and returns when the port is free again.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(STOP_GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.task.abort();
    }
}

/// One line a request. The query is left out: it can carry a phone number.
async fn log_request(sandbox: &'static str, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let elapsed_ms = started.elapsed().as_millis();
    tracing::info!(sandbox, %method, path, status = response.status().as_u16(), elapsed_ms, "request");
    response
}
