//! PortOne V1's webhook: a body without any signature. Who sent it is told by the address it came from alone, so it is a
//! hint where to look and nothing more.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Url;
use serde::Deserialize;

/// Where V1 sends its webhooks from, as PortOne publishes it.
pub const SOURCES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(52, 78, 100, 19)),
    IpAddr::V4(Ipv4Addr::new(52, 78, 48, 223)),
    IpAddr::V4(Ipv4Addr::new(52, 78, 5, 241)),
];
/// The longest value of a field, in bytes; V1's have at most some forty.
const MAX_FIELD_BYTES: usize = 100;

/// What a webhook of V1 says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WebhookV1 {
    /// V1's id of the attempt.
    pub imp_uid: String,
    /// The merchant's id of the payment. Not yet checked to be one of ours.
    pub merchant_uid: String,
    /// `paid`, `ready`, `failed`, `cancelled`, or what V1 adds.
    pub status: String,
    /// The cancellation meant, with some of those that cancel.
    #[serde(default)]
    pub cancellation_id: Option<String>,
}

/// The body is not a webhook of V1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a webhook of V1: {0}")]
pub struct MalformedWebhookV1(String);

impl WebhookV1 {
    /// Reads a body: JSON or a form, whichever the merchant chose in V1's console. Unknown fields are no error.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedWebhookV1> {
        let malformed = |why: &str| MalformedWebhookV1(why.to_owned());
        let text = std::str::from_utf8(body).map_err(|_| malformed("not UTF-8"))?.trim();
        let webhook = if text.starts_with('{') {
            serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))?
        } else {
            Self::from_form(text)?
        };
        let fields = [&webhook.imp_uid, &webhook.merchant_uid, &webhook.status];
        if fields.iter().any(|field| field.is_empty() || field.len() > MAX_FIELD_BYTES) {
            return Err(malformed("an empty or overlong field"));
        }
        Ok(webhook)
    }

    fn from_form(text: &str) -> Result<Self, MalformedWebhookV1> {
        let malformed = |why: String| MalformedWebhookV1(why);
        let form = Url::parse(&format!("form:?{text}")).map_err(|error| malformed(error.to_string()))?;
        let field = |name: &str| {
            let mut values = form.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value);
            let first = values.next();
            if values.next().is_some() {
                return Err(malformed(format!("{name} is there more than once")));
            }
            Ok(first.map(std::borrow::Cow::into_owned))
        };
        let needed = |name: &str| field(name)?.ok_or_else(|| malformed(format!("no {name}")));
        Ok(Self {
            imp_uid: needed("imp_uid")?,
            merchant_uid: needed("merchant_uid")?,
            status: needed("status")?,
            cancellation_id: field("cancellation_id")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_form_say_the_same() {
        let json = br#"{"imp_uid":"imp_1","merchant_uid":"pay_1","status":"paid","new":1}"#;
        let form = b"imp_uid=imp_1&merchant_uid=pay%5F1&status=paid&new=1";
        let webhook = WebhookV1::parse(json).unwrap();
        assert_eq!(webhook, WebhookV1::parse(form).unwrap());
        assert_eq!((webhook.merchant_uid.as_str(), webhook.cancellation_id), ("pay_1", None));
        let cancelled =
            WebhookV1::parse(b"imp_uid=i&merchant_uid=m&status=cancelled&cancellation_id=c").unwrap();
        assert_eq!(cancelled.cancellation_id.as_deref(), Some("c"));
    }

    #[test]
    fn what_lacks_a_field_or_has_it_twice_or_is_endless_is_refused() {
        let long = format!("imp_uid={}&merchant_uid=m&status=paid", "x".repeat(101));
        for body in [
            "",
            "{",
            r#"{"imp_uid":"i","status":"paid"}"#,
            "imp_uid=i&merchant_uid=m",
            "imp_uid=i&merchant_uid=m&merchant_uid=n&status=paid",
            "imp_uid=&merchant_uid=m&status=paid",
            &long,
        ] {
            assert!(WebhookV1::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(WebhookV1::parse(&[0xff, 0xfe]).is_err());
    }
}
