//! Pictures inside reports: what counts as one, how large it may be, how base64 is read.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The largest picture kept. A 4K JPEG of a lane is well below.
pub const MAX_IMAGE_BYTES: usize = 4 * 1024 * 1024;

/// Longer texts in a picture's field are taken for base64.
const MAX_REFERENCE_BYTES: usize = 300;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The content type by the first bytes: cameras send JPEG as octet-stream, or call a BMP a JPEG.
pub(crate) fn content_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'B', b'M', ..] => Some("image/bmp"),
        _ => None,
    }
}

/// Whether a text in a picture's field names a file instead of being one.
pub(crate) fn is_reference(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let file = [".jpg", ".jpeg", ".png", ".bmp"].iter().any(|end| lower.ends_with(end));
    text.len() <= MAX_REFERENCE_BYTES && (file || lower.contains("://") || lower.contains('\\'))
}

/// Base64 with or without padding, line breaks and a `data:` prefix.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let payload = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(',')?.1,
        None => text,
    };
    if payload.len() / 4 * 3 > MAX_IMAGE_BYTES + 3 {
        return None;
    }
    let compact: Vec<u8> = payload.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(compact).ok().filter(|bytes| !bytes.is_empty())
}

/// A name that is safe inside an object key.
pub(crate) fn safe_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    name.rsplit(['/', '\\']).next().unwrap_or(name).chars().take(64).map(safe).collect()
}
