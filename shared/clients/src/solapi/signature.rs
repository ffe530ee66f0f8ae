//! Solapi's request signature: hex HMAC-SHA256 over date and salt.

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::SolapiAccount;
use crate::secret::Secret;

fn hmac_hex(secret: &Secret, parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes any length"));
    for part in parts {
        mac.update(part.as_bytes());
    }
    hex::encode(mac.finalize().into_bytes())
}

/// A salt of 32 letters and digits. Derived, not drawn: the same cause at the same nanosecond is the same request, and without
/// the secret nobody can foretell it.
pub(super) fn salt(secret: &Secret, cause: &str, now: Timestamp) -> String {
    let mut salt = hmac_hex(secret, &["salt ", cause, " ", &now.as_nanosecond().to_string()]);
    salt.truncate(32);
    salt
}

/// The `Authorization` header.
pub(super) fn authorization(account: &SolapiAccount, date: &str, salt: &str) -> String {
    let signature = hmac_hex(&account.api_secret, &[date, salt]);
    format!("HMAC-SHA256 apiKey={}, date={date}, salt={salt}, signature={signature}", account.api_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_is_signed_alike() {
        let account = SolapiAccount {
            api_key: "APIKEY".into(),
            api_secret: Secret::new("APISECRET"),
            pf_id: "pf".into(),
            from: "0421234567".into(),
        };
        let header = authorization(&account, "2024-01-01T00:00:00+09:00", "abcdefghijklmnopqrstuvwxyz012345");
        assert!(
            header.ends_with("signature=284ff3f6773532c5925fb806c451da845fd1100e17deb761d422acecd62d7120"),
            "{header}"
        );
    }

    #[test]
    fn a_salt_has_32_characters_and_is_not_used_twice() {
        let secret = Secret::new("s");
        let at = Timestamp::UNIX_EPOCH;
        let first = salt(&secret, "ntc_1", at);
        assert_eq!((first.len(), first.bytes().all(|c| c.is_ascii_alphanumeric())), (32, true));
        assert_ne!(first, salt(&secret, "ntc_2", at));
        assert_ne!(first, salt(&secret, "ntc_1", Timestamp::from_nanosecond(1).unwrap()));
    }
}
