//! That what follows from a committed change is published, and nothing else: the change is told a second time here, and the
//! notices that the router sends for it, and the tasks it brings to the desk, are counted one by one.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use baro_domain::{
    LotId, TaskId,
    payment::Means,
    task::{self, TaskChange},
    visit::{Facts, Timeline, events_between, fold},
};
use baro_store::stream::{Change, change_of};
use baro_stream_router::notices;

use baro_testing::ItemChange;

use crate::{queues::record, sim::Sim, world::SITE_URL};

/// What must follow from one record.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    /// Ids of notices.
    notices: BTreeSet<String>,
    /// Tasks that come to the desk, or off it.
    tasks: Vec<(LotId, TaskId, bool)>,
}

impl Sim {
    /// What must follow from each record of a batch that is routed now.
    pub(crate) fn owed_of(&mut self, event: &StreamEvent) -> Vec<Owed> {
        event.records.iter().map(|record| self.owed_of_record(record)).collect()
    }

    fn owed_of_record(&mut self, record: &EventRecord) -> Owed {
        let (old, new) = (record.change.old_image.clone(), record.change.new_image.clone());
        let mut owed = Owed::default();
        let now = self.world.now();
        match change_of(Some(old), Some(new)).unwrap() {
            Some(Change::Facts { lot, old, new, .. }) => {
                let priced = &self.lots[&lot];
                let context = priced.context();
                let none = Facts::none(new.plate.clone());
                let before = old.as_ref().map_or_else(Timeline::default, |facts| fold(&context, facts));
                let after = fold(&context, &new);
                for event in events_between(&priced.fees, &before, &after) {
                    // Every car of this town has somebody to tell, under the plate that it really has.
                    let is_known = self.cars.iter().any(|(plate, _)| *plate == event.plate);
                    let notice = notices::of_visit(&event, &priced.lot, now).filter(|_| is_known);
                    owed.notices.extend(notice.map(|notice| notice.id.as_str().to_owned()));
                }
                let old = old.as_deref().unwrap_or(&none);
                for change in task::changes(&context, (old, &before), (&new, &after), now) {
                    let opens = matches!(change, TaskChange::Open(_));
                    owed.tasks.push((lot.clone(), change.id().clone(), opens));
                }
                for (visit, promise) in after.promises() {
                    let of = self.promises.entry((visit.lot.clone(), promise.read.clone())).or_default();
                    of.insert(promise.amount);
                }
            }
            Some(Change::Payment { old, new }) => {
                let moved =
                    old.is_none_or(|old| (old.status, old.given_back()) != (new.status, new.given_back()));
                let Some(stay) = new.stay() else { return owed };
                let notice = notices::of_payment(&new, &self.lots[&stay.lot].lot).filter(|_| moved);
                owed.notices.extend(notice.map(|notice| notice.id.as_str().to_owned()));
            }
            Some(Change::Receivable { old, new }) => {
                let lot = &self.lots[&new.lot].lot;
                let is_known = self.cars.iter().any(|(plate, _)| *plate == new.plate);
                let told = notices::of_receivable(old.as_deref(), &new, lot, SITE_URL);
                owed.notices.extend(told.iter().filter(|_| is_known).map(|told| told.id.as_str().to_owned()));
            }
            _ => {}
        }
        owed
    }

    /// A charge is begun for a promise that stands at that very moment: changes come in the order in which they were made.
    pub(crate) fn is_promised(&mut self, change: &ItemChange) {
        let record: EventRecord = serde_json::from_value(record(0, change)).unwrap();
        match change_of(Some(record.change.old_image), Some(record.change.new_image)).unwrap() {
            Some(Change::Facts { lot, new, .. }) => {
                let timeline = fold(&self.lots[&lot].context(), &new);
                let standing =
                    timeline.promises().map(|(_, promise)| (promise.read.clone(), promise.amount)).collect();
                self.standing.insert((lot, new.plate.clone()), standing);
            }
            Some(Change::Receivable { new, .. }) => {
                self.debts.insert(new.id.clone(), *new);
            }
            Some(Change::Payment { old: None, new })
                if new.means != Means::Window && new.stay().unwrap().owed.is_some() =>
            {
                let wrong = self.is_owed(&new).err();
                self.unpromised = self.unpromised.take().or(wrong);
                self.orders.entry(new.id.clone()).or_default().insert(new.order.amount);
            }
            Some(Change::Payment { old: None, new }) if new.means != Means::Window => {
                let stay = new.stay().unwrap();
                let promise = stay.promised_at.clone().map(|read| (read, new.order.amount));
                let standing = self.standing.get(&(stay.lot.clone(), stay.plate.clone()));
                let stands = |promise| standing.is_some_and(|standing| standing.contains(promise));
                if !promise.as_ref().is_some_and(stands) {
                    self.unpromised = Some(format!("{}: {promise:?} does not stand any more", new.id));
                }
            }
            _ => {}
        }
    }

    /// Of what was routed, all is published; of what was tried, nothing else. To be called after the queues were looked at.
    pub(crate) async fn is_published(
        &mut self,
        owed: &[Owed],
        done: usize,
        sent: &BTreeSet<String>,
    ) -> Result<(), String> {
        let allowed: BTreeSet<&String> = owed.iter().flat_map(|one| &one.notices).collect();
        if let Some(stranger) = sent.iter().find(|id| !allowed.contains(id)) {
            return Err(format!("{stranger} is told, and nothing has happened"));
        }
        let mut tasks: BTreeMap<TaskId, (LotId, bool)> = BTreeMap::new();
        for one in &owed[..done] {
            if let Some(missing) = one.notices.iter().find(|id| !sent.contains(*id)) {
                return Err(format!("{missing} is told to nobody, and its change is routed"));
            }
            tasks.extend(one.tasks.iter().map(|(lot, id, opens)| (id.clone(), (lot.clone(), *opens))));
        }
        *self.tally.0.entry("notices").or_default() += u64::try_from(sent.len()).unwrap();
        for (id, (lot, opens)) in tasks {
            let filed = self.world.cloud.tasks().task(&lot, &id).await.map_err(|error| error.to_string())?;
            let lies_there = filed.as_ref().is_some_and(|filed| filed.outcome.is_none());
            // What was explained before it was opened stays off the desk.
            if opens && filed.is_none() || !opens && lies_there {
                return Err(format!("task {id:?}: opened {opens}, on the desk {lies_there}"));
            }
            *self.tally.0.entry("tasks").or_default() += 1;
        }
        Ok(())
    }
}
