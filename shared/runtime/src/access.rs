//! Keys that a caller proves itself with: `Authorization: Bearer ID.SECRET`, and whether a secret is the one that a digest was
//! kept of.

use lambda_http::Request;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{http::header, problem::Problem};

/// The id and the secret of `Authorization: Bearer ID.SECRET`; `None` where there is no such thing.
pub fn bearer_key(request: &Request) -> Result<Option<(&str, &str)>, Problem> {
    Ok(header(request, "authorization")?.and_then(bearer).and_then(|token| token.split_once('.')))
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Which of these digests the secret fits, the first of them. All are compared, whichever fits; where there are none, one
/// comparison is made all the same.
pub fn fitting<'a>(given: &str, kept_sha256_hex: impl IntoIterator<Item = &'a str>) -> Option<usize> {
    let mut kept = kept_sha256_hex.into_iter().enumerate().peekable();
    if kept.peek().is_none() {
        is_secret(given.as_bytes(), None);
    }
    let fits = kept.filter(|(_, digest)| is_secret(given.as_bytes(), Some(digest)));
    fits.fold(None, |first, (at, _)| first.or(Some(at)))
}

/// What is kept of a secret: its SHA-256, hex. A fast hash is enough for secrets of 256 random bits; it would not be for
/// passwords.
pub fn digest_of(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// Compares in constant time. A digest that does not read is like none: it fits no secret, and takes the same time.
pub fn is_secret(given: &[u8], kept_sha256_hex: Option<&str>) -> bool {
    let mut kept = [0; 32];
    let is_kept = kept_sha256_hex.is_some_and(|digest| hex::decode_to_slice(digest, &mut kept).is_ok());
    bool::from(Sha256::digest(given).as_slice().ct_eq(&kept)) && is_kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_that_was_kept_fits() {
        let kept = hex::encode(Sha256::digest(b"secret"));
        assert!(is_secret(b"secret", Some(&kept)));
        assert!(!is_secret(b"Secret", Some(&kept)));
        assert!(!is_secret(b"secret", None));
        assert!(!is_secret(b"secret", Some("no digest")));
        assert!(!is_secret(b"", Some("")));
    }

    #[test]
    fn the_first_key_that_fits_is_named() {
        let kept = [digest_of("a"), digest_of("b"), digest_of("b")];
        assert_eq!(fitting("b", kept.iter().map(String::as_str)), Some(1));
        assert_eq!(fitting("c", kept.iter().map(String::as_str)), None);
        assert_eq!(fitting("c", []), None);
    }

    #[test]
    fn a_key_is_an_id_and_a_secret_behind_the_word_bearer() {
        let of = |value: &str| {
            let request = http::Request::builder().header("authorization", value);
            let request = request.body(lambda_http::Body::Empty).unwrap();
            bearer_key(&request).unwrap().map(|(id, secret)| (id.to_owned(), secret.to_owned()))
        };
        assert_eq!(of("bearer  opr_1.x.y"), Some(("opr_1".into(), "x.y".into())));
        for other in ["Basic opr_1.x", "Bearer", "opr_1.x", "Bearer opr_1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
