//! Reading a request: body, headers, path and query.

use super::{
    BODY_TOO_LARGE, INVALID_HEADER, INVALID_IDEMPOTENCY_KEY, INVALID_MEMBER, INVALID_PARAMETER,
    MALFORMED_JSON, MISSING_HEADER, MISSING_PARAMETER, MediaType, UNSUPPORTED_MEDIA_TYPE,
};
use crate::problem::Problem;
use ::http::header::CONTENT_TYPE;
use lambda_http::{Request, RequestExt as _, request::RequestContext};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The body as it was sent (base64 is undone by `lambda_http`), at most `limit_bytes` long.
pub fn body(request: &Request, limit_bytes: usize) -> Result<&[u8], Problem> {
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > limit_bytes {
        return Err(BODY_TOO_LARGE
            .problem()
            .detail(format!("{} bytes were sent, at most {limit_bytes} are taken", bytes.len()))
            .with("limitBytes", limit_bytes));
    }
    Ok(bytes)
}

/// A header that occurs at most once. API Gateway joins repeated headers with commas before a function sees them, so a header whose
/// value can't contain a comma is better read with [`token_header`].
pub fn header<'a>(request: &'a Request, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut values = request.headers().get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid_header(name, "it is there more than once"));
    }
    value.to_str().map(Some).map_err(|_| invalid_header(name, "it holds characters outside ASCII"))
}

/// A header that must be there, once.
pub fn required_header<'a>(request: &'a Request, name: &'static str) -> Result<&'a str, Problem> {
    header(request, name)?.filter(|value| !value.is_empty()).ok_or_else(|| {
        MISSING_HEADER.problem().detail(format!("the header {name} is needed")).with("header", name)
    })
}

/// A header that must be there once and is a single word without spaces or commas, as keys and secrets are: two of them, joined by API
/// Gateway, are refused rather than read as one.
pub fn token_header<'a>(request: &'a Request, name: &'static str) -> Result<&'a str, Problem> {
    let value = required_header(request, name)?;
    if value.bytes().any(|c| c == b',' || !c.is_ascii_graphic()) {
        return Err(invalid_header(name, "it is repeated, or holds a space or a comma"));
    }
    Ok(value)
}

fn invalid_header(name: &'static str, why: &str) -> Problem {
    INVALID_HEADER.problem().detail(format!("the header {name} can't be read: {why}")).with("header", name)
}

/// The content type; a missing or unreadable one is an error, for no adapter can be chosen without it.
pub fn content_type(request: &Request) -> Result<MediaType, Problem> {
    let unsupported = |why: &str| UNSUPPORTED_MEDIA_TYPE.problem().detail(why);
    let text =
        header(request, CONTENT_TYPE.as_str())?.ok_or_else(|| unsupported("no Content-Type was sent"))?;
    MediaType::parse(text).ok_or_else(|| unsupported("the Content-Type can't be read"))
}

/// A parameter of the path, percent-decoded. API Gateway decodes it already, local stand-ins don't; decoding twice changes nothing, as
/// no id and no plate contains a percent sign.
pub fn path_parameter(request: &Request, name: &'static str) -> Result<String, Problem> {
    let raw = request.path_parameters_ref().and_then(|all| all.first(name)).filter(|value| !value.is_empty());
    let raw = raw.ok_or_else(|| missing_parameter(name))?;
    percent_decoded(raw).ok_or_else(|| invalid_parameter(name, &"it is not valid UTF-8"))
}

/// A parameter of the path, parsed.
pub fn path_parsed<T>(request: &Request, name: &'static str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    path_parameter(request, name)?.parse().map_err(|error| invalid_parameter(name, &error))
}

/// A parameter of the query that may be left out, parsed; repeated, it is an error, and empty it counts as left out.
pub fn query<T>(request: &Request, name: &'static str) -> Result<Option<T>, Problem>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let values = request.query_string_parameters_ref().and_then(|all| all.all(name)).unwrap_or_default();
    match values.as_slice() {
        [] | [""] => Ok(None),
        [value] => value.parse().map(Some).map_err(|error| invalid_parameter(name, &error)),
        _ => Err(invalid_parameter(name, &"it is there more than once")),
    }
}

/// A parameter of the query that must be there, parsed.
pub fn query_parsed<T>(request: &Request, name: &'static str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    query(request, name)?.ok_or_else(|| missing_parameter(name))
}

fn missing_parameter(name: &'static str) -> Problem {
    MISSING_PARAMETER.problem().detail(format!("the parameter {name} is needed")).with("parameter", name)
}

fn invalid_parameter(name: &'static str, why: &dyn fmt::Display) -> Problem {
    INVALID_PARAMETER
        .problem()
        .detail(format!("the parameter {name} can't be used: {why}"))
        .with("parameter", name)
}

/// `%EA%B0%80` → 가; a percent sign that starts no escape stays as it is. `None` where the bytes are not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

/// The body as JSON of type `T`. What isn't JSON is told apart from a member that is missing or of the wrong kind; the latter is pointed at
/// with a JSON pointer in `pointer` (as RFC 9457, 3.2 has it).
pub fn json_body<T: DeserializeOwned>(request: &Request, limit_bytes: usize) -> Result<T, Problem> {
    if !content_type(request)?.is_json() {
        return Err(UNSUPPORTED_MEDIA_TYPE.problem().detail("application/json is taken here"));
    }
    let bytes = body(request, limit_bytes)?;
    let malformed = |error: &serde_json::Error| MALFORMED_JSON.problem().detail(error.to_string());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| match error.inner().classify() {
            serde_json::error::Category::Data => INVALID_MEMBER
                .problem()
                .detail(error.inner().to_string())
                .with("pointer", json_pointer(error.path())),
            _ => malformed(error.inner()),
        })?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// `#/events/3/plate`
fn json_pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::from("#");
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.extend(["/", &index.to_string()]),
            Segment::Map { key } => pointer.extend(["/", &key.replace('~', "~0").replace('/', "~1")]),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// What makes a repeated request the same request: 8 to 64 visible ASCII characters, chosen by the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The `Idempotency-Key` of a request that creates or charges.
pub fn idempotency_key(request: &Request) -> Result<IdempotencyKey, Problem> {
    let value = header(request, "idempotency-key")?.unwrap_or_default();
    let legal = |c: u8| c.is_ascii_graphic() && c != b',';
    if !(8..=64).contains(&value.len()) || !value.bytes().all(legal) {
        return Err(INVALID_IDEMPOTENCY_KEY.problem());
    }
    Ok(IdempotencyKey(value.to_owned()))
}

/// The route that API Gateway chose, as the template names it: `GET /v1/lots/{lotId}`.
pub fn route_key(request: &Request) -> Option<&str> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.route_key.as_deref(),
        // Another feature of `lambda_http` elsewhere in the workspace may add variants.
        #[allow(unreachable_patterns, reason = "only this variant exists with this crate's own features")]
        _ => None,
    }
}

/// The address that API Gateway's own connection came from. Behind CloudFront that is an edge's; what a header says of it
/// (`X-Forwarded-For`) is written by whoever sends, and never asked.
pub fn source_ip(request: &Request) -> Option<IpAddr> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
        #[allow(unreachable_patterns, reason = "only this variant exists with this crate's own features")]
        _ => None,
    }
}

/// Lambda's id of this invocation, if the request came through Lambda.
pub fn request_id(request: &Request) -> Option<&str> {
    request.lambda_context_ref().map(|context| context.request_id.as_str()).filter(|id| !id.is_empty())
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
