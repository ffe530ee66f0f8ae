//! Where the scripted hour plays: real lots of Daejeon that charge right now, each with a gate of another vendor.

use anyhow::{Context, Result};
use baro_domain::{
    Coordinate, GateVendor, Lot, LotId, PricedLot, Won, occupancy::OccupancyRules, tariff::LotTariffs,
    visit::FeeSchedule as _,
};
use baro_store::LotRecord;
use jiff::{SignedDuration, Timestamp};

use crate::platform::Platform;

use super::{
    cars::{CONTROLLER_LOT, FREE_LOT, STRICT_LOT},
    gates::Controller,
};

/// Lots the stage prefers, by what their names hold: the worked cases of the tariff facts.
const PREFERRED: [&str; 3] = ["법원", "선화동", "중앙시장"];
/// One vendor a lot.
const VENDORS: [GateVendor; 5] = [
    GateVendor::Nexpa,
    GateVendor::Hikvision,
    GateVendor::PlateRecognizer,
    GateVendor::Nexpa,
    GateVendor::Nexpa,
];
/// The number the barrier controller has for its lot.
pub(super) const AREA: u32 = 20;
/// The city hall's own tariff (facts/tariffs.md): 60 minutes free, deducted.
const CITY_HALL: &str = include_str!("city-hall.json");

/// A lot of the stage with its controller.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The lot as stored.
    pub record: LotRecord,
    /// Its controller.
    pub controller: Controller,
}

impl Place {
    /// The lot's id.
    pub(super) fn lot(&self) -> &LotId {
        &self.record.lot.id
    }
}

/// What a lot charges for a stay of so many minutes that ends now; nothing where that can't be computed.
fn charges(lot: &PricedLot, minutes: i64, now: Timestamp) -> i64 {
    let entered = now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
    lot.fees.fee(entered, now).map_or(0, Won::get)
}

/// Whether a stay of any length in the script costs something there, and the 61st minute more than the 60th.
fn suits(record: &LotRecord, now: Timestamp) -> bool {
    let Ok(lot) = record.clone().priced() else { return false };
    charges(&lot, 20, now) > 100 && charges(&lot, 61, now) > charges(&lot, 60, now)
}

/// Chooses the lots, installs the gates, and stores both.
pub(super) async fn build(platform: &Platform, lots: &[LotRecord], now: Timestamp) -> Result<Vec<Place>> {
    let directory = platform.directory()?;
    let mut metered: Vec<&LotRecord> = lots.iter().filter(|record| suits(record, now)).collect();
    let rank = |record: &LotRecord| {
        let preferred = PREFERRED.iter().position(|name| record.lot.name.contains(name));
        (preferred.unwrap_or(PREFERRED.len()), record.lot.remarks.len())
    };
    metered.sort_by_key(|record| (rank(record), record.lot.id.clone()));
    // One lot of each preferred name, then whatever else charges.
    let mut chosen: Vec<LotRecord> = Vec::new();
    for name in PREFERRED {
        chosen.extend(
            metered.iter().find(|record| record.lot.name.contains(name)).map(|record| (*record).clone()),
        );
    }
    let others = metered.iter().filter(|record| rank(record).0 == PREFERRED.len());
    chosen.extend(others.map(|record| (*record).clone()));
    let mut chosen = chosen.into_iter();
    let mut next = || chosen.next().context("no lot of the file charges at this hour");
    let mut records = vec![next()?, next()?, next()?];
    records.insert(FREE_LOT, city_hall(&records[0])?);
    let mut strict = next()?;
    strict.lot.rules.leave_grace_s = 0;
    records.insert(STRICT_LOT, strict);
    for record in &mut records {
        record.lot.occupancy = OccupancyRules::by_visits();
    }
    let mut places = Vec::with_capacity(records.len());
    for (index, (mut record, vendor)) in records.into_iter().zip(VENDORS).enumerate() {
        let controller = Controller::install(&record.lot.id, vendor, &record.lot.time_zone)?;
        directory.put_gate(&controller.gate).await.context("a gate could not be stored")?;
        if index == CONTROLLER_LOT {
            // A day is too long for an hour's play.
            record.lot.rules.unpaid.first_after_days = 0;
            let lot = &record.lot.id;
            record.lot.controller = Some(platform.install_controller(lot, AREA, &controller.gate).await?);
        }
        places.push(Place { record, controller });
    }
    let records: Vec<LotRecord> = places.iter().map(|place| place.record.clone()).collect();
    directory.put_lots(&records).await.context("the lots of the stage could not be stored")?;
    Ok(places)
}

/// The city hall's car park, which the national file does not list with its tariff.
fn city_hall(like: &LotRecord) -> Result<LotRecord> {
    let lot = Lot {
        id: LotId::derive(&["대전시청 부설"]),
        name: "대전시청 부설".to_owned(),
        address: "대전광역시 서구 둔산로 100".to_owned(),
        position: Coordinate::from_degrees(36.3504, 127.3845),
        capacity: 894,
        remarks: Vec::new(),
        ..like.lot.clone()
    };
    let tariff = serde_json::from_str(CITY_HALL).context("the city hall's tariff")?;
    Ok(LotRecord { lot, tariffs: LotTariffs::of(tariff) })
}
