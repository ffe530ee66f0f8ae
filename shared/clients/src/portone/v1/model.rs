//! A payment in V1's words, and the same in those of [`GatewayPayment`].

use baro_domain::Won;
use jiff::Timestamp;
use serde::Deserialize;

use super::super::{
    Cancellation, CancellationStatus, Card, Channel, ChannelType, GatewayPayment, PayFailure, PaymentAmount,
    PaymentMethod, PaymentStatus,
};

/// V1's envelope: `code` 0 is yes, anything else a refusal, also with HTTP 200.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) code: i64,
    #[serde(default)]
    pub(super) message: Option<String>,
    pub(super) response: Option<T>,
}

/// A payment. Moments are unix seconds, 0 or absent where there is none.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payment {
    pub(super) imp_uid: String,
    pub(super) merchant_uid: String,
    pub(super) status: String,
    pub(super) amount: Won,
    #[serde(default)]
    pub(super) cancel_amount: Won,
    currency: String,
    /// A payment without a name is one of ours only by its id.
    #[serde(default)]
    name: Option<String>,
    pay_method: Option<String>,
    pg_provider: Option<String>,
    pg_tid: Option<String>,
    apply_num: Option<String>,
    card_name: Option<String>,
    card_number: Option<String>,
    emb_pg_provider: Option<String>,
    bank_name: Option<String>,
    vbank_name: Option<String>,
    vbank_num: Option<String>,
    vbank_holder: Option<String>,
    vbank_date: Option<i64>,
    started_at: Option<i64>,
    paid_at: Option<i64>,
    failed_at: Option<i64>,
    cancelled_at: Option<i64>,
    pub(super) fail_reason: Option<String>,
    receipt_url: Option<String>,
    #[serde(default)]
    cancel_history: Vec<Cancel>,
}

#[derive(Debug, Clone, Deserialize)]
struct Cancel {
    cancellation_id: Option<String>,
    pg_tid: Option<String>,
    amount: Won,
    cancelled_at: Option<i64>,
    #[serde(default)]
    reason: Option<String>,
}

fn moment(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// A text that says something.
fn said(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

impl Payment {
    /// What can still be cancelled, won.
    pub(super) fn cancellable(&self) -> Won {
        self.amount.remaining_after(self.cancel_amount)
    }

    pub(super) fn paid_at(&self) -> Option<Timestamp> {
        moment(self.paid_at)
    }

    pub(super) fn pg_tx_id(&self) -> Option<String> {
        said(self.pg_tid.as_ref())
    }

    /// V1 knows four states; V2's others are told by the account and by what was given back.
    fn status(&self) -> PaymentStatus {
        match self.status.as_str() {
            "ready" if said(self.vbank_num.as_ref()).is_some() => PaymentStatus::VirtualAccountIssued,
            "ready" => PaymentStatus::Ready,
            "paid" if self.cancel_amount > Won::ZERO => PaymentStatus::PartialCancelled,
            "paid" => PaymentStatus::Paid,
            "cancelled" => PaymentStatus::Cancelled,
            "failed" => PaymentStatus::Failed,
            other => PaymentStatus::Other(other.to_owned()),
        }
    }

    fn method(&self) -> Option<PaymentMethod> {
        let easy = said(self.emb_pg_provider.as_ref());
        Some(match self.pay_method.as_deref()? {
            "vbank" => PaymentMethod::VirtualAccount {
                bank: said(self.vbank_name.as_ref()),
                account_number: said(self.vbank_num.as_ref()),
                remittee_name: said(self.vbank_holder.as_ref()),
                expired_at: moment(self.vbank_date),
            },
            "trans" => PaymentMethod::Transfer { bank: said(self.bank_name.as_ref()) },
            "phone" => PaymentMethod::Mobile,
            "card" if easy.is_none() => PaymentMethod::Card {
                card: Some(Card {
                    name: said(self.card_name.as_ref()),
                    number: said(self.card_number.as_ref()),
                }),
                approval_number: said(self.apply_num.as_ref()),
            },
            "cultureland" | "smartculture" | "happymoney" | "booknlife" => PaymentMethod::GiftCertificate,
            other => PaymentMethod::EasyPay { provider: easy.or_else(|| Some(other.to_owned())) },
        })
    }

    /// The cancellations so far, oldest first: V1 lists only those that succeeded.
    pub(super) fn cancellations(&self) -> Vec<Cancellation> {
        let mut all: Vec<Cancellation> = self
            .cancel_history
            .iter()
            .map(|cancel| Cancellation {
                status: CancellationStatus::Succeeded,
                id: said(cancel.cancellation_id.as_ref())
                    .or_else(|| said(cancel.pg_tid.as_ref()))
                    .unwrap_or_default(),
                total_amount: cancel.amount,
                tax_free_amount: Won::ZERO,
                vat_amount: Won::ZERO,
                reason: cancel.reason.clone().unwrap_or_default(),
                cancelled_at: moment(cancel.cancelled_at),
                requested_at: moment(cancel.cancelled_at),
            })
            .collect();
        all.sort_by_key(|one| one.cancelled_at);
        all
    }

    /// In the words that the rest of the code knows. V1 names neither shop nor channel in a payment: the shop is the one
    /// whose key asked, and whether money really moved is told by which of the two lists it stands in.
    pub(super) fn into_gateway(self, store_id: &str, kind: ChannelType) -> GatewayPayment {
        let cancellations = self.cancellations();
        let status = self.status();
        let paid_at = self.paid_at();
        let last_cancelled = cancellations.iter().filter_map(|one| one.cancelled_at).max();
        let changed_at =
            [paid_at, moment(self.failed_at), moment(self.cancelled_at), last_cancelled].into_iter().max();
        GatewayPayment {
            id: self.merchant_uid.clone(),
            transaction_id: Some(self.imp_uid.clone()),
            store_id: store_id.to_owned(),
            channel: Some(Channel { kind, key: None, pg_provider: said(self.pg_provider.as_ref()) }),
            order_name: self.name.clone().unwrap_or_default(),
            amount: PaymentAmount {
                total: self.amount,
                paid: if paid_at.is_some() { self.amount } else { Won::ZERO },
                cancelled: self.cancel_amount,
                ..PaymentAmount::default()
            },
            currency: self.currency.clone(),
            method: self.method(),
            requested_at: moment(self.started_at),
            paid_at,
            status_changed_at: changed_at.flatten().or_else(|| moment(self.started_at)),
            pg_tx_id: self.pg_tx_id(),
            receipt_url: said(self.receipt_url.as_ref()),
            failure: said(self.fail_reason.as_ref()).map(|reason| PayFailure {
                reason: Some(reason),
                pg_code: None,
                pg_message: None,
            }),
            cancellations,
            status,
        }
    }
}
