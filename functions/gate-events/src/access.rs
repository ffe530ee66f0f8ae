//! Who is knocking: a gate proves itself by its secret, in whichever header its firmware can set.

use std::sync::Arc;

use baro_domain::GateId;
use baro_runtime::{Problem, access::is_secret, http::header, problem::ToProblem as _};
use baro_store::GateRecord;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use lambda_http::Request;

use crate::{
    GateEvents,
    codes::{GATE_NOT_FOUND, WRONG_GATE_SECRET},
};

/// The gate that the request speaks for, and what is known of its clocks.
///
/// An unknown gate and a wrong secret have codes of their own, since whoever sets up a gate must be able to tell a typing
/// error in the address from one in the secret. What a stranger could learn from it is that a gate's id exists, which
/// opens nothing: the secret has 256 random bits. Both take the same way through the code: one look into the Directory
/// (kept for a minute, found or not), one digest, one comparison in constant time.
pub(crate) async fn admit(
    service: &GateEvents,
    gate_id: &str,
    request: &Request,
    now: Timestamp,
) -> Result<Arc<GateRecord>, Problem> {
    let gate = match GateId::parse(gate_id) {
        Ok(id) => {
            let load = async |id: &GateId| Ok(service.passages.directory().gate(id).await?.map(Arc::new));
            service.gates.get(&id, now, load).await.map_err(|error: Unread| error.to_problem())?
        }
        Err(_) => None,
    };
    let kept = gate.as_deref().map(|record| record.gate.secret_sha256.as_str());
    let is_same = is_secret(&secret(request).unwrap_or_default(), kept);
    match gate {
        None => Err(GATE_NOT_FOUND.problem()),
        Some(gate) if is_same => Ok(gate),
        Some(_) => Err(WRONG_GATE_SECRET.problem()),
    }
}

/// The Directory could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Unread(#[from] baro_store::StoreError);

impl baro_runtime::ToProblem for Unread {
    fn to_problem(&self) -> Problem {
        if self.0.is_transient() {
            crate::codes::unavailable(&baro_runtime::problem::chain(&self.0))
        } else {
            baro_runtime::problem::internal(&self.0)
        }
    }
}

/// The secret as the firmware can send it: `X-Gate-Secret`, a bearer token, or the password of HTTP Basic.
fn secret(request: &Request) -> Option<Vec<u8>> {
    if let Ok(Some(secret)) = header(request, "x-gate-secret") {
        return Some(secret.trim().as_bytes().to_vec());
    }
    let authorization = header(request, "authorization").ok()??;
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = STANDARD.decode(rest.trim()).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some(credentials[colon + 1..].to_vec())
}
