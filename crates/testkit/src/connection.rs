//! Opens connections, and writes names into SQL.

use tokio_postgres::{Client, NoTls};

use crate::error::TestkitError;

/// Connects to the database a URL names, without encryption.
///
/// The connection is driven by a task of the current runtime and ends with the client.
pub async fn connect(url: &str) -> Result<Client, TestkitError> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(TestkitError::Connect)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the test server broke");
        }
    });
    Ok(client)
}

/// Quotes a name, such as a database's, for use in SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
