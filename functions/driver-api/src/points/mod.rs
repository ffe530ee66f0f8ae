//! A driver's points: what the wallet holds, paying a fee with them, buying them, and having their money back. Whose wallet it is
//! says the member's key alone.

pub(crate) mod cash_out;
mod spend;
pub(crate) mod top_up;

use baro_domain::{
    DriverId, LotId, PaymentId,
    ledger::{EntryKind, JournalEntry},
    points::{MAX_BALANCE, MIN_TOP_UP, Wallet, change_of_wallet},
    visit::Payer,
};
use baro_runtime::{Problem, http::respond_json, problem::internal};
use http::{Response, StatusCode};
use jiff::tz::{self, TimeZone};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    codes::{NO_WALLET, store},
    service::DriverApi,
    view::{KRW, local},
};

pub(crate) use cash_out::cash_out;
pub(crate) use spend::begin;
pub(crate) use top_up::top_up;

/// A wallet that changed while it was decided on is read again so often.
const MAX_RACES: u32 = 5;
/// Entries shown.
const MAX_ENTRIES: i32 = 50;

/// A driver's points. One point is one won.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Wallet))]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalletView {
    /// Points that were paid for. Spent first; they can be had back as money. Below zero when a top-up that was spent was given
    /// back: then nothing can be spent until it is made good.
    paid: i64,
    /// Points given on top: they can only be spent.
    bonus: i64,
    /// The least that is topped up at once, won.
    least_top_up: i64,
    /// A wallet holds at most so many points.
    most: i64,
    /// `KRW`.
    currency: &'static str,
    /// What moved them, newest first, 50 at most.
    entries: Vec<EntryView>,
}

/// What moved a driver's points.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = WalletEntry))]
#[serde(rename_all = "camelCase")]
struct EntryView {
    /// When (RFC 3339, Korean time).
    at: String,
    /// `top_up`, `points_held` (for a fee), `points_released`, `points_returned`, `cash_out_held`, `cash_out_released`, `cash_out`
    /// (by the gateway's staff) or `bonus_forfeited`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    kind: EntryKind,
    /// Added; negative where they were taken.
    paid: i64,
    /// Added; negative where they were taken.
    bonus: i64,
    /// The payment it comes from.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    payment_id: PaymentId,
    /// The lot, where a fee was given back.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_id: Option<LotId>,
}

/// Wallets are of no lot: their times are Korean.
pub(crate) fn home() -> TimeZone {
    TimeZone::fixed(tz::offset(9))
}

/// The driver whose key was sent.
async fn driver(api: &DriverApi, request: &Request) -> Result<DriverId, Problem> {
    match baro_door::caller(&api.directory, request).await?.value.payer {
        Payer::Driver(driver) => Ok(driver),
        Payer::Company(_) => Err(NO_WALLET.problem()),
    }
}

/// `GET /v1/members/me/points`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/members/me/points", tag = "members", operation_id = "points",
    summary = "The driver's points, and what moved them",
    security(("memberKey" = [])),
    responses((status = 200, description = "The wallet; one that was never used is empty", body = WalletView))
))]
pub(crate) async fn wallet(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let driver = driver(api, request).await?;
    let (wallet, entries) =
        futures::try_join!(api.billing.wallet(&driver), api.billing.points_entries(&driver, MAX_ENTRIES))
            .map_err(store)?;
    respond_json(StatusCode::OK, &view(&wallet, &entries)?)
}

fn view(wallet: &Wallet, entries: &[JournalEntry]) -> Result<WalletView, Problem> {
    let home = home();
    let mut shown = Vec::with_capacity(entries.len());
    for entry in entries {
        let change = change_of_wallet(entry).map_err(|error| internal(&error))?;
        let Some((_, change)) = change else { continue };
        shown.push(EntryView {
            at: local(&home, entry.occurred_at),
            kind: entry.kind,
            paid: change.paid.get(),
            bonus: change.bonus.get(),
            payment_id: entry.payment.clone(),
            lot_id: entry.lot.clone(),
        });
    }
    Ok(WalletView {
        paid: wallet.balance.paid.get(),
        bonus: wallet.balance.bonus.get(),
        least_top_up: MIN_TOP_UP.get(),
        most: MAX_BALANCE.get(),
        currency: KRW,
        entries: shown,
    })
}
