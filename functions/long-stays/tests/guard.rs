//! Visits that outlast what is usual: flagged, then closed by the lot's rule, and explained right when the car comes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    Passage, PlateNumber, RulingId,
    lot::LongStay,
    task::TaskKind,
    visit::{DisputeReason, Ended, RuledBy, Ruling, RulingKind, Timeline, VisitStatus, fold},
};
use baro_long_stays::{Asked, GuardError, LongStays, Summary};
use baro_runtime::Clock;
use baro_store::LotRecord;
use baro_testing::{Cloud, Fault, at, lot_record, observation, plate};

const HOUR: i64 = 60;

struct Night {
    cloud: Cloud,
    clock: Clock,
    guard: LongStays,
}

fn guarded() -> LotRecord {
    let mut record = lot_record();
    record.lot.rules.long_stay = Some(LongStay::OF_A_DAY);
    record
}

impl Night {
    /// A lot where a day is usual, and a car that came at ten.
    async fn with(record: &LotRecord) -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_lots(std::slice::from_ref(record)).await.unwrap();
        let clock = Clock::at(at(0));
        let guard = LongStays::new(cloud.parking(), cloud.directory(), cloud.tasks(), clock.clone());
        let night = Self { cloud, clock, guard };
        night.read("in", Passage::Entered, 0).await;
        night
    }

    async fn read(&self, name: &str, passage: Passage, minutes: i64) {
        self.cloud.parking().record(&observation(name, passage, minutes), &plate(), None).await.unwrap();
    }

    async fn run_at(&self, minutes: i64) -> Result<(usize, usize), GuardError> {
        self.clock.set(at(minutes));
        let Summary { flagged, closed, .. } = self.guard.run(Asked {}).await?;
        Ok((flagged, closed))
    }

    async fn timeline(&self) -> Timeline {
        let lot = guarded().priced().unwrap();
        fold(&lot.context(), &self.cloud.parking().facts(&lot.lot.id, &plate()).await.unwrap())
    }

    async fn listed(&self) -> Vec<PlateNumber> {
        self.cloud.parking().open_plates(&lot_record().lot.id).await.unwrap()
    }
}

#[tokio::test]
async fn a_stay_beyond_the_usual_comes_to_the_desk_once_and_is_closed_when_nothing_is_heard_of_it() {
    let night = Night::with(&guarded()).await;
    assert_eq!(night.run_at(23 * HOUR).await.unwrap(), (0, 0));
    assert_eq!(night.run_at(25 * HOUR).await.unwrap(), (1, 0));
    assert_eq!(night.run_at(26 * HOUR).await.unwrap(), (0, 0));
    let tasks = night.cloud.tasks().open_tasks(&lot_record().lot.id, None).await.unwrap().0;
    assert!(matches!(tasks[0].task.kind, TaskKind::LongStay { .. }));
    assert_eq!(night.run_at(97 * HOUR).await.unwrap(), (0, 1));
    let over = VisitStatus::Over { left_at: at(0), ended: Ended::Presumed };
    assert_eq!(night.timeline().await.visits[0].status, over);
    assert!(night.listed().await.is_empty());
    assert_eq!(night.run_at(98 * HOUR).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_car_that_comes_out_after_all_was_there_all_the_time_at_the_held_price() {
    let night = Night::with(&guarded()).await;
    night.run_at(97 * HOUR).await.unwrap();
    night.read("out", Passage::Left, 120 * HOUR).await;
    let timeline = night.timeline().await;
    let visit = &timeline.visits[0];
    assert_eq!(visit.status, VisitStatus::Over { left_at: at(120 * HOUR), ended: Ended::SeenLeaving });
    assert_eq!(visit.priced_until(at(120 * HOUR)), at(24 * HOUR));
    assert_eq!((timeline.visits.len(), timeline.orphans.len()), (1, 0));
}

#[tokio::test]
async fn a_lot_without_the_rule_is_left_alone() {
    let night = Night::with(&lot_record()).await;
    assert_eq!(night.run_at(1_000 * HOUR).await.unwrap(), (0, 0));
    assert_eq!(night.listed().await.len(), 1);
}

#[tokio::test]
async fn a_visit_in_dispute_is_not_closed_by_a_rule() {
    let night = Night::with(&guarded()).await;
    let disputed = Ruling {
        id: RulingId::derive(&["d"]),
        at: at(50),
        by: RuledBy::Driver,
        note: String::new(),
        kind: RulingKind::disputed(DisputeReason::Other),
    };
    night.cloud.parking().rule(&lot_record().lot.id, &plate(), &disputed).await.unwrap();
    assert_eq!(night.run_at(97 * HOUR).await.unwrap(), (1, 0));
    assert!(night.timeline().await.open().is_some());
}

#[tokio::test]
async fn a_run_that_died_half_way_is_made_good_by_the_next() {
    let night = Night::with(&guarded()).await;
    let gone = Ruling {
        id: RulingId::derive(&["presumed"]),
        at: at(97 * HOUR),
        by: RuledBy::LotRule,
        note: String::new(),
        kind: RulingKind::PresumedGone,
    };
    night.cloud.parking().rule(&lot_record().lot.id, &plate(), &gone).await.unwrap();
    assert_eq!(night.listed().await.len(), 1, "the run died before the list was corrected");
    assert_eq!(night.run_at(98 * HOUR).await.unwrap(), (0, 0));
    assert!(night.listed().await.is_empty());
}

#[tokio::test]
async fn a_run_that_the_tables_refuse_fails_and_the_next_does_it() {
    let night = Night::with(&guarded()).await;
    for _ in 0..3 {
        night.cloud.fail_next("UpdateItem", Fault::Before);
    }
    assert!(matches!(night.run_at(97 * HOUR).await, Err(GuardError::Lots(1))));
    assert_eq!(night.run_at(98 * HOUR).await.unwrap(), (0, 1));
}

#[tokio::test]
async fn one_lot_that_can_not_be_looked_after_stops_no_other() {
    let night = Night::with(&guarded()).await;
    let mut stray = observation("stray", Passage::Entered, 0);
    stray.lot = "lot_a-unknown".parse().unwrap();
    night.cloud.parking().record(&stray, &plate(), None).await.unwrap();
    assert!(matches!(night.run_at(25 * HOUR).await, Err(GuardError::Lots(1))));
    assert_eq!(night.cloud.tasks().open_tasks(&lot_record().lot.id, None).await.unwrap().0.len(), 1);
}
