//! Korean first, English where the reader asks for it.

use ::http::HeaderMap;
use ::http::header::ACCEPT_LANGUAGE;
use serde::{Deserialize, Serialize};

/// A language that Baro speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// 한국어
    #[default]
    Ko,
    /// English
    En,
}

impl Language {
    /// The better of the two by `Accept-Language` (RFC 9110, 12.5.4); Korean where neither is asked for, or both equally but Korean first.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut best = (Self::Ko, 0_u16);
        for value in headers.get_all(ACCEPT_LANGUAGE) {
            for range in value.to_str().unwrap_or_default().split(',') {
                if let Some((language, weight)) = weighted(range)
                    && weight > best.1
                {
                    best = (language, weight);
                }
            }
        }
        best.0
    }

    /// The tag for `Content-Language` and `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }
}

/// `en-US;q=0.8` → English, 800 thousandths. A range without a readable weight counts in full, as most browsers would have it.
fn weighted(range: &str) -> Option<(Language, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let primary = tag.split('-').next()?;
    let language = match primary {
        "*" => Language::Ko,
        _ if primary.eq_ignore_ascii_case("ko") => Language::Ko,
        _ if primary.eq_ignore_ascii_case("en") => Language::En,
        _ => return None,
    };
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
    Some((language, weight))
}

fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if whole != "0" {
        return 1_000;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    digits.parse().unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    fn asked(value: &'static str) -> Language {
        Language::of(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(value))]))
    }

    #[test]
    fn korean_is_spoken_unless_english_is_preferred() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::Ko);
        assert_eq!(asked("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"), Language::Ko);
        assert_eq!(asked("en-GB, ko;q=0.9"), Language::En);
        assert_eq!(asked("ko;q=0.4, EN;q=0.5"), Language::En);
        assert_eq!(asked("ja, zh;q=0.8, *;q=0.1"), Language::Ko);
        assert_eq!(asked("fr, en;q=0.3"), Language::En);
        assert_eq!(asked("en;q=0"), Language::Ko, "a weight of 0 means not at all");
    }
}
