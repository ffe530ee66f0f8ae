//! What is known of a lot's occupancy, and how a report joins it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Count, CountReport, ReportError, Source, SpaceClass, SpaceTotals};
use crate::Lot;

/// The number of open visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitCount {
    /// Cars. Below zero only when the counter has drifted.
    pub occupied: i64,
    /// When it was true at the latest.
    pub counted_at: Timestamp,
}

/// The newest word of every source of a lot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OccupancyState {
    /// Of counters and cameras, by class.
    pub counts: BTreeMap<(Source, SpaceClass), Count>,
    /// Of the sensors of all spaces together.
    pub spaces: SpaceTotals,
    /// Of the visits.
    pub visits: Option<VisitCount>,
}

/// The state with a report taken in. Of one source and class the newest word stays, whatever the order of arrival.
pub fn merge(
    lot: &Lot,
    state: &OccupancyState,
    report: &CountReport,
    now: Timestamp,
) -> Result<OccupancyState, ReportError> {
    report.check(lot, now)?;
    let mut merged = state.clone();
    let known = merged.counts.entry((report.source.clone(), report.class)).or_insert(report.count);
    *known = (*known).max(report.count);
    Ok(merged)
}
