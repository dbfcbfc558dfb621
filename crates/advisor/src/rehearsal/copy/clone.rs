//! Copies a database file by file.
//!
//! The server copies a database only while nobody is in it, and holds newcomers back while it does. So
//! those inside are ended while `create database` waits for that: nothing is switched off that a killed
//! process could fail to switch on again.

use std::time::Duration;

use shelfops_connection::Address;
use tokio_postgres::Client;

use super::error::doing;
use super::name::CopyName;
use super::{CopyError, owner};
use crate::rehearsal::tables::identifier;

/// How often those inside are ended; the server itself looks ten times a second, for five seconds.
const AGAIN: Duration = Duration::from_millis(50);

/// From here on, copying files is quicker than copying pages through the log.
const LARGE_BYTES: i64 = 64 << 20;

/// Ends programs of the server itself, such as TimescaleDB's scheduler: they come back.
const END_BACKGROUND: &str = "select count(pg_terminate_backend(pid))
    from pg_stat_activity
    where datname = $1 and pid <> pg_backend_pid() and backend_type <> 'client backend'";

/// Ends everybody.
const END_ALL: &str = "select count(pg_terminate_backend(pid))
    from pg_stat_activity
    where datname = $1 and pid <> pg_backend_pid()";

/// Makes a clone.
pub(super) async fn make(
    source: &Address,
    client: &Client,
    name: &CopyName,
    may_disconnect: bool,
) -> Result<(), CopyError> {
    if !may_disconnect {
        refuse_if_used(source, client).await?;
    }
    let statement = statement(source, client, name).await?;
    let other = owner::maintenance(source).await?;
    let end = if may_disconnect { END_ALL } else { END_BACKGROUND };
    let copying = client.batch_execute(&statement);
    tokio::pin!(copying);
    let mut again = tokio::time::interval(AGAIN);
    loop {
        tokio::select! {
            outcome = &mut copying => {
                return outcome.map_err(doing(format!("clone the database {}", source.database())));
            }
            _ = again.tick() => {
                other
                    .execute(end, &[&source.database()])
                    .await
                    .map_err(doing("end sessions of the database that is cloned"))?;
            }
        }
    }
}

async fn refuse_if_used(source: &Address, client: &Client) -> Result<(), CopyError> {
    let statement =
        "select coalesce(nullif(application_name, ''), 'unnamed') || ' of ' || usename, count(*)
        from pg_stat_activity
        where datname = $1 and backend_type = 'client backend'
        group by 1
        order by 2 desc, 1";
    let rows = client
        .query(statement, &[&source.database()])
        .await
        .map_err(doing("look who uses the database"))?;
    if rows.is_empty() {
        return Ok(());
    }
    let shown = |row: &tokio_postgres::Row| {
        let (who, count): (Option<String>, i64) = (row.get(0), row.get(1));
        format!("{count} × {}", who.unwrap_or_else(|| "unknown".to_owned()))
    };
    Err(CopyError::InUse {
        database: source.database().to_owned(),
        sessions: rows.iter().take(5).map(shown).collect::<Vec<_>>().join(", "),
    })
}

async fn statement(
    source: &Address,
    client: &Client,
    name: &CopyName,
) -> Result<String, CopyError> {
    let asked = "select current_setting('server_version_num')::int >= 150000
            and pg_database_size(oid) > $2,
            pg_get_userbyid(datdba)::text
        from pg_database where datname = $1";
    let row = client
        .query_one(asked, &[&source.database(), &LARGE_BYTES])
        .await
        .map_err(doing(format!("look how large {} is", source.database())))?;
    let strategy = if row.get(0) { " strategy file_copy" } else { "" };
    let (copy, template) = (identifier(&name.to_string()), identifier(source.database()));
    let owner = identifier(row.get(1));
    Ok(format!("create database {copy} template {template} owner {owner}{strategy}"))
}
