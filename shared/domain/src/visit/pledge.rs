//! A payer's word: somebody pays for a plate's visits without being asked. The barrier opens on the word, and the charge runs
//! behind it.
//!
//! A pledge is a ruling of the visit. An exit read that would ask for money finds it and makes a *promise*: so much, for leaving
//! then. The promise stands in the fold, not in a table of its own, so that it can't part from the read; it ends when its
//! payment is a fact, or when a ruling says that it could not be kept.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Facts, FeeSchedule, FoldContext, RulingKind, Timeline, Visit};
use crate::{CardId, CompanyId, DriverId, EventId, GateObservation, Won, lot::LotRules};

/// Who pays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "payer", content = "payerId")]
pub enum Payer {
    /// A driver, with a registered card or points.
    Driver(DriverId),
    /// A company: with its own card, or by a monthly invoice.
    Company(CompanyId),
}

impl Payer {
    /// Its id as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Driver(driver) => driver.as_str(),
            Self::Company(company) => company.as_str(),
        }
    }
}

/// A standing word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pledge {
    /// Who pays. Not flattened: its `id` would stand beside the ruling's own, and the ruling could never be read again.
    pub payer: Payer,
    /// No more than this for one visit, won: beyond it the driver is asked.
    pub limit: Won,
}

/// What a payer gave its word for and could not be charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrokenWord {
    /// Whose word.
    pub payer: Payer,
    /// How much, won.
    pub amount: Won,
    /// The card that was refused; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardId>,
}

/// So much is to be paid for leaving then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Promise {
    /// The exit read that the barrier opened for. A read makes one promise at most, ever.
    pub read: EventId,
    /// When it was.
    pub at: Timestamp,
    /// How much, won.
    pub amount: Won,
    /// Who pays.
    pub payer: Payer,
}

impl Visit {
    /// What is promised and neither paid nor broken, won.
    pub fn promised(&self) -> Won {
        Won::sum(self.promises.iter().map(|promise| promise.amount)).unwrap_or(Won::ZERO)
    }

    /// What counts as settled for the barrier: paid, or promised.
    pub fn settled(&self) -> Won {
        self.paid.plus(self.promised()).unwrap_or(self.paid)
    }

    /// Until when the car may leave on a promise made at `at`.
    fn leave_by_promise(rules: LotRules, at: Timestamp) -> Timestamp {
        let grace = SignedDuration::from_secs(i64::from(rules.leave_grace_s));
        at.saturating_add(grace).unwrap_or(Timestamp::MAX)
    }

    /// An exit read meets the pledge. Whoever promised and did not pay is not believed again for this visit.
    pub(super) fn promise<F: FeeSchedule>(
        &mut self,
        context: &FoldContext<'_, F>,
        facts: &Facts,
        read: &GateObservation,
    ) {
        let Some(pledge) = &self.pledge else { return };
        if facts.is_broken(&read.event_id) {
            self.pledge = None;
            return;
        }
        if facts.payments.iter().any(|paid| paid.promised_at.as_ref() == Some(&read.event_id)) {
            return;
        }
        let at = read.observed_at;
        let Some(amount) = self.due(context.fees, at).filter(|due| *due > Won::ZERO) else { return };
        if self.settled().plus(amount).is_ok_and(|total| total <= pledge.limit) {
            let payer = pledge.payer.clone();
            self.promises.push(Promise { read: read.event_id.clone(), at, amount, payer });
            self.leave_by = self.leave_by.max(Some(Self::leave_by_promise(context.rules, at)));
        }
    }
}

impl Facts {
    fn is_broken(&self, read: &EventId) -> bool {
        self.rulings
            .iter()
            .any(|ruling| matches!(&ruling.kind, RulingKind::PledgeBroken { read: of, .. } if of == read))
    }
}

impl Timeline {
    /// The promises that are to be kept now, with their visits.
    pub fn promises(&self) -> impl Iterator<Item = (&Visit, &Promise)> {
        self.visits.iter().flat_map(|visit| visit.promises.iter().map(move |promise| (visit, promise)))
    }
}
