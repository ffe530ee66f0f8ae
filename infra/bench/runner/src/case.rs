//! What is measured: one JSON file a function in `infra/bench/cases`, so that a use case is added without code.

use anyhow::{Context as _, Result};
use baro_clients::webhook::WebhookSecret;
use baro_domain::GateVendor;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A function and its use cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The binary; its package is `baro-` and this.
    pub(crate) function: String,
    /// What the function reads beside what every function gets.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Secrets by id.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, Value>,
    /// The vendor of a gate that stands, with its lot, in the tables before: those of `baro_testing`, written by the store crate.
    #[serde(default)]
    pub(crate) gate: Option<GateVendor>,
    /// The function's memory size in the template.
    #[serde(default = "usual_memory_mb")]
    pub(crate) memory_mb: u64,
    /// The invocations of a round, in order; each round has its own cars.
    pub(crate) steps: Vec<Step>,
}

fn usual_memory_mb() -> u64 {
    256
}

/// One invocation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What it is measured as; several steps may share a name. A step without is made, but not measured.
    #[serde(default)]
    pub(crate) use_case: Option<String>,
    /// A request of API Gateway …
    #[serde(default)]
    pub(crate) http: Option<Http>,
    /// … or any event.
    #[serde(default)]
    pub(crate) event: Option<Value>,
    /// The status that the answer must have.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Members (JSON pointers into the answer, or into its body where it is a text) and the values they must have.
    #[serde(default)]
    pub(crate) expect: BTreeMap<String, Value>,
}

/// A request as the client would send it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    /// `POST /v1/gates/{gateId}/events`
    pub(crate) route: String,
    /// Values of the route's parameters.
    #[serde(default)]
    pub(crate) path: BTreeMap<String, String>,
    /// Query string.
    #[serde(default)]
    pub(crate) query: String,
    /// Headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A text as it is, or JSON.
    #[serde(default)]
    pub(crate) body: Value,
    /// Signs the body as the payment gateway signs its webhooks, with this secret, at the time of the round.
    #[serde(default)]
    pub(crate) signed_with: Option<String>,
}

/// What is different in every round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// Counts from 0.
    pub(crate) number: u32,
    /// The time of the first event.
    pub(crate) begin: Timestamp,
}

impl Case {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a case", path.display()))
    }

    /// The name of its package.
    pub(crate) fn package(&self) -> String {
        if self.function == "baro-bench-hello" {
            self.function.clone()
        } else {
            format!("baro-{}", self.function)
        }
    }
}

impl Step {
    /// The event of this step in a round, as JSON.
    pub(crate) fn event(&self, round: Round) -> Result<String> {
        let event = match (&self.http, &self.event) {
            (Some(http), None) => http.event(),
            (None, Some(event)) => event.clone(),
            _ => anyhow::bail!("a step has either http or event"),
        };
        let filled = fill(&event.to_string(), round)?;
        match self.http.as_ref().and_then(|http| http.signed_with.as_deref()) {
            Some(secret) => signed(&filled, secret, round),
            None => Ok(filled),
        }
    }

    /// Compares an answer with what it must be.
    pub(crate) fn check(&self, answer: &Value) -> Result<()> {
        if let Some(status) = self.status {
            anyhow::ensure!(answer["statusCode"] == status, "status {status} wanted, got {answer}");
        }
        let body = answer["body"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let whole = body.as_ref().unwrap_or(answer);
        for (pointer, wanted) in &self.expect {
            let found = whole.pointer(pointer);
            anyhow::ensure!(found == Some(wanted), "{pointer} must be {wanted}, but the answer is {answer}");
        }
        Ok(())
    }
}

impl Http {
    /// The payload 2.0 that API Gateway makes of it.
    fn event(&self) -> Value {
        let (method, template) = self.route.split_once(' ').unwrap_or(("GET", &self.route));
        let mut path = template.to_owned();
        for (name, value) in &self.path {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let body = match &self.body {
            Value::Null => Value::Null,
            Value::String(text) => json!(text),
            json => json!(json.to_string()),
        };
        let mut headers: Map<String, Value> = Map::new();
        headers.insert("host".into(), json!("bench.execute-api.us-east-1.amazonaws.com"));
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), json!(value))));
        json!({
            "version": "2.0", "routeKey": self.route, "rawPath": path, "rawQueryString": self.query, "headers": headers,
            "pathParameters": self.path, "body": body, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "000000000000", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench", "requestId": "bench",
                "routeKey": self.route, "stage": "$default", "time": "20/Nov/2026:00:00:00 +0000", "timeEpoch": 0,
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench"},
            },
        })
    }
}

/// Adds the headers of a Standard Webhook to an event whose body is what will be received.
fn signed(event: &str, secret: &str, round: Round) -> Result<String> {
    let mut event: Value = serde_json::from_str(event)?;
    let (id, at) = (format!("msg_{}", round.number), round.begin.as_second());
    let body = event["body"].as_str().context("nothing to sign")?;
    let signature = WebhookSecret::parse(secret)?.sign(&id, at, body.as_bytes());
    event["headers"]["webhook-id"] = json!(id);
    event["headers"]["webhook-timestamp"] = json!(at.to_string());
    event["headers"]["webhook-signature"] = json!(signature);
    Ok(event.to_string())
}

/// Puts a round's values in. Each can be shifted: `{{plate+5000}}` is the car of another round, `{{at-90}}` the time 90 seconds before
/// the round's begin, `{{local-90}}` the same as controllers in Korea write it, `{{us-90}}` in microseconds since 1970, `{{n+1}}` a number.
fn fill(text: &str, round: Round) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").context("{{ without }}")?;
        filled.push_str(before);
        let (name, shift) = match name.find(['+', '-']) {
            Some(at) => (&name[..at], name[at..].parse::<i32>()?),
            None => (name, 0),
        };
        let number = || round.number.checked_add_signed(shift).context("a round before the first");
        let at = || round.begin.checked_add(SignedDuration::from_secs(shift.into()));
        match name {
            "n" => filled.push_str(&number()?.to_string()),
            "plate" => filled.push_str(&plate(number()?)),
            "at" => filled.push_str(&at()?.to_string()),
            "us" => filled.push_str(&at()?.as_microsecond().to_string()),
            "local" => {
                filled.push_str(&at()?.in_tz("Asia/Seoul")?.strftime("%Y%m%d%H%M%S").to_string());
            }
            unknown => anyhow::bail!("{{{{{unknown}}}}} is not known"),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A valid plate of a private car for each round: 100가0000, 100가0001 …
fn plate(number: u32) -> String {
    format!("{}가{:04}", 100 + number / 10_000, number % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(number: u32) -> Round {
        Round { number, begin: "2026-11-20T00:00:00Z".parse().unwrap() }
    }

    #[test]
    fn every_round_has_its_own_car_and_time() {
        assert_eq!(
            fill("{{plate}} {{n}} {{at+90}}", round(12_345)).unwrap(),
            "101가2345 12345 2026-11-20T00:01:30Z"
        );
        assert_eq!(
            fill("{{plate+1}} {{local-1}} {{us}} {{n-1}}", round(2)).unwrap(),
            "100가0003 20261120085959 1795132800000000 1"
        );
        assert!(fill("{{car}}", round(0)).is_err());
        assert!(fill("{{plate-1}}", round(0)).is_err());
    }

    #[test]
    fn a_webhook_is_signed_over_what_is_received() {
        let secret = "whsec_YmVuY2g=";
        let step: Step = serde_json::from_value(json!({
            "http": {"route": "POST /v1/webhooks/portone", "body": {"timestamp": "{{at}}"}, "signed_with": secret},
        }))
        .unwrap();
        let event: Value = serde_json::from_str(&step.event(round(7)).unwrap()).unwrap();
        let headers = event["headers"].as_object().unwrap();
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let secrets = baro_clients::webhook::WebhookSecrets::parse(&[secret]).unwrap();
        let body = event["body"].as_str().unwrap();
        assert_eq!(body, r#"{"timestamp":"2026-11-20T00:00:00Z"}"#);
        assert_eq!(secrets.verify(pairs, body.as_bytes(), round(7).begin).unwrap(), "msg_7");
    }

    #[test]
    fn a_request_becomes_the_event_of_api_gateway() {
        let step: Step = serde_json::from_value(json!({
            "use_case": "entry", "status": 200, "expect": {"/action": "open"},
            "http": {"route": "POST /v1/gates/{gateId}/events", "path": {"gateId": "gate_1"}, "body": {"plate": "{{plate}}"}},
        }))
        .unwrap();
        let event: Value = serde_json::from_str(&step.event(round(7)).unwrap()).unwrap();
        assert_eq!(event["rawPath"], "/v1/gates/gate_1/events");
        assert_eq!(event["body"], r#"{"plate":"100가0007"}"#);
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        step.check(&json!({"statusCode": 200, "body": "{\"action\":\"open\"}"})).unwrap();
        assert!(step.check(&json!({"statusCode": 200, "body": "{\"action\":\"wait\"}"})).is_err());
        assert!(step.check(&json!({"statusCode": 500})).is_err());
    }
}
