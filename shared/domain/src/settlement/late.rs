//! Entries that were posted too late for their day's statement: which statement takes them in.
//!
//! A confirmed statement is never touched. What it does not hold becomes an adjustment line of the next draft, and belongs
//! to that one from then on. The journal's entry stays as it is: only where it is settled is decided here.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Statement, StatementStatus};
use crate::{
    EntryId,
    ledger::{EntryKind, JournalEntry},
};

/// At most so many adjustments in one statement; the rest waits for the next. They are written in one transaction.
pub const MAX_ADJUSTMENTS: usize = 90;
/// An entry is on file at most this long after the moment that it names as its posting.
const POSTING_TAKES: SignedDuration = SignedDuration::from_hours(1);

/// The moment at which a day is over everywhere on earth (noon in UTC of the next). Before it no draft of the day may be
/// confirmed; after it an entry of the day is late. So neither needs the lot's zone.
pub fn closes_at(day: Date) -> Timestamp {
    let noon = day.tomorrow().ok().and_then(|next| next.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok());
    noon.map_or(Timestamp::MAX, |noon| noon.timestamp())
}

/// Whether a draft that may be confirmed might have been made before an entry of `day`, posted at `posted_at`, was seen.
pub fn is_late(day: Date, posted_at: Timestamp) -> bool {
    posted_at >= closes_at(day).saturating_sub(POSTING_TAKES).unwrap_or(Timestamp::MAX)
}

/// An entry that was posted late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateEntry {
    /// It.
    pub entry: JournalEntry,
    /// The day whose statement has it among its adjustments.
    pub taken_by: Option<Date>,
}

/// Why a line stands in the statement of another day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentReason {
    /// A sale of that day became known after its statement was confirmed.
    LateSale,
    /// A refund of that day became known after its statement was confirmed.
    LateRefund,
}

/// What an adjustment line corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    /// The day that the entry belongs to.
    pub day: Date,
    /// Why it is here.
    pub reason: AdjustmentReason,
}

impl Adjustment {
    pub(super) fn of(entry: &JournalEntry) -> Self {
        let reason = match entry.kind {
            EntryKind::Sale
            | EntryKind::Surcharge
            | EntryKind::HeldReceipt
            | EntryKind::TopUp
            | EntryKind::PointsSpent
            | EntryKind::OnAccount => AdjustmentReason::LateSale,
            EntryKind::Refund
            | EntryKind::SurchargeReturn
            | EntryKind::HeldReturn
            | EntryKind::OnAccountReturned
            | EntryKind::CashOut
            | EntryKind::PointsReturned
            | EntryKind::BonusForfeited
            | EntryKind::PointsHeld
            | EntryKind::PointsReleased
            | EntryKind::CashOutHeld
            | EntryKind::CashOutDone
            | EntryKind::CashOutReleased => AdjustmentReason::LateRefund,
        };
        Self { day: entry.day, reason }
    }
}

/// What becomes of a lot's late entries when `day` is drafted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LateIntake {
    /// Adjustments of this draft.
    pub adjusts: Vec<JournalEntry>,
    /// Days not confirmed yet, whose own drafts must be computed again to take their entries in.
    pub waiting: BTreeSet<Date>,
    /// In a confirmed statement: they need not be looked at any more.
    pub settled: Vec<EntryId>,
}

enum Fate {
    Adjusts,
    Waits(Date),
    Elsewhere,
    Settled,
}

fn fate<'a>(late: &LateEntry, day: Date, statement_of: &impl Fn(Date) -> Option<&'a Statement>) -> Fate {
    let confirmed = |day| statement_of(day).filter(|found| found.status == StatementStatus::Confirmed);
    let holds = |found: &Statement| found.lines.iter().any(|line| line.entry == late.entry.id);
    let own = late.entry.day;
    match (late.taken_by, confirmed(own)) {
        (Some(taken_by), _) if confirmed(taken_by).is_some_and(holds) => Fate::Settled,
        (Some(taken_by), _) if taken_by != day => Fate::Elsewhere,
        (_, Some(statement)) if holds(statement) => Fate::Settled,
        (_, Some(_)) if own < day => Fate::Adjusts,
        (_, Some(_)) => Fate::Elsewhere,
        (_, None) => Fate::Waits(own),
    }
}

/// Sorts a lot's late entries for the draft of `day`. `statement_of` gives the lot's statements as they are now.
///
/// The order of `pool` makes no difference, and asked again after the draft was written the answer is the same.
pub fn take_in<'a>(
    day: Date,
    pool: &[LateEntry],
    statement_of: impl Fn(Date) -> Option<&'a Statement>,
) -> LateIntake {
    let mut sorted: Vec<&LateEntry> = pool.iter().collect();
    // What this draft has already stays in it, however many have come since.
    sorted.sort_by_key(|late| (late.taken_by != Some(day), late.entry.occurred_at, &late.entry.id));
    let mut intake = LateIntake::default();
    for late in sorted {
        match fate(late, day, &statement_of) {
            Fate::Adjusts if intake.adjusts.len() < MAX_ADJUSTMENTS => {
                intake.adjusts.push(late.entry.clone());
            }
            Fate::Waits(own) if own != day => {
                intake.waiting.insert(own);
            }
            Fate::Settled => intake.settled.push(late.entry.id.clone()),
            Fate::Adjusts | Fate::Waits(_) | Fate::Elsewhere => {}
        }
    }
    intake
}
