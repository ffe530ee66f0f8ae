//! Giving money back: what an operator asks for is written into the payment; the payment's stream brings it to the gateway.

use baro_domain::{
    LotId, PaymentId, RefundId, Won,
    payment::{Payment, Refund, RefundAccount, RefundError, RefundOrder, RefundState, RequestedBy},
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, idempotency_key, json_body, local_time, path_parsed, respond_json},
    problem::UNAVAILABLE,
};
use baro_store::{Committed, Stored};
use http::{Response, StatusCode};
use jiff::tz::TimeZone;
use lambda_http::{Body, Request};
use serde::{Deserialize, Serialize};

use crate::{
    OperatorApi,
    access::{Caller, caller},
    codes::{
        IDEMPOTENCY_KEY_REUSED, PAYMENT_NOT_FOUND, REFUND_ACCOUNT_NEEDED, REFUND_NOT_POSSIBLE,
        REFUND_TOO_LARGE, store,
    },
};

const MAX_BODY_BYTES: usize = 4_096;
/// What a gateway's console shows of a reason is short.
const MAX_REASON_CHARS: usize = 100;
/// A lost race is decided again so often.
const MAX_RACES: u32 = 5;

/// A wish to give money back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskedRefund {
    /// Won; absent: all that is left.
    #[serde(default)]
    amount: Option<Won>,
    reason: String,
    /// Where a deposit goes back to.
    #[serde(default)]
    account: Option<RefundAccount>,
}

/// A payment as its lot's operator sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    payment_id: PaymentId,
    status: baro_domain::payment::PaymentStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<baro_domain::payment::Method>,
    lot_id: LotId,
    plate: String,
    visit_id: String,
    amount: i64,
    captured: i64,
    refunded: i64,
    /// What can be given back beside the refunds under way.
    refundable: i64,
    /// What of it the driver's points pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    currency: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
    refunds: Vec<RefundView>,
}

/// A refund. The account is not shown again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundView {
    refund_id: RefundId,
    amount: i64,
    reason: String,
    #[serde(flatten)]
    by: RequestedBy,
    requested_at: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_because: Option<String>,
}

impl RefundView {
    fn new(payment: &Payment, refund: &Refund, zone: &TimeZone) -> Self {
        let (state, done_at, refused) = match &refund.state {
            RefundState::AwaitingAccount => ("awaiting_account", None, None),
            RefundState::Requested => ("requested", None, None),
            RefundState::Sent { .. } | RefundState::Pending => ("under_way", None, None),
            RefundState::Done { at } => ("done", Some(*at), None),
            RefundState::Refused { code, .. } => ("refused", None, Some(code.clone())),
        };
        Self {
            refund_id: refund.id.clone(),
            amount: payment.total_of(refund).unwrap_or(refund.amount).get(),
            reason: refund.reason.clone(),
            by: refund.by.clone(),
            requested_at: local_time(zone, refund.requested_at),
            state,
            done_at: done_at.map(|at| local_time(zone, at)),
            refused_because: refused,
        }
    }
}

fn view(payment: &Payment) -> Result<PaymentView, Problem> {
    let stay = payment.stay().ok_or_else(|| PAYMENT_NOT_FOUND.problem())?;
    let zone = TimeZone::get(&stay.time_zone).unwrap_or(TimeZone::UTC);
    Ok(PaymentView {
        payment_id: payment.id.clone(),
        status: payment.status,
        method: payment.method,
        lot_id: stay.lot.clone(),
        plate: stay.plate.as_str().to_owned(),
        visit_id: stay.visit.to_string(),
        amount: payment.asked().get(),
        captured: payment.paid().get(),
        refunded: payment.given_back().get(),
        points: payment.points.as_ref().map(|share| share.held_total().get()),
        refundable: payment.refundable().get(),
        currency: "KRW",
        created_at: local_time(&zone, payment.created_at),
        paid_at: payment.paid_at.map(|at| local_time(&zone, at)),
        refunds: payment.refunds.iter().map(|refund| RefundView::new(payment, refund, &zone)).collect(),
    })
}

/// The caller and the payment that the path names, if it is for a stay at one of the caller's lots.
async fn admit(api: &OperatorApi, request: &Request) -> Result<(Caller, Stored<Payment>), Problem> {
    let caller = caller(api, request).await?;
    let id: PaymentId = path_parsed(request, "paymentId")?;
    let stored = api.billing.payment(&id).await.map_err(store)?.ok_or_else(|| PAYMENT_NOT_FOUND.problem())?;
    let lot = match stored.value.stay() {
        Some(stay) => api.lot(&stay.lot).await?,
        None => None,
    };
    match lot.filter(|lot| lot.lot.operator == caller.operator) {
        Some(_) => Ok((caller, stored)),
        None => Err(PAYMENT_NOT_FOUND.problem()),
    }
}

/// `GET /v1/operator/payments/{paymentId}`
pub(crate) async fn one(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, stored) = admit(api, request).await?;
    respond_json(StatusCode::OK, &view(&stored.value)?)
}

/// `POST /v1/operator/payments/{paymentId}/refunds`: 202, since the gateway is asked afterwards.
pub(crate) async fn refund(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(request)?;
    let (caller, stored) = admit(api, request).await?;
    let asked: AskedRefund = json_body(request, MAX_BODY_BYTES)?;
    let operator = &caller.operator;
    let order = RefundOrder {
        id: RefundId::derive(&[stored.value.id.as_str(), operator.as_str(), key.as_str()]),
        amount: asked.amount,
        reason: reason(&asked.reason)?,
        by: RequestedBy::Operator { operator: operator.clone(), name: caller.name },
        account: asked.account.map(account).transpose()?,
    };
    let now = api.clock.now();
    let written = change(api, stored, |payment| payment.request_refund(order.clone(), now)).await?;
    tracing::info!(payment = %written.id, %operator, refund = %order.id, "a refund was asked for");
    respond_json(StatusCode::ACCEPTED, &view(&written)?)
}

/// `PUT /v1/operator/payments/{paymentId}/refunds/{refundId}/account`: where a deposit goes back to.
pub(crate) async fn put_account(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, stored) = admit(api, request).await?;
    let id: RefundId = path_parsed(request, "refundId")?;
    let account = account(json_body(request, MAX_BODY_BYTES)?)?;
    let written = change(api, stored, |payment| payment.name_account(&id, account.clone()).map(Some)).await?;
    respond_json(StatusCode::ACCEPTED, &view(&written)?)
}

/// Writes what `decide` makes of the payment, on the payment as it is when it is written.
async fn change(
    api: &OperatorApi,
    mut stored: Stored<Payment>,
    decide: impl Fn(&Payment) -> Result<Option<Payment>, RefundError>,
) -> Result<Payment, Problem> {
    for _ in 0..MAX_RACES {
        let Some(next) = decide(&stored.value).map_err(refused)? else { return Ok(stored.value) };
        let now = api.clock.now();
        match api.billing.commit(&next, stored.revision, &[], None, now).await.map_err(store)? {
            Committed::Done => return Ok(next),
            Committed::LostRace(current) => stored = *current,
            Committed::WalletShort => {}
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
fn refused(error: RefundError) -> Problem {
    match error {
        RefundError::NotPaid | RefundError::TooMany | RefundError::NoAccountAwaited | RefundError::Points => {
            REFUND_NOT_POSSIBLE.problem().detail(error.to_string())
        }
        RefundError::Amount => INVALID_MEMBER.problem().with("pointer", "#/amount").detail(error.to_string()),
        RefundError::TooMuch(most) => {
            REFUND_TOO_LARGE.problem().with("refundable", most.get()).detail(error.to_string())
        }
        RefundError::AccountNeeded => REFUND_ACCOUNT_NEEDED.problem().with("pointer", "#/account"),
        RefundError::IdReused => IDEMPOTENCY_KEY_REUSED.problem(),
    }
}

fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REASON_CHARS || text.chars().any(char::is_control) {
        let problem = INVALID_MEMBER.problem().with("pointer", "#/reason");
        return Err(problem.detail("a reason of 1 to 100 characters on one line is needed"));
    }
    Ok(text.to_owned())
}

/// An account as people write its number.
fn account(mut account: RefundAccount) -> Result<RefundAccount, Problem> {
    account.number.retain(|c| !matches!(c, ' ' | '-'));
    let fault = if account.bank.is_empty() || account.bank.len() > 40 {
        "bank"
    } else if !(6..=20).contains(&account.number.len()) || !account.number.bytes().all(|c| c.is_ascii_digit())
    {
        "number"
    } else if account.holder_name.trim().is_empty() || account.holder_name.chars().count() > 40 {
        "holderName"
    } else {
        return Ok(account);
    };
    let problem = INVALID_MEMBER.problem().with("pointer", format!("#/account/{fault}"));
    Err(problem.detail(format!("{fault} is none of a bank account")))
}
