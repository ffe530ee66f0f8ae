//! Points that were paid for, given back as money: refunds of the driver's own top-ups, written down here and carried out by
//! `payment-sync` like any refund.

use baro_domain::{
    DriverId, RefundId, Won,
    payment::{CashOutError, Payment, cash_out as decided},
    points::CashOut,
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, body, idempotency_key, json_body, respond_json},
    problem::{UNAVAILABLE, internal},
};
use baro_store::{CashedOut, Stored, Written};
use http::{Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request};
use serde::{Deserialize, Serialize};

use super::{MAX_RACES, driver, home};
use crate::{
    codes::{IDEMPOTENCY_KEY_REUSED, POINTS_SHORT, store},
    service::DriverApi,
    view::{KRW, local},
};

const MAX_BODY_BYTES: usize = 1_024;
/// Top-ups that are looked at, newest first.
const MAX_TOP_UPS: usize = 100;

/// Money to be had back. May be empty: all that can be.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CashOut))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AskedCashOut {
    /// How much, won.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = 1))]
    #[serde(default)]
    amount: Option<Won>,
}

/// What goes back.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CashOutAccepted))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CashOutView {
    /// Id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    refund_id: RefundId,
    /// To the cards the top-ups were paid with, won.
    amount: i64,
    /// `KRW`.
    currency: &'static str,
    /// When it was asked for (RFC 3339, Korean time).
    asked_at: String,
}

impl CashOutView {
    fn new(cash_out: &CashOut) -> Self {
        Self {
            refund_id: cash_out.id.clone(),
            amount: cash_out.amount.get(),
            currency: KRW,
            asked_at: local(&home(), cash_out.asked_at),
        }
    }
}

/// `POST /v1/members/me/points/refunds`
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/v1/members/me/points/refunds", tag = "members", operation_id = "cashOut",
    summary = "Have money back for points that were paid for",
    description = "To the cards they were bought with, newest first, and with the bonus on them. The points are out of the wallet at once; \
                   what the gateway refuses comes back into it. Points bought by deposit can be spent alone.",
    params(("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters, new for each wish", min_length = 8, max_length = 64)),
    security(("memberKey" = [])),
    request_body(content = Option<AskedCashOut>, description = "How much; may be left out: all that can be"),
    responses(
        (status = 201, description = "It goes back", body = CashOutView),
        (status = 200, description = "It was asked for with this key before", body = CashOutView),
    )
))]
pub(crate) async fn cash_out(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(request)?;
    let driver = driver(api, request).await?;
    let asked: AskedCashOut = if body(request, MAX_BODY_BYTES)?.is_empty() {
        AskedCashOut::default()
    } else {
        json_body(request, MAX_BODY_BYTES)?
    };
    let id = RefundId::derive(&["cash-out", driver.as_str(), key.as_str()]);
    let known = api.billing.cash_out_of(&driver, &id).await.map_err(store)?;
    if let Some(known) = known {
        return repeated(&known, &asked);
    }
    for _ in 0..MAX_RACES {
        let now = api.clock.now();
        let (record, parts) = decide(api, &driver, &id, asked.amount, now).await?;
        match api.billing.cash_out(&record, &parts, now).await.map_err(store)? {
            CashedOut::Done => {
                tracing::info!(driver = %driver, refund = %id, won = record.amount.get(), "points go back as money");
                return respond_json(StatusCode::CREATED, &CashOutView::new(&record));
            }
            CashedOut::Existing(known) => return repeated(&known, &asked),
            CashedOut::Changed => {}
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

fn repeated(known: &CashOut, asked: &AskedCashOut) -> Result<Response<Body>, Problem> {
    if known.asked != asked.amount {
        return Err(IDEMPOTENCY_KEY_REUSED.problem());
    }
    respond_json(StatusCode::OK, &CashOutView::new(known))
}

/// What is to be written, by the wallet and the top-ups as they are now.
async fn decide(
    api: &DriverApi,
    driver: &DriverId,
    id: &RefundId,
    amount: Option<Won>,
    now: Timestamp,
) -> Result<(CashOut, Vec<Written>), Problem> {
    let (wallet, stored) =
        futures::try_join!(api.billing.wallet(driver), api.billing.top_ups(driver, MAX_TOP_UPS))
            .map_err(store)?;
    let top_ups: Vec<Payment> = stored.iter().map(|one| one.value.clone()).collect();
    let parts = decided(&wallet, &top_ups, (id, amount), now).map_err(refused)?;
    let written = parts
        .iter()
        .map(|(old, next)| {
            let of = |one: &&Stored<Payment>| one.value.id == old.id;
            let revision = stored.iter().find(of).map_or(0, |one| one.revision);
            let entries = next.postings_since(old, now).map_err(|error| internal(&error))?;
            Ok(Written { payment: next.clone(), revision, entries })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let amounts = written.iter().filter_map(|part| part.payment.refunds.last()).map(|refund| refund.amount);
    let record = CashOut {
        id: id.clone(),
        driver: driver.clone(),
        asked: amount,
        amount: Won::sum(amounts).map_err(|error| internal(&error))?,
        asked_at: now,
        payments: written.iter().map(|part| part.payment.id.clone()).collect(),
    };
    Ok((record, written))
}

#[allow(clippy::needless_pass_by_value, reason = "the signature of map_err")]
fn refused(error: CashOutError) -> Problem {
    match error {
        CashOutError::Amount => INVALID_MEMBER.problem().with("pointer", "#/amount"),
        CashOutError::TooMuch(most) => POINTS_SHORT.problem().with("most", most.get()),
        CashOutError::Overflow(error) => internal(&error),
    }
}
