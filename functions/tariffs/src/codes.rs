//! The errors of the workbench, and how its refusals are told as them.

use baro_domain::workbench::WorkbenchError;
use baro_runtime::{
    ErrorCode, Problem,
    http::{INVALID_MEMBER, MALFORMED_JSON},
    problem::internal,
};

/// The tariff does not hold together; `problems` lists each fault with the path of its field.
pub const TARIFF_INVALID: ErrorCode =
    ErrorCode::new(422, "tariff-invalid", "The tariff does not hold together");
/// `timeZone` is in no time zone database.
pub const UNKNOWN_TIME_ZONE: ErrorCode =
    ErrorCode::new(422, "no-such-time-zone", "There is no such time zone");
/// `leftAt` is before `enteredAt`.
pub const LEFT_BEFORE_ENTERED: ErrorCode =
    ErrorCode::new(422, "left-before-entered", "The car left before it entered");
/// Longer than a year.
pub const STAY_TOO_LONG: ErrorCode =
    ErrorCode::new(422, "stay-too-long", "The workbench explains stays of at most 366 days");
/// Thousands of lines.
pub const QUOTE_TOO_LONG: ErrorCode =
    ErrorCode::new(422, "quote-too-long", "The quote has too many lines: ask for a shorter stay");
/// A pass that the tariff does not sell; `offers` lists what it sells.
pub const UNKNOWN_PASS: ErrorCode = ErrorCode::new(422, "unknown-pass", "The tariff sells no such pass");

/// All codes of this crate.
pub const CODES: &[ErrorCode] =
    &[TARIFF_INVALID, UNKNOWN_TIME_ZONE, LEFT_BEFORE_ENTERED, STAY_TOO_LONG, QUOTE_TOO_LONG, UNKNOWN_PASS];

pub(crate) fn problem(error: WorkbenchError) -> Problem {
    let detail = error.to_string();
    match error {
        WorkbenchError::NotJson(why) => MALFORMED_JSON.problem().detail(why),
        WorkbenchError::Member { path, message } => {
            INVALID_MEMBER.problem().detail(message).with("pointer", pointer(&path))
        }
        WorkbenchError::Tariff(problems) => match serde_json::to_value(&problems) {
            Ok(listed) => TARIFF_INVALID.problem().detail(summary(&problems)).with("problems", listed),
            Err(error) => internal(&error),
        },
        WorkbenchError::UnknownZone(_) => UNKNOWN_TIME_ZONE.problem().detail(detail),
        WorkbenchError::LeftBeforeEntered { .. } => LEFT_BEFORE_ENTERED.problem().detail(detail),
        WorkbenchError::StayTooLong => STAY_TOO_LONG.problem(),
        WorkbenchError::TooManyLines(_) => QUOTE_TOO_LONG.problem().detail(detail),
        WorkbenchError::UnknownPass { sold, .. } => {
            UNKNOWN_PASS.problem().detail(detail).with("offers", sold)
        }
    }
}

/// The first fault in words; the rest is in the list.
fn summary(problems: &[baro_domain::tariff::Problem]) -> String {
    match problems {
        [] => String::new(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// `discounts[0].rule` as a JSON pointer in a URL's fragment: `#/discounts/0/rule`.
fn pointer(path: &str) -> String {
    if path == "." {
        return "#".to_owned();
    }
    format!("#/{}", path.replace(['.', '['], "/").replace(']', ""))
}

#[cfg(test)]
mod tests {
    use super::pointer;

    #[test]
    fn a_path_becomes_a_pointer() {
        assert_eq!(pointer("discounts[0].rule"), "#/discounts/0/rule");
        assert_eq!(pointer("."), "#");
    }
}
