//! Asking for a cash receipt, and how it stands. Who has the payment's link may ask: the first number that the gateway is asked for
//! stays. No number is ever part of an answer but masked.

use baro_domain::{
    cash_receipt::{
        CashReceipt, InvalidIdentity, NoReceipt, ReceiptIdentity, ReceiptState, ReceiptUse, is_offered,
    },
    payment::Payment,
};
use baro_runtime::{
    Problem,
    http::{json_body, respond_json},
    problem::UNAVAILABLE,
};
use http::{Response, StatusCode};
use jiff::tz::TimeZone;
use lambda_http::{Body, Request};
use serde::{Deserialize, Serialize};

use super::stored;
use crate::{
    codes::{
        CASH_RECEIPT_BEGUN, CASH_RECEIPT_NOT_OFFERED, CASH_RECEIPT_TOO_OFTEN, INVALID_RECEIPT_NUMBER, store,
    },
    contact::MAX_BODY_BYTES,
    service::DriverApi,
    view::local,
};

/// A wish that meets another change is weighed again so often.
const MAX_RACES: usize = 3;

/// Whose the cash receipt shall be: exactly one of these.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WishCashReceipt {
    /// A person's mobile number, for the deduction (소득공제).
    phone: Option<String>,
    /// A person's cash receipt card, for the deduction.
    card: Option<String>,
    /// A business number, as proof of expense (지출증빙).
    business_number: Option<String>,
}

/// Personal data: only which.
impl std::fmt::Debug for WishCashReceipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let given = [&self.phone, &self.card, &self.business_number].map(Option::is_some);
        f.debug_tuple("WishCashReceipt").field(&given).finish()
    }
}

/// The cash receipt of a payment.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CashReceipt))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CashReceiptView {
    /// Whether one can be asked for: of what is paid by bank, and kept.
    offered: bool,
    /// `requested` (it follows the deposit), `issued`, `cancelled` or `refused`; absent where nobody asked.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<ReceiptState>,
    /// `personal` (소득공제) or `corporate` (지출증빙).
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    purpose: Option<ReceiptUse>,
    /// Whose, but for the last four digits hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    /// What it is over, won.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    /// Approval number (승인번호).
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// Where the PG shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<String>,
    /// Since when it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
}

impl CashReceiptView {
    pub(crate) fn new(
        api: &DriverApi,
        payment: &Payment,
        receipt: Option<&CashReceipt>,
        zone: &TimeZone,
    ) -> Self {
        let issued = receipt.and_then(|receipt| receipt.issued.clone());
        Self {
            offered: api.shop.has_cash_receipts && is_offered(payment),
            state: receipt.map(CashReceipt::state),
            purpose: receipt.map(|receipt| receipt.identity.purpose()),
            identity: receipt.map(|receipt| receipt.identity.masked()),
            amount: issued.as_ref().map(|issued| issued.amount.get()),
            issued_at: issued.as_ref().map(|issued| local(zone, issued.issued_at)),
            cancelled_at: issued.as_ref().and_then(|issued| issued.cancelled_at).map(|at| local(zone, at)),
            url: issued.as_ref().and_then(|issued| issued.url.clone()),
            number: issued.map(|issued| issued.number),
        }
    }
}

pub(super) fn zone_of(payment: &Payment) -> TimeZone {
    // The zone was known when the payment was made; were it gone from the database, UTC is still the right moment.
    TimeZone::get(payment.purpose.time_zone()).unwrap_or(TimeZone::UTC)
}

/// `GET /v1/payments/{paymentId}/cash-receipt`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/payments/{paymentId}/cash-receipt", tag = "payments", operation_id = "cashReceipt",
    summary = "The cash receipt (현금영수증) of a payment",
    params(("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7")),
    responses((status = 200, description = "How it stands, and whether one can be asked for", body = CashReceiptView))
))]
pub(crate) async fn one(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let payment = stored(api, request).await?.value;
    let receipt = api.billing.cash_receipt(&payment.id).await.map_err(store)?;
    let view =
        CashReceiptView::new(api, &payment, receipt.as_ref().map(|stored| &stored.value), &zone_of(&payment));
    respond_json(StatusCode::OK, &view)
}

/// `PUT /v1/payments/{paymentId}/cash-receipt`: the gateway is asked behind it, by the stream.
#[cfg_attr(feature = "openapi", utoipa::path(
    put, path = "/v1/payments/{paymentId}/cash-receipt", tag = "payments", operation_id = "wishCashReceipt",
    summary = "Ask for a cash receipt (현금영수증)",
    description = "Of a payment by bank, while its deposit is awaited or afterwards. It is issued a moment later, or with the deposit, and \
        follows refunds. The same wish again changes nothing; another number is taken until the gateway is asked.",
    params(("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7")),
    request_body = WishCashReceipt,
    responses((status = 202, description = "It is written down", body = CashReceiptView))
))]
pub(crate) async fn wish(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let identity = identity(json_body(request, MAX_BODY_BYTES)?)?;
    let payment = stored(api, request).await?.value;
    if !api.shop.has_cash_receipts {
        let why = "the shop's contract with the gateway has no cash receipts";
        return Err(CASH_RECEIPT_NOT_OFFERED.problem().detail(why));
    }
    for _ in 0..MAX_RACES {
        let known = api.billing.cash_receipt(&payment.id).await.map_err(store)?;
        let (before, revision) = known.map_or((None, 0), |stored| (Some(stored.value), stored.revision));
        let wished = CashReceipt::wish(before.as_ref(), &payment, identity.clone(), api.clock.now());
        let wished = wished.map_err(refused)?;
        let written = match &wished {
            Some(next) => api.billing.put_cash_receipt(next, revision).await.map_err(store)?,
            None => true,
        };
        if written {
            let view =
                CashReceiptView::new(api, &payment, wished.as_ref().or(before.as_ref()), &zone_of(&payment));
            return respond_json(StatusCode::ACCEPTED, &view);
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

fn identity(asked: WishCashReceipt) -> Result<ReceiptIdentity, Problem> {
    let read = match (asked.phone, asked.card, asked.business_number) {
        (Some(phone), None, None) => ReceiptIdentity::phone(&phone),
        (None, Some(card), None) => ReceiptIdentity::card(&card),
        (None, None, Some(number)) => ReceiptIdentity::business(&number),
        _ => {
            return Err(INVALID_RECEIPT_NUMBER
                .problem()
                .detail("one of phone, card and businessNumber is named"));
        }
    };
    read.map_err(|error: InvalidIdentity| INVALID_RECEIPT_NUMBER.problem().detail(error.to_string()))
}

fn refused(why: NoReceipt) -> Problem {
    match why {
        NoReceipt::NotOffered => CASH_RECEIPT_NOT_OFFERED.problem(),
        NoReceipt::AlreadyBegun => CASH_RECEIPT_BEGUN.problem(),
        NoReceipt::TooOften => CASH_RECEIPT_TOO_OFTEN.problem(),
    }
}
