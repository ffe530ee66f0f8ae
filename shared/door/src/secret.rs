//! A gate proves itself by its secret, in whichever header its firmware can set.

use baro_runtime::http::header;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambda_http::Request;

/// The secret as the firmware can send it: `X-Gate-Secret`, a bearer token, or the password of HTTP Basic.
pub(crate) fn given(request: &Request) -> Option<Vec<u8>> {
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
