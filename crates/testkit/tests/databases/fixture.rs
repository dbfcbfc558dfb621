//! Names and queries the tests share.

use std::error::Error;

use shelfops_testkit::{TestDatabase, connect, server};
use tokio_postgres::Client;

/// What code that fills a template returns.
pub(crate) type Filled = Result<(), Box<dyn Error + Send + Sync>>;

/// Returns a fingerprint no other run has used, so that a template is built for the first time.
pub(crate) fn fresh_fingerprint() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{} {}", std::process::id(), now.as_nanos())
}

/// Fills a template with one table of three rows.
pub(crate) async fn three_stores(url: &str) -> Filled {
    let client = connect(url).await?;
    let sql = "create table stores as select generate_series(1, 3) as store_id";
    client.batch_execute(sql).await?;
    Ok(())
}

/// Returns the one number a query returns.
pub(crate) async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Counts the stores of a database.
pub(crate) async fn store_count(database: &TestDatabase) -> i64 {
    number(&database.connect().await.unwrap(), "select count(*) from stores").await
}

/// Lists the server's databases whose name begins with `prefix`.
pub(crate) async fn databases(prefix: &str) -> Vec<String> {
    let client = connect(&server().await.unwrap().url("postgres")).await.unwrap();
    let sql = "select datname from pg_database where starts_with(datname, $1)";
    let rows = client.query(sql, &[&prefix]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
