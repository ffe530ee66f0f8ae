//! The workbench's routes in the same document. The shapes are those of `baro_domain::workbench`; a test holds a real
//! answer against them.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema},
};

use crate::view::VatView;

/// A tariff file. Its schema stands beside this document, generated from the engine's types.
pub(super) struct TariffDocument;

impl PartialSchema for TariffDocument {
    fn schema() -> RefOr<Schema> {
        Ref::new("tariff.schema.json").into()
    }
}

impl ToSchema for TariffDocument {
    fn name() -> std::borrow::Cow<'static, str> {
        "TariffDocument".into()
    }
}

/// A stay to be priced.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkbenchQuestion)]
struct Question {
    /// The tariff, as in a tariff file.
    #[schema(value_type = TariffDocument)]
    tariff: serde_json::Value,
    /// When the car came, RFC 3339 with an offset.
    #[schema(example = "2026-11-20T09:00:00+09:00")]
    entered_at: String,
    /// When it left, at most 366 days later.
    #[schema(example = "2026-11-20T10:45:00+09:00")]
    left_at: String,
    /// IANA zone the tariff is read in; `Asia/Seoul` if left out.
    time_zone: Option<String>,
    /// `car` (if left out), `compact`, `van`, `bus`, `truck`, `motorcycle`.
    vehicle: Option<String>,
    /// Discounts claimed, at most 32.
    discounts: Option<Vec<Claim>>,
    /// Passes held, at most 32.
    passes: Option<Vec<Pass>>,
    /// Whether to look for the next change of the price; `true` if left out.
    look_ahead: Option<bool>,
    /// What the operator sets over the national calendar, at most 400 dates.
    calendar_overrides: Option<Vec<DayOverride>>,
}

/// A claim to one of the tariff's discounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DiscountClaim)]
struct Claim {
    /// Code of the discount.
    rule: String,
    /// Which voucher, where a merchant gave one.
    voucher: Option<String>,
    /// `registry`, `document`, `operator`, `declared` or `merchant`; left out: nothing proved it yet.
    evidence: Option<String>,
    /// Times this driver has had it today; 0 if left out.
    used_today: Option<u32>,
    /// Times this driver has had it this month; 0 if left out.
    used_this_month: Option<u32>,
    /// What is left of the merchant's budget, won; left out: no budget bounds it.
    budget_left: Option<i64>,
}

/// A pass.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeldPass)]
struct Pass {
    /// Code of the offer.
    offer: String,
    /// First moment it is valid, RFC 3339.
    valid_from: String,
    /// First moment it no longer is, RFC 3339.
    valid_until: String,
}

/// One date.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CalendarOverride)]
struct DayOverride {
    /// `2026-11-20`.
    date: String,
    /// Whether it counts as a public holiday.
    holiday: bool,
    /// What the operator calls it.
    name_ko: String,
}

/// A quote, in both languages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkbenchQuote)]
pub(crate) struct Answer {
    /// Which tariff.
    tariff_id: String,
    /// Which version of it.
    tariff_version: u32,
    /// IANA zone of all times in the answer.
    time_zone: String,
    /// As asked.
    entered_at: String,
    /// As asked.
    left_at: String,
    /// Class it was priced for.
    vehicle: String,
    /// Length of the stay, minutes, as the tariff counts seconds.
    minutes: i64,
    /// Minutes that the meter counted.
    charged_minutes: i64,
    /// What is to pay, won, VAT included. The lines sum to it.
    total: i64,
    /// `KRW`.
    currency: String,
    /// Why.
    lines: Vec<Line>,
    /// The total told apart, won.
    vat: VatView,
    /// The stay costs the same up to this moment; absent when the price does not change within the next fortnight.
    leave_by: Option<String>,
    /// The next change of the price.
    next_step: Option<Step>,
    /// Every discount claimed, and what became of it.
    discounts: Vec<Considered>,
}

/// One reason of a price.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkbenchLine)]
struct Line {
    /// Kind of the rule: `base`, `additional`, `grace`, `day_cap`, `discount` … New kinds may be added.
    rule: String,
    /// Code of the band, discount, pass or rule; empty where it has none.
    code: String,
    /// Korean.
    label_ko: String,
    /// English.
    label_en: String,
    /// Start of the time it is about.
    from: String,
    /// End of the time it is about.
    to: String,
    /// Number of units; 0 where the rule has none.
    units: i64,
    /// Minutes of a unit; 0 where the rule has none.
    unit_minutes: i64,
    /// Price of a unit, won; 0 where the rule has none.
    unit_price: i64,
    /// What it adds, won; negative when it takes off.
    amount: i64,
}

/// A change of the price to come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkbenchStep)]
struct Step {
    /// From this moment on.
    at: String,
    /// Minutes after `leftAt`.
    in_minutes: i64,
    /// By so many won; negative where the tariff makes the price fall.
    increase: i64,
}

/// A discount that was claimed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConsideredDiscount)]
struct Considered {
    /// Code of the discount.
    rule: String,
    /// Which voucher, where it is one.
    voucher: Option<String>,
    /// `applied`, or why not: `better_other`, `evidence_missing`, `daily_limit`, `unknown_rule` …
    outcome: String,
    /// What it takes off, or would by itself, won.
    amount: i64,
}

/// What is wrong with a tariff document, and what its operator should know.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TariffCheck)]
pub(crate) struct Check {
    /// Whether the document can be used.
    ok: bool,
    /// Faults, at most 100.
    problems: Vec<Remark>,
    /// Legal, and perhaps not meant: free hours, falling prices, rules without effect.
    findings: Vec<Remark>,
    /// Whether a stay cut at midnight costs the same in two pieces; only when `ok`.
    splits_at_midnight: Option<bool>,
    /// Only with `apds=true`, and when `ok`. The tariff's own id stands for the place and its operator.
    apds: Option<ApdsView>,
}

/// Something about one field.
#[derive(Serialize, ToSchema)]
#[schema(as = TariffRemark)]
pub(super) struct Remark {
    /// Its path: `schedule.bands[0].tiers[1].unitPrice`; `.` is the document.
    path: String,
    /// Stable, kebab-case: `negative`, `overlapping-bands`, `price-can-fall` …
    code: String,
    /// For people.
    message: String,
    /// A stay that shows it, where prices fall (`price-can-fall`).
    example: Option<Fall>,
}

/// A stay that costs less one minute later.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TariffFall)]
struct Fall {
    /// When the car comes in, on the lot's wall clock, without an offset.
    #[schema(example = "2026-11-16T09:00:00")]
    entered_at: String,
    /// Class of the vehicle.
    vehicle: String,
    /// Codes of the discounts claimed.
    discounts: Option<Vec<String>>,
    /// Length of the stay, minutes.
    minutes: i64,
    /// What it costs, won.
    price: i64,
    /// What one minute more costs, won.
    minute_later: i64,
}

/// A tariff in the words of APDS (github.com/parkingdata/spec).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApdsExport)]
pub(crate) struct ApdsView {
    /// `RateTable` objects, amounts in won.
    #[schema(value_type = Vec<Object>)]
    rate_tables: Vec<serde_json::Value>,
    /// `RightSpecification` objects: hours, days and vehicles of each table.
    #[schema(value_type = Vec<Object>)]
    right_specifications: Vec<serde_json::Value>,
    /// What they don't say.
    not_expressed: Vec<NotExpressed>,
}

/// A part of a tariff that APDS has no words for.
#[derive(Serialize, ToSchema)]
#[schema(as = NotExpressed)]
struct NotExpressed {
    /// Path of the field in the tariff.
    path: String,
    /// Why.
    reason: String,
}

#[utoipa::path(
    post, path = "/v1/tariffs/quote", tag = "tariffs", operation_id = "tariffQuote",
    summary = "What a stay costs by a tariff document, and why",
    description = "Keeps nothing; the same question gets the same bytes. At most 256 KiB.",
    request_body = Question,
    responses(
        (status = 200, description = "The quote", body = Answer),
        (status = "4XX", description = "`malformed-json`, `invalid-member` (400), `body-too-large` (413), `unsupported-media-type` (415); \
            422: `tariff-invalid` with `problems`, `left-before-entered`, `stay-too-long`, `quote-too-long`, `unknown-pass`, \
            `no-such-time-zone`", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn quote() {}

#[utoipa::path(
    post, path = "/v1/tariffs/check", tag = "tariffs", operation_id = "tariffCheck",
    summary = "Whether a tariff document holds together, and what its operator should know",
    description = "A bad tariff is the answer, not an error. At most 256 KiB.",
    params(("apds" = Option<bool>, Query, description = "Add the tariff in the words of APDS")),
    request_body = TariffDocument,
    responses(
        (status = 200, description = "What was found", body = Check),
        (status = "4XX", description = "`malformed-json` (400), `body-too-large` (413), `unsupported-media-type` (415)",
            body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn check() {}
