//! Webhooks in S3 as they came: the proof of what the gateway said, and what can be replayed. The only place that names a key there.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use baro_runtime::Aws;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{MAX_BODY_BYTES, pairs};

/// S3 did not take an object.
#[derive(Debug, thiserror::Error)]
#[error("S3: {0}")]
pub(crate) struct ArchiveError(String);

/// A webhook with all that is needed to verify it again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kept<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// Why it was refused, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    received_at: Timestamp,
    headers: BTreeMap<&'a str, &'a str>,
    /// The body if it is UTF-8, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    /// The body if it is not; of one that is too long, the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    /// How long the body was.
    body_bytes: usize,
}

impl<'a> Kept<'a> {
    pub(crate) fn taken(
        id: &'a str,
        kind: &'a str,
        headers: &'a HeaderMap,
        body: &'a [u8],
        at: Timestamp,
    ) -> Self {
        Self { webhook_id: Some(id), kind: Some(kind), ..Self::of(headers, body, at) }
    }

    pub(crate) fn refused(code: &'static str, headers: &'a HeaderMap, body: &'a [u8], at: Timestamp) -> Self {
        Self { code: Some(code), ..Self::of(headers, body, at) }
    }

    fn of(headers: &'a HeaderMap, body: &'a [u8], received_at: Timestamp) -> Self {
        let beginning = &body[..body.len().min(MAX_BODY_BYTES)];
        let text = std::str::from_utf8(beginning).ok();
        Self {
            webhook_id: None,
            kind: None,
            code: None,
            received_at,
            // What a stranger sends may be somebody's credentials.
            headers: pairs(headers)
                .filter(|(name, _)| !matches!(*name, "authorization" | "cookie"))
                .collect(),
            body: text,
            body_base64: if text.is_none() { Some(STANDARD.encode(beginning)) } else { None },
            body_bytes: body.len(),
        }
    }
}

/// The bucket.
#[derive(Debug)]
pub(crate) struct Archive {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl Archive {
    pub(crate) fn new(aws: &Aws, bucket: &str) -> Self {
        let config =
            aws_sdk_s3::config::Builder::from(aws.as_ref()).force_path_style(aws.s3_path_style()).build();
        Self { s3: aws_sdk_s3::Client::from_conf(config), bucket: bucket.to_owned() }
    }

    pub(crate) async fn keep(&self, key: &str, kept: &Kept<'_>) -> Result<(), ArchiveError> {
        let bytes = serde_json::to_vec(kept).map_err(|error| ArchiveError(error.to_string()))?;
        let put = self.s3.put_object().bucket(&self.bucket).key(key).content_type("application/json");
        let sent = put.body(ByteStream::from(bytes)).send().await;
        sent.map(drop)
            .map_err(|error| ArchiveError(aws_sdk_s3::error::DisplayErrorContext(error).to_string()))
    }

    pub(crate) async fn keep_refused(&self, kept: &Kept<'_>, request: &str) -> Result<(), ArchiveError> {
        let name: String =
            request.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
        self.keep(&format!("webhooks/refused/{}/{name}.json", day(kept.received_at)), kept).await
    }
}

/// Where a webhook is kept. Its id was checked with its signature: letters, digits, `-` and `_`.
pub(crate) fn key(webhook_id: &str, received_at: Timestamp) -> String {
    format!("webhooks/portone/{}/{webhook_id}.json", day(received_at))
}

/// Where a webhook of V1 is kept, under the name made from its body.
pub(crate) fn key_v1(name: &str, received_at: Timestamp) -> String {
    format!("webhooks/portone/v1/{}/{name}.json", day(received_at))
}

/// `2026/11/20`, UTC.
fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d").to_string()
}
