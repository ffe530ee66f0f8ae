//! The guard against phantom visits: a car whose exit was missed, or that was never there because somebody else's plate
//! was misread as this one. What outlasts the lot's usual stay comes to the operator's desk; what was not heard of for as
//! long as the lot's rule says is ruled gone. A plate that is in two lots at once comes to the desks of both. All of it can be
//! repeated: tasks and rulings have ids derived from the visits.

mod elsewhere;

use std::collections::BTreeMap;

use baro_domain::{
    LotId, PlateNumber, PricedLot, RulingId,
    task::Task,
    visit::{LongStayStep, RuledBy, Ruling, RulingKind, Visit, fold},
};
use baro_runtime::{Aws, Clock, Config, InitError, problem::chain};
use baro_store::{Directory, MAX_OPEN_PAGE, Parking, Recorded, StoreError, Tasks};
use serde::{Deserialize, Serialize};

/// What the schedule, or a person, asks for: there is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Tasks new on the desk.
    pub flagged: usize,
    /// Visits ruled gone.
    pub closed: usize,
    /// Plates that the list of open ones held though their visit is over.
    pub relisted: usize,
    /// Tasks new on the desk, of plates that are in two lots at once.
    pub elsewhere: usize,
    /// Such tasks taken off, as one of the visits is over.
    pub explained: usize,
}

/// Why a run is to be repeated.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The list of open plates could not be read.
    #[error("store")]
    Store(#[from] StoreError),
    /// Some lots could not be looked after; the others were.
    #[error("{0} lots failed")]
    Lots(usize),
}

/// The function.
#[derive(Debug)]
pub struct LongStays {
    parking: Parking,
    directory: Directory,
    tasks: Tasks,
    clock: Clock,
}

impl LongStays {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        let parking = config.required("PARKING_TABLE")?;
        Ok(Self::new(
            Parking::new(dynamodb.clone(), parking),
            Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
            Tasks::new(dynamodb, config.required("ACTIVITY_TABLE")?, parking),
            Clock::default(),
        ))
    }

    /// Of its parts.
    pub fn new(parking: Parking, directory: Directory, tasks: Tasks, clock: Clock) -> Self {
        Self { parking, directory, tasks, clock }
    }

    /// Looks after every open visit, and compares the lots. A lot that fails stops no other; the run fails then, and is repeated.
    pub async fn run(&self, _: Asked) -> Result<Summary, GuardError> {
        let mut by_lot: BTreeMap<LotId, Vec<PlateNumber>> = BTreeMap::new();
        let open = self.parking.open_everywhere().await?;
        for (lot, plate) in open.iter().cloned() {
            by_lot.entry(lot).or_default().push(plate);
        }
        let (mut summary, mut failed) = (Summary::default(), 0);
        for (lot, plates) in by_lot {
            if let Err(error) = Box::pin(self.guard(&lot, &plates, &mut summary)).await {
                tracing::error!(%lot, cause = chain(&error), "the lot is looked after at the next try");
                failed += 1;
            }
        }
        Box::pin(self.compare(&open, &mut summary)).await?;
        tracing::info!(
            flagged = summary.flagged,
            closed = summary.closed,
            relisted = summary.relisted,
            elsewhere = summary.elsewhere,
            explained = summary.explained,
            "guarded"
        );
        if failed == 0 { Ok(summary) } else { Err(GuardError::Lots(failed)) }
    }

    async fn guard(&self, lot: &LotId, plates: &[PlateNumber], done: &mut Summary) -> Result<(), StoreError> {
        let Some(record) = self.directory.lot(lot).await? else {
            return Err(StoreError::Refused("cars stand in a lot that is not known"));
        };
        if record.lot.rules.long_stay.is_none() {
            return Ok(());
        }
        let lot = record.priced().map_err(|_| StoreError::Refused("the lot's tariff does not compile"))?;
        for page in plates.chunks(MAX_OPEN_PAGE) {
            for file in self.parking.on_files(&lot.lot.id, page).await? {
                self.look(&lot, &file, done).await?;
            }
        }
        Ok(())
    }

    async fn look(&self, lot: &PricedLot, file: &Recorded, done: &mut Summary) -> Result<(), StoreError> {
        let timeline = fold(&lot.context(), &file.facts);
        let now = self.clock.now();
        let Some(visit) = timeline.open() else {
            self.relist(lot, &file.facts.plate).await?;
            done.relisted += 1;
            return Ok(());
        };
        match visit.long_stay_step(lot.lot.rules, now) {
            None => {}
            Some(LongStayStep::Ask) => {
                done.flagged += usize::from(self.tasks.open(&Task::long_stay(visit), now).await?);
            }
            Some(LongStayStep::PresumeGone) => {
                self.presume_gone(lot, visit).await?;
                done.closed += 1;
            }
        }
        Ok(())
    }

    async fn presume_gone(&self, lot: &PricedLot, visit: &Visit) -> Result<(), StoreError> {
        let ruling = Ruling {
            id: RulingId::derive(&[visit.id.as_str(), "presumed-gone", &visit.seen_at.to_string()]),
            at: self.clock.now(),
            by: RuledBy::LotRule,
            note: String::new(),
            kind: RulingKind::PresumedGone,
        };
        self.parking.rule(&lot.lot.id, &visit.plate, &ruling).await?;
        self.relist(lot, &visit.plate).await
    }

    async fn relist(&self, lot: &PricedLot, plate: &PlateNumber) -> Result<(), StoreError> {
        let open = |facts: &_| fold(&lot.context(), facts).open().map(|visit| visit.entered_at);
        self.parking.relist(&lot.lot.id, plate, open).await
    }
}
