//! The routes by which an operator changes a lot's prices, in the same document. The shapes are those that `operator-api` answers; its tests
//! hold the answers.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::ToSchema;

use super::tariffs::{Remark, TariffDocument};

/// The versions of a lot's tariff.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TariffVersions {
    /// By their first day.
    versions: Vec<TariffVersion>,
    /// Which moment of a stay decides which version charges it: `entry` or `exit`.
    chosen_by: String,
}

/// One version.
#[derive(Serialize, ToSchema)]
struct TariffVersion {
    /// `past`, `in_force` or `announced`.
    state: String,
    /// The document.
    #[schema(value_type = TariffDocument)]
    tariff: serde_json::Value,
}

/// A version that was taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TakenVersion {
    /// Its number.
    version: u32,
    /// First day it is in force.
    valid_from: String,
    /// What its operator should know of it.
    findings: Vec<Remark>,
}

#[utoipa::path(
    get, path = "/v1/operator/lots/{lotId}/tariffs", tag = "operators", operation_id = "tariffVersions",
    summary = "The versions of the lot's tariff",
    params(("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002")),
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "All versions", body = TariffVersions),
        (status = "4XX", description = "`wrong-operator-key` (401), `lot-not-found` (404)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn tariff_versions() {}

#[utoipa::path(
    put, path = "/v1/operator/lots/{lotId}/tariffs/{version}", tag = "operators", operation_id = "putTariffVersion",
    summary = "Announce a version of the lot's tariff",
    description = "It begins tomorrow at the earliest; who is inside pays by the version of the entry. A version that was in force stays \
                   as it is; one that is only announced gives way to the same number sent again.",
    params(
        ("lotId" = String, Path, description = "Lot", example = "lot_185-1-000002"),
        ("version" = u32, Path, description = "The document's `version`", example = 2),
    ),
    request_body = TariffDocument,
    security(("operatorKey" = [])),
    responses(
        (status = 200, description = "Taken; the same sent twice is taken once", body = TakenVersion),
        (status = "4XX", description = "`tariff-invalid`, `tariff-version-differs` (422), `tariff-version-refused` (409, with `earliest` where a \
            later day would do), `body-too-large` (413), `wrong-operator-key` (401), `lot-not-found` (404)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn put_tariff_version() {}
