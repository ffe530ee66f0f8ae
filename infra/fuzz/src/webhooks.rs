//! Webhooks: who sent them, and what they say.

use baro_clients::webhook::{TOLERANCE_SECONDS, WebhookEvent, WebhookSecret, WebhookSecrets};
use jiff::Timestamp;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// When the published example was signed.
const SIGNED_AT: i64 = 1_714_039_200;

/// An input is what is posted: three lines (`webhook-id`, `webhook-timestamp`, `webhook-signature`), then the body.
pub(crate) fn webhook(data: &[u8]) {
    let _ = WebhookEvent::parse(data);
    let _ = WebhookSecret::parse(&String::from_utf8_lossy(data));
    let Some(([id, timestamp, signature], body)) = crate::head::<3>(data) else { return };
    let _ = WebhookEvent::parse(body);
    let Ok(secrets) = WebhookSecrets::parse(&[SECRET]) else { return };
    let now = Timestamp::from_second(SIGNED_AT).unwrap_or(Timestamp::UNIX_EPOCH);
    let headers =
        |signature| [("Webhook-Id", id), ("webhook-timestamp", timestamp), ("WEBHOOK-SIGNATURE", signature)];
    if let Ok(known) = secrets.verify(headers(signature), body, now) {
        let signed_at: i64 = timestamp.trim().parse().unwrap_or(i64::MAX);
        assert_eq!(known, id.trim());
        assert!((SIGNED_AT - signed_at).abs() <= TOLERANCE_SECONDS, "believed out of its time");
        // What was signed is the header as it was spelt: `+5` is the number 5, but another text.
        let ours = secrets.sign(known, signed_at, body);
        let is_plain = timestamp.trim() == signed_at.to_string();
        assert!(!is_plain || signature.contains(&ours["v1,".len()..]), "believed without a signature");
    }
    // What we sign ourselves is believed, and nothing else that differs in a byte.
    let ours = secrets.sign(id, SIGNED_AT, body);
    let stamp = SIGNED_AT.to_string();
    let own = |body: &[u8]| {
        let headers = [("webhook-id", id), ("webhook-timestamp", &stamp), ("webhook-signature", &ours)];
        secrets.verify(headers, body, now).is_ok()
    };
    let is_id = !id.is_empty()
        && id.len() <= 128
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    assert_eq!(own(body), is_id, "a signature of our own");
    let mut other = body.to_vec();
    other.push(b' ');
    assert!(!own(&other), "a changed body was believed");
}
