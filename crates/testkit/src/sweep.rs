//! Removes the databases of test processes that ended without doing so.

use tokio_postgres::Client;

use crate::connection::quoted;
use crate::database_name::DatabaseName;
use crate::error::TestkitError;

/// Drops every test's database whose process has ended.
///
/// Several processes may sweep at once; what one of them cannot drop, another has dropped.
pub(crate) async fn remove_stale_databases(client: &Client) -> Result<(), TestkitError> {
    for name in database_names(client).await? {
        if DatabaseName::parse(&name).is_some_and(|name| name.is_stale())
            && let Err(error) = drop_database(client, &name).await
        {
            tracing::debug!(database = name, %error, "could not drop a stale test database");
        }
    }
    Ok(())
}

/// Lists the databases of the testkit.
pub(crate) async fn database_names(client: &Client) -> Result<Vec<String>, TestkitError> {
    let ours = "select datname from pg_database where datname like 'testkit\\_%'";
    let rows = client
        .query(ours, &[])
        .await
        .map_err(TestkitError::statement("list the server's databases"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Drops a database, and ends the sessions that use it; one that is not there is fine.
pub(crate) async fn drop_database(client: &Client, name: &str) -> Result<(), TestkitError> {
    let statement = format!("drop database if exists {} with (force)", quoted(name));
    let action = format!("drop the database {name}");
    client.batch_execute(&statement).await.map_err(TestkitError::statement(action))
}
