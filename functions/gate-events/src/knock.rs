//! One request before it is known what it says: its body, its gate, and what becomes of it when it is refused.

use std::sync::Arc;

use baro_domain::ids::digest;
use baro_gates::GateRequest;
use baro_runtime::{
    Problem,
    http::{body, header, path_parameter, request_id, with_header},
};
use baro_store::GateRecord;
use http::{Response, StatusCode, header::WWW_AUTHENTICATE};
use jiff::Timestamp;
use lambda_http::{Body, Request, RequestExt as _};

use crate::{GateEvents, access, archive::Refused, codes};

/// The most bytes of a body. Lambda takes 6 MiB an invocation, the event around the body included; what arrives as
/// base64 (any binary content type) ends at three quarters of that, in API Gateway's own 413.
pub const MAX_BODY_BYTES: usize = 6_000_000;

/// A request at a gate's address.
#[derive(Debug)]
pub(crate) struct Knock<'a> {
    request: &'a Request,
    gate_id: String,
    pub(crate) received_at: Timestamp,
}

impl<'a> Knock<'a> {
    pub(crate) fn new(request: &'a Request, received_at: Timestamp) -> Result<Self, Problem> {
        Ok(Self { request, gate_id: path_parameter(request, "gateId")?, received_at })
    }

    /// The body as it came, whatever its size.
    pub(crate) fn body(&self) -> &'a [u8] {
        self.request.body().as_ref()
    }

    /// Who it is, if the request may be looked at at all.
    pub(crate) async fn admit(&self, service: &GateEvents) -> Result<Arc<GateRecord>, Problem> {
        let gate = access::admit(service, &self.gate_id, self.request, self.received_at).await?;
        body(self.request, MAX_BODY_BYTES)?;
        header(self.request, "content-type")?;
        Ok(gate)
    }

    fn content_type(&self) -> Option<&'a str> {
        header(self.request, "content-type").ok().flatten()
    }

    /// For the adapters. What a vendor's settings can't carry stands in the gate's address: `?path=` takes the path that
    /// the vendor appends to it, `?charset=` the character set it does not name.
    pub(crate) fn read<T>(&self, adapter: impl FnOnce(&GateRequest<'_>) -> T) -> T {
        let query = self.request.query_string_parameters_ref();
        let of = |name: &str| query.and_then(|query| query.first(name)).filter(|value| !value.is_empty());
        adapter(&GateRequest {
            path_hint: of("path"),
            content_type: self.content_type(),
            charset: of("charset"),
            body: self.body(),
        })
    }

    /// Names the request: Lambda's id, or what the same request would be named again.
    pub(crate) fn id(&self) -> String {
        let drawn = || digest(&[&self.gate_id, &self.received_at.to_string(), &self.body_digest()]);
        request_id(self.request).map_or_else(drawn, str::to_owned)
    }

    /// Tells bodies of this gate apart.
    pub(crate) fn body_digest(&self) -> String {
        use sha2::Digest as _;
        let digest = sha2::Sha256::new_with_prefix(self.gate_id.as_bytes()).chain_update(self.body());
        hex::encode(&digest.finalize()[..16])
    }

    /// Keeps the body of a refused request, then refuses it. Where it can't be kept the sender is asked to send it again
    /// instead: a report that nobody could read is the only trace of a car.
    pub(crate) async fn refuse(
        &self,
        service: &GateEvents,
        problem: Problem,
    ) -> Result<Response<Body>, Problem> {
        if problem.status().is_server_error() && problem.code() != codes::UNKNOWN_TIME_ZONE.code {
            return Err(problem);
        }
        self.keep_refused(service, &problem).await?;
        if problem.status() != StatusCode::UNAUTHORIZED {
            return Err(problem);
        }
        // Some cameras send their password only when asked for it (RFC 9110, 11.6.1).
        problem.log();
        let named = problem.instance(format!("urn:uuid:{}", self.id()));
        Ok(with_header(named.into_response(), WWW_AUTHENTICATE, r#"Basic realm="gate", charset="UTF-8""#))
    }

    /// Keeps the body of which at least a part was refused.
    pub(crate) async fn keep_refused(&self, service: &GateEvents, problem: &Problem) -> Result<(), Problem> {
        let refused = Refused {
            gate: &self.gate_id,
            code: problem.code(),
            field: problem.member("field").and_then(|field| field.as_str()),
            content_type: self.content_type(),
            received_at: self.received_at,
            request: &self.id(),
        };
        let kept = service.archive.keep_refused(&refused, self.body()).await;
        kept.map_err(|error| codes::unavailable(&format!("{} not kept: {error}", problem.code())))
    }
}
