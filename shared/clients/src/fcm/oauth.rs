//! Access tokens for a Google service account (RFC 7523): a signed assertion is traded for a token that lasts an hour.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::FcmAccount;
use crate::http::{CallFailure, HttpClient};
use crate::secret::Secret;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest an assertion may live.
const ASSERTION_SECONDS: i64 = 3_600;
/// A token is replaced so long before it expires: longer than a call lasts.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Why there is no token.
#[derive(Debug)]
pub(super) enum TokenError {
    /// Ask again later.
    Passing(String),
    /// The account or its key is wrong.
    Refused(String),
}

#[derive(Debug, Clone)]
struct Token {
    value: Secret,
    replace_at: Timestamp,
}

/// The account's access token, fetched when first needed and kept until shortly before it expires.
#[derive(Debug)]
pub(super) struct AccessTokens {
    http: HttpClient,
    token_url: String,
    account: FcmAccount,
    kept: Mutex<Option<Token>>,
}

impl AccessTokens {
    pub(super) fn new(http: HttpClient, token_url: String, account: FcmAccount) -> Self {
        Self { http, token_url, account, kept: Mutex::new(None) }
    }

    /// A token that is good for the next minutes. The lock is held over the call: one fetch serves all who wait.
    pub(super) async fn get(&self, now: Timestamp) -> Result<Secret, TokenError> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| now < token.replace_at) {
            return Ok(token.value.clone());
        }
        let token = self.fetch(now).await?;
        Ok(kept.insert(token).value.clone())
    }

    /// Forgets the token after Google refused it.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    async fn fetch(&self, now: Timestamp) -> Result<Token, TokenError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: Secret,
            expires_in: i64,
        }
        let assertion = assertion(&self.account, &self.token_url, now)?;
        let form = [("grant_type", GRANT_TYPE), ("assertion", &assertion)];
        let answer = match self.http.call(self.http.inner().post(&self.token_url).form(&form)).await {
            Ok(answer) => answer,
            Err(CallFailure::NotSent(cause) | CallFailure::NoAnswer(cause)) => {
                return Err(TokenError::Passing(format!("access token: {cause}")));
            }
        };
        if answer.is_passing_fault() {
            return Err(TokenError::Passing(format!("access token: HTTP {}", answer.status)));
        }
        let granted = if answer.is_success() { answer.json::<Granted>() } else { None };
        let granted =
            granted.ok_or_else(|| TokenError::Refused(format!("access token: HTTP {}", answer.status)))?;
        let lifetime = SignedDuration::from_secs(granted.expires_in.clamp(0, ASSERTION_SECONDS));
        let replace_at = now.saturating_add(lifetime - MARGIN).unwrap_or(now);
        Ok(Token { value: granted.access_token, replace_at })
    }
}

/// The signed statement of who asks for what, as a JWT.
fn assertion(account: &FcmAccount, audience: &str, now: Timestamp) -> Result<String, TokenError> {
    let wrong = |what: &str| TokenError::Refused(format!("the service account's private key {what}"));
    let der = pem_body(account.private_key.expose()).ok_or_else(|| wrong("is not PEM"))?;
    let key = RsaKeyPair::from_pkcs8(&der).map_err(|_| wrong("is not an RSA key in PKCS#8"))?;
    let issued_at = now.as_second();
    let claims = json!({
        "iss": account.client_email, "scope": SCOPE, "aud": audience,
        "iat": issued_at, "exp": issued_at + ASSERTION_SECONDS,
    });
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| wrong("can't sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The bytes between the lines of a PEM text.
fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}
