//! What a person needs to see: the reads with their pictures, the visit and what it costs, the candidates likewise.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use baro_domain::{
    GateObservation, Passage, PlateNumber, PricedLot,
    task::Task,
    visit::{Facts, fold},
};
use baro_runtime::{Aws, Problem, http::local_time, problem::internal};
use serde::Serialize;

use crate::{OperatorApi, codes::store, visits::VisitView};

/// An address of a picture works this long: it is made for who looks now.
const PICTURE_FOR: Duration = Duration::from_mins(5);
/// Pictures lie here, and nothing else is shown.
const PICTURES: &str = "gates/images/";
/// So many of the newest reads are shown.
const MAX_READS: usize = 20;

/// The pictures that gates sent.
#[derive(Debug)]
pub(crate) struct Pictures {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl Pictures {
    pub(crate) fn new(aws: &Aws, bucket: &str) -> Self {
        let s3 =
            aws_sdk_s3::config::Builder::from(aws.as_ref()).force_path_style(aws.s3_path_style()).build();
        Self { s3: aws_sdk_s3::Client::from_conf(s3), bucket: bucket.to_owned() }
    }

    /// An address for a browser. Made here, without asking S3: the picture may be gone by its retention.
    async fn address(&self, key: &str) -> Result<Option<String>, Problem> {
        if !key.starts_with(PICTURES) {
            return Ok(None);
        }
        let shown = PresigningConfig::expires_in(PICTURE_FOR).map_err(|error| internal(&error))?;
        let request = self.s3.get_object().bucket(&self.bucket).key(key).presigned(shown).await;
        Ok(Some(request.map_err(|error| internal(&error))?.uri().to_owned()))
    }
}

/// What is known of a task's car and of its candidates.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evidence {
    #[serde(flatten)]
    car: CarView,
    candidates: Vec<CarView>,
}

/// What is known of a plate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CarView {
    plate: PlateNumber,
    /// Its newest visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    visit: Option<VisitView>,
    /// Newest first.
    reads: Vec<ReadView>,
}

/// A read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadView {
    event_id: String,
    at: String,
    lane: String,
    passage: Passage,
    plate_as_read: PlateNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_per_mille: Option<u16>,
    /// Works for five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
}

/// Loads all of it in one request; nothing of a task without a car.
pub(super) async fn gather(
    api: &OperatorApi,
    lot: &PricedLot,
    task: &Task,
) -> Result<Option<Evidence>, Problem> {
    let Some(own) = &task.plate else { return Ok(None) };
    let mut plates = vec![own.clone()];
    plates.extend(task.candidates.iter().map(|candidate| candidate.plate.clone()));
    let files = api.parking.on_files(&lot.lot.id, &plates).await.map_err(store)?;
    let facts_of = |plate: &PlateNumber| {
        let file = files.iter().find(|file| file.facts.plate == *plate);
        file.map_or_else(|| Facts::none(plate.clone()), |file| file.facts.clone())
    };
    let cars = plates.iter().map(|plate| car(api, lot, facts_of(plate)));
    let mut cars = futures::future::try_join_all(cars).await?.into_iter();
    let car = cars.next().ok_or_else(|| internal(&std::fmt::Error))?;
    Ok(Some(Evidence { car, candidates: cars.collect() }))
}

async fn car(api: &OperatorApi, lot: &PricedLot, mut facts: Facts) -> Result<CarView, Problem> {
    let timeline = fold(&lot.context(), &facts);
    let visit = timeline.visits.last().map(|visit| VisitView::new(lot, visit, api.clock.now()));
    facts.observations.sort_by(|a, b| (b.observed_at, &b.event_id).cmp(&(a.observed_at, &a.event_id)));
    let newest = facts.observations.iter().take(MAX_READS).map(|read| shown(api, lot, read));
    Ok(CarView { plate: facts.plate.clone(), visit, reads: futures::future::try_join_all(newest).await? })
}

async fn shown(api: &OperatorApi, lot: &PricedLot, read: &GateObservation) -> Result<ReadView, Problem> {
    let picture = match &read.image_key {
        Some(key) => api.pictures.address(key).await?,
        None => None,
    };
    Ok(ReadView {
        event_id: read.event_id.to_string(),
        at: local_time(lot.fees.zone(), read.observed_at),
        lane: read.lane.to_string(),
        passage: read.passage,
        plate_as_read: read.plate.clone(),
        confidence_per_mille: read.confidence.map(baro_domain::ReadConfidence::get),
        picture,
    })
}
