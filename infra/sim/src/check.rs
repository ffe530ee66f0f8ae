//! What must hold: after each step for an item and the journal, and for everything when nothing waits any more.

use std::collections::{BTreeMap, BTreeSet};

use baro_domain::{
    GateObservation, LotId, Passage, PlateNumber,
    payment::Payment,
    visit::{Facts, PaidFact, fold},
};
use jiff::Timestamp;

use crate::{
    books::OnFile,
    sim::Sim,
    truth::{stay_of, stays},
};

pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// What tells a read of one plate from another, on file as in truth.
type Key = (Timestamp, Passage, PlateNumber);

pub(crate) fn require(holds: bool, what: impl FnOnce() -> String) -> Result {
    if holds { Ok(()) } else { Err(what()) }
}

impl Sim {
    /// After each step.
    pub(crate) async fn look(&mut self) -> Result {
        if let Some(what) = self.unpromised.take() {
            return Err(what);
        }
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
        let read = |read: &GateObservation| (read.observed_at, read.passage, read.event_id.clone());
        let reads: Vec<_> = facts.observations.iter().map(read).collect();
        let (told, truth) = (visits.iter().map(stay_of).collect::<Vec<_>>(), stays(priced, &reads, &facts));
        require(told == truth, || format!("{}: the fold says {told:?}, and truth {truth:?}", whose()))?;
        for fact in &facts.payments {
            self.payment_is_asked_for(fact)?;
        }
        Ok(facts)
    }

    fn payment_is_asked_for(&self, fact: &PaidFact) -> Result {
        let asked = self.payments.get(&fact.payment).map(Payment::asked);
        let asked = asked.or_else(|| self.orders.get(&fact.payment)?.iter().max().copied());
        require(asked.is_some_and(|asked| fact.amount <= asked), || {
            format!("{}: {} was never asked for", fact.payment, fact.amount)
        })
    }

    /// When nothing waits any more.
    pub(crate) async fn settled(&mut self) -> Result {
        let mut open: BTreeMap<LotId, u32> = BTreeMap::new();
        let mut listed: BTreeMap<LotId, BTreeSet<PlateNumber>> = BTreeMap::new();
        let mut on_file = OnFile::new();
        for (lot, plate) in self.items() {
            let facts = self.item_holds(&lot, &plate, true).await?;
            self.all_reads_are_kept(&lot, &plate).await?;
            let context = self.lots[&lot].context();
            let timeline = fold(&context, &facts);
            for visit in &timeline.visits {
                self.is_paid_once(&facts, visit).await?;
            }
            let standing: Vec<_> = timeline.promises().collect();
            require(standing.is_empty(), || {
                format!("{} at {lot}: neither paid nor broken: {standing:?}", plate.as_str())
            })?;
            if timeline.open().is_some() {
                *open.entry(lot.clone()).or_default() += 1;
                listed.entry(lot.clone()).or_default().insert(plate.clone());
            }
            on_file.insert((lot, plate), facts);
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
        self.money_is_right(&on_file).await
    }

    async fn all_reads_are_kept(&self, lot: &LotId, plate: &PlateNumber) -> Result {
        let on_file = self.world.cloud.reads_on_file(lot.as_str(), plate.as_str()).await;
        let mine =
            |read: &&crate::sim::Read| read.spot.lot == *lot && read.plate == *plate && read.told == *plate;
        let taken = self.reads.iter().filter(mine).count();
        require(on_file >= taken, || format!("{} at {lot}: {on_file} reads kept of {taken}", plate.as_str()))
    }
}
