//! Where token pairs are kept; the real store is the database's.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{TokenPair, TokenStoreError};

/// A pair with the revision under which it is stored.
#[derive(Clone, Debug)]
pub struct StoredTokens {
    /// The pair.
    pub tokens: TokenPair,
    /// Changes with each replacement.
    pub revision: u64,
}

/// Held while a pair is renewed; dropping it lets the next one in.
pub type RenewalLock = Box<dyn Send>;

/// Keeps one integration's token pair.
pub trait TokenStore: Send + Sync {
    /// Waits until nobody else renews this pair, in whichever process, and keeps others from it.
    ///
    /// A refresh token may work only once: whoever renews looks at what is stored under this lock,
    /// and holds it until the new pair is stored.
    ///
    /// # Errors
    /// Fails when the store cannot be reached, or when whoever renews does not come to an end.
    fn lock(&self) -> BoxFuture<'_, Result<RenewalLock, TokenStoreError>>;

    /// Returns the pair that was stored last.
    ///
    /// # Errors
    /// Fails when there is none or the store cannot be reached.
    fn load(&self) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>>;

    /// Replaces the pair if its revision is still `expected`, and returns what is stored then: the
    /// new pair, or the one that somebody else stored meanwhile.
    ///
    /// The pair is durable when this returns: a new one must not be used before, or a crash would
    /// lose the only token that renews it. Of several concurrent calls with the same revision one
    /// wins.
    ///
    /// # Errors
    /// Fails when the store cannot be reached; then nothing changed.
    fn replace(
        &self,
        expected: u64,
        tokens: TokenPair,
    ) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>>;
}

/// Keeps a pair in memory: for tests, and for tokens that are given with the command.
pub struct MemoryTokenStore {
    stored: Mutex<StoredTokens>,
    renewal: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryTokenStore {
    /// Starts with a pair.
    pub fn new(tokens: TokenPair) -> Self {
        Self { stored: Mutex::new(StoredTokens { tokens, revision: 0 }), renewal: Arc::default() }
    }
}

impl TokenStore for MemoryTokenStore {
    fn lock(&self) -> BoxFuture<'_, Result<RenewalLock, TokenStoreError>> {
        async move { Ok(Box::new(self.renewal.clone().lock_owned().await) as RenewalLock) }.boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone();
        async move { Ok(stored) }.boxed()
    }

    fn replace(
        &self,
        expected: u64,
        tokens: TokenPair,
    ) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.revision == expected {
            *stored = StoredTokens { tokens, revision: expected + 1 };
        }
        let stored = stored.clone();
        async move { Ok(stored) }.boxed()
    }
}
