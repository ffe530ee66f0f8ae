//! The APDS view against the required members and spellings of the alliance's models (github.com/parkingdata/spec).

use serde_json::Value;

use super::*;
use crate::tariff::{ApdsExport, ApdsPlace};

const RATE_TABLE: [&str; 7] =
    ["id", "version", "rateTableName", "validityStart", "activeTimes", "availability", "rateLineCollections"];
const COLLECTION: [&str; 9] = [
    "applicableCurrency",
    "collectionSequence",
    "minTime",
    "maxTime",
    "relativeTimes",
    "resetTime",
    "taxIncluded",
    "validStart",
    "rateLines",
];
const LINE: [&str; 3] = ["rateLineType", "sequence", "value"];
const RIGHT: [&str; 5] = ["id", "version", "issuer", "transferable", "hierarchyElements"];
const LINE_TYPES: [&str; 3] = ["flatRate", "flatRateTier", "incrementingRate"];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn export(name: &str) -> ApdsExport {
    let path = format!("{}/../../events/tariffs/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let zone = TimeZone::get("Asia/Seoul").unwrap();
    let place = ApdsPlace { place: "lot_1", issuer: "opr_1", time_zone: &zone };
    Tariff::from_json(&std::fs::read(path).unwrap()).unwrap().to_apds(&place)
}

fn has_all(object: &Value, members: &[&str]) {
    for member in members {
        assert!(object.get(*member).is_some_and(|value| !value.is_null()), "{member} is missing: {object}");
    }
}

fn list(value: &Value) -> &[Value] {
    let items = value.as_array().unwrap();
    assert!(!items.is_empty(), "a list of at least one");
    items
}

/// Within the pattern of the models' `Duration`, as far as this writes them.
fn is_duration(value: &Value) -> bool {
    let minutes = value.as_str().and_then(|text| text.strip_prefix("PT")?.strip_suffix('M'));
    minutes.is_some_and(|minutes| minutes.parse::<u32>().is_ok())
}

#[test]
fn every_example_has_the_members_that_the_models_require() {
    for name in [
        "banded-with-everything",
        "busan-jagalchi",
        "daejeon-city-hall",
        "daejeon-seonhwa-2",
        "incheon-airport-short",
        "ten-hours-then-flat",
    ] {
        let export = export(name);
        for table in &export.rate_tables {
            has_all(table, &RATE_TABLE);
            assert!(list(&table["activeTimes"]).iter().all(is_duration));
            assert!(table["validityStart"].as_str().unwrap().ends_with("T00:00:00+09:00"), "{table}");
            for collection in list(&table["rateLineCollections"]) {
                has_all(collection, &COLLECTION);
                assert!(is_duration(&collection["minTime"]) && is_duration(&collection["maxTime"]));
                for (at, line) in list(&collection["rateLines"]).iter().enumerate() {
                    has_all(line, &LINE);
                    assert_eq!(line["sequence"], at + 1);
                    assert!(LINE_TYPES.contains(&line["rateLineType"].as_str().unwrap()), "{line}");
                }
            }
        }
        for right in &export.right_specifications {
            has_all(right, &RIGHT);
            has_all(&right["validity"], &["validityTimeSpecification"]);
            for eligibility in list(&right["rateEligibility"]) {
                has_all(eligibility, &["id", "version", "eligibility"]);
                has_all(&eligibility["eligibility"], &["id", "version"]);
                let table = &eligibility["rateTable"]["id"];
                assert!(export.rate_tables.iter().any(|it| it["id"] == *table), "{table} leads nowhere");
            }
            for period in list(&right["validity"]["validityTimeSpecification"]["validPeriods"]) {
                for days in period["recurringDayWeekMonthPeriod"].as_array().into_iter().flatten() {
                    let known = |day: &Value| DAYS.contains(&day.as_str().unwrap());
                    assert!(list(&days["applicableDay"]).iter().all(known), "{days}");
                }
                has_all(&period["recurringTimePeriodOfDay"][0], &["startTimeOfPeriod", "endTimeOfPeriod"]);
            }
        }
    }
}

#[test]
fn a_single_unit_is_a_flat_tier_and_more_of_them_an_incrementing_rate() {
    let court = export("daejeon-court");
    let lines = &court.rate_tables[0]["rateLineCollections"][0]["rateLines"];
    assert_eq!(lines[0]["rateLineType"], "flatRateTier");
    assert_eq!((&lines[0]["value"], &lines[0]["durationEnd"]), (&400.into(), &"PT10M".into()));
    assert_eq!(lines[1]["rateLineType"], "incrementingRate");
    assert_eq!((&lines[1]["incrementPeriod"], lines[1].get("durationEnd")), (&"PT10M".into(), None));
}

#[test]
fn each_class_of_vehicle_with_prices_of_its_own_has_tables_of_its_own() {
    let full = export("banded-with-everything");
    let of = |right: &Value| -> Vec<String> {
        let qualification = &right["rateEligibility"][0]["eligibility"]["qualifications"][0];
        let types = qualification["vehicleTypes"].as_array().unwrap();
        types.iter().map(|it| it["vehicleType"]["entryDefinedValue"].as_str().unwrap().to_owned()).collect()
    };
    let (mut seen, mut own) = (Vec::new(), 0);
    for right in &full.right_specifications {
        let types = of(right);
        if !seen.contains(&types) {
            own += 1;
            seen.push(types);
        }
    }
    assert!(own > 1, "{seen:?}");
    let mut all: Vec<String> = seen.concat();
    all.sort();
    assert_eq!(all, ["bus", "lorry", "motorcycle", "passengerCar", "smallCar", "van"], "each class once");
}

#[test]
fn a_tariff_that_charges_nothing_is_a_right_to_park_free() {
    let mut spec = always(vec![tier(0, 10, 300)]);
    spec.schedule.bands.clear();
    let zone = TimeZone::UTC;
    let place = ApdsPlace { place: "lot_1", issuer: "opr_1", time_zone: &zone };
    let free = Tariff::new(spec).unwrap().to_apds(&place);
    assert_eq!(free.rate_tables, Vec::<Value>::new());
    let qualification =
        &free.right_specifications[0]["rateEligibility"][0]["eligibility"]["qualifications"][0];
    assert_eq!(qualification["freeToPark"], true);
}

#[test]
fn what_the_words_can_not_say_is_listed() {
    let full = export("banded-with-everything");
    for path in ["grace", "schedule.bands[1].atMost", "freeDates[0]", "passes[2]", "discounts[7]"] {
        assert!(full.not_expressed.iter().any(|it| it.path == path), "{path} is neither said nor listed");
    }
    // One band a day within the calendar's day: its cap is the table's maximum.
    let seonhwa = export("daejeon-seonhwa-2");
    assert_eq!(seonhwa.rate_tables[0]["rateLineCollections"][0]["maxValueCollection"], 8_700);
    assert!(!seonhwa.not_expressed.iter().any(|it| it.path.contains("caps")));
    // Counted from entry, no time of the clock starts it anew.
    let incheon = export("incheon-airport-short");
    let most = &incheon.rate_tables[0]["rateLineCollections"][0]["maxValueCollection"];
    let listed = incheon.not_expressed.iter().any(|it| it.path == "schedule.caps[0]");
    assert_eq!(listed, most.is_null());
}
