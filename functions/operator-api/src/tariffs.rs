//! The versions of a lot's tariff: what was charged, what is, and what is announced.

use baro_domain::{
    Tariff, TariffError, TariffSpec,
    tariff::{AmendError, Finding, LotTariffs},
};
use baro_runtime::{
    Problem,
    http::{body, path_parsed, respond_json},
    problem::internal,
};
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    OperatorApi,
    access::admit,
    codes::{LOT_NOT_FOUND, TARIFF_INVALID, TARIFF_VERSION_DIFFERS, TARIFF_VERSION_REFUSED, store},
};

/// A tariff document is taken up to this size; the largest that can be good is far smaller.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// Who prices keeps a lot's record for a minute; a day that begins within five is as good as begun.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// Whether a version charges who comes in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum VersionState {
    /// No longer.
    Past,
    /// Today.
    InForce,
    /// From its first day on.
    Announced,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionView {
    state: VersionState,
    tariff: TariffSpec,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    /// By their first day.
    versions: Vec<VersionView>,
    /// Which moment of a stay decides which of them charges it.
    chosen_by: baro_domain::tariff::ChosenBy,
}

/// A version that was taken.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    version: u32,
    valid_from: Date,
    /// What its operator should know of it: free gaps, prices that fall, caps that are never reached.
    findings: Vec<Finding>,
}

fn versions(tariffs: LotTariffs, today: Date) -> Versions {
    let current = tariffs.in_force(today).map(|version| version.version);
    let state = |version: &TariffSpec| match version {
        version if Some(version.version) == current => VersionState::InForce,
        version if version.valid_from > today => VersionState::Announced,
        _ => VersionState::Past,
    };
    let chosen_by = tariffs.chosen_by;
    let views = tariffs.versions.into_iter().map(|tariff| VersionView { state: state(&tariff), tariff });
    Versions { versions: views.collect(), chosen_by }
}

fn day(zone: &TimeZone, moment: Timestamp) -> Date {
    zone.to_datetime(moment).date()
}

/// `GET /v1/operator/lots/{lotId}/tariffs`
pub(crate) async fn list(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let record = api.directory.lot(&lot.lot.id).await.map_err(store)?;
    let record = record.ok_or_else(|| LOT_NOT_FOUND.problem())?;
    let today = day(lot.fees.zone(), api.clock.now());
    respond_json(StatusCode::OK, &versions(record.tariffs, today))
}

/// `PUT /v1/operator/lots/{lotId}/tariffs/{version}`: the same sent twice is taken once.
pub(crate) async fn put(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let number: u32 = path_parsed(request, "version")?;
    let tariff = Tariff::from_json(body(request, MAX_BODY_BYTES)?).map_err(|error| invalid(&error))?;
    if tariff.version() != number {
        let detail = format!("the address names version {number}, the document version {}", tariff.version());
        return Err(TARIFF_VERSION_DIFFERS.problem().detail(detail));
    }
    let soon = api.clock.now().saturating_add(KEPT).unwrap_or(Timestamp::MAX);
    let today = day(lot.fees.zone(), soon);
    let amended = api.directory.amend_tariff(&lot.lot.id, tariff.spec(), today).await.map_err(store)?;
    amended.ok_or_else(|| LOT_NOT_FOUND.problem())?.map_err(|error| refused(&error))?;
    let findings = tariff.findings();
    let taken = Taken { version: number, valid_from: tariff.spec().valid_from, findings };
    respond_json(StatusCode::OK, &taken)
}

fn invalid(error: &TariffError) -> Problem {
    let TariffError::Invalid(problems) = error else { return internal(error) };
    match serde_json::to_value(problems) {
        Ok(listed) => {
            TARIFF_INVALID.problem().detail(format!("{} faults", problems.len())).with("problems", listed)
        }
        Err(error) => internal(&error),
    }
}

fn refused(error: &AmendError) -> Problem {
    let problem = TARIFF_VERSION_REFUSED.problem().detail(error.to_string());
    match error {
        AmendError::TooEarly(earliest) => problem.with("earliest", earliest.to_string()),
        _ => problem,
    }
}
