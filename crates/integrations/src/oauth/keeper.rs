//! Keeps an integration's access token fresh: renewed early, by one task at a time, and stored before
//! it is used.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::{App, OAuthFlow, StoredTokens, TokenError, TokenPair, TokenStore, TokenStoreError};
use crate::http::HttpClient;

/// How long after a renewal that failed no other is tried while the access token lives: every call would
/// else ask for one, and wait for that.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// Hands out an integration's access token.
pub struct TokenKeeper {
    flow: Option<&'static dyn OAuthFlow>,
    store: Arc<dyn TokenStore>,
    /// The lock also lets one task renew at a time.
    known: Mutex<Known>,
}

/// What is known of an integration's tokens.
#[derive(Default)]
struct Known {
    /// What was stored last, as far as we know.
    stored: Option<StoredTokens>,
    /// A pair that the vendor has given and that could not be stored: what renewed it may not work again.
    unkept: Option<Unkept>,
    /// The access token in whose place there was no other, and when.
    unrenewed: Option<(SecretString, Timestamp)>,
}

impl Known {
    /// Whether a pair could not be renewed a moment ago.
    fn was_just_unrenewed(&self, tokens: &TokenPair, now: Timestamp) -> bool {
        self.unrenewed.as_ref().is_some_and(|(access, at)| {
            is_same(access, &tokens.access) && now.duration_since(*at) < ASKED_AGAIN
        })
    }
}

/// A pair that is not stored.
struct Unkept {
    /// In whose place it is.
    replaced: SecretString,
    tokens: TokenPair,
}

impl TokenKeeper {
    /// Keeps what is in `store`, renewed through `flow` where there is one.
    pub fn new(flow: Option<&'static dyn OAuthFlow>, store: Arc<dyn TokenStore>) -> Self {
        Self { flow, store, known: Mutex::default() }
    }

    /// Returns a pair whose access token can be used now, renewing it when it is time.
    ///
    /// # Errors
    /// Fails when there is no usable token. A renewal that fails, or is refused, while the old token lives
    /// is no error and is tried again some minutes later: whether the old one still works, the vendor says
    /// where it is used.
    pub async fn current(&self, http: &HttpClient, app: &App) -> Result<TokenPair, TokenError> {
        let now = http.surroundings().now();
        let mut known = self.known.lock().await;
        let stored = match known.stored.clone() {
            Some(stored) => stored,
            None => self.store.load().await?,
        };
        let has_expired = stored.tokens.has_expired(now);
        let is_due = stored.tokens.renew_at().is_some_and(|at| at <= now)
            && (has_expired || !known.was_just_unrenewed(&stored.tokens, now));
        let renewed = if is_due {
            self.renew(http, app, &stored, &mut known.unkept).await
        } else {
            Ok(stored.clone())
        };
        let usable = match renewed {
            Err(
                TokenError::Unavailable { .. }
                | TokenError::NotNow { .. }
                | TokenError::Unreadable { .. }
                | TokenError::ReconnectNeeded { .. },
            ) if !has_expired => {
                known.unrenewed = Some((stored.tokens.access.clone(), now));
                stored
            }
            renewed => renewed?,
        };
        known.stored = Some(usable.clone());
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
        let is_new = !is_same(&stored.tokens.access, refused);
        let usable =
            if is_new { stored } else { self.renew(http, app, &stored, &mut known.unkept).await? };
        known.stored = Some(usable.clone());
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
        let is_new = !is_same(&stored.tokens.access, ended);
        known.stored = Some(stored.clone());
        Ok(is_new.then_some(stored.tokens))
    }

    /// Gets the next pair and stores it. When the vendor refuses, the tenant may have connected again
    /// meanwhile, which waits for nobody: then what came of that is used.
    async fn renew(
        &self,
        http: &HttpClient,
        app: &App,
        stored: &StoredTokens,
        unkept: &mut Option<Unkept>,
    ) -> Result<StoredTokens, TokenError> {
        let (Some(flow), Some(_)) = (self.flow, &stored.tokens.refresh) else {
            return Err(TokenError::ReconnectNeeded { code: "no refresh token".to_owned() });
        };
        let _lock = self.store.lock().await?;
        let latest = self.store.load().await?;
        // Encrypted anew it is the same pair under another revision.
        if !is_same(&latest.tokens.access, &stored.tokens.access) {
            return Ok(latest);
        }
        let kept_back = unkept.as_ref().filter(|it| is_same(&it.replaced, &latest.tokens.access));
        let renewed = match kept_back {
            Some(kept_back) => Ok(kept_back.tokens.clone()),
            None => flow.refresh(http, app, &latest.tokens).await,
        };
        match renewed {
            Ok(tokens) => {
                // Known before it is stored: whoever asked may be gone before that ends.
                let replaced = latest.tokens.access.clone();
                *unkept = Some(Unkept { replaced, tokens: tokens.clone() });
                let kept = self.keep(latest, &tokens).await?;
                *unkept = None;
                Ok(kept)
            }
            Err(TokenError::ReconnectNeeded { code }) => {
                let now = self.store.load().await?;
                if is_same(&now.tokens.access, &latest.tokens.access) {
                    return Err(TokenError::ReconnectNeeded { code });
                }
                Ok(now)
            }
            Err(other) => Err(other),
        }
    }

    /// Stores a pair in the place of another, under whichever revision that is by now: whoever encrypts it
    /// anew waits for no renewal. Where the tenant has connected again, theirs stays.
    async fn keep(
        &self,
        old: StoredTokens,
        tokens: &TokenPair,
    ) -> Result<StoredTokens, TokenStoreError> {
        let mut revision = old.revision;
        loop {
            let stored = self.store.replace(revision, tokens.clone()).await?;
            let is_ours = is_same(&stored.tokens.to_secret(), &tokens.to_secret());
            let is_old = is_same(&stored.tokens.access, &old.tokens.access);
            if is_ours || !is_old || stored.revision == revision {
                return Ok(stored);
            }
            revision = stored.revision;
        }
    }
}

/// Whether two secrets are one. Both are ours: nobody learns anything by how long it takes.
fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}
