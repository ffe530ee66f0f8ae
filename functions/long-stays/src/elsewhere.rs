//! Cars that are open at two lots at once. The list of open visits, which the guard reads anyhow, tells of them; nothing is kept of where
//! a plate is, and a gate's read costs nothing for it.

use std::collections::{BTreeMap, BTreeSet};

use baro_domain::{
    LotId, PlateNumber, PricedLot, TaskId,
    task::{Elsewhere, OpenStay, Task, TaskKind, seen_elsewhere},
    visit::{Timeline, fold},
};
use baro_store::{MAX_OPEN_PAGE, StoreError};

use crate::{LongStays, Summary};

impl LongStays {
    /// Puts a task on both desks for each plate that is in two lots at once, and takes off what has come apart.
    pub(crate) async fn compare(
        &self,
        open: &[(LotId, PlateNumber)],
        done: &mut Summary,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let waiting = self.waiting().await?;
        let mut standing: BTreeSet<TaskId> = BTreeSet::new();
        for stays in self.stays_of_suspects(open).await?.into_values() {
            for task in seen_elsewhere(&stays, now) {
                if !waiting.iter().any(|(known, _)| known.id == task.id)
                    && self.tasks.open(&task, now).await?
                {
                    done.elsewhere += 1;
                }
                standing.insert(task.id);
            }
        }
        for (task, pair) in waiting.iter().filter(|(task, _)| !standing.contains(&task.id)) {
            if self.has_come_apart(task, pair).await? && self.tasks.explain(&task.lot, &task.id, now).await? {
                done.explained += 1;
            }
        }
        Ok(())
    }

    /// Tasks of this kind that wait for a person.
    async fn waiting(&self) -> Result<Vec<(Task, Elsewhere)>, StoreError> {
        let of_kind = |task: Task| match &task.kind {
            TaskKind::SeenElsewhere(pair) => Some((task.clone(), pair.clone())),
            _ => None,
        };
        Ok(self.tasks.open_everywhere().await?.into_iter().filter_map(of_kind).collect())
    }

    /// The open visits of plates that more than one lot lists, by what their facts say: the list may be behind.
    async fn stays_of_suspects(
        &self,
        open: &[(LotId, PlateNumber)],
    ) -> Result<BTreeMap<PlateNumber, Vec<OpenStay>>, StoreError> {
        let mut lots_of: BTreeMap<&PlateNumber, BTreeSet<&LotId>> = BTreeMap::new();
        for (lot, plate) in open.iter().filter(|(_, plate)| plate.is_recognised()) {
            lots_of.entry(plate).or_default().insert(lot);
        }
        let mut plates_of: BTreeMap<&LotId, Vec<PlateNumber>> = BTreeMap::new();
        for (plate, lots) in lots_of.into_iter().filter(|(_, lots)| lots.len() > 1) {
            for lot in lots {
                plates_of.entry(lot).or_default().push(plate.clone());
            }
        }
        let mut stays: BTreeMap<PlateNumber, Vec<OpenStay>> = BTreeMap::new();
        for (lot, plates) in plates_of {
            let Some(lot) = self.priced(lot).await? else {
                tracing::warn!(%lot, "cars of a lot that is not known or can't be priced are not compared");
                continue;
            };
            for page in plates.chunks(MAX_OPEN_PAGE) {
                for file in self.parking.on_files(&lot.lot.id, page).await? {
                    let timeline = fold(&lot.context(), &file.facts);
                    let Some(visit) = timeline.open().cloned() else { continue };
                    let stay = OpenStay { visit, operator: lot.lot.operator.clone() };
                    stays.entry(file.facts.plate).or_default().push(stay);
                }
            }
        }
        Ok(stays)
    }

    async fn has_come_apart(&self, task: &Task, pair: &Elsewhere) -> Result<bool, StoreError> {
        // A task about a pair of visits always has their plate.
        let Some(plate) = &task.plate else { return Ok(false) };
        let here = self.timeline(&task.lot, plate).await?;
        let there = self.timeline(&pair.other_lot, plate).await?;
        Ok(here.zip(there).is_some_and(|(here, there)| !pair.stands(&here, &there)))
    }

    /// `None` where the lot can't be folded: then nothing is decided.
    async fn timeline(&self, lot: &LotId, plate: &PlateNumber) -> Result<Option<Timeline>, StoreError> {
        let Some(lot) = self.priced(lot).await? else { return Ok(None) };
        Ok(Some(fold(&lot.context(), &self.parking.facts(&lot.lot.id, plate).await?)))
    }

    async fn priced(&self, lot: &LotId) -> Result<Option<PricedLot>, StoreError> {
        Ok(self.directory.lot(lot).await?.and_then(|record| record.priced().ok()))
    }
}
