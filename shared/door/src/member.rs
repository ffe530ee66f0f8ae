//! Who asks as a member: `Authorization: Bearer drv_….SECRET`, or `cmp_….SECRET` of a company.

use baro_domain::{CompanyId, DriverId, Member, visit::Payer};
use baro_runtime::{
    ErrorCode, Problem,
    access::{bearer_key, fitting},
    problem::failure,
};
use baro_store::{Directory, Stored};
use lambda_http::Request;

/// No member's key was sent, or one that fits no member.
pub const WRONG_MEMBER_KEY: ErrorCode =
    ErrorCode::new(401, "wrong-member-key", "A valid member's key is needed");

/// The member by the key, as it is now: a key that was taken away works no more at once. Whatever is wrong, the answer is the
/// same, and so is the way through the code: one look into the Directory, one digest and comparison for each key.
pub async fn caller(directory: &Directory, request: &Request) -> Result<Stored<Member>, Problem> {
    let refused = || WRONG_MEMBER_KEY.problem();
    let (id, secret) = bearer_key(request)?.ok_or_else(refused)?;
    let payer = payer(id).ok_or_else(refused)?;
    let member = directory.member(&payer).await.map_err(|error| failure(&error, error.is_transient()))?;
    let keys = member.as_ref().map_or(&[][..], |member| &member.value.keys);
    let fits = fitting(secret, keys.iter().map(|key| key.secret_sha256.as_str()));
    fits.and(member).ok_or_else(refused)
}

fn payer(id: &str) -> Option<Payer> {
    let driver = DriverId::parse(id).ok().map(Payer::Driver);
    driver.or_else(|| CompanyId::parse(id).ok().map(Payer::Company))
}
