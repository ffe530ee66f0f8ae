//! Takes a file of the national standard (전국주차장정보표준데이터) into the Directory and says what became of each row.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use baro_domain::{LotId, national, tariff::LotTariffs};
use baro_store::{Directory, LotRecord};
use jiff::{Timestamp, tz::TimeZone};

/// What became of a file.
#[derive(Debug, Default)]
pub struct Imported {
    /// Lots that can be used.
    pub lots: Vec<LotRecord>,
    /// One line a row: its number, what became of it, its name, and the remarks or the reason of refusal.
    pub report: Vec<String>,
    /// Rows taken as they stand.
    pub taken: usize,
    /// Rows taken with a remark.
    pub remarked: usize,
    /// Rows refused.
    pub refused: usize,
}

impl Imported {
    /// `857 rows: 812 taken, 40 with a remark, 5 refused`.
    pub fn summary(&self) -> String {
        let rows = self.taken + self.remarked + self.refused;
        format!(
            "{rows} rows: {} taken, {} taken with a remark, {} refused",
            self.taken, self.remarked, self.refused
        )
    }
}

/// Reads a file without storing anything.
pub fn read(path: &Path) -> Result<Imported> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut imported = Imported::default();
    for (row, outcome) in national::read(&bytes).with_context(|| format!("{} is refused", path.display()))? {
        match outcome {
            Ok(lot) => {
                if lot.remarks.is_empty() {
                    imported.taken += 1;
                    imported.report.push(format!("{row:>5}  등록  {}", lot.lot.name));
                } else {
                    imported.remarked += 1;
                    let texts = lot.lot.remarks.join(" · ");
                    imported.report.push(format!("{row:>5}  비고  {}: {texts}", lot.lot.name));
                }
                imported.lots.push(LotRecord { lot: lot.lot, tariffs: LotTariffs::of(lot.tariff.into()) });
            }
            Err(refused) => {
                imported.refused += 1;
                imported.report.push(format!("{row:>5}  거부  {}: {}", refused.name, refused.reason));
            }
        }
    }
    Ok(imported)
}

/// Stores the lots of a file. What it says of a lot replaces what was there, but a tariff that reads otherwise than the newest
/// version becomes a version of its own, from tomorrow at the earliest: who is inside pays what the sign said.
pub async fn store(directory: &Directory, imported: &Imported, now: Timestamp) -> Result<()> {
    let ids: Vec<LotId> = imported.lots.iter().map(|record| record.lot.id.clone()).collect();
    let known = directory.lots(&ids).await.context("the lots of before could not be read")?;
    let known: BTreeMap<LotId, LotTariffs> =
        known.into_iter().map(|record| (record.lot.id, record.tariffs)).collect();
    let mut records = imported.lots.clone();
    for record in &mut records {
        let (Some(before), Some(said)) = (known.get(&record.lot.id), record.tariffs.versions.first()) else {
            continue;
        };
        let zone = TimeZone::get(&record.lot.time_zone)
            .with_context(|| format!("the time zone of {} is unknown", record.lot.name))?;
        let today = zone.to_datetime(now).date();
        record.tariffs =
            before.following(said, today).with_context(|| format!("the tariff of {}", record.lot.name))?;
    }
    directory.put_lots(&records).await.context("the lots could not be stored")
}
