//! How full a lot is: the number beside each lot of a list, and an address of its own that the edge may keep.

use std::collections::BTreeMap;

use baro_domain::{
    Lot, LotId,
    occupancy::{
        ClassOccupancy, OccupancyState, Source, SourceKind, SpaceClass, VisitCount, VisitCounting, merged,
    },
};
use baro_runtime::{
    Problem,
    http::{Caching, empty, query, respond_json, with_caching, with_header},
    problem::chain,
};
use futures::{StreamExt as _, stream};
use http::{
    Response, StatusCode,
    header::{ETAG, IF_NONE_MATCH},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use lambda_http::{Body, Request};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    codes::store,
    service::{DriverApi, lot_id},
    view::local,
};

/// How long a count of open visits is good within a sandbox.
pub(crate) const OPEN_VISITS_KEPT: SignedDuration = SignedDuration::from_secs(10);
/// Small lots counted at the same time.
const CONCURRENT_COUNTS: usize = 16;
const CACHING: Caching = Caching::PublicWhileFetching { max_age_s: 10, stale_s: 30 };

/// How full a lot is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Occupancy))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OccupancyView {
    /// The lot.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    lot_id: LotId,
    /// The whole lot first (`all`), then each class of spaces that the lot has or counts.
    classes: Vec<ClassView>,
}

/// How full the spaces of a class are.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ClassOccupancy))]
#[serde(rename_all = "camelCase")]
struct ClassView {
    /// `all`, `general`, `disabled`, `charging`, `compact`, `woman` or `family`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    class: SpaceClass,
    /// Spaces.
    capacity: u32,
    /// Free ones, never more than there are; `null` when nothing is known.
    free_spaces: Option<u32>,
    /// Who says so: `counter`, `camera`, `spaces` (a sensor at each) or `visits`; `null` when nothing is known.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    source: Option<SourceKind>,
    /// When it was so.
    observed_at: Option<String>,
    /// Whether no source has said anything for half an hour.
    outdated: bool,
    /// Whether the source said what can't be (more cars than spaces, fewer than none) and the number was cut to fit.
    implausible: bool,
}

/// In which words the answer is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    #[default]
    Baro,
    ParkApi,
}

impl std::str::FromStr for Format {
    type Err = &'static str;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "baro" => Ok(Self::Baro),
            "parkapi" => Ok(Self::ParkApi),
            _ => Err("it is baro or parkapi"),
        }
    }
}

/// `GET /v1/lots/{lotId}/occupancy`
#[cfg_attr(feature = "openapi", utoipa::path(
    get, path = "/v1/lots/{lotId}/occupancy", tag = "lots", operation_id = "occupancy",
    summary = "Free spaces of a lot, by class",
    description = "May be kept for ten seconds, and given for thirty more while the next is fetched; `If-None-Match` answers \
                   304 while nothing has changed. `format=parkapi` answers with the names of a ParkAPI v3 parking site \
                   (`realtime_free_capacity`, `capacity_disabled` …).",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("format" = Option<String>, Query, description = "`baro` (as described here, if left out) or `parkapi`"),
    ),
    responses(
        (status = 200, description = "What is known", body = OccupancyView),
        (status = 304, description = "As it was under that `ETag`"),
    )
))]
pub(crate) async fn one(api: &DriverApi, request: &Request) -> Result<Response<Body>, Problem> {
    let format: Format = query(request, "format")?.unwrap_or_default();
    let priced = api.lot(&lot_id(request)?).await?;
    let lot = &priced.lot;
    let state = api.known(&[lot]).await?.remove(&lot.id).unwrap_or_default();
    let classes = merged(lot, &state, api.clock.now());
    let body = match format {
        Format::Baro => json!(view(lot, classes)),
        Format::ParkApi => parkapi(lot, &classes),
    };
    let tag = format!("W/\"{}\"", baro_domain::ids::digest(&[&body.to_string()]));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let response = if known.is_some_and(|known| known.split(',').any(|one| is_tag(one.trim(), &tag))) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        respond_json(StatusCode::OK, &body)?
    };
    Ok(with_header(with_caching(response, CACHING), ETAG, &tag))
}

/// The weak comparison of RFC 9110, 8.8.3.2: a cache on the way may have made a weak tag of a strong one.
fn is_tag(given: &str, tag: &str) -> bool {
    given == "*" || given.trim_start_matches("W/") == tag.trim_start_matches("W/")
}

fn view(lot: &Lot, classes: Vec<ClassOccupancy>) -> OccupancyView {
    let zone = TimeZone::get(&lot.time_zone).unwrap_or(TimeZone::UTC);
    let classes = classes.into_iter().map(|one| ClassView {
        class: one.class,
        capacity: one.capacity,
        free_spaces: one.free,
        source: one.source,
        observed_at: one.observed_at.map(|at| local(&zone, at)),
        outdated: one.outdated,
        implausible: one.implausible,
    });
    OccupancyView { lot_id: lot.id.clone(), classes: classes.collect() }
}

/// A parking site in the names of ParkAPI v3. It knows no compact cars and no general spaces, so these are left out;
/// who takes it tells outdated numbers by their time, as ParkAPI does.
fn parkapi(lot: &Lot, classes: &[ClassOccupancy]) -> Value {
    let mut site = Map::from_iter([
        ("uid".to_owned(), json!(lot.id)),
        ("name".to_owned(), json!(lot.name)),
        ("address".to_owned(), json!(lot.address)),
        ("purpose".to_owned(), json!("CAR")),
        ("realtime_opening_status".to_owned(), json!("UNKNOWN")),
    ]);
    if let Some(place) = lot.position {
        site.insert("lat".to_owned(), json!(place.lat()));
        site.insert("lon".to_owned(), json!(place.lon()));
    }
    for one in classes {
        let suffix = match one.class {
            SpaceClass::All => String::new(),
            SpaceClass::General | SpaceClass::Compact => continue,
            class => format!("_{}", class.name()),
        };
        site.insert(format!("capacity{suffix}"), json!(one.capacity));
        if let Some(free) = one.free {
            site.insert(format!("realtime_capacity{suffix}"), json!(one.capacity));
            site.insert(format!("realtime_free_capacity{suffix}"), json!(free));
        }
    }
    // One time for all: the oldest, so that no number seems newer than it is.
    let oldest = classes.iter().filter(|one| one.free.is_some()).filter_map(|one| one.observed_at).min();
    site.insert("has_realtime_data".to_owned(), json!(oldest.is_some()));
    if let Some(oldest) = oldest {
        site.insert("realtime_data_updated_at".to_owned(), json!(local(&TimeZone::UTC, oldest)));
    }
    Value::Object(site)
}

/// Free spaces of the whole lot, for a list.
pub(crate) fn free_spaces(lot: &Lot, known: &BTreeMap<LotId, OccupancyState>, now: Timestamp) -> Option<u32> {
    merged(lot, known.get(&lot.id)?, now).into_iter().find(|one| one.class == SpaceClass::All)?.free
}

impl DriverApi {
    /// What is known of these lots. A list without free spaces is better than none, so a failure counts as "not known".
    pub(crate) async fn occupancies(&self, lots: &[&Lot]) -> BTreeMap<LotId, OccupancyState> {
        self.known(lots).await.unwrap_or_else(|problem| {
            problem.log();
            BTreeMap::new()
        })
    }

    /// One read for all lots that report anything or have a counter, and one count for each small lot that its gates
    /// count, at most every [`OPEN_VISITS_KEPT`].
    async fn known(&self, lots: &[&Lot]) -> Result<BTreeMap<LotId, OccupancyState>, Problem> {
        let reported: Vec<&Lot> = lots.iter().copied().filter(|lot| has_an_item(lot)).collect();
        let mut known = match reported.as_slice() {
            [] => BTreeMap::new(),
            reported => self.activity.occupancies(reported).await.map_err(store)?,
        };
        let small = lots.iter().copied().filter(|lot| lot.visit_counting() == VisitCounting::OnRead);
        let counts: Vec<_> = small.map(|lot| self.count_open(lot)).collect();
        let counted: Vec<_> = stream::iter(counts).buffer_unordered(CONCURRENT_COUNTS).collect().await;
        for (lot, visits) in counted.into_iter().flatten() {
            known.entry(lot).or_default().visits = Some(visits);
        }
        Ok(known)
    }

    /// Cars of a small lot; nothing when they can't be counted, so that another source may speak.
    async fn count_open(&self, lot: &Lot) -> Option<(LotId, VisitCount)> {
        let now = self.clock.now();
        let load = async |id: &LotId| {
            let cars = self.parking.count_open(id).await?;
            // To the minute: what is told does not change while no car moves.
            let counted_at = Timestamp::from_second(now.as_second() / 60 * 60).unwrap_or(now);
            Ok::<_, baro_store::StoreError>(Some(VisitCount { occupied: i64::from(cars), counted_at }))
        };
        match self.open_visits.get(&lot.id, now, load).await {
            Ok(visits) => visits.map(|visits| (lot.id.clone(), visits)),
            Err(error) => {
                tracing::warn!(cause = chain(&error), lot = %lot.id, "cars are not counted");
                None
            }
        }
    }
}

/// Whether anything of the lot lies in the Activity table.
fn has_an_item(lot: &Lot) -> bool {
    lot.visit_counting() == VisitCounting::ByChange
        || lot.occupancy.sources.values().flatten().any(|source| *source != Source::Visits)
}
