//! Drafts each lot's statement of a day from the journal, and writes it down for people (CSV, XLSX) and for the next
//! step (item). Asked again, it computes again: a draft is a function of the journal, and a confirmed one is left alone.

mod books;
mod invoices;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::primitives::ByteStream;
use baro_domain::{
    LotId,
    books::{BooksError, Month},
    ledger::JournalEntry,
    settlement::{Intake, LateIntake, SettlementError, SettlementTerms, Statement, draft, take_in},
};
use baro_runtime::{Aws, Clock, Config, InitError};
use baro_sheets::SheetError;
use baro_store::{Billing, Drafted, StoreError};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

pub use invoices::Invoiced;

/// Lots settled at a time.
const CONCURRENT_LOTS: usize = 8;
/// The nightly run drafts so many days anew. A payment belongs to the day on which the gateway took it, and its webhook may
/// come up to six hours later, or only at a look by hand: its day was settled without it then.
const NIGHTLY_DAYS: i64 = 3;
/// Drafts of a lot that meet another run are computed again this many times.
const MAX_RACES: usize = 3;
/// The zone whose yesterday is settled when no day is named. Entries carry the lot's own local day.
const HOME_ZONE: &str = "Asia/Seoul";

/// What the schedule, or a person, asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// The day; yesterday when absent.
    #[serde(default)]
    pub day: Option<Date>,
    /// One lot; all with entries on that day when absent.
    #[serde(default)]
    pub lot: Option<LotId>,
    /// Instead of days: `last`, or any day of the month whose invoices companies on deferred payment get.
    #[serde(default)]
    pub invoices: Option<InvoicesOf>,
    /// Instead of days: `last`, or the month (`2026-10`) whose books are closed and exported.
    #[serde(default)]
    pub month: Option<BooksOf>,
}

/// Which month's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BooksOf {
    /// The month before this one.
    Last,
    /// This one.
    #[serde(untagged)]
    Of(Month),
}

/// Which month's invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InvoicesOf {
    /// The month before this one.
    Last,
    /// The month of this day.
    #[serde(untagged)]
    Of(Date),
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The day.
    pub day: Date,
    /// Statements drafted.
    pub drafted: Vec<LotId>,
    /// Lots whose statement is confirmed already: nothing was changed.
    pub confirmed: Vec<LotId>,
    /// Companies whose invoice of the month of `day` was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoiced: Vec<baro_domain::CompanyId>,
    /// Months whose books were closed, or counted again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<Month>,
}

/// Why a day could not be settled. The schedule tries again; what was drafted is drafted again to the same result.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The store.
    #[error("store")]
    Store(#[from] StoreError),
    /// The journal is not what it should be.
    #[error("statement of {lot}")]
    Draft {
        /// Lot.
        lot: LotId,
        /// Why.
        #[source]
        source: SettlementError,
    },
    /// Other runs were always faster.
    #[error("too many runs at once for {0}")]
    Races(LotId),
    /// Things can still be put into that month.
    #[error("the month of {0} is not over")]
    MonthNotOver(Date),
    /// Entries can still be posted into that month.
    #[error("the books of {0} are still open")]
    BooksOpen(Month),
    /// So many months can't be closed in one run: begin with an earlier one.
    #[error("too many months before {0} were never closed")]
    TooManyMonths(Month),
    /// The books do not hold together.
    #[error("books")]
    Books(#[from] BooksError),
    /// A month was closed with other sums than its entries have: somebody changed the journal, or the balance.
    #[error("the books of {0} were closed with other sums than its entries have")]
    BooksDiffer(Month),
    /// The lines do not sum.
    #[error("the account of {0} overflows")]
    Sum(baro_domain::CompanyId),
    /// A file could not be made.
    #[error("sheet")]
    Sheet(#[from] SheetError),
    /// S3 did not take a file.
    #[error("S3: {0}")]
    Upload(String),
    /// The home zone is not in the time zone database.
    #[error("time zone")]
    TimeZone(#[from] jiff::Error),
}

/// The function.
#[derive(Debug)]
pub struct Settlement {
    billing: Billing,
    s3: aws_sdk_s3::Client,
    bucket: String,
    terms: SettlementTerms,
    clock: Clock,
}

impl Settlement {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let billing =
            Billing::new(aws_sdk_dynamodb::Client::new(&aws), config.required("BILLING_TABLE")?, "");
        Ok(Self::new(&aws, billing, config.required("STATEMENT_BUCKET")?, Clock::default()))
    }

    /// Of its parts.
    pub fn new(aws: &Aws, billing: Billing, bucket: &str, clock: Clock) -> Self {
        let s3 =
            aws_sdk_s3::config::Builder::from(aws.as_ref()).force_path_style(aws.s3_path_style()).build();
        Self {
            billing,
            s3: aws_sdk_s3::Client::from_conf(s3),
            bucket: bucket.to_owned(),
            terms: SettlementTerms::default(),
            clock,
        }
    }

    /// Drafts what is asked for, or makes invoices; answers for the day that was asked for, or for yesterday.
    pub async fn run(&self, asked: Asked) -> Result<Summary, SettleError> {
        if let Some(month) = asked.invoices {
            let month = match month {
                InvoicesOf::Last => yesterday(self.clock.now())?.first_of_month(),
                InvoicesOf::Of(day) => day.first_of_month(),
            };
            let Invoiced { month, companies } = self.invoice(month).await?;
            return Ok(Summary { day: month, invoiced: companies, ..Summary::default() });
        }
        if let Some(month) = asked.month {
            let month = match month {
                BooksOf::Last => Month::open_at(self.clock.now()).previous(),
                BooksOf::Of(month) => month,
            };
            let day = month.days().next().unwrap_or_default();
            return Ok(Summary { day, closed: self.close(month).await?, ..Summary::default() });
        }
        if let Some(day) = asked.day {
            return self.settle_day(day, asked.lot).await;
        }
        let yesterday = yesterday(self.clock.now())?;
        for back in (1..NIGHTLY_DAYS).rev() {
            self.settle_day(yesterday.checked_sub(back.days())?, asked.lot.clone()).await?;
        }
        self.settle_day(yesterday, asked.lot).await
    }

    async fn settle_day(&self, day: Date, lot: Option<LotId>) -> Result<Summary, SettleError> {
        let mut by_lot: BTreeMap<LotId, Vec<JournalEntry>> = BTreeMap::new();
        for entry in self.billing.journal(day, lot.as_ref()).await? {
            // What is no lot's business stands in no statement.
            let Some(lot) = entry.lot.clone() else { continue };
            by_lot.entry(lot).or_default().push(entry);
        }
        // A lot that was asked for gets its statement even when nothing happened: "0원" is an answer.
        if let Some(lot) = lot {
            by_lot.entry(lot).or_default();
        }
        let settled: Vec<(LotId, bool)> = futures::stream::iter(by_lot)
            .map(|(lot, entries)| self.settle(lot, day, entries))
            .buffered(CONCURRENT_LOTS)
            .try_collect()
            .await?;
        let (drafted, confirmed): (Vec<_>, Vec<_>) = settled.into_iter().partition(|(_, drafted)| *drafted);
        let lots = |settled: Vec<(LotId, bool)>| settled.into_iter().map(|(lot, _)| lot).collect::<Vec<_>>();
        let summary =
            Summary { day, drafted: lots(drafted), confirmed: lots(confirmed), ..Summary::default() };
        tracing::info!(%day, drafted = summary.drafted.len(), confirmed = summary.confirmed.len(), "settled");
        Ok(summary)
    }

    /// Drafts a lot's day, and anew those earlier days, not confirmed yet, for which entries have come since.
    async fn settle(
        &self,
        lot: LotId,
        day: Date,
        entries: Vec<JournalEntry>,
    ) -> Result<(LotId, bool), SettleError> {
        let (drafted, waiting) = self.draft_day(&lot, day, &entries).await?;
        for own in waiting {
            let entries = self.billing.journal(own, Some(&lot)).await?;
            self.draft_day(&lot, own, &entries).await?;
        }
        Ok((lot, drafted))
    }

    /// Answers whether a draft was written, and for which other days entries wait.
    async fn draft_day(
        &self,
        lot: &LotId,
        day: Date,
        of_day: &[JournalEntry],
    ) -> Result<(bool, BTreeSet<Date>), SettleError> {
        for _ in 0..MAX_RACES {
            let late = self.late(lot, day).await?;
            let intake = Intake { of_day, late: &late.adjusts, at: self.clock.now() };
            let statement = draft(lot, day, intake, self.terms)
                .map_err(|source| SettleError::Draft { lot: lot.clone(), source })?;
            match self.billing.put_draft(&statement).await? {
                Drafted::LostRace => continue,
                Drafted::Confirmed => return Ok((false, late.waiting)),
                Drafted::Done => {}
            }
            self.billing.forget_late(lot, &late.settled).await?;
            self.write_down(&statement).await?;
            return Ok((true, late.waiting));
        }
        Err(SettleError::Races(lot.clone()))
    }

    /// What the draft of `day` has to do with the lot's late entries.
    async fn late(&self, lot: &LotId, day: Date) -> Result<LateIntake, SettleError> {
        let pool = self.billing.late_entries(lot).await?;
        let concerned: BTreeSet<Date> =
            pool.iter().flat_map(|late| [Some(late.entry.day), late.taken_by]).flatten().collect();
        let mut statements = BTreeMap::new();
        for concerned in concerned {
            if let Some(statement) = self.billing.statement(lot, concerned).await? {
                statements.insert(concerned, statement);
            }
        }
        Ok(take_in(day, &pool, |day| statements.get(&day)))
    }

    async fn write_down(&self, statement: &Statement) -> Result<(), SettleError> {
        let sheet = sheet::sheet(statement);
        let (csv, xlsx) = (sheet.csv()?, sheet.xlsx()?);
        self.upload(statement, "csv", baro_sheets::CSV, csv).await?;
        self.upload(statement, "xlsx", baro_sheets::XLSX, xlsx).await
    }

    async fn upload(
        &self,
        statement: &Statement,
        extension: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), SettleError> {
        let key = format!("statements/{}/{}.{extension}", statement.lot, statement.day);
        self.put(key, content_type, bytes).await
    }

    pub(crate) async fn put(
        &self,
        key: String,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), SettleError> {
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| {
                SettleError::Upload(aws_sdk_s3::error::DisplayErrorContext(error).to_string())
            })?;
        Ok(())
    }
}

/// The day before `now`'s day at home.
fn yesterday(now: Timestamp) -> Result<Date, jiff::Error> {
    now.in_tz(HOME_ZONE)?.date().checked_sub(1.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yesterday_is_koreas_not_utcs() {
        let just_after_midnight = "2026-11-20T00:20:00+09:00".parse().unwrap();
        assert_eq!(yesterday(just_after_midnight).unwrap(), jiff::civil::date(2026, 11, 19));
    }
}
