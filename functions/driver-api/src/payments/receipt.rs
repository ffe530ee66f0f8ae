//! The receipt of a payment: what was paid, where, for which stay and how, with what went back since. The plate is masked and the
//! driver unnamed, as on the payment itself: the link is all that is needed.

use baro_domain::{
    LotId, Operator, PaymentId, Quote, Won,
    cash_receipt::{is_by_bank, vat_in},
    lot::Lot,
    payment::{Method, Payment, PaymentStatus, RefundState},
};
use baro_runtime::{
    Problem,
    http::{Language, respond_json},
};
use http::{Response, StatusCode};
use jiff::tz::TimeZone;
use lambda_http::{Body, Request};
use serde::Serialize;

use super::{
    cash_receipt::{CashReceiptView, zone_of},
    state::quote_of,
    stored,
};
use crate::{
    codes::{NO_RECEIPT, store},
    service::DriverApi,
    view::{KRW, QuoteView, VatView, local},
};

/// A receipt, to be printed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PrintedReceipt))]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrintedReceipt {
    /// The payment.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    payment_id: PaymentId,
    /// `paid`, `partly_refunded` or `refunded`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    status: PaymentStatus,
    /// What the payer reads on the bill.
    order_name: String,
    /// Where; absent for points.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<LotOnReceipt>,
    /// Who operates the lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<OperatorOnReceipt>,
    /// The plate with its middle hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<String>,
    /// When the car came in (RFC 3339 with the lot's offset, as all times).
    #[serde(skip_serializing_if = "Option::is_none")]
    entered_at: Option<String>,
    /// The moment up to which the stay was priced.
    #[serde(skip_serializing_if = "Option::is_none")]
    priced_until: Option<String>,
    /// When the gateway took the money.
    paid_at: String,
    /// How it was paid.
    method: MethodOnReceipt,
    /// Why it cost what it cost; absent where that is not known any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<QuoteView>,
    /// Paid for the same stay before this payment, won.
    paid_before: i64,
    /// What of it was a surcharge on an unpaid fee, won: without VAT.
    surcharge: i64,
    /// What was paid, in money and in points, won.
    paid: i64,
    /// What of it points paid, won.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    /// What of it went back, won.
    refunded: i64,
    /// What is kept, won.
    kept: i64,
    /// `KRW`.
    currency: &'static str,
    /// The kept amount, its VAT told apart.
    vat: VatView,
    /// What went back, one by one, as far as it was asked for through us.
    refunds: Vec<RefundOnReceipt>,
    /// The cash receipt of what was paid by bank.
    cash_receipt: CashReceiptView,
    /// Where the gateway shows its own receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_url: Option<String>,
}

/// The lot.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct LotOnReceipt {
    /// Id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    lot_id: LotId,
    /// Name.
    name: String,
    /// Address.
    address: String,
}

/// The lot's operator.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct OperatorOnReceipt {
    /// Name.
    name: String,
    /// Business number (사업자등록번호), where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    business_number: Option<String>,
}

/// How it was paid, as far as the gateway tells.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct MethodOnReceipt {
    /// `card`, `easy_pay`, `transfer`, `virtual_account`, `points` (alone) or `other`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    kind: Method,
    /// The card's issuer, the pay service or the bank, as the gateway writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// The card's number, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<String>,
    /// Approval number.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_number: Option<String>,
}

/// Money that went back.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct RefundOnReceipt {
    /// Won.
    amount: i64,
    /// When.
    at: String,
}

/// `GET /v1/payments/{paymentId}/receipt`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/payments/{paymentId}/receipt", tag = "payments", operation_id = "receipt",
    summary = "The receipt of a payment, to be printed",
    params(("paymentId" = String, Path, description = "Payment", example = "pay_e147de0b159756e681a7")),
    responses((status = 200, description = "The receipt", body = PrintedReceipt))
))]
pub(crate) async fn receipt(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let payment = stored(api, request).await?.value;
    // What does not match its order is no payment: it goes back.
    if payment.paid().is_zero() || payment.mismatch.is_some() {
        return Err(NO_RECEIPT.problem());
    }
    let lot = match payment.stay() {
        Some(stay) => Some(api.lot(&stay.lot).await?),
        None => None,
    };
    let operator = match &lot {
        Some(lot) => api.directory.operator(&lot.lot.operator).await.map_err(store)?,
        None => None,
    };
    let cash = if is_by_bank(&payment) {
        api.billing.cash_receipt(&payment.id).await.map_err(store)?.map(|stored| stored.value)
    } else {
        None
    };
    let seller = (lot.as_ref().map(|lot| &lot.lot), operator);
    let cash = CashReceiptView::new(api, &payment, cash.as_ref(), &zone_of(&payment));
    respond_json(StatusCode::OK, &view(&payment, seller, cash, Language::of(request.headers())))
}

fn view(
    payment: &Payment,
    (lot, operator): (Option<&Lot>, Option<Operator>),
    cash_receipt: CashReceiptView,
    language: Language,
) -> PrintedReceipt {
    let zone = zone_of(payment);
    let (kept, stay) = (payment.kept(), payment.stay());
    // What leaving later would have cost is no part of a receipt.
    let quote = quote_of(payment).map(|quote| Quote { leave_by: None, next_step: None, ..quote });
    let surcharge = stay.and_then(|stay| stay.owed.as_ref()).map_or(Won::ZERO, |owed| owed.surcharge);
    let fee = payment.asked().remaining_after(surcharge);
    PrintedReceipt {
        payment_id: payment.id.clone(),
        status: payment.status,
        order_name: payment.order.order_name.clone(),
        lot: lot.map(|lot| LotOnReceipt {
            lot_id: lot.id.clone(),
            name: lot.name.clone(),
            address: lot.address.clone(),
        }),
        operator: operator.map(|operator| OperatorOnReceipt {
            name: operator.name,
            business_number: operator.business_number.map(|number| spaced(number.as_str())),
        }),
        plate: stay.map(|stay| stay.plate.masked()),
        entered_at: stay.map(|stay| local(&zone, stay.entered_at)),
        priced_until: stay.map(|stay| local(&zone, stay.quoted_until)),
        paid_at: local(&zone, payment.paid_at.unwrap_or(payment.created_at)),
        method: method(payment),
        paid_before: quote.as_ref().map_or(0, |quote| quote.total.remaining_after(fee).get()),
        quote: quote.map(|quote| QuoteView::new(quote, &zone, language)),
        surcharge: surcharge.get(),
        paid: payment.paid().get(),
        points: payment.points.as_ref().map(|share| share.spent().get()).filter(|spent| *spent > 0),
        refunded: payment.given_back().get(),
        kept: kept.get(),
        currency: KRW,
        vat: vat(payment).into(),
        refunds: refunds(payment, &zone),
        cash_receipt,
        receipt_url: payment.slip.as_ref().and_then(|slip| slip.url.clone()),
    }
}

/// Of the fee as its lot's tariff bears it; a surcharge bears none (D-091).
fn vat(payment: &Payment) -> baro_domain::money::VatSplit {
    let fee = vat_in(payment, payment.kept_of_fee());
    let surcharge = payment.kept().remaining_after(payment.kept_of_fee());
    payment.kept().vat_split(fee.tax_free.plus(surcharge).unwrap_or(surcharge))
}

fn method(payment: &Payment) -> MethodOnReceipt {
    let slip = payment.slip.clone().unwrap_or_default();
    MethodOnReceipt {
        kind: payment.method.unwrap_or(Method::Other),
        issuer: slip.issuer,
        card_number: slip.card_number,
        approval_number: slip.approval_number,
    }
}

fn refunds(payment: &Payment, zone: &TimeZone) -> Vec<RefundOnReceipt> {
    let done = payment.refunds.iter().filter_map(|refund| match refund.state {
        RefundState::Done { at } => {
            let amount = payment.total_of(refund).unwrap_or(refund.amount).get();
            Some(RefundOnReceipt { amount, at: local(zone, at) })
        }
        _ => None,
    });
    done.collect()
}

/// A business number as it is printed: `120-81-47521`.
fn spaced(number: &str) -> String {
    match (number.get(..3), number.get(3..5), number.get(5..)) {
        (Some(office), Some(kind), Some(rest)) => format!("{office}-{kind}-{rest}"),
        _ => number.to_owned(),
    }
}
