//! Lists of payments: page by page with a filter, as a console asks, and by cursor, as a reconciliation does. A filter that the sandbox
//! does not have is refused, not ignored.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ChannelType;
use super::api::{QueryBody, check_store, under_faults};
use super::error::ApiError;
use super::payments::{Method, PaymentRecord, Status, Version};
use super::shop::Shop;
use crate::sandbox::support::lock;

/// How far back a list without a beginning reaches, hours: 90 days.
const REACH_HOURS: i64 = 24 * 90;

/// Which page of a list, counted from 0.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Page {
    number: Option<usize>,
    size: Option<usize>,
}

/// What a list is asked with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "S: Default + Deserialize<'de>, F: Default + Deserialize<'de>")]
pub(super) struct Wanted<S, F> {
    #[serde(default)]
    pub(super) page: Page,
    #[serde(default)]
    pub(super) sort: S,
    #[serde(default)]
    pub(super) filter: F,
}

/// The asked page of a list that is filtered and sorted.
pub(super) fn page(items: Vec<Value>, wanted: &Page) -> Result<Value, ApiError> {
    let (number, size) = (wanted.number.unwrap_or(0), wanted.size.unwrap_or(10));
    if !(1..=1_000).contains(&size) {
        return Err(ApiError::invalid("size is 1 to 1000"));
    }
    let total = items.len();
    let items: Vec<_> = items.into_iter().skip(number.saturating_mul(size)).take(size).collect();
    Ok(json!({"items": items, "page": {"number": number, "size": size, "totalCount": total}}))
}

/// In which order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum SortOrder {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

impl SortOrder {
    /// Arranges what is sorted from oldest to newest.
    pub(super) fn arrange<T>(self, ascending: &mut [T]) {
        if self == Self::Desc {
            ascending.reverse();
        }
    }
}

/// A span of time, both ends in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    from: Timestamp,
    until: Timestamp,
}

impl Range {
    /// Without an end it ends now, without a beginning it begins 90 days before its end.
    pub(super) fn of(from: Option<Timestamp>, until: Option<Timestamp>, now: Timestamp) -> Self {
        let until = until.unwrap_or(now);
        let reach = until.saturating_sub(SignedDuration::from_hours(REACH_HOURS)).unwrap_or(Timestamp::MIN);
        Self { from: from.unwrap_or(reach), until }
    }

    /// Whether a moment is in it.
    pub(super) fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at <= self.until
    }
}

/// Whether the channel is one for tests.
pub(super) fn is_test(shop: &Shop) -> bool {
    shop.config.channel_type == ChannelType::Test
}

#[derive(Deserialize)]
struct ListBody {
    #[serde(default)]
    page: Page,
    #[serde(default)]
    filter: Filter,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    store_id: Option<String>,
    #[serde(default)]
    timestamp_type: TimestampType,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    status: Option<Vec<String>>,
    methods: Option<Vec<String>>,
    is_test: Option<bool>,
    is_scheduled: Option<bool>,
    #[serde(default)]
    sort_by: SortBy,
    #[serde(default)]
    sort_order: SortOrder,
    version: Option<Version>,
    currency: Option<String>,
    text_search: Option<Vec<TextSearch>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TimestampType {
    CreatedAt,
    #[default]
    StatusChangedAt,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortBy {
    #[default]
    RequestedAt,
    StatusChangedAt,
}

#[derive(Deserialize)]
struct TextSearch {
    field: TextField,
    value: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TextField {
    All,
    PaymentId,
    TxId,
    OrderName,
    BillingKey,
    ScheduleId,
}

impl TextSearch {
    fn finds(&self, record: &PaymentRecord) -> bool {
        let order = &record.order;
        let texts = [
            (TextField::PaymentId, Some(&order.payment_id)),
            (TextField::TxId, Some(&record.transaction_id)),
            (TextField::OrderName, Some(&order.name)),
            (TextField::BillingKey, order.billing_key.as_ref()),
            (TextField::ScheduleId, order.schedule_id.as_ref()),
        ];
        texts.iter().any(|(field, text)| {
            (self.field == TextField::All || self.field == *field)
                && text.is_some_and(|text| text.contains(&self.value))
        })
    }
}

impl Filter {
    fn finds(&self, record: &PaymentRecord, now: Timestamp) -> bool {
        let at = match self.timestamp_type {
            TimestampType::CreatedAt => record.requested_at,
            TimestampType::StatusChangedAt => record.changed_at,
        };
        let any = |names: &Option<Vec<String>>, own: &[&str]| {
            names.as_ref().is_none_or(|names| names.iter().any(|name| own.contains(&name.as_str())))
        };
        // The filter spells one status otherwise than the payment does.
        let pending = if record.status == Status::PayPending { "PENDING" } else { record.status.name() };
        Range::of(self.from, self.until, now).holds(at)
            && any(&self.status, &[record.status.name(), pending])
            && any(&self.methods, &[record.method.as_ref().map_or("", Method::type_name)])
            && self.is_scheduled.is_none_or(|wanted| wanted == record.order.schedule_id.is_some())
            && self.version.is_none_or(|version| version == record.order.version)
            && self.currency.as_ref().is_none_or(|currency| *currency == record.order.currency)
            && self.text_search.iter().flatten().all(|search| search.finds(record))
    }
}

/// `GET /payments`
pub(super) async fn payments(State(shop): State<Arc<Shop>>, Query(query): Query<QueryBody>) -> Response {
    under_faults(&shop, "list", "", |_| {
        let ListBody { page: wanted, filter } = query.read()?;
        check_store(&shop, filter.store_id.as_deref())?;
        let now = shop.clock.now();
        let mut found: Vec<(Timestamp, u64, String)> = lock(&shop.state)
            .payments
            .values()
            .filter(|one| filter.finds(one, now))
            .filter(|_| filter.is_test.is_none_or(|wanted| wanted == is_test(&shop)))
            .map(|one| match filter.sort_by {
                SortBy::RequestedAt => (one.requested_at, one.number, one.order.payment_id.clone()),
                SortBy::StatusChangedAt => (one.changed_at, one.number, one.order.payment_id.clone()),
            })
            .collect();
        found.sort_unstable();
        filter.sort_order.arrange(&mut found);
        let items: Result<Vec<_>, ApiError> = found.iter().map(|(_, _, id)| shop.payment(id)).collect();
        page(items?, &wanted)
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CursorBody {
    store_id: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    cursor: Option<String>,
    size: Option<usize>,
}

/// `GET /payments-by-cursor`: by time of creation, oldest first. The cursor is that of the last payment of the page before.
pub(super) async fn by_cursor(State(shop): State<Arc<Shop>>, Query(query): Query<QueryBody>) -> Response {
    under_faults(&shop, "list", "", |_| {
        let body: CursorBody = query.read()?;
        check_store(&shop, body.store_id.as_deref())?;
        let size = body.size.unwrap_or(10);
        if !(1..=1_000).contains(&size) {
            return Err(ApiError::invalid("size is 1 to 1000"));
        }
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
        Ok(json!({"items": items?}))
    })
    .await
}
