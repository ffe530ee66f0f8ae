//! `POST /v1/gates/{gateId}/occupancy`: absolute numbers of a counter or a camera, by class of spaces.

use baro_domain::{
    Gate, Lot,
    occupancy::{Count, CountReport, Reading, ReportError, SpaceClass},
};
use baro_door::{Knock, codes::store};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, json_body},
};
use http::Response;
use jiff::Timestamp;
use lambda_http::Body;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    MAX_BODY_BYTES, Occupancy,
    body::{Refusal, judge},
};

/// What a counter says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Counts {
    /// When it was so, by the device's clock: what tells a repeated or a late word from a new one.
    observed_at: Timestamp,
    classes: Vec<Value>,
}

/// One of `free` and `occupied`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassCount {
    class: SpaceClass,
    free: Option<u32>,
    occupied: Option<u32>,
}

impl ClassCount {
    fn reading(&self) -> Result<Reading, Refusal> {
        match (self.free, self.occupied) {
            (Some(free), None) => Ok(Reading::Free(free)),
            (None, Some(occupied)) => Ok(Reading::Occupied(occupied)),
            _ => Err(Refusal::member("one of free and occupied is needed")),
        }
    }
}

/// Takes a word of a counter. Sent again, or late, it changes nothing and gets the same answer.
pub(crate) async fn take(service: &Occupancy, knock: &Knock<'_>) -> Result<Response<Body>, Problem> {
    let record = service.door.admit(knock, MAX_BODY_BYTES).await?;
    let Counts { observed_at, classes } = json_body(knock.request(), MAX_BODY_BYTES)?;
    if classes.is_empty() {
        let detail = "a counter tells of one class at least";
        return Err(INVALID_MEMBER.problem().detail(detail).with("pointer", "#/classes"));
    }
    let lot = service.lot(&record.gate, knock.received_at).await?;
    let judged = judge(classes, |count: ClassCount| {
        report(&lot, &record.gate, &count, observed_at, knock.received_at)
    })?;
    judged.keep(service, knock).await?;
    let reports: Vec<CountReport> = judged.taken.iter().map(|(_, report)| report.clone()).collect();
    service.activity.report_counts(&lot.id, &reports).await.map_err(|error| store(&error))?;
    tracing::debug!(gate = %record.gate.id, lot = %lot.id, classes = reports.len(), "counts");
    judged.answer()
}

fn report(
    lot: &Lot,
    device: &Gate,
    count: &ClassCount,
    observed_at: Timestamp,
    now: Timestamp,
) -> Result<CountReport, Refusal> {
    let source = lot.occupancy.source_of(count.class, &device.id).ok_or(ReportError::SourceNotConfigured)?;
    let (class, count) = (count.class, Count { observed_at, reading: count.reading()? });
    let report = CountReport { source: source.clone(), class, count };
    report.check(lot, now)?;
    Ok(report)
}
