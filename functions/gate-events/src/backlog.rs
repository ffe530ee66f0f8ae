//! `POST /v1/gates/{gateId}/backlog`: what a controller kept while it was offline, up to 1,000 events. Taken, kept and
//! queued; `gate-backlog` files them.

use baro_domain::GateObservation;
use baro_door::{Knock, unavailable};
use baro_gates::{AdaptError, GateImage, Report, VendorReply, adapt_backlog, passages::BacklogMessage};
use baro_runtime::Problem;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde_json::{Map, Value, json};

use crate::{
    GateEvents,
    answer::{refusal, respond},
    archive::{backlog_key, keep_raw},
    codes,
    events::{keep_pictures, name_pictures},
    knock::{MAX_BODY_BYTES, read},
    watch::Arrival,
};

/// Takes a backlog. Its events are judged one by one: the bad ones are listed in the answer by their index.
pub(crate) async fn take(service: &GateEvents, request: &Request) -> Result<Response<Body>, Problem> {
    let knock = Knock::new(request, service.clock.now())?;
    match queue(service, &knock).await {
        Ok(response) => Ok(response),
        Err(problem) => service.door.refuse(&knock, problem).await,
    }
}

async fn queue(service: &GateEvents, knock: &Knock<'_>) -> Result<Response<Body>, Problem> {
    let record = service.door.admit(knock, MAX_BODY_BYTES).await?;
    let gate = &record.gate;
    let mut entries = read(knock, |request| adapt_backlog(gate, request, knock.received_at))
        .map_err(|error| codes::adapt(&error))?;
    for read in entries.iter_mut().flatten().flat_map(|report| &mut report.observations) {
        record.clocks.correct(read);
    }
    let errors = |(index, entry): (usize, &Result<Report, AdaptError>)| {
        let errors = match entry {
            Ok(report) => report.refused.clone(),
            Err(error) => vec![error.clone()],
        };
        errors.into_iter().map(move |error| (index, error))
    };
    let refused: Vec<(usize, AdaptError)> = entries.iter().enumerate().flat_map(errors).collect();
    let (mut pictures, mut reads, mut reply) = (Vec::new(), Vec::new(), None::<VendorReply>);
    for report in entries.iter_mut().flatten() {
        reply.get_or_insert_with(|| report.reply.clone());
        pictures.extend(name_pictures(&mut report.observations, &report.images));
        reads.extend_from_slice(&report.observations);
    }
    // A sign that the controller lives; how its lanes and clocks do is not seen from what was kept.
    let codes = refused.iter().map(|(_, error)| error.code()).collect();
    let arrival = Arrival { reads: &reads, refused: codes, ..Arrival::default() };
    let due = service.watch.count(gate, &arrival, knock.received_at).due;
    let (kept, ()) =
        futures::join!(keep(service, knock, reads, &pictures), service.watch.write(due, knock.received_at));
    let accepted = kept?.len();
    tracing::info!(gate = %gate.id, lot = %gate.lot, accepted, refused = refused.len(), "backlog");
    let mut body = Map::new();
    body.insert("accepted".to_owned(), json!(accepted));
    let refused = refused.iter().map(|(index, error)| refusal(Some(*index), error)).collect();
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
    let body = keep_raw(service.door.archive(), &raw_key, knock.body());
    let (body, pictures) = futures::join!(body, keep_pictures(service, pictures));
    body.and(pictures).map_err(|error| unavailable(&error.to_string()))?;
    let message = |observation| BacklogMessage { observation, raw_key: raw_key.clone() };
    let messages: Vec<BacklogMessage> = reads.into_iter().map(message).collect();
    service.queue.send(&messages).await.map_err(|error| unavailable(&error.to_string()))?;
    Ok(messages)
}
