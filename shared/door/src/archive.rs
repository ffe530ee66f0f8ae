//! What gates sent, as it came, in S3 under dated prefixes that the template forgets after a while. Names the place of
//! refused bodies; whoever keeps something else names its place.

use aws_sdk_s3::primitives::ByteStream;
use baro_runtime::Aws;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

/// S3 did not take an object.
#[derive(Debug, thiserror::Error)]
#[error("S3: {0}")]
pub struct ArchiveError(String);

/// What is known of a refused body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refused<'a> {
    /// As it stands in the address: there may be no such gate.
    pub(crate) gate: &'a str,
    pub(crate) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) received_at: Timestamp,
    #[serde(rename = "requestId")]
    pub(crate) request: &'a str,
}

/// One document, so that nothing of it can be parted or mistaken; the body in base64, since it may be anything.
#[derive(Serialize)]
struct RefusedBody<'a> {
    #[serde(flatten)]
    refused: &'a Refused<'a>,
    body: String,
}

/// The bucket.
#[derive(Debug)]
pub struct Archive {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl Archive {
    pub(crate) fn new(aws: &Aws, bucket: &str) -> Self {
        let config =
            aws_sdk_s3::config::Builder::from(aws.as_ref()).force_path_style(aws.s3_path_style()).build();
        Self { s3: aws_sdk_s3::Client::from_conf(config), bucket: bucket.to_owned() }
    }

    /// Keeps an object; one that is there under the same key is replaced.
    pub async fn put(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        let sent = put.body(ByteStream::from(bytes)).send().await;
        sent.map_err(|error| ArchiveError(aws_sdk_s3::error::DisplayErrorContext(error).to_string()))?;
        Ok(())
    }

    pub(crate) async fn keep_refused(&self, refused: &Refused<'_>, body: &[u8]) -> Result<(), ArchiveError> {
        let key = format!("gates/refused/{}/{}.json", day(refused.received_at), safe(refused.request));
        let document = RefusedBody { refused, body: STANDARD.encode(body) };
        let bytes = serde_json::to_vec(&document).map_err(|error| ArchiveError(error.to_string()))?;
        self.put(&key, "application/json", bytes).await
    }
}

/// `2026/11/20`, UTC: the part of a key by which objects are forgotten.
pub fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d").to_string()
}

fn safe(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
}
