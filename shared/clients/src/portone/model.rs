//! A payment as the gateway tells of it. Unknown fields and variants are no error: the gateway adds some every month.

use baro_domain::Won;
use jiff::Timestamp;
use serde::Deserialize;

/// A payment as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Wire")]
pub struct GatewayPayment {
    /// Where it stands.
    pub status: PaymentStatus,
    /// The merchant's id.
    pub id: String,
    /// The gateway's id of the last attempt.
    pub transaction_id: Option<String>,
    /// The shop it belongs to.
    pub store_id: String,
    /// The channel it went through; a failed attempt may have none.
    pub channel: Option<Channel>,
    /// What was sold.
    pub order_name: String,
    /// The sums.
    pub amount: PaymentAmount,
    /// ISO 4217 code: `KRW`.
    pub currency: String,
    /// How it was paid, once that is chosen.
    pub method: Option<PaymentMethod>,
    /// When the payment window was opened.
    pub requested_at: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When the status last changed.
    pub status_changed_at: Option<Timestamp>,
    /// The PG's own id.
    pub pg_tx_id: Option<String>,
    /// Where the PG shows the receipt.
    pub receipt_url: Option<String>,
    /// Why it failed.
    pub failure: Option<PayFailure>,
    /// The cancellations so far, also failed ones.
    pub cancellations: Vec<Cancellation>,
}

/// The sums of a payment, won.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAmount {
    /// What was asked for: the sum to compare with the order.
    pub total: Won,
    /// The part without tax.
    #[serde(default)]
    pub tax_free: Won,
    /// The tax in it.
    pub vat: Option<Won>,
    /// The supply amount.
    pub supply: Option<Won>,
    /// Discounts borne by the card company or the gateway's promotions.
    #[serde(default)]
    pub discount: Won,
    /// What the payer was charged.
    #[serde(default)]
    pub paid: Won,
    /// What was given back so far.
    #[serde(default)]
    pub cancelled: Won,
    /// The part without tax in it.
    #[serde(default)]
    pub cancelled_tax_free: Won,
}

impl PaymentAmount {
    /// What can still be cancelled: the gateway guards a cancellation with it.
    pub fn cancellable(&self) -> Won {
        self.total.remaining_after(self.cancelled)
    }
}

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum PaymentStatus {
    /// The payment window was opened.
    Ready,
    /// The PG is still deciding.
    PayPending,
    /// An account was issued; the deposit is awaited.
    VirtualAccountIssued,
    /// Paid.
    Paid,
    /// The last attempt failed; another may follow under the same id.
    Failed,
    /// Paid, and a part given back.
    PartialCancelled,
    /// Given back whole.
    Cancelled,
    /// A status this version does not know. Of such a payment only the status is certain: do nothing, look again later.
    Other(String),
}

impl From<String> for PaymentStatus {
    fn from(status: String) -> Self {
        match status.as_str() {
            "READY" => Self::Ready,
            "PAY_PENDING" => Self::PayPending,
            "VIRTUAL_ACCOUNT_ISSUED" => Self::VirtualAccountIssued,
            "PAID" => Self::Paid,
            "FAILED" => Self::Failed,
            "PARTIAL_CANCELLED" => Self::PartialCancelled,
            "CANCELLED" => Self::Cancelled,
            _ => Self::Other(status),
        }
    }
}

/// Whether money really moves on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum ChannelType {
    /// It does.
    Live,
    /// It does not: such a payment must never open a barrier in production.
    Test,
    /// A type this version does not know.
    Other(String),
}

impl From<String> for ChannelType {
    fn from(kind: String) -> Self {
        match kind.as_str() {
            "LIVE" => Self::Live,
            "TEST" => Self::Test,
            _ => Self::Other(kind),
        }
    }
}

/// A contract with one PG.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Live or test.
    #[serde(rename = "type")]
    pub kind: ChannelType,
    /// The channel key.
    pub key: Option<String>,
    /// The PG.
    pub pg_provider: Option<String>,
}

/// How a payment is paid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum PaymentMethod {
    /// A card.
    #[serde(rename = "PaymentMethodCard")]
    Card {
        /// The card, its number masked by the gateway.
        card: Option<Card>,
        /// The card company's approval number.
        approval_number: Option<String>,
    },
    /// KakaoPay, NaverPay, TossPay, ….
    #[serde(rename = "PaymentMethodEasyPay")]
    EasyPay {
        /// Which one.
        provider: Option<String>,
    },
    /// A bank transfer.
    #[serde(rename = "PaymentMethodTransfer")]
    Transfer {
        /// The payer's bank.
        bank: Option<String>,
    },
    /// An account issued for this payment alone, into which the payer deposits.
    #[serde(rename = "PaymentMethodVirtualAccount")]
    VirtualAccount {
        /// Its bank.
        bank: Option<String>,
        /// Its number.
        account_number: Option<String>,
        /// In whose name it stands.
        remittee_name: Option<String>,
        /// Until when a deposit is taken.
        expired_at: Option<Timestamp>,
    },
    /// The mobile phone's bill.
    #[serde(rename = "PaymentMethodMobile")]
    Mobile,
    /// A gift certificate.
    #[serde(rename = "PaymentMethodGiftCertificate")]
    GiftCertificate,
    /// A convenience store.
    #[serde(rename = "PaymentMethodConvenienceStore")]
    ConvenienceStore,
    /// A method this version does not know.
    #[serde(other)]
    Other,
}

/// A card, as far as the gateway shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Card {
    /// `삼성카드`, ….
    pub name: Option<String>,
    /// The number, masked.
    pub number: Option<String>,
}

/// Why a payment failed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayFailure {
    /// The gateway's reason.
    pub reason: Option<String>,
    /// The PG's code.
    pub pg_code: Option<String>,
    /// The PG's sentence.
    pub pg_message: Option<String>,
}

/// One cancellation of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// How it went.
    pub status: CancellationStatus,
    /// The gateway's id of it.
    pub id: String,
    /// How much.
    pub total_amount: Won,
    /// The part without tax.
    #[serde(default)]
    pub tax_free_amount: Won,
    /// The tax in it.
    #[serde(default)]
    pub vat_amount: Won,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// When the money was given back.
    pub cancelled_at: Option<Timestamp>,
    /// When it was asked for.
    pub requested_at: Option<Timestamp>,
}

/// How a cancellation went.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum CancellationStatus {
    /// Done.
    Succeeded,
    /// Refused.
    Failed,
    /// Asked for; the PG is still deciding.
    Requested,
    /// A status this version does not know.
    Other(String),
}

impl From<String> for CancellationStatus {
    fn from(status: String) -> Self {
        match status.as_str() {
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "REQUESTED" => Self::Requested,
            _ => Self::Other(status),
        }
    }
}

/// The payment as it comes: what may be missing depends on the status.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    status: PaymentStatus,
    id: Option<String>,
    transaction_id: Option<String>,
    store_id: Option<String>,
    channel: Option<Channel>,
    order_name: Option<String>,
    amount: Option<PaymentAmount>,
    currency: Option<String>,
    method: Option<PaymentMethod>,
    requested_at: Option<Timestamp>,
    paid_at: Option<Timestamp>,
    status_changed_at: Option<Timestamp>,
    pg_tx_id: Option<String>,
    receipt_url: Option<String>,
    failure: Option<PayFailure>,
    #[serde(default)]
    cancellations: Vec<Cancellation>,
}

#[derive(Debug, thiserror::Error)]
#[error("a payment of a known status without {0}")]
struct MissingField(&'static str);

impl TryFrom<Wire> for GatewayPayment {
    type Error = MissingField;

    /// What the order is compared with must be there, unless the status is unknown anyway: a missing amount must not read as 0.
    fn try_from(wire: Wire) -> Result<Self, MissingField> {
        fn need<T: Default>(
            status: &PaymentStatus,
            value: Option<T>,
            field: &'static str,
        ) -> Result<T, MissingField> {
            match (value, status) {
                (Some(value), _) => Ok(value),
                (None, PaymentStatus::Other(_)) => Ok(T::default()),
                (None, _) => Err(MissingField(field)),
            }
        }
        let status = wire.status;
        Ok(Self {
            id: need(&status, wire.id, "id")?,
            store_id: need(&status, wire.store_id, "storeId")?,
            order_name: need(&status, wire.order_name, "orderName")?,
            amount: need(&status, wire.amount, "amount")?,
            currency: need(&status, wire.currency, "currency")?,
            status,
            transaction_id: wire.transaction_id,
            channel: wire.channel,
            method: wire.method,
            requested_at: wire.requested_at,
            paid_at: wire.paid_at,
            status_changed_at: wire.status_changed_at,
            pg_tx_id: wire.pg_tx_id,
            receipt_url: wire.receipt_url,
            failure: wire.failure,
            cancellations: wire.cancellations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: &str = r#"{"status":"PAID","id":"pay_1","transactionId":"t","merchantId":"m","storeId":"s",
        "method":{"type":"PaymentMethodCard","card":{"name":"삼성카드","number":"94452*********1234","new":1},"approvalNumber":"30012345"},
        "channel":{"type":"LIVE","key":"channel-key","pgProvider":"TOSSPAYMENTS","pgMerchantId":"x"},"version":"V2",
        "requestedAt":"2026-11-20T01:00:00Z","orderName":"주차요금","currency":"KRW","customer":{},
        "amount":{"total":8700,"taxFree":0,"vat":791,"supply":7909,"discount":0,"paid":8700,"cancelled":1000,"cancelledTaxFree":0,"x":1},
        "paidAt":"2026-11-20T01:02:03.456Z","pgTxId":"pg","disputes":[]}"#;

    #[test]
    fn a_paid_card_payment_is_read_whole() {
        let payment: GatewayPayment = serde_json::from_str(PAID).unwrap();
        assert_eq!(payment.status, PaymentStatus::Paid);
        assert_eq!(payment.amount.total, Won::new(8700));
        assert_eq!(payment.amount.cancellable(), Won::new(7700));
        assert_eq!(payment.channel.unwrap().kind, ChannelType::Live);
        assert!(matches!(payment.method, Some(PaymentMethod::Card { approval_number: Some(_), .. })));
        assert_eq!(payment.paid_at.unwrap().to_string(), "2026-11-20T01:02:03.456Z");
    }

    #[test]
    fn what_the_gateway_invents_tomorrow_is_no_error() {
        let method = PAID.replace("PaymentMethodCard", "PaymentMethodTelepathy");
        assert_eq!(
            serde_json::from_str::<GatewayPayment>(&method).unwrap().method,
            Some(PaymentMethod::Other)
        );
        let bare: GatewayPayment = serde_json::from_str(r#"{"status":"REINCARNATED"}"#).unwrap();
        assert_eq!(bare.status, PaymentStatus::Other("REINCARNATED".into()));
        let channel = PAID.replace("LIVE", "DRY_RUN");
        let payment = serde_json::from_str::<GatewayPayment>(&channel).unwrap();
        assert_eq!(payment.channel.unwrap().kind, ChannelType::Other("DRY_RUN".into()));
    }

    #[test]
    fn a_missing_amount_is_an_error_and_not_zero() {
        let without = PAID.replace("\"amount\"", "\"amounts\"");
        assert!(serde_json::from_str::<GatewayPayment>(&without).is_err());
        let fractional = PAID.replace("\"total\":8700", "\"total\":8700.5");
        assert!(serde_json::from_str::<GatewayPayment>(&fractional).is_err());
    }
}
