//! Manual approval: on a channel that is set so, the payer's press of the button only gives the shop a token, and nothing is paid until
//! the shop's server confirms with it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use baro_domain::Won;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{check_store, read, under_faults};
use super::error::ApiError;
use super::listing::is_test;
use super::payments::Status;
use super::shop::{Choice, Shop, find};
use crate::sandbox::support::{lock, random_id, rfc3339};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmBody {
    store_id: Option<String>,
    payment_token: String,
    tx_id: Option<String>,
    currency: Option<String>,
    total_amount: Option<Won>,
    tax_free_amount: Option<Won>,
    is_test: Option<bool>,
}

impl Shop {
    /// The payer pressed the button: pays, or answers the token with which the shop confirms.
    pub(super) fn press(
        self: &Arc<Self>,
        payment_id: &str,
        choice: &Choice,
        amount: Option<Won>,
    ) -> Result<Option<String>, ApiError> {
        {
            let mut state = lock(&self.state);
            if state.manual_confirm {
                if !matches!(find(&mut state, payment_id)?.status, Status::Ready | Status::Failed) {
                    return Err(ApiError::new("ALREADY_PAID", "a payment with this id is paid"));
                }
                let token = random_id("payment-token-");
                state.to_confirm.insert(payment_id.to_owned(), (token.clone(), choice.clone()));
                return Ok(Some(token));
            }
        }
        self.pay(payment_id, choice, amount)?;
        Ok(None)
    }

    fn confirm(self: &Arc<Self>, payment_id: &str, body: &[u8], refused: bool) -> Result<Value, ApiError> {
        let body: ConfirmBody = read(body)?;
        check_store(self, body.store_id.as_deref())?;
        let choice = {
            let mut state = lock(&self.state);
            let record = find(&mut state, payment_id)?;
            if record.paid_at.is_some() {
                return Err(ApiError::new("ALREADY_PAID", "the payment is paid already"));
            }
            let order = &record.order;
            let same = body.tx_id.is_none_or(|id| id == record.transaction_id)
                && body.currency.is_none_or(|currency| currency == order.currency)
                && body.total_amount.is_none_or(|total| total == order.total)
                && body.tax_free_amount.is_none_or(|tax_free| tax_free == order.tax_free)
                && body.is_test.is_none_or(|wanted| wanted == is_test(self));
            match state.to_confirm.get(payment_id) {
                Some((token, choice)) if *token == body.payment_token => {
                    if !same {
                        return Err(ApiError::new("INFORMATION_MISMATCH", "the payment is another one"));
                    }
                    choice.clone()
                }
                _ => return Err(ApiError::new("INVALID_PAYMENT_TOKEN", "not the token of this attempt")),
            }
        };
        if refused {
            let (code, message) = ("REJECT_CARD_PAYMENT", "카드사에서 승인을 거절했습니다.");
            self.fail(payment_id, code, message)?;
            return Err(ApiError::pg(code, message));
        }
        self.pay(payment_id, &choice, None)?;
        let mut state = lock(&self.state);
        state.to_confirm.remove(payment_id);
        let record = find(&mut state, payment_id)?;
        Ok(json!({"pgTxId": record.pg_tx_id, "paidAt": rfc3339(record.paid_at.unwrap_or(record.changed_at))}))
    }
}

/// `POST /payments/{id}/confirm`
pub(super) async fn confirm(State(shop): State<Arc<Shop>>, Path(id): Path<String>, body: Bytes) -> Response {
    under_faults(&shop, "confirm", &id, |refused| shop.confirm(&id, &body, refused)).await
}
