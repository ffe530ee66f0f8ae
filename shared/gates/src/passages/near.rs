//! A car at the exit that no visit explains: it may be one in the lot whose plate was misread at one end.

use baro_domain::{
    GateObservation, Passage, PlateNumber, PricedLot, ReadConfidence,
    plate::similar::{Resemblance, resemblance},
    visit::visit_behind,
};
use baro_store::RawBody;

use super::{Filed, GateDecision, GateReason, PassageError, Passages, decision, folded};

/// So many candidates are shown to a person.
const MAX_CANDIDATES: usize = 5;

impl Passages {
    /// What a person said of this plate a moment ago holds for its next read too. Otherwise looks among the lot's open
    /// plates: the only one alike, read with confidence, gets the read on its own file too, so that its visit ends; else
    /// a person decides.
    pub(super) async fn judge_stranger(
        &self,
        lot: &PricedLot,
        read: &GateObservation,
        raw: Option<&RawBody>,
        filed: &Filed,
    ) -> Result<GateDecision, PassageError> {
        let (facts, rules, at) = (&filed.recorded.facts, lot.lot.rules, read.observed_at);
        if facts.let_go(rules, at) {
            return Ok(without_visit(read, GateReason::LetGo));
        }
        if let Some(plate) = facts.known_as(rules, at) {
            return self.judge_as(lot, read, raw, plate, GateReason::MatchedByPerson).await;
        }
        if read.plate.is_unread() {
            return Ok(unexplained(read, GateReason::UnreadPlate, Vec::new()));
        }
        let open = self.parking.open_plates(&lot.lot.id).await?;
        // Its own plate may still be listed where a list was behind; it was folded a moment ago and explains nothing.
        let others = open.iter().filter(|plate| **plate != read.plate && !filed.ruled_out.contains(plate));
        match resemblance(&read.plate, others) {
            Resemblance::None => Ok(unexplained(read, GateReason::NoVisit, Vec::new())),
            Resemblance::One(plate, _) if is_sure(read) => {
                self.judge_as(lot, read, raw, plate, GateReason::MatchedBySimilarity).await
            }
            Resemblance::One(plate, _) => {
                Ok(unexplained(read, GateReason::SimilarPlates, vec![plate.clone()]))
            }
            Resemblance::Several(near) => {
                let candidates = near.into_iter().take(MAX_CANDIDATES).map(|(plate, _)| plate.clone());
                Ok(unexplained(read, GateReason::SimilarPlates, candidates.collect()))
            }
        }
    }

    async fn judge_as(
        &self,
        lot: &PricedLot,
        read: &GateObservation,
        raw: Option<&RawBody>,
        plate: &PlateNumber,
        reason: GateReason,
    ) -> Result<GateDecision, PassageError> {
        let kept = self.keep(read, plate, raw).await?;
        let filed = folded(lot, plate.clone(), kept.recorded);
        if visit_behind(&lot.context(), &filed.timeline, read.observed_at).is_none() {
            self.relist_or_warn(lot, &filed).await;
            // The list was behind: this one has left, or came in after the read.
            return Ok(unexplained(read, GateReason::SimilarPlates, vec![plate.clone()]));
        }
        tracing::info!(event = %read.event_id, lot = %lot.lot.id, ?reason, "matched to another plate");
        let decision = decision::decide(lot, &filed.timeline, read).through(reason);
        self.relist_or_warn(lot, &filed).await;
        Ok(decision)
    }
}

/// A reader that does not say how sure it is counts as sure: the match must be close and the only one anyway.
fn is_sure(read: &GateObservation) -> bool {
    read.confidence.is_none_or(|confidence| confidence >= ReadConfidence::HIGH)
}

/// A car that may leave though no visit explains it.
fn without_visit(read: &GateObservation, reason: GateReason) -> GateDecision {
    match read.passage {
        Passage::Left => GateDecision::Recorded { reason, visit: None },
        _ => GateDecision::Open { reason, basis: None, visit: None },
    }
}

/// A car that has passed needs no decision any more.
fn unexplained(read: &GateObservation, reason: GateReason, candidates: Vec<PlateNumber>) -> GateDecision {
    match read.passage {
        Passage::Left => GateDecision::Recorded { reason, visit: None },
        _ => GateDecision::AskOperator { reason, candidates },
    }
}
