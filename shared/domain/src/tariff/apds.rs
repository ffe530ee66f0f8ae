//! A tariff as a rate table of the Alliance for Parking Data Standards (APDS 4.0, ISO/TS 5206-1), as far as that can say it.
//!
//! An APDS table is one collection of rate lines per set of hours: flat tiers and incrementing rates by duration, with a
//! maximum. Everything else a Korean tariff knows is listed in [`ApdsExport::not_expressed`].

use serde::Serialize;
use serde_json::{Value, json};

use super::spec::{Band, CapHolds, CapPer, ChargingDay, MeterRestart, TariffSpec, Tier};

/// An export and what it leaves out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApdsExport {
    /// The RateTable.
    pub rate_table: Value,
    /// What of the tariff it does not say.
    pub not_expressed: Vec<NotExpressed>,
}

/// A part of a tariff that APDS has no words for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotExpressed {
    /// Path of the field.
    pub path: String,
    /// Why, for people.
    pub reason: String,
}

pub(crate) fn export(spec: &TariffSpec) -> ApdsExport {
    let mut left_out = Vec::new();
    let collections: Vec<Value> =
        spec.schedule.bands.iter().enumerate().map(|(index, band)| collection(spec, band, index)).collect();
    leave_out(spec, &mut left_out);
    let mut rate_table = json!({
        "id": format!("{}-{}", spec.id, spec.version),
        "version": spec.version,
        "rateTableName": [{ "language": "ko", "string": spec.name }],
        "validityStart": spec.valid_from,
        "rateLineCollections": collections,
    });
    if let (Some(until), Some(table)) = (spec.valid_until, rate_table.as_object_mut()) {
        table.insert("validityEnd".into(), json!(until));
    }
    ApdsExport { rate_table, not_expressed: left_out }
}

fn collection(spec: &TariffSpec, band: &Band, index: usize) -> Value {
    let ends = band.tiers.iter().skip(1).map(|tier| Some(tier.from_minute)).chain([None]);
    let lines: Vec<Value> =
        band.tiers.iter().zip(ends).enumerate().map(|(at, (tier, end))| line(at, tier, end)).collect();
    let mut collection = json!({
        "id": format!("{}-{}-{}", spec.id, spec.version, band.code),
        "collectionSequence": index + 1,
        "applicableCurrency": ["KRW"],
        "relativeTimes": false,
        "taxIncluded": true,
        "validityPeriods": [{
            "daysOfWeek": band.days.names(),
            "startTime": band.hours.from.to_string(),
            "endTime": band.hours.until.to_string(),
        }],
        "rateLines": lines,
    });
    let most = spec.schedule.caps.iter().find(|cap| {
        cap.per == CapPer::Day && cap.holds == CapHolds::AtMost && cap.from_minutes == 0 && cap.days.is_all()
    });
    if let (Some(cap), Some(fields)) = (most, collection.as_object_mut()) {
        fields.insert("maxValue".into(), json!(cap.amount));
        let reset = if spec.charging_day == ChargingDay::Calendar { "00:00" } else { "PT24H" };
        fields.insert("resetTime".into(), json!(reset));
    }
    collection
}

/// A tier of a single unit is a flat tier, any other an incrementing rate.
fn line(at: usize, tier: &Tier, end: Option<i64>) -> Value {
    let single = end.is_some_and(|end| end - tier.from_minute <= tier.unit_minutes);
    let mut line = json!({
        "sequence": at + 1,
        "rateLineType": if single { "FlatRateTier" } else { "IncrementingRate" },
        "value": tier.unit_price,
        "durationStart": duration(tier.from_minute),
    });
    if let Some(fields) = line.as_object_mut() {
        if let Some(end) = end {
            fields.insert("durationEnd".into(), json!(duration(end)));
        }
        if !single {
            fields.insert("incrementPeriod".into(), json!(duration(tier.unit_minutes)));
        }
    }
    line
}

/// ISO 8601.
fn duration(minutes: i64) -> String {
    format!("PT{minutes}M")
}

fn leave_out(spec: &TariffSpec, left_out: &mut Vec<NotExpressed>) {
    let mut add =
        |path: String, reason: &str| left_out.push(NotExpressed { path, reason: reason.to_owned() });
    if spec.grace.is_some() {
        add("grace".into(), "free minutes that are deducted or forfeited");
    }
    if spec.meter == MeterRestart::Never && spec.schedule.bands.len() > 1 {
        add("meter".into(), "a meter that runs on from one collection to the next");
    }
    for (index, cap) in spec.schedule.caps.iter().enumerate() {
        let plain = cap.per == CapPer::Day && cap.holds == CapHolds::AtMost && cap.from_minutes == 0;
        if !plain || !cap.days.is_all() || index > 0 {
            add(
                format!("schedule.caps[{index}]"),
                "a maximum with a threshold, for some days, of a stay, or a second one",
            );
        }
    }
    for (index, _) in spec.schedule.bands.iter().enumerate().filter(|(_, band)| band.at_most.is_some()) {
        add(format!("schedule.bands[{index}].atMost"), "a maximum of one occurrence of the hours");
    }
    let lists = [
        ("vehicles", spec.vehicles.len(), "prices by class of vehicle (a table of its own each)"),
        ("stayRules", spec.stay_rules.len(), "a price that hangs on entry and exit together"),
        ("freeDates", spec.free_dates.len(), "free dates"),
        ("passes", spec.passes.len(), "passes are rights, not rates"),
        ("discounts", spec.discounts.len(), "discounts with proof, limits and order"),
    ];
    for (field, count, reason) in lists {
        for index in 0..count {
            add(format!("{field}[{index}]"), reason);
        }
    }
}
