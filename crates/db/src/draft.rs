//! Transactions in which an advisor tries things out that nobody else ever sees.

use std::sync::Arc;

use deadpool_postgres::Object;
use shelfops_ingest::CustomerId;
use tokio_postgres::Client;

use crate::error::doing;
use crate::{Database, DbError};

/// A transaction of the owner's login that is never committed.
///
/// Its connection is closed with it and never used again: whatever was made in it is undone, and whatever
/// was left in the session ends there.
pub struct DraftTx {
    client: Option<Object>,
}

impl DraftTx {
    /// Returns the connection, for tools that speak to any PostgreSQL.
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("the client is taken only where the transaction ends")
    }
}

impl Drop for DraftTx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Database {
    /// Begins a transaction in which anything may be tried out; it cannot be committed.
    ///
    /// # Errors
    /// Fails when the server cannot be reached.
    pub async fn draft(&self) -> Result<DraftTx, DbError> {
        let client = self.owner_connection().await?;
        client.batch_execute("begin").await.map_err(doing("begin a draft"))?;
        Ok(DraftTx { client: Some(client) })
    }

    /// Returns what makes a transaction of the owner's login, here or on a copy of this database, a tenant's
    /// for its length: given when it began, as the server writes those seconds, it writes the statements.
    ///
    /// # Errors
    /// Fails when the key that proves tenants cannot be read.
    pub async fn entering(
        &self,
        customer_id: CustomerId,
    ) -> Result<impl Fn(&str) -> String + Send + Sync + 'static, DbError> {
        let key = Arc::clone(self.signing_key().await?);
        Ok(move |began: &str| {
            let proof = key.prove(customer_id, began);
            format!(
                "set local role shelfops_app; set local search_path = public, pg_temp;
                 select set_config('app.current_customer_id', '{customer_id}', true),
                     set_config('app.tenant_proof', '{proof}', true)"
            )
        })
    }
}
