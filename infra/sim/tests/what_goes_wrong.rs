//! Everything that is known to go wrong at gates has a test, and everything that went wrong in public with payments:
//! `infra/docs/what-goes-wrong.md` and `infra/docs/payments-gone-wrong.md` say which, and this says that it is so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it stands")]

use std::collections::BTreeSet;
use std::path::Path;

/// The list of the facts about gates, in its own words.
const KNOWN: [&str; 16] = [
    "Duplicate reads",
    "Resend after a lost acknowledgement",
    "Late batch hours later",
    "Out of order (exit before entry)",
    "Missed entry",
    "Missed exit",
    "Missed exit + missed entry read as one long stay",
    "Re-entry while a session is open",
    "Plate misread at one end",
    "Plate corrected by UPDATE",
    "Two reads per car",
    "Camera clock skew",
    "Phantom session from someone else's misread plate, growing for days",
    "Vendor says 200 with an error in the body",
    "Same car in two lots at once",
    "Gate already open",
];

/// The list of the facts about the payment gateway, in its own words.
const KNOWN_OF_PAYMENTS: [&str; 11] = [
    "Webhook before the redirect, and the reverse",
    "The same webhook twice at once",
    "Paid after we cancelled for time-out",
    "Virtual account deposited after expiry",
    "Virtual account deposited with another amount",
    "Refund larger than the balance",
    "Two partial refunds at once",
    "Billing-key charge timed out at our side but succeeded at theirs",
    "Paid late on what was paid otherwise meanwhile (cal.com #11278)",
    "Only the first of two payments refunded (cal.com PR 29685)",
    "Paid but unregistered under load (alf.io #1421)",
];

/// The indices, and what each must have.
const INDICES: [(&str, &[&str]); 2] =
    [("infra/docs/what-goes-wrong.md", &KNOWN), ("infra/docs/payments-gone-wrong.md", &KNOWN_OF_PAYMENTS)];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the table: what goes wrong (as in the row above, where empty), file, test.
fn rows(index: &str) -> Vec<(String, String, String)> {
    let text = read(index);
    let (mut rows, mut what) = (Vec::new(), String::new());
    for line in text.lines().filter(|line| line.starts_with("| ")).skip(2) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [said, _, shown] = cells[..] else { panic!("not three cells: {line}") };
        if !said.is_empty() {
            said.clone_into(&mut what);
        }
        let (file, test) = shown.trim_start_matches('`').split_once("` ").unwrap();
        rows.push((what.clone(), file.to_owned(), test.to_owned()));
    }
    rows
}

#[test]
fn everything_that_goes_wrong_has_a_test() {
    for (index, known) in INDICES {
        let shown: BTreeSet<String> = rows(index).into_iter().map(|(what, ..)| what).collect();
        assert_eq!(shown, known.iter().map(|what| (*what).to_owned()).collect(), "{index}");
    }
}

#[test]
fn every_test_of_the_table_is_a_test_that_runs() {
    for (what, file, test) in INDICES.iter().flat_map(|(index, _)| rows(index)) {
        let source = read(&file);
        let Some(at) = source.find(&format!("fn {test}(")) else { panic!("{what}: {file} has no {test}") };
        // Attributes stand in the lines above, up to the end of what comes before.
        let above = source[..at].rsplit_once('\n').map_or("", |(above, _)| above);
        let own: Vec<&str> = above
            .lines()
            .rev()
            .map(str::trim)
            .take_while(|line| !line.starts_with('}') && !line.is_empty())
            .collect();
        assert!(
            own.iter().any(|line| line.contains("test]") || line.contains("::test(")),
            "{what}: {test} is no test"
        );
        assert!(!own.iter().any(|line| line.contains("ignore")), "{what}: {test} does not run");
    }
}
