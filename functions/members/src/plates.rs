//! Plates whose visits a member pays.

use baro_domain::{MemberPlate, PlateNumber, Won, member::PlateRefused};
use baro_door::caller;
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, empty, json_body, path_parameter, respond_json},
    problem::UNAVAILABLE,
};
use baro_store::PlateChanged;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::Deserialize;

use crate::{
    Members,
    codes::{INVALID_PLATE, PLATE_TAKEN, PLATES_FULL, store},
    me::PlateView,
    service::MAX_RACES,
};

const MAX_BODY_BYTES: usize = 1_024;

/// A word given for a plate.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskedPlate {
    /// No more than this for one visit, won.
    limit: Won,
}

fn plate(request: &Request) -> Result<PlateNumber, Problem> {
    let plate = PlateNumber::parse(&path_parameter(request, "plate")?);
    if plate.is_recognised() { Ok(plate) } else { Err(INVALID_PLATE.problem()) }
}

/// `PUT /v1/members/me/plates/{plate}`: its visits are paid from the next entry on. One that is open now was opened without
/// the word, and its driver is asked.
pub(crate) async fn register(api: &Members, request: &Request) -> Result<Response<Body>, Problem> {
    let mut stored = caller(&api.directory, request).await?;
    let plate = plate(request)?;
    let AskedPlate { limit } = json_body(request, MAX_BODY_BYTES)?;
    for _ in 0..MAX_RACES {
        let member = &stored.value;
        let (next, pledge) =
            member.with_plate(&plate, limit).map_err(|error| refused(error, member.max_plates()))?;
        let view = PlateView::new(&MemberPlate { plate: plate.clone(), limit });
        if next == *member {
            return respond_json(StatusCode::OK, &view);
        }
        let changed = api.directory.change_plate(&next, stored.revision, &plate, Some(&pledge)).await;
        match changed.map_err(store)? {
            PlateChanged::Done => {
                tracing::info!(member = next.payer.as_str(), "a plate was registered");
                return respond_json(StatusCode::OK, &view);
            }
            PlateChanged::Taken => return Err(PLATE_TAKEN.problem()),
            PlateChanged::LostRace => stored = caller(&api.directory, request).await?,
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

/// `DELETE /v1/members/me/plates/{plate}`: no visit that begins from now on is paid. One that is open keeps the word it was
/// opened with: the car came in on it, and the lot let it in so.
pub(crate) async fn take_back(api: &Members, request: &Request) -> Result<Response<Body>, Problem> {
    let mut stored = caller(&api.directory, request).await?;
    let plate = plate(request)?;
    for _ in 0..MAX_RACES {
        let next = stored.value.without_plate(&plate);
        if next == stored.value {
            return Ok(empty(StatusCode::NO_CONTENT));
        }
        match api.directory.change_plate(&next, stored.revision, &plate, None).await.map_err(store)? {
            PlateChanged::Done => {
                tracing::info!(member = next.payer.as_str(), "a plate was taken back");
                return Ok(empty(StatusCode::NO_CONTENT));
            }
            PlateChanged::Taken => return Err(PLATE_TAKEN.problem()),
            PlateChanged::LostRace => stored = caller(&api.directory, request).await?,
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

fn refused(error: PlateRefused, most: usize) -> Problem {
    match error {
        PlateRefused::Full => PLATES_FULL.problem().with("most", most),
        PlateRefused::NoPlate => INVALID_PLATE.problem(),
        PlateRefused::Limit => INVALID_MEMBER.problem().with("pointer", "#/limit").detail(error.to_string()),
    }
}
