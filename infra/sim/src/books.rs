//! What must hold of money when nothing waits any more: the gateway's books, the journal, the payments and the visits agree.

use std::collections::{BTreeMap, BTreeSet};

use baro_domain::{
    LotId, PaymentId, PlateNumber, Won,
    ledger::{Account, EntryKind},
    payment::{Means, Payment, PaymentStatus, PointsShare, RefundState, RequestedBy},
    visit::{Facts, FeeSchedule as _, Visit},
};
use jiff::civil::Date;

use crate::{
    check::{Result, require},
    shop::{Standing, Taken},
    sim::{Sim, day_of},
};

/// What the journal has of each payment: money that came, and what went back.
type Posted = BTreeMap<PaymentId, (Vec<Won>, Won)>;
/// What the journal has of each account.
type Accounts = BTreeMap<Account, Won>;
/// The facts of each car at each lot.
pub(crate) type OnFile = BTreeMap<(LotId, PlateNumber), Facts>;

impl Sim {
    /// The journal says what the gateway's books say; each payment is posted once and its visit knows of it.
    pub(crate) async fn money_is_right(&mut self, on_file: &OnFile) -> Result {
        let books = self.world.shop.books_of();
        let moved = books.values().flat_map(|taken| &taken.moved).copied().map(day_of);
        let days: BTreeSet<Date> = moved.chain(self.days.iter().copied()).collect();
        let (mut posted, accounts) = self.posted(&days).await?;
        let (mut reads, mut charges, mut tried) = (BTreeSet::new(), 0, 0);
        for (id, taken) in &books {
            let (charged, returned) = posted.remove(id).unwrap_or_default();
            let came = if taken.standing == Standing::Paid { vec![taken.amount] } else { Vec::new() };
            require(charged == came, || format!("{id}: paid {came:?}, posted {charged:?}"))?;
            require(returned == taken.returned, || {
                format!("{id}: {} went back, posted {returned}", taken.returned)
            })?;
            let stored = self.world.cloud.billing().payment(id).await.map_err(|error| error.to_string())?;
            let stored = stored.ok_or_else(|| format!("{id} was never written down"))?.value;
            is_as_taken(&stored, taken, on_file)?;
            if let Means::Card { payer, .. } = &stored.means {
                let stay = stored.stay().unwrap();
                require(taken.charges <= 1, || format!("{id}: charged {} times", taken.charges))?;
                if stay.owed.is_some() {
                    self.is_a_try(&stored)?;
                    tried += u64::from(taken.charges);
                    continue;
                }
                let read = (stay.lot.clone(), stay.promised_at.clone().ok_or("a charge without a promise")?);
                let promised = self.promises.get(&read).is_some_and(|of| of.contains(&stored.order.amount));
                require(promised, || format!("{id}: {} was never promised", stored.order.amount))?;
                let pledge = self.pledges.get(&stay.plate);
                require(pledge.is_some_and(|pledge| pledge.payer == *payer), || {
                    format!("{id}: {payer:?} never pays for {}", stay.plate.as_str())
                })?;
                require(reads.insert(read), || format!("{id}: its read was charged twice"))?;
                charges += u64::from(taken.charges);
            }
        }
        self.tally.0.insert("promises charged", charges);
        self.tally.0.insert("tries charged", tried);
        self.debts_are_right(&books).await?;
        posted.retain(|_, (came, back)| !came.is_empty() || !back.is_zero());
        require(posted.is_empty(), || format!("posted without a payment: {posted:?}"))?;
        self.points_are_right(&accounts, on_file).await
    }

    async fn posted(&self, days: &BTreeSet<Date>) -> Result<(Posted, Accounts)> {
        let (mut posted, mut accounts) = (Posted::new(), Accounts::new());
        for day in days {
            for entry in
                self.world.cloud.billing().journal(*day, None).await.map_err(|error| error.to_string())?
            {
                let sum = Won::sum(entry.postings.iter().map(|posting| posting.amount)).unwrap();
                require(sum == Won::ZERO, || format!("{}: the postings sum to {sum}", entry.id))?;
                for posting in &entry.postings {
                    let of = accounts.entry(posting.account.clone()).or_default();
                    *of = of.plus(posting.amount).unwrap();
                }
                let of = posted.entry(entry.payment.clone()).or_default();
                let amount = entry.postings.iter().map(|posting| posting.amount).max().unwrap_or(Won::ZERO);
                match entry.kind {
                    EntryKind::Sale
                    | EntryKind::Surcharge
                    | EntryKind::HeldReceipt
                    | EntryKind::OnAccount => of.0.push(amount),
                    // The bonus is no money.
                    EntryKind::TopUp => of.0.push(entry.change_of(&Account::PgClearing).unwrap()),
                    EntryKind::Refund
                    | EntryKind::SurchargeReturn
                    | EntryKind::HeldReturn
                    | EntryKind::CashOut
                    | EntryKind::OnAccountReturned => {
                        of.1 = of.1.plus(amount).unwrap();
                    }
                    // Points move between a driver and a lot: nothing of the gateway's.
                    EntryKind::PointsHeld
                    | EntryKind::PointsSpent
                    | EntryKind::PointsReleased
                    | EntryKind::PointsReturned
                    | EntryKind::BonusForfeited
                    | EntryKind::CashOutHeld
                    | EntryKind::CashOutReleased => {}
                    EntryKind::CashOutDone => {
                        let clearing = entry.change_of(&Account::PgClearing).unwrap();
                        of.1 = of.1.minus(clearing).unwrap();
                    }
                }
            }
        }
        Ok((posted, accounts))
    }

    /// Of a visit with several payments no more is kept than the dearest of their quotes, or than the largest alone.
    pub(crate) async fn is_paid_once(&self, facts: &Facts, visit: &Visit) -> Result {
        let of_it = |paid: &&baro_domain::visit::PaidFact| {
            visit.payments.contains(&paid.payment) && paid.amount > Won::ZERO
        };
        let paid: Vec<_> = facts.payments.iter().filter(of_it).collect();
        if paid.len() < 2 {
            return Ok(());
        }
        let fees = &self.lots[&visit.lot].fees;
        let quotes =
            paid.iter().filter_map(|paid| fees.fee(visit.entered_at, visit.priced_until(paid.quoted_until)));
        let most = quotes.chain(paid.iter().map(|paid| paid.amount)).max().unwrap_or(Won::ZERO);
        let kept = Won::sum(paid.iter().map(|paid| paid.amount)).unwrap();
        if kept <= most {
            return Ok(());
        }
        // What the bank would not give back is a person's matter, and on the alarm.
        for paid in paid {
            let stored = self.world.cloud.billing().payment(&paid.payment).await;
            let stored = stored.map_err(|error| error.to_string())?.unwrap().value;
            let stuck = |refund: &baro_domain::payment::Refund| {
                refund.by == RequestedBy::Platform && matches!(refund.state, RefundState::Refused { .. })
            };
            if stored.refunds.iter().any(stuck) {
                return Ok(());
            }
        }
        Err(format!("{} of {}: {kept} is kept, {most} was due", visit.id, visit.plate.as_str()))
    }
}

/// Our payment, its refunds and its visit know what the gateway knows.
fn is_as_taken(stored: &Payment, taken: &Taken, on_file: &OnFile) -> Result {
    let id = &stored.id;
    let open = stored.refunds.iter().find(|refund| refund.is_open());
    require(open.is_none(), || format!("{id}: a refund has no end: {open:?}"))?;
    let done = stored.refunds.iter().filter(|refund| matches!(refund.state, RefundState::Done { .. }));
    // What our own rule wanted back is done, too, when the staff had given all of it.
    let (given, closed): (Vec<_>, Vec<_>) = done.partition(|refund| taken.has_given(&refund.tagged_reason()));
    let is_explained = |refund: &&baro_domain::payment::Refund| {
        let was_given_by_hand = refund.by == RequestedBy::Platform && taken.returned == taken.amount;
        refund.amount.is_zero() || was_given_by_hand
    };
    require(closed.iter().all(is_explained), || {
        format!("{id}: done, and the gateway gave nothing: {closed:?}")
    })?;
    let asked = Won::sum(given.iter().map(|refund| refund.amount)).unwrap();
    require(asked.plus(taken.by_hand).unwrap() == taken.returned, || {
        let (by_hand, refunds) = (taken.by_hand, &stored.refunds);
        format!("{id}: {asked} asked for and {by_hand} by hand, {} went back: {refunds:?}", taken.returned)
    })?;
    if taken.standing != Standing::Paid {
        let is_open = matches!(stored.status, PaymentStatus::Requested) && stored.means != Means::Window;
        return require(!is_open, || format!("{id}: its charge has no end"));
    }
    require(stored.captured == taken.amount && stored.returned == taken.returned, || {
        format!("{id}: stored {} less {}, taken {taken:?}", stored.captured, stored.returned)
    })?;
    visit_knows(stored, on_file)
}

/// The visit of a payment knows what is kept of it, in money and in points.
pub(crate) fn visit_knows(stored: &Payment, on_file: &OnFile) -> Result {
    let (id, Some(stay)) = (&stored.id, stored.stay()) else { return Ok(()) };
    let facts = on_file.get(&(stay.lot.clone(), stay.plate.clone())).ok_or("no such car")?;
    let fact = facts.payments.iter().find(|fact| fact.payment == *id);
    if stored.mismatch.is_some() {
        return require(fact.is_none(), || format!("{id} is held, and its visit counts it"));
    }
    let moved_away = facts.trimmed_until.is_some_and(|cut| stay.quoted_until <= cut);
    let points = stored.points.as_ref().map_or(Won::ZERO, PointsShare::kept);
    let kept = stored.captured.remaining_after(stored.returned).plus(points).unwrap();
    require(fact.map_or(moved_away, |fact| fact.amount == kept), || {
        format!("{id}: {kept} is kept of it, its visit knows {fact:?}")
    })
}
