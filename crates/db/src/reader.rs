//! Transactions in which other people's statements read: what a user wants explained, what an advisor asks.

use deadpool_postgres::Object;
use tokio_postgres::Client;

use crate::error::doing;
use crate::{Database, DbError};

/// A read-only transaction whose statements are not ours.
///
/// It cannot write, and cannot be made to. Its connection is closed with it and never used again: whatever
/// a foreign statement left in the session ends there.
pub struct ReadTx {
    client: Option<Object>,
}

impl ReadTx {
    pub(crate) const fn of(client: Object) -> Self {
        Self { client: Some(client) }
    }

    /// Returns the connection, for tools that speak to any PostgreSQL.
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("the client is taken only where the transaction ends")
    }
}

impl Drop for ReadTx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Database {
    /// Begins a read-only transaction of the owner's login, with all the rights that it has: a superuser
    /// sees every tenant's rows, and plans without row security.
    ///
    /// # Errors
    /// Fails when the server cannot be reached.
    pub async fn reader(&self) -> Result<ReadTx, DbError> {
        let client = self.owner_connection().await?;
        client
            .batch_execute("begin read only")
            .await
            .map_err(doing("begin a read-only transaction"))?;
        Ok(ReadTx::of(client))
    }
}
