//! One request before it is known what it says.

use baro_domain::ids::digest;
use baro_runtime::{
    Problem,
    http::{header, path_parameter, request_id},
};
use jiff::Timestamp;
use lambda_http::Request;

/// A request at a gate's address.
#[derive(Debug)]
pub struct Knock<'a> {
    request: &'a Request,
    gate_id: String,
    /// When it came.
    pub received_at: Timestamp,
}

impl<'a> Knock<'a> {
    /// A request that came at this moment. Errors: its address names no gate.
    pub fn new(request: &'a Request, received_at: Timestamp) -> Result<Self, Problem> {
        Ok(Self { request, gate_id: path_parameter(request, "gateId")?, received_at })
    }

    /// The request.
    pub fn request(&self) -> &'a Request {
        self.request
    }

    /// The gate as the address names it; there may be no such gate.
    pub fn gate_id(&self) -> &str {
        &self.gate_id
    }

    /// The body as it came, whatever its size.
    pub fn body(&self) -> &'a [u8] {
        self.request.body().as_ref()
    }

    /// The content type, where it is there once and readable.
    pub fn content_type(&self) -> Option<&'a str> {
        header(self.request, "content-type").ok().flatten()
    }

    /// Names the request: Lambda's id, or what the same request would be named again.
    pub fn id(&self) -> String {
        let drawn = || digest(&[&self.gate_id, &self.received_at.to_string(), &self.body_digest()]);
        request_id(self.request).map_or_else(drawn, str::to_owned)
    }

    /// Tells bodies of this gate apart.
    pub fn body_digest(&self) -> String {
        use sha2::Digest as _;
        let digest = sha2::Sha256::new_with_prefix(self.gate_id.as_bytes()).chain_update(self.body());
        hex::encode(&digest.finalize()[..16])
    }
}
