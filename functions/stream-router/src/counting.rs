//! The counters of large lots: the changes of a lot in the order of the stream, and the recounts among them.

use std::collections::BTreeMap;

use baro_domain::{LotId, occupancy::Recount};
use baro_store::{Activity, OccupancyChange, StoreError};
use jiff::Timestamp;

/// What one record means to its lot's counter.
#[derive(Debug)]
pub(crate) enum Step {
    /// It moves.
    Change(OccupancyChange),
    /// It was counted anew.
    Recount {
        /// Sequence number of the marker's record.
        sequence: String,
        /// What was counted.
        recount: Recount,
    },
}

/// Takes the steps of a batch, lot by lot, each lot's in their order. One request a lot, and two more for a recount in
/// the middle of its changes: what lies before it must be counted when it is looked at.
pub(crate) async fn take(
    activity: &Activity,
    steps: Vec<(LotId, Step)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut by_lot: BTreeMap<LotId, Vec<Step>> = BTreeMap::new();
    for (lot, step) in steps {
        by_lot.entry(lot).or_default().push(step);
    }
    for (lot, steps) in by_lot {
        let mut changes = Vec::new();
        for step in steps {
            match step {
                Step::Change(change) => changes.push(change),
                Step::Recount { sequence, recount } => {
                    activity.count_occupancy(&lot, &std::mem::take(&mut changes), now).await?;
                    let is_taken = activity.take_recount(&lot, &sequence, &recount, now).await?;
                    tracing::info!(%lot, is_taken, occupied = recount.occupied, "recount");
                }
            }
        }
        activity.count_occupancy(&lot, &changes, now).await?;
    }
    Ok(())
}
