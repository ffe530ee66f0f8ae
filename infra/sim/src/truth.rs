//! What must come out: a second, plain telling of a car's stays, from the reads that are on file. It knows nothing of the
//! fold but its rules.

use baro_domain::{
    Passage, PricedLot,
    visit::{Ended, FeeSchedule as _, PaidFact, Visit, VisitStatus},
};
use jiff::{SignedDuration, Timestamp};

/// A stay: when it began, and when and how it ended if it did.
pub type Stay = (Timestamp, Option<(Timestamp, Ended)>);

struct Telling {
    entered: Timestamp,
    seen: Timestamp,
    over: Option<(Timestamp, Ended)>,
    paid: Vec<PaidFact>,
}

/// The stays of one plate at one lot.
pub fn stays(lot: &PricedLot, mut reads: Vec<(Timestamp, Passage)>, paid: &[PaidFact]) -> Vec<Stay> {
    reads.sort_unstable();
    let passage = SignedDuration::from_secs(i64::from(lot.lot.rules.same_passage_s));
    let soon = |first: Timestamp, second: Timestamp| second.duration_since(first) < passage;
    let mut told: Vec<Telling> = Vec::new();
    for (index, (at, kind)) in reads.iter().copied().enumerate() {
        if kind == Passage::Entered {
            let repeated = told.last().is_some_and(|last| last.over.is_none() && soon(last.entered, at));
            if !repeated {
                if let Some(last) = told.last_mut().filter(|last| last.over.is_none()) {
                    last.over = Some((last.seen, Ended::MissedExit));
                }
                told.push(Telling { entered: at, seen: at, over: None, paid: Vec::new() });
            }
            let next = reads[index + 1..].iter().find(|(_, kind)| *kind == Passage::Entered);
            let of_this = |fact: &&PaidFact| {
                fact.quoted_until >= at && next.is_none_or(|(next, _)| fact.quoted_until < *next)
            };
            let of_this: Vec<_> = paid.iter().filter(of_this).cloned().collect();
            told.last_mut().into_iter().for_each(|stay| stay.paid.extend_from_slice(&of_this));
        } else if let Some(stay) = told.last_mut() {
            leave(lot, stay, at, kind, &soon);
        }
    }
    told.into_iter().map(|stay| (stay.entered, stay.over)).collect()
}

fn leave(
    lot: &PricedLot,
    stay: &mut Telling,
    at: Timestamp,
    kind: Passage,
    soon: &impl Fn(Timestamp, Timestamp) -> bool,
) {
    match (stay.over, kind) {
        (None, Passage::Left) => stay.over = Some((at, Ended::SeenLeaving)),
        (None, Passage::AtExitOnly) if owes_nothing(lot, stay, at) => stay.over = Some((at, Ended::Released)),
        (Some((left, Ended::Released)), Passage::Left) if soon(left, at) => {
            stay.over = Some((at, Ended::SeenLeaving));
        }
        _ => {}
    }
    if stay.over.is_none() {
        stay.seen = at;
    }
}

fn owes_nothing(lot: &PricedLot, stay: &Telling, at: Timestamp) -> bool {
    let kept: i64 = stay.paid.iter().map(|fact| fact.amount.get()).sum();
    let may_leave = |fact: &PaidFact| fact.amount.get() > 0 && at <= fact.leave_by(lot.lot.rules);
    stay.paid.iter().any(may_leave) || lot.fees.fee(stay.entered, at).is_some_and(|fee| fee.get() <= kept)
}

/// A visit in the same words.
pub fn stay_of(visit: &Visit) -> Stay {
    let over = match visit.status {
        VisitStatus::Over { left_at, ended } => Some((left_at, ended)),
        _ => None,
    };
    (visit.entered_at, over)
}
