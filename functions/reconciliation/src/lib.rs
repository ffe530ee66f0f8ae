//! Holds our books of a day against the payment gateway's: differences where ours lag behind heal by a hint to
//! payment-sync, the others are reported to a person with a proposed posting. Nothing is posted here.
//!
//! read the gateway's day, then ours → compare (pure) → look again at what would be a person's → hint → write the report.
//! Asked again it does the same again; what healed since stays in the report.

mod books;
mod files;
mod hints;
mod sheet;

use std::sync::Arc;

use baro_clients::portone::{GatewayError, PaymentGateway, PaymentListing};
use baro_domain::{
    Won,
    money::MoneyOverflow,
    reconcile::{DayReport, HOME_ZONE, Severity, reconcile},
};
use baro_gateway::RotatingPortOne;
use baro_runtime::{Aws, Clock, Config, InitError};
use baro_sheets::SheetError;
use baro_store::{Billing, StoreError};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use files::Files;
use hints::Hints;

/// The nightly run looks at yesterday and the days before it, so many in all: a webhook is repeated for six hours, and
/// what was asked to heal in one night has healed by the next.
const NIGHTLY_DAYS: i64 = 3;

/// What the schedule, or a person, asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// The day, in Korea; yesterday and the two days before it when absent.
    #[serde(default)]
    pub day: Option<Date>,
}

/// How a day stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DaySummary {
    /// The day.
    pub day: Date,
    /// Payments compared.
    pub payments: usize,
    /// What the gateway has more than we, won.
    pub difference: Won,
    /// Findings that payment-sync was asked to look at.
    pub healing: usize,
    /// Findings of earlier runs that are gone.
    pub healed: usize,
    /// Findings that wait for a person.
    pub for_person: usize,
}

/// What was done, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Oldest first.
    pub days: Vec<DaySummary>,
}

/// Why a day could not be reconciled. Its report is as the last run left it; Lambda tries again.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The gateway can't answer, or not in words we can read.
    #[error("gateway")]
    Gateway(#[from] GatewayError),
    /// The store.
    #[error("store")]
    Store(#[from] StoreError),
    /// The day has not begun.
    #[error("{0} has not begun")]
    NotYet(Date),
    /// Not a day of the calendar, or no such zone.
    #[error("calendar")]
    Calendar(#[from] jiff::Error),
    /// The sums are beyond all money.
    #[error("sums")]
    Sums(#[from] MoneyOverflow),
    /// A file could not be made.
    #[error("sheet")]
    Sheet(#[from] SheetError),
    /// The last run's report does not read.
    #[error("the report of {day} does not read: {cause}")]
    Report {
        /// Day.
        day: Date,
        /// Why.
        cause: String,
    },
    /// S3 did not give or take a file.
    #[error("S3: {0}")]
    S3(String),
    /// The queue did not take a hint.
    #[error("queue: {0}")]
    Queue(String),
}

/// The function.
pub struct Reconciliation {
    billing: Billing,
    gateway: Arc<dyn PaymentGateway>,
    listing: Arc<dyn PaymentListing>,
    channel_type: String,
    hints: Hints,
    files: Files,
    clock: Clock,
}

impl Reconciliation {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        Self::new(config, &Aws::from_config(config)?, Clock::default())
    }

    /// On these clients and this clock.
    pub fn new(config: &Config, aws: &Aws, clock: Clock) -> Result<Self, InitError> {
        let gateway = Arc::new(RotatingPortOne::from_config(aws, config, clock.clone())?);
        Self::of_gateway(config, aws, gateway, clock)
    }

    /// The same, with this gateway.
    pub fn of_gateway<G: PaymentGateway + PaymentListing + 'static>(
        config: &Config,
        aws: &Aws,
        gateway: Arc<G>,
        clock: Clock,
    ) -> Result<Self, InitError> {
        Ok(Self {
            billing: Billing::new(
                aws_sdk_dynamodb::Client::new(aws),
                config.required("BILLING_TABLE")?,
                String::new(),
            ),
            gateway: gateway.clone(),
            listing: gateway,
            channel_type: config.required("PORTONE_CHANNEL_TYPE")?.to_owned(),
            hints: Hints::new(aws, config.required("PAYMENT_QUEUE_URL")?),
            files: Files::new(aws, config.required("STATEMENT_BUCKET")?),
            clock,
        })
    }

    /// Reconciles what is asked for.
    pub async fn run(&self, asked: Asked) -> Result<Summary, ReconcileError> {
        let days = match asked.day {
            Some(day) => vec![day],
            None => nightly(self.clock.now())?,
        };
        let mut summary = Summary { days: Vec::with_capacity(days.len()) };
        for day in days {
            let report = self.day(day).await?;
            summary.days.push(summary_of(&report));
        }
        Ok(summary)
    }

    async fn day(&self, day: Date) -> Result<DayReport, ReconcileError> {
        let now = self.clock.now();
        let (from, until) = span(day)?;
        if from > now {
            return Err(ReconcileError::NotYet(day));
        }
        let mut books = self.read(day, from, until.min(now)).await?;
        let mut run = reconcile(&books.of_day(day))?;
        // Money may have moved between the two reads: nobody is called for what a second look does not show.
        let doubtful = run.findings.iter().filter(|finding| finding.severity == Severity::Person);
        let doubtful: Vec<String> = doubtful.map(|finding| finding.payment.clone()).collect();
        if !doubtful.is_empty() {
            self.look_again(day, &mut books, &doubtful).await?;
            run = reconcile(&books.of_day(day))?;
        }
        let previous = self.files.last_report(day).await?;
        let report = DayReport::after(previous.as_ref(), day, run, now);
        // A hint too many does no harm; a report that says "asked" without it would.
        self.hints.send(report.to_heal().map(|one| one.finding.payment.as_str())).await?;
        self.files.write(&report).await?;
        tell(&report);
        Ok(report)
    }
}

fn tell(report: &DayReport) {
    let day = report.day;
    for finding in report.for_person().map(|one| &one.finding) {
        let (payment, kind, why) = (finding.payment.as_str(), finding.kind, finding.why.as_str());
        // The alarm `ReconciliationDifference` counts this line (infra/alarms.yaml).
        tracing::error!(code = "reconciliation-difference", %day, payment, ?kind, why, "for a person");
    }
    let DaySummary { payments, difference, healing, healed, for_person, .. } = summary_of(report);
    tracing::info!(%day, payments, %difference, healing, healed, for_person, "reconciled");
}

fn summary_of(report: &DayReport) -> DaySummary {
    DaySummary {
        day: report.day,
        payments: report.totals.payments,
        difference: report.totals.difference,
        healing: report.to_heal().count(),
        healed: report.findings.iter().filter(|one| !one.is_open()).count(),
        for_person: report.for_person().count(),
    }
}

/// The moments between which a day lies at home.
fn span(day: Date) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let begins = |day: Date| Ok::<_, jiff::Error>(day.in_tz(HOME_ZONE)?.timestamp());
    Ok((begins(day)?, begins(day.checked_add(1.day())?)?))
}

/// The days of a nightly run, oldest first.
fn nightly(now: Timestamp) -> Result<Vec<Date>, jiff::Error> {
    let today = now.in_tz(HOME_ZONE)?.date();
    (1..=NIGHTLY_DAYS).rev().map(|back| today.checked_sub(back.days())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_is_koreas_not_utcs() {
        let (from, until) = span(date(2026, 11, 20)).unwrap();
        assert_eq!(from, "2026-11-19T15:00:00Z".parse().unwrap());
        assert_eq!(until, "2026-11-20T15:00:00Z".parse().unwrap());
        let just_after_midnight = "2026-11-21T00:40:00+09:00".parse().unwrap();
        let days = [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)];
        assert_eq!(nightly(just_after_midnight).unwrap(), days);
    }
}
