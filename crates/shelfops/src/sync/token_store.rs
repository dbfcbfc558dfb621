//! Token pairs in the database, sealed on the way in and opened on the way out.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use shelfops_db::models::Integration;
use shelfops_db::secrets::{Sealed, SecretPlace};
use shelfops_db::{Database, DbError};
use shelfops_ingest::CustomerId;
use shelfops_integrations::oauth::{
    RenewalLock, StoredTokens, TokenPair, TokenStore, TokenStoreError,
};
use uuid::Uuid;

use super::key_cabinet::KeyCabinet;
use crate::ops::OpError;

/// One integration's token pair.
pub(super) struct SealedTokens {
    database: Database,
    keys: Arc<KeyCabinet>,
    customer_id: CustomerId,
    integration_id: Uuid,
    place: SecretPlace,
}

impl SealedTokens {
    pub(super) fn new(
        database: Database,
        keys: Arc<KeyCabinet>,
        customer_id: CustomerId,
        integration: &Integration,
    ) -> Self {
        let integration_id = integration.integration_id;
        let place = integration.secret_place(customer_id);
        Self { database, keys, customer_id, integration_id, place }
    }

    /// Seals a pair for this integration.
    pub(super) fn seal(&self, tokens: &TokenPair) -> Result<Sealed, OpError> {
        let text = tokens.to_secret();
        self.keys.with_ring(|ring| ring.seal(&self.place, text.expose_secret().as_bytes()))
    }

    fn open(&self, sealed: &Sealed) -> Result<TokenPair, TokenStoreError> {
        let opened = self.keys.with_ring(|ring| ring.open(&self.place, sealed));
        let opened = opened.map_err(|error| failed("open", error))?;
        let text = String::from_utf8(opened.expose_secret().to_vec());
        let pair = text.ok().and_then(|text| TokenPair::from_secret(&SecretString::from(text)));
        pair.ok_or_else(|| {
            TokenStoreError::new("the stored tokens are of another time: connect again")
        })
    }

    async fn stored(&self) -> Result<StoredTokens, TokenStoreError> {
        let read = async {
            let tx = self.database.tenant(self.customer_id).await?;
            let secrets = tx.integration_secrets(self.integration_id).await?;
            tx.commit().await?;
            Ok::<_, DbError>(secrets)
        };
        let secrets = read.await.map_err(|error| failed("read", error))?.ok_or_else(|| {
            TokenStoreError::new(
                "this integration is not connected: `shelfops integration connect` opens the vendor's \
                 page",
            )
        })?;
        Ok(StoredTokens { tokens: self.open(&secrets.sealed)?, revision: secrets.revision })
    }

    async fn put(&self, expected: u64, tokens: &TokenPair) -> Result<(), OpError> {
        let sealed = self.seal(tokens)?;
        let tx = self.database.tenant(self.customer_id).await?;
        tx.replace_integration_secrets(self.integration_id, expected, &sealed).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl TokenStore for SealedTokens {
    fn lock(&self) -> BoxFuture<'_, Result<RenewalLock, TokenStoreError>> {
        async move {
            let locked = self.database.lock_renewal(self.customer_id, self.integration_id).await;
            let lock = locked.map_err(|error| failed("lock", error))?;
            Ok(Box::new(lock) as RenewalLock)
        }
        .boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        self.stored().boxed()
    }

    fn replace(
        &self,
        expected: u64,
        tokens: TokenPair,
    ) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        async move {
            self.put(expected, &tokens).await.map_err(|error| failed("keep", error))?;
            // Whoever was first: theirs is stored.
            self.stored().await
        }
        .boxed()
    }
}

fn failed(action: &str, error: impl std::error::Error + Send + Sync + 'static) -> TokenStoreError {
    TokenStoreError::caused_by(format!("could not {action} the integration's tokens"), error)
}
