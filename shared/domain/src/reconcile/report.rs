//! What is known of a day after several runs: what was found, what was asked to heal, and what has.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Finding, FindingKind, Reconciled, Severity, Totals};

/// So long after payment-sync was asked a difference that heals has healed: the payment queue's five tries take minutes.
/// One that is older is a person's.
pub const HEALS_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// A finding with its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedFinding {
    /// It, as the last run saw it.
    #[serde(flatten)]
    pub finding: Finding,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// When payment-sync was first asked to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hinted_at: Option<Timestamp>,
    /// When a run first saw it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healed_at: Option<Timestamp>,
}

impl ReportedFinding {
    /// Whether it is still there.
    pub fn is_open(&self) -> bool {
        self.healed_at.is_none()
    }

    fn key(&self) -> (String, FindingKind) {
        (self.finding.payment.clone(), self.finding.kind)
    }
}

/// A day as the last run left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayReport {
    /// The day.
    pub day: Date,
    /// When the last run was.
    pub ran_at: Timestamp,
    /// Both sides' sums.
    pub totals: Totals,
    /// All findings so far, by payment and kind.
    pub findings: Vec<ReportedFinding>,
}

impl DayReport {
    /// The report of a run at `now` that comes after `previous`.
    pub fn after(previous: Option<&Self>, day: Date, run: Reconciled, now: Timestamp) -> Self {
        let mut all: BTreeMap<(String, FindingKind), ReportedFinding> = previous
            .into_iter()
            .flat_map(|previous| &previous.findings)
            .map(|one| (one.key(), ReportedFinding { healed_at: one.healed_at.or(Some(now)), ..one.clone() }))
            .collect();
        let was_open = |key: &(String, FindingKind)| {
            previous
                .into_iter()
                .flat_map(|previous| &previous.findings)
                .any(|one| one.key() == *key && one.is_open())
        };
        for finding in run.findings {
            let key = (finding.payment.clone(), finding.kind);
            let known = all.get(&key);
            let first_seen_at = known.map_or(now, |known| known.first_seen_at);
            // One that healed and came back is asked about anew.
            let hinted_at = known.filter(|_| was_open(&key)).and_then(|known| known.hinted_at);
            all.insert(key, reported(finding, first_seen_at, hinted_at, now));
        }
        Self { day, ran_at: now, totals: run.totals, findings: all.into_values().collect() }
    }

    /// What payment-sync is asked to look at.
    pub fn to_heal(&self) -> impl Iterator<Item = &ReportedFinding> {
        self.open().filter(|one| one.finding.severity == Severity::Heals)
    }

    /// What waits for a person.
    pub fn for_person(&self) -> impl Iterator<Item = &ReportedFinding> {
        self.open().filter(|one| one.finding.severity == Severity::Person)
    }

    fn open(&self) -> impl Iterator<Item = &ReportedFinding> {
        self.findings.iter().filter(|one| one.is_open())
    }
}

/// A finding that was to heal and has not is a person's from now on.
fn reported(
    mut finding: Finding,
    first_seen_at: Timestamp,
    hinted_at: Option<Timestamp>,
    now: Timestamp,
) -> ReportedFinding {
    let heals = finding.severity == Severity::Heals;
    if heals && hinted_at.is_some_and(|hinted_at| now.duration_since(hinted_at) > HEALS_WITHIN) {
        finding.severity = Severity::Person;
        finding.why.push_str("; payment-sync was asked to look, and it did not heal");
    }
    let hinted_at = if heals { hinted_at.or(Some(now)) } else { hinted_at };
    ReportedFinding { finding, first_seen_at, hinted_at, healed_at: None }
}
