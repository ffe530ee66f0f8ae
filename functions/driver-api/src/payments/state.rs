//! How a payment stands, and its receipt. The contact is never part of it, and the plate is masked: who has the link
//! need not learn whose car it is.

use baro_domain::{
    LotId, PaymentId, Quote, VisitId, Won,
    payment::{DepositAccount, Payment, PaymentStatus},
};
use baro_runtime::{
    Problem,
    http::{Language, respond_json},
};
use http::{Response, StatusCode};
use jiff::tz::TimeZone;
use lambda_http::{Body, Request};
use serde::Serialize;

use super::stored;
use crate::{
    service::DriverApi,
    view::{KRW, QuoteView, VatView, local},
};

/// A payment.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Payment))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentView {
    /// Id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    payment_id: PaymentId,
    /// `requested`, `awaiting_deposit`, `failed`, `held`, `paid`, `partly_refunded` or `refunded`. `failed` may still
    /// become `paid`; `held` is money that did not match and goes back.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    status: PaymentStatus,
    /// What was asked for, in money and in points, won.
    amount: i64,
    /// What was paid, in money and in points, won.
    captured: i64,
    /// What of it went back, won.
    refunded: i64,
    /// What of `amount` points pay, won.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    /// `KRW`.
    currency: &'static str,
    /// What the driver sees on the bill.
    order_name: String,
    /// Lot, of a payment for a stay.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_id: Option<LotId>,
    /// Visit, of a payment for a stay.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    visit_id: Option<VisitId>,
    /// The plate with its middle hidden, of a payment for a stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<String>,
    /// When it was asked for (RFC 3339 with the lot's offset, as all times).
    created_at: String,
    /// When the gateway took the money.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
    /// Where to deposit, while a deposit is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit_account: Option<DepositView>,
    /// Once money was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ReceiptView>,
}

/// A virtual account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = DepositAccount))]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepositView {
    /// Bank, as the gateway names it.
    bank: String,
    /// Account number.
    number: String,
    /// How much, won: exactly this.
    amount: i64,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// The quote that was paid.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Receipt))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptView {
    /// Why it cost what it cost.
    quote: QuoteView,
    /// Paid for the same stay before this payment, won: `quote.total` less this is the amount.
    paid_before: i64,
    /// What was kept of this payment, with its VAT told apart.
    vat: VatView,
}

/// `GET /v1/payments/{paymentId}`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/payments/{paymentId}", tag = "payments", operation_id = "payment",
    summary = "How a payment stands, and its receipt",
    params(("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7")),
    responses((status = 200, description = "The payment", body = PaymentView))
))]
pub(crate) async fn state(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let payment = stored(api, request).await?.value;
    respond_json(StatusCode::OK, &view(payment, Language::of(request.headers())))
}

/// The quote kept with a payment. A quote that no longer reads takes the lines from the receipt, not the receipt.
pub(super) fn quote_of(payment: &Payment) -> Option<Quote> {
    // What was owed for long may have no quote that still explains it.
    if payment.quote.is_null() {
        return None;
    }
    let read = serde_json::from_value(payment.quote.clone());
    read.inspect_err(|error| {
        tracing::error!(payment = payment.id.as_str(), cause = %error, "the quote of a payment does not read");
    })
    .ok()
}

fn view(payment: Payment, language: Language) -> PaymentView {
    // The zone was known when the payment was made; were it gone from the database, UTC is still the right moment.
    let zone = TimeZone::get(payment.purpose.time_zone()).unwrap_or(TimeZone::UTC);
    let receipt = receipt(&payment, &zone, language);
    let (asked, captured, refunded) = (payment.asked(), payment.paid(), payment.given_back());
    let points = payment.points.as_ref().map(|share| share.held_total().get());
    let awaited = payment.status == PaymentStatus::AwaitingDeposit;
    let stay = payment.stay().cloned();
    let account = payment.deposit_account.filter(|_| awaited);
    let order = payment.order;
    PaymentView {
        payment_id: payment.id,
        status: payment.status,
        amount: asked.get(),
        captured: captured.get(),
        refunded: refunded.get(),
        points,
        currency: KRW,
        order_name: order.order_name,
        lot_id: stay.as_ref().map(|stay| stay.lot.clone()),
        visit_id: stay.as_ref().map(|stay| stay.visit.clone()),
        plate: stay.as_ref().map(|stay| stay.plate.masked()),
        created_at: local(&zone, payment.created_at),
        paid_at: payment.paid_at.map(|at| local(&zone, at)),
        deposit_account: account.map(|account| deposit(account, order.amount, &zone)),
        receipt,
    }
}

fn deposit(account: DepositAccount, amount: Won, zone: &TimeZone) -> DepositView {
    DepositView {
        bank: account.bank,
        number: account.number,
        amount: amount.get(),
        expires_at: account.expires_at.map(|at| local(zone, at)),
    }
}

/// Nobody gets a receipt for money that is not kept: not paid, held, or wholly given back.
fn receipt(payment: &Payment, zone: &TimeZone, language: Language) -> Option<ReceiptView> {
    let kept = payment.kept();
    if kept.is_zero() {
        return None;
    }
    // What leaving later would have cost is no part of a receipt.
    let quote = Quote { leave_by: None, next_step: None, ..quote_of(payment)? };
    let exempt = quote.vat.tax_free == quote.total;
    Some(ReceiptView {
        paid_before: quote.total.remaining_after(payment.asked()).get(),
        // A surcharge bears no VAT.
        vat: kept.vat_split(if exempt { kept } else { kept.remaining_after(payment.kept_of_fee()) }).into(),
        quote: QuoteView::new(quote, zone, language),
    })
}
