//! The routes of the functions beside this one, in the same document. Their shapes are written here as those functions
//! answer them (`gate-events/src/answer.rs`, `occupancy`, `payment-webhook`), since a gate's body is its vendor's and not ours.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::{
    Modify, ToSchema,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// How a gate proves that it is one: one of three headers, as its firmware can set them.
pub(super) struct GateSecret;

impl Modify for GateSecret {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let header = ApiKey::Header(ApiKeyValue::new("x-gate-secret"));
        components.add_security_scheme("gateSecret", SecurityScheme::ApiKey(header));
        for (name, scheme) in [("gateBearer", HttpAuthScheme::Bearer), ("gateBasic", HttpAuthScheme::Basic)] {
            let scheme = HttpBuilder::new().scheme(scheme).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The decision for the newest read a car waits for. Members that the gate's vendor wants stand beside ours.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BarrierDecision {
    /// `open`, `amount_due`, `ask_operator`, `recorded` or `ignored`.
    decision: String,
    /// Why: `free`, `paid`, `paid_within_grace`, `already_released` …
    reason: String,
    /// The read.
    event_id: Option<String>,
    /// The visit.
    visit: Option<String>,
    /// With `amount_due`: to pay before the barrier opens, won.
    amount_due: Option<i64>,
    /// With `amount_due`: fee of the stay, won.
    total: Option<i64>,
    /// With `amount_due`: paid so far, won.
    paid: Option<i64>,
    /// `KRW`.
    currency: Option<String>,
    /// With `ask_operator`: masked plates in the lot that look like the one read.
    candidates: Option<Vec<String>>,
}

/// A backlog that was taken.
#[derive(Serialize, ToSchema)]
struct BacklogAccepted {
    /// Events on their way.
    accepted: u32,
    /// Events that could not be read: `index`, `code`, perhaps `field`.
    refused: Vec<RefusedEvent>,
}

/// An event that could not be read.
#[derive(Serialize, ToSchema)]
struct RefusedEvent {
    /// Its place in the body.
    index: u32,
    /// Why.
    code: String,
    /// In which field.
    field: Option<String>,
}

#[utoipa::path(
    post, path = "/v1/gates/{gateId}/events", tag = "gates", operation_id = "gateEvents",
    summary = "What a gate saw, and what its barrier does",
    description = "The body is the vendor's own, unchanged: JSON (UTF-8 or CP949), XML, or multipart with pictures. Sent again, \
                   the same report gives the same answer.",
    params(("gateId" = String, Path, description = "Gate", example = "gate_1")),
    security(("gateSecret" = []), ("gateBearer" = []), ("gateBasic" = [])),
    request_body(content(
        (serde_json::Value = "application/json"), (String = "application/xml"), (String = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "The decision", body = BarrierDecision),
        (status = "4XX", description = "`gate-not-found`, `wrong-gate-secret`, `malformed-json`, `unparseable-time` …",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn gate_events() {}

#[utoipa::path(
    post, path = "/v1/gates/{gateId}/backlog", tag = "gates", operation_id = "gateBacklog",
    summary = "What a gate kept while it was offline",
    description = "At most 1,000 events in the vendor's own form; they are taken one by one, in any order.",
    params(("gateId" = String, Path, description = "Gate", example = "gate_1")),
    security(("gateSecret" = []), ("gateBearer" = []), ("gateBasic" = [])),
    request_body(content(
        (serde_json::Value = "application/json"), (String = "application/xml"), (String = "multipart/form-data"),
    )),
    responses(
        (status = 202, description = "On their way", body = BacklogAccepted),
        (status = "4XX", description = "`not-a-batch`, `too-many-entries`, `body-too-large` …",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn gate_backlog() {}

/// What a counter or a camera counted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Counts {
    /// When it was so, by the device's clock, RFC 3339 with an offset: an older word than the last changes nothing.
    #[schema(example = "2026-11-20T10:05:00+09:00")]
    observed_at: String,
    /// Each class that the device counts, at least one.
    classes: Vec<ClassCount>,
}

/// The count of a class: one of `free` and `occupied`.
#[derive(Serialize, ToSchema)]
struct ClassCount {
    /// `all` (the whole lot), `general`, `disabled`, `charging`, `compact`, `woman` or `family`.
    #[schema(example = "disabled")]
    class: String,
    /// Spaces left.
    #[schema(example = 2)]
    free: Option<u32>,
    /// Spaces taken.
    occupied: Option<u32>,
}

/// What sensors at single spaces see.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SpaceWords {
    /// When their controller said so, RFC 3339 with an offset.
    #[schema(example = "2026-11-20T10:05:00+09:00")]
    observed_at: String,
    /// Spaces whose state has changed, or all; at most 1,000. None: the controller lives and nothing has changed.
    spaces: Vec<SpaceWord>,
}

/// What a sensor sees.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SpaceWord {
    /// What the guidance system calls the space, 1 to 24 characters.
    #[schema(example = "B1-0041")]
    space: String,
    /// Its class, never `all`; `general` if left out.
    class: Option<String>,
    /// Whether a car stands there.
    occupied: bool,
    /// When the sensor saw it, where that is another moment.
    observed_at: Option<String>,
}

/// What became of the entries of a word.
#[derive(Serialize, ToSchema)]
struct WordTaken {
    /// Entries taken, those that changed nothing among them.
    taken: u32,
    /// The others; the body is kept.
    refused: Vec<RefusedEntry>,
}

/// An entry that was not taken.
#[derive(Serialize, ToSchema)]
struct RefusedEntry {
    /// Its place in the body.
    index: u32,
    /// Why: `invalid-member`, `source-not-configured`, `no-class-of-a-space`, `too-many-spaces`, `observed-in-future`.
    code: String,
    /// The same in words.
    detail: String,
}

#[utoipa::path(
    post, path = "/v1/gates/{gateId}/occupancy", tag = "gates", operation_id = "gateOccupancy",
    summary = "What a counter or a camera counted, by class of spaces",
    description = "Absolute numbers. The lot's settings name the device for each class that it may tell of. Sent again, or late, a \
                   word changes nothing and gets the same answer; a bad entry holds up no good one.",
    params(("gateId" = String, Path, description = "The device, registered as a gate without lanes", example = "gate_1")),
    security(("gateSecret" = []), ("gateBearer" = []), ("gateBasic" = [])),
    request_body(content = Counts, content_type = "application/json"),
    responses(
        (status = 200, description = "Taken", body = WordTaken),
        (status = "4XX", description = "Nothing of it was taken: `gate-not-found`, `wrong-gate-secret`, `malformed-json`, `invalid-member`, \
                `source-not-configured`, `observed-in-future`, `too-many-entries` …",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn gate_occupancy() {}

#[utoipa::path(
    post, path = "/v1/gates/{gateId}/spaces", tag = "gates", operation_id = "gateSpaces",
    summary = "What sensors at single spaces see",
    description = "The newest word of each space counts, by the sensor's own time. A body without spaces is a sign of life; without \
                   any for half an hour the numbers are told as outdated.",
    params(("gateId" = String, Path, description = "The sensors' controller, registered as a gate without lanes", example = "gate_1")),
    security(("gateSecret" = []), ("gateBearer" = []), ("gateBasic" = [])),
    request_body(content = SpaceWords, content_type = "application/json"),
    responses(
        (status = 200, description = "Taken", body = WordTaken),
        (status = "4XX", description = "Nothing of it was taken: `gate-not-found`, `wrong-gate-secret`, `malformed-json`, `invalid-member`, \
                `source-not-configured`, `no-class-of-a-space`, `too-many-entries` …",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn gate_spaces() {}

#[utoipa::path(
    post, path = "/v1/webhooks/portone", tag = "webhooks", operation_id = "portoneWebhook",
    summary = "PortOne's webhook (version 2024-04-25)",
    description = "Standard Webhooks. A hint only: the payment is asked for at the gateway before anything is believed.",
    params(
        ("webhook-id" = String, Header, description = "Id of the message"),
        ("webhook-timestamp" = i64, Header, description = "Unix seconds, within five minutes of now"),
        ("webhook-signature" = String, Header, description = "`v1,BASE64`, several apart by spaces"),
    ),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "Verified, kept and queued; unknown types too"),
        (status = "4XX", description = "`webhook-signature-invalid` (401), `webhook-body-invalid` (400), `body-too-large` (413): nothing happened",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn portone_webhook() {}

#[utoipa::path(
    post, path = "/v1/webhooks/portone-v1", tag = "webhooks", operation_id = "portoneV1Webhook",
    summary = "PortOne V1's webhook",
    description = "JSON or a form: `imp_uid`, `merchant_uid`, `status`, perhaps `cancellation_id`. It has no signature: it is taken from \
                   V1's addresses alone, by the API's own connection (so not through the CDN; no header is asked), and only \
                   where the deployment has that contract. A hint only: the payment is asked for at the gateway.",
    request_body(content(
        (serde_json::Value = "application/json"), (String = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Kept and queued"),
        (status = "4XX", description = "`webhook-source-unknown` (403), `webhook-body-invalid` (400), `body-too-large` (413): nothing happened",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Neither kept nor queued for certain", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn portone_v1_webhook() {}
