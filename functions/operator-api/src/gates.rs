//! How the gates of a lot do: who was heard of when, how well each lane reads, and whose clock is wrong.
//!
//! What is shown is what `gate-health` knows, with what was counted since its last look.

use std::collections::{BTreeMap, BTreeSet};

use baro_domain::{
    GateId, LaneId,
    health::{ClockStanding, GateHealth, GateTally, HOUR, LaneHealth, LaneRates, LaneTally, hour_of},
};
use baro_runtime::{
    Problem,
    http::{INVALID_PARAMETER, local_time, query, respond_json},
};
use http::{Response, StatusCode};
use jiff::{Timestamp, tz::TimeZone};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{OperatorApi, access::admit, codes::store};

/// Without a word of how many: this hour, begun, and two full ones.
const USUAL_HOURS: u8 = 3;
/// Each hour is one request.
const MAX_HOURS: u8 = 24;

/// The gates of a lot.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GatePage {
    /// What is counted was counted from this hour's beginning on.
    counted_from: String,
    counted_until: String,
    hours: u8,
    gates: Vec<GateView>,
}

/// A gate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GateView {
    gate_id: GateId,
    /// Its last report of any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_since: Option<String>,
    /// Signs of life without a car.
    signs_of_life: u32,
    /// Reports that are no read and no sign of life, by reason.
    other_events: BTreeMap<String, u32>,
    /// Reports that could not be used, by code.
    refused: BTreeMap<String, u32>,
    lanes: Vec<LaneView>,
}

/// A lane.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LaneView {
    lane_id: LaneId,
    /// Its last read, those kept while offline apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_read_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_since: Option<String>,
    /// Cars read as they passed.
    reads: u32,
    /// The same car again.
    repeats: u32,
    /// Reads kept while offline.
    late_reads: u32,
    /// Exits of which it is known how they were matched.
    judged_exits: u32,
    rates: LaneRates,
    clock: ClockView,
}

/// A lane's clock.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockView {
    standing: ClockStanding,
    /// Ahead of ours by so many seconds; behind: negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flagged_since: Option<String>,
}

/// `GET /v1/operator/lots/{lotId}/gates?hours=3`: every gate that was ever heard of, in one request for what is known
/// and one for each hour that is counted over: four, if not asked for more.
pub(crate) async fn list(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let hours = query(request, "hours")?.unwrap_or(USUAL_HOURS);
    if !(1..=MAX_HOURS).contains(&hours) {
        let problem = INVALID_PARAMETER.problem().with("parameter", "hours");
        return Err(problem.detail(format!("the parameter hours is 1 to {MAX_HOURS}")));
    }
    let (id, zone, now) = (&lot.lot.id, lot.fees.zone(), api.clock.now());
    let starts: Vec<Timestamp> = (0..hours).map(|back| hour_of(now) - HOUR * i32::from(back)).collect();
    let counted = starts.iter().map(|hour| api.activity.tallies_of(id, *hour));
    let (known, counted) =
        futures::try_join!(api.activity.gate_healths_of(id), futures::future::try_join_all(counted))
            .map_err(store)?;
    let mut sums: BTreeMap<GateId, GateTally> = BTreeMap::new();
    for ((_, gate), tally) in counted.iter().flatten() {
        sums.entry(gate.clone()).or_default().merge(tally);
    }
    let known: BTreeMap<GateId, GateHealth> =
        known.into_iter().map(|known| (known.health.gate.clone(), known.health)).collect();
    let ids: BTreeSet<&GateId> = known.keys().chain(sums.keys()).collect();
    let nothing = GateTally::default();
    let view = |id: &GateId| gate(id, known.get(id), sums.get(id).unwrap_or(&nothing), zone);
    let page = GatePage {
        counted_from: local_time(zone, starts.last().copied().unwrap_or(now)),
        counted_until: local_time(zone, now),
        hours,
        gates: ids.into_iter().map(view).collect(),
    };
    respond_json(StatusCode::OK, &page)
}

fn gate(id: &GateId, known: Option<&GateHealth>, counted: &GateTally, zone: &TimeZone) -> GateView {
    let shown = |at: Timestamp| local_time(zone, at);
    let last_sign_at = known.map(|known| known.last_sign_at).max(counted.last_sign_at);
    let lanes: BTreeSet<&LaneId> =
        known.iter().flat_map(|known| known.lanes.keys()).chain(counted.lanes.keys()).collect();
    let (no_lane, no_reads) = (LaneHealth::default(), LaneTally::default());
    // A sign that came after the last look ends the silence.
    let is_still = |since: &Timestamp| counted.last_sign_at <= Some(*since);
    let silent_since = known.and_then(|known| known.silent_since).filter(is_still);
    let lane = |id: &LaneId| {
        let health = known.and_then(|known| known.lanes.get(id)).unwrap_or(&no_lane);
        lane(
            id,
            health,
            silent_since.or(health.silent_since),
            counted.lanes.get(id).unwrap_or(&no_reads),
            zone,
        )
    };
    GateView {
        gate_id: id.clone(),
        last_seen_at: last_sign_at.map(shown),
        silent_since: silent_since.map(shown),
        signs_of_life: counted.heartbeats,
        other_events: counted.others.clone(),
        refused: counted.refused.clone(),
        lanes: lanes.into_iter().map(lane).collect(),
    }
}

fn lane(
    id: &LaneId,
    known: &LaneHealth,
    silent_since: Option<Timestamp>,
    counted: &LaneTally,
    zone: &TimeZone,
) -> LaneView {
    let shown = |at: Timestamp| local_time(zone, at);
    LaneView {
        lane_id: id.clone(),
        last_read_at: known.last_read_at.max(counted.last_read_at).map(shown),
        silent_since: silent_since.filter(|since| counted.last_read_at <= Some(*since)).map(shown),
        reads: counted.reads,
        repeats: counted.repeats,
        late_reads: counted.late,
        judged_exits: counted.exits(),
        rates: counted.rates(),
        clock: ClockView {
            standing: known.clock.standing(),
            ahead_s: known.clock.ahead_s(),
            flagged_since: known.clock_flagged_since.map(shown),
        },
    }
}
