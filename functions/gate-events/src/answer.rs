//! What a gate hears: the decision in our words, beside the members by which its vendor knows that the report arrived.

use baro_domain::{EventId, PlateNumber};
use baro_gates::{AdaptError, Ignored, VendorReply, passages::GateDecision};
use baro_runtime::{Problem, http::respond_json};
use http::{Response, StatusCode};
use lambda_http::Body;
use serde_json::{Map, Value, json};

/// A read and what was decided for it.
pub(crate) struct Judged {
    pub(crate) event: EventId,
    /// Whether a car waits for it: any read but that of a car that has passed.
    pub(crate) asks: bool,
    pub(crate) decision: GateDecision,
}

/// What an answer is made of.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) judged: Vec<Judged>,
    pub(crate) ignored: Vec<Ignored>,
    pub(crate) refused: Vec<AdaptError>,
    pub(crate) reply: VendorReply,
}

impl Answer {
    /// The decision at the top is that of the newest read a car waits for; where a body held several reads, each has its
    /// own in `events`.
    pub(crate) fn into_response(self) -> Result<Response<Body>, Problem> {
        let waiting = self.judged.iter().rfind(|judged| judged.asks).or(self.judged.last());
        let mut body = match waiting {
            Some(judged) => decision(judged, true),
            None => ignored(&self.ignored),
        };
        if self.judged.len() > 1 {
            let events: Vec<Value> =
                self.judged.iter().map(|judged| Value::Object(decision(judged, false))).collect();
            body.insert("events".to_owned(), Value::Array(events));
        }
        if !self.refused.is_empty() {
            let refused = self.refused.iter().map(|error| refusal(None, error)).collect();
            body.insert("refused".to_owned(), Value::Array(refused));
        }
        respond(self.reply, None, body)
    }
}

/// The vendor's members stand above ours: without them it would send the same again.
pub(crate) fn respond(
    reply: VendorReply,
    status: Option<StatusCode>,
    mut body: Map<String, Value>,
) -> Result<Response<Body>, Problem> {
    let status = status.or_else(|| StatusCode::from_u16(reply.status).ok()).unwrap_or(StatusCode::OK);
    body.extend(reply.body);
    respond_json(status, &body)
}

/// A part of the body that could not be read. Never what it said: that may be a plate.
pub(crate) fn refusal(index: Option<usize>, error: &AdaptError) -> Value {
    let mut members = Map::new();
    members.extend(index.map(|index| ("index".to_owned(), json!(index))));
    members.insert("code".to_owned(), json!(error.code()));
    members.extend(error.field().map(|field| ("field".to_owned(), json!(field))));
    Value::Object(members)
}

fn ignored(reasons: &[Ignored]) -> Map<String, Value> {
    let reason =
        reasons.first().map_or_else(|| "nothing".to_owned(), |first| first.reason().replace('-', "_"));
    object(json!({"decision": "ignored", "reason": reason}))
}

fn decision(judged: &Judged, with_quote: bool) -> Map<String, Value> {
    let mut body = match &judged.decision {
        GateDecision::Open { reason, basis, visit } => {
            let mut body = object(json!({"decision": "open", "reason": reason, "visit": visit}));
            body.extend(basis.map(|basis| ("basis".to_owned(), json!(basis))));
            body
        }
        GateDecision::AmountDue { reason, amount, quote } => {
            let mut body = object(json!({
                "decision": "amount_due", "reason": reason, "visit": amount.visit, "amountDue": amount.due,
                "total": amount.total, "paid": amount.paid, "currency": "KRW",
            }));
            if let Some(quote) = quote.as_deref().filter(|_| with_quote) {
                body.insert("quote".to_owned(), json!(quote));
            }
            body
        }
        // Masked: the answer passes through the controller of a vendor, and its logs. Who is on duty there sees the car
        // at the barrier; the plates in full stand in the operator's own view.
        GateDecision::AskOperator { reason, candidates } => {
            let masked: Vec<String> = candidates.iter().map(PlateNumber::masked).collect();
            object(json!({"decision": "ask_operator", "reason": reason, "candidates": masked}))
        }
        GateDecision::Recorded { reason, visit } => {
            object(json!({"decision": "recorded", "reason": reason, "visit": visit}))
        }
    };
    body.retain(|_, value| !value.is_null());
    body.insert("eventId".to_owned(), json!(judged.event));
    body
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
