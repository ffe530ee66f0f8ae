//! Buying points.

use baro_domain::{
    PaymentId, Won,
    notice::Contact,
    payment::{Purpose, TopUp},
    points::{MAX_BALANCE, MIN_TOP_UP, TopUpError},
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, idempotency_key, json_body},
};
use baro_store::Created;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::Deserialize;

use super::driver;
use crate::{
    codes::{IDEMPOTENCY_KEY_REUSED, WALLET_FULL, store},
    payments::start::{StartedPayment, payment_for, pinned, respond},
    service::DriverApi,
};

const MAX_BODY_BYTES: usize = 1_024;
const ORDER_NAME: &str = "바로 포인트 충전";

/// Points to be bought.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = TopUp))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AskedTopUp {
    /// For how much, won, at least 1,000; a tenth of it is given on top.
    #[cfg_attr(feature = "openapi", schema(value_type = i64, minimum = 1_000))]
    amount: Won,
}

/// `POST /v1/members/me/points/top-ups`
#[cfg_attr(feature = "openapi", utoipa::path(
    post, path = "/v1/members/me/points/top-ups", tag = "members", operation_id = "topUp",
    summary = "Ask for a payment that buys points",
    description = "A tenth is given on top. The points are in the wallet when the gateway has the money. The answer holds what \
                   `PortOne.requestPayment` needs; how it stands says `GET /v1/payments/{paymentId}`.",
    params(("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters, new for each wish to buy", min_length = 8, max_length = 64)),
    security(("memberKey" = [])),
    request_body = AskedTopUp,
    responses(
        (status = 201, description = "A new payment", body = StartedPayment, headers(("location" = String, description = "Where its state can be asked for"))),
        (status = 200, description = "The payment this key made before", body = StartedPayment),
    )
))]
pub(crate) async fn top_up(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(request)?;
    let driver = driver(api, request).await?;
    let asked: AskedTopUp = json_body(request, MAX_BODY_BYTES)?;
    let id = PaymentId::derive(&["top-up", driver.as_str(), key.as_str()]);
    let wallet = api.billing.wallet(&driver).await.map_err(store)?;
    let (payment, status) = match wallet.bonus_of_top_up(asked.amount) {
        Ok(bonus) => {
            let purpose = Purpose::TopUp(TopUp { driver: driver.clone(), bonus });
            let details = (id, Contact::default(), api.clock.now());
            let payment = payment_for(
                api,
                ORDER_NAME.to_owned(),
                purpose,
                asked.amount,
                serde_json::Value::Null,
                details,
            );
            match api.billing.create(&payment).await.map_err(store)? {
                Created::New => (payment, StatusCode::CREATED),
                Created::Existing(existing) => (existing.value, StatusCode::OK),
            }
        }
        // It may be full because of this very wish.
        Err(error @ TopUpError::TooMuch) => {
            let existing = api.billing.payment(&id).await.map_err(store)?;
            (existing.ok_or_else(|| refused(error))?.value, StatusCode::OK)
        }
        Err(error) => return Err(refused(error)),
    };
    if payment.order.amount != asked.amount {
        return Err(IDEMPOTENCY_KEY_REUSED.problem());
    }
    pinned(api, &payment).await;
    respond(&StartedPayment::new(api, &payment, None, None), status)
}

fn refused(error: TopUpError) -> Problem {
    match error {
        TopUpError::TooLittle => INVALID_MEMBER
            .problem()
            .with("pointer", "#/amount")
            .detail(format!("a top-up is over at least {MIN_TOP_UP}")),
        TopUpError::TooMuch => WALLET_FULL.problem().with("most", MAX_BALANCE.get()),
    }
}
