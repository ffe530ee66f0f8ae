//! Webhooks signed after the Standard Webhooks specification, as PortOne sends them: verification and signing, both
//! pure functions over bytes. What the event means for a payment is not decided here: a webhook is a hint.

use baro_domain::{CardId, purse::BillingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

/// A signature older or newer than this, in seconds, is refused.
pub const TOLERANCE_SECONDS: i64 = 300;
/// At most so many signatures in one header are looked at.
const MAX_SIGNATURES: usize = 8;
/// A webhook id is also the name under which the body is kept; it is at most this long, in bytes.
const MAX_ID_BYTES: usize = 128;

/// One signing key. Its `Debug` says nothing.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

/// The keys that are accepted now: one, or two while the older is being replaced.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct WebhookSecrets(Vec<WebhookSecret>);

/// Why a text is not a webhook secret. Carries nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookSecretError {
    /// The part after `whsec_` is not base64, or empty.
    #[error("a webhook secret is `whsec_` and base64")]
    NotBase64,
    /// There must be one, or two for rotation.
    #[error("one or two webhook secrets are accepted")]
    Count,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRejection {
    /// One of the three headers is missing or empty.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// One of the three headers came twice; which of the two is meant can't be told.
    #[error("the header {0} is repeated")]
    RepeatedHeader(&'static str),
    /// The id has characters that no sender uses.
    #[error("the webhook id is not an id")]
    InvalidId,
    /// The time is not a number of seconds.
    #[error("the webhook timestamp is not a number")]
    InvalidTimestamp,
    /// Signed more than five minutes ago: possibly replayed.
    #[error("the signature is too old")]
    TooOld,
    /// Signed more than five minutes ahead of our clock.
    #[error("the signature is of the future")]
    TooNew,
    /// No signature fits any of the keys.
    #[error("no signature matches")]
    NoMatch,
}

impl WebhookSecret {
    /// Takes a secret as the console shows it: `whsec_` and base64 (the prefix may be missing).
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        match STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(Self(key)),
            _ => Err(WebhookSecretError::NotBase64),
        }
    }

    /// The signature of a body as it stands in the header: `v1,BASE64`.
    pub fn sign(&self, webhook_id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let signature = self.mac(webhook_id, &timestamp_s.to_string(), body).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(signature))
    }

    /// HMAC-SHA256 over `id.timestamp.body`, the timestamp as the header spells it.
    fn mac(&self, webhook_id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("HMAC takes any length"));
        for part in [webhook_id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl TryFrom<Vec<String>> for WebhookSecrets {
    type Error = WebhookSecretError;
    fn try_from(texts: Vec<String>) -> Result<Self, WebhookSecretError> {
        Self::parse(&texts)
    }
}

impl WebhookSecrets {
    /// Takes one secret, or two while they are rotated.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, WebhookSecretError> {
        if !(1..=2).contains(&texts.len()) {
            return Err(WebhookSecretError::Count);
        }
        texts.iter().map(|text| WebhookSecret::parse(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// The header value a sender writes: one signature per key, space separated.
    pub fn sign(&self, webhook_id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let signatures: Vec<_> =
            self.0.iter().map(|secret| secret.sign(webhook_id, timestamp_s, body)).collect();
        signatures.join(" ")
    }

    /// Verifies who sent `body` and when; answers the webhook id, under which repetitions of one webhook are known.
    ///
    /// `headers` are all headers of the request, names in any case. A repeated header is refused in either shape it
    /// reaches us: as two pairs, or joined with a comma as API Gateway does. Takes the same time for every wrong
    /// signature of the right length.
    pub fn verify<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<&'a str, WebhookRejection> {
        let [id, timestamp, signatures] = signing_headers(headers)?;
        check_id(id)?;
        check_age(timestamp, now)?;
        let accepted = signatures
            .split(' ')
            .take(MAX_SIGNATURES)
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .flat_map(|given| self.0.iter().map(move |secret| (given.clone(), secret)))
            .fold(false, |accepted, (given, secret)| {
                accepted | secret.mac(id, timestamp, body).verify_slice(&given).is_ok()
            });
        if accepted { Ok(id) } else { Err(WebhookRejection::NoMatch) }
    }
}

/// The names of the three headers, in the order in which they are used.
const SIGNING_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

fn signing_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<[&'a str; 3], WebhookRejection> {
    let mut found: [Option<&str>; 3] = [None; 3];
    for (key, value) in headers {
        let Some(at) = SIGNING_HEADERS.iter().position(|name| key.eq_ignore_ascii_case(name)) else {
            continue;
        };
        let value = value.trim();
        // `v1,A` has one comma of its own; joined signatures have more.
        let joined = match SIGNING_HEADERS[at] {
            "webhook-signature" => value.split(' ').any(|one| one.matches(',').count() > 1),
            _ => value.contains(','),
        };
        if found[at].replace(value).is_some() || joined {
            return Err(WebhookRejection::RepeatedHeader(SIGNING_HEADERS[at]));
        }
    }
    let mut values = [""; 3];
    for (at, name) in SIGNING_HEADERS.into_iter().enumerate() {
        values[at] =
            found[at].filter(|value| !value.is_empty()).ok_or(WebhookRejection::MissingHeader(name))?;
    }
    Ok(values)
}

/// The id becomes part of a key in S3, so it is checked before it is believed.
fn check_id(id: &str) -> Result<(), WebhookRejection> {
    let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if id.len() <= MAX_ID_BYTES && id.bytes().all(legal) { Ok(()) } else { Err(WebhookRejection::InvalidId) }
}

fn check_age(timestamp: &str, now: Timestamp) -> Result<(), WebhookRejection> {
    let signed_at_s: i64 = timestamp.parse().map_err(|_| WebhookRejection::InvalidTimestamp)?;
    let age_s = now.as_second().saturating_sub(signed_at_s);
    match age_s {
        _ if age_s > TOLERANCE_SECONDS => Err(WebhookRejection::TooOld),
        _ if age_s < -TOLERANCE_SECONDS => Err(WebhookRejection::TooNew),
        _ => Ok(()),
    }
}

/// What a believed webhook says (version 2024-04-25). Unknown types and unknown fields are no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookEvent {
    /// Something happened to a payment.
    Transaction {
        /// What happened.
        kind: TransactionKind,
        /// The merchant's id of the payment. Not yet checked to be one of ours.
        payment_id: String,
        /// The shop it belongs to.
        store_id: String,
        /// The gateway's id of the attempt.
        transaction_id: String,
        /// The cancellation meant, for the three cancel kinds.
        cancellation_id: Option<String>,
    },
    /// Something happened to a registered card.
    BillingKey {
        /// What happened, the part after `BillingKey.`.
        kind: String,
        /// The key.
        billing_key: String,
        /// The shop it belongs to.
        store_id: String,
    },
    /// A type this version does not know: kept and acknowledged.
    Other {
        /// The type as it came.
        kind: String,
    },
}

/// The kinds of transaction events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names are PortOne's own")]
pub enum TransactionKind {
    Ready,
    Paid,
    VirtualAccountIssued,
    PartialCancelled,
    Cancelled,
    Failed,
    PayPending,
    CancelPending,
    DisputeCreated,
    DisputeResolved,
    Confirm,
}

/// The body of a webhook can't be read although its sender is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's body is not what its type promises: {0}")]
pub struct MalformedWebhook(String);

impl WebhookEvent {
    /// Reads a body. `Err` means: not JSON, no type, or a known type without the data that belongs to it.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedWebhook> {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(rename = "type")]
            kind: String,
            #[serde(default)]
            data: Value,
        }
        let malformed = |error: serde_json::Error| MalformedWebhook(error.to_string());
        let Envelope { kind, data } = serde_json::from_slice(body).map_err(malformed)?;
        if let Some(name) = kind.strip_prefix("Transaction.")
            && let Ok(kind) = serde_json::from_value::<TransactionKind>(Value::from(name))
        {
            let data: TransactionData = serde_json::from_value(data).map_err(malformed)?;
            return Ok(Self::Transaction {
                kind,
                payment_id: data.payment_id,
                store_id: data.store_id,
                transaction_id: data.transaction_id,
                cancellation_id: data.cancellation_id,
            });
        }
        if let Some(name @ ("Ready" | "Issued" | "Failed" | "Deleted" | "Updated")) =
            kind.strip_prefix("BillingKey.")
        {
            let data: BillingKeyData = serde_json::from_value(data).map_err(malformed)?;
            return Ok(Self::BillingKey {
                kind: name.to_owned(),
                billing_key: data.billing_key,
                store_id: data.store_id,
            });
        }
        Ok(Self::Other { kind })
    }

    /// The payment this event is about, if it is about one.
    pub fn payment_id(&self) -> Option<&str> {
        match self {
            Self::Transaction { payment_id, .. } => Some(payment_id),
            Self::BillingKey { .. } | Self::Other { .. } => None,
        }
    }

    /// The card this event says is deleted, by the id that we have for its key: the key itself is a secret.
    pub fn deleted_card(&self) -> Option<CardId> {
        match self {
            Self::BillingKey { kind, billing_key, .. } if kind == "Deleted" => {
                Some(BillingKey::new(billing_key).card_id())
            }
            _ => None,
        }
    }

    /// The type as PortOne spells it.
    pub fn type_name(&self) -> String {
        match self {
            Self::Transaction { kind, .. } => format!("Transaction.{kind:?}"),
            Self::BillingKey { kind, .. } => format!("BillingKey.{kind}"),
            Self::Other { kind } => kind.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "PortOne's names")]
struct TransactionData {
    payment_id: String,
    #[serde(default)]
    store_id: String,
    #[serde(default)]
    transaction_id: String,
    cancellation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BillingKeyData {
    billing_key: String,
    #[serde(default)]
    store_id: String,
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
