//! What must hold: after each step for an item and the journal, and for everything when nothing waits any more.

use std::collections::{BTreeMap, BTreeSet};

use baro_domain::{
    LotId, Passage, PaymentId, PlateNumber, Won,
    ledger::EntryKind,
    payment::PaymentStatus,
    visit::{Facts, fold, surplus},
};
use jiff::Timestamp;

use crate::{
    sim::Sim,
    truth::{stay_of, stays},
};

type Result<T = ()> = std::result::Result<T, String>;

/// What tells a read of one plate from another, on file as in truth.
type Key = (Timestamp, Passage, PlateNumber);

fn require(holds: bool, what: impl FnOnce() -> String) -> Result {
    if holds { Ok(()) } else { Err(what()) }
}

impl Sim {
    /// After each step.
    pub(crate) async fn look(&mut self) -> Result {
        let (lot, plate) = self.item_of_this_step();
        self.item_holds(&lot, &plate, false).await?;
        Ok(())
    }

    async fn item_holds(&self, lot: &LotId, plate: &PlateNumber, settled: bool) -> Result<Facts> {
        let facts = self.world.cloud.parking().facts(lot, plate).await.map_err(|error| error.to_string())?;
        let whose = || format!("{} at {lot}", plate.as_str());
        let on_file: BTreeSet<Key> = facts
            .observations
            .iter()
            .map(|read| (read.observed_at, read.passage, read.plate.clone()))
            .collect();
        require(on_file.len() == facts.observations.len(), || {
            format!("{}: a read is on file twice", whose())
        })?;
        let kept = |seen: Timestamp| facts.trimmed_until.is_none_or(|cut| seen > cut);
        let mine = || self.reads.iter().filter(|read| read.spot.lot == *lot && read.plate == *plate);
        let sent: BTreeSet<Key> = mine()
            .filter(|read| read.sent)
            .map(|read| (read.seen, read.spot.passage, read.told.clone()))
            .collect();
        if let Some(stranger) = on_file.difference(&sent).next() {
            return Err(format!("{}: a read that is not its own: {stranger:?}", whose()));
        }
        // What waits in the queue was acknowledged too; that it is filed shows when nothing waits.
        let promised =
            mine().filter(|read| settled && read.acknowledged && read.told == *plate && kept(read.seen));
        for read in promised {
            let key = (read.seen, read.spot.passage, read.told.clone());
            require(on_file.contains(&key), || {
                format!("{}: an acknowledged read is lost: {key:?}", whose())
            })?;
        }
        let priced = &self.lots[lot];
        let visits = fold(&priced.context(), &facts).visits;
        let open = visits.iter().filter(|visit| visit.is_open()).count();
        require(open <= 1, || format!("{}: {open} visits are open", whose()))?;
        let reads =
            on_file.iter().filter(|read| kept(read.0)).map(|(at, passage, _)| (*at, *passage)).collect();
        let paid: Vec<_> = facts.payments.iter().filter(|fact| kept(fact.quoted_until)).cloned().collect();
        let (told, truth) = (visits.iter().map(stay_of).collect::<Vec<_>>(), stays(priced, reads, &paid));
        require(told == truth, || format!("{}: the fold says {told:?}, and truth {truth:?}", whose()))?;
        for fact in &facts.payments {
            self.payment_is_asked_for(&fact.payment, fact.amount)?;
        }
        Ok(facts)
    }

    fn payment_is_asked_for(&self, id: &PaymentId, amount: Won) -> Result {
        let asked = self.payments.get(id).map(|payment| payment.order.amount);
        require(asked.is_some_and(|asked| amount <= asked), || format!("{id}: {amount} was never asked for"))
    }

    /// When nothing waits any more.
    pub(crate) async fn settled(&mut self) -> Result {
        let mut open: BTreeMap<LotId, u32> = BTreeMap::new();
        let mut listed: BTreeMap<LotId, BTreeSet<PlateNumber>> = BTreeMap::new();
        for (lot, plate) in self.items() {
            let facts = self.item_holds(&lot, &plate, true).await?;
            self.all_reads_are_kept(&lot, &plate).await?;
            let context = self.lots[&lot].context();
            let timeline = fold(&context, &facts);
            let twice = surplus(&context, &facts, &timeline);
            require(twice.is_empty(), || format!("{} at {lot} has paid twice: {twice:?}", plate.as_str()))?;
            if timeline.open().is_some() {
                *open.entry(lot.clone()).or_default() += 1;
                listed.entry(lot).or_default().insert(plate);
            }
        }
        for lot in self.lots.keys() {
            let known = self.world.cloud.activity().occupancies(&[&self.lots[lot].lot]).await;
            let known = known.map_err(|error| error.to_string())?;
            let counted = known.get(lot).and_then(|state| state.visits).map_or(0, |visits| visits.occupied);
            let inside = i64::from(open.get(lot).copied().unwrap_or(0));
            require(counted == inside, || format!("{lot}: {counted} cars counted, {inside} visits open"))?;
            let list =
                self.world.cloud.parking().open_plates(lot).await.map_err(|error| error.to_string())?;
            if list.into_iter().collect::<BTreeSet<_>>() != listed.remove(lot).unwrap_or_default() {
                *self.tally.0.entry("list behind").or_default() += 1;
            }
        }
        self.money_is_right().await
    }

    async fn all_reads_are_kept(&self, lot: &LotId, plate: &PlateNumber) -> Result {
        let on_file = self.world.cloud.reads_on_file(lot.as_str(), plate.as_str()).await;
        let mine =
            |read: &&crate::sim::Read| read.spot.lot == *lot && read.plate == *plate && read.told == *plate;
        let taken = self.reads.iter().filter(mine).count();
        require(on_file >= taken, || format!("{} at {lot}: {on_file} reads kept of {taken}", plate.as_str()))
    }

    /// The journal says what the gateway's books say; each payment is posted once and its visit knows of it.
    async fn money_is_right(&self) -> Result {
        let billing = self.world.cloud.billing();
        let mut posted: BTreeMap<PaymentId, (Vec<Won>, Won)> = BTreeMap::new();
        for day in &self.days {
            for entry in billing.journal(*day, None).await.map_err(|error| error.to_string())? {
                let sum = Won::sum(entry.postings.iter().map(|posting| posting.amount)).unwrap();
                require(sum == Won::ZERO, || format!("{}: the postings sum to {sum}", entry.id))?;
                let of = posted.entry(entry.payment.clone()).or_default();
                let amount = entry.postings.iter().map(|posting| posting.amount).max().unwrap_or(Won::ZERO);
                match entry.kind {
                    EntryKind::Sale | EntryKind::HeldReceipt | EntryKind::TopUp => of.0.push(amount),
                    EntryKind::Refund | EntryKind::HeldReturn | EntryKind::CashOut => {
                        of.1 = of.1.plus(amount).unwrap();
                    }
                    // Points move between a driver and a lot: nothing of the gateway's.
                    _ => {}
                }
            }
        }
        for (id, taken) in self.world.shop.books() {
            let (charged, returned) = posted.remove(&id).unwrap_or_default();
            require(charged == [taken.amount], || {
                format!("{id}: paid {}, posted {charged:?}", taken.amount)
            })?;
            require(returned == taken.returned, || {
                format!("{id}: {} went back, posted {returned}", taken.returned)
            })?;
            let stored = billing.payment(&id).await.map_err(|error| error.to_string())?;
            let stored = stored.ok_or_else(|| format!("{id} is gone"))?.value;
            let told = [PaymentStatus::Paid].contains(&stored.status);
            let said = |kind: &str| {
                self.notices
                    .iter()
                    .any(|n| n.contains(kind) && n.contains(stored.stay().unwrap().plate.as_str()))
            };
            require(!told || said("payment_received"), || format!("{id} is paid and nobody is told"))?;
        }
        require(posted.is_empty(), || format!("posted without a payment: {posted:?}"))
    }
}
