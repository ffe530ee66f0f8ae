//! The payment gateway's webhooks: verified, kept as they came, queued, acknowledged. What a webhook means for a payment is not
//! decided here: it is a hint, and `payment-sync` asks the gateway. No table is touched.

#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

mod archive;
mod queue;
mod v1;

use std::net::IpAddr;
use std::sync::Arc;

use baro_clients::webhook::{WebhookEvent, WebhookSecrets};
use baro_runtime::http::{body, empty, request_id, route_key};
use baro_runtime::problem::{UNAVAILABLE, chain};
use baro_runtime::secrets::SecretReader;
use baro_runtime::{Aws, Clock, Config, ErrorCode, InitError, Problem};
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request};
use serde::Deserialize;

use archive::{Archive, Kept};
use queue::{Hint, PaymentQueue};

pub use v1::SOURCE_UNKNOWN;

/// A webhook's body is at most this long, in bytes; PortOne's have some three hundred.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The signature is missing, wrong, or too old.
pub const SIGNATURE_INVALID: ErrorCode =
    ErrorCode::new(401, "webhook-signature-invalid", "The webhook is not signed as the gateway signs");
/// The sender is believed but the body is not what its type promises.
pub const BODY_INVALID: ErrorCode =
    ErrorCode::new(400, "webhook-body-invalid", "The webhook's body can't be read");

/// All codes of this crate.
pub const CODES: &[ErrorCode] = &[SIGNATURE_INVALID, SOURCE_UNKNOWN, BODY_INVALID];

/// The part of the gateway's secret that this function reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewaySecret {
    webhook_secrets: WebhookSecrets,
}

/// The function.
#[derive(Debug)]
pub struct PaymentWebhook {
    secrets: SecretReader,
    secret_id: String,
    archive: Archive,
    queue: PaymentQueue,
    v1_sources: Vec<IpAddr>,
    clock: Clock,
}

impl PaymentWebhook {
    /// Reads the configuration, builds the clients and opens the connection to the queue. (That to the bucket can't be opened
    /// ahead: its host is the bucket's own.)
    pub async fn from_config(config: Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(&config)?;
        let service = Self::new(&config, &aws, Clock::default())?;
        aws.warm("sqs").await;
        Ok(service)
    }

    /// On these clients and this clock.
    pub fn new(config: &Config, aws: &Aws, clock: Clock) -> Result<Self, InitError> {
        Ok(Self {
            secrets: SecretReader::new(aws, clock.clone()),
            secret_id: config.required("PORTONE_SECRET_ID")?.to_owned(),
            archive: Archive::new(aws, config.required("RAW_BUCKET")?),
            queue: PaymentQueue::new(aws, config.required("PAYMENT_QUEUE_URL")?),
            v1_sources: v1::sources(config)?,
            clock,
        })
    }

    async fn webhook_secrets(&self) -> Result<WebhookSecrets, Problem> {
        // The gateway comes again: without the secret nobody can be believed, and nobody is refused.
        let unavailable = |cause: String| UNAVAILABLE.problem().caused_by(cause);
        let secret = self.secrets.get(&self.secret_id).await.map_err(|error| unavailable(chain(&error)))?;
        match secret.json::<GatewaySecret>() {
            Ok(secret) => Ok(secret.webhook_secrets),
            Err(error) => {
                // A new stack starts with an empty one: what is put in its place counts at once, not in five minutes.
                self.secrets.forget(&self.secret_id).await;
                Err(unavailable(chain(&error)))
            }
        }
    }

    /// Keeps what was refused. That this fails must not turn a refusal into anything else.
    async fn refuse(&self, request: &Request, at: Timestamp, problem: Problem) -> Problem {
        let kept = Kept::refused(problem.code(), request.headers(), request.body().as_ref(), at);
        if let Err(error) = self.archive.keep_refused(&kept, request_id(request).unwrap_or("unknown")).await {
            tracing::warn!(cause = %error, "a refused webhook was not kept");
        }
        problem
    }
}

/// Answers one webhook: 200 once it is stored and queued, so that the gateway comes again after anything else.
pub async fn handle(service: Arc<PaymentWebhook>, request: Request) -> Result<Response<Body>, Problem> {
    if route_key(&request) == Some(v1::ROUTE) {
        return v1::handle(&service, request).await;
    }
    let now = service.clock.now();
    let body = match body(&request, MAX_BODY_BYTES) {
        Ok(body) => body,
        Err(problem) => return Err(service.refuse(&request, now, problem).await),
    };
    let secrets = service.webhook_secrets().await?;
    let id = match secrets.verify(pairs(request.headers()), body, now) {
        Ok(id) => id,
        Err(why) => {
            let problem = SIGNATURE_INVALID.problem().detail(why.to_string());
            return Err(service.refuse(&request, now, problem).await);
        }
    };
    let event = match WebhookEvent::parse(body) {
        Ok(event) => event,
        Err(why) => {
            let problem = BODY_INVALID.problem().detail(why.to_string());
            return Err(service.refuse(&request, now, problem).await);
        }
    };
    keep_and_queue(&service, id, &event, &request, now).await?;
    tracing::info!(webhook = id, kind = event.type_name(), payment = event.payment_id(), "webhook taken");
    Ok(empty(StatusCode::OK))
}

/// Both at once, both or nothing: a webhook that was queued but not kept, or the reverse, comes again from the gateway.
async fn keep_and_queue(
    service: &PaymentWebhook,
    id: &str,
    event: &WebhookEvent,
    request: &Request,
    now: Timestamp,
) -> Result<(), Problem> {
    let type_name = event.type_name();
    let kept = Kept::taken(id, &type_name, request.headers(), request.body().as_ref(), now);
    let raw_key = archive::key(id, now);
    let queue = async {
        if let WebhookEvent::Other { .. } = event {
            return Ok(());
        }
        let hint = Hint {
            source: "portone-v2",
            webhook_id: id,
            kind: &type_name,
            payment_id: event.payment_id(),
            card_id: event.deleted_card(),
            raw_key: &raw_key,
            received_at: now,
        };
        service.queue.send(&hint).await.map_err(|error| UNAVAILABLE.problem().caused_by(error))
    };
    let keep = async {
        service.archive.keep(&raw_key, &kept).await.map_err(|error| UNAVAILABLE.problem().caused_by(error))
    };
    futures::try_join!(keep, queue).map(drop)
}

/// Headers as text. One that is not text can't be one of the gateway's.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}
