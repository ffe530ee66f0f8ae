//! From facts to visits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{Facts, FeeSchedule, FoldContext, PaidFact};
use crate::{EventId, GateObservation, LaneId, LotId, Passage, PaymentId, PlateNumber, VisitId, Won};

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The car was seen leaving.
    SeenLeaving,
    /// A single-read lane let it go: nothing was due.
    Released,
    /// It came in again without having been seen leaving: when it left is not known.
    MissedExit,
}

/// Where a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum VisitStatus {
    /// The car is in the lot.
    Inside,
    /// The car stands at the exit.
    AtExit {
        /// Since its newest read there.
        asked_at: Timestamp,
    },
    /// The visit is over.
    Over {
        /// When the car left; for a missed exit the last time it was known to be inside.
        left_at: Timestamp,
        /// How that is known.
        ended: Ended,
    },
}

/// One stay of one car.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// Derived from lot, plate and the entry read.
    pub id: VisitId,
    /// Lot.
    pub lot: LotId,
    /// Plate the facts are filed under.
    pub plate: PlateNumber,
    /// When the car came in.
    pub entered_at: Timestamp,
    /// Through which lane.
    pub entry_lane: LaneId,
    /// Its state.
    pub status: VisitStatus,
    /// What is held of its payments, won.
    pub paid: Won,
    /// Until when it may leave on what it paid.
    pub leave_by: Option<Timestamp>,
    /// The payments counted.
    pub payments: Vec<PaymentId>,
}

impl Visit {
    /// Whether the car counts as being in the lot.
    pub fn is_open(&self) -> bool {
        !matches!(self.status, VisitStatus::Over { .. })
    }

    /// Whether nothing more is due for leaving at `at`.
    pub fn is_covered(&self, fees: &impl FeeSchedule, at: Timestamp) -> bool {
        self.leave_by.is_some_and(|leave_by| at <= leave_by)
            || fees.fee(self.entered_at, at).is_some_and(|fee| fee.remaining_after(self.paid).is_zero())
    }
}

/// An exit read that no entry explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrphanExit {
    /// The read.
    pub event_id: EventId,
    /// Its lane.
    pub lane: LaneId,
    /// When.
    pub at: Timestamp,
}

/// Everything the facts say, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// Visits; only the last can be open.
    pub visits: Vec<Visit>,
    /// Exits without an entry.
    pub orphans: Vec<OrphanExit>,
    /// Payments that belong to no visit known.
    pub unassigned: Vec<PaymentId>,
    /// Visits that ended before this moment were moved away.
    pub trimmed_until: Option<Timestamp>,
}

impl Timeline {
    /// The visit that is open, if one is.
    pub fn open(&self) -> Option<&Visit> {
        self.visits.last().filter(|visit| visit.is_open())
    }
}

/// Folds the set of facts into visits. The order and repetition of `facts` make no difference.
pub fn fold<F: FeeSchedule>(context: &FoldContext<'_, F>, facts: &Facts) -> Timeline {
    let mut seen = BTreeSet::new();
    let kept = |moment: Timestamp| facts.trimmed_until.is_none_or(|cut| moment > cut);
    let mut reads: Vec<&GateObservation> =
        facts.observations.iter().filter(|read| kept(read.observed_at)).collect();
    reads.sort_by_key(|read| (read.observed_at, read.passage, &read.event_id));
    reads.retain(|read| seen.insert(&read.event_id));

    let mut timeline = Timeline { trimmed_until: facts.trimmed_until, ..Timeline::default() };
    let paid = facts.payments.iter().filter(|paid| kept(paid.quoted_until)).collect();
    let payments = by_entry_read(&reads, paid, &mut timeline.unassigned);
    for read in reads {
        if read.passage == Passage::Entered {
            enter(context, &facts.plate, read, &mut timeline);
            if let (Some(visit), Some(paid)) = (timeline.visits.last_mut(), payments.get(&read.event_id)) {
                for fact in paid {
                    attach(context, visit, fact);
                }
            }
        } else {
            exit(context, read, &mut timeline);
        }
    }
    timeline
}

fn within_same_passage<F>(context: &FoldContext<'_, F>, first: Timestamp, second: Timestamp) -> bool {
    let gap = second.duration_since(first);
    !gap.is_negative() && gap.as_secs() < i64::from(context.rules.same_passage_s)
}

/// Files each payment under the last entry read before its quote was made: that stay is what was paid.
fn by_entry_read<'a>(
    reads: &[&'a GateObservation],
    mut sorted: Vec<&'a PaidFact>,
    unassigned: &mut Vec<PaymentId>,
) -> BTreeMap<&'a EventId, Vec<&'a PaidFact>> {
    sorted.sort_by(|a, b| (&a.payment, a.quoted_until).cmp(&(&b.payment, b.quoted_until)));
    sorted.dedup_by(|a, b| a.payment == b.payment);
    let mut filed: BTreeMap<&EventId, Vec<&PaidFact>> = BTreeMap::new();
    for paid in sorted {
        let entry = reads
            .iter()
            .rfind(|read| read.passage == Passage::Entered && read.observed_at <= paid.quoted_until);
        match entry {
            Some(entry) => filed.entry(&entry.event_id).or_default().push(paid),
            None => unassigned.push(paid.payment.clone()),
        }
    }
    filed
}

fn attach<F>(context: &FoldContext<'_, F>, visit: &mut Visit, fact: &PaidFact) {
    visit.paid = visit.paid.plus(fact.amount).unwrap_or(visit.paid);
    if fact.amount > Won::ZERO {
        visit.leave_by = visit.leave_by.max(Some(fact.leave_by(context.rules)));
    }
    visit.payments.push(fact.payment.clone());
}

fn enter<F>(
    context: &FoldContext<'_, F>,
    plate: &PlateNumber,
    read: &GateObservation,
    timeline: &mut Timeline,
) {
    if let Some(last) = timeline.visits.last_mut().filter(|last| last.is_open()) {
        if within_same_passage(context, last.entered_at, read.observed_at) {
            return;
        }
        let left_at = match last.status {
            VisitStatus::AtExit { asked_at } => asked_at,
            _ => last.entered_at,
        };
        last.status = VisitStatus::Over { left_at, ended: Ended::MissedExit };
    }
    timeline.visits.push(Visit {
        id: VisitId::derive(&[context.lot.as_str(), plate.as_str(), read.event_id.as_str()]),
        lot: context.lot.clone(),
        plate: plate.clone(),
        entered_at: read.observed_at,
        entry_lane: read.lane.clone(),
        status: VisitStatus::Inside,
        paid: Won::ZERO,
        leave_by: None,
        payments: Vec::new(),
    });
}

fn exit<F: FeeSchedule>(context: &FoldContext<'_, F>, read: &GateObservation, timeline: &mut Timeline) {
    let at = read.observed_at;
    let Some(visit) = timeline.visits.last_mut() else {
        push_orphan(context, read, &mut timeline.orphans);
        return;
    };
    match visit.status {
        VisitStatus::Over { left_at, ended } => {
            let repeated = ended != Ended::MissedExit && within_same_passage(context, left_at, at);
            if ended == Ended::Released && read.passage == Passage::Left && repeated {
                visit.status = VisitStatus::Over { left_at: at, ended: Ended::SeenLeaving };
            } else if !repeated {
                push_orphan(context, read, &mut timeline.orphans);
            }
        }
        VisitStatus::Inside | VisitStatus::AtExit { .. } => {
            visit.status = match read.passage {
                Passage::Left => VisitStatus::Over { left_at: at, ended: Ended::SeenLeaving },
                Passage::AtExitOnly if visit.is_covered(context.fees, at) => {
                    VisitStatus::Over { left_at: at, ended: Ended::Released }
                }
                _ => VisitStatus::AtExit { asked_at: at },
            };
        }
    }
}

fn push_orphan<F>(context: &FoldContext<'_, F>, read: &GateObservation, orphans: &mut Vec<OrphanExit>) {
    let repeated = orphans.last().is_some_and(|last| within_same_passage(context, last.at, read.observed_at));
    if !repeated {
        orphans.push(OrphanExit {
            event_id: read.event_id.clone(),
            lane: read.lane.clone(),
            at: read.observed_at,
        });
    }
}
