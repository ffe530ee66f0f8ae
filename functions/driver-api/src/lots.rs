//! Lots near a place, and one lot.

use baro_domain::{Coordinate, Lot, LotId, Tariff, TariffSpec};
use baro_runtime::{
    Problem,
    http::{Caching, INVALID_PARAMETER, Language, query, query_parsed, respond_json, with_caching},
};
use baro_store::{LotRecord, MAX_RADIUS_M};
use http::{Response, StatusCode};
use jiff::{Timestamp, tz::TimeZone};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    codes::store,
    occupancy::free_spaces,
    price_text::price_text,
    service::{DriverApi, lot_id},
    view::KRW,
};

/// How far people walk from their car, if they do not say.
const DEFAULT_RADIUS_M: u32 = 500;
/// Lots in one answer. Who wants others asks for a smaller circle elsewhere; so there is no cursor.
const MAX_LOTS: usize = 50;
/// Free spaces change by the minute; prices by the month.
const LIST_MAX_AGE_S: u32 = 10;

/// Lots near a place.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct LotList {
    /// Nearest first, at most 50.
    lots: Vec<LotSummary>,
    /// The radius that was searched, metres.
    radius_m: u32,
    /// Whether there are more than 50: ask for a smaller circle.
    truncated: bool,
}

/// A lot in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct LotSummary {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    lot_id: LotId,
    /// Name.
    name: String,
    /// Address.
    address: String,
    /// Where it is; `null` when its operator did not say.
    position: Option<Position>,
    /// Metres from the place asked for, as the crow flies.
    distance_m: u32,
    /// Spaces.
    capacity: u32,
    /// Free spaces; `null` when cars are not counted there.
    free_spaces: Option<u32>,
    /// Price in one line.
    price: String,
}

/// WGS 84, degrees.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Position {
    /// North.
    lat: f64,
    /// East.
    lon: f64,
}

/// One lot with its tariff.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Lot))]
#[serde(rename_all = "camelCase")]
pub(crate) struct LotView {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    lot_id: LotId,
    /// Name.
    name: String,
    /// Address.
    address: String,
    /// Where it is; `null` when its operator did not say.
    position: Option<Position>,
    /// Spaces.
    capacity: u32,
    /// Free spaces; `null` when cars are not counted there.
    free_spaces: Option<u32>,
    /// IANA zone that the tariff is read in.
    time_zone: String,
    /// After paying, this long to reach the barrier before more falls due.
    leave_grace_seconds: u32,
    /// Price in one line.
    price: String,
    /// Currency of the tariff.
    currency: &'static str,
    /// The tariff in force, as its operator wrote it; `null` when none is.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    tariff: Option<TariffSpec>,
    /// The version announced next, if one is; who comes in before its first day is charged by the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    upcoming_tariff: Option<TariffSpec>,
}

impl From<Coordinate> for Position {
    fn from(place: Coordinate) -> Self {
        Self { lat: place.lat(), lon: place.lon() }
    }
}

/// `GET /v1/lots?lat=&lon=&radiusM=`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots", tag = "lots", operation_id = "lotsNear",
    summary = "Lots near a place", description = "At most 50, nearest first; ask for a smaller circle to see others.",
    params(
        ("lat" = f64, Query, description = "Latitude, degrees (WGS 84)", minimum = -90, maximum = 90),
        ("lon" = f64, Query, description = "Longitude, degrees (WGS 84)", minimum = -180, maximum = 180),
        ("radiusM" = Option<u32>, Query, description = "Metres; 500 if left out", minimum = 1, maximum = 2000),
    ),
    responses((status = 200, description = "Lots; may be kept for ten seconds", body = LotList))
))]
pub(crate) async fn near(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let center = Coordinate::from_degrees(query_parsed(request, "lat")?, query_parsed(request, "lon")?)
        .ok_or_else(|| refused("lat", "the place is not on earth"))?;
    let radius_m = query(request, "radiusM")?.unwrap_or(DEFAULT_RADIUS_M);
    if !(1..=MAX_RADIUS_M).contains(&radius_m) {
        return Err(refused("radiusM", &format!("it must be 1 to {MAX_RADIUS_M} metres")));
    }
    let (language, now) = (Language::of(request.headers()), api.clock.now());
    let mut found = api.directory.lots_near(center, radius_m).await.map_err(store)?;
    let truncated = found.len() > MAX_LOTS;
    found.truncate(MAX_LOTS);
    let lots: Vec<&Lot> = found.iter().map(|(_, record)| &record.lot).collect();
    let known = api.occupancies(&lots).await;
    let lots = found
        .into_iter()
        .map(|(distance_m, record)| LotSummary {
            free_spaces: free_spaces(&record.lot, &known, now),
            price: price_line(tariff_today(&record, now), language),
            position: record.lot.position.map(Position::from),
            lot_id: record.lot.id,
            name: record.lot.name,
            address: record.lot.address,
            distance_m,
            capacity: record.lot.capacity,
        })
        .collect();
    let response = respond_json(StatusCode::OK, &LotList { lots, radius_m, truncated })?;
    Ok(with_caching(response, Caching::Public { max_age_s: LIST_MAX_AGE_S }))
}

/// `GET /v1/lots/{lotId}`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots/{lotId}", tag = "lots", operation_id = "lot",
    summary = "One lot with its tariff",
    params(("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002")),
    responses((status = 200, description = "The lot; may be kept for ten seconds", body = LotView))
))]
pub(crate) async fn one(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let id = lot_id(request)?;
    let priced = api.lot(&id).await?;
    let known = api.occupancies(&[&priced.lot]).await;
    let (lot, fees, now) = (&priced.lot, &priced.fees, api.clock.now());
    let tariff = fees.tariff_at(now).ok().map(Tariff::spec);
    let view = LotView {
        lot_id: id,
        name: lot.name.clone(),
        address: lot.address.clone(),
        position: lot.position.map(Position::from),
        capacity: lot.capacity,
        free_spaces: free_spaces(lot, &known, now),
        time_zone: lot.time_zone.clone(),
        leave_grace_seconds: lot.rules.leave_grace_s,
        price: price_line(tariff, Language::of(request.headers())),
        currency: KRW,
        tariff: tariff.cloned(),
        upcoming_tariff: fees.tariff_after(now).map(|tariff| tariff.spec().clone()),
    };
    let response = respond_json(StatusCode::OK, &view)?;
    Ok(with_caching(response, Caching::Public { max_age_s: LIST_MAX_AGE_S }))
}

/// The version in force at a moment; `None` also for a lot whose zone is unknown.
fn tariff_today(record: &LotRecord, now: Timestamp) -> Option<&TariffSpec> {
    let zone = TimeZone::get(&record.lot.time_zone).ok()?;
    record.tariffs.in_force(zone.to_datetime(now).date())
}

fn price_line(tariff: Option<&TariffSpec>, language: Language) -> String {
    match (tariff, language) {
        (Some(tariff), _) => price_text(tariff, language),
        (None, Language::Ko) => "요금 정보 없음".to_owned(),
        (None, Language::En) => "No price published".to_owned(),
    }
}

fn refused(parameter: &'static str, why: &str) -> Problem {
    let detail = format!("the parameter {parameter} can't be used: {why}");
    INVALID_PARAMETER.problem().detail(detail).with("parameter", parameter)
}
