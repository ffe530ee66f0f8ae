//! The tariff files of events/tariffs, and the schema that describes them.

use serde::Deserialize;

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/tariffs/");

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FOLDER}{name}")).unwrap()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleCase {
    tariff: String,
    enter: Timestamp,
    minutes: i64,
    won: i64,
    #[serde(default)]
    vehicle: VehicleClass,
    discount: Option<String>,
    evidence: Option<Evidence>,
}

#[test]
fn every_example_costs_what_it_says() {
    let cases: Vec<ExampleCase> = serde_json::from_slice(&file("cases.json")).unwrap();
    let seoul = seoul();
    for case in &cases {
        let tariff = Tariff::from_json(&file(&case.tariff)).unwrap();
        let left = case.enter + jiff::SignedDuration::from_mins(case.minutes);
        let claims: Vec<DiscountClaim> =
            case.discount.iter().map(|rule| DiscountClaim::new(rule.as_str(), case.evidence)).collect();
        let stay =
            Stay::new(case.enter, left, &seoul, Calendar::korea()).vehicle(case.vehicle).claims(&claims);
        let quote = tariff.quote(&stay).unwrap();
        assert_eq!(quote.total.get(), case.won, "{case:?}: {:#?}", quote.lines);
    }
    assert!(cases.len() > 40);
}

#[test]
fn every_example_file_has_a_case_and_survives_its_own_json() {
    let cases: Vec<ExampleCase> = serde_json::from_slice(&file("cases.json")).unwrap();
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_json = std::path::Path::new(&name).extension().is_some_and(|it| it == "json");
        if !is_json || ["cases.json", "tariff.schema.json"].contains(&name.as_str()) {
            continue;
        }
        assert!(cases.iter().any(|case| case.tariff == name), "{name} has no case");
        let tariff = Tariff::from_json(&file(&name)).unwrap();
        let again = serde_json::to_vec(&tariff).unwrap();
        assert_eq!(Tariff::from_json(&again).unwrap(), tariff, "{name}");
    }
}

#[test]
fn the_schema_on_file_is_that_of_the_types() {
    let generated = serde_json::to_value(schemars::schema_for!(TariffSpec)).unwrap();
    let on_file = std::fs::read(format!("{FOLDER}tariff.schema.json")).unwrap_or_default();
    let same =
        serde_json::from_slice::<serde_json::Value>(&on_file).is_ok_and(|on_file| on_file == generated);
    if !same {
        let fresh = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tariff.schema.json");
        std::fs::write(fresh, serde_json::to_string_pretty(&generated).unwrap() + "\n").unwrap();
    }
    assert!(same, "the types have changed: cp target/tariff.schema.json events/tariffs/");
}

#[test]
fn findings_name_what_an_operator_should_know() {
    let findings = |name: &str| -> Vec<(String, FindingCode)> {
        Tariff::from_json(&file(name)).unwrap().findings().into_iter().map(|it| (it.path, it.code)).collect()
    };
    let of_court = findings("daejeon-court.json");
    assert!(of_court.iter().all(|(_, code)| *code == FindingCode::BelowLegalDiscount), "{of_court:?}");
    let of_seonhwa = findings("daejeon-seonhwa-2.json");
    assert!(of_seonhwa.contains(&("schedule.bands".into(), FindingCode::FreeGap)));
    assert!(of_seonhwa.contains(&("schedule.bands".into(), FindingCode::FreeDays)));
    assert!(!of_seonhwa.iter().any(|(_, code)| *code == FindingCode::BelowLegalDiscount));
    let of_flat = findings("ten-hours-then-flat.json");
    assert!(of_flat.contains(&("schedule.caps[0]".into(), FindingCode::PriceCanFall)), "{of_flat:?}");
    let of_jagalchi = findings("busan-jagalchi.json");
    assert!(
        !of_jagalchi.iter().any(|(_, code)| *code == FindingCode::PriceCanFall),
        "at five hours the meter shows exactly the cap: {of_jagalchi:?}"
    );
}
