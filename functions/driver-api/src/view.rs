//! What answers look like: money as whole won beside a `currency`, times as RFC 3339 with the lot's offset, texts in the
//! reader's language. Nothing is decided here.

use baro_domain::{Quote, QuoteLine, money::VatSplit};
use baro_runtime::http::Language;
pub(crate) use baro_runtime::http::local_time as local;
use jiff::tz::TimeZone;
use serde::Serialize;

/// The only currency of a Korean lot.
pub(crate) const KRW: &str = "KRW";

/// The price of a stay, explained line by line.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Quote))]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuoteView {
    /// Which tariff.
    tariff_id: String,
    /// Which version of it.
    tariff_version: u32,
    /// When the car came in (RFC 3339 with the lot's offset, as all times).
    entered_at: String,
    /// The moment the price is for.
    until: String,
    /// Length of the stay in minutes, as the tariff counts seconds.
    minutes: i64,
    /// Minutes of it that fall into charged hours.
    charged_minutes: i64,
    /// What the stay costs, won, VAT included. The lines sum to it.
    total: i64,
    /// `KRW`.
    currency: &'static str,
    /// Why.
    lines: Vec<LineView>,
    /// The total told apart for the tax office.
    vat: VatView,
    /// The stay costs the same up to this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_by: Option<String>,
    /// The next change of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<StepView>,
}

/// One reason of a price.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuoteLine))]
#[serde(rename_all = "camelCase")]
struct LineView {
    /// Kind of the rule: `base`, `additional`, `grace`, `day_cap`, `discount` … New kinds may be added.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    rule: baro_domain::tariff::LineRule,
    /// Code of the band, discount or rule in the tariff.
    #[serde(skip_serializing_if = "String::is_empty")]
    code: String,
    /// For people, in the language asked for.
    label: String,
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

/// An amount with its VAT told apart, won.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = VatSplit))]
#[serde(rename_all = "camelCase")]
pub(crate) struct VatView {
    /// 공급가액.
    supply: i64,
    /// 부가세.
    vat: i64,
    /// 면세.
    tax_free: i64,
}

/// A change of the price to come.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PriceStep))]
#[serde(rename_all = "camelCase")]
struct StepView {
    /// From this moment on.
    at: String,
    /// By so many won; negative where the tariff makes the price fall.
    increase: i64,
}

impl From<VatSplit> for VatView {
    fn from(split: VatSplit) -> Self {
        Self { supply: split.supply.get(), vat: split.vat.get(), tax_free: split.tax_free.get() }
    }
}

impl LineView {
    fn new(line: QuoteLine, zone: &TimeZone, language: Language) -> Self {
        Self {
            rule: line.rule,
            code: line.code.into(),
            label: match language {
                Language::Ko => line.label.ko().to_owned(),
                Language::En => line.label.en().to_owned(),
            },
            from: local(zone, line.from),
            to: local(zone, line.to),
            units: line.units,
            unit_minutes: line.unit_minutes,
            unit_price: line.unit_price.get(),
            amount: line.amount.get(),
        }
    }
}

impl QuoteView {
    pub(crate) fn new(quote: Quote, zone: &TimeZone, language: Language) -> Self {
        Self {
            tariff_id: quote.tariff_id.into(),
            tariff_version: quote.tariff_version,
            entered_at: local(zone, quote.entered_at),
            until: local(zone, quote.left_at),
            minutes: quote.minutes,
            charged_minutes: quote.charged_minutes,
            total: quote.total.get(),
            currency: KRW,
            lines: quote.lines.into_iter().map(|line| LineView::new(line, zone, language)).collect(),
            vat: quote.vat.into(),
            leave_by: quote.leave_by.map(|at| local(zone, at)),
            next_step: quote
                .next_step
                .map(|step| StepView { at: local(zone, step.at), increase: step.increase.get() }),
        }
    }
}
