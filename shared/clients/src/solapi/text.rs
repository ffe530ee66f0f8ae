//! How long a text is for a Korean carrier, and whether it goes as SMS or LMS.

use encoding_rs::EUC_KR;

/// An SMS is at most this long, in bytes of CP949.
pub const SMS_BYTES: usize = 90;
/// An LMS is at most this long, in bytes of CP949.
pub const LMS_BYTES: usize = 2_000;

/// How a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// Short.
    Sms,
    /// Long.
    Lms,
}

/// A text as a carrier can take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierText {
    /// Short or long.
    pub kind: TextKind,
    /// The text; what CP949 does not have is replaced by `?`, as the carriers do.
    pub text: String,
    /// Its length in CP949, bytes.
    pub bytes: usize,
}

/// The text is longer than an LMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text of {bytes} bytes is longer than an LMS ({LMS_BYTES})")]
pub struct TooLong {
    /// Its length in CP949, bytes.
    pub bytes: usize,
}

impl CarrierText {
    /// Measures a text. (`EUC-KR` of the WHATWG, which `encoding_rs` follows, is CP949.)
    pub fn new(text: &str) -> Result<Self, TooLong> {
        let mut carried = String::with_capacity(text.len());
        let mut bytes = 0;
        for c in text.chars() {
            let mut utf8 = [0; 4];
            let (encoded, _, unmappable) = EUC_KR.encode(c.encode_utf8(&mut utf8));
            carried.push(if unmappable { '?' } else { c });
            bytes += if unmappable { 1 } else { encoded.len() };
        }
        let kind = if bytes <= SMS_BYTES { TextKind::Sms } else { TextKind::Lms };
        if bytes > LMS_BYTES { Err(TooLong { bytes }) } else { Ok(Self { kind, text: carried, bytes }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_counts_two_and_latin_one() {
        let text = CarrierText::new("가A").unwrap();
        assert_eq!((text.bytes, text.kind), (3, TextKind::Sms));
        // 똠 and 햏 are in CP949 but not in the older EUC-KR.
        assert_eq!(CarrierText::new("똠햏").unwrap().bytes, 4);
    }

    #[test]
    fn ninety_bytes_are_an_sms_and_one_more_is_an_lms() {
        assert_eq!(CarrierText::new(&"가".repeat(45)).unwrap().kind, TextKind::Sms);
        assert_eq!(CarrierText::new(&("가".repeat(45) + "!")).unwrap().kind, TextKind::Lms);
        assert_eq!(CarrierText::new(&"가".repeat(1_000)).unwrap().kind, TextKind::Lms);
        assert_eq!(CarrierText::new(&("가".repeat(1_000) + "!")), Err(TooLong { bytes: 2_001 }));
    }

    #[test]
    fn what_a_carrier_can_not_carry_becomes_a_question_mark() {
        let text = CarrierText::new("주차 🚗 완료").unwrap();
        assert_eq!((text.text.as_str(), text.bytes), ("주차 ? 완료", 11));
    }
}
