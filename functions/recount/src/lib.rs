//! Finds counters of open visits that have drifted: it holds each against the list of open visits, and where they differ
//! puts what it counted among the lot's changes. Only `stream-router` writes a counter; it takes the number over if no
//! change came in between (`shared/store/src/recount.rs`), else the next hour does it.

use baro_domain::{
    LotId,
    occupancy::{Recount, VisitCounting},
};
use baro_runtime::{Aws, Clock, Config, InitError, problem::chain};
use baro_store::{Activity, Directory, Parking, StoreError};
use serde::{Deserialize, Serialize};

/// What the schedule, or a person, asks for: there is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {}

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Lots whose counter is right.
    pub right: usize,
    /// Lots whose counter moved a moment ago: the next hour looks at them.
    pub busy: usize,
    /// Lots whose counter has drifted; a marker says what it should be.
    pub marked: usize,
}

/// Why a run is to be repeated.
#[derive(Debug, thiserror::Error)]
pub enum RecountError {
    /// The lots could not be read.
    #[error("store")]
    Store(#[from] StoreError),
    /// Some lots could not be counted; the others were.
    #[error("{0} lots failed")]
    Lots(usize),
}

/// The function.
#[derive(Debug)]
pub struct Recounter {
    directory: Directory,
    parking: Parking,
    activity: Activity,
    clock: Clock,
}

enum Found {
    Right,
    Busy,
    Marked,
}

impl Recounter {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        Ok(Self::new(
            Directory::new(dynamodb.clone(), config.required("DIRECTORY_TABLE")?),
            Parking::new(dynamodb.clone(), config.required("PARKING_TABLE")?),
            Activity::new(dynamodb, config.required("ACTIVITY_TABLE")?),
            Clock::default(),
        ))
    }

    /// Of its parts.
    pub fn new(directory: Directory, parking: Parking, activity: Activity, clock: Clock) -> Self {
        Self { directory, parking, activity, clock }
    }

    /// Looks at every lot that has a counter. A lot that fails stops no other; the run fails then, and is repeated.
    pub async fn run(&self, _: Asked) -> Result<Summary, RecountError> {
        let (mut summary, mut failed) = (Summary::default(), 0);
        for record in self.directory.every_lot().await? {
            if record.lot.visit_counting() != VisitCounting::ByChange {
                continue;
            }
            match self.look(&record.lot.id).await {
                Ok(Found::Right) => summary.right += 1,
                Ok(Found::Busy) => summary.busy += 1,
                Ok(Found::Marked) => summary.marked += 1,
                Err(error) => {
                    tracing::error!(lot = %record.lot.id, cause = chain(&error), "the lot is counted at the next try");
                    failed += 1;
                }
            }
        }
        tracing::info!(right = summary.right, busy = summary.busy, marked = summary.marked, "recounted");
        if failed == 0 { Ok(summary) } else { Err(RecountError::Lots(failed)) }
    }

    /// The counter is read before the visits are counted: whatever comes after is later than what the marker names.
    async fn look(&self, lot: &LotId) -> Result<Found, StoreError> {
        let counter = self.activity.visit_counter(lot).await?;
        let now = self.clock.now();
        if counter.as_ref().is_some_and(|counter| !counter.is_quiet(now)) {
            return Ok(Found::Busy);
        }
        let occupied = self.parking.count_open(lot).await?;
        let Some(recount) = Recount::of(counter.as_ref(), occupied, now) else { return Ok(Found::Right) };
        self.parking.mark_recount(lot, &recount).await?;
        let said = counter.map(|counter| counter.count.occupied);
        tracing::warn!(%lot, counter = ?said, occupied, "the counter has drifted");
        Ok(Found::Marked)
    }
}
