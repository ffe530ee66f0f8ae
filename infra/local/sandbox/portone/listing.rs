//! PortOne's two lists of payments: by creation with a cursor, and by state with page numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{QueryBody, check_store};
use super::error::ApiError;
use super::shop::Shop;
use crate::sandbox::support::lock;

type Sandbox = State<Arc<Shop>>;
type Answer = Result<Json<Value>, ApiError>;

/// The most that a page may have.
const MAX_PAGE: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CursorBody {
    store_id: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    cursor: Option<String>,
    size: Option<usize>,
}

fn page_size(asked: Option<usize>) -> Result<usize, ApiError> {
    let size = asked.unwrap_or(10);
    if (1..=MAX_PAGE).contains(&size) { Ok(size) } else { Err(ApiError::invalid("size is 1 to 1000")) }
}

/// Payments by time of creation, oldest first. The cursor is that of the last payment of the page before.
pub(super) async fn by_cursor(State(shop): Sandbox, Query(query): Query<QueryBody>) -> Answer {
    let body: CursorBody = query.read()?;
    check_store(&shop, body.store_id.as_deref())?;
    let size = page_size(body.size)?;
    let after = match body.cursor.as_deref().map(|cursor| u64::from_str_radix(cursor, 16)) {
        None => 0,
        Some(Ok(number)) => number,
        Some(Err(_)) => return Err(ApiError::invalid("the cursor is not one of ours")),
    };
    let mut found: Vec<(u64, String)> = lock(&shop.state)
        .payments
        .values()
        .filter(|one| body.from.is_none_or(|from| one.requested_at >= from))
        .filter(|one| body.until.is_none_or(|until| one.requested_at < until))
        .filter(|one| one.number > after)
        .map(|one| (one.number, one.order.payment_id.clone()))
        .collect();
    found.sort_unstable();
    let items: Result<Vec<_>, ApiError> = found
        .iter()
        .take(size)
        .map(|(number, id)| Ok(json!({"payment": shop.payment(id)?, "cursor": format!("{number:016x}")})))
        .collect();
    Ok(Json(json!({"items": items?})))
}

#[derive(Default, Deserialize)]
struct Page {
    #[serde(default)]
    number: usize,
    size: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    store_id: Option<String>,
    timestamp_type: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    status: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct PageBody {
    #[serde(default)]
    page: Page,
    #[serde(default)]
    filter: Filter,
}

/// Payments by the time of their last change, or of their creation, oldest first.
pub(super) async fn by_page(State(shop): Sandbox, Query(query): Query<QueryBody>) -> Answer {
    let PageBody { page, filter } = query.read()?;
    check_store(&shop, filter.store_id.as_deref())?;
    let size = page_size(page.size)?;
    let by_creation = match filter.timestamp_type.as_deref() {
        None | Some("STATUS_CHANGED_AT") => false,
        Some("CREATED_AT") => true,
        Some(other) => return Err(ApiError::invalid(format!("no timestampType {other}"))),
    };
    let mut found: Vec<(Timestamp, u64, String)> = lock(&shop.state)
        .payments
        .values()
        .map(|one| (if by_creation { one.requested_at } else { one.changed_at }, one))
        .filter(|(at, _)| filter.from.is_none_or(|from| *at >= from))
        .filter(|(at, _)| filter.until.is_none_or(|until| *at < until))
        .filter(|(_, one)| {
            filter.status.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == one.status.name()))
        })
        .map(|(at, one)| (at, one.number, one.order.payment_id.clone()))
        .collect();
    found.sort_unstable();
    let items: Result<Vec<_>, ApiError> = found
        .iter()
        .skip(page.number.saturating_mul(size))
        .take(size)
        .map(|(_, _, id)| shop.payment(id))
        .collect();
    let page = json!({"number": page.number, "size": size, "totalCount": found.len()});
    Ok(Json(json!({"items": items?, "page": page})))
}
