//! Work across tenants: the directory, the schema, maintenance.

use deadpool_postgres::Object;
use postgres_types::ToSql;
use tokio_postgres::{Error, Row};

use crate::DbError;
use crate::error::doing;

/// A transaction of the owner. Row security is forced on the owner too: it sees no tenant's rows
/// unless it enters a tenant.
pub struct OperatorTx {
    client: Option<Object>,
}

impl OperatorTx {
    pub(crate) async fn begin(client: Object) -> Result<Self, DbError> {
        let is_migrated = client
            .query_one("select to_regclass('shelfops.tenant_signing_key') is not null", &[])
            .await
            .map_err(doing("look for the schema"))?;
        if !is_migrated.get::<_, bool>(0) {
            return Err(DbError::NotMigrated);
        }
        let operator = Self { client: Some(client) };
        operator
            .client()
            .batch_execute("begin; set local role shelfops_owner")
            .await
            .map_err(doing("begin an operator's transaction"))?;
        Ok(operator)
    }

    /// Makes everything done durable.
    ///
    /// # Errors
    /// Fails when the server does; nothing is durable then.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.client().batch_execute("commit").await.map_err(doing("commit"))?;
        drop(self.client.take());
        Ok(())
    }

    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.client().query(sql, parameters).await
    }

    pub(crate) async fn query_opt(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.client().query_opt(sql, parameters).await
    }

    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.client().execute(sql, parameters).await
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("the client is taken only where the transaction ends")
    }
}

impl Drop for OperatorTx {
    fn drop(&mut self) {
        // A connection in an open transaction must not go back to the pool; closing it rolls back.
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
