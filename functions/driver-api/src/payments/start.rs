//! Asking for a payment: what is due now, fixed, and what the page needs to open the gateway's window.
//!
//! The payment's id is derived from lot, plate and the client's key, so a repeated request finds the same payment by a
//! conditional write, and nothing is charged twice. The visit is not part of it: or a key used again for a later stay
//! would quietly make another payment instead of being refused.

use baro_domain::{
    PaymentId, PricedLot, Won,
    notice::Contact,
    payment::{Means, Order, PaidStay, Payment, PaymentStatus, Purpose},
    visit::PaidFact,
};
use baro_runtime::{
    Problem,
    http::{
        INVALID_MEMBER, IdempotencyKey, Language, body, idempotency_key, json_body, respond_json, with_header,
    },
    problem::internal,
};
use baro_store::Created;
use http::{Response, StatusCode, header::LOCATION};
use jiff::Timestamp;
use lambda_http::{Body, Request};
use serde::{Deserialize, Serialize};

use crate::{
    codes::{IDEMPOTENCY_KEY_REUSED, NOTHING_DUE, store},
    contact::{AskedContact, MAX_BODY_BYTES, contact_of},
    points,
    service::DriverApi,
    standing::Standing,
    view::{KRW, QuoteView, local},
    visits::Known,
};

/// What a bank prints of an order's name is short.
const MAX_LOT_NAME_CHARS: usize = 30;

/// Starts a payment. May be empty.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StartPayment {
    /// Whom to tell that the money came, and that the car left.
    #[serde(default)]
    pub(crate) contact: Option<AskedContact>,
    /// Up to so many of a member's points pay for it, won; `Authorization` says whose. Only for a visit's fee.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = 1))]
    #[serde(default)]
    pub(crate) points: Option<Won>,
}

impl StartPayment {
    pub(crate) fn of(request: &Request) -> Result<Self, Problem> {
        if body(request, MAX_BODY_BYTES)?.is_empty() {
            return Ok(Self::default());
        }
        json_body(request, MAX_BODY_BYTES)
    }
}

/// A payment to be made through the gateway's browser SDK.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedPayment {
    /// Our id and the gateway's `paymentId`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    payment_id: PaymentId,
    /// `requested` when it is new; a repeated request may find it further on.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    status: PaymentStatus,
    /// For `requestPayment`.
    order_name: String,
    /// What the gateway is to take, won: its `totalAmount`. 0 where points pay all of it: then it is `paid`.
    amount: i64,
    /// What points pay beside it, won. They are held for fifteen minutes; without the money they are back then.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    /// `KRW`.
    currency: &'static str,
    /// Our store at the gateway.
    store_id: String,
    /// The gateway's channel.
    channel_key: String,
    /// The quote that is paid; `quote.total` less what was paid before is `amount` and `points` together.
    quote: Option<QuoteView>,
    /// Paid at once, the car may leave up to this moment; absent where it has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_by: Option<String>,
}

impl StartedPayment {
    /// Of this payment; with the quote and the time in the zone of its lot, where it has one.
    pub(crate) fn new(
        api: &DriverApi,
        payment: &Payment,
        quote: Option<QuoteView>,
        leave_by: Option<String>,
    ) -> Self {
        Self {
            payment_id: payment.id.clone(),
            status: payment.status,
            order_name: payment.order.order_name.clone(),
            amount: payment.order.amount.get(),
            points: payment.points.as_ref().map(|share| share.held_total().get()),
            currency: KRW,
            store_id: payment.order.store_id.clone(),
            channel_key: api.shop.channel_key.clone(),
            quote,
            leave_by,
        }
    }
}

/// `POST /v1/lots/{lotId}/visits/{plate}/payments`
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/v1/lots/{lotId}/visits/{plate}/payments", tag = "payments", operation_id = "startPayment",
    summary = "Ask for a payment of what is due now",
    description = "The same key for the same stay finds the same payment. The answer holds what `PortOne.requestPayment` needs. With \
                   `points` and a member's key, the wallet's points pay first, those that were paid for before the bonus.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("plate" = String, Path, description = "Plate, UTF-8, percent-encoded; spaces and hyphens do not matter", example = "12가3456"),
        ("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters, new for each wish to pay", min_length = 8, max_length = 64),
    ),
    security((), ("memberKey" = [])),
    request_body(content = Option<StartPayment>, description = "Whom to tell, and what points pay; may be left out"),
    responses(
        (status = 201, description = "A new payment", body = StartedPayment, headers(("location" = String, description = "Where its state can be asked for"))),
        (status = 200, description = "The payment this key made before", body = StartedPayment),
    )
))]
pub(crate) async fn start(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(request)?;
    let asked = StartPayment::of(request)?;
    if asked.points.is_some_and(|points| points <= Won::ZERO) {
        return Err(INVALID_MEMBER.problem().with("pointer", "#/points"));
    }
    let contact = contact_of(asked.contact, request)?;
    let known = Known::load(api, request).await?;
    let now = api.clock.now();
    let standing = known.standing(now, now)?;
    let id = payment_id(&known, &key);
    let (payment, status) = if standing.due.is_zero() {
        let existing = api.billing.payment(&id).await.map_err(store)?;
        (existing.ok_or_else(|| NOTHING_DUE.problem())?.value, StatusCode::OK)
    } else {
        let payment = order(api, &known, &standing, id, contact, now)?;
        match asked.points {
            Some(wanted) => points::begin(api, request, &payment, wanted).await?,
            None => match api.billing.create(&payment).await.map_err(store)? {
                Created::New => (payment, StatusCode::CREATED),
                Created::Existing(existing) => (existing.value, StatusCode::OK),
            },
        }
    };
    if payment.stay().is_none_or(|stay| stay.visit != standing.visit.id) {
        return Err(IDEMPOTENCY_KEY_REUSED.problem());
    }
    pinned(api, &payment).await;
    let leave_by = leave_by(&known, &payment, now);
    of_lot(api, &known.lot, &payment, status, Some(leave_by), Language::of(request.headers()))
}

/// Has the gateway take no other amount than ours.
pub(crate) async fn pinned(api: &DriverApi, payment: &Payment) {
    if let Some(pin) = &api.pin
        && payment.status == PaymentStatus::Requested
    {
        pin.fix(&payment.id, payment.order.amount).await;
    }
}

fn payment_id(known: &Known, key: &IdempotencyKey) -> PaymentId {
    PaymentId::derive(&["driver-api", known.lot.lot.id.as_str(), known.plate.as_str(), key.as_str()])
}

/// The order, as the gateway's report will be compared with.
fn order(
    api: &DriverApi,
    known: &Known,
    standing: &Standing<'_>,
    id: PaymentId,
    contact: Contact,
    now: Timestamp,
) -> Result<Payment, Problem> {
    let lot = &known.lot.lot;
    let stay = PaidStay {
        lot: lot.id.clone(),
        // The one the facts are filed under: there the payment must be found again.
        plate: standing.visit.plate.clone(),
        visit: standing.visit.id.clone(),
        entered_at: standing.visit.entered_at,
        quoted_until: standing.until,
        time_zone: lot.time_zone.clone(),
        promised_at: None,
        owed: None,
    };
    let quote = serde_json::to_value(&standing.quote).map_err(|error| internal(&error))?;
    let name = fee_of(&lot.name);
    Ok(payment_for(api, name, Purpose::Stay(stay), standing.due, quote, (id, contact, now)))
}

/// What a driver reads on the bill of a fee.
pub(crate) fn fee_of(lot_name: &str) -> String {
    let name: String = lot_name.chars().take(MAX_LOT_NAME_CHARS).collect();
    format!("{name} 주차요금")
}

/// A payment in the gateway's window, as it is written down before the window opens.
pub(crate) fn payment_for(
    api: &DriverApi,
    order_name: String,
    purpose: Purpose,
    amount: Won,
    quote: serde_json::Value,
    (id, contact, now): (PaymentId, Contact, Timestamp),
) -> Payment {
    Payment {
        id,
        status: PaymentStatus::Requested,
        order: Order {
            store_id: api.shop.store_id.clone(),
            channel_type: api.shop.channel_type.clone(),
            amount,
            currency: KRW.to_owned(),
            order_name,
        },
        purpose,
        method: None,
        refunds: Vec::new(),
        means: Means::default(),
        failure: None,
        quote,
        contact,
        created_at: now,
        paid_at: None,
        captured: Won::ZERO,
        returned: Won::ZERO,
        deposit_account: None,
        mismatch: None,
        pg_tx_id: None,
        points: None,
        slip: None,
    }
}

/// Until when the car may leave if it is paid for now.
fn leave_by(known: &Known, payment: &Payment, now: Timestamp) -> Timestamp {
    let fact = PaidFact {
        payment: payment.id.clone(),
        amount: payment.asked(),
        quoted_until: payment.stay().map_or(now, |stay| stay.quoted_until),
        paid_at: payment.paid_at.unwrap_or(now),
        promised_at: None,
    };
    fact.leave_by(known.lot.lot.rules)
}

/// What the page needs to pay for a stay in the gateway's window.
pub(crate) fn of_lot(
    api: &DriverApi,
    lot: &PricedLot,
    payment: &Payment,
    status: StatusCode,
    leave_by: Option<Timestamp>,
    language: Language,
) -> Result<Response<Body>, Problem> {
    let zone = lot.fees.zone();
    let quote = super::state::quote_of(payment).map(|quote| QuoteView::new(quote, zone, language));
    respond(&StartedPayment::new(api, payment, quote, leave_by.map(|at| local(zone, at))), status)
}

/// The answer, with where to ask how the payment stands.
pub(crate) fn respond(started: &StartedPayment, status: StatusCode) -> Result<Response<Body>, Problem> {
    let location = format!("/v1/payments/{}", started.payment_id);
    Ok(with_header(respond_json(status, started)?, LOCATION, &location))
}
