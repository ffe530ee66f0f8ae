//! PortOne's V1 REST API (i'mport), for merchants that still have that contract.
//!
//! It has no store, no channel and fewer states than V2, refuses with HTTP 200 and a code, and wants an access token; all
//! of that stays in here. Refusals have no machine-readable kind, so where a caller needs one, the payment is looked at.

mod billing_keys;
mod cash_receipts;
mod listing;
mod model;
mod token;

use std::time::Duration;

use async_trait::async_trait;
use baro_domain::{PaymentId, Won};
use reqwest::{RequestBuilder, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::model::{Envelope, Payment};
use self::token::AccessTokens;
use super::error::{Effect, from_answer, from_failure, unreadable};
use super::{
    BillingKeyCharge, CancelRequest, Cancellation, ChannelType, ChargedPayment, GatewayError, GatewayPayment,
    InvalidBaseUrl, PaymentGateway, Refusal, RefusalKind,
};
use crate::http::{Answer, HttpClient};
use crate::secret::Secret;

/// The longest `merchant_uid`, in bytes. Ours have 24 (`pay_` and 20 hex digits).
const MAX_MERCHANT_UID_BYTES: usize = 40;
/// What one of the trait's calls may take in all: token, look and act. Two of them stay below payment-sync's time-out.
const WHOLE: Duration = Duration::from_secs(12);

/// Where V1 is and who we are there.
#[derive(Debug, Clone)]
pub struct PortOneV1Config {
    /// `https://api.iamport.kr`, or a sandbox.
    pub base_url: String,
    /// Our shop, as orders name it: V1's payments name none.
    pub store_id: String,
    /// REST API key.
    pub imp_key: Secret,
    /// REST API secret.
    pub imp_secret: Secret,
}

/// A client of PortOne's V1 REST API.
#[derive(Debug)]
pub struct PortOneV1 {
    http: HttpClient,
    base_url: Url,
    store_id: String,
    tokens: AccessTokens,
}

fn at(base_url: &Url, segments: &[&str]) -> Url {
    let mut url = base_url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Reads an answer: the payload, or why there is none.
fn sorted<T: DeserializeOwned>(answer: &Answer, effect: Effect) -> Result<T, GatewayError> {
    if answer.is_passing_fault() {
        return Err(from_answer(answer, effect));
    }
    let refused = |kind: RefusalKind, message: Option<String>| {
        let message = message.unwrap_or_default();
        Err(GatewayError::Final(Refusal { status: answer.status, kind, message, pg_code: None }))
    };
    let envelope: Option<Envelope<Value>> = answer.json();
    match (answer.status, envelope) {
        (200..300, Some(Envelope { code: 0, response: Some(response), .. })) => {
            serde_json::from_value(response).map_err(|error| unreadable(&error.to_string(), effect))
        }
        (200..300, Some(Envelope { code: 0, .. }) | None) => Err(unreadable("no payload in it", effect)),
        (200..300, Some(body)) => refused(RefusalKind::Other(body.code.to_string()), body.message),
        (401, body) => refused(RefusalKind::Unauthorized, body.and_then(|body| body.message)),
        (403, body) => refused(RefusalKind::Forbidden, body.and_then(|body| body.message)),
        (404, body) => refused(RefusalKind::PaymentNotFound, body.and_then(|body| body.message)),
        (_, body) => refused(RefusalKind::InvalidRequest, body.and_then(|body| body.message)),
    }
}

fn refusal(kind: RefusalKind, message: &str) -> GatewayError {
    GatewayError::Final(Refusal { status: 0, kind, message: message.to_owned(), pg_code: None })
}

/// Ends a call that takes too long in all, as a time-out of its last step would.
async fn within<T>(
    effect: Effect,
    call: impl Future<Output = Result<T, GatewayError>> + Send,
) -> Result<T, GatewayError> {
    match tokio::time::timeout(WHOLE, call).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(from_failure(crate::http::CallFailure::NoAnswer("timed out as a whole".to_owned()), effect))
        }
    }
}

impl PortOneV1 {
    /// A client over the shared HTTP client. Opens no connection and asks for no token yet.
    pub fn new(http: HttpClient, config: PortOneV1Config) -> Result<Self, InvalidBaseUrl> {
        let base_url = super::v2::base_url(config.base_url)?;
        let token_url = at(&base_url, &["users", "getToken"]);
        let tokens = AccessTokens::new(http.clone(), token_url, config.imp_key, config.imp_secret);
        Ok(Self { http, base_url, store_id: config.store_id, tokens })
    }

    /// Makes a call with an access token; one that is refused is replaced, once.
    async fn ask<T: DeserializeOwned>(
        &self,
        effect: Effect,
        request: impl Fn(&HttpClient) -> RequestBuilder + Send + Sync,
    ) -> Result<T, GatewayError> {
        let token = self.tokens.get().await?;
        let call = async |token: &Secret| {
            let request = request(&self.http).bearer_auth(token.expose());
            self.http.call(request).await.map_err(|failure| from_failure(failure, effect))
        };
        let mut answer = call(&token).await?;
        if answer.status == 401 {
            // A call without a valid token was not carried out.
            self.tokens.forget(&token).await;
            answer = call(&self.tokens.get().await?).await?;
        }
        sorted(&answer, effect)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        body: &Value,
        effect: Effect,
    ) -> Result<T, GatewayError> {
        let url = at(&self.base_url, segments);
        self.ask(effect, |http| http.inner().post(url.clone()).json(body)).await
    }

    /// The attempt that took the money, if one did; else the newest one. Several can share a `merchant_uid`, and by the
    /// default order a failed one would hide the paid one before it.
    async fn find(&self, payment: &PaymentId, sandbox: bool) -> Result<Option<Payment>, GatewayError> {
        let url = at(&self.base_url, &["payments", "find", payment.as_str()]);
        let query = [("sorting", "-paid"), ("include_sandbox", if sandbox { "true" } else { "false" })];
        let found = self.ask(Effect::None, |http| http.inner().get(url.clone()).query(&query)).await;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(GatewayError::Final(refusal)) if refusal.kind == RefusalKind::PaymentNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The payment and whether its money is real: what only the list with test payments has is a test.
    async fn look(&self, payment: &PaymentId) -> Result<Option<(Payment, ChannelType)>, GatewayError> {
        if payment.as_str().len() > MAX_MERCHANT_UID_BYTES {
            return Ok(None);
        }
        if let Some(live) = self.find(payment, false).await? {
            return Ok(Some((live, ChannelType::Live)));
        }
        Ok(self.find(payment, true).await?.map(|test| (test, ChannelType::Test)))
    }

    async fn cancel_now(
        &self,
        payment: &PaymentId,
        request: &CancelRequest,
    ) -> Result<Cancellation, GatewayError> {
        let Some((before, _)) = self.look(payment).await? else {
            return Err(refusal(RefusalKind::PaymentNotFound, "nobody has opened its payment window"));
        };
        let mut body = json!({
            "imp_uid": before.imp_uid, "reason": request.reason, "checksum": request.current_cancellable_amount,
        });
        if let Some(amount) = request.amount {
            body["amount"] = json!(amount);
        }
        // V1 takes the bank's code in the table of the merchant's PG, as it stands here.
        if let Some(account) = &request.refund_account {
            body["refund_bank"] = json!(account.bank);
            body["refund_account"] = json!(account.number);
            body["refund_holder"] = json!(account.holder_name);
        }
        match self.post::<Payment>(&["payments", "cancel"], &body, Effect::Money).await {
            Ok(after) => {
                after.cancellations().pop().ok_or_else(|| unreadable("no cancellation in it", Effect::Money))
            }
            Err(GatewayError::Final(said)) => Err(self.why_not_cancelled(payment, request, said).await),
            Err(error) => Err(error),
        }
    }

    /// A refusal with the kind that the payment itself shows.
    async fn why_not_cancelled(
        &self,
        payment: &PaymentId,
        request: &CancelRequest,
        said: Refusal,
    ) -> GatewayError {
        let RefusalKind::Other(_) = said.kind else { return GatewayError::Final(said) };
        let kind = match self.look(payment).await {
            Ok(Some((now, _))) if now.status == "cancelled" => RefusalKind::PaymentAlreadyCancelled,
            Ok(Some((now, _))) if now.status != "paid" => RefusalKind::PaymentNotPaid,
            Ok(Some((now, _))) if now.cancellable() != request.current_cancellable_amount => {
                RefusalKind::CancellableAmountConsistencyBroken
            }
            Ok(Some((now, _))) if request.amount.is_some_and(|amount| amount > now.cancellable()) => {
                RefusalKind::CancelAmountExceedsCancellableAmount
            }
            // Unknown why: it is a no all the same.
            _ => RefusalKind::PgProvider,
        };
        GatewayError::Final(Refusal { kind, ..said })
    }

    async fn charge_now(
        &self,
        payment: &PaymentId,
        charge: &BillingKeyCharge,
    ) -> Result<ChargedPayment, GatewayError> {
        check_length(payment)?;
        let body = json!({
            "customer_uid": charge.billing_key.expose(), "merchant_uid": payment.as_str(),
            "amount": charge.total, "name": charge.order_name,
        });
        let said = match self.post::<Payment>(&["subscribe", "payments", "again"], &body, Effect::Money).await
        {
            Ok(charged) => match (charged.status.as_str(), charged.paid_at()) {
                ("paid", Some(paid_at)) => {
                    let pg_tx_id = charged.pg_tx_id().unwrap_or_default();
                    return Ok(ChargedPayment { pg_tx_id, paid_at });
                }
                // The card company's refusal comes with code 0.
                ("failed", _) => {
                    return Err(refusal(
                        RefusalKind::PgProvider,
                        charged.fail_reason.as_deref().unwrap_or_default(),
                    ));
                }
                _ => return Err(unreadable("neither paid nor failed", Effect::Money)),
            },
            Err(GatewayError::Final(said)) => said,
            Err(error) => return Err(error),
        };
        let RefusalKind::Other(_) = said.kind else { return Err(GatewayError::Final(said)) };
        let kind = match self.look(payment).await {
            Ok(Some((now, _))) if matches!(now.status.as_str(), "paid" | "cancelled") => {
                RefusalKind::AlreadyPaid
            }
            Ok(_) => RefusalKind::PgProvider,
            // A charge under this id may stand there from an earlier call.
            Err(error) => return Err(GatewayError::Unknown(error.to_string())),
        };
        Err(GatewayError::Final(Refusal { kind, ..said }))
    }

    async fn prepare(&self, payment: &PaymentId, total: Won) -> Result<(), GatewayError> {
        #[derive(Deserialize)]
        struct Prepared {
            amount: Won,
        }
        check_length(payment)?;
        let body = json!({"merchant_uid": payment.as_str(), "amount": total});
        let said = match self.post::<Value>(&["payments", "prepare"], &body, Effect::None).await {
            Ok(_) => return Ok(()),
            Err(GatewayError::Final(said)) => said,
            Err(error) => return Err(error),
        };
        // V1 refuses a second time; the same amount is what was wanted.
        let RefusalKind::Other(_) = said.kind else { return Err(GatewayError::Final(said)) };
        let url = at(&self.base_url, &["payments", "prepare", payment.as_str()]);
        match self.ask::<Prepared>(Effect::None, |http| http.inner().get(url.clone())).await {
            Ok(there) if there.amount == total => Ok(()),
            Ok(_) | Err(GatewayError::Final(_)) => Err(GatewayError::Final(said)),
            Err(error) => Err(error),
        }
    }
}

fn check_length(payment: &PaymentId) -> Result<(), GatewayError> {
    if payment.as_str().len() <= MAX_MERCHANT_UID_BYTES {
        return Ok(());
    }
    Err(refusal(RefusalKind::InvalidRequest, "the id is longer than a merchant_uid may be"))
}

#[async_trait]
impl PaymentGateway for PortOneV1 {
    async fn get_payment(&self, payment: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        let found = within(Effect::None, self.look(payment)).await?;
        Ok(found.map(|(payment, kind)| payment.into_gateway(&self.store_id, kind)))
    }

    async fn cancel(
        &self,
        payment: &PaymentId,
        request: &CancelRequest,
    ) -> Result<Cancellation, GatewayError> {
        within(Effect::Money, self.cancel_now(payment, request)).await
    }

    async fn pre_register(&self, payment: &PaymentId, total: Won) -> Result<(), GatewayError> {
        within(Effect::None, self.prepare(payment, total)).await
    }

    async fn charge(
        &self,
        payment: &PaymentId,
        charge: &BillingKeyCharge,
    ) -> Result<ChargedPayment, GatewayError> {
        within(Effect::Money, self.charge_now(payment, charge)).await
    }
}

#[cfg(test)]
mod tests;
