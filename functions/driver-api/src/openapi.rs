//! The OpenAPI 3.1 document of the HTTP API, made from the handlers. `cargo run -p baro-driver-api --features openapi
//! --example openapi` writes it; a test keeps the copy among the site's assets equal to the code.

mod gates;
mod members;
mod operators;
mod others;
mod receivables;
mod refunds;
pub(crate) mod tariffs;
mod versions;

use std::collections::BTreeMap;

use baro_runtime::{
    ErrorCode,
    http::{
        BODY_TOO_LARGE, INVALID_HEADER, INVALID_IDEMPOTENCY_KEY, INVALID_MEMBER, INVALID_PARAMETER,
        MALFORMED_JSON, MISSING_PARAMETER, UNSUPPORTED_MEDIA_TYPE,
    },
    problem::{INTERNAL_ERROR, UNAVAILABLE},
};
use serde::Serialize;
use utoipa::{
    OpenApi as _, ToSchema,
    openapi::{
        Content, OpenApi, Ref, RefOr, ResponseBuilder,
        path::{Operation, PathItem},
    },
};

use members::MemberKey;
use operators::OperatorKey;
use others::GateSecret;

use crate::codes::{
    CASH_RECEIPT_BEGUN, CASH_RECEIPT_NOT_OFFERED, CASH_RECEIPT_TOO_OFTEN, DISPUTE_OPEN, FEE_UNKNOWN,
    IDEMPOTENCY_KEY_REUSED, INVALID_CONTACT, INVALID_PLATE, INVALID_RECEIPT_NUMBER, LOT_NOT_FOUND,
    NO_RECEIPT, NO_TARIFF, NO_WALLET, NOTHING_DUE, PAYMENT_NOT_FOUND, POINTS_SHORT, RECEIVABLE_NOT_FOUND,
    VISIT_NOT_FOUND, VISIT_OVER, WALLET_FULL, WRONG_MEMBER_KEY,
};

/// An error (RFC 9457). `code` is stable; texts are not.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemView {
    /// Where the error is described; ends in the code.
    #[serde(rename = "type")]
    kind: String,
    /// The same sentence for every occurrence.
    title: String,
    /// HTTP status.
    status: u16,
    /// Stable, kebab-case.
    code: String,
    /// What happened this time.
    detail: Option<String>,
    /// Names this occurrence.
    instance: Option<String>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Baro",
        description = "Parking by plate: find a lot, see your visit, pay, leave. Money is whole won beside `currency`; times are \
                       RFC 3339 with the lot's offset; errors are `application/problem+json` with a stable `code`; texts are \
                       Korean, or English by `Accept-Language`.",
        license(name = "MIT", identifier = "MIT"),
    ),
    paths(
        crate::lots::near,
        crate::lots::one,
        crate::rate_table::rate_table,
        crate::occupancy::one,
        crate::visits::visit,
        crate::visits::quote,
        crate::disputes::start,
        crate::payments::start::start,
        crate::payments::state::state,
        crate::payments::refresh,
        crate::payments::receipt::receipt,
        crate::payments::cash_receipt::one,
        crate::payments::cash_receipt::wish,
        crate::receivables::owed,
        crate::receivables::one,
        crate::receivables::pay,
        crate::points::wallet,
        crate::points::top_up::top_up,
        crate::points::cash_out::cash_out,
        operators::open_visits,
        gates::gate_health,
        operators::tasks,
        operators::task,
        operators::resolve_task,
        versions::tariff_versions,
        versions::put_tariff_version,
        refunds::operator_payment,
        receivables::operator_receivables,
        receivables::write_off,
        refunds::refund_payment,
        refunds::name_refund_account,
        members::join,
        members::member,
        members::register_card,
        members::delete_card,
        members::register_plate,
        members::delete_plate,
        others::gate_events,
        others::gate_backlog,
        others::gate_occupancy,
        others::gate_spaces,
        others::portone_webhook,
        others::portone_v1_webhook,
        tariffs::quote,
        tariffs::check,
    ),
    components(schemas(ProblemView)),
    modifiers(&GateSecret, &MemberKey, &OperatorKey),
    tags(
        (name = "lots", description = "Lots and their prices"),
        (name = "visits", description = "A car in a lot"),
        (name = "payments", description = "Paying for a visit"),
        (name = "members", description = "Paying without being asked: a card and the plates it pays for"),
        (name = "tariffs", description = "The workbench: what a tariff document costs and whether it holds together"),
        (name = "gates", description = "For gate controllers, cameras, counters and sensors"),
        (name = "operators", description = "For the people of a lot's operator"),
        (name = "webhooks", description = "For the payment gateway"),
    )
)]
struct Document;

/// The errors of each driver route; what every route can answer is added to them.
const ERRORS: [(&str, &[ErrorCode]); 19] = [
    ("GET /v1/lots", &[MISSING_PARAMETER, INVALID_PARAMETER]),
    ("GET /v1/lots/{lotId}", &[INVALID_PARAMETER, LOT_NOT_FOUND]),
    ("GET /v1/lots/{lotId}/occupancy", &[INVALID_PARAMETER, LOT_NOT_FOUND]),
    ("GET /v1/lots/{lotId}/rate-table", &[INVALID_PARAMETER, LOT_NOT_FOUND, NO_TARIFF]),
    (
        "GET /v1/lots/{lotId}/visits/{plate}",
        &[INVALID_PARAMETER, INVALID_PLATE, LOT_NOT_FOUND, VISIT_NOT_FOUND, FEE_UNKNOWN],
    ),
    (
        "GET /v1/lots/{lotId}/visits/{plate}/quote",
        &[INVALID_PARAMETER, INVALID_PLATE, LOT_NOT_FOUND, VISIT_NOT_FOUND, VISIT_OVER, FEE_UNKNOWN],
    ),
    (
        "POST /v1/lots/{lotId}/visits/{plate}/disputes",
        &[
            INVALID_PARAMETER,
            INVALID_PLATE,
            INVALID_HEADER,
            INVALID_IDEMPOTENCY_KEY,
            INVALID_CONTACT,
            INVALID_MEMBER,
            MALFORMED_JSON,
            LOT_NOT_FOUND,
            VISIT_NOT_FOUND,
            DISPUTE_OPEN,
            FEE_UNKNOWN,
            BODY_TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
            IDEMPOTENCY_KEY_REUSED,
        ],
    ),
    (
        "POST /v1/lots/{lotId}/visits/{plate}/payments",
        &[
            INVALID_PARAMETER,
            INVALID_PLATE,
            INVALID_HEADER,
            INVALID_IDEMPOTENCY_KEY,
            INVALID_CONTACT,
            INVALID_MEMBER,
            MALFORMED_JSON,
            LOT_NOT_FOUND,
            VISIT_NOT_FOUND,
            NOTHING_DUE,
            FEE_UNKNOWN,
            BODY_TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
            IDEMPOTENCY_KEY_REUSED,
            WRONG_MEMBER_KEY,
            NO_WALLET,
            POINTS_SHORT,
        ],
    ),
    (
        "GET /v1/lots/{lotId}/visits/{plate}/owed",
        &[INVALID_PARAMETER, INVALID_PLATE, LOT_NOT_FOUND, VISIT_NOT_FOUND],
    ),
    ("GET /v1/payments/{paymentId}", &[INVALID_PARAMETER, PAYMENT_NOT_FOUND]),
    ("POST /v1/payments/{paymentId}/refresh", &[INVALID_PARAMETER, PAYMENT_NOT_FOUND]),
    ("GET /v1/payments/{paymentId}/receipt", &[INVALID_PARAMETER, PAYMENT_NOT_FOUND, NO_RECEIPT]),
    ("GET /v1/payments/{paymentId}/cash-receipt", &[INVALID_PARAMETER, PAYMENT_NOT_FOUND]),
    (
        "PUT /v1/payments/{paymentId}/cash-receipt",
        &[
            INVALID_PARAMETER,
            INVALID_RECEIPT_NUMBER,
            INVALID_MEMBER,
            MALFORMED_JSON,
            PAYMENT_NOT_FOUND,
            CASH_RECEIPT_NOT_OFFERED,
            CASH_RECEIPT_BEGUN,
            CASH_RECEIPT_TOO_OFTEN,
            BODY_TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
        ],
    ),
    ("GET /v1/receivables/{receivableId}", &[INVALID_PARAMETER, RECEIVABLE_NOT_FOUND, LOT_NOT_FOUND]),
    (
        "POST /v1/receivables/{receivableId}/payments",
        &[
            INVALID_PARAMETER,
            INVALID_CONTACT,
            INVALID_MEMBER,
            MALFORMED_JSON,
            RECEIVABLE_NOT_FOUND,
            LOT_NOT_FOUND,
            NOTHING_DUE,
            BODY_TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
        ],
    ),
    ("GET /v1/members/me/points", &[WRONG_MEMBER_KEY, NO_WALLET]),
    (
        "POST /v1/members/me/points/top-ups",
        &[
            INVALID_IDEMPOTENCY_KEY,
            INVALID_MEMBER,
            MALFORMED_JSON,
            WRONG_MEMBER_KEY,
            NO_WALLET,
            WALLET_FULL,
            BODY_TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
            IDEMPOTENCY_KEY_REUSED,
        ],
    ),
    (
        "POST /v1/members/me/points/refunds",
        &[
            INVALID_IDEMPOTENCY_KEY,
            INVALID_MEMBER,
            MALFORMED_JSON,
            WRONG_MEMBER_KEY,
            NO_WALLET,
            POINTS_SHORT,
            BODY_TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
            IDEMPOTENCY_KEY_REUSED,
        ],
    ),
];

/// The document.
pub fn document() -> OpenApi {
    let mut document = Document::openapi();
    for (route, own) in ERRORS {
        let Some(operation) = operation(&mut document, route) else { continue };
        let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
        for error in own.iter().chain(&[INTERNAL_ERROR, UNAVAILABLE]) {
            by_status.entry(error.status).or_default().push(*error);
        }
        for (status, errors) in by_status {
            let lines: Vec<String> =
                errors.iter().map(|error| format!("`{}`: {}", error.code, error.title)).collect();
            let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
            let response = ResponseBuilder::new()
                .description(lines.join("  \n"))
                .content("application/problem+json", content)
                .build();
            operation.responses.responses.insert(status.to_string(), response.into());
        }
    }
    document
}

/// The document as it is published.
pub fn json() -> Result<String, serde_json::Error> {
    document().to_pretty_json().map(|text| text + "\n")
}

/// `METHOD /path` of every operation, as API Gateway names its routes, sorted.
pub fn routes() -> Vec<String> {
    let document = document();
    let mut routes: Vec<String> = document
        .paths
        .paths
        .iter()
        .flat_map(|(path, item)| {
            [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
                .into_iter()
                .filter(|(_, operation)| operation.is_some())
                .map(move |(method, _)| format!("{method} {path}"))
        })
        .collect();
    routes.sort();
    routes
}

fn operation<'a>(document: &'a mut OpenApi, route: &str) -> Option<&'a mut Operation> {
    let (method, path) = route.split_once(' ')?;
    let item: &mut PathItem = document.paths.paths.get_mut(path)?;
    match method {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_driver_route_names_its_errors() {
        let named: Vec<&str> = ERRORS.iter().map(|(route, _)| *route).collect();
        assert_eq!(named, crate::ROUTES);
        let mut document = document();
        for route in crate::ROUTES {
            let operation = operation(&mut document, route).unwrap();
            assert!(operation.responses.responses.contains_key("503"), "{route}");
            assert!(operation.summary.is_some(), "{route}");
        }
    }
}
