//! "My visit", by lot and plate, and what leaving would cost.

use std::sync::Arc;

use baro_domain::{
    PlateNumber, PricedLot, VisitId,
    visit::{Facts, Timeline, Visit, VisitStatus, fold},
};
use baro_runtime::{
    Problem,
    http::{INVALID_PARAMETER, Language, query, respond_json},
};
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    codes::{VISIT_NOT_FOUND, VISIT_OVER, store, tariff},
    service::{DriverApi, lot_id, plate},
    standing::{Standing, newest, standing},
    view::{KRW, QuoteView, local},
};

/// How far ahead "what if I leave at" looks.
const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// A phone's clock may be behind ours by this much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Where a visit stands.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum VisitState {
    /// In the lot.
    Inside,
    /// Before the exit barrier.
    AtExit,
    /// Gone.
    Left,
}

/// A visit and what it costs now.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Visit))]
#[serde(rename_all = "camelCase")]
pub(crate) struct VisitView {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    visit_id: VisitId,
    /// Lot.
    lot_id: String,
    /// Its name.
    lot_name: String,
    /// The plate, normalised.
    plate: String,
    /// Where the car is.
    state: VisitState,
    /// When it came in (RFC 3339 with the lot's offset, as all times).
    entered_at: String,
    /// When it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<String>,
    #[serde(flatten)]
    price: PriceView,
}

/// The price of a visit alone.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = VisitPrice))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceView {
    /// What the stay costs until `quote.until`, line by line.
    quote: QuoteView,
    /// Paid so far, won.
    paid: i64,
    /// To pay for leaving at `quote.until`, won; 0 within the time to leave after paying.
    due: i64,
    /// `KRW`.
    currency: &'static str,
    /// Leaving up to this moment asks for no more than `due`; absent while no such moment is in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_by: Option<String>,
}

impl PriceView {
    pub(crate) fn new(lot: &PricedLot, standing: Standing<'_>, language: Language) -> Self {
        let zone = lot.fees.zone();
        Self {
            paid: standing.visit.paid.get(),
            due: standing.due.get(),
            currency: KRW,
            leave_by: standing.leave_by.map(|at| local(zone, at)),
            quote: QuoteView::new(standing.quote, zone, language),
        }
    }
}

/// A car in a lot, as far as it is known.
pub(crate) struct Known {
    pub(crate) lot: Arc<PricedLot>,
    pub(crate) plate: PlateNumber,
    pub(crate) facts: Facts,
    timeline: Timeline,
}

impl Known {
    /// Loads lot and facts at once: one request while the lot is kept, two otherwise.
    pub(crate) async fn load(api: &DriverApi, request: &Request) -> Result<Self, Problem> {
        let (lot_id, plate) = (lot_id(request)?, plate(request)?);
        let (lot, facts) = futures::join!(api.lot(&lot_id), api.parking.facts(&lot_id, &plate));
        let lot = lot?;
        let facts = facts.map_err(store)?;
        let timeline = fold(&lot.context(), &facts);
        Ok(Self { lot, plate, facts, timeline })
    }

    /// The visit that its driver means.
    pub(crate) fn visit(&self, now: Timestamp) -> Result<&Visit, Problem> {
        newest(&self.timeline, now).ok_or_else(|| VISIT_NOT_FOUND.problem())
    }

    /// How that visit stands at `at`.
    pub(crate) fn standing(&self, now: Timestamp, at: Timestamp) -> Result<Standing<'_>, Problem> {
        standing(&self.lot, self.visit(now)?, at).map_err(tariff)
    }
}

/// `GET /v1/lots/{lotId}/visits/{plate}`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots/{lotId}/visits/{plate}", tag = "visits", operation_id = "visit",
    summary = "A car's visit and what it costs now",
    description = "The visit that is open, or the last one for a day after it ended.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("plate" = String, Path, description = "Plate, UTF-8, percent-encoded; spaces and hyphens do not matter", example = "12가3456"),
    ),
    responses((status = 200, description = "The visit", body = VisitView))
))]
pub(crate) async fn visit(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let known = Known::load(api, request).await?;
    let now = api.clock.now();
    let standing = known.standing(now, now)?;
    let zone = known.lot.fees.zone();
    let visit = standing.visit;
    let (state, left_at) = match visit.status {
        VisitStatus::Inside => (VisitState::Inside, None),
        VisitStatus::AtExit { .. } => (VisitState::AtExit, None),
        VisitStatus::Over { left_at, .. } => (VisitState::Left, Some(local(zone, left_at))),
    };
    let view = VisitView {
        visit_id: visit.id.clone(),
        lot_id: known.lot.lot.id.to_string(),
        lot_name: known.lot.lot.name.clone(),
        plate: known.plate.as_str().to_owned(),
        state,
        entered_at: local(zone, visit.entered_at),
        left_at,
        price: PriceView::new(&known.lot, standing, Language::of(request.headers())),
    };
    respond_json(StatusCode::OK, &view)
}

/// `GET /v1/lots/{lotId}/visits/{plate}/quote?at=`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots/{lotId}/visits/{plate}/quote", tag = "visits", operation_id = "quote",
    summary = "What leaving costs, now or later",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("plate" = String, Path, description = "Plate, UTF-8, percent-encoded; spaces and hyphens do not matter", example = "12가3456"),
        ("at" = Option<String>, Query, description = "RFC 3339, within the next 24 hours; now if left out", example = "2026-11-20T12:00:00+09:00"),
    ),
    responses((status = 200, description = "The price", body = PriceView))
))]
pub(crate) async fn quote(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let asked: Option<Timestamp> = query(request, "at")?;
    let now = api.clock.now();
    let at = asked.map_or(Ok(now), |at| within_a_day(at, now))?;
    let known = Known::load(api, request).await?;
    if asked.is_some() && !known.visit(now)?.is_open() {
        return Err(VISIT_OVER.problem());
    }
    let standing = known.standing(now, at)?;
    let view = PriceView::new(&known.lot, standing, Language::of(request.headers()));
    respond_json(StatusCode::OK, &view)
}

fn within_a_day(at: Timestamp, now: Timestamp) -> Result<Timestamp, Problem> {
    let ahead = at.duration_since(now);
    if ahead > MAX_AHEAD || ahead < -CLOCK_SKEW {
        let problem = INVALID_PARAMETER.problem().with("parameter", "at");
        return Err(problem.detail("the parameter at must lie within the next 24 hours"));
    }
    Ok(at.max(now))
}
