//! Each month's first hours: what companies on deferred payment owe for the month before, as an invoice for each, with the table that
//! their tax export needs.

use std::collections::BTreeMap;

use baro_domain::{
    CompanyId,
    payment::{AccountLine, Invoice, invoice},
};
use baro_sheets::{Cell, Sheet};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use crate::{HOME_ZONE, SettleError, Settlement};

const COLUMNS: [&str; 7] = [
    "등록일시 (posted)",
    "차량 (plate)",
    "내역 (item)",
    "입차 (entered)",
    "기준시각 (until)",
    "금액 (won)",
    "결제번호 (payment)",
];

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoiced {
    /// The month's first day.
    pub month: Date,
    /// Companies with an invoice for it.
    pub companies: Vec<CompanyId>,
}

impl Settlement {
    /// Makes the invoices of a month that is over. Repeated, it writes the same files and changes no invoice.
    pub async fn invoice(&self, month: Date) -> Result<Invoiced, SettleError> {
        let (month, now) = (month.first_of_month(), self.clock.now());
        if month >= now.in_tz(HOME_ZONE)?.date().first_of_month() {
            return Err(SettleError::MonthNotOver(month));
        }
        let mut by_company: BTreeMap<CompanyId, Vec<AccountLine>> = BTreeMap::new();
        for line in self.billing.account_lines(month).await? {
            by_company.entry(line.company.clone()).or_default().push(line);
        }
        let mut companies = Vec::with_capacity(by_company.len());
        for (company, lines) in by_company {
            let made =
                invoice(&company, month, &lines, now).map_err(|_| SettleError::Sum(company.clone()))?;
            self.write_invoice(&made).await?;
            self.billing.put_invoice(&made).await?;
            tracing::info!(%company, %month, lines = made.lines.len(), "invoiced");
            companies.push(company);
        }
        Ok(Invoiced { month, companies })
    }

    async fn write_invoice(&self, made: &Invoice) -> Result<(), SettleError> {
        let sheet = sheet(made, &TimeZone::get(HOME_ZONE)?);
        let name = format!("invoices/{}/{}", made.company, made.month.strftime("%Y-%m"));
        self.put(format!("{name}.csv"), baro_sheets::CSV, sheet.csv()?).await?;
        self.put(format!("{name}.xlsx"), baro_sheets::XLSX, sheet.xlsx()?).await
    }
}

fn sheet(made: &Invoice, zone: &TimeZone) -> Sheet<'static> {
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let lines = made.lines.iter().map(|line| {
        vec![
            local(line.posted_at).into(),
            line.plate.as_str().into(),
            line.order_name.as_str().into(),
            local(line.entered_at).into(),
            local(line.until).into(),
            line.amount.into(),
            line.payment.as_str().into(),
        ]
    });
    let total = |name: &str, amount| {
        vec![
            Cell::Strong(name.to_owned()),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Won(amount),
        ]
    };
    let totals = [("공급가액 (supply)", made.total.supply), ("부가세 (VAT)", made.total.vat)];
    Sheet {
        name: "주차요금 청구서",
        title: format!("{} {}", made.company, made.month.strftime("%Y-%m")),
        columns: &COLUMNS,
        rows: lines.chain([Vec::new()]).chain(totals.map(|(name, amount)| total(name, amount))).collect(),
    }
}
