//! Vacuums a test's tables until that has done what it is for.

use std::time::Duration;

use tokio_postgres::Client;

use crate::error::TestkitError;
use crate::wait::wait_for;

/// How long the others' sessions may be in the way.
const PATIENCE: Duration = Duration::from_secs(180);

/// Vacuums and analyses all tables of a database until every page is known to be visible to all.
///
/// One `vacuum` does not always get there: a session that is only starting, anywhere on the server, keeps
/// rows from being old enough, and a page that somebody holds at that moment is passed over.
///
/// # Errors
/// Fails when a table cannot be vacuumed, or has pages left after three minutes.
pub async fn vacuum_all(client: &Client) -> Result<(), TestkitError> {
    let marked = "select coalesce(bool_and(relallvisible >= relpages), true) from pg_class
        where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'";
    let mut failed = None;
    wait_for("all pages of all tables to be visible to all", PATIENCE, async || {
        let vacuumed = async {
            client.batch_execute("vacuum (analyze)").await?;
            client.query_one(marked, &[]).await?.try_get(0)
        };
        match vacuumed.await {
            Ok(is_marked) => is_marked,
            Err(error) => {
                failed = Some(error);
                true
            }
        }
    })
    .await?;
    failed.map_or(Ok(()), |error| Err(TestkitError::statement("vacuum all tables")(error)))
}
