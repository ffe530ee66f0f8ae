//! multipart/form-data as cameras send it. A body that breaks off, or has too many or too large parts, still gives the
//! parts before: the report comes first, and the car must not wait for its picture.

use std::convert::Infallible;

use futures::{FutureExt as _, stream};

use crate::image::MAX_IMAGE_BYTES;
use crate::text::{media_type, parameter};
use crate::{AdaptError, AdaptErrorKind};

/// The most parts read: a report and its pictures.
pub const MAX_PARTS: usize = 16;

/// One part.
pub(crate) struct Part {
    /// The field's name, lower case.
    pub(crate) field: String,
    /// The file's name, or the field's.
    pub(crate) name: String,
    /// Its media type, lower case; empty if not given.
    pub(crate) media: String,
    pub(crate) bytes: Vec<u8>,
}

/// A body's parts.
pub(crate) struct Parts {
    pub(crate) parts: Vec<Part>,
    /// Whether more was there than could be read.
    pub(crate) cut: bool,
}

/// Whether the request is multipart, by its label.
pub(crate) fn is_multipart(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|value| media_type(value).starts_with("multipart/"))
}

/// Takes the body apart. `Err` if there is no boundary, or no part before the body breaks off.
pub(crate) fn parse(content_type: &str, body: &[u8]) -> Result<Parts, AdaptError> {
    let malformed = || AdaptError::new(AdaptErrorKind::MalformedMultipart);
    let boundary =
        parameter(content_type, "boundary").or_else(|| first_line_boundary(body)).ok_or_else(malformed)?;
    // The whole body is one chunk in memory, so the future is ready at once; if it ever were not, the rest is lost.
    let (parts, cut) = read(boundary, body).now_or_never().unwrap_or((Vec::new(), true));
    if parts.is_empty() { Err(malformed()) } else { Ok(Parts { parts, cut }) }
}

async fn read(boundary: &str, body: &[u8]) -> (Vec<Part>, bool) {
    let chunk = body.to_vec();
    let mut form = multer::Multipart::new(stream::once(async move { Ok::<_, Infallible>(chunk) }), boundary);
    let mut parts = Vec::new();
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return (parts, false),
            Err(_) => return (parts, true),
        };
        if parts.len() >= MAX_PARTS {
            return (parts, true);
        }
        let named = field.name().unwrap_or_default().to_owned();
        let name = field.file_name().map_or_else(|| named.clone(), str::to_owned);
        let media =
            field.content_type().map(|media| media.essence_str().to_ascii_lowercase()).unwrap_or_default();
        match field.bytes().await {
            // One byte beyond the limit is kept, so that the picture is told to be too large.
            Ok(bytes) => {
                let bytes = bytes[..bytes.len().min(MAX_IMAGE_BYTES + 1)].to_vec();
                parts.push(Part { field: named.to_ascii_lowercase(), name, media, bytes });
            }
            Err(_) => return (parts, true),
        }
    }
}

/// Some firmware leaves the boundary out of the header; the body begins with it.
fn first_line_boundary(body: &[u8]) -> Option<&str> {
    let line = body.split(|byte| *byte == b'\r').next()?;
    let boundary = std::str::from_utf8(line).ok()?.strip_prefix("--")?;
    (!boundary.is_empty() && boundary.len() <= 70).then_some(boundary)
}
