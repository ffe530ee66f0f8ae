//! Whether a secret is the one that a digest was kept of.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Compares in constant time. A digest that does not read is like none: it fits no secret, and takes the same time.
/// A fast hash is enough for secrets of 256 random bits; it would not be for passwords.
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
}
