//! The session that says a worker is alive: it holds a lock that ends with it.

use std::time::Duration;

use deadpool_postgres::Object;
use postgres_types::ToSql;

use crate::error::doing;
use crate::{Database, DbError};

/// How long the server may take to answer before the session counts as lost. Less than it takes the
/// server to notice that this machine is gone: this worker must stop before others take its jobs.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

/// A worker's session. Dropped, it is closed, and the worker's jobs are free.
pub(super) struct Session {
    client: Option<Object>,
    worker_id: String,
}

impl Session {
    /// Opens a session for a worker that has taken no job yet.
    pub(super) async fn open(database: &Database, worker_id: &str) -> Result<Self, DbError> {
        let session = Self {
            client: Some(database.owner_connection().await?),
            worker_id: worker_id.to_owned(),
        };
        let action = doing("open a worker's session");
        session
            .client()
            .batch_execute(
                // A machine that lost its power closes nothing: the server asks after 10 seconds of
                // silence, and gives it up after 25.
                "set role shelfops_owner;
                 set tcp_keepalives_idle = 10;
                 set tcp_keepalives_interval = 5;
                 set tcp_keepalives_count = 3",
            )
            .await
            .map_err(&action)?;
        session
            .client()
            .query_one("select pg_advisory_lock(shelfops.worker_lock($1))", &[&worker_id])
            .await
            .map_err(&action)?;
        Ok(session)
    }

    /// Gives dead workers' jobs back; fails when this session is lost itself.
    pub(super) async fn beat(&self) -> Result<(), DbError> {
        let free = "select shelfops.free_lost_jobs($1)";
        let asking: [&(dyn ToSql + Sync); 1] = [&self.worker_id];
        let beat = self.client().query_one(free, &asking);
        let row = tokio::time::timeout(ANSWERS_WITHIN, beat)
            .await
            .map_err(|_| DbError::Queue {
                action: "keep the worker's session",
                reason: format!("the server did not answer for {} s", ANSWERS_WITHIN.as_secs()),
            })?
            .map_err(doing("keep the worker's session"))?;
        match row.get::<_, i32>(0) {
            0 => {}
            job_count => tracing::warn!(job_count, "jobs of dead workers were given back"),
        }
        Ok(())
    }

    /// Whether the session is still there: as long as it is, nobody else has this worker's jobs.
    pub(super) async fn is_alive(&self) -> bool {
        let asked = self.client().batch_execute("select");
        matches!(tokio::time::timeout(ANSWERS_WITHIN, asked).await, Ok(Ok(())))
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("the client is taken only when the session ends")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The lock belongs to the session: closing it is what gives the lock up.
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
