//! The only way to a tenant's tables.

use deadpool_postgres::Object;
use futures::future::join3;
use postgres_types::ToSql;
use shelfops_ingest::CustomerId;
use tokio_postgres::{CopyInSink, Error, Row, SimpleQueryMessage};

use crate::error::doing;
use crate::signing::SigningKey;
use crate::{DbError, ReadTx};

/// Proves to the database whose transaction it is.
const PROVE: &str = "select set_config('app.current_customer_id', $1, true),
    set_config('app.tenant_proof', $2, true)";

/// A transaction that sees and writes one tenant's rows and no others.
///
/// It runs as the application role, and the database checks the proof of its tenant. Dropped without
/// [`TenantTx::commit`], it leaves nothing behind.
pub struct TenantTx {
    /// `None` once the transaction has ended.
    client: Option<Object>,
    customer_id: CustomerId,
}

impl TenantTx {
    pub(crate) async fn begin(
        client: Object,
        customer_id: CustomerId,
        key: &SigningKey,
    ) -> Result<Self, DbError> {
        let tx = Self { client: Some(client), customer_id };
        tx.enter(key).await.map_err(doing("begin a tenant's transaction"))?;
        Ok(tx)
    }

    async fn enter(&self, key: &SigningKey) -> Result<(), Error> {
        let started = self.open().await?;
        let proof = key.prove(self.customer_id, &started);
        let statement = self.client().prepare_cached(PROVE).await?;
        self.client()
            .query_one(&statement, &[&self.customer_id.to_string(), &proof])
            .await
            .map(drop)
    }

    /// Opens the transaction; answers the time that the proof is bound to.
    async fn open(&self) -> Result<String, Error> {
        let replies = self
            .client()
            .simple_query(
                // Temporary tables last: one that a session left behind shadows no tenant's table.
                "begin isolation level read committed;
                 set local role shelfops_app;
                 set local search_path = public, pg_temp;
                 select extract(epoch from transaction_timestamp())::text",
            )
            .await?;
        let started = replies.iter().find_map(|reply| match reply {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(started.unwrap_or_default().to_owned())
    }

    /// Runs one statement as a tenant, in a transaction of its own. The proof, the statement and the
    /// commit are sent together: two round trips in all, where a transaction step by step takes four.
    pub(crate) async fn run_alone(
        client: Object,
        (customer_id, key): (CustomerId, &SigningKey),
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let mut tx = Self { client: Some(client), customer_id };
        let proof = key.prove(customer_id, &tx.open().await?);
        // Known after the first time.
        let prove = tx.client().prepare_cached(PROVE).await?;
        let statement = tx.client().prepare_cached(sql).await?;
        let tenant = customer_id.to_string();
        let proved: [&(dyn ToSql + Sync); 2] = [&tenant, &proof];
        // Sent in this order. Where one fails, the server skips what follows, and commits nothing.
        let (proved, rows, committed) = join3(
            tx.client().query_one(&prove, &proved),
            tx.client().query(&statement, parameters),
            tx.client().batch_execute("commit"),
        )
        .await;
        proved?;
        let rows = rows?;
        committed?;
        drop(tx.client.take());
        Ok(rows)
    }

    /// Whose transaction this is.
    pub const fn customer_id(&self) -> CustomerId {
        self.customer_id
    }

    /// Makes everything done durable.
    ///
    /// # Errors
    /// Fails when the server does; nothing is durable then.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.client().batch_execute("commit").await.map_err(doing("commit"))?;
        // Given back to the pool: the transaction is over.
        drop(self.client.take());
        Ok(())
    }

    /// Turns it into one in which somebody else's statements read, as this tenant.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn into_reader(mut self) -> Result<ReadTx, DbError> {
        self.client()
            .batch_execute("set transaction read only")
            .await
            .map_err(doing("make a tenant's transaction read-only"))?;
        let client = self.client.take();
        Ok(ReadTx::of(client.expect("the client is taken only where the transaction ends")))
    }

    /// Bounds how long any statement waits for a lock: longer than any batch takes. Some circles of
    /// waiting lead through two clients, where the database cannot see them.
    ///
    /// # Errors
    /// Fails when the server does.
    pub(crate) async fn bound_waits(&self) -> Result<(), DbError> {
        self.client()
            .batch_execute("set local lock_timeout = '30s'")
            .await
            .map_err(doing("bound the waits of a merge"))
    }

    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().query(&statement, parameters).await
    }

    pub(crate) async fn query_one(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().query_one(&statement, parameters).await
    }

    pub(crate) async fn query_opt(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().query_opt(&statement, parameters).await
    }

    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().execute(&statement, parameters).await
    }

    pub(crate) async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.client().batch_execute(sql).await
    }

    /// Plans with the parameters' values: for statements over staging, whose size differs each time.
    pub(crate) async fn execute_fresh(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.client().execute(sql, parameters).await
    }

    /// The same for a question.
    pub(crate) async fn query_fresh(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.client().query(sql, parameters).await
    }

    pub(crate) async fn copy_in(&self, sql: &str) -> Result<CopyInSink<bytes::Bytes>, Error> {
        self.client().copy_in(sql).await
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("the client is taken only where the transaction ends")
    }
}

impl Drop for TenantTx {
    fn drop(&mut self) {
        // A connection in an open transaction must not go back to the pool; closing it rolls back.
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
