//! `POST /v1/gates/{gateId}/backlog`: what a controller kept while it was offline, up to 1,000 events. Taken, kept and
//! queued; `gate-backlog` files them.

use baro_domain::GateObservation;
use baro_gates::{GateImage, VendorReply, adapt_backlog, passages::BacklogMessage};
use baro_runtime::Problem;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde_json::{Map, Value, json};

use crate::{
    GateEvents,
    answer::{refusal, respond},
    archive::backlog_key,
    codes,
    events::{keep_pictures, name_pictures},
    knock::Knock,
};

/// Takes a backlog. Its events are judged one by one: the bad ones are listed in the answer by their index.
pub(crate) async fn take(service: &GateEvents, request: &Request) -> Result<Response<Body>, Problem> {
    let knock = Knock::new(request, service.clock.now())?;
    match queue(service, &knock).await {
        Ok(response) => Ok(response),
        Err(problem) => knock.refuse(service, problem).await,
    }
}

async fn queue(service: &GateEvents, knock: &Knock<'_>) -> Result<Response<Body>, Problem> {
    let gate = knock.admit(service).await?;
    let mut entries = knock
        .read(|request| adapt_backlog(&gate, request, knock.received_at))
        .map_err(|error| codes::adapt(&error))?;
    let mut refused: Vec<Value> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match entry {
            Ok(report) => refused.extend(report.refused.iter().map(|error| refusal(Some(index), error))),
            Err(error) => refused.push(refusal(Some(index), error)),
        }
    }
    let (mut pictures, mut reads, mut reply) = (Vec::new(), Vec::new(), None::<VendorReply>);
    for report in entries.iter_mut().flatten() {
        reply.get_or_insert_with(|| report.reply.clone());
        pictures.extend(name_pictures(&mut report.observations, &report.images));
        reads.extend_from_slice(&report.observations);
    }
    let accepted = keep(service, knock, reads, &pictures).await?.len();
    tracing::info!(gate = %gate.id, lot = %gate.lot, accepted, refused = refused.len(), "backlog");
    let mut body = Map::new();
    body.insert("accepted".to_owned(), json!(accepted));
    body.insert("refused".to_owned(), Value::Array(refused));
    respond(reply.unwrap_or_default(), Some(StatusCode::ACCEPTED), body)
}

/// Keeps body and pictures, then puts each read on the queue. Done again it writes the same objects and the same
/// messages.
pub(crate) async fn keep(
    service: &GateEvents,
    knock: &Knock<'_>,
    reads: Vec<GateObservation>,
    pictures: &[(String, &GateImage)],
) -> Result<Vec<BacklogMessage>, Problem> {
    let raw_key = backlog_key(knock.received_at, &knock.body_digest());
    let body = service.archive.keep_raw(&raw_key, knock.body());
    let (body, pictures) = futures::join!(body, keep_pictures(service, pictures));
    body.and(pictures).map_err(|error| codes::unavailable(&error.to_string()))?;
    let message = |observation| BacklogMessage { observation, raw_key: raw_key.clone() };
    let messages: Vec<BacklogMessage> = reads.into_iter().map(message).collect();
    service.queue.send(&messages).await.map_err(|error| codes::unavailable(&error.to_string()))?;
    Ok(messages)
}
