//! Bytes to text: Korean controllers send UTF-8 or CP949, and say so in the header, in their settings, or not at all.

use std::borrow::Cow;

use encoding_rs::{EUC_KR, Encoding};

use crate::GateRequest;

/// The parameter of a content type (`charset`, `boundary`), unquoted.
pub(crate) fn parameter<'a>(content_type: &'a str, name: &str) -> Option<&'a str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then_some(value)
    })
}

/// The media type without its parameters, in lower case.
pub(crate) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The body as text. Valid UTF-8 is UTF-8 whatever the label says; else the label decides; else CP949 (which
/// encoding_rs calls EUC-KR). A byte that fits nowhere becomes U+FFFD: a spoilt letter makes a plate unrecognised, it
/// must not lose the car.
pub(crate) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    let bytes = trim(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    }
    let utf16 = [&[0xFF, 0xFE][..], &[0xFE, 0xFF][..]].iter().any(|mark| bytes.starts_with(mark));
    let named = label.and_then(|label| {
        let windows = label.trim().to_ascii_lowercase();
        let label =
            if matches!(windows.as_str(), "cp949" | "ms949" | "uhc" | "949") { "euc-kr" } else { &windows };
        Encoding::for_label(label.as_bytes())
    });
    // UTF-8 was ruled out above, so a label that says UTF-8 is wrong.
    let encoding = named.filter(|encoding| utf16 || *encoding != encoding_rs::UTF_8).unwrap_or(EUC_KR);
    encoding.decode(bytes).0
}

/// As [`decode`], by what the request says of itself.
pub(crate) fn decode_body<'a>(request: &GateRequest<'a>) -> Cow<'a, str> {
    let declared = request.content_type.and_then(|value| parameter(value, "charset"));
    decode(request.body, declared.or(request.charset))
}

/// Without white space and the NULs with which some controllers close a message.
fn trim(bytes: &[u8]) -> &[u8] {
    let padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let from = bytes.iter().position(|byte| !padding(byte)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|byte| !padding(byte)).map_or(from, |last| last + 1);
    &bytes[from..to]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_is_read_with_and_without_a_label() {
        let (cp949, _, _) = EUC_KR.encode("12똠3456");
        for label in [None, Some("CP949"), Some("euc-kr"), Some("utf-8"), Some("nonsense")] {
            assert_eq!(decode(&cp949, label), "12똠3456", "{label:?}");
            assert_eq!(decode("12똠3456".as_bytes(), label), "12똠3456", "{label:?}");
        }
    }

    #[test]
    fn marks_and_padding_are_no_text() {
        assert_eq!(decode(b"\xEF\xBB\xBF{}\0\0\r\n", None), "{}");
        assert_eq!(decode(b"\0 ", None), "");
    }

    #[test]
    fn parameters_are_found_in_any_case_and_quoting() {
        assert_eq!(parameter("multipart/form-data; Boundary=\"a b\"", "boundary"), Some("a b"));
        assert_eq!(parameter("application/json;charset=CP949", "charset"), Some("CP949"));
        assert_eq!(parameter("charset=x", "charset"), None);
        assert_eq!(media_type("Text/XML; charset=utf-8"), "text/xml");
    }
}
