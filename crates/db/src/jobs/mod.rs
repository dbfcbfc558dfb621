//! The job queue as the program works it: [`graphile_worker`] behind a few types of our own.
//!
//! What tenants and operators do with jobs is in [`crate::models`]. The queue's connections belong to the
//! owner and touch the queue's own tables only; a job that works on a tenant's rows opens a
//! [`crate::TenantTx`] like everybody else.

mod connections;
mod handler;
mod session;
mod worker;

use deadpool_postgres::Object;
use graphile_worker::{Database as QueueDatabase, WorkerUtils};

use connections::Connections;
pub use handler::{Again, JobFailure, JobKind, Runner, TakenJob};
pub use worker::{Worker, WorkerSettings};

use crate::error::doing;
use crate::{Database, DbError};

/// Where the queue's own tables are.
const SCHEMA: &str = "shelfops_queue";

/// Makes the queue's own tables, or brings them to what the library wants; nothing where the schema is
/// not there yet. The caller holds the lock of migrations on `client`: asking the pool for another would
/// have those who wait for that lock starve the one who has it.
pub(crate) async fn install(database: &Database, client: &Object) -> Result<(), DbError> {
    let exists = client
        .query_one("select to_regnamespace($1) is not null", &[&SCHEMA])
        .await
        .map_err(doing("look for the job queue"))?;
    if !exists.get::<_, bool>(0) {
        return Ok(());
    }
    WorkerUtils::new(connect(database, 1)?, SCHEMA)
        .migrate()
        .await
        .map_err(|error| failed("build the job queue", &error))
}

/// Refuses a database whose schema has no queue yet: the library would make one of its own.
async fn require(database: &Database) -> Result<(), DbError> {
    let client = database.owner_connection().await?;
    let row = client
        .query_one("select to_regclass('shelfops_queue._private_jobs') is not null", &[])
        .await
        .map_err(doing("look for the job queue"))?;
    if row.get(0) { Ok(()) } else { Err(DbError::NotMigrated) }
}

/// Opens connections for the queue, as the role that owns its tables.
fn connect(database: &Database, size: usize) -> Result<QueueDatabase, DbError> {
    let address = database.owner_address();
    let mut config = address.config().clone();
    let options = [config.get_options().unwrap_or_default(), "-c role=shelfops_owner"].join(" ");
    config.options(options.trim()).application_name("shelfops worker");
    Connections::open(config, address, size)
        .map(QueueDatabase::new)
        .map_err(|error| failed("connect to the job queue", &error))
}

fn failed(action: &'static str, error: &dyn std::error::Error) -> DbError {
    let mut reason = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let said = cause.to_string();
        if !reason.contains(&said) {
            reason.push_str(": ");
            reason.push_str(&said);
        }
        at = cause.source();
    }
    DbError::Queue { action, reason }
}
