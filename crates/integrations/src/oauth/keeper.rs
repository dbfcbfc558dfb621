//! Keeps an integration's access token fresh: renewed early, by one task at a time, and stored before
//! it is used.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::{App, OAuthFlow, StoredTokens, TokenError, TokenPair, TokenStore};
use crate::http::HttpClient;

/// Hands out an integration's access token.
pub struct TokenKeeper {
    flow: Option<&'static dyn OAuthFlow>,
    store: Arc<dyn TokenStore>,
    /// What was stored last, as far as we know; the lock also lets one task renew at a time.
    known: Mutex<Option<StoredTokens>>,
}

impl TokenKeeper {
    /// Keeps what is in `store`, renewed through `flow` where there is one.
    pub fn new(flow: Option<&'static dyn OAuthFlow>, store: Arc<dyn TokenStore>) -> Self {
        Self { flow, store, known: Mutex::new(None) }
    }

    /// Returns a pair whose access token can be used now, renewing it when it is time.
    ///
    /// # Errors
    /// Fails when there is no usable token. A renewal that fails while the old token still works
    /// is no error: it is tried again with the next call.
    pub async fn current(&self, http: &HttpClient, app: &App) -> Result<TokenPair, TokenError> {
        let now = http.surroundings().now();
        let mut known = self.known.lock().await;
        let stored = match known.clone() {
            Some(stored) => stored,
            None => self.store.load().await?,
        };
        let is_due = stored.tokens.renew_at().is_some_and(|at| at <= now);
        let renewed =
            if is_due { self.renew(http, app, stored.clone()).await } else { Ok(stored.clone()) };
        let usable = match renewed {
            Err(TokenError::Unavailable { .. }) if !stored.tokens.has_expired(now) => stored,
            renewed => renewed?,
        };
        *known = Some(usable.clone());
        Ok(usable.tokens)
    }

    /// Returns another pair than the one whose access token the vendor refused.
    ///
    /// Of several tasks that were refused with the same token, one renews it.
    ///
    /// # Errors
    /// Fails when the token cannot be renewed.
    pub async fn after_refusal(
        &self,
        http: &HttpClient,
        app: &App,
        refused: &SecretString,
    ) -> Result<TokenPair, TokenError> {
        let mut known = self.known.lock().await;
        let stored = self.store.load().await?;
        let is_new = stored.tokens.access.expose_secret() != refused.expose_secret();
        let usable = if is_new { stored } else { self.renew(http, app, stored).await? };
        *known = Some(usable.clone());
        Ok(usable.tokens)
    }

    /// Returns the pair that was stored since one that the vendor has ended, if there is any: the tenant
    /// may have connected again, in another process.
    ///
    /// # Errors
    /// Fails when the store cannot be reached, or holds nothing any more.
    pub async fn superseding(&self, ended: &SecretString) -> Result<Option<TokenPair>, TokenError> {
        let mut known = self.known.lock().await;
        let stored = self.store.load().await?;
        let is_new = stored.tokens.access.expose_secret() != ended.expose_secret();
        *known = Some(stored.clone());
        Ok(is_new.then_some(stored.tokens))
    }

    /// Gets the next pair and stores it. When the vendor refuses, the tenant may have connected again
    /// meanwhile, which waits for nobody: then what came of that is used.
    async fn renew(
        &self,
        http: &HttpClient,
        app: &App,
        stored: StoredTokens,
    ) -> Result<StoredTokens, TokenError> {
        let (Some(flow), Some(_)) = (self.flow, &stored.tokens.refresh) else {
            return Err(TokenError::ReconnectNeeded { code: "no refresh token".to_owned() });
        };
        let _lock = self.store.lock().await?;
        let latest = self.store.load().await?;
        if latest.revision != stored.revision {
            return Ok(latest);
        }
        match flow.refresh(http, app, &stored.tokens).await {
            Ok(tokens) => Ok(self.store.replace(stored.revision, tokens).await?),
            Err(TokenError::ReconnectNeeded { code }) => {
                let latest = self.store.load().await?;
                if latest.revision == stored.revision {
                    return Err(TokenError::ReconnectNeeded { code });
                }
                Ok(latest)
            }
            Err(other) => Err(other),
        }
    }
}
