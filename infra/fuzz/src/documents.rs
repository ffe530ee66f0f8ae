//! Documents that people upload: the national file of car parks, and tariffs.

use baro_domain::{
    Tariff, TariffSpec, Won,
    national::{self, COLUMNS},
    workbench::{QuoteRequest, WorkbenchError, check, tariff_of},
};
use jiff::{SignedDuration, Timestamp};

/// So many rows of a file are priced.
const PRICED_ROWS: usize = 3;

/// An input is a file, and also rows under the standard's own header.
pub(crate) fn national(data: &[u8]) {
    file(data);
    file(format!("{}\n{}", COLUMNS.join(","), national::decode(data)).as_bytes());
}

fn file(bytes: &[u8]) {
    let Ok(rows) = national::read(bytes) else { return };
    for (expected, (number, outcome)) in (1..).zip(rows) {
        assert_eq!(number, expected, "a row was lost");
        match outcome {
            Ok(lot) => {
                assert!(!lot.lot.name.is_empty() && !lot.provider_code.is_empty());
                assert_eq!(lot.lot.remarks.len(), lot.remarks.len());
                // Pricing takes longer than reading: a few rows are enough of it.
                if expected <= PRICED_ROWS {
                    price(&lot.tariff.into());
                }
            }
            Err(refused) => assert!(!refused.reason.is_empty(), "refused without a reason"),
        }
    }
}

/// An input is a tariff document, and also a question to the workbench.
pub(crate) fn tariff(data: &[u8]) {
    let answer = check(data, true);
    assert_eq!(answer.as_ref().is_ok_and(|answer| answer.ok), tariff_of(data).is_ok());
    if let Ok(answer) = &answer {
        assert_eq!(answer.ok, answer.problems.is_empty(), "a fault without a problem, or the reverse");
    }
    if let Ok(tariff) = tariff_of(data) {
        let spec: TariffSpec = tariff.into();
        let written = serde_json::to_vec(&spec).unwrap_or_default();
        assert_eq!(Tariff::from_json(&written).ok().map(TariffSpec::from), Some(spec.clone()));
        price(&spec);
    }
    if let Ok(question) = QuoteRequest::from_json(data) {
        let _ = question.answer();
    }
}

/// A tariff that holds together prices every stay, never below nothing.
fn price(spec: &TariffSpec) {
    let entered: Timestamp = "2026-11-20T14:31:07+09:00".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    for minutes in [0, 31, 3 * 60, 3 * 24 * 60] {
        let left = entered + SignedDuration::from_mins(minutes);
        match QuoteRequest::new(spec.clone(), entered, left).answer() {
            Ok(quote) => assert!(quote.total >= Won::ZERO, "the driver is paid for parking"),
            Err(WorkbenchError::TooManyLines(_)) => {}
            Err(other) => assert!(matches!(other, WorkbenchError::TooManyLines(_)), "{other}"),
        }
    }
}
