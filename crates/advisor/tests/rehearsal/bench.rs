//! Databases to copy, and ways to look at copies.

use std::time::Duration;

use shelfops_advisor::rehearsal::copy::Method;
use shelfops_advisor::rehearsal::{Address, Copy, CopyError, CopyRequest, Programs};
use shelfops_testkit::{TestDatabase, connect, program_directory};
use tokio_postgres::Client;

/// How long something may take that should not take long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a database with a schema and rows, and leaves it.
pub(crate) async fn database(schema: &str) -> TestDatabase {
    let database = TestDatabase::empty().await.unwrap();
    fill(&database, schema).await;
    database
}

/// Runs statements, and waits until the session is gone: a clone needs the database for itself.
pub(crate) async fn fill(database: &TestDatabase, statements: &str) {
    let client = database.connect().await.unwrap();
    client.batch_execute(statements).await.unwrap();
    leave(database, client).await;
}

/// Ends a session, and waits until the server has noticed.
pub(crate) async fn leave(database: &TestDatabase, client: Client) {
    drop(client);
    let server = connect(&database.server().url("postgres")).await.unwrap();
    let asked = "select count(*) from pg_stat_activity
        where datname = $1 and backend_type = 'client backend'";
    shelfops_testkit::wait_for("the session to end", PATIENCE, async || {
        server.query_one(asked, &[&database.name()]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await
    .unwrap();
}

pub(crate) async fn request(database: &TestDatabase, method: Method) -> CopyRequest {
    CopyRequest {
        source: Address::parse(&database.url()).unwrap(),
        method,
        programs: Programs::new(program_directory().await.unwrap()),
    }
}

pub(crate) async fn copy(database: &TestDatabase, method: Method) -> Result<Copy, CopyError> {
    Copy::make(&request(database, method).await, &|_| {}).await
}

/// Returns the first column of the first row, as text.
pub(crate) async fn ask(url: &str, statement: &str) -> String {
    let client = connect(url).await.unwrap();
    let messages = client.simple_query(statement).await.unwrap();
    let row = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    row.unwrap_or_default()
}

/// The databases of the server that begin like this.
pub(crate) async fn databases(like: &str) -> Vec<String> {
    let server = shelfops_testkit::server().await.unwrap();
    let client = connect(&server.url("postgres")).await.unwrap();
    let asked = "select datname::text from pg_database where datname = $1";
    let rows = client.query(asked, &[&like]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
