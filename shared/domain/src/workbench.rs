//! The tariff workbench: what one may ask about a tariff document without a lot, a car or a table, and what it answers.
//! The HTTP function and the command line both speak through here, so they can't come to different answers.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::calendar::DateOverride;
use crate::money::VatSplit;
use crate::tariff::{
    ApdsExport, ApdsPlace, ConsideredDiscount, DiscountClaim, Finding, HeldPass, LineRule, PriceStep,
    Problem, ProblemCode, QuoteLine, Stay, TariffSpec, VehicleClass,
};
use crate::{Calendar, Quote, Tariff, TariffError, Won};

/// Where a lot is taken to be when nobody says.
pub const DEFAULT_ZONE: &str = "Asia/Seoul";
/// The longest stay the workbench explains. The engine prices ten years; nobody reads a quote of so many lines.
pub const MAX_STAY_DAYS: i64 = 366;
/// Claims, or passes, in one question.
pub const MAX_RIGHTS: usize = 32;
/// Dates set over the national calendar in one question.
pub const MAX_OVERRIDES: usize = 400;
/// Lines in one answer.
pub const MAX_LINES: usize = 5_000;

/// A stay to be priced by a tariff document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuoteRequest {
    /// The tariff, as in a tariff file.
    pub tariff: TariffSpec,
    /// When the car came.
    pub entered_at: Timestamp,
    /// When it left.
    pub left_at: Timestamp,
    /// IANA name of the zone the tariff is read in.
    #[serde(default = "default_zone")]
    pub time_zone: String,
    /// Class of the vehicle.
    #[serde(default)]
    pub vehicle: VehicleClass,
    /// Discounts claimed, vouchers given.
    #[serde(default)]
    pub discounts: Vec<DiscountClaim>,
    /// Passes held.
    #[serde(default)]
    pub passes: Vec<HeldPass>,
    /// Whether to look for the next price step.
    #[serde(default = "yes")]
    pub look_ahead: bool,
    /// What the operator sets over the national calendar.
    #[serde(default)]
    pub calendar_overrides: Vec<DateOverride>,
}

fn default_zone() -> String {
    DEFAULT_ZONE.to_owned()
}

const fn yes() -> bool {
    true
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkbenchError {
    /// Not JSON at all.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// JSON, but a member beside the tariff is missing, unknown or of the wrong kind.
    #[error("{path}: {message}")]
    Member {
        /// Where.
        path: String,
        /// For people.
        message: String,
    },
    /// The tariff does not hold together: each fault with its path in the question.
    #[error("the tariff does not hold together: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Tariff(Vec<Problem>),
    /// In no time zone database.
    #[error("{0:?} is no IANA time zone, as Asia/Seoul is one")]
    UnknownZone(String),
    /// The exit is before the entry.
    #[error("the car left at {left_at}, before it entered at {entered_at}")]
    LeftBeforeEntered {
        /// As asked.
        entered_at: Timestamp,
        /// As asked.
        left_at: Timestamp,
    },
    /// Longer than the workbench explains.
    #[error("the stay is longer than {MAX_STAY_DAYS} days")]
    StayTooLong,
    /// So many bands in so long a stay that nobody would read the answer.
    #[error("the quote has {0} lines, more than {MAX_LINES}: ask for a shorter stay")]
    TooManyLines(usize),
    /// A pass that the tariff does not sell.
    #[error("the tariff sells no pass {offer:?}; it sells {}", if .sold.is_empty() { "none".to_owned() } else { .sold.join(", ") })]
    UnknownPass {
        /// What was held.
        offer: String,
        /// What there is.
        sold: Vec<String>,
    },
}

/// Reads JSON. Apart from what is no JSON, the fault is told with the path of its field; `.` is the document itself.
fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, WorkbenchError> {
    use serde_json::error::Category;
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        let path = if matches!(path.as_str(), "" | "?") { ".".to_owned() } else { path };
        // The first fault may stand before text that is no JSON.
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(json) {
            return WorkbenchError::NotJson(error.to_string());
        }
        match inner.classify() {
            Category::Data => WorkbenchError::Member { path, message: inner.to_string() },
            Category::Io | Category::Syntax | Category::Eof => WorkbenchError::NotJson(inner.to_string()),
        }
    })?;
    reader.end().map_err(|error| WorkbenchError::NotJson(error.to_string()))?;
    Ok(value)
}

/// Reads a tariff document on its own: the faults it has, or the tariff. Errors: it is not JSON.
fn read_tariff(json: &[u8]) -> Result<Result<Tariff, Vec<Problem>>, WorkbenchError> {
    let spec = match read::<TariffSpec>(json) {
        Ok(spec) => spec,
        Err(WorkbenchError::Member { path, message }) => {
            return Ok(Err(vec![Problem { path, code: ProblemCode::Malformed, message }]));
        }
        Err(other) => return Err(other),
    };
    Ok(Tariff::new(spec).map_err(problems_of))
}

fn problems_of(error: TariffError) -> Vec<Problem> {
    match error {
        TariffError::Invalid(problems) => problems,
        other => {
            vec![Problem { path: ".".into(), code: ProblemCode::Contradiction, message: other.to_string() }]
        }
    }
}

/// A document that is to be used: a faulty one is an error.
pub fn tariff_of(json: &[u8]) -> Result<Tariff, WorkbenchError> {
    read_tariff(json)?.map_err(WorkbenchError::Tariff)
}

impl QuoteRequest {
    /// A plain car's stay, with a look ahead.
    pub fn new(tariff: TariffSpec, entered_at: Timestamp, left_at: Timestamp) -> Self {
        Self {
            tariff,
            entered_at,
            left_at,
            time_zone: default_zone(),
            vehicle: VehicleClass::default(),
            discounts: Vec::new(),
            passes: Vec::new(),
            look_ahead: true,
            calendar_overrides: Vec::new(),
        }
    }

    /// From the JSON of a request. A fault within the tariff is one of the tariff's.
    pub fn from_json(json: &[u8]) -> Result<Self, WorkbenchError> {
        read(json).map_err(|error| match error {
            WorkbenchError::Member { path, message } if path.starts_with("tariff.") => {
                WorkbenchError::Tariff(vec![Problem { path, code: ProblemCode::Malformed, message }])
            }
            other => other,
        })
    }

    /// The quote. The same question gives the same bytes.
    pub fn answer(self) -> Result<QuoteAnswer, WorkbenchError> {
        self.within_limits()?;
        let zone = TimeZone::get(&self.time_zone)
            .map_err(|_| WorkbenchError::UnknownZone(self.time_zone.clone()))?;
        let tariff = Tariff::new(self.tariff).map_err(|error| {
            let within = |problem: Problem| Problem { path: format!("tariff.{}", problem.path), ..problem };
            WorkbenchError::Tariff(problems_of(error).into_iter().map(within).collect())
        })?;
        let own_calendar;
        let calendar = if self.calendar_overrides.is_empty() {
            Calendar::korea()
        } else {
            own_calendar = Calendar::korea().with_overrides(&self.calendar_overrides);
            &own_calendar
        };
        let stay = Stay::new(self.entered_at, self.left_at, &zone, calendar)
            .vehicle(self.vehicle)
            .claims(&self.discounts)
            .passes(&self.passes);
        let stay = if self.look_ahead { stay } else { stay.without_look_ahead() };
        let quote = tariff.quote(&stay).map_err(|error| match error {
            TariffError::Invalid(problems) => WorkbenchError::Tariff(problems),
            TariffError::LeftBeforeEntered => {
                WorkbenchError::LeftBeforeEntered { entered_at: self.entered_at, left_at: self.left_at }
            }
            TariffError::StayTooLong => WorkbenchError::StayTooLong,
            TariffError::UnknownPass(offer) => WorkbenchError::UnknownPass {
                offer,
                sold: tariff.spec().passes.iter().map(|offer| offer.code.clone()).collect(),
            },
        })?;
        if quote.lines.len() > MAX_LINES {
            return Err(WorkbenchError::TooManyLines(quote.lines.len()));
        }
        Ok(QuoteAnswer::new(quote, self.time_zone, &zone))
    }

    fn within_limits(&self) -> Result<(), WorkbenchError> {
        for (path, count, most) in [
            ("discounts", self.discounts.len(), MAX_RIGHTS),
            ("passes", self.passes.len(), MAX_RIGHTS),
            ("calendarOverrides", self.calendar_overrides.len(), MAX_OVERRIDES),
        ] {
            if count > most {
                let message = format!("{count} entries, at most {most} are taken");
                return Err(WorkbenchError::Member { path: path.to_owned(), message });
            }
        }
        if self.left_at.duration_since(self.entered_at) > SignedDuration::from_hours(24 * MAX_STAY_DAYS) {
            return Err(WorkbenchError::StayTooLong);
        }
        Ok(())
    }
}

/// A quote as people and programs outside read it: times with the zone's offset, whole won beside a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteAnswer {
    /// Which tariff.
    pub tariff_id: String,
    /// Which version of it.
    pub tariff_version: u32,
    /// IANA name of the zone.
    pub time_zone: String,
    /// As asked.
    pub entered_at: String,
    /// As asked.
    pub left_at: String,
    /// Class it was priced for.
    pub vehicle: VehicleClass,
    /// Length of the stay, minutes, as the tariff counts seconds.
    pub minutes: i64,
    /// Minutes that the meter counted.
    pub charged_minutes: i64,
    /// What is to pay, won.
    pub total: Won,
    /// `KRW`.
    pub currency: &'static str,
    /// Why.
    pub lines: Vec<AnswerLine>,
    /// The total with its VAT told apart.
    pub vat: VatSplit,
    /// Leaving up to this moment costs the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_by: Option<String>,
    /// The next change of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<AnswerStep>,
    /// Every discount that was claimed, and what became of it.
    pub discounts: Vec<ConsideredDiscount>,
}

/// One reason of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerLine {
    /// What kind of rule made it.
    pub rule: LineRule,
    /// Code of the band, discount, pass or stay rule; empty where the rule has none.
    pub code: String,
    /// Korean.
    pub label_ko: String,
    /// English.
    pub label_en: String,
    /// Start of the time it is about.
    pub from: String,
    /// End of it.
    pub to: String,
    /// Number of units; 0 where the rule has none.
    pub units: i64,
    /// Minutes of a unit; 0 where the rule has none.
    pub unit_minutes: i64,
    /// Price of a unit, won; 0 where the rule has none.
    pub unit_price: Won,
    /// What it adds, won; negative when it takes off.
    pub amount: Won,
}

/// A change of the price to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerStep {
    /// From this moment on.
    pub at: String,
    /// Minutes after the exit that was asked for.
    pub in_minutes: i64,
    /// By so many won; negative where a rule makes the price fall.
    pub increase: Won,
}

impl QuoteAnswer {
    fn new(quote: Quote, time_zone: String, zone: &TimeZone) -> Self {
        let local = |at: Timestamp| at.display_with_offset(zone.to_offset(at)).to_string();
        let left_at = quote.left_at;
        let line = |line: QuoteLine| AnswerLine {
            rule: line.rule,
            code: line.code.to_string(),
            label_ko: line.label.ko().to_owned(),
            label_en: line.label.en().to_owned(),
            from: local(line.from),
            to: local(line.to),
            units: line.units,
            unit_minutes: line.unit_minutes,
            unit_price: line.unit_price,
            amount: line.amount,
        };
        let step = |PriceStep { at, increase }| AnswerStep {
            at: local(at),
            in_minutes: at.duration_since(left_at).as_mins(),
            increase,
        };
        Self {
            tariff_id: quote.tariff_id.to_string(),
            tariff_version: quote.tariff_version,
            time_zone,
            entered_at: local(quote.entered_at),
            left_at: local(left_at),
            vehicle: quote.vehicle,
            minutes: quote.minutes,
            charged_minutes: quote.charged_minutes,
            total: quote.total,
            currency: "KRW",
            lines: quote.lines.into_iter().map(line).collect(),
            vat: quote.vat,
            leave_by: quote.leave_by.map(local),
            next_step: quote.next_step.map(step),
            discounts: quote.discounts,
        }
    }
}

/// What is wrong with a tariff document, and what its operator should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckAnswer {
    /// Whether it can be used: it has no problem. Findings don't stand against it.
    pub ok: bool,
    /// Faults: the document is no tariff while it has one.
    pub problems: Vec<Problem>,
    /// Legal, and perhaps not meant.
    pub findings: Vec<Finding>,
    /// Whether a stay cut at midnight costs the same in two pieces; absent when the document is no tariff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splits_at_midnight: Option<bool>,
    /// The tariff in the words of APDS, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apds: Option<ApdsExport>,
}

/// Checks a document. Bad content is the answer, not an error. Errors: it is not JSON.
pub fn check(json: &[u8], with_apds: bool) -> Result<CheckAnswer, WorkbenchError> {
    let tariff = match read_tariff(json)? {
        Ok(tariff) => tariff,
        Err(problems) => {
            let (findings, splits_at_midnight, apds) = (Vec::new(), None, None);
            return Ok(CheckAnswer { ok: false, problems, findings, splits_at_midnight, apds });
        }
    };
    Ok(CheckAnswer {
        ok: true,
        problems: Vec::new(),
        findings: tariff.findings(),
        splits_at_midnight: Some(tariff.splits_at_midnight()),
        apds: with_apds.then(|| apds_without_lot(&tariff)),
    })
}

/// Without a lot, the tariff's own id stands for the place and its operator.
fn apds_without_lot(tariff: &Tariff) -> ApdsExport {
    let zone = TimeZone::get(DEFAULT_ZONE).unwrap_or(TimeZone::UTC);
    tariff.to_apds(&ApdsPlace { place: tariff.id(), issuer: tariff.id(), time_zone: &zone })
}

#[cfg(test)]
#[path = "workbench_tests.rs"]
mod tests;
