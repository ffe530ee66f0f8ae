//! What the layers of this repository promise each other. The list of errors is written by `BARO_WRITE_DOCS=1 cargo test --test invariants`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::format_push_string, reason = "a test may break off")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use baro::template::Template;
use baro_gates::AdaptErrorKind;
use baro_runtime::ErrorCode;
use baro_store::schema::{TABLES, Table};
use serde_json::{Value, json};

/// A file of people's writing fits this many lines, or is cut in two.
const MAX_LINES: usize = 400;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files under `folder` with one of these extensions, by their path from the root.
fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![baro::paths::root().join(folder)]);
    while let Some(folder) = open.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if extensions.contains(&extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(baro::paths::root()).unwrap().display().to_string()
}

/// The Rust that is deployed: no tests of any kind.
fn deployed_sources() -> Vec<PathBuf> {
    let all = files("functions", &["rs"]).into_iter().chain(files("shared", &["rs"]));
    all.filter(|path| {
        let shown = shown(path);
        !shown.contains("/tests/") && !shown.contains("/examples/") && !shown.contains("/benches/")
    })
    .collect()
}

/// A file's code with what only tests compile cut off: such modules stand at the end.
fn code_of(path: &Path) -> String {
    let text = read(path);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn metadata() -> Value {
    let asked = |how: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--locked", "--format-version", "1"]).args(how);
        cargo.current_dir(baro::paths::root()).output().unwrap()
    };
    // A machine that has only built this has no crates of other platforms yet: then they are fetched.
    let offline = asked(&["--offline"]);
    let output = if offline.status.success() { offline } else { asked(&[]) };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The names of all packages that a package is built with, through any number of steps.
fn built_with(metadata: &Value, package: &str) -> BTreeSet<String> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| {
            (package["id"].as_str().unwrap().to_owned(), package["name"].as_str().unwrap().to_owned())
        })
        .collect();
    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let normal = |dep: &&Value| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let on = node["deps"].as_array().unwrap().iter().filter(normal);
        let on = on.map(|dep| dep["pkg"].as_str().unwrap().to_owned()).collect();
        needs.insert(node["id"].as_str().unwrap().to_owned(), on);
    }
    let start = names.iter().find(|(_, name)| *name == package).unwrap().0.clone();
    let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(id) = open.pop() {
        if seen.insert(id.clone()) {
            open.extend(needs[&id].iter().cloned());
        }
    }
    seen.iter().map(|id| names[id].clone()).filter(|name| name != package).collect()
}

#[test]
fn the_domain_knows_no_runtime_no_sdk_and_no_network() {
    const FOREIGN: [&str; 14] = [
        "tokio", "async-", "futures", "smol-", "aws", "lambda", "hyper", "http", "reqwest", "rustls", "mio",
        "socket2", "tracing", "baro-",
    ];
    let names = built_with(&metadata(), "baro-domain");
    assert!(names.contains("jiff"), "the graph was not read: {names:?}");
    // A string type, not the runtime of that name.
    let is_foreign = |name: &&String| *name != "smol_str" && FOREIGN.iter().any(|p| name.starts_with(p));
    let foreign: Vec<_> = names.iter().filter(is_foreign).collect();
    assert!(foreign.is_empty(), "the domain is built with {foreign:?}");
}

#[test]
fn the_domain_asks_nobody_for_the_time_the_environment_or_a_file() {
    const ASKING: [&str; 8] =
        ["::now()", "SystemTime", "Instant", "async fn", ".await", "std::env", "std::fs", "std::net"];
    for path in deployed_sources().iter().filter(|path| shown(path).starts_with("shared/domain/src")) {
        if path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests")) {
            continue;
        }
        let code = code_of(path);
        for word in ASKING {
            assert!(!code.contains(word), "{} has {word}", shown(path));
        }
    }
}

#[test]
fn only_the_store_speaks_in_attributes_and_expressions() {
    const WORDS: [&str; 8] = [
        "update_expression",
        "condition_expression",
        "filter_expression",
        "projection_expression",
        "expression_attribute_",
        "AttributeValue::",
        "begins_with(",
        "attribute_not_exists",
    ];
    let mut in_store = 0;
    for path in deployed_sources() {
        let (name, code) = (shown(&path), code_of(&path));
        let found: Vec<_> = WORDS.iter().filter(|word| code.contains(**word)).collect();
        if name.starts_with("shared/store/") {
            in_store += found.len();
        } else if !name.starts_with("shared/testing/") {
            assert!(found.is_empty(), "{name} knows how tables are asked: {found:?}");
        }
    }
    assert!(in_store > 3, "the words were not even found in the store");
}

#[test]
fn only_the_clients_name_the_addresses_of_vendors() {
    const HOSTS: [&str; 6] =
        ["portone.io", "googleapis.com", "solapi.com", "iamport", "kakao.com", "tosspayments.com"];
    let local = files("infra/local", &["rs", "py"]).into_iter().chain(files("infra/bench", &["rs"]));
    for path in deployed_sources().into_iter().chain(local) {
        let (name, code) = (shown(&path), code_of(&path));
        if name.starts_with("shared/clients/") || name.starts_with("infra/local/sandbox/") {
            continue;
        }
        let found: Vec<_> = HOSTS.iter().filter(|host| code.contains(**host)).collect();
        assert!(found.is_empty(), "{name} names {found:?}");
    }
}

/// A table's keys, indexes, stream and expiry as CloudFormation writes them.
fn as_in_a_template(table: &Table) -> Value {
    let keys = |hash: &str, range: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]);
    let indexes: Vec<Value> = table
        .indexes
        .iter()
        .map(|index| {
            json!({"IndexName": index.name, "KeySchema": keys(index.hash, index.range),
                   "Projection": {"ProjectionType": index.projection}})
        })
        .collect();
    let named: BTreeSet<&str> = ["pk", "sk"]
        .into_iter()
        .chain(table.indexes.iter().flat_map(|index| [index.hash, index.range]))
        .collect();
    json!({
        "keys": keys("pk", "sk"),
        "attributes": named.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect::<Vec<_>>(),
        "indexes": indexes,
        "stream": if table.streamed { json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}) } else { Value::Null },
        "expiry": {"AttributeName": "ttl", "Enabled": true},
    })
}

#[test]
fn the_tables_of_the_template_are_those_of_the_store() {
    let template = Template::of_project().unwrap();
    let deployed: BTreeMap<String, Value> = template
        .resources_of("AWS::DynamoDB::Table")
        .map(|table| {
            let mut attributes = table.property(&["AttributeDefinitions"]).as_array().unwrap().clone();
            attributes.sort_by_key(|attribute| attribute["AttributeName"].as_str().unwrap().to_owned());
            let indexes = table.property(&["GlobalSecondaryIndexes"]).as_array().cloned().unwrap_or_default();
            assert!(table.property(&["LocalSecondaryIndexes"]).is_null(), "{}", table.name);
            let written = json!({
                "keys": table.property(&["KeySchema"]),
                "attributes": attributes,
                "indexes": indexes,
                "stream": table.property(&["StreamSpecification"]),
                "expiry": table.property(&["TimeToLiveSpecification"]),
            });
            (table.name.to_owned(), written)
        })
        .collect();
    let stored: BTreeMap<String, Value> =
        TABLES.iter().map(|table| (table.logical_name.to_owned(), as_in_a_template(table))).collect();
    assert_eq!(deployed, stored);
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let kinds = ["rs", "js", "css", "html", "py"];
    let folders = ["functions", "shared", "infra", "tests"];
    let long: Vec<String> = folders
        .iter()
        .flat_map(|folder| files(folder, &kinds))
        .map(|path| (read(&path).lines().count(), shown(&path)))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, name)| format!("{name}: {lines}"))
        .collect();
    assert!(long.is_empty(), "cut in two: {long:#?}");
}

/// Each crate's table of codes, with who answers with them.
fn tables_of_codes() -> [(&'static str, &'static [ErrorCode]); 8] {
    [
        ("every address", baro_runtime::CODES),
        ("gates: `POST /v1/gates/{gateId}/events`, `…/backlog`", baro_gate_events::CODES),
        ("counters and sensors: `POST /v1/gates/{gateId}/occupancy`, `…/spaces`", baro_occupancy::CODES),
        ("drivers: `/v1/lots/…`, `/v1/payments/…`", baro_driver_api::CODES),
        ("operators: `/v1/operator/…`", baro_operator_api::CODES),
        ("members: `/v1/members/…`", baro_members::CODES),
        ("the workbench: `POST /v1/tariffs/…`", baro_tariffs::CODES),
        ("the gateway: `POST /v1/webhooks/…`", baro_payment_webhook::CODES),
    ]
}

/// `infra/docs/errors.md`, as it must be.
fn errors_document() -> String {
    let mut text = String::from(
        "# Errors\n\n\
         <!-- Written from the code: BARO_WRITE_DOCS=1 cargo test --test invariants -->\n\n\
         Every error is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `code`, where it helps `detail`, and\n\
         `instance`, which names the request in our logs. Programs go by `code`: a code never changes its meaning, and is\n\
         never used for another. More members say what to mend: `field`, `pointer`, `parameter`, `header`.\n\n\
         `503` comes with `Retry-After`; what was asked may be asked again as it was. A body that a gate or the payment\n\
         gateway sent and that was refused is kept in the raw bucket under `gates/refused/` or `webhooks/refused/`.\n",
    );
    for (who, codes) in tables_of_codes() {
        text.push_str(&format!("\n## Told to {who}\n\n| code | status | meaning |\n| --- | --- | --- |\n"));
        let mut codes = codes.to_vec();
        codes.sort_by_key(|code| (code.status, code.code));
        for ErrorCode { status, code, title } in codes {
            text.push_str(&format!("| `{code}` | {status} | {title} |\n"));
        }
    }
    text
}

#[test]
fn the_list_of_errors_is_that_of_the_code() {
    let path = baro::paths::root().join("infra/docs/errors.md");
    let wanted = errors_document();
    #[allow(clippy::disallowed_methods, reason = "a person asks this test to write")]
    if std::env::var("BARO_WRITE_DOCS").is_ok_and(|on| on == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(
        read(&path) == wanted,
        "infra/docs/errors.md is not what the code says; see the first line of this file"
    );
}

#[test]
fn a_code_has_one_meaning_wherever_it_is_told() {
    let mut meanings: BTreeMap<&str, ErrorCode> = BTreeMap::new();
    for code in tables_of_codes().iter().flat_map(|(_, codes)| *codes) {
        let first = *meanings.entry(code.code).or_insert(*code);
        assert_eq!(first, *code);
    }
    for kind in AdaptErrorKind::ALL {
        assert!(meanings.contains_key(kind.code()), "{} is told by nobody", kind.code());
    }
}

#[test]
fn the_template_sends_a_function_the_routes_it_answers() {
    let routes = |integration, own: &[&str]| {
        let own = own.iter().map(|route| (*route).to_owned()).collect();
        assert_eq!(routes_to(integration), own, "{integration}");
    };
    routes("GateEvents", &baro_gate_events::ROUTES);
    routes("Occupancy", &baro_occupancy::ROUTES);
    routes("OperatorApi", &baro_operator_api::ROUTES);
    routes("Members", &baro_members::ROUTES);
}

/// The routes that the template sends to one function.
fn routes_to(integration: &str) -> BTreeSet<String> {
    let stacks = Template::of_project().unwrap().nested().unwrap();
    let (_, api) = stacks.into_iter().find(|(_, nested)| nested.path().ends_with("infra/api.yaml")).unwrap();
    let target = format!("integrations/${{{integration}}}");
    api.resources_of("AWS::ApiGatewayV2::Route")
        .filter(|route| route.property(&["Target", "Fn::Sub"]) == target.as_str())
        .map(|route| route.property(&["RouteKey"]).as_str().unwrap().to_owned())
        .collect()
}

/// A log line is counted by the text of its code: the function and the template must mean the same.
fn a_logged_code_raises_an_alarm(filter: &str, alarm: &str, source: &str) {
    let stacks = Template::of_project().unwrap().nested().unwrap();
    let (_, alarms) =
        stacks.into_iter().find(|(_, nested)| nested.path().ends_with("infra/alarms.yaml")).unwrap();
    let filter = alarms.resource(filter).unwrap();
    let pattern = filter.property(&["FilterPattern"]).as_str().unwrap();
    let code = pattern.split('"').nth(1).unwrap();
    let source = read(&baro::paths::root().join(source));
    assert!(source.contains(&format!("tracing::error!(code = \"{code}\"")), "nobody writes {code}");
    let counted = &filter.property(&["MetricTransformations"])[0];
    let alarm = alarms.resource(alarm).unwrap();
    assert_eq!(alarm.property(&["MetricName"]), &counted["MetricName"]);
    assert_eq!(alarm.property(&["Namespace"]), &counted["MetricNamespace"]);
    assert!(!alarm.property(&["AlarmActions"]).as_array().unwrap().is_empty());
}

#[test]
fn money_that_matches_no_order_raises_an_alarm() {
    a_logged_code_raises_an_alarm("HeldPayments", "PaymentHeld", "functions/payment-sync/src/lib.rs");
}

#[test]
fn books_that_differ_raise_an_alarm() {
    a_logged_code_raises_an_alarm(
        "ReconciliationDifferences",
        "ReconciliationDifference",
        "functions/reconciliation/src/lib.rs",
    );
}

#[test]
fn a_silent_lane_and_a_clock_beyond_correction_raise_alarms() {
    a_logged_code_raises_an_alarm("LanesGoneSilent", "LaneSilent", "functions/gate-health/src/lib.rs");
    a_logged_code_raises_an_alarm("ClocksGoneWrong", "ClockBeyondBound", "functions/gate-health/src/lib.rs");
}

#[test]
fn a_controller_that_does_not_do_as_it_is_asked_raises_an_alarm() {
    a_logged_code_raises_an_alarm(
        "FailedGateCommands",
        "GateCommandFailed",
        "functions/gate-commands/src/lib.rs",
    );
}

#[test]
fn a_cash_receipt_that_cannot_follow_the_money_raises_an_alarm() {
    let source = "functions/payment-sync/src/cash_receipts.rs";
    a_logged_code_raises_an_alarm("WrongCashReceipts", "CashReceiptWrong", source);
}
