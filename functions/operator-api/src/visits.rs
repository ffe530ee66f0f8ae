//! Who is in a lot, and since when.

use baro_domain::{
    PlateNumber, PricedLot,
    visit::{Visit, VisitStatus, fold},
};
use baro_runtime::{
    Problem,
    http::{local_time, query, respond_json},
};
use baro_store::OpenCursor;
use http::{Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{OperatorApi, access::admit, codes::store};

/// A page of open visits.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenVisits {
    visits: Vec<VisitView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A visit as its lot's operator sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VisitView {
    visit_id: String,
    plate: PlateNumber,
    state: &'static str,
    entered_at: String,
    entry_lane: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<String>,
    /// The last sign of the car.
    seen_at: String,
    paid: i64,
    /// To pay for leaving now, won; absent when the tariff can't say.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
    currency: &'static str,
    /// The price does not grow beyond this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_at: Option<String>,
    /// A driver disputes it.
    is_disputed: bool,
}

impl VisitView {
    pub(crate) fn new(lot: &PricedLot, visit: &Visit, now: Timestamp) -> Self {
        let zone = lot.fees.zone();
        let (state, left_at) = match visit.status {
            VisitStatus::Inside => ("inside", None),
            VisitStatus::AtExit { .. } => ("at_exit", None),
            VisitStatus::Over { left_at, .. } => ("left", Some(left_at)),
        };
        Self {
            visit_id: visit.id.to_string(),
            plate: visit.plate.clone(),
            state,
            entered_at: local_time(zone, visit.entered_at),
            entry_lane: visit.entry_lane.to_string(),
            left_at: left_at.map(|at| local_time(zone, at)),
            seen_at: local_time(zone, visit.seen_at),
            paid: visit.paid.get(),
            due: visit.due(&lot.fees, left_at.unwrap_or(now)).map(baro_domain::Won::get),
            currency: "KRW",
            held_at: visit.held_at.filter(|_| visit.is_held(now)).map(|at| local_time(zone, at)),
            is_disputed: visit.disputed_at.is_some(),
        }
    }
}

/// `GET /v1/operator/lots/{lotId}/visits?cursor=`: the open visits, longest first. Two requests a page.
pub(crate) async fn open(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let cursor: Option<OpenCursor> = query(request, "cursor")?;
    let id = &lot.lot.id;
    let (plates, next) = api.parking.open_page(id, cursor.as_ref()).await.map_err(store)?;
    let files = api.parking.on_files(id, &plates).await.map_err(store)?;
    let now = api.clock.now();
    let mut visits: Vec<Visit> =
        files.iter().filter_map(|file| fold(&lot.context(), &file.facts).open().cloned()).collect();
    visits.sort_by(|a, b| (a.entered_at, &a.id).cmp(&(b.entered_at, &b.id)));
    let visits = visits.iter().map(|visit| VisitView::new(&lot, visit, now)).collect();
    respond_json(StatusCode::OK, &OpenVisits { visits, cursor: next.map(|cursor| cursor.to_string()) })
}
