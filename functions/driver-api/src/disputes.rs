//! A driver disputes a visit, in one call: what the gates saw is shown, the price stays where it is, and a person at the
//! lot's operator decides.
//!
//! No picture is shown: the visit is found by lot and plate alone, and a picture may show people. The operator sees them.

use baro_domain::{
    GateObservation, Passage, RulingId,
    visit::{DisputeReason, Facts, RuledBy, Ruling, RulingKind, Visit, VisitStatus, fold},
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, Language, idempotency_key, json_body, respond_json},
};
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lambda_http::{Body, Request};
use serde::{Deserialize, Serialize};

use crate::{
    codes::{DISPUTE_OPEN, IDEMPOTENCY_KEY_REUSED, VISIT_NOT_FOUND, store, tariff},
    contact::{AskedContact, MAX_BODY_BYTES, contact_of},
    service::DriverApi,
    standing::{newest, standing},
    view::local,
    visits::{Known, PriceView},
};

const MAX_NOTE_CHARS: usize = 300;

/// What a driver disputes.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StartDispute {
    /// `already_left`, `not_my_car`, `wrong_times`, `wrong_price` or `other`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    reason: DisputeReason,
    /// In the driver's own words, at most 300 characters.
    #[serde(default)]
    note: String,
    /// Whom to tell how it was decided; left out: the plate's registered driver, if there is one.
    #[serde(default)]
    contact: Option<AskedContact>,
}

/// A dispute, with the evidence.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Dispute))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DisputeView {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    dispute_id: RulingId,
    /// The visit.
    visit_id: String,
    /// The plate with its middle hidden.
    plate: String,
    /// When it was disputed (RFC 3339 with the lot's offset, as all times). Until it is decided the price does not grow.
    disputed_at: String,
    /// What the gates saw of this visit, oldest first.
    reads: Vec<ReadView>,
    /// What the visit costs, held.
    price: PriceView,
    /// What happens next, in the language asked for.
    next: &'static str,
}

/// A read of a gate.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = GateRead))]
#[serde(rename_all = "camelCase")]
struct ReadView {
    /// When.
    at: String,
    /// Lane.
    lane: String,
    /// `entered`, `at_exit`, `at_exit_only` or `left`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    passage: Passage,
    /// The plate as the gate read it, with its middle hidden.
    plate_as_read: String,
}

/// `POST /v1/lots/{lotId}/visits/{plate}/disputes`
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/v1/lots/{lotId}/visits/{plate}/disputes", tag = "visits", operation_id = "disputeVisit",
    summary = "Dispute a visit",
    description = "One call: the answer shows what the gates saw. A person at the lot's operator decides; until then the price \
                   does not grow, and whoever `contact` names is told. The same key finds the same dispute.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("plate" = String, Path, description = "Plate, UTF-8, percent-encoded; spaces and hyphens do not matter", example = "12가3456"),
        ("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    request_body = StartDispute,
    responses(
        (status = 201, description = "A new dispute", body = DisputeView),
        (status = 200, description = "The dispute this key made before", body = DisputeView),
    )
))]
pub(crate) async fn start(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(request)?;
    let said: StartDispute = json_body(request, MAX_BODY_BYTES)?;
    let note = said.note.trim();
    if note.chars().count() > MAX_NOTE_CHARS {
        let problem = INVALID_MEMBER.problem().with("pointer", "#/note");
        return Err(problem.detail("a note has at most 300 characters"));
    }
    let contact = contact_of(said.contact, request)?;
    let known = Known::load(api, request).await?;
    let now = api.clock.now();
    let visit = known.visit(now)?;
    let (lot, plate) = (&known.lot.lot.id, &visit.plate);
    let id = RulingId::derive(&["driver-api", lot.as_str(), plate.as_str(), key.as_str()]);
    let kind = RulingKind::Disputed { reason: said.reason, contact };
    if let Some(made) = known.facts.rulings.iter().find(|ruling| ruling.id == id) {
        let is_same = made.kind == kind && made.note == note && made.at >= visit.entered_at;
        if !is_same {
            return Err(IDEMPOTENCY_KEY_REUSED.problem());
        }
        return shown(&known, &known.facts, made, StatusCode::OK, now, request);
    }
    if visit.disputed_at.is_some() {
        return Err(DISPUTE_OPEN.problem());
    }
    let ruling = Ruling { id, at: now, by: RuledBy::Driver, note: note.to_owned(), kind };
    let recorded = api.parking.rule(lot, plate, &ruling).await.map_err(store)?;
    shown(&known, &recorded.facts, &ruling, StatusCode::CREATED, now, request)
}

fn shown(
    known: &Known,
    facts: &Facts,
    dispute: &Ruling,
    status: StatusCode,
    now: Timestamp,
    request: &Request,
) -> Result<Response<Body>, Problem> {
    let (lot, zone) = (&known.lot, known.lot.fees.zone());
    let timeline = fold(&lot.context(), facts);
    let visit = newest(&timeline, now).ok_or_else(|| VISIT_NOT_FOUND.problem())?;
    let language = Language::of(request.headers());
    let standing = standing(lot, visit, now).map_err(tariff)?;
    let view = DisputeView {
        dispute_id: dispute.id.clone(),
        visit_id: visit.id.to_string(),
        plate: visit.plate.masked(),
        disputed_at: local(zone, dispute.at),
        reads: reads(facts, visit, zone),
        price: PriceView::new(lot, standing, language),
        next: match language {
            Language::Ko => {
                "주차장 운영자가 기록과 사진을 확인해 결정합니다. 그때까지 요금은 늘어나지 않습니다."
            }
            Language::En => {
                "The lot's operator looks at the records and pictures and decides. Until then the price does not grow."
            }
        },
    };
    respond_json(status, &view)
}

/// The reads of the visit and of nothing before or after it.
fn reads(facts: &Facts, visit: &Visit, zone: &TimeZone) -> Vec<ReadView> {
    let last = match visit.status {
        VisitStatus::Over { left_at, .. } => {
            left_at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(left_at)
        }
        _ => Timestamp::MAX,
    };
    let of_visit = |read: &&GateObservation| visit.entered_at <= read.observed_at && read.observed_at < last;
    let mut reads: Vec<&GateObservation> = facts.observations.iter().filter(of_visit).collect();
    reads.sort_by_key(|read| (read.observed_at, &read.event_id));
    let view = |read: &GateObservation| ReadView {
        at: local(zone, read.observed_at),
        lane: read.lane.to_string(),
        passage: read.passage,
        plate_as_read: read.plate.masked(),
    };
    reads.into_iter().map(view).collect()
}
