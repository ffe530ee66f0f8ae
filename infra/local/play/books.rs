//! The books of the scripted hour: what the journal gained must be what the drivers paid, lot by lot.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use baro_domain::{LotId, Won, ledger::Account, settlement::Statement};
use jiff::{Timestamp, civil::Date};
use serde_json::json;

use super::{
    Place,
    act::{Actor, Outcome},
    now,
};
use crate::platform::Platform;

/// What was in the journal before the first car came.
#[derive(Debug)]
pub(super) struct Opening {
    opened_at: Timestamp,
    owed: BTreeMap<LotId, i64>,
}

/// The settled day.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) statements: Vec<Statement>,
    pub(super) problems: Vec<String>,
}

/// The local days between two moments: one, or two at midnight.
fn days(place: &Place, from: Timestamp, to: Timestamp) -> Result<Vec<Date>> {
    let zone = &place.record.lot.time_zone;
    let mut days = vec![from.in_tz(zone)?.date(), to.in_tz(zone)?.date()];
    days.dedup();
    Ok(days)
}

async fn owed(platform: &Platform, place: &Place, from: Timestamp, to: Timestamp) -> Result<i64> {
    let billing = platform.billing()?;
    let payable = Account::LotPayable(place.lot().clone());
    let mut sum = Won::ZERO;
    for day in days(place, from, to)? {
        for entry in billing.journal(day, Some(place.lot())).await? {
            sum = sum.minus(entry.change_of(&payable)?)?;
        }
    }
    Ok(sum.get())
}

pub(super) async fn open(platform: &Platform, places: &[Place], at: Timestamp) -> Result<Opening> {
    let mut before = BTreeMap::new();
    for place in places {
        before.insert(place.lot().clone(), owed(platform, place, at, at).await?);
    }
    Ok(Opening { opened_at: at, owed: before })
}

/// Asks the deployed settlement function for the day, and compares.
pub(super) async fn close(
    platform: &Platform,
    places: &[Place],
    opening: &Opening,
    outcomes: &[Result<Outcome>],
    actors: &[Actor],
) -> Result<Settled> {
    let closed_at = now();
    let (mut statements, mut problems) = (Vec::new(), Vec::new());
    for place in places {
        let earned = owed(platform, place, opening.opened_at, closed_at).await? - opening.owed[place.lot()];
        let paid: i64 = actors
            .iter()
            .zip(outcomes)
            .filter(|(actor, _)| actor.lot == *place.lot())
            .filter_map(|(_, outcome)| outcome.as_ref().ok())
            .map(|outcome| outcome.kept)
            .sum();
        if earned != paid {
            problems.push(format!(
                "{}: the drivers paid {paid}원, the journal gained {earned}원",
                place.record.lot.name
            ));
        }
        for day in days(place, opening.opened_at, closed_at)? {
            let asked = json!({"day": day, "lot": place.lot()});
            platform.cloud.invoke("SettlementName", &asked).await?;
            let statement = platform.billing()?.statement(place.lot(), day).await?;
            statements.push(
                statement.with_context(|| format!("no statement of {} for {day}", place.record.lot.name))?,
            );
        }
    }
    Ok(Settled { statements, problems })
}

pub(super) fn print(settled: &Settled, places: &[Place]) {
    let mut table = super::table::grid(&[
        "주차장 lot",
        "일자 day",
        "건수",
        "매출 sales",
        "환불",
        "공급가",
        "부가세",
        "수수료",
        "정산액 payout",
    ]);
    for statement in &settled.statements {
        let name = places
            .iter()
            .find(|place| *place.lot() == statement.lot)
            .map_or("", |place| &place.record.lot.name);
        table.add_row([
            name.to_owned(),
            statement.day.to_string(),
            statement.lines.len().to_string(),
            statement.sales.to_string(),
            statement.refunds.to_string(),
            statement.net.supply.to_string(),
            statement.net.vat.to_string(),
            statement.commission.to_string(),
            statement.payout.to_string(),
        ]);
    }
    println!("\n정산 · settlement (CSV and XLSX in S3: statements/LOT/DAY.*)\n{table}");
}
