//! What a visit that is over still owes: seen and paid by who has the link, or found by the driver at the next visit. Whose car
//! it is need not be learnt from the link: the plate is masked.

use baro_domain::{
    PaymentId, PricedLot, ReceivableId,
    payment::{Payment, PaymentStatus, Purpose},
    receivable::{Receivable, ReceivableState},
    tariff::Demand,
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, Language, path_parsed, respond_json},
    problem::internal,
};
use baro_store::Created;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    codes::{NOTHING_DUE, RECEIVABLE_NOT_FOUND, store},
    contact::contact_of,
    payments::start::{StartPayment, fee_of, of_lot, payment_for, pinned},
    service::DriverApi,
    view::{KRW, local},
    visits::Known,
};

/// Windows that failed, or whose deposit is awaited, before another is opened for the same debt.
const MAX_WINDOWS: u32 = 20;

/// What a visit owes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Receivable))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivableView {
    /// Its id: who has it may see and pay it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    receivable_id: ReceivableId,
    /// `open`, `settled`, `written_off` or `withdrawn`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    state: ReceivableState,
    /// Lot.
    lot_id: String,
    /// Its name.
    lot_name: String,
    /// The plate with its middle hidden.
    plate: String,
    /// When the car came in (RFC 3339 with the lot's offset, as all times).
    entered_at: String,
    /// When it left.
    left_at: String,
    /// What of the fee is unpaid, won.
    principal: i64,
    /// The surcharge on it (가산금, 주차장법 제9조), won.
    surcharge: i64,
    /// To pay now, won: both.
    amount: i64,
    /// `KRW`.
    currency: &'static str,
    /// Notices sent so far.
    notices: usize,
    /// How often the registered card was charged again, oldest first; empty where none was refused.
    tries: Vec<TryView>,
}

/// One more charge of a registered card.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TryView {
    /// When.
    at: String,
    /// `pending`, `paid`, `refused` or `not_made`.
    outcome: &'static str,
}

/// What a car owes at the lots of one operator.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owed {
    /// Oldest first, 50 at most.
    receivables: Vec<OwedView>,
}

/// What a car owes of an earlier visit. When and where that was says only its own page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwedView {
    /// For `GET /v1/receivables/{receivableId}`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    receivable_id: ReceivableId,
    /// What of the fee is unpaid, won; a surcharge may come on top.
    principal: i64,
    /// `KRW`.
    currency: &'static str,
}

/// The receivable that a path names, with its lot and what is asked for it now.
async fn load(
    api: &DriverApi,
    request: &Request,
) -> Result<(Receivable, std::sync::Arc<PricedLot>, Demand), Problem> {
    let id: ReceivableId = path_parsed(request, "receivableId")?;
    let found = api.billing.receivable(&id).await.map_err(store)?;
    let found = found.ok_or_else(|| RECEIVABLE_NOT_FOUND.problem())?.value;
    let lot = api.lot(&found.lot).await?;
    let demand = found.demand(lot.lot.rules.unpaid).map_err(|error| internal(&error))?;
    Ok((found, lot, demand))
}

/// `GET /v1/receivables/{receivableId}`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/receivables/{receivableId}", tag = "payments", operation_id = "receivable",
    summary = "What a visit that is over still owes",
    params(("receivableId" = String, Path, description = "From the notice's link", example = "rcv_e147de0b159756e681a7_0123456789abcdefghjkmnpqrstvwxyz")),
    responses((status = 200, description = "What is owed", body = ReceivableView))
))]
pub(crate) async fn one(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (owed, lot, demand) = load(api, request).await?;
    let zone = lot.fees.zone();
    let amount = demand.principal.plus(demand.surcharge).map_err(|error| internal(&error))?;
    let view = ReceivableView {
        tries: owed
            .tries
            .iter()
            .map(|tried| TryView { at: local(zone, tried.at), outcome: owed.outcome(tried).name() })
            .collect(),
        state: owed.state(),
        lot_id: owed.lot.to_string(),
        lot_name: lot.lot.name.clone(),
        plate: owed.plate.masked(),
        entered_at: local(zone, owed.entered_at),
        left_at: local(zone, owed.left_at),
        principal: demand.principal.get(),
        surcharge: demand.surcharge.get(),
        amount: amount.get(),
        currency: KRW,
        notices: owed.notices.len(),
        receivable_id: owed.id,
    };
    respond_json(StatusCode::OK, &view)
}

/// `POST /v1/receivables/{receivableId}/payments`
///
/// The payment's id follows from the debt, not from the browser: two windows for one debt are one payment at the gateway,
/// which takes its money once.
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/v1/receivables/{receivableId}/payments", tag = "payments", operation_id = "payReceivable",
    summary = "Ask for a payment of what a visit owes",
    description = "As long as one is under way, the same one is found. The answer holds what `PortOne.requestPayment` needs.",
    params(("receivableId" = String, Path, description = "From the notice's link", example = "rcv_e147de0b159756e681a7_0123456789abcdefghjkmnpqrstvwxyz")),
    request_body(content = Option<StartPayment>, description = "Whom to tell; may be left out"),
    responses(
        (status = 201, description = "A new payment", body = crate::payments::start::StartedPayment, headers(("location" = String, description = "Where its state can be asked for"))),
        (status = 200, description = "The payment that is under way", body = crate::payments::start::StartedPayment),
    )
))]
pub(crate) async fn pay(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let asked = StartPayment::of(request)?;
    // A surcharge is no fee, and points pay fees alone.
    if asked.points.is_some() {
        return Err(INVALID_MEMBER.problem().with("pointer", "#/points"));
    }
    let contact = contact_of(asked.contact, request)?;
    let (owed, lot, demand) = load(api, request).await?;
    if demand.principal.is_zero() {
        return Err(NOTHING_DUE.problem());
    }
    let amount = demand.principal.plus(demand.surcharge).map_err(|error| internal(&error))?;
    let quote = owed.explained(&lot).map_err(|error| internal(&error))?;
    for window in 0..MAX_WINDOWS {
        let details = (payment_id(&owed, &demand, window), contact.clone(), api.clock.now());
        let purpose = Purpose::Stay(owed.stay(&lot.lot, demand.surcharge));
        let payment = payment_for(api, fee_of(&lot.lot.name), purpose, amount, quote.clone(), details);
        let (payment, status) = match api.billing.create(&payment).await.map_err(store)? {
            Created::New => (payment, StatusCode::CREATED),
            Created::Existing(existing) if is_spent(&existing.value) => continue,
            Created::Existing(existing) => (existing.value, StatusCode::OK),
        };
        pinned(api, &payment).await;
        return of_lot(api, &lot, &payment, status, None, Language::of(request.headers()));
    }
    Err(NOTHING_DUE.problem().detail("too many payments were begun; one of them may still come"))
}

/// Whether a window that was opened takes no money any more, or only by a deposit that may never come. Should it come after
/// all, what was paid twice goes back.
fn is_spent(payment: &Payment) -> bool {
    use PaymentStatus as Is;
    matches!(payment.status, Is::Failed | Is::AwaitingDeposit | Is::Held | Is::Refunded | Is::PartlyRefunded)
}

fn payment_id(owed: &Receivable, demand: &Demand, window: u32) -> PaymentId {
    let sums = format!("{}+{}", demand.principal.get(), demand.surcharge.get());
    PaymentId::derive(&["receivable", owed.id.as_str(), &sums, &window.to_string()])
}

/// `GET /v1/lots/{lotId}/visits/{plate}/owed`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots/{lotId}/visits/{plate}/owed", tag = "visits", operation_id = "owed",
    summary = "What a car that is here owes of earlier visits",
    description = "At all lots of the same operator. Only for a car whose visit can be seen.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("plate" = String, Path, description = "Plate, UTF-8, percent-encoded; spaces and hyphens do not matter", example = "12가3456"),
    ),
    responses((status = 200, description = "What it owes", body = Owed))
))]
pub(crate) async fn owed(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let known = Known::load(api, request).await?;
    let visit = known.visit(api.clock.now())?;
    let found = api.billing.owing(&known.lot.lot.operator, &visit.plate).await.map_err(store)?;
    let earlier = found.into_iter().filter(|owed| owed.visit != visit.id);
    let receivables = earlier
        .map(|owed| OwedView { principal: owed.principal().get(), receivable_id: owed.id, currency: KRW })
        .collect();
    respond_json(StatusCode::OK, &Owed { receivables })
}
