//! What must hold of everything that is deployed, read from `template.yaml` and its nested templates.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may break off")]

use std::collections::{BTreeMap, BTreeSet};

use baro::template::{Resource, Template};
use serde_json::{Value, json};

const FUNCTION: &str = "AWS::Serverless::Function";

fn root() -> Template {
    Template::of_project().unwrap()
}

/// A nested template by the path that the root names it with.
fn nested(root: &Template, path: &str) -> Template {
    let stack = root
        .resources_of("AWS::CloudFormation::Stack")
        .find(|stack| stack.property(&["TemplateURL"]) == path)
        .unwrap_or_else(|| panic!("no stack is made from {path}"));
    root.nested().unwrap().into_iter().find(|(name, _)| name == stack.name).unwrap().1
}

/// The logical id an expression points to: `{"Ref": X}` or `{"Fn::GetAtt": [X, …]}`.
fn points_to(expression: &Value) -> Option<&str> {
    expression["Ref"].as_str().or_else(|| expression["Fn::GetAtt"][0].as_str())
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// All statements of a role, a queue policy or a bucket policy.
fn statements<'a>(resource: &Resource<'a>) -> Vec<&'a Value> {
    let inline = resource
        .property(&["Policies"])
        .as_array()
        .into_iter()
        .flatten()
        .map(|policy| &policy["PolicyDocument"]);
    inline
        .chain([resource.property(&["PolicyDocument"])])
        .filter_map(|document| document["Statement"].as_array())
        .flatten()
        .collect()
}

fn every_template() -> Vec<Template> {
    let root = root();
    let mut all: Vec<Template> = root.nested().unwrap().into_iter().map(|(_, template)| template).collect();
    all.push(root);
    all
}

#[test]
fn every_function_is_a_crate_of_this_repository_and_every_crate_is_deployed() {
    let deployed: BTreeSet<String> = baro::package::function_names(&root()).unwrap().into_iter().collect();
    let present: BTreeSet<String> = std::fs::read_dir(baro::paths::root().join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(deployed, present);
}

#[test]
fn every_function_has_a_log_group_of_its_own_that_forgets() {
    let root = root();
    for function in root.resources_of(FUNCTION) {
        let logs = points_to(function.property(&["LoggingConfig", "LogGroup"]))
            .unwrap_or_else(|| panic!("{}", function.name));
        let group = root.resource(logs).unwrap();
        assert_eq!(group.kind, "AWS::Logs::LogGroup");
        assert_eq!(*group.property(&["RetentionInDays"]), json!({"Ref": "LogRetentionDays"}));
        let name = function.property(&["FunctionName", "Fn::Sub"]).as_str().unwrap();
        assert_eq!(
            group.property(&["LogGroupName", "Fn::Sub"]).as_str().unwrap(),
            format!("/aws/lambda/{name}")
        );
    }
}

#[test]
fn every_function_is_watched_for_errors_throttles_and_slowness() {
    let root = root();
    for function in root.resources_of(FUNCTION) {
        let watch = root
            .resources_of("AWS::CloudFormation::Stack")
            .find(|stack| {
                stack.property(&["TemplateURL"]) == "infra/watch.yaml"
                    && points_to(stack.property(&["Parameters", "FunctionName"])) == Some(function.name)
            })
            .unwrap_or_else(|| panic!("nobody watches {}", function.name));
        let timeout_s = function.property(&["Timeout"]).as_i64().unwrap();
        assert_eq!(
            watch.property(&["Parameters", "DurationAlarmMs"]).as_i64().unwrap(),
            timeout_s * 800,
            "{}",
            function.name
        );
    }
    let watched: BTreeSet<String> = nested(&root, "infra/watch.yaml")
        .resources_of("AWS::CloudWatch::Alarm")
        .map(|alarm| {
            assert_eq!(*alarm.property(&["AlarmActions"]), json!([{"Ref": "AlarmTopicArn"}]));
            alarm.property(&["MetricName"]).as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(watched, BTreeSet::from(["Duration", "Errors", "Throttles"].map(str::to_owned)));
}

#[test]
fn every_queue_that_is_consumed_has_dead_letters_and_time_for_six_tries() {
    let root = root();
    let mut consumed = 0;
    for source in root.resources_of("AWS::Lambda::EventSourceMapping") {
        let from = root.resource(points_to(source.property(&["EventSourceArn"])).unwrap()).unwrap();
        if from.kind != "AWS::SQS::Queue" {
            continue;
        }
        consumed += 1;
        let consumer = root.resource(points_to(source.property(&["FunctionName"])).unwrap()).unwrap();
        let timeout_s = consumer.property(&["Timeout"]).as_i64().unwrap();
        assert!(from.property(&["VisibilityTimeout"]).as_i64().unwrap() >= 6 * timeout_s, "{}", from.name);
        let dead = points_to(from.property(&["RedrivePolicy", "deadLetterTargetArn"])).unwrap();
        let dead = root.resource(dead).unwrap();
        assert_eq!(dead.property(&["FifoQueue"]), from.property(&["FifoQueue"]), "{}", from.name);
        assert_eq!(*source.property(&["FunctionResponseTypes"]), json!(["ReportBatchItemFailures"]));
        assert!(source.property(&["ScalingConfig", "MaximumConcurrency"]).as_i64().unwrap() >= 2);
    }
    assert_eq!(consumed, 4);
}

#[test]
fn every_stream_consumer_isolates_poison_and_keeps_what_it_gives_up() {
    let root = root();
    let streamed: BTreeSet<&str> = root
        .resources_of("AWS::DynamoDB::Table")
        .filter(|table| !table.property(&["StreamSpecification"]).is_null())
        .map(|table| table.name)
        .collect();
    let mut consumed = BTreeSet::new();
    for source in root.resources_of("AWS::Lambda::EventSourceMapping") {
        let from = root.resource(points_to(source.property(&["EventSourceArn"])).unwrap()).unwrap();
        if from.kind != "AWS::DynamoDB::Table" {
            continue;
        }
        consumed.insert(from.name);
        assert_eq!(*source.property(&["BisectBatchOnFunctionError"]), json!(true));
        assert_eq!(*source.property(&["FunctionResponseTypes"]), json!(["ReportBatchItemFailures"]));
        assert!(source.property(&["MaximumRetryAttempts"]).as_i64().unwrap() > 0);
        let kept = points_to(source.property(&["DestinationConfig", "OnFailure", "Destination"])).unwrap();
        assert_eq!(root.resource(kept).unwrap().kind, "AWS::SQS::Queue");
    }
    assert_eq!(streamed, consumed);
}

#[test]
fn the_schedules_run_in_korean_time_and_lose_no_run() {
    let root = root();
    let mut runs = BTreeSet::new();
    for schedule in root.resources_of("AWS::Scheduler::Schedule") {
        let expression = schedule.property(&["ScheduleExpression"]).as_str().unwrap();
        let zone = schedule.property(&["ScheduleExpressionTimezone"]);
        assert!(expression.starts_with("rate") || *zone == json!("Asia/Seoul"), "{}", schedule.name);
        let dead = points_to(schedule.property(&["Target", "DeadLetterConfig", "Arn"])).unwrap();
        let target = points_to(schedule.property(&["Target", "Arn"])).unwrap();
        runs.insert((target, expression));
        let retries = root
            .resources_of("AWS::Lambda::EventInvokeConfig")
            .find(|config| points_to(config.property(&["FunctionName"])) == Some(target))
            .unwrap();
        let given_up = points_to(retries.property(&["DestinationConfig", "OnFailure", "Destination"]));
        assert_eq!(given_up, Some(dead), "{target}");
    }
    let monthly = [("Settlement", "cron(0 3 1 * ? *)"), ("Settlement", "cron(30 3 1 * ? *)")];
    let daily = [("Reconciliation", "cron(40 4 * * ? *)"), ("Receivables", "cron(0 10 * * ? *)")];
    let hourly = [("LongStays", "cron(40 * * * ? *)"), ("Recount", "cron(10 * * * ? *)")];
    let others = [("GateHealth", "rate(1 minute)"), ("Settlement", "cron(20 0 * * ? *)")];
    assert_eq!(runs, [monthly, daily, hourly, others].concat().into_iter().collect());
}

#[test]
fn every_dead_letter_queue_raises_an_alarm() {
    let root = root();
    let alarms = nested(&root, "infra/alarms.yaml");
    let watched: BTreeSet<&str> = alarms
        .resources_of("AWS::CloudWatch::Alarm")
        .filter(|alarm| alarm.property(&["MetricName"]) == "ApproximateNumberOfMessagesVisible")
        .map(|alarm| alarm.property(&["Dimensions"])[0]["Value"]["Ref"].as_str().unwrap())
        .collect();
    let given: BTreeMap<&str, &str> = root
        .resource("Alarms")
        .unwrap()
        .property(&["Parameters"])
        .as_object()
        .unwrap()
        .iter()
        .filter(|(parameter, _)| watched.contains(parameter.as_str()))
        .map(|(parameter, value)| (points_to(value).unwrap(), parameter.as_str()))
        .collect();
    for queue in
        root.resources_of("AWS::SQS::Queue").filter(|queue| queue.property(&["RedrivePolicy"]).is_null())
    {
        assert!(given.contains_key(queue.name), "nobody is told when {} fills", queue.name);
    }
}

#[test]
fn no_policy_allows_a_wildcard_action_or_any_resource() {
    let mut roles = 0;
    for template in every_template() {
        for resource in template.resources() {
            for statement in
                statements(&resource).into_iter().filter(|statement| statement["Effect"] == "Allow")
            {
                for action in strings(&statement["Action"]) {
                    assert!(!action.contains('*'), "{} allows {action}", resource.name);
                }
                assert!(
                    !statement["Resource"].is_null(),
                    "{} allows something on nothing named",
                    resource.name
                );
                assert!(
                    !strings(&statement["Resource"]).contains(&"*"),
                    "{} allows it on everything",
                    resource.name
                );
                assert!(
                    statement["NotAction"].is_null() && statement["NotResource"].is_null(),
                    "{}",
                    resource.name
                );
                assert_ne!(statement["Principal"], "*", "{} trusts everyone", resource.name);
            }
            roles += usize::from(resource.kind == "AWS::IAM::Role");
            assert!(
                resource.property(&["ManagedPolicyArns"]).is_null(),
                "{} takes more than it names",
                resource.name
            );
        }
    }
    assert!(roles >= 8);
}

#[test]
fn no_two_functions_share_a_role() {
    let root = root();
    let roles: Vec<&str> =
        root.resources_of(FUNCTION).map(|f| points_to(f.property(&["Role"])).unwrap()).collect();
    assert_eq!(roles.len(), roles.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn a_function_may_use_what_it_is_given_and_is_given_what_it_may_use() {
    let root = root();
    for function in root.resources_of(FUNCTION) {
        let role = root.resource(points_to(function.property(&["Role"])).unwrap()).unwrap();
        let allowed = serde_json::to_string(&statements(&role)).unwrap();
        let variables = function.property(&["Environment", "Variables"]).as_object();
        for (name, value) in variables.into_iter().flatten() {
            let target = points_to(value).and_then(|target| root.resource(target));
            let Some(target) = target.filter(|target| !target.kind.ends_with("::Stack")) else { continue };
            let named = allowed.contains(&format!("\"{}\"", target.name))
                || allowed.contains(&format!("${{{}.", target.name));
            assert!(named, "{} gets {name} and may do nothing with it", function.name);
        }
        let given = serde_json::to_string(function.property(&["Environment"])).unwrap();
        for table in root.resources_of("AWS::DynamoDB::Table") {
            let direct = json!({"Fn::GetAtt": [table.name, "Arn"]}).to_string();
            assert!(
                !allowed.contains(&direct) || given.contains(&format!("\"{}\"", table.name)),
                "{} may use {} and is not told its name",
                function.name,
                table.name
            );
        }
    }
}

#[test]
fn every_route_reaches_a_function_that_the_api_may_invoke() {
    let root = root();
    let api = nested(&root, "infra/api.yaml");
    let given = root.resource("Api").unwrap();
    let mut routes = Vec::new();
    for route in api.resources_of("AWS::ApiGatewayV2::Route") {
        let target = route.property(&["Target", "Fn::Sub"]).as_str().unwrap();
        let integration =
            target.strip_prefix("integrations/${").and_then(|rest| rest.strip_suffix('}')).unwrap();
        let integration = api.resource(integration).unwrap();
        let parameter = integration.property(&["IntegrationUri", "Ref"]).as_str().unwrap();
        let function = points_to(given.property(&["Parameters", parameter])).unwrap();
        assert_eq!(root.resource(function).unwrap().kind, FUNCTION);
        let key = route.property(&["RouteKey"]).as_str().unwrap();
        let (method, path) = key.split_once(' ').unwrap();
        assert!(
            api.resources_of("AWS::Lambda::Permission").any(|permission| {
                let named =
                    permission.property(&["FunctionName", "Ref"]).as_str().unwrap().replace("Name", "Arn");
                let source = permission.property(&["SourceArn", "Fn::Sub"]).as_str().unwrap();
                let (_, allowed) = source.split_once("${Api}/*/").unwrap();
                let (allowed_method, allowed_path) = allowed.split_once('/').unwrap();
                named == parameter
                    && (allowed_method == "*" || allowed_method == method)
                    && match allowed_path.strip_suffix('*') {
                        Some(prefix) => path[1..].starts_with(prefix),
                        None => path[1..] == *allowed_path,
                    }
            }),
            "the API may not call {function} for {key}"
        );
        routes.push(key.to_owned());
    }
    assert_eq!(routes.len(), routes.iter().collect::<BTreeSet<_>>().len(), "a route is there twice");
    let throttled = api.resource("Stage").unwrap();
    for key in throttled.property(&["RouteSettings"]).as_object().unwrap().keys() {
        assert!(routes.contains(key), "settings for {key}, which is no route");
    }
    assert!(throttled.property(&["DefaultRouteSettings", "ThrottlingRateLimit"]).as_i64().unwrap() > 0);
}

#[test]
fn what_holds_data_outlives_the_stack_is_encrypted_and_can_be_restored() {
    for template in every_template() {
        for resource in template.resources() {
            let keeps = match resource.kind {
                "AWS::DynamoDB::Table" => {
                    assert_eq!(*resource.property(&["SSESpecification", "SSEEnabled"]), json!(true));
                    assert_eq!(*resource.property(&["BillingMode"]), json!("PAY_PER_REQUEST"));
                    let restorable = resource
                        .property(&["PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"]);
                    assert_eq!(*restorable, json!(true), "{}", resource.name);
                    true
                }
                "AWS::S3::Bucket" => {
                    assert!(resource.property(&["BucketEncryption"]).is_object(), "{}", resource.name);
                    assert_eq!(*resource.property(&["VersioningConfiguration", "Status"]), json!("Enabled"));
                    let block = resource.property(&["PublicAccessBlockConfiguration"]).as_object().unwrap();
                    assert!(
                        block.len() == 4 && block.values().all(|on| *on == json!(true)),
                        "{}",
                        resource.name
                    );
                    let policies: Vec<_> = template.resources_of("AWS::S3::BucketPolicy").collect();
                    let policy = policies
                        .iter()
                        .find(|policy| points_to(policy.property(&["Bucket"])) == Some(resource.name));
                    let tls =
                        statements(policy.unwrap()).iter().any(|statement| statement["Sid"] == "TlsOnly");
                    assert!(tls, "{} can be read without TLS", resource.name);
                    true
                }
                "AWS::SecretsManager::Secret" => true,
                "AWS::SQS::Queue" => {
                    assert_eq!(
                        *resource.property(&["SqsManagedSseEnabled"]),
                        json!(true),
                        "{}",
                        resource.name
                    );
                    false
                }
                _ => false,
            };
            if keeps {
                assert_eq!(resource.body["DeletionPolicy"], "Retain", "{}", resource.name);
                assert_eq!(resource.body["UpdateReplacePolicy"], "Retain", "{}", resource.name);
            }
        }
    }
}

#[test]
fn no_secret_stands_in_a_parameter_or_an_environment() {
    let root = root();
    for name in root.document()["Parameters"].as_object().unwrap().keys() {
        let small = name.to_lowercase();
        assert!(
            !["secret", "password", "privatekey", "apikey"].iter().any(|word| small.contains(word)),
            "{name}"
        );
    }
    for function in root.resources_of(FUNCTION) {
        for name in function
            .property(&["Environment", "Variables"])
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            assert!(!name.contains("SECRET") || name.ends_with("_SECRET_ID"), "{}: {name}", function.name);
        }
    }
}
