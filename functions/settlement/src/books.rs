//! A month's books: every entry with its postings as files, and the trial balance, proven from the entries before it is
//! carried on. A month that was closed before is only counted again and held against what was closed.

use baro_domain::{
    Won,
    books::{BooksError, Month, TrialBalance, month_of},
    ledger::JournalEntry,
    points::PointsReport,
};
use baro_sheets::{Cell, Sheet};
use jiff::civil::Date;

use crate::{HOME_ZONE, SettleError, Settlement};

/// Rows of one file: a workbook of so many is made in the function's memory.
const MAX_ROWS_A_FILE: usize = 50_000;
/// A run closes at most so many months that nobody closed.
const MAX_MONTHS: usize = 24;

const ENTRY_COLUMNS: [&str; 10] = [
    "일자 (day)",
    "일시 (time)",
    "기록시각 (posted)",
    "구분 (kind)",
    "주차장 (lot)",
    "계정 (account)",
    "차변 (debit, won)",
    "대변 (credit, won)",
    "결제번호 (payment)",
    "분개번호 (entry)",
];
const POINTS_COLUMNS: [&str; 4] =
    ["항목 (item)", "충전분 (paid, won)", "보너스 (bonus, won)", "등록 기준 (registration above, won)"];
const BALANCE_COLUMNS: [&str; 5] = [
    "계정 (account)",
    "기초잔액 (opening, won)",
    "차변 (debits, won)",
    "대변 (credits, won)",
    "기말잔액 (closing, won)",
];

/// The rows of a month's entries, cut into files as they fill.
struct Files<'a> {
    settlement: &'a Settlement,
    month: Month,
    rows: Vec<Vec<Cell>>,
    written: usize,
}

impl Files<'_> {
    async fn take(&mut self, entry: &JournalEntry) -> Result<(), SettleError> {
        self.rows.extend(rows(entry));
        if self.rows.len() >= MAX_ROWS_A_FILE { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), SettleError> {
        self.written += 1;
        let sheet = Sheet {
            name: "분개장",
            title: format!("분개장 (journal) {} · {}", self.month, self.written),
            columns: &ENTRY_COLUMNS,
            rows: std::mem::take(&mut self.rows),
        };
        let name = format!("journal/{}/entries-{:02}", self.month, self.written);
        self.settlement.put_sheet(&name, &sheet).await
    }
}

/// A month is read in parts, so that no whole month is in memory.
#[derive(Debug, Clone, Copy)]
enum Part {
    Day(Date),
    Late,
}

fn parts(month: Month) -> impl Iterator<Item = Part> {
    month.days().map(Part::Day).chain([Part::Late])
}

impl Settlement {
    /// Exports a month that is over, and before it those that nobody closed; answers which were closed or counted again.
    pub async fn close(&self, month: Month) -> Result<Vec<Month>, SettleError> {
        if self.clock.now() < month.complete_at() {
            return Err(SettleError::BooksOpen(month));
        }
        let mut before = self.billing.last_trial_balance_before(month).await?;
        let months = self.to_close(month, before.as_ref()).await?;
        if let Some(before) = &before {
            self.prove(before).await?;
        }
        for month in &months {
            let balance = TrialBalance::open(*month, before.as_ref())?;
            before = Some(self.export(balance).await?);
        }
        Ok(months)
    }

    /// The month, after those between the last closed one and it. Where none was ever closed, the books begin after the first month,
    /// counted back, without an entry.
    async fn to_close(&self, month: Month, closed: Option<&TrialBalance>) -> Result<Vec<Month>, SettleError> {
        let mut months = vec![month];
        let mut earlier = month.previous();
        loop {
            let begins = match closed {
                Some(closed) => closed.month >= earlier,
                None => self.is_empty(earlier).await?,
            };
            if begins {
                months.reverse();
                return Ok(months);
            }
            if months.len() >= MAX_MONTHS {
                return Err(SettleError::TooManyMonths(month));
            }
            months.push(earlier);
            earlier = earlier.previous();
        }
    }

    async fn is_empty(&self, month: Month) -> Result<bool, SettleError> {
        for part in parts(month) {
            if !self.entries(month, part).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Holds a closed month against its entries, as they stand in the journal now.
    async fn prove(&self, closed: &TrialBalance) -> Result<(), SettleError> {
        let mut counted = closed.reopened();
        for part in parts(closed.month) {
            for entry in self.entries(closed.month, part).await? {
                counted.post(&entry)?;
            }
        }
        counted.check()?;
        if counted.agrees_with(closed) { Ok(()) } else { Err(SettleError::BooksDiffer(closed.month)) }
    }

    /// Writes a month's files, then closes it. The files of a month that is closed are made again, to the same content.
    async fn export(&self, mut balance: TrialBalance) -> Result<TrialBalance, SettleError> {
        let month = balance.month;
        let mut files = Files { settlement: self, month, rows: Vec::new(), written: 0 };
        for part in parts(month) {
            for entry in self.entries(month, part).await? {
                balance.post(&entry)?;
                files.take(&entry).await?;
            }
        }
        balance.check()?;
        if !files.rows.is_empty() || files.written == 0 {
            files.write().await?;
        }
        self.put_sheet(&format!("journal/{month}/trial-balance"), &balance_sheet(&balance)?).await?;
        self.put_sheet(&format!("journal/{month}/points"), &points_sheet(&balance)?).await?;
        if !self.billing.close_month(&balance).await? {
            let closed = self.billing.trial_balance(month).await?;
            if !closed.is_some_and(|closed| closed.agrees_with(&balance)) {
                return Err(SettleError::BooksDiffer(month));
            }
        }
        tracing::info!(%month, entries = balance.entries, files = files.written, "the month's books are closed");
        Ok(balance)
    }

    /// The entries of a month's books of one of its days, or those that were posted late.
    async fn entries(&self, month: Month, part: Part) -> Result<Vec<JournalEntry>, SettleError> {
        let Part::Day(day) = part else { return Ok(self.billing.late_entries_of_month(month).await?) };
        let mut entries = self.billing.journal(day, None).await?;
        entries.retain(|entry| month_of(entry) == month);
        Ok(entries)
    }

    async fn put_sheet(&self, name: &str, sheet: &Sheet<'_>) -> Result<(), SettleError> {
        self.put(format!("{name}.csv"), baro_sheets::CSV, sheet.csv()?).await?;
        self.put(format!("{name}.xlsx"), baro_sheets::XLSX, sheet.xlsx()?).await
    }
}

/// One row for each side of an entry.
fn rows(entry: &JournalEntry) -> impl Iterator<Item = Vec<Cell>> {
    let local = |at: jiff::Timestamp| {
        at.in_tz(HOME_ZONE).map_or_else(|_| at.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    };
    entry.postings.iter().map(move |posting| {
        let (debit, credit) = match posting.amount.negated() {
            Ok(credit) if posting.amount.is_negative() => (Cell::Empty, credit.into()),
            _ => (posting.amount.into(), Cell::Empty),
        };
        vec![
            entry.day.to_string().into(),
            local(entry.occurred_at).into(),
            entry.posted_at.map_or(Cell::Empty, |at| local(at).into()),
            entry.kind.title().into(),
            entry.lot.as_ref().map_or(Cell::Empty, |lot| lot.as_str().into()),
            posting.account.code().into(),
            debit,
            credit,
            entry.payment.as_str().into(),
            entry.id.as_str().into(),
        ]
    })
}

/// What must be reportable of prepaid points: outstanding, and issued since January (D-084).
fn points_sheet(balance: &TrialBalance) -> Result<Sheet<'static>, SettleError> {
    let PointsReport { outstanding, held, issued } = balance.points;
    let is_due = balance.points.needs_registration().map_err(BooksError::from)?;
    if is_due {
        tracing::warn!(month = %balance.month, "more points than an unregistered issuer may have");
    }
    let row = |name: &str, paid: Won, bonus: Cell, most: Cell| vec![name.into(), paid.into(), bonus, most];
    let rows = vec![
        row(
            "미상환 잔액 (outstanding)",
            outstanding.paid,
            outstanding.bonus.into(),
            PointsReport::OUTSTANDING_LIMIT.into(),
        ),
        row("사용 대기 (held, of both kinds)", held, Cell::Empty, Cell::Empty),
        row(
            "연간 발행액 (issued since January)",
            issued.paid,
            issued.bonus.into(),
            PointsReport::ISSUED_LIMIT.into(),
        ),
        vec![
            Cell::Strong("등록 의무 (registration needed)".to_owned()),
            Cell::Strong(if is_due { "예 (yes)" } else { "아니오 (no)" }.to_owned()),
            Cell::Empty,
            Cell::Empty,
        ],
    ];
    Ok(Sheet {
        name: "포인트",
        title: format!("포인트 현황 (points) {}", balance.month),
        columns: &POINTS_COLUMNS,
        rows,
    })
}

fn balance_sheet(balance: &TrialBalance) -> Result<Sheet<'static>, SettleError> {
    let row = |name: Cell, opening: Won, debits: Won, credits: Won, closing: Won| {
        vec![name, opening.into(), debits.into(), credits.into(), closing.into()]
    };
    let mut rows = Vec::with_capacity(balance.classes.len() + 1);
    for (class, held) in &balance.classes {
        let closing = held.closing().map_err(BooksError::from)?;
        rows.push(row(class.as_str().into(), held.opening, held.debits, held.credits, closing));
    }
    let (all, closing) = balance.totals()?;
    rows.push(row(Cell::Strong("합계 (total)".to_owned()), all.opening, all.debits, all.credits, closing));
    Ok(Sheet {
        name: "시산표",
        title: format!("시산표 (trial balance) {} · {} entries", balance.month, balance.entries),
        columns: &BALANCE_COLUMNS,
        rows,
    })
}
