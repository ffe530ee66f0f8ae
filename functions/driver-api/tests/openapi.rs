//! The document, the template's routes and the handlers tell of the same API.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

use baro_driver_api::{ROUTES, openapi};
use serde_json::Value;

fn at_root(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Route keys in the template of the API, with the function that each goes to.
fn template_routes() -> Vec<(String, String)> {
    // CloudFormation's short forms (`!Ref`) are tags: with them aside, the value is what stands behind.
    let template: yaml_serde::Value = yaml_serde::from_str(&at_root("infra/api.yaml")).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let mut routes: Vec<(String, String)> = resources
        .values()
        .filter(|resource| resource["Type"].as_str() == Some("AWS::ApiGatewayV2::Route"))
        .map(|resource| {
            let properties = &resource["Properties"];
            let target = match &properties["Target"] {
                yaml_serde::Value::Tagged(tagged) => tagged.value.as_str().unwrap().to_owned(),
                plain => plain.as_str().unwrap().to_owned(),
            };
            (properties["RouteKey"].as_str().unwrap().to_owned(), target)
        })
        .collect();
    routes.sort();
    routes
}

#[test]
fn the_document_tells_of_the_templates_routes_and_no_others() {
    let routes: Vec<String> = template_routes().into_iter().map(|(key, _)| key).collect();
    assert_eq!(openapi::routes(), routes);
}

#[test]
fn the_template_sends_this_function_the_routes_it_answers() {
    let mut own = ROUTES.map(str::to_owned);
    own.sort();
    let sent = template_routes().into_iter().filter(|(_, target)| target == "integrations/${DriverApi}");
    assert_eq!(sent.map(|(key, _)| key).collect::<Vec<_>>(), own);
}

#[test]
fn the_published_document_is_that_of_the_code() {
    let published = at_root("infra/site/openapi.json");
    assert!(
        published == openapi::json().unwrap(),
        "run: cargo run -q -p baro-driver-api --features openapi --example openapi > infra/site/openapi.json"
    );
}

#[test]
fn the_published_schema_of_tariffs_is_that_of_the_engine() {
    assert!(openapi::json().unwrap().contains("\"tariff.schema.json\""), "the document does not lead to it");
    let same = at_root("infra/site/tariff.schema.json") == at_root("events/tariffs/tariff.schema.json");
    assert!(same, "run: cp events/tariffs/tariff.schema.json infra/site/");
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let text = openapi::json().unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let references = text.split("\"#/").skip(1).map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        assert!(document.pointer(&format!("/{reference}")).is_some(), "{reference}");
    }
}
