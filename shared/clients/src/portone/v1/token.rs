//! V1's access tokens: fetched when first needed, kept until shortly before they expire.

use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::super::error::{Effect, from_failure};
use super::super::{GatewayError, Refusal, RefusalKind};
use super::sorted;
use crate::http::HttpClient;
use crate::secret::Secret;

/// A token is replaced so long before it expires: longer than a call lasts.
const MARGIN: Duration = Duration::from_mins(1);
/// The longest a token lives; a gateway that promises more is not believed.
const LONGEST: Duration = Duration::from_mins(30);

#[derive(Debug)]
struct Token {
    value: Secret,
    replace_at: Instant,
}

/// The merchant's access token.
#[derive(Debug)]
pub(super) struct AccessTokens {
    http: HttpClient,
    url: Url,
    imp_key: Secret,
    imp_secret: Secret,
    kept: Mutex<Option<Token>>,
}

impl AccessTokens {
    pub(super) fn new(http: HttpClient, url: Url, imp_key: Secret, imp_secret: Secret) -> Self {
        Self { http, url, imp_key, imp_secret, kept: Mutex::new(None) }
    }

    /// A token that outlasts a call. The lock is held over the fetch: one serves all who wait.
    pub(super) async fn get(&self) -> Result<Secret, GatewayError> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() < token.replace_at) {
            return Ok(token.value.clone());
        }
        let token = self.fetch().await?;
        Ok(kept.insert(token).value.clone())
    }

    /// Forgets a token that was refused, unless another one stands in its place already.
    pub(super) async fn forget(&self, refused: &Secret) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|token| token.value == *refused) {
            *kept = None;
        }
    }

    async fn fetch(&self) -> Result<Token, GatewayError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: Secret,
            now: i64,
            expired_at: i64,
        }
        let body = json!({"imp_key": self.imp_key.expose(), "imp_secret": self.imp_secret.expose()});
        let asked_at = Instant::now();
        let request = self.http.inner().post(self.url.clone()).json(&body);
        let answer = self.http.call(request).await.map_err(|failure| from_failure(failure, Effect::None))?;
        // A refusal of key and secret has no other kind than "not you", whatever its status.
        let granted: Granted = sorted(&answer, Effect::None).map_err(|error| match error {
            GatewayError::Final(refusal) => {
                GatewayError::Final(Refusal { kind: RefusalKind::Unauthorized, ..refusal })
            }
            other => other,
        })?;
        // The gateway's own two readings of its clock: ours does not come in.
        let lifetime_s = u64::try_from(granted.expired_at.saturating_sub(granted.now)).unwrap_or(0);
        let lifetime = Duration::from_secs(lifetime_s).min(LONGEST).saturating_sub(MARGIN);
        Ok(Token { value: granted.access_token, replace_at: asked_at + lifetime })
    }
}
