//! The errors that a counter, a camera or a sensor can meet, and how the domain's refusals are told as them.

use baro_domain::occupancy::ReportError;
use baro_door::codes::{GATE_NOT_FOUND, OBSERVED_IN_FUTURE, TOO_MANY_ENTRIES, WRONG_GATE_SECRET};
use baro_runtime::ErrorCode;

/// The lot's settings do not name this device for this class of spaces, or no sensors at all.
pub const SOURCE_NOT_CONFIGURED: ErrorCode = ErrorCode::new(
    422,
    "source-not-configured",
    "The lot does not look at this source for this class of spaces",
);
/// `all` stands for the whole lot.
pub const NO_CLASS_OF_A_SPACE: ErrorCode =
    ErrorCode::new(422, "no-class-of-a-space", "A space is of one class, and not of all");
/// More names of spaces than a lot of this size has spaces.
pub const TOO_MANY_SPACES: ErrorCode =
    ErrorCode::new(422, "too-many-spaces", "More spaces report than the lot can have");

/// All codes of this crate; with those of the runtime, all that a device can meet.
pub const CODES: &[ErrorCode] = &[
    GATE_NOT_FOUND,
    WRONG_GATE_SECRET,
    SOURCE_NOT_CONFIGURED,
    NO_CLASS_OF_A_SPACE,
    TOO_MANY_SPACES,
    OBSERVED_IN_FUTURE,
    TOO_MANY_ENTRIES,
];

pub(crate) fn of(error: ReportError) -> ErrorCode {
    match error {
        ReportError::SourceNotConfigured => SOURCE_NOT_CONFIGURED,
        ReportError::ObservedInFuture => OBSERVED_IN_FUTURE,
        ReportError::NoClassOfASpace => NO_CLASS_OF_A_SPACE,
        ReportError::TooManySpaces => TOO_MANY_SPACES,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_also_among_those_of_the_runtime() {
        let all = CODES.iter().chain(baro_runtime::CODES);
        let names: BTreeSet<_> = all.clone().map(|entry| entry.code).collect();
        assert_eq!(names.len(), all.count());
    }
}
