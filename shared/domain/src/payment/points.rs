//! Points in a payment: a share of a fee that a wallet pays, and money given back for points that were paid for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Method, Payment, PaymentDecision, PaymentError, PaymentStatus, Purpose, Refund, RefundOrder, RefundState,
    RequestedBy, VisitFact,
};
use crate::{
    DriverId, RefundId, Won,
    ledger::{Book, Cause, EntryKind, JournalEntry},
    money::MoneyOverflow,
    points::{Points, Wallet},
};

/// One cash-out gives back parts of so many top-ups at most: they are written in one transaction.
pub const MAX_CASH_OUT_PARTS: usize = 10;
const CASH_OUT_REASON: &str = "포인트 환급";

/// Where the points of a payment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// Out of the wallet, waiting for the money.
    Held,
    /// They paid.
    Spent,
    /// Back in the wallet: the money did not come in time. Should it come after all, it counts for what it is.
    Released,
}

/// What of a fee a driver's points pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PointsShare {
    /// Whose.
    pub driver: DriverId,
    /// Which.
    pub points: Points,
    /// Where they are.
    pub state: ShareState,
    /// What of them went back after they were spent.
    #[serde(default)]
    pub returned: Points,
}

impl PointsShare {
    /// All of them, won.
    pub fn held_total(&self) -> Won {
        self.points.total().unwrap_or_default()
    }

    /// What they paid, won.
    pub fn spent(&self) -> Won {
        if self.state == ShareState::Spent { self.held_total() } else { Won::ZERO }
    }

    /// What they paid and what did not go back, won.
    pub fn kept(&self) -> Won {
        self.spent().remaining_after(self.returned.total().unwrap_or_default())
    }
}

/// Why points are not given back as money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CashOutError {
    /// Nothing, or less.
    #[error("a cash-out is over at least 1 won")]
    Amount,
    /// More than was paid for and not spent, or than the top-ups it came with can give back.
    #[error("at most {0} can be given back as money")]
    TooMuch(Won),
    /// A sum does not fit.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

impl Payment {
    /// Asks for a fee of which `points` pay a part: `self` is a new payment over the whole fee. Where points pay all, it is paid at
    /// once and the gateway never learns of it.
    pub fn begin_with_points(
        &self,
        driver: &DriverId,
        points: Points,
        now: Timestamp,
    ) -> Result<PaymentDecision, PaymentError> {
        let mut next = self.clone();
        next.order.amount = self.order.amount.minus(points.total()?)?;
        let share =
            PointsShare { driver: driver.clone(), points, state: ShareState::Held, returned: Points::ZERO };
        let hold = self.points_entry(EntryKind::PointsHeld, String::new(), now, (driver, points))?;
        next.points = Some(share);
        if !next.order.amount.is_zero() {
            return Ok(PaymentDecision { payment: next, entries: vec![hold], fact: None });
        }
        let held = next.clone();
        (next.paid_at, next.method) = (Some(now), Some(Method::Points));
        next.settle_points();
        next.status = next.status_of_money();
        let mut entries = vec![hold];
        entries.extend(next.postings_since(&held, now)?);
        let fact = next.paid_fact().map(VisitFact::Paid);
        Ok(PaymentDecision { payment: next, entries, fact })
    }

    /// Whether its points wait for money.
    pub fn holds_points(&self) -> bool {
        self.points.as_ref().is_some_and(|share| share.state == ShareState::Held)
    }

    /// The payment without its points, if the money has not come; `None` when there is nothing to release.
    pub fn release_points(&self) -> Option<Self> {
        if !self.holds_points() || !self.captured.is_zero() {
            return None;
        }
        let mut next = self.clone();
        if let Some(share) = &mut next.points {
            share.state = ShareState::Released;
        }
        Some(next)
    }

    /// What becomes of the points once money moved or nothing but points was asked for. They pay if the money is right and
    /// here; those whose refund the gateway has carried out go back with it.
    pub(super) fn settle_points(&mut self) {
        let is_right =
            self.mismatch.is_none() && (self.order.amount.is_zero() || self.captured > self.returned);
        let gone = self.refunds.iter().filter(|refund| matches!(refund.state, RefundState::Done { .. }));
        let gone = gone.map(|refund| refund.points).try_fold(Points::ZERO, Points::plus);
        let Some(share) = &mut self.points else { return };
        match share.state {
            ShareState::Held => share.state = if is_right { ShareState::Spent } else { ShareState::Released },
            ShareState::Spent => share.returned = gone.unwrap_or(share.returned),
            ShareState::Released => {}
        }
    }

    /// Points that can go back beside the refunds under way.
    pub(super) fn refundable_points(&self) -> Points {
        let Some(share) = self.points.as_ref().filter(|share| share.state == ShareState::Spent) else {
            return Points::ZERO;
        };
        let mut under_way = self.refunds.iter().filter(|refund| refund.is_open()).map(|refund| refund.points);
        let left = under_way
            .try_fold(Points::ZERO, Points::plus)
            .and_then(|under_way| share.points.minus(share.returned)?.minus(under_way));
        left.unwrap_or_default()
    }

    /// What a refund of this payment gives back in all, won. The points of a top-up's are what its money stands for.
    pub fn total_of(&self, refund: &Refund) -> Result<Won, MoneyOverflow> {
        match self.purpose {
            Purpose::Stay(_) => refund.amount.plus(refund.points.total()?),
            Purpose::TopUp(_) => Ok(refund.amount),
        }
    }

    /// The payment after a refund in points alone.
    pub(super) fn points_given_back(&self, id: &RefundId, now: Timestamp) -> Self {
        let mut next = self.with_state(id, RefundState::Done { at: now });
        next.settle_points();
        next.status = next.status_of_money();
        next
    }

    /// What of the newly returned money was held by cash-outs, won.
    pub(super) fn newly_cashed_out(&self, old: &Self) -> Result<Won, MoneyOverflow> {
        let done = self.ended_since(old).filter(|refund| matches!(refund.state, RefundState::Done { .. }));
        match self.purpose {
            Purpose::TopUp(_) => Won::sum(done.map(|refund| refund.points.paid)),
            Purpose::Stay(_) => Ok(Won::ZERO),
        }
    }

    /// Refunds with points that were under way in `old` and are over.
    fn ended_since<'a>(&'a self, old: &'a Self) -> impl Iterator<Item = &'a Refund> {
        let was_open =
            |id: &RefundId| old.refunds.iter().find(|refund| refund.id == *id).is_none_or(Refund::is_open);
        self.refunds
            .iter()
            .filter(move |refund| !refund.points.is_zero() && !refund.is_open() && was_open(&refund.id))
    }

    /// How points moved from `old` to this, in the books.
    pub(super) fn points_since(&self, old: &Self, at: Timestamp) -> Result<Vec<JournalEntry>, PaymentError> {
        let mut entries = Vec::new();
        if let (Some(share), true) = (&self.points, old.holds_points()) {
            let moved = match share.state {
                ShareState::Held => None,
                ShareState::Spent => Some(EntryKind::PointsSpent),
                ShareState::Released => Some(EntryKind::PointsReleased),
            };
            if let Some(kind) = moved {
                let at = if kind == EntryKind::PointsSpent { self.paid_at.unwrap_or(at) } else { at };
                entries.push(self.points_entry(kind, String::new(), at, (&share.driver, share.points))?);
            }
        }
        let driver = match &self.purpose {
            Purpose::TopUp(top_up) => Some(&top_up.driver),
            Purpose::Stay(_) => self.points.as_ref().map(|share| &share.driver),
        };
        let Some(driver) = driver else { return Ok(entries) };
        let is_fee = self.stay().is_some();
        let held = self.refunds.iter().filter(|refund| {
            !is_fee && !refund.points.is_zero() && old.refunds.iter().all(|known| known.id != refund.id)
        });
        for refund in held {
            let of = (driver, refund.points);
            entries.push(self.points_entry(EntryKind::CashOutHeld, refund.id.to_string(), at, of)?);
        }
        let moved: Vec<(EntryKind, &Refund)> = if is_fee {
            // Those of a refused one had stayed spent.
            self.done_since(old).map(|refund| (EntryKind::PointsReturned, refund)).collect()
        } else {
            let kind = |refund: &Refund| match refund.state {
                RefundState::Done { .. } => EntryKind::CashOutDone,
                _ => EntryKind::CashOutReleased,
            };
            self.ended_since(old).map(|refund| (kind(refund), refund)).collect()
        };
        for (kind, refund) in moved {
            entries.push(self.points_entry(kind, refund.id.to_string(), at, (driver, refund.points))?);
        }
        Ok(entries)
    }

    /// Refunds with points that are done, and were not in `old`.
    fn done_since<'a>(&'a self, old: &'a Self) -> impl Iterator<Item = &'a Refund> {
        let is_done = |refund: &Refund| matches!(refund.state, RefundState::Done { .. });
        let was_done =
            move |id: &RefundId| old.refunds.iter().any(|refund| refund.id == *id && is_done(refund));
        self.refunds
            .iter()
            .filter(move |refund| !refund.points.is_zero() && is_done(refund) && !was_done(&refund.id))
    }

    pub(super) fn points_entry(
        &self,
        kind: EntryKind,
        discriminant: String,
        at: Timestamp,
        (driver, points): (&DriverId, Points),
    ) -> Result<JournalEntry, PaymentError> {
        let of_lot = matches!(kind, EntryKind::PointsSpent | EntryKind::PointsReturned);
        let book = match self.stay().filter(|_| of_lot) {
            Some(stay) => Book::Lot(&stay.lot),
            None => Book::Points(driver),
        };
        let cause = Cause { book, payment: &self.id, discriminant, occurred_at: at, day: self.day_of(at)? };
        Ok(JournalEntry::post_points(kind, &cause, driver, points)?)
    }

    /// The bonus that is lost when so much of this top-up is back, won: what is left keeps its tenth, rounded down.
    fn bonus_lost_at(&self, back: Won) -> Won {
        let (Purpose::TopUp(top_up), false) = (&self.purpose, self.order.amount.is_zero()) else {
            return Won::ZERO;
        };
        let left = i128::from(self.order.amount.remaining_after(back).get());
        let kept = left * i128::from(top_up.bonus.get()) / i128::from(self.order.amount.get());
        top_up.bonus.remaining_after(Won::new(i64::try_from(kept).unwrap_or(i64::MAX)))
    }

    /// The bonus that is withdrawn because the gateway's staff gave back money of this top-up since `old`: what of it is still
    /// in the wallet (`there`, won).
    pub fn forfeited_since(
        &self,
        old: &Self,
        there: Won,
        at: Timestamp,
    ) -> Result<Option<JournalEntry>, PaymentError> {
        let Purpose::TopUp(top_up) = &self.purpose else { return Ok(None) };
        if self.mismatch.is_some() {
            return Ok(None);
        }
        let cashed_out = self.ended_since(old).map(|refund| refund.points.bonus);
        let lost = self.bonus_lost_at(self.returned).remaining_after(self.bonus_lost_at(old.returned));
        let bonus = lost.remaining_after(Won::sum(cashed_out)?).min(there.max(Won::ZERO));
        if bonus.is_zero() || self.returned == old.returned {
            return Ok(None);
        }
        let points = Points { paid: Won::ZERO, bonus };
        let discriminant = self.returned.get().to_string();
        self.points_entry(EntryKind::BonusForfeited, discriminant, at, (&top_up.driver, points)).map(Some)
    }

    /// What the gateway can give back of this top-up by itself, won. A deposit can't find its own way back.
    fn cashable(&self) -> Won {
        let is_paid = matches!(self.status, PaymentStatus::Paid | PaymentStatus::PartlyRefunded)
            && self.mismatch.is_none()
            && self.method != Some(Method::VirtualAccount)
            && self.refunds.len() < super::MAX_REFUNDS;
        if is_paid { self.refundable_money() } else { Won::ZERO }
    }

    /// At most `most` won of this top-up with the bonus that leaves with them, which is at most `there` won.
    fn with_bonus(&self, most: Won, there: Won) -> Points {
        let before = self.captured.remaining_after(self.refundable_money());
        let lost = |part: i64| {
            let back = Won::new(before.get().saturating_add(part));
            self.bonus_lost_at(back).remaining_after(self.bonus_lost_at(before))
        };
        // The bonus lost grows with the part: the largest part that the wallet's bonus covers.
        let (mut covered, mut beyond) = (0, most.get().max(0) + 1);
        while beyond - covered > 1 {
            let middle = covered + (beyond - covered) / 2;
            if lost(middle) <= there { covered = middle } else { beyond = middle }
        }
        Points { paid: Won::new(covered), bonus: lost(covered) }
    }
}

/// What of each top-up goes back for up to `wanted` won, newest first.
fn parts_of<'a>(wallet: &Wallet, top_ups: &'a [Payment], wanted: Won) -> Vec<(&'a Payment, Points)> {
    let mut left = wanted.min(wallet.balance.paid.max(Won::ZERO));
    let mut there = wallet.balance.bonus.max(Won::ZERO);
    let mut parts = Vec::new();
    for payment in top_ups {
        let is_mine = matches!(&payment.purpose, Purpose::TopUp(top_up) if top_up.driver == wallet.driver);
        if !is_mine || parts.len() == MAX_CASH_OUT_PARTS {
            continue;
        }
        let part = payment.with_bonus(payment.cashable().min(left), there);
        if !part.paid.is_zero() {
            left = left.remaining_after(part.paid);
            there = there.remaining_after(part.bonus);
            parts.push((payment, part));
        }
    }
    parts
}

/// Gives points back as money, `None` = all that can be: the top-ups (newest first) that give some, each with its refund written
/// into it. Paid points go back with the bonus on them and not without: what a driver's bonus does not cover can be spent (D-084).
pub fn cash_out<'a>(
    wallet: &Wallet,
    top_ups: &'a [Payment],
    (id, amount): (&RefundId, Option<Won>),
    now: Timestamp,
) -> Result<Vec<(&'a Payment, Payment)>, CashOutError> {
    if amount.is_some_and(|amount| amount <= Won::ZERO) {
        return Err(CashOutError::Amount);
    }
    let sum = |parts: &[(&Payment, Points)]| Won::sum(parts.iter().map(|(_, part)| part.paid));
    let most = parts_of(wallet, top_ups, Won::new(i64::MAX));
    let parts = match amount {
        Some(amount) => parts_of(wallet, top_ups, amount),
        None => most.clone(),
    };
    let total = sum(&parts)?;
    if total.is_zero() || amount.is_some_and(|amount| amount > total) {
        return Err(CashOutError::TooMuch(sum(&most)?));
    }
    let written = parts.into_iter().map(|(payment, part)| {
        let order = RefundOrder {
            id: id.clone(),
            amount: Some(part.paid),
            reason: CASH_OUT_REASON.to_owned(),
            by: RequestedBy::Driver,
            account: None,
        };
        let mut next = payment.clone();
        next.refunds.push(Refund { points: part, ..payment.refund(order, part.paid, now) });
        (payment, next)
    });
    Ok(written.collect())
}
