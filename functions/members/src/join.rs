//! Becoming a member: no name, no number, a key.

use baro_domain::{AccessKey, DriverId, Member, visit::Payer};
use baro_runtime::{
    Problem,
    access::digest_of,
    http::{idempotency_key, respond_json},
    problem::internal,
    random,
};
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{
    Members,
    codes::{MEMBER_EXISTS, store},
};

/// 256 bits: a fast digest of it is enough.
const SECRET_BYTES: usize = 32;

/// A new member. The key is shown this once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Joined<'a> {
    member_id: &'a str,
    key: String,
}

/// `POST /v1/members`. A repeated Idempotency-Key makes no second member, and is refused: its key is not kept, so it can't be
/// shown again. Whoever lost the answer asks with a new one; a member without plates is nobody's.
pub(crate) async fn join(api: &Members, request: &Request) -> Result<Response<Body>, Problem> {
    let idempotency = idempotency_key(request)?;
    let id = DriverId::derive(&["member", idempotency.as_str()]);
    let drawn = random::bytes::<SECRET_BYTES>().map_err(|error| internal(&error))?;
    let secret = hex::encode(drawn);
    let key = AccessKey { name: "driver".to_owned(), secret_sha256: digest_of(&secret) };
    let member = Member::new(Payer::Driver(id.clone()), None, key, api.clock.now());
    if !api.directory.create_member(&member).await.map_err(store)? {
        return Err(MEMBER_EXISTS.problem());
    }
    tracing::info!(member = %id, "a driver became a member");
    let joined = Joined { member_id: id.as_str(), key: format!("{id}.{secret}") };
    respond_json(StatusCode::CREATED, &joined)
}
