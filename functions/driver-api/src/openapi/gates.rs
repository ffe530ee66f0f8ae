//! How the gates of a lot do, in the same document. The shapes are written here as `operator-api` answers them; its tests
//! hold the answers.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// The gates of a lot that were ever heard of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GateHealthPage {
    /// What is counted was counted from then on: the beginning of an hour (RFC 3339 with the lot's offset, as all times).
    counted_from: String,
    /// Now.
    counted_until: String,
    /// Over so many hours, the one that is not over among them.
    hours: u8,
    /// By their ids.
    gates: Vec<GateHealthView>,
}

/// A gate.
#[derive(Serialize, ToSchema)]
#[schema(as = GateHealth)]
#[serde(rename_all = "camelCase")]
struct GateHealthView {
    /// Gate.
    gate_id: String,
    /// Its last report of any kind.
    last_seen_at: Option<String>,
    /// Since when it gives no sign of life; absent where it does, or where its dialect knows none.
    silent_since: Option<String>,
    /// Signs of life without a car.
    signs_of_life: u32,
    /// Reports that are no read and no sign of life, by reason.
    other_events: BTreeMap<String, u32>,
    /// Reports that could not be used, by the code they were refused with.
    refused: BTreeMap<String, u32>,
    /// Lanes that ever read a car.
    lanes: Vec<LaneHealthView>,
}

/// A lane.
#[derive(Serialize, ToSchema)]
#[schema(as = LaneHealth)]
#[serde(rename_all = "camelCase")]
struct LaneHealthView {
    /// Lane.
    lane_id: String,
    /// Its last read, those kept while offline apart.
    last_read_at: Option<String>,
    /// Since when it reads no car though many should have come, or its gate is silent.
    silent_since: Option<String>,
    /// Cars read as they passed.
    reads: u32,
    /// The same car again.
    repeats: u32,
    /// Reads that were kept while offline.
    late_reads: u32,
    /// Exits of which it is known how they were matched.
    judged_exits: u32,
    /// Its rates over these hours.
    rates: LaneRatesView,
    /// Its clock.
    clock: LaneClockView,
}

/// Rates per mille; null where nothing was counted to take one of.
#[derive(Serialize, ToSchema)]
#[schema(as = LaneRates)]
#[allow(clippy::struct_field_names, reason = "the unit stands at the end of each name")]
#[serde(rename_all = "camelCase")]
struct LaneRatesView {
    /// Reads without a plate, of `reads`.
    unread_per_mille: Option<u32>,
    /// Reads below 0.9 confidence, of those with one.
    unsure_per_mille: Option<u32>,
    /// Exits whose plate, as read, has an entry, of `judgedExits`.
    match_per_mille: Option<u32>,
    /// Exits that were matched by likeness: one end misread.
    misread_per_mille: Option<u32>,
    /// Exits that nothing explains.
    unmatched_per_mille: Option<u32>,
}

/// A lane's clock.
#[derive(Serialize, ToSchema)]
#[schema(as = LaneClock)]
#[serde(rename_all = "camelCase")]
struct LaneClockView {
    /// `unknown` (too few reads), `right`, `corrected` (wrong by up to five minutes) or `flagged` (by more).
    standing: String,
    /// Ahead of ours by so many seconds; behind: negative.
    ahead_s: Option<i64>,
    /// Since when it has been known to be wrong beyond correction.
    flagged_since: Option<String>,
}

#[utoipa::path(
    get, path = "/v1/operator/lots/{lotId}/gates", tag = "operators", operation_id = "gateHealth",
    summary = "How the gates do",
    description = "Every gate that was ever heard of, by what was known a minute ago and what was counted since.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("hours" = Option<u8>, Query, minimum = 1, maximum = 24,
            description = "Counts and rates over so many hours, the one that is not over among them; 3 if left out"),
    ),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "The gates", body = GateHealthPage),
        (status = "4XX", description = "`wrong-operator-key` (401), `lot-not-found` (404), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
pub(super) fn gate_health() {}
