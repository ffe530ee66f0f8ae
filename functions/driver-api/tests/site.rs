//! The driver's page, as far as it can be judged without a browser.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

use std::{collections::BTreeMap, path::Path};

use baro_driver_api::CODES;

/// The files of the site that people's browsers run or show.
fn assets() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/site");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_error_a_driver_can_meet_has_words_in_both_languages() {
    let assets = assets();
    for code in CODES {
        let said = assets["texts.js"].matches(&format!("\"{}\": ", code.code)).count();
        assert_eq!(said, 2, "{}", code.code);
    }
}

#[test]
fn both_languages_say_the_same_things() {
    let assets = assets();
    let (_, rest) = assets["texts.js"].split_once("const KO = {").unwrap();
    let (korean, rest) = rest.split_once("\n};").unwrap();
    let (_, english) = rest.split_once("const EN = {").unwrap();
    let (english, _) = english.split_once("\n};").unwrap();
    let names = |block: &str| -> Vec<String> {
        // Names stand before a colon; what stands within quotes is said, not named.
        let outside: String = block.split(['"', '`']).step_by(2).collect::<Vec<_>>().join("\"\"");
        let words = outside.split(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c));
        words.filter_map(|word| word.strip_suffix(':')).map(str::to_owned).collect()
    };
    assert!(names(korean).len() > 60);
    assert_eq!(names(korean), names(english));
}

#[test]
fn nothing_is_loaded_from_other_hosts_but_the_gateways_sdk() {
    for (name, text) in assets() {
        let allowed = [
            "http://www.w3.org/2000/svg",
            "https://cdn.portone.io/v2/browser-sdk.js",
            "https://json-schema.org/draft/2020-12/schema",
        ];
        let addresses = text.match_indices("://").map(|(at, _)| {
            let start = text[..at].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |before| before + 1);
            text[start..].split(['"', '\'', ' ', ')', '`']).next().unwrap()
        });
        for address in addresses {
            assert!(allowed.contains(&address), "{name} names {address}");
        }
    }
}

#[test]
fn what_the_page_loads_is_there() {
    let assets = assets();
    for (name, text) in &assets {
        if !matches!(name.rsplit_once('.').map(|(_, ending)| ending), Some("js" | "html")) {
            continue;
        }
        let wanted = ["from \"./", "src=\"/", "href=\"/"]
            .into_iter()
            .flat_map(|before| text.split(before).skip(1))
            .map(|rest| rest.split('"').next().unwrap());
        for file in wanted {
            assert!(assets.contains_key(file), "{name} wants {file}");
        }
    }
}

#[test]
fn texts_never_become_markup() {
    for (name, text) in assets() {
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!text.contains(forbidden), "{name} uses {forbidden}");
        }
    }
}
