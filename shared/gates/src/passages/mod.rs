//! From an observation to facts on file and, for a gate that waits, a decision: record → fold → decide. The one place
//! that does it, for live reports and for what a controller kept while offline.
//!
//! Each step can be repeated: a read is filed under its event id, the index of open plates is corrected to what the
//! fold says, and outworn facts are moved with the item's revision as a guard. So a crash, a lost answer and a resend
//! end in the same facts.

mod decision;
mod message;
mod near;
mod track;

use std::sync::Arc;

use baro_domain::{
    FeesError, GateObservation, LotId, PlateNumber, PricedLot,
    visit::{Timeline, fold, is_superseded, outworn, visit_behind},
};
use baro_store::{Cached, Directory, Parking, RawBody, Recorded, StoreError};
use jiff::{SignedDuration, Timestamp};

pub use decision::{GateDecision, GateReason};
pub use message::BacklogMessage;

/// A read that reaches us later than this after it was taken moves no barrier: the car it speaks of is no longer
/// waiting, and the one that waits now may be another. Gates resend within seconds.
pub const MAX_LATENESS: SignedDuration = SignedDuration::from_secs(120);

/// Why a read could not be filed or judged.
#[derive(Debug, thiserror::Error)]
pub enum PassageError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The Directory has no such lot: it is being set up, or was removed under its gates.
    #[error("unknown lot {0}")]
    UnknownLot(LotId),
    /// The lot's tariff does not compile.
    #[error("tariff of {lot}: {source}")]
    Tariff {
        /// Lot.
        lot: LotId,
        /// Why.
        source: FeesError,
    },
}

impl PassageError {
    /// Whether the same read may succeed later without anybody mending anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

/// A read on file: the facts of its plate as they are with it, and what they fold to.
#[derive(Debug)]
struct Filed {
    plate: PlateNumber,
    recorded: Recorded,
    timeline: Timeline,
    /// Plates that the camera has taken the car for and found to be wrong.
    ruled_out: Vec<PlateNumber>,
}

/// Files reads and answers gates.
#[derive(Debug)]
pub struct Passages {
    parking: Parking,
    directory: Directory,
    lots: Cached<LotId, Arc<PricedLot>>,
}

impl Passages {
    /// On these tables.
    pub fn new(parking: Parking, directory: Directory) -> Self {
        Self { parking, directory, lots: Cached::default() }
    }

    /// The Directory, for the gates themselves.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The lot with its prices, kept for a minute.
    pub async fn lot(&self, id: &LotId, now: Timestamp) -> Result<Arc<PricedLot>, PassageError> {
        let load = async |id: &LotId| {
            let Some(record) = self.directory.lot(id).await? else { return Ok(None) };
            let priced =
                record.priced().map_err(|source| PassageError::Tariff { lot: id.clone(), source })?;
            Ok::<_, PassageError>(Some(Arc::new(priced)))
        };
        self.lots.get(id, now, load).await?.ok_or_else(|| PassageError::UnknownLot(id.clone()))
    }

    /// Files a read that was kept while the gate was offline, or came late: no barrier waits for it.
    ///
    /// No near match is looked for: which plates were in the lot at that time is not known before all of the backlog
    /// is folded, and a match that depends on the order of delivery would make the result depend on it.
    pub async fn file(
        &self,
        read: &GateObservation,
        raw: Option<&RawBody>,
        now: Timestamp,
    ) -> Result<(), PassageError> {
        let plate = filed_under(read);
        let (kept, lot) = futures::try_join!(self.keep(read, &plate, raw), self.lot(&read.lot, now))?;
        for filed in kept.corrected(&lot) {
            self.relist(&lot, &filed).await?;
        }
        let filed = folded(&lot, plate, kept.recorded);
        // The list of open plates must be right in the end: where it can't be written, the message comes again.
        if !self.relist(&lot, &filed).await? {
            self.archive(&lot, &filed, now).await;
        }
        Ok(())
    }

    /// Files a read as it happens and decides what the gate is told.
    ///
    /// One request on DynamoDB for an entry, an exit approach and an exit passage when the lot is known; three at most
    /// otherwise (four when a car without a visit, in a lane with a single read, is let go under another plate). A tracked
    /// read costs one more, and one for each plate its tracking is taken from.
    pub async fn judge(
        &self,
        read: &GateObservation,
        raw: Option<&RawBody>,
        now: Timestamp,
    ) -> Result<GateDecision, PassageError> {
        let plate = filed_under(read);
        let (kept, lot) = futures::join!(self.keep(read, &plate, raw), self.lot(&read.lot, now));
        let kept = kept?;
        let lot = match lot {
            Ok(lot) => lot,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                // The read is kept and folds once the lot is mended; whoever stands at the barrier can't wait for that.
                tracing::error!(lot = %read.lot, cause = %error, "the lot can't be priced");
                return Ok(decision::without_lot(read));
            }
        };
        let mut ruled_out = Vec::new();
        for corrected in kept.corrected(&lot) {
            self.relist_or_warn(&lot, &corrected).await;
            ruled_out.push(corrected.plate);
        }
        let filed = Filed { ruled_out, ..folded(&lot, plate, kept.recorded) };
        let timed = at_first_delivery(read, &filed);
        let read = timed.as_ref().unwrap_or(read);
        if is_superseded(&filed.recorded.facts, read) {
            self.tidy(&lot, &filed, now).await;
            return Ok(GateDecision::Recorded { reason: GateReason::Superseded, visit: None });
        }
        let decision = self.judge_filed(&lot, filed, read, raw, now).await?;
        Ok(match read.unasked {
            Some(unasked) => decision.unasked(unasked),
            None => decision,
        })
    }

    async fn judge_filed(
        &self,
        lot: &PricedLot,
        filed: Filed,
        read: &GateObservation,
        raw: Option<&RawBody>,
        now: Timestamp,
    ) -> Result<GateDecision, PassageError> {
        if now.duration_since(read.observed_at) > MAX_LATENESS {
            self.tidy(lot, &filed, now).await;
            return Ok(GateDecision::Recorded { reason: GateReason::StaleRead, visit: None });
        }
        let explained = visit_behind(&lot.context(), &filed.timeline, read.observed_at).is_some();
        if read.passage.is_exit() && !explained {
            // Its passage may have been taken for the end of a visit that began after it.
            self.relist_or_warn(lot, &filed).await;
            return self.judge_stranger(lot, read, raw, &filed).await;
        }
        let decision = decision::decide(lot, &filed.timeline, read);
        self.tidy(lot, &filed, now).await;
        Ok(decision)
    }

    /// Puts right what the read left behind. The answer is decided by now and must not fail for it: what is not done
    /// here is done at the next read of the plate, which finds the same difference.
    async fn tidy(&self, lot: &PricedLot, filed: &Filed, now: Timestamp) {
        if !self.relist_or_warn(lot, filed).await {
            self.archive(lot, filed, now).await;
        }
    }

    /// As [`Self::relist`], for where its failure must not fail the answer.
    async fn relist_or_warn(&self, lot: &PricedLot, filed: &Filed) -> bool {
        self.relist(lot, filed).await.unwrap_or_else(|cause| {
            tracing::warn!(lot = %lot.lot.id, %cause, "the list of open plates is behind");
            true
        })
    }

    /// Lists the plate as open, or no longer, where the fold says otherwise than the item; answers whether it had to.
    async fn relist(&self, lot: &PricedLot, filed: &Filed) -> Result<bool, PassageError> {
        let open_since = filed.timeline.open().map(|visit| visit.entered_at);
        if open_since.is_some() == filed.recorded.listed_open {
            return Ok(false);
        }
        self.parking.list_open(&lot.lot.id, &filed.plate, filed.recorded.revision, open_since).await?;
        Ok(true)
    }

    /// Moves away facts that no later read can change. Never an error: carrying them costs little.
    async fn archive(&self, lot: &PricedLot, filed: &Filed, now: Timestamp) {
        let Some(outworn) = outworn(&filed.recorded.facts, &filed.timeline, now) else { return };
        let moved =
            self.parking.archive(&lot.lot.id, &filed.plate, filed.recorded.revision, &outworn, now).await;
        if let Err(cause) = moved {
            tracing::warn!(lot = %lot.lot.id, %cause, "outworn facts stay for now");
        }
    }
}

fn folded(lot: &PricedLot, plate: PlateNumber, recorded: Recorded) -> Filed {
    let timeline = fold(&lot.context(), &recorded.facts);
    Filed { plate, recorded, timeline, ruled_out: Vec::new() }
}

/// The read at the time that it was filed with first: what is known of the gate's clock may have changed since, and a
/// resend must not be judged by another time than the fact that it repeats.
fn at_first_delivery(read: &GateObservation, filed: &Filed) -> Option<GateObservation> {
    let facts = &filed.recorded.facts;
    let first = facts.observations.iter().find(|known| known.event_id == read.event_id)?;
    let (observed_at, reported_at) = (first.observed_at, first.reported_at);
    (observed_at != read.observed_at).then(|| GateObservation { observed_at, reported_at, ..read.clone() })
}

/// Under which plate a read is filed: its own, or, where nothing was read, a text of its own that is no plate, so that
/// two unread cars are not taken for one.
fn filed_under(read: &GateObservation) -> PlateNumber {
    if !read.plate.is_unread() {
        return read.plate.clone();
    }
    // What a camera tracks is one car, however often it can't be read.
    let car = match &read.track {
        Some(track) => track.id.as_str().trim_start_matches(baro_domain::TrackId::PREFIX),
        None => read.event_id.as_str().trim_start_matches(baro_domain::EventId::PREFIX),
    };
    PlateNumber::parse(&format!("?{car}"))
}
