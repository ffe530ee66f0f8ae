//! A body without its pictures: these are objects of their own, and what is left is small enough to lie inside the read.

use std::borrow::Cow;

use baro_gates::GateImage;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// The body with each picture replaced by a note of what lay there. A picture that is not found byte by byte, nor as
/// plain base64, stays in.
pub(crate) fn without_pictures<'a, 'i>(
    body: &'a [u8],
    images: impl IntoIterator<Item = &'i GateImage>,
) -> Cow<'a, [u8]> {
    images.into_iter().fold(Cow::Borrowed(body), |rest, image| {
        let note = format!("[{} of {} bytes]", image.content_type, image.bytes.len());
        let cut = replaced(&rest, &image.bytes, &note)
            .or_else(|| replaced(&rest, STANDARD_NO_PAD.encode(&image.bytes).as_bytes(), &note));
        cut.map_or(rest, Cow::Owned)
    })
}

/// The body with the first occurrence of `part` replaced.
fn replaced(body: &[u8], part: &[u8], note: &str) -> Option<Vec<u8>> {
    if part.is_empty() || part.len() > body.len() {
        return None;
    }
    let at = body.windows(part.len()).position(|window| window == part)?;
    Some([&body[..at], note.as_bytes(), &body[at + part.len()..]].concat())
}

#[cfg(test)]
mod tests {
    use baro_domain::EventId;

    use super::*;

    fn image(bytes: &[u8]) -> GateImage {
        let event_id = EventId::derive(&["e"]);
        GateImage { event_id, name: "a.jpg".into(), content_type: "image/jpeg", bytes: bytes.to_vec() }
    }

    #[test]
    fn a_picture_is_cut_out_of_a_form_and_out_of_base64() {
        let picture = image(&[0xFF, 0xD8, 0xFF, 1, 2]);
        let form = [b"head\r\n", &picture.bytes[..], b"\r\ntail"].concat();
        let cut = without_pictures(&form, std::slice::from_ref(&picture));
        assert_eq!(&*cut, b"head\r\n[image/jpeg of 5 bytes]\r\ntail");
        let cut = without_pictures(br#"{"p":"/9j/AQI=","q":1}"#, std::slice::from_ref(&picture));
        assert_eq!(&*cut, br#"{"p":"[image/jpeg of 5 bytes]=","q":1}"#);
    }

    #[test]
    fn what_is_not_found_stays_as_it_is() {
        let body = b"{}";
        assert!(matches!(without_pictures(body, &[image(&[1; 100])]), Cow::Borrowed(_)));
    }
}
