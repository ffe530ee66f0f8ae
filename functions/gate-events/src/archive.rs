//! Bodies and pictures of reads in S3. The only place that names a key of theirs.

use baro_domain::EventId;
use baro_door::{Archive, ArchiveError, day};
use baro_gates::GateImage;
use jiff::Timestamp;

pub(crate) async fn keep_raw(archive: &Archive, key: &str, body: &[u8]) -> Result<(), ArchiveError> {
    archive.put(key, "application/octet-stream", body.to_vec()).await
}

pub(crate) async fn keep_image(archive: &Archive, key: &str, image: &GateImage) -> Result<(), ArchiveError> {
    archive.put(key, image.content_type, image.bytes.clone()).await
}

/// Where a body of reads goes that is too large to be kept inside them. The day is that of the gate's own
/// clock, not of the delivery: a resend writes the same object.
pub(crate) fn raw_key(event: &EventId, observed_at: Timestamp) -> String {
    format!("gates/raw/{}/{event}", day(observed_at))
}

/// Where the `index`th picture of a read goes.
pub(crate) fn image_key(event: &EventId, observed_at: Timestamp, index: usize, content_type: &str) -> String {
    let extension = match content_type {
        "image/png" => "png",
        "image/bmp" => "bmp",
        _ => "jpg",
    };
    let place = if index == 0 { String::new() } else { format!("-{}", index + 1) };
    format!("gates/images/{}/{event}{place}.{extension}", day(observed_at))
}

/// Where a backlog's body goes.
pub(crate) fn backlog_key(received_at: Timestamp, body_digest: &str) -> String {
    format!("gates/backlog/{}/{body_digest}", day(received_at))
}
