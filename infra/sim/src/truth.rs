//! What must come out: a second, plain telling of a car's stays, from the reads that are on file. It knows nothing of the
//! fold but its rules.

use baro_domain::{
    EventId, Passage, PricedLot, Won,
    visit::{Ended, Facts, FeeSchedule as _, PaidFact, RulingKind, Visit, VisitStatus},
};
use jiff::{SignedDuration, Timestamp};

/// A stay: when it began, when and how it ended if it did, and what is promised for it and not paid.
pub type Stay = (Timestamp, Option<(Timestamp, Ended)>, Won);

/// What came, in its order: at one moment reads before words, and those by their passage and id.
type Moment<'a> = (Timestamp, Option<(Passage, &'a EventId)>, Won);

struct Telling {
    entered: Timestamp,
    seen: Timestamp,
    over: Option<(Timestamp, Ended)>,
    paid: Vec<PaidFact>,
    /// Up to how much somebody pays without being asked.
    pledged: Option<Won>,
    promised: Won,
    leave_by: Option<Timestamp>,
}

/// A read: when, what it means, its id.
pub type TrueRead = (Timestamp, Passage, EventId);

/// The stays of one plate at one lot, from its reads and what else is on file.
pub fn stays(lot: &PricedLot, reads: &[TrueRead], facts: &Facts) -> Vec<Stay> {
    let kept = |at: Timestamp| facts.trimmed_until.is_none_or(|cut| at > cut);
    let mut moments: Vec<Moment<'_>> =
        reads.iter().map(|(at, passage, id)| (*at, Some((*passage, id)), Won::ZERO)).collect();
    moments.extend(facts.rulings.iter().filter_map(|ruling| match &ruling.kind {
        RulingKind::Pledged(pledge) => Some((ruling.at, None, pledge.limit)),
        _ => None,
    }));
    moments.retain(|(at, ..)| kept(*at));
    moments.sort_by_key(|(at, read, _)| (*at, read.is_none(), *read));
    let paid: Vec<_> = facts.payments.iter().filter(|fact| kept(fact.quoted_until)).collect();
    let soon = |first: Timestamp, second: Timestamp| {
        second.duration_since(first) < SignedDuration::from_secs(i64::from(lot.lot.rules.same_passage_s))
    };
    let mut told: Vec<Telling> = Vec::new();
    for (index, (at, read, limit)) in moments.iter().copied().enumerate() {
        let last = told.last_mut();
        let Some((passage, id)) = read else {
            last.into_iter().filter(|stay| stay.over.is_none()).for_each(|stay| stay.pledged = Some(limit));
            continue;
        };
        if passage != Passage::Entered {
            if let Some(stay) = last {
                leave(lot, facts, stay, (at, passage, id), &soon);
            }
            continue;
        }
        let repeated = last.as_ref().is_some_and(|last| last.over.is_none() && soon(last.entered, at));
        if !repeated {
            if let Some(last) = last.filter(|last| last.over.is_none()) {
                last.over = Some((last.seen, Ended::MissedExit));
            }
            told.push(Telling {
                entered: at,
                seen: at,
                over: None,
                paid: Vec::new(),
                pledged: None,
                promised: Won::ZERO,
                leave_by: None,
            });
        }
        let enters = |moment: &&Moment<'_>| moment.1.is_some_and(|(passage, _)| passage == Passage::Entered);
        let next = moments[index + 1..].iter().find(enters);
        let of_this = |fact: &&&PaidFact| {
            fact.quoted_until >= at && next.is_none_or(|(next, ..)| fact.quoted_until < *next)
        };
        let of_this = paid.iter().filter(of_this).map(|fact| (*fact).clone());
        told.last_mut().into_iter().for_each(|stay| stay.paid.extend(of_this.clone()));
    }
    told.into_iter().map(|stay| (stay.entered, stay.over, stay.promised)).collect()
}

fn leave(
    lot: &PricedLot,
    facts: &Facts,
    stay: &mut Telling,
    (at, kind, read): (Timestamp, Passage, &EventId),
    soon: &impl Fn(Timestamp, Timestamp) -> bool,
) {
    if stay.over.is_none() {
        promise(lot, facts, stay, at, read);
    }
    match (stay.over, kind) {
        (None, Passage::Left) => stay.over = Some((at, Ended::SeenLeaving)),
        (None, Passage::AtExitOnly) if owes(lot, stay, at) == Some(Won::ZERO) => {
            stay.over = Some((at, Ended::Released));
        }
        (Some((left, Ended::Released)), Passage::Left) if soon(left, at) => {
            stay.over = Some((at, Ended::SeenLeaving));
        }
        _ => {}
    }
    if stay.over.is_none() {
        stay.seen = at;
    }
}

/// A read at an exit makes its payer promise what is due, unless it did before, and was paid or disappointed.
fn promise(lot: &PricedLot, facts: &Facts, stay: &mut Telling, at: Timestamp, read: &EventId) {
    let Some(limit) = stay.pledged else { return };
    let disappoints =
        |kind: &RulingKind| matches!(kind, RulingKind::PledgeBroken { read: of, .. } if of == read);
    if facts.rulings.iter().any(|ruling| disappoints(&ruling.kind)) {
        stay.pledged = None;
        return;
    }
    let is_kept = facts.payments.iter().any(|fact| fact.promised_at.as_ref() == Some(read));
    let Some(due) = owes(lot, stay, at).filter(|due| *due > Won::ZERO && !is_kept) else { return };
    if settled(stay) + due.get() <= limit.get() {
        stay.promised = stay.promised.plus(due).unwrap();
        let grace = SignedDuration::from_secs(i64::from(lot.lot.rules.leave_grace_s));
        stay.leave_by = stay.leave_by.max(Some(at + grace));
    }
}

fn settled(stay: &Telling) -> i64 {
    stay.promised.get() + stay.paid.iter().map(|fact| fact.amount.get()).sum::<i64>()
}

fn owes(lot: &PricedLot, stay: &Telling, at: Timestamp) -> Option<Won> {
    let may_leave = |fact: &PaidFact| fact.amount.get() > 0 && at <= fact.leave_by(lot.lot.rules);
    if stay.paid.iter().any(may_leave) || stay.leave_by.is_some_and(|until| at <= until) {
        return Some(Won::ZERO);
    }
    let fee = lot.fees.fee(stay.entered, at)?;
    Some(Won::new((fee.get() - settled(stay)).max(0)))
}

/// A visit in the same words.
pub fn stay_of(visit: &Visit) -> Stay {
    let over = match visit.status {
        VisitStatus::Over { left_at, ended } => Some((left_at, ended)),
        _ => None,
    };
    (visit.entered_at, over, visit.promised())
}
