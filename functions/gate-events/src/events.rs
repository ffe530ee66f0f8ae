//! `POST /v1/gates/{gateId}/events`: what a gate sees, as it sees it.

use baro_domain::{Gate, GateObservation, Passage};
use baro_door::{ArchiveError, Knock, unavailable};
use baro_gates::{
    AdaptError, GateImage, MAX_LIVE_READS, Report, adapt,
    passages::{BacklogMessage, GateDecision, GateReason},
};
use baro_runtime::Problem;
use baro_store::RawBody;
use http::Response;
use lambda_http::{Body, Request};

use crate::{
    GateEvents,
    answer::{Answer, Judged},
    archive::{image_key, keep_image, keep_raw, raw_key},
    backlog, codes,
    cut::without_pictures,
    knock::{MAX_BODY_BYTES, read},
    watch::{Arrival, Counted},
};

/// Takes a report and answers with the decision.
pub(crate) async fn take(service: &GateEvents, request: &Request) -> Result<Response<Body>, Problem> {
    let knock = Knock::new(request, service.clock.now())?;
    match report(service, &knock).await {
        Ok(response) => Ok(response),
        Err(problem) => service.door.refuse(&knock, problem).await,
    }
}

async fn report(service: &GateEvents, knock: &Knock<'_>) -> Result<Response<Body>, Problem> {
    let record = service.door.admit(knock, MAX_BODY_BYTES).await?;
    let mut report = read(knock, |request| adapt(&record.gate, request, knock.received_at));
    if let Ok(report) = &mut report {
        let is_live = is_live(&report.observations);
        for read in &mut report.observations {
            if is_live { record.clocks.correct_live(read) } else { record.clocks.correct(read) }
        }
    }
    let arrival = match &report {
        Ok(report) => Arrival {
            reads: &report.observations,
            is_live: is_live(&report.observations),
            ignored: &report.ignored,
            refused: report.refused.iter().map(AdaptError::code).collect(),
        },
        Err(error) => Arrival { refused: vec![error.code()], ..Arrival::default() },
    };
    let counted = service.watch.count(&record.gate, &arrival, knock.received_at);
    // Boxed: the future of several joined SDK calls is too large to be moved about on the stack.
    let answer = Box::pin(answered(service, knock, &record.gate, report, &counted));
    let (answer, ()) = futures::join!(answer, service.watch.write(counted.due.clone(), knock.received_at));
    answer
}

async fn answered(
    service: &GateEvents,
    knock: &Knock<'_>,
    gate: &Gate,
    report: Result<Report, AdaptError>,
    counted: &Counted,
) -> Result<Response<Body>, Problem> {
    let Report { mut observations, images, ignored, refused, reply } =
        report.map_err(|error| codes::adapt(&error))?;
    if let Some(first) = refused.first() {
        service.door.keep_refused(knock, &codes::adapt(first)).await?;
    }
    let pictures = name_pictures(&mut observations, &images);
    let judged = if is_live(&observations) {
        judged(service, knock, &observations, &pictures).await?
    } else {
        queued(service, knock, observations, &pictures).await?
    };
    for one in &judged {
        let reason = one.decision.reason();
        service.watch.count_exit(gate, &one.event, reason, counted, knock.received_at);
        tracing::debug!(gate = %gate.id, lot = %gate.lot, event = %one.event, ?reason, "read");
    }
    Answer { judged, ignored, refused, reply }.into_response()
}

fn is_live(reads: &[GateObservation]) -> bool {
    reads.len() <= MAX_LIVE_READS
}

/// Files and judges each read, oldest first, while body and pictures go to S3. Nothing is answered before all are kept.
async fn judged(
    service: &GateEvents,
    knock: &Knock<'_>,
    reads: &[GateObservation],
    pictures: &[(String, &GateImage)],
) -> Result<Vec<Judged>, Problem> {
    let Some(first) = reads.first() else { return Ok(Vec::new()) };
    let small = without_pictures(knock.body(), pictures.iter().map(|(_, image)| *image));
    let inline = RawBody::inline(&small);
    let stored = inline.is_none().then(|| raw_key(&first.event_id, first.clock_time()));
    let raw = inline.or_else(|| stored.clone().map(RawBody::Stored));
    let kept = async {
        if let Some(key) = &stored {
            keep_raw(service.door.archive(), key, &small).await?;
        }
        keep_pictures(service, pictures).await
    };
    let (kept, judged) = futures::join!(kept, judge(service, knock, reads, raw.as_ref()));
    kept.map_err(|error| unavailable(&error.to_string()))?;
    judged
}

async fn judge(
    service: &GateEvents,
    knock: &Knock<'_>,
    reads: &[GateObservation],
    raw: Option<&RawBody>,
) -> Result<Vec<Judged>, Problem> {
    let mut sorted: Vec<&GateObservation> = reads.iter().collect();
    sorted.sort_by_key(|read| (read.observed_at, read.passage));
    let mut judged = Vec::with_capacity(sorted.len());
    for read in sorted {
        let decision = service.passages.judge(read, raw, knock.received_at).await;
        judged.push(judgement(read, decision.map_err(|error| codes::passage(&error))?));
    }
    Ok(judged)
}

fn judgement(read: &GateObservation, decision: GateDecision) -> Judged {
    Judged {
        event: read.event_id.clone(),
        asks: read.passage != Passage::Left && read.unasked.is_none(),
        decision,
    }
}

async fn queued(
    service: &GateEvents,
    knock: &Knock<'_>,
    reads: Vec<GateObservation>,
    pictures: &[(String, &GateImage)],
) -> Result<Vec<Judged>, Problem> {
    let messages = backlog::keep(service, knock, reads, pictures).await?;
    let recorded = |message: &BacklogMessage| {
        judgement(&message.observation, GateDecision::Recorded { reason: GateReason::StaleRead, visit: None })
    };
    Ok(messages.iter().map(recorded).collect())
}

/// Gives each picture its key, and each read that of its first picture.
pub(crate) fn name_pictures<'a>(
    reads: &mut [GateObservation],
    images: &'a [GateImage],
) -> Vec<(String, &'a GateImage)> {
    let mut named = Vec::with_capacity(images.len());
    for read in reads {
        let own = images.iter().filter(|image| image.event_id == read.event_id).enumerate();
        for (index, image) in own {
            let key = image_key(&read.event_id, read.clock_time(), index, image.content_type);
            if index == 0 {
                read.image_key = Some(key.clone());
            }
            named.push((key, image));
        }
    }
    named
}

pub(crate) async fn keep_pictures(
    service: &GateEvents,
    pictures: &[(String, &GateImage)],
) -> Result<(), ArchiveError> {
    let puts = pictures.iter().map(|(key, image)| keep_image(service.door.archive(), key, image));
    futures::future::try_join_all(puts).await?;
    Ok(())
}
