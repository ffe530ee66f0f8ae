//! Reconciliation: a day of the payment gateway's books against ours, and what to do about each difference.
//!
//! Payments are compared as they stand, not by their movements of that day: whatever came in between, equal sums are
//! equal books. The journal is compared with our own payments. Nothing is posted here: a difference either heals when
//! payment-sync looks again, or a person gets a proposed posting.

mod report;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    PaymentId, Won,
    ledger::{Account, JournalEntry},
    money::MoneyOverflow,
    payment::{Payment, PaymentStatus, ReportState},
};

pub use report::{DayReport, HEALS_WITHIN, ReportedFinding};

/// The zone whose days are reconciled: the gateway's console and the bank's statements have it too.
pub const HOME_ZONE: &str = "Asia/Seoul";

/// A payment in the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheirPayment {
    /// The id as the gateway has it; not each is one of ours.
    pub id: String,
    /// Where it stands there.
    pub state: ReportState,
    /// What was taken, won; nothing where no money came.
    pub captured: Won,
    /// What of it went back, won.
    pub returned: Won,
}

/// A payment in our books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurPayment {
    /// Its id, also at the gateway.
    pub id: PaymentId,
    /// Where it stands with us.
    pub status: PaymentStatus,
    /// What was taken, won.
    pub captured: Won,
    /// What of it went back, won.
    pub returned: Won,
    /// Whether it is no payment for an order, but money on its way back.
    pub is_held: bool,
    /// The day on which the money was taken, in [`HOME_ZONE`].
    pub paid_on: Option<Date>,
}

impl OurPayment {
    /// What of a payment matters here: its money. The gateway knows nothing of points, so where its state is right with them,
    /// it is told as it would be without.
    pub fn of(payment: &Payment) -> Self {
        let mut of = Self {
            id: payment.id.clone(),
            status: payment.status,
            captured: payment.captured,
            returned: payment.returned,
            is_held: payment.mismatch.is_some(),
            paid_on: payment.paid_at.and_then(|at| at.in_tz(HOME_ZONE).ok()).map(|at| at.date()),
        };
        let counts_points = payment.points.is_some() && !payment.captured.is_zero();
        if counts_points && payment.status == payment.status_of_money() {
            of.status = of.implied();
        }
        of
    }

    /// The status that its sums ask for, where money was taken.
    fn implied(&self) -> PaymentStatus {
        match self.returned {
            back if back >= self.captured => PaymentStatus::Refunded,
            _ if self.is_held => PaymentStatus::Held,
            Won::ZERO => PaymentStatus::Paid,
            _ => PaymentStatus::PartlyRefunded,
        }
    }
}

/// Both sides of a day. Order and repetition mean nothing.
#[derive(Debug, Clone, Copy)]
pub struct DayBooks<'a> {
    /// The day.
    pub day: Date,
    /// The gateway's payments of the day, and those of our journal of the day.
    pub theirs: &'a [TheirPayment],
    /// Ours of the same ids, as far as we have them.
    pub ours: &'a [OurPayment],
    /// Our journal of the day.
    pub entries: &'a [JournalEntry],
}

/// In what the books differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The gateway took money that our books lack.
    MissingHere,
    /// Our books have money, or its return, that the gateway's lack.
    MissingThere,
    /// Both took money for it, but not the same sum.
    AmountDiffers,
    /// The sums agree, the states do not.
    StateDiffers,
    /// Our journal has more than was taken or given back.
    PostedTwice,
    /// Our payment says that money was taken, our journal does not.
    NotPosted,
    /// The gateway gave money back that our books still have.
    RefundUnknownHere,
}

/// Who sets it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Ours lags behind: payment-sync is asked to look, and posts what it finds.
    Heals,
    /// A person decides.
    Person,
}

/// Sums of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Taken, won.
    pub captured: Won,
    /// Given back, won.
    pub returned: Won,
}

/// An entry that would make the books agree. A person posts it, or finds a better one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposedPosting {
    /// Account to debit, by number and name of the chart.
    pub debit: String,
    /// Account to credit.
    pub credit: String,
    /// Amount, won, positive.
    pub amount: Won,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The payment's id.
    pub payment: String,
    /// What differs.
    pub kind: FindingKind,
    /// Who sets it right.
    pub severity: Severity,
    /// Why, for people.
    pub why: String,
    /// The gateway's sums; none where it has no such payment.
    pub theirs: Option<Figures>,
    /// Ours; none where we have no such payment.
    pub ours: Option<Figures>,
    /// What to post, where a posting would help.
    pub proposal: Option<ProposedPosting>,
}

/// What both sides come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Payments compared.
    pub payments: usize,
    /// Taken less given back at the gateway, won.
    pub gateway: Won,
    /// The same by our payments, won.
    pub ours: Won,
    /// The first less the second, won.
    pub difference: Won,
    /// Entries of the day's journal.
    pub entries: usize,
    /// What they moved on `1110 pg-clearing`, won.
    pub clearing: Won,
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The differences, by payment and kind.
    pub findings: Vec<Finding>,
    /// The sums.
    pub totals: Totals,
}

/// What the day's journal has for one payment.
#[derive(Debug, Clone, Default)]
struct Posted {
    received: Won,
    given_back: Won,
    /// Where it was posted besides `pg-clearing`.
    counter: Option<Account>,
}

/// Compares.
pub fn reconcile(books: &DayBooks<'_>) -> Result<Reconciled, MoneyOverflow> {
    let theirs: BTreeMap<&str, &TheirPayment> =
        books.theirs.iter().map(|one| (one.id.as_str(), one)).collect();
    let ours: BTreeMap<&str, &OurPayment> = books.ours.iter().map(|one| (one.id.as_str(), one)).collect();
    let entries: BTreeMap<&str, &JournalEntry> =
        books.entries.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut posted: BTreeMap<&str, Posted> = BTreeMap::new();
    let mut clearing = Won::ZERO;
    for entry in entries.values() {
        let change = entry.change_of(&Account::PgClearing)?;
        clearing = clearing.plus(change)?;
        let of = posted.entry(entry.payment.as_str()).or_default();
        if change.is_negative() {
            of.given_back = of.given_back.minus(change)?;
        } else {
            of.received = of.received.plus(change)?;
        }
        let others = entry.postings.iter().map(|posting| &posting.account);
        of.counter =
            of.counter.take().or_else(|| others.into_iter().find(|it| **it != Account::PgClearing).cloned());
    }
    let ids: BTreeSet<&str> = theirs.keys().chain(ours.keys()).chain(posted.keys()).copied().collect();
    let (mut findings, mut gateway_net, mut our_net) = (Vec::new(), Won::ZERO, Won::ZERO);
    for id in &ids {
        let (their, our) = (theirs.get(id).copied(), ours.get(id).copied());
        let none = Posted::default();
        let of = posted.get(id).unwrap_or(&none);
        let net = |taken: Won, back: Won| taken.minus(back.min(taken));
        gateway_net =
            gateway_net.plus(their.map_or(Ok(Won::ZERO), |one| net(one.captured, one.returned))?)?;
        our_net = our_net.plus(our.map_or(Ok(Won::ZERO), |one| net(one.captured, one.returned))?)?;
        let pair = Pair { id, their, our, posted: of };
        findings.extend(pair.payments());
        findings.extend(pair.journal(books.day));
    }
    findings.sort_by(|a, b| (&a.payment, a.kind).cmp(&(&b.payment, b.kind)));
    let totals = Totals {
        payments: theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>().len(),
        gateway: gateway_net,
        ours: our_net,
        difference: gateway_net.minus(our_net)?,
        entries: entries.len(),
        clearing,
    };
    Ok(Reconciled { findings, totals })
}

/// One payment from all sides.
struct Pair<'a> {
    id: &'a str,
    their: Option<&'a TheirPayment>,
    our: Option<&'a OurPayment>,
    posted: &'a Posted,
}

impl Pair<'_> {
    fn finding(&self, kind: FindingKind, severity: Severity, why: &str) -> Finding {
        Finding {
            payment: self.id.to_owned(),
            kind,
            severity,
            why: why.to_owned(),
            theirs: self.their.map(|one| Figures { captured: one.captured, returned: one.returned }),
            ours: self.our.map(|one| Figures { captured: one.captured, returned: one.returned }),
            proposal: None,
        }
    }

    /// A difference for a person: `more` is what `pg-clearing` lacks, won; negative where it has too much.
    fn for_person(&self, kind: FindingKind, more: i64, why: &str) -> Finding {
        let clearing = Account::PgClearing.code();
        let counter = self.posted.counter.as_ref().unwrap_or(&Account::Suspense).code();
        let (debit, credit) = if more > 0 { (clearing, counter) } else { (counter, clearing) };
        let amount = Won::new(more.saturating_abs());
        let proposal = (more != 0).then_some(ProposedPosting { debit, credit, amount });
        Finding { proposal, ..self.finding(kind, Severity::Person, why) }
    }

    /// The gateway's payment against ours.
    fn payments(&self) -> Option<Finding> {
        let kept = |taken: Won, back: Won| taken.remaining_after(back).get();
        match (self.their, self.our) {
            (None, None) => None,
            (Some(their), None) if their.captured.is_zero() => None,
            (Some(their), None) => Some(self.for_person(
                FindingKind::MissingHere,
                kept(their.captured, their.returned),
                "the gateway took money for an order that we never made",
            )),
            (None, Some(our)) if our.captured.is_zero() => None,
            (None, Some(our)) => Some(self.for_person(
                FindingKind::MissingThere,
                -kept(our.captured, our.returned),
                "we have money for a payment that the gateway does not know",
            )),
            (Some(their), Some(our)) => self.both(their, our),
        }
    }

    fn both(&self, their: &TheirPayment, our: &OurPayment) -> Option<Finding> {
        if our.captured.is_zero() && !their.captured.is_zero() {
            let why = "the gateway took money that we have not heard of";
            return Some(self.finding(FindingKind::MissingHere, Severity::Heals, why));
        }
        if their.captured.is_zero() && !our.captured.is_zero() {
            let more = -our.captured.remaining_after(our.returned).get();
            let why = "we have money that the gateway says it never took";
            return Some(self.for_person(FindingKind::MissingThere, more, why));
        }
        if their.captured != our.captured {
            let more = their.captured.get().saturating_sub(our.captured.get());
            let why = "the gateway took another sum than we have; what is posted once is not posted anew";
            return Some(self.for_person(FindingKind::AmountDiffers, more, why));
        }
        let returned = their.returned.min(their.captured);
        if returned > our.returned {
            let why = "the gateway gave money back that we still have";
            return Some(self.finding(FindingKind::RefundUnknownHere, Severity::Heals, why));
        }
        if returned < our.returned {
            let more = our.returned.remaining_after(returned).get();
            let why = "we have given money back that the gateway still has";
            return Some(self.for_person(FindingKind::MissingThere, more, why));
        }
        self.states(their, our)
    }

    /// The sums agree.
    fn states(&self, their: &TheirPayment, our: &OurPayment) -> Option<Finding> {
        let wanted = match their.state {
            _ if !our.captured.is_zero() => our.implied(),
            ReportState::Pending | ReportState::Paid | ReportState::PartlyCancelled => return None,
            ReportState::AwaitingDeposit => PaymentStatus::AwaitingDeposit,
            ReportState::Failed | ReportState::Cancelled => PaymentStatus::Failed,
        };
        if our.captured.is_zero() {
            // Without money a state only ever goes forwards: ours may be ahead of a window that was opened anew.
            let why = "the gateway is further than we know";
            let lags = our.status.rank() < wanted.rank();
            return lags.then(|| self.finding(FindingKind::StateDiffers, Severity::Heals, why));
        }
        let why = "our payment's state contradicts its own sums";
        (our.status != wanted).then(|| self.for_person(FindingKind::StateDiffers, 0, why))
    }

    /// The day's journal against our payment, or the gateway's where ours is missing.
    fn journal(&self, day: Date) -> Option<Finding> {
        let known = |our: fn(&OurPayment) -> Won, their: fn(&TheirPayment) -> Won| {
            self.our.map(our).max(self.their.map(their)).unwrap_or(Won::ZERO)
        };
        let captured = known(|one| one.captured, |one| one.captured);
        let returned = known(|one| one.returned, |one| one.returned);
        let too_much = self.posted.received.remaining_after(captured);
        let too_much_back = self.posted.given_back.remaining_after(returned);
        if !too_much.is_zero() || !too_much_back.is_zero() {
            let more = too_much_back.get().saturating_sub(too_much.get());
            let why = "the day's journal has more than was taken or given back";
            return Some(self.for_person(FindingKind::PostedTwice, more, why));
        }
        let our = self.our.filter(|our| our.paid_on == Some(day))?;
        let lacking = our.captured.remaining_after(self.posted.received);
        let why = "our payment was paid on this day, and the day's journal lacks it";
        (!lacking.is_zero()).then(|| self.for_person(FindingKind::NotPosted, lacking.get(), why))
    }
}

#[cfg(test)]
mod tests;
