//! A receivable (미납): what a visit that is over still owes, from the first claim to the last won. How a notice is worded and
//! how the money comes is elsewhere.
//!
//! It is told by two sources that overtake each other: the fold of the visit's facts (newest revision counts), and the payments
//! that were made for it (of each, the state in which most has gone back). Both are joined so that order and repetition change
//! nothing, and the facts may be forgotten: a visit's go after 60 days (D-009), what it owes stays.

mod refusal;
mod retry;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Lot, LotId, OperatorId, PaymentId, PlateNumber, ReceivableId, VisitId, Won,
    lot::UnpaidRules,
    money::MoneyOverflow,
    payment::Payment,
    tariff::{self, Demand},
    visit::{Ended, Facts, FeeSchedule, Pledge, Timeline, Visit, VisitStatus},
};

pub use refusal::RefusedCharge;
pub use retry::{Asked, MAX_TRIES, NoTry, RetryOrder, Try, TryOutcome};

/// What a visit's facts say is owed for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The revision of the facts: a newer one counts, whenever it comes.
    pub revision: i64,
    /// What the visit was to pay in all, won; 0 for one that asks for nothing: withdrawn, open again, its exit missed.
    pub asked: Won,
    /// What these facts knew to be held of each payment, won.
    pub counted: BTreeMap<PaymentId, Won>,
    /// The charge behind the car that was refused, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedCharge>,
}

impl Claim {
    /// What a visit asks for by these facts; a visit that is not over, or not one any more, asks for nothing.
    pub fn of<F: FeeSchedule>(fees: &F, facts: &Facts, visit: Option<&Visit>, revision: i64) -> Self {
        let nothing = Self { revision, asked: Won::ZERO, counted: BTreeMap::new(), refused: None };
        let Some((visit, left_at)) = visit.and_then(|visit| Some((visit, left_at(visit)?))) else {
            return nothing;
        };
        let of_visit = facts.payments.iter().filter(|paid| visit.payments.contains(&paid.payment));
        let counted: BTreeMap<_, _> = of_visit.map(|paid| (paid.payment.clone(), paid.amount)).collect();
        let held = Won::sum(counted.values().copied()).unwrap_or(Won::ZERO);
        let outstanding = visit.due(fees, left_at).unwrap_or(Won::ZERO);
        let asked = if outstanding.is_zero() {
            // Who paid too much, or left within the time to leave, owes no more if something of that goes back.
            fees.fee(visit.entered_at, visit.priced_until(left_at)).map_or(held, |fee| fee.min(held))
        } else {
            outstanding.plus(held).unwrap_or(outstanding)
        };
        Self { revision, asked, counted, refused: RefusedCharge::of(facts, visit, left_at) }
    }
}

/// When a visit ended in such a way that money is asked for it.
fn left_at(visit: &Visit) -> Option<Timestamp> {
    match visit.status {
        VisitStatus::Over { ended: Ended::MissedExit | Ended::Presumed, .. } => None,
        VisitStatus::Over { left_at, .. } => Some(left_at),
        _ => None,
    }
}

/// What a change of the facts means for what a visit owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The visit.
    pub visit: VisitId,
    /// The plate its facts are filed under.
    pub plate: PlateNumber,
    /// When the car came in.
    pub entered_at: Timestamp,
    /// When it left, if it has.
    pub left_at: Option<Timestamp>,
    /// What is asked for.
    pub claim: Claim,
}

impl Claimed {
    /// Whether this alone says that something is owed: without it no receivable begins.
    pub fn owes(&self) -> bool {
        let held = Won::sum(self.claim.counted.values().copied()).unwrap_or(self.claim.asked);
        self.claim.asked > held
    }
}

/// The claims that a change of facts makes: of visits that owe by the new facts or owed by the old ones. What was moved away
/// to the archive changes nothing.
pub fn claims_between<F: FeeSchedule>(
    fees: &F,
    (old, before): (&Facts, &Timeline),
    (new, after): (&Facts, &Timeline),
    revision: i64,
) -> Vec<Claimed> {
    let of = |facts: &Facts, timeline: &Timeline, id: &VisitId| {
        let visit = timeline.visits.iter().find(|visit| visit.id == *id);
        (Claim::of(fees, facts, visit, revision), visit.and_then(left_at))
    };
    let moved_away = |visit: &Visit| after.trimmed_until.is_some_and(|cut| visit.entered_at <= cut);
    let known = |visit: &&Visit| after.visits.iter().any(|other| other.id == visit.id);
    let gone = before.visits.iter().filter(|visit| !known(visit) && !moved_away(visit));
    let mut claims = Vec::new();
    for visit in after.visits.iter().chain(gone) {
        let claimed = |(claim, left_at): (Claim, Option<Timestamp>)| Claimed {
            visit: visit.id.clone(),
            plate: visit.plate.clone(),
            entered_at: visit.entered_at,
            left_at,
            claim,
        };
        let (was, is) = (claimed(of(old, before, &visit.id)), claimed(of(new, after, &visit.id)));
        if was != is && (was.owes() || is.owes()) {
            claims.push(is);
        }
    }
    claims
}

/// What is held of a payment that was made for a receivable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Of the fee, won; the surcharge does not count for it.
    pub of_fee: Won,
    /// What of the payment went back so far, won: it only grows, and tells the newer state.
    pub returned: Won,
    /// When the gateway took it.
    pub paid_at: Timestamp,
}

impl Kept {
    /// Of a payment; `None` while no money was taken.
    pub fn of(payment: &Payment) -> Option<Self> {
        let paid_at = payment.paid_at?;
        let kept = Self { of_fee: payment.kept_of_fee(), returned: payment.given_back(), paid_at };
        (!payment.paid().is_zero()).then_some(kept)
    }
}

/// A notice that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentNotice {
    /// When it was given out.
    pub at: Timestamp,
    /// What it asked for.
    #[serde(flatten)]
    pub demand: Demand,
}

/// That a person of the operator gave it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteOff {
    /// When.
    pub at: Timestamp,
    /// Who: the name of their key.
    pub by: String,
    /// Why.
    pub note: String,
}

/// Where a receivable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivableState {
    /// Something is owed.
    Open,
    /// All was paid.
    Settled,
    /// A person gave it up.
    WrittenOff,
    /// The facts say that nothing was ever owed.
    Withdrawn,
}

/// A receivable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receivable {
    /// Its id: who knows it may see and pay it.
    pub id: ReceivableId,
    /// Lot.
    pub lot: LotId,
    /// Who operates the lot.
    pub operator: OperatorId,
    /// Plate.
    pub plate: PlateNumber,
    /// Visit.
    pub visit: VisitId,
    /// When the car came in.
    pub entered_at: Timestamp,
    /// When it left.
    pub left_at: Timestamp,
    /// What the newest facts ask for.
    pub claim: Claim,
    /// The payments made for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub payments: BTreeMap<PaymentId, Kept>,
    /// The notices sent, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<SentNotice>,
    /// The payments asked for it that took no money so far: link or try.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<PaymentId, Asked>,
    /// How often its payer's card was charged again, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// That it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_off: Option<WriteOff>,
    /// Since when nothing is asked for it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// What may happen to a receivable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The facts say this.
    Claim(Box<Claimed>),
    /// A payment made for it stands so.
    Paid(PaymentId, Kept),
    /// A payment made for it took no money so far, and stands so.
    Asked(PaymentId, Asked),
    /// The card of who pays for the plate now is charged again, if that is due.
    Try(Pledge),
    /// A try came to nothing before the gateway was asked.
    NotMade(u32, NoTry),
    /// The notice that is due goes.
    Notice(UnpaidRules),
    /// A person gives it up.
    WriteOff(WriteOff),
}

impl Receivable {
    /// Of a first claim; `None` where nothing is owed.
    pub fn begin(id: ReceivableId, lot: &Lot, claimed: Claimed) -> Option<Self> {
        let left_at = claimed.left_at.filter(|_| claimed.owes())?;
        Some(Self {
            id,
            lot: lot.id.clone(),
            operator: lot.operator.clone(),
            plate: claimed.plate,
            visit: claimed.visit,
            entered_at: claimed.entered_at,
            left_at,
            claim: claimed.claim,
            payments: BTreeMap::new(),
            notices: Vec::new(),
            asked: BTreeMap::new(),
            tries: Vec::new(),
            write_off: None,
            closed_at: None,
        })
    }

    /// What is held of the fee, won: of payments made for it as they stand, of others as the facts knew them.
    fn held(&self) -> Won {
        let of_facts = self.claim.counted.iter().filter(|(id, _)| !self.payments.contains_key(*id));
        let own = self.payments.values().map(|kept| kept.of_fee);
        // A sum beyond 64 bits pays any debt.
        Won::sum(own.chain(of_facts.map(|(_, amount)| *amount))).unwrap_or(self.claim.asked)
    }

    /// What of the fee is still owed, won.
    pub fn principal(&self) -> Won {
        self.claim.asked.remaining_after(self.held())
    }

    /// Where it stands.
    pub fn state(&self) -> ReceivableState {
        if self.principal() > Won::ZERO {
            if self.write_off.is_some() { ReceivableState::WrittenOff } else { ReceivableState::Open }
        } else if self.claim.asked.is_zero() {
            ReceivableState::Withdrawn
        } else {
            ReceivableState::Settled
        }
    }

    /// Whether something is asked for.
    pub fn is_open(&self) -> bool {
        self.state() == ReceivableState::Open
    }

    /// What is asked for now: the principal, and from the third notice on the surcharge. Once the principal is paid no
    /// surcharge is asked for: who pays what they were told is done.
    pub fn demand(&self, rules: UnpaidRules) -> Result<Demand, MoneyOverflow> {
        let principal = if self.is_open() { self.principal() } else { Won::ZERO };
        let sent = self.notices.last().map_or(1, |sent| sent.demand.notice);
        tariff::demand(principal, sent, rules.surcharge_times)
    }

    /// When the next notice is due; `None` when none is to come.
    pub fn next_notice_at(&self, rules: UnpaidRules) -> Option<Timestamp> {
        if !self.is_open() || self.notices.len() >= usize::from(rules.notices) {
            return None;
        }
        let (after, days) = match self.notices.last() {
            None => (self.left_at, rules.first_after_days),
            Some(sent) => (sent.at, rules.then_after_days),
        };
        let due = after.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()?;
        // Whoever was told today that the card was refused again is not asked a second time today.
        Some(due.max(self.next_try_after().unwrap_or(due)))
    }

    fn told(&self, rules: UnpaidRules, now: Timestamp) -> Option<SentNotice> {
        self.next_notice_at(rules).filter(|due| *due <= now)?;
        let number = u32::try_from(self.notices.len()).ok()?.checked_add(1)?;
        let demand = tariff::demand(self.principal(), number, rules.surcharge_times).ok()?;
        Some(SentNotice { at: now, demand })
    }

    /// Which payment gives back what was paid beyond the fee, and what of it is kept, won: the latest, as by the facts
    /// ([`crate::visit::surplus`]), so that both speak of the same one.
    pub fn surplus(&self) -> Option<(PaymentId, Won)> {
        let beyond = self.held().remaining_after(self.claim.asked);
        let latest = self.payments.iter().max_by_key(|(id, kept)| (kept.paid_at, *id));
        let (id, kept) = latest.filter(|_| self.payments.len() > 1)?;
        let back = beyond.min(kept.of_fee);
        (!back.is_zero()).then(|| (id.clone(), kept.of_fee.remaining_after(back)))
    }
}

/// The receivable after a command; `None` where nothing changes.
pub fn decide(known: &Receivable, command: Command, now: Timestamp) -> Option<Receivable> {
    let mut next = known.clone();
    match command {
        Command::Claim(claimed) if claimed.claim.revision > known.claim.revision => {
            next.left_at = claimed.left_at.unwrap_or(known.left_at);
            next.claim = claimed.claim;
        }
        Command::Paid(payment, kept) => {
            if known.payments.get(&payment).is_some_and(|before| before.returned >= kept.returned) {
                return None;
            }
            next.asked.remove(&payment);
            next.payments.insert(payment, kept);
        }
        Command::Asked(payment, asked) => next.note_asked(payment, asked)?,
        Command::Try(pledge) => next.tries.push(known.next_try(&pledge, now)?),
        Command::NotMade(number, why) => next.end_try(number, why)?,
        Command::Notice(rules) => next.notices.push(known.told(rules, now)?),
        Command::WriteOff(write_off) if known.is_open() => next.write_off = Some(write_off),
        Command::Claim(_) | Command::WriteOff(_) => return None,
    }
    next.closed_at = if next.is_open() { None } else { known.closed_at.or(Some(now)) };
    Some(next)
}

#[cfg(test)]
mod tests;
