//! Copies a database by `pg_dump` and `pg_restore`.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use shelfops_connection::Address;
use tokio_postgres::Client;

use super::error::doing;
use super::{APPLICATION, CopyError};
use crate::rehearsal::programs::{Programs, judged};
use crate::rehearsal::tables::{has_timescaledb, identifier};

/// How an archive of `pg_dump` begins.
const ARCHIVE: &[u8] = b"PGDMP";

/// Where extensions stand in a dump of plain SQL: behind the settings and the schemas.
const PLAIN_HEAD: u64 = 1 << 20;

/// Where a tar archive says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Dumps a database into another, without a file between them.
pub(super) async fn pipe(
    programs: &Programs,
    source: &Address,
    copy: &Address,
) -> Result<(), CopyError> {
    let library = Library::prepare(copy, Library::of(source).await?).await?;
    let mut dumping = programs.command("pg_dump", source);
    dumping.args(["--format=custom", "--compress=0", "--no-publications", "--no-subscriptions"]);
    let mut dumping = dumping.spawn().map_err(|source| programs.missing("pg_dump", source))?;
    let Some(dump) = dumping.stdout.take() else { return Ok(()) };
    let dump: Stdio = dump.try_into().map_err(CopyError::Disk)?;
    let mut restoring = programs.command("pg_restore", copy);
    restoring.args(restore_arguments(copy)).stdin(dump);
    let restoring =
        async { restoring.output().await.map_err(|source| programs.missing("pg_restore", source)) };
    let dumped = async {
        dumping.wait_with_output().await.map_err(|source| programs.missing("pg_dump", source))
    };
    let (dumped, restored) = tokio::join!(dumped, restoring);
    // What breaks the restoring off breaks the dumping too, and says why.
    judged("pg_restore", &restored?)?;
    judged("pg_dump", &dumped?)?;
    library.finish().await
}

/// Restores a dump that was made before.
pub(super) async fn restore(
    programs: &Programs,
    path: &Path,
    copy: &Address,
) -> Result<(), CopyError> {
    let unreadable = |source| CopyError::Dump { path: path.display().to_string(), source };
    let is_archive = path.is_dir() || begins_as_archive(path).map_err(unreadable)?;
    let version = match mentions_timescaledb(programs, path, is_archive, copy).await? {
        true => Some((None, "public".to_owned())),
        false => None,
    };
    let library = Library::prepare(copy, version).await?;
    if is_archive {
        let mut arguments = restore_arguments(copy);
        arguments.push(path.into());
        programs.run("pg_restore", copy, arguments).await?;
    } else {
        programs.run("psql", copy, psql_arguments(path)).await?;
    }
    library.finish().await
}

pub(super) fn restore_arguments(copy: &Address) -> Vec<OsString> {
    vec!["--exit-on-error".into(), "--dbname".into(), copy.database().into()]
}

pub(super) fn psql_arguments(path: &Path) -> Vec<OsString> {
    vec![
        "--no-psqlrc".into(),
        "--quiet".into(),
        "--set=ON_ERROR_STOP=1".into(),
        "--output=/dev/null".into(),
        "--file".into(),
        path.into(),
    ]
}

fn begins_as_archive(path: &Path) -> std::io::Result<bool> {
    let mut beginning = Vec::new();
    std::fs::File::open(path)?.take(512).read_to_end(&mut beginning)?;
    let (place, mark) = TAR;
    let is_tar = beginning.get(place..place + mark.len()) == Some(mark);
    Ok(is_tar || beginning.starts_with(ARCHIVE))
}

/// Whether a dump has TimescaleDB's tables in it.
async fn mentions_timescaledb(
    programs: &Programs,
    path: &Path,
    is_archive: bool,
    copy: &Address,
) -> Result<bool, CopyError> {
    if is_archive {
        let mut listing = programs.command("pg_restore", copy);
        let output = listing
            .arg("--list")
            .arg(path)
            .output()
            .await
            .map_err(|source| programs.missing("pg_restore", source))?;
        judged("pg_restore", &output)?;
        return Ok(String::from_utf8_lossy(&output.stdout).contains(" EXTENSION - timescaledb "));
    }
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(PLAIN_HEAD).read_to_end(&mut head))
        .map_err(|source| CopyError::Dump { path: path.display().to_string(), source })?;
    Ok(String::from_utf8_lossy(&head).contains("CREATE EXTENSION IF NOT EXISTS timescaledb "))
}

/// TimescaleDB, which wants to know that its own tables are restored, and must be there before.
struct Library {
    client: Option<Client>,
}

/// Which version, where that is known, and in which schema.
type Place = (Option<String>, String);

impl Library {
    /// Returns which version a database has, and in which schema.
    async fn of(source: &Address) -> Result<Option<Place>, CopyError> {
        let client = connect(source).await?;
        let asked = "select e.extversion, n.nspname::text
            from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
            where e.extname = 'timescaledb'";
        let row = client.query_opt(asked, &[]).await.map_err(doing("look for TimescaleDB"))?;
        Ok(row.map(|row| (row.get(0), row.get(1))))
    }

    /// Readies a copy for what is restored there: by the version that the source has, or where that is
    /// not known because there is only a file, by the one that the server has.
    async fn prepare(copy: &Address, place: Option<Place>) -> Result<Self, CopyError> {
        let Some((version, schema)) = place else { return Ok(Self { client: None }) };
        let client = connect(copy).await?;
        let of_version = match version {
            Some(version) => format!(" version {}", identifier(&version)),
            None => String::new(),
        };
        let create = format!(
            "create schema if not exists {schema};
             create extension timescaledb schema {schema}{of_version}",
            schema = identifier(&schema),
        );
        client.batch_execute(&create).await.map_err(doing("create the extension timescaledb"))?;
        drop(client);
        // A session that has created the extension may not go on to restore.
        let client = connect(copy).await?;
        call(&client, "timescaledb_pre_restore").await?;
        Ok(Self { client: Some(client) })
    }

    async fn finish(self) -> Result<(), CopyError> {
        match self.client {
            Some(client) => call(&client, "timescaledb_post_restore").await,
            None => Ok(()),
        }
    }
}

/// Calls a function in whichever schema the extension is.
async fn call(client: &Client, function: &str) -> Result<(), CopyError> {
    if !has_timescaledb(client).await.map_err(doing("look for TimescaleDB"))? {
        return Ok(());
    }
    let asked = "select n.nspname::text from pg_extension as e
        join pg_namespace as n on n.oid = e.extnamespace where e.extname = 'timescaledb'";
    let row = client.query_one(asked, &[]).await.map_err(doing("look for TimescaleDB"))?;
    let call = format!("select {}.{function}()", identifier(row.get(0)));
    client.batch_execute(&call).await.map_err(doing(format!("call {function}")))
}

async fn connect(address: &Address) -> Result<Client, CopyError> {
    address.connect(APPLICATION).await.map_err(|source| CopyError::Unreachable {
        database: address.database().to_owned(),
        source,
    })
}
