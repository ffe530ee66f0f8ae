//! A lot's tariff in the words of APDS, for navigation and parking services that read that standard.

use baro_domain::tariff::ApdsPlace;
use baro_runtime::{
    Problem,
    http::{Caching, respond_json, with_caching},
};
use http::{Response, StatusCode};
use lambda_http::{Body, Request};

use crate::{
    codes::NO_TARIFF,
    service::{DriverApi, lot_id},
};

/// Prices change by the month; a new version is known within five minutes.
const MAX_AGE_S: u32 = 300;

/// `GET /v1/lots/{lotId}/rate-table`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots/{lotId}/rate-table", tag = "lots", operation_id = "rateTable",
    summary = "The lot's tariff as APDS rate tables",
    description = "As far as APDS 4 (ISO/TS 5206-1) has words: a rate table and a right for each band of each class of vehicle. \
                   `notExpressed` lists what of the tariff they don't say; it is never empty for a tariff with discounts.",
    params(("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002")),
    responses((status = 200, description = "The tariff in force; may be kept for five minutes",
        body = crate::openapi::tariffs::ApdsView))
))]
pub(crate) async fn rate_table(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let id = lot_id(request)?;
    let priced = api.lot(&id).await?;
    let tariff =
        priced.fees.tariff_at(api.clock.now()).map_err(|error| NO_TARIFF.problem().caused_by(error))?;
    let place =
        ApdsPlace { place: id.as_str(), issuer: priced.lot.operator.as_str(), time_zone: priced.fees.zone() };
    let response = respond_json(StatusCode::OK, &tariff.to_apds(&place))?;
    Ok(with_caching(response, Caching::Public { max_age_s: MAX_AGE_S }))
}
