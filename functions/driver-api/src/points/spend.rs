//! Paying a fee with points: the wallet, the journal, the payment and, where points pay all of it, the visit move in one transaction.

use baro_domain::{Won, payment::Payment};
use baro_runtime::{
    Problem,
    problem::{UNAVAILABLE, internal},
};
use baro_store::Opened;
use http::StatusCode;
use lambda_http::Request;

use super::{MAX_RACES, driver};
use crate::{
    codes::{POINTS_SHORT, store},
    service::DriverApi,
};

/// Begins a payment of which up to `wanted` won are paid with the caller's points; the payment of this id that was begun before, if
/// there is one.
pub(crate) async fn begin(
    api: &DriverApi,
    request: &Request,
    fee: &Payment,
    wanted: Won,
) -> Result<(Payment, StatusCode), Problem> {
    let driver = driver(api, request).await?;
    for _ in 0..MAX_RACES {
        let now = api.clock.now();
        let wallet = api.billing.wallet(&driver).await.map_err(store)?;
        let share = wallet.share_of(fee.order.amount, wanted);
        if share.is_zero() {
            let existing = api.billing.payment(&fee.id).await.map_err(store)?;
            let existing = existing.ok_or_else(|| POINTS_SHORT.problem().with("most", 0))?;
            return Ok((existing.value, StatusCode::OK));
        }
        let decision = fee.begin_with_points(&driver, share, now).map_err(|error| internal(&error))?;
        match api.billing.open(&decision, now).await.map_err(store)? {
            Opened::New => return Ok((decision.payment, StatusCode::CREATED)),
            Opened::Existing(existing) => return Ok((existing.value, StatusCode::OK)),
            // Spent meanwhile, or given back: what is there now says what can be paid with.
            Opened::WalletShort => {}
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}
