//! Whose a copy is, and what happens to those of processes that are no more.
//!
//! The owner's session holds an advisory lock that is named like the copy, from before there is a copy.
//! A process that is killed loses its session, and with it the lock: what nobody holds, and nobody works in,
//! is a leftover.

use std::time::Duration;

use shelfops_connection::Address;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::doing;
use super::name::CopyName;
use super::{APPLICATION, CopyError};
use crate::rehearsal::tables::{identifier, literal};

/// Databases that every server has, from which others are made and dropped.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// How long a session is given to end before it is told again.
const END_AGAIN: Duration = Duration::from_millis(20);

/// Connects to a database of the server that is not the one copied.
pub(super) async fn maintenance(server: &Address) -> Result<Client, CopyError> {
    let mut refusal = None;
    for name in MAINTENANCE.into_iter().filter(|name| *name != server.database()) {
        match server.with_database(name).connect(APPLICATION).await {
            Ok(client) => {
                let patient = "set statement_timeout = 0; set lock_timeout = 0; \
                    set idle_in_transaction_session_timeout = 0; set search_path = pg_catalog";
                client.batch_execute(patient).await.map_err(doing("prepare a session"))?;
                // Before 14 there is no such setting.
                let _ = client.batch_execute("set idle_session_timeout = 0").await;
                return Ok(client);
            }
            Err(error) => refusal = Some((name, error)),
        }
    }
    Err(match refusal {
        Some((name, source)) => CopyError::Unreachable { database: name.to_owned(), source },
        None => CopyError::Unsampleable { reason: "there is no database to work from".to_owned() },
    })
}

/// A session of the server, told from a later one that has its number.
#[derive(Clone, Debug)]
pub(super) struct Session {
    process: i32,
    began_at: String,
}

/// Takes the lock that says that a copy's owner lives, and returns the session that holds it.
pub(super) async fn claim(client: &Client, name: &CopyName) -> Result<Session, CopyError> {
    let asked = "select pid, backend_start::text
        from pg_stat_activity, pg_advisory_lock($1)
        where pid = pg_backend_pid()";
    let row =
        client.query_one(asked, &[&name.lock_key()]).await.map_err(doing("claim the copy"))?;
    Ok(Session { process: row.get(0), began_at: row.get(1) })
}

/// Ends a session, and waits until the server has taken back what it was doing.
///
/// `create database` goes on when the program that asked for it is gone, and shows no database until it
/// is done: who drops the copy meanwhile drops nothing.
pub(super) async fn end(client: &Client, session: &Session) -> Result<(), CopyError> {
    let ended = "select count(pg_terminate_backend(pid))
        from pg_stat_activity
        where pid = $1 and backend_start::text = $2";
    loop {
        let row = client
            .query_one(ended, &[&session.process, &session.began_at])
            .await
            .map_err(doing("end the session that makes the copy"))?;
        if row.get::<_, i64>(0) == 0 {
            return Ok(());
        }
        tokio::time::sleep(END_AGAIN).await;
    }
}

/// The copies whose owners are no more.
pub(super) async fn leftovers(client: &Client) -> Result<Vec<CopyName>, CopyError> {
    let mut left = Vec::new();
    for name in copies(client).await? {
        if !is_owned(client, &name).await? {
            left.push(name);
        }
    }
    Ok(left)
}

async fn copies(client: &Client) -> Result<Vec<CopyName>, CopyError> {
    let listed = client
        .query(
            "select datname::text from pg_database where datname like $1 order by datname",
            &[&CopyName::pattern()],
        )
        .await
        .map_err(doing("look for leftovers"))?;
    Ok(listed.iter().filter_map(|row| CopyName::parse(row.get(0))).collect())
}

/// Writes on the copy what it is, for people who list databases.
pub(super) async fn label(client: &Client, name: &CopyName, of: &str) -> Result<(), CopyError> {
    let text = format!(
        "copy of {of} for rehearsing migrations, made by process {}; dropped when that ends, or at \
         the next rehearsal",
        name.process()
    );
    let statement =
        format!("comment on database {} is {}", identifier(&name.to_string()), literal(&text));
    client.batch_execute(&statement).await.map_err(doing("label the copy"))
}

/// Drops a copy with the sessions in it; one that is not there is fine.
pub(super) async fn drop_copy(client: &Client, name: &CopyName) -> Result<(), CopyError> {
    let statement =
        format!("drop database if exists {} with (force)", identifier(&name.to_string()));
    client.batch_execute(&statement).await.map_err(doing(format!("drop the copy {name}")))
}

/// Drops the copies whose owners are no more, and returns their names.
pub(super) async fn drop_leftovers(client: &Client) -> Result<Vec<String>, CopyError> {
    let mut dropped = Vec::new();
    for name in leftovers(client).await? {
        if !try_claim(client, &name).await? {
            continue;
        }
        let outcome = drop_copy(client, &name).await;
        let release = "select pg_advisory_unlock($1)";
        client.execute(release, &[&name.lock_key()]).await.map_err(doing("give up a leftover"))?;
        match outcome {
            Ok(()) => dropped.push(name.to_string()),
            // Somebody else's copy, or another process that drops it: not ours to insist.
            Err(CopyError::Server { source, .. }) if is_not_ours(&source) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(dropped)
}

/// Whether a living process owns a copy. Locks belong to a database, but all are listed: the owner may
/// have worked from another one. One that lost its session, because somebody ended it or the line broke, may
/// still be at work in the copy.
async fn is_owned(client: &Client, name: &CopyName) -> Result<bool, CopyError> {
    let statement = "select exists (
            select from pg_locks
            where locktype = 'advisory' and objsubid = 1
                and (classid::int8 << 32) | objid::int8 = $1
        ) or exists (
            select from pg_stat_activity where datname = $2 and backend_type = 'client backend'
        )";
    let row = client
        .query_one(statement, &[&name.lock_key(), &name.to_string()])
        .await
        .map_err(doing("look whose copies there are"))?;
    Ok(row.get(0))
}

async fn try_claim(client: &Client, name: &CopyName) -> Result<bool, CopyError> {
    let row = client
        .query_one("select pg_try_advisory_lock($1)", &[&name.lock_key()])
        .await
        .map_err(doing("claim a leftover"))?;
    Ok(row.get(0))
}

fn is_not_ours(error: &tokio_postgres::Error) -> bool {
    let codes = [&SqlState::INSUFFICIENT_PRIVILEGE, &SqlState::OBJECT_IN_USE];
    error.code().is_some_and(|code| codes.contains(&code))
}
