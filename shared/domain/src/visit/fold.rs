//! From facts to visits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Facts, FeeSchedule, FoldContext, PaidFact, Pledge, Promise, Ruling, RulingKind, track::one_a_tracking,
};
use crate::{
    EventId, GateObservation, LaneId, LotId, Passage, PaymentId, PlateNumber, RulingId, VisitId, Won,
};

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
    /// A person says when it left.
    Ruled,
    /// A person let it out, with nothing to pay.
    LetGo,
    /// There was no sign of it for so long that the lot's rule counts it as gone: when it left is not known.
    Presumed,
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
    /// Who pays without being asked, if somebody does and has not failed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pledge: Option<Pledge>,
    /// What is promised and not paid yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<Promise>,
    /// The last sign of the car: a read, or a person who saw it.
    pub seen_at: Timestamp,
    /// Since when the stay is told by its entry, or by the last person who saw the car in the lot.
    pub vouched_at: Timestamp,
    /// The first moment a driver disputed of those that nobody has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disputed_at: Option<Timestamp>,
    /// A person said that nothing more is owed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_waived: bool,
    /// The price does not grow beyond this moment: a dispute, or a stay longer than is usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_at: Option<Timestamp>,
}

impl Visit {
    /// Whether the car counts as being in the lot.
    pub fn is_open(&self) -> bool {
        !matches!(self.status, VisitStatus::Over { .. })
    }

    /// Whether nothing more is due for leaving at `at`.
    pub fn is_covered(&self, fees: &impl FeeSchedule, at: Timestamp) -> bool {
        self.leave_by.is_some_and(|leave_by| at <= leave_by)
            || self.is_waived
            || fees
                .fee(self.entered_at, self.priced_until(at))
                .is_some_and(|fee| fee.remaining_after(self.settled()).is_zero())
    }

    /// What is still to be paid of it at `now`: for leaving then, or of the stay as it was, once it is over.
    pub fn owed(&self, fees: &impl FeeSchedule, now: Timestamp) -> Option<Won> {
        let at = match self.status {
            VisitStatus::Over { left_at, .. } => left_at,
            _ => now,
        };
        self.due(fees, at)
    }

    /// What must be paid to leave at `at`; `None` when no price can be computed.
    pub fn due(&self, fees: &impl FeeSchedule, at: Timestamp) -> Option<Won> {
        if self.is_covered(fees, at) {
            return Some(Won::ZERO);
        }
        fees.fee(self.entered_at, self.priced_until(at)).map(|fee| fee.remaining_after(self.settled()))
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
    /// The visit that a word said at `at` was about: the last one begun by then.
    pub fn visit_at(&self, at: Timestamp) -> Option<&Visit> {
        self.visits.iter().rev().find(|visit| visit.entered_at <= at)
    }

    /// The visit that is open, if one is.
    pub fn open(&self) -> Option<&Visit> {
        self.visits.last().filter(|visit| visit.is_open())
    }
}

/// Folds the set of facts into visits. The order and repetition of `facts` make no difference.
pub fn fold<F: FeeSchedule>(context: &FoldContext<'_, F>, facts: &Facts) -> Timeline {
    let disowned: BTreeSet<&EventId> = facts.rulings.iter().filter_map(disowns).collect();
    let mut seen = BTreeSet::new();
    let kept = |moment: Timestamp| facts.trimmed_until.is_none_or(|cut| moment > cut);
    let mut reads: Vec<&GateObservation> = facts
        .observations
        .iter()
        .filter(|read| kept(read.observed_at) && !disowned.contains(&read.event_id))
        .collect();
    reads.sort_by_key(|read| (read.observed_at, read.passage, &read.event_id));
    reads.retain(|read| seen.insert(&read.event_id));
    let reads = one_a_tracking(&reads, &facts.superseded);

    let mut timeline = Timeline { trimmed_until: facts.trimmed_until, ..Timeline::default() };
    let paid = facts.payments.iter().filter(|paid| kept(paid.quoted_until)).collect();
    let payments = by_entry_read(&reads, paid, &mut timeline.unassigned);
    let rulings = standing_rulings(facts);
    let mut rulings = rulings.into_iter().filter(|ruling| kept(ruling.concerns())).peekable();
    for read in reads {
        while let Some(ruling) = rulings.next_if(|ruling| ruling.concerns() < read.observed_at) {
            rule(context, ruling, &mut timeline);
        }
        if read.passage == Passage::Entered {
            enter(context, &facts.plate, read, &mut timeline);
            if let (Some(visit), Some(paid)) = (timeline.visits.last_mut(), payments.get(&read.event_id)) {
                for fact in paid {
                    attach(context, visit, fact);
                }
            }
        } else {
            exit(context, facts, read, &mut timeline);
        }
    }
    rulings.for_each(|ruling| rule(context, ruling, &mut timeline));
    timeline
}

fn disowns(ruling: &Ruling) -> Option<&EventId> {
    match &ruling.kind {
        RulingKind::NotThisCar { event, .. } => Some(event),
        _ => None,
    }
}

/// The rulings in the order of what they speak of, each once, without disputes that were decided.
fn standing_rulings(facts: &Facts) -> Vec<&Ruling> {
    let decided: BTreeSet<&RulingId> = facts
        .rulings
        .iter()
        .filter_map(|ruling| match &ruling.kind {
            RulingKind::Decided { dispute, .. } => Some(dispute),
            _ => None,
        })
        .collect();
    let mut standing: Vec<&Ruling> =
        facts.rulings.iter().filter(|ruling| !decided.contains(&ruling.id)).collect();
    standing.sort_by_key(|ruling| (ruling.concerns(), &ruling.id));
    standing.dedup_by_key(|ruling| &ruling.id);
    standing
}

/// What a ruling does to the visit that was there at its moment. A read of the same moment comes first.
fn rule<F>(context: &FoldContext<'_, F>, ruling: &Ruling, timeline: &mut Timeline) {
    let at = ruling.concerns();
    let Some(visit) = timeline.visits.last_mut() else { return };
    if let RulingKind::Disputed { .. } = ruling.kind {
        visit.disputed_at = visit.disputed_at.or(Some(at));
    }
    if visit.is_open() {
        let over = |left_at, ended| VisitStatus::Over { left_at, ended };
        match ruling.kind {
            RulingKind::Left { .. } => visit.status = over(at, Ended::Ruled),
            RulingKind::LetGo => (visit.status, visit.is_waived) = (over(at, Ended::LetGo), true),
            RulingKind::PresumedGone => visit.status = over(visit.seen_at, Ended::Presumed),
            RulingKind::StillHere => (visit.seen_at, visit.vouched_at) = (at, at),
            RulingKind::Pledged(ref pledge) => visit.pledge = Some(pledge.clone()),
            RulingKind::PledgeEnded => visit.pledge = None,
            _ => {}
        }
    } else if ruling.kind == RulingKind::Waived {
        visit.is_waived = true;
    }
    visit.hold(context.rules);
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
        last.status = VisitStatus::Over { left_at: last.seen_at, ended: Ended::MissedExit };
    }
    let mut visit = Visit {
        id: VisitId::derive(&[context.lot.as_str(), plate.as_str(), read.event_id.as_str()]),
        lot: context.lot.clone(),
        plate: plate.clone(),
        entered_at: read.observed_at,
        entry_lane: read.lane.clone(),
        status: VisitStatus::Inside,
        paid: Won::ZERO,
        leave_by: None,
        payments: Vec::new(),
        pledge: None,
        promises: Vec::new(),
        seen_at: read.observed_at,
        vouched_at: read.observed_at,
        disputed_at: None,
        is_waived: false,
        held_at: None,
    };
    visit.hold(context.rules);
    timeline.visits.push(visit);
}

fn exit<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    facts: &Facts,
    read: &GateObservation,
    timeline: &mut Timeline,
) {
    let at = read.observed_at;
    let is_let_go = facts.let_go(context.rules, at);
    let Some(visit) = timeline.visits.last_mut() else {
        if !is_let_go {
            push_orphan(context, read, &mut timeline.orphans);
        }
        return;
    };
    match visit.status {
        VisitStatus::Over { left_at, ended } if ended != Ended::Presumed => {
            let repeated = ended != Ended::MissedExit && within_same_passage(context, left_at, at);
            match (ended, read.passage) {
                (Ended::Released, Passage::Left) if repeated => {
                    visit.status = VisitStatus::Over { left_at: at, ended: Ended::SeenLeaving };
                }
                (Ended::LetGo, Passage::Left) if is_let_go => {
                    visit.status = VisitStatus::Over { left_at: at, ended };
                }
                _ if repeated || is_let_go => {}
                _ => push_orphan(context, read, &mut timeline.orphans),
            }
        }
        // A car that was presumed gone was there all the time.
        _ => {
            visit.seen_at = at;
            visit.promise(context, facts, read);
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
