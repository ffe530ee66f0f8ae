//! `POST /v1/gates/{gateId}/spaces`: the states of single spaces, as their sensors' controller tells them. A body without
//! spaces says that the controller lives and nothing has changed.

use baro_domain::occupancy::{ReportError, SpaceClass, SpaceId, SpaceReport, check_alive};
use baro_door::{Knock, codes::store};
use baro_runtime::{Problem, http::json_body};
use http::Response;
use jiff::Timestamp;
use lambda_http::Body;
use serde::Deserialize;
use serde_json::Value;

use crate::{MAX_BODY_BYTES, Occupancy, body::judge, codes};

/// What a controller says of its sensors.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spaces {
    /// When the controller said so, by its clock.
    observed_at: Timestamp,
    spaces: Vec<Value>,
}

/// A sensor's word.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SpaceWord {
    space: SpaceId,
    /// A space is for anybody unless its controller says otherwise.
    #[serde(default = "general")]
    class: SpaceClass,
    occupied: bool,
    /// When the sensor saw it, where it is another moment than the controller's.
    observed_at: Option<Timestamp>,
}

fn general() -> SpaceClass {
    SpaceClass::General
}

/// Takes words of sensors. Sent again, or late, they change nothing and get the same answer.
pub(crate) async fn take(service: &Occupancy, knock: &Knock<'_>) -> Result<Response<Body>, Problem> {
    let record = service.door.admit(knock, MAX_BODY_BYTES).await?;
    let Spaces { observed_at: alive_at, spaces } = json_body(knock.request(), MAX_BODY_BYTES)?;
    let now = knock.received_at;
    let lot = service.lot(&record.gate, now).await?;
    check_alive(&lot, alive_at, now).map_err(|error| codes::of(error).problem().detail(error.to_string()))?;
    let mut judged = judge(spaces, |word: SpaceWord| {
        let SpaceWord { space, class, occupied, observed_at } = word;
        let report = SpaceReport { space, class, occupied, observed_at: observed_at.unwrap_or(alive_at) };
        report.check(&lot, now)?;
        Ok(report)
    })?;
    judged.keep(service, knock).await?;
    let reports: Vec<SpaceReport> = judged.taken.iter().map(|(_, report)| report.clone()).collect();
    let stored = service.activity.report_spaces(&lot, &reports, alive_at, now).await;
    let stored = stored.map_err(|error| store(&error))?;
    if !stored.refused.is_empty() {
        judged.refuse(|report| stored.refused.contains(&report.space).then_some(ReportError::TooManySpaces));
        judged.keep(service, knock).await?;
    }
    tracing::debug!(gate = %record.gate.id, lot = %lot.id, spaces = reports.len(), changed = stored.changed, "spaces");
    judged.answer()
}
