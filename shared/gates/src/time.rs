//! When the gate says it was: every form of time in gates.md, with and without an offset.

use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::json::Node;
use crate::{AdaptError, AdaptErrorKind};

/// A gate's clock may run this far ahead of ours. Beyond it a live read is taken at its receipt, and one that was kept is
/// refused.
pub const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Older reports are not folded by themselves: the lot's days are settled and retention has begun.
pub const MAX_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A time as the vendor wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VendorTime {
    /// With an offset, or `Z`.
    Instant(Timestamp),
    /// On the gate's wall clock.
    WallClock(DateTime),
}

impl VendorTime {
    /// `None` if the text is in no known form. A date without a time is no time.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        static PARSER: DateTimeParser = DateTimeParser::new();
        let text = text.trim();
        if !text.is_ascii() || !(14..=40).contains(&text.len()) {
            return None;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::digits(text);
        }
        let dashed: String = text.chars().map(|c| if c == '/' { '-' } else { c }).collect();
        // Offsets are written with a space before them by some.
        let dashed = dashed.replace(" +", "+").replace(" -", "-");
        if !dashed.contains(':') {
            return None;
        }
        if let Ok(instant) = PARSER.parse_timestamp(&dashed) {
            return Some(Self::Instant(instant));
        }
        PARSER.parse_datetime(&dashed).ok().map(Self::WallClock)
    }

    /// `yyyyMMddHHmmss`, or with milliseconds after it.
    fn digits(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_at_checked(14)?;
        let time = DateTime::strptime("%Y%m%d%H%M%S", seconds).ok()?;
        let millis: i32 = match fraction.len() {
            0 => 0,
            3 => fraction.parse().ok()?,
            _ => return None,
        };
        time.with().millisecond(i16::try_from(millis).ok()?).build().ok().map(Self::WallClock)
    }

    /// The instant, with a wall clock read in `zone`. A time that the clocks skipped is moved on by the gap; of a time
    /// that they showed twice the later one is meant, unless that has not come yet.
    pub(crate) fn resolve(self, zone: &TimeZone, received_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Instant(instant) => Some(instant),
            Self::WallClock(time) => {
                let ambiguous = zone.to_ambiguous_timestamp(time);
                if !matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. }) {
                    return ambiguous.compatible().ok();
                }
                let come = |later: &Timestamp| later.duration_since(received_at) <= MAX_AHEAD;
                ambiguous.later().ok().filter(come).or_else(|| ambiguous.earlier().ok())
            }
        }
    }

    /// What identifies the time in an event id: not the instant, which for an ambiguous wall clock depends on when the
    /// report arrived, and a resend arrives later.
    pub(crate) fn identity(self) -> String {
        match self {
            Self::Instant(instant) => instant.to_string(),
            Self::WallClock(time) => time.to_string(),
        }
    }
}

/// Reads a required field.
pub(crate) fn required(node: &Node<'_>, names: &[&str]) -> Result<(VendorTime, String), AdaptError> {
    let (text, path) = node.require_text(names)?;
    match VendorTime::parse(&text) {
        Some(time) => Ok((time, path)),
        None => Err(AdaptError::at(AdaptErrorKind::UnparseableTime, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str, zone: &str, received_at: &str) -> Option<String> {
        let zone = TimeZone::get(zone).unwrap();
        let time = VendorTime::parse(text)?.resolve(&zone, received_at.parse().unwrap())?;
        Some(time.to_string())
    }

    #[test]
    fn every_form_of_the_vendors_is_one_instant() {
        for text in [
            "20261120143005",
            "2026-11-20 14:30:05",
            "2026/11/20 14:30:05",
            "2026-11-20T14:30:05",
            "2026-11-20T14:30:05+09:00",
            "2026-11-20 14:30:05+0900",
            "2026-11-20 14:30:05 +09:00",
            "2026-11-20T05:30:05Z",
            "2026-11-20T05:30:05.000000Z",
            "20261120143005000",
            " 2026-11-20 14:30:05.000 ",
        ] {
            assert_eq!(
                instant(text, "Asia/Seoul", "2026-11-20T05:31:00Z").as_deref(),
                Some("2026-11-20T05:30:05Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "14:30:05",
            "20261120",
            "20261320143005",
            "2026-11-20 25:00:00",
            "1763616605",
            "yesterday at noon",
            "20261120 143005",
            "2026-02-30 10:00:00",
            "９９９９９９９９９９９９９９",
        ] {
            assert_eq!(VendorTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_hour_shown_twice_is_the_later_one_unless_it_has_not_come_yet() {
        let zone = "America/New_York";
        let text = "2026-11-01 01:30:00";
        assert_eq!(instant(text, zone, "2026-11-01T07:00:00Z").unwrap(), "2026-11-01T06:30:00Z");
        assert_eq!(instant(text, zone, "2026-11-01T05:31:00Z").unwrap(), "2026-11-01T05:30:00Z");
    }

    #[test]
    fn an_hour_that_was_skipped_is_moved_on() {
        let late = instant("2026-03-08 02:30:00", "America/New_York", "2026-03-08T12:00:00Z");
        assert_eq!(late.unwrap(), "2026-03-08T07:30:00Z");
    }

    #[test]
    fn the_identity_of_a_time_does_not_depend_on_when_it_arrived() {
        let with_offset = VendorTime::parse("2026-11-20T14:30:05+09:00").unwrap();
        assert_eq!(with_offset.identity(), VendorTime::parse("2026-11-20T05:30:05Z").unwrap().identity());
        assert_eq!(VendorTime::parse("20261120143005").unwrap().identity(), "2026-11-20T14:30:05");
    }
}
