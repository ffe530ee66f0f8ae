//! Reads of cameras that correct themselves: what a correction takes away from the plates that were wrong.

use baro_domain::{
    GateObservation, Passage, PlateNumber, PricedLot,
    visit::{Superseded, TrackRead, superseded_plates},
};
use baro_store::{RawBody, Recorded};

use super::{Filed, PassageError, Passages, folded};

/// A read on file, and the plates that it, or a read of its tracking, was taken from.
#[derive(Debug)]
pub(super) struct Kept {
    /// The facts of the plate it is filed under.
    pub(super) recorded: Recorded,
    others: Vec<(PlateNumber, Recorded)>,
}

impl Kept {
    /// The other plates whose facts have changed, folded: the list of open plates may be behind for them.
    pub(super) fn corrected(&self, lot: &PricedLot) -> Vec<Filed> {
        let fold = |(plate, recorded): &(PlateNumber, Recorded)| folded(lot, plate.clone(), recorded.clone());
        self.others.iter().map(fold).collect()
    }
}

impl Passages {
    /// Files a read under `plate`. A tracked one is put among those of its tracking at the same time; whoever comes last
    /// there sees all of them, so corrections reach each wrong plate whatever the order.
    pub(super) async fn keep(
        &self,
        read: &GateObservation,
        plate: &PlateNumber,
        raw: Option<&RawBody>,
    ) -> Result<Kept, PassageError> {
        let (recorded, tracking) =
            futures::try_join!(self.parking.record(read, plate, raw), self.parking.follow(read, plate))?;
        let mut kept = Kept { recorded, others: Vec::new() };
        for (wrong, corrections) in superseded_plates(&tracking) {
            let own = wrong == *plate;
            if own && corrections.iter().all(|one| kept.recorded.facts.superseded.contains(one)) {
                continue;
            }
            let recorded = self.take_from(read, &wrong, &corrections, &tracking).await?;
            if own {
                kept.recorded = recorded;
            } else {
                kept.others.push((wrong, recorded));
            }
        }
        Ok(kept)
    }

    async fn take_from(
        &self,
        read: &GateObservation,
        wrong: &PlateNumber,
        corrections: &[Superseded],
        tracking: &[TrackRead],
    ) -> Result<Recorded, PassageError> {
        let entered = |one: &TrackRead| one.filed_under == *wrong && one.passage == Passage::Entered;
        let unlist = tracking.iter().any(entered);
        tracing::info!(event = %read.event_id, lot = %read.lot, "a camera corrected a plate");
        Ok(self.parking.supersede(&read.lot, wrong, corrections, unlist, read.received_at).await?)
    }
}
