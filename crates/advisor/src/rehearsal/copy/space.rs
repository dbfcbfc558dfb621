//! Whether there is room for a copy: it must not fill the disk of those who use the server.

use std::process::Stdio;
use std::time::Duration;

use shelfops_connection::Address;
use tokio::process::Command;
use tokio_postgres::Client;

use super::CopyError;
use super::error::doing;
use crate::indexes::megabytes;

/// How much more than the copy takes must be left for others.
const SPARE: f64 = 1.1;

/// How long this machine is given to say how much is free: a disk that is not there any more never does.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long after its process a server may begin to work, in seconds.
const STARTING: f64 = 10.0;

/// The size of a database, and where the server's files are, since when it runs and at which port: where this
/// login may know, the server says that it is reached on its own machine, and all of the database is on the
/// same disk as those files.
const SIZE: &str = "
    select pg_database_size($1)::float8,
        case when pg_has_role(current_user, 'pg_read_all_settings', 'usage')
                and (inet_server_addr() is null or inet_server_addr() = inet_client_addr())
                and not exists (
                    select from pg_tablespace as place, pg_tablespace_databases(place.oid) as there (oid)
                    where place.spcname not in ('pg_default', 'pg_global')
                        and there.oid = (select oid from pg_database where datname = $1)
                )
            then current_setting('data_directory') end,
        extract(epoch from pg_postmaster_start_time())::float8,
        current_setting('port')";

/// A server, by what it says of itself.
struct Server {
    directory: String,
    /// When it began to work, in seconds since 1970.
    started: f64,
    port: String,
}

/// Looks whether there is room for a copy as large as its source; answers how large that is, for people.
pub(super) async fn checked(source: &Address, client: &Client) -> Result<String, CopyError> {
    let row = client
        .query_one(SIZE, &[&source.database()])
        .await
        .map_err(doing(format!("look how large {} is", source.database())))?;
    let (bytes, directory): (f64, Option<String>) = (row.get(0), row.get(1));
    let left = match directory {
        Some(directory) => {
            let server = Server { directory, started: row.get(2), port: row.get(3) };
            tokio::time::timeout(PATIENCE, left_of(&server)).await.ok().flatten()
        }
        None => None,
    };
    match left {
        Some(left) if left < bytes * SPARE => Err(CopyError::NoSpace {
            database: source.database().to_owned(),
            needed: megabytes(bytes),
            left: megabytes(left),
        }),
        Some(left) => Ok(format!("{}, {} free", megabytes(bytes), megabytes(left))),
        None => Ok(format!("{}, free space not known", megabytes(bytes))),
    }
}

/// Asks how many bytes are left where a server has its files; nothing where this is not shown to be its machine:
/// a tunnel and a pooler look as if the server were here, and here may be another one at the same path.
async fn left_of(server: &Server) -> Option<f64> {
    let path = format!("{}/postmaster.pid", server.directory);
    let written = printed("cat", &[&path]).await?;
    if !is_of(&written, server) {
        return None;
    }
    left(&printed("df", &["-P", "-k", &server.directory]).await?)
}

/// Whether the file that a running server keeps among its files is of this one: its process, its files, when
/// it was started and its port, each on a line.
fn is_of(written: &str, server: &Server) -> bool {
    let lines: Vec<&str> = written.lines().map(str::trim).collect();
    let [_, directory, started, port, ..] = lines.as_slice() else { return false };
    let is_its_start = started.parse::<f64>().is_ok_and(|began| {
        // Whole seconds are written.
        (-1.0..STARTING).contains(&(server.started - began))
    });
    *directory == server.directory && *port == server.port && is_its_start
}

/// Returns what a program prints. One that hangs is ended with whoever waits for it.
async fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let mut asked = Command::new(program);
    asked.args(arguments).stdin(Stdio::null()).env("LC_ALL", "C").kill_on_drop(true);
    let output = asked.output().await.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads the bytes that are left out of what `df -P -k` prints.
fn left(printed: &str) -> Option<f64> {
    let line = printed.lines().nth(1)?;
    // The file system's name may have spaces; the share that is used ends with a percent sign.
    let fields: Vec<&str> = line.split_whitespace().collect();
    let share = fields.iter().position(|field| field.ends_with('%'))?;
    let kilobytes: f64 = fields.get(share.checked_sub(1)?)?.parse().ok()?;
    Some(kilobytes * 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_whatever_the_file_system_is_called() {
        let printed = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                       //nas/the shop 1000 400 600 40% /var/lib/my shop\n";
        assert_eq!(left(printed), Some(614_400.0));
        for odd in ["", "Filesystem\n", "Filesystem\n% 1\n", "Filesystem\nnone - - - 0%"] {
            assert_eq!(left(odd), None, "{odd}");
        }
    }

    #[test]
    fn free_space_is_believed_only_of_the_server_that_was_asked() {
        let server = |directory: &str, started: f64, port: &str| Server {
            directory: directory.to_owned(),
            started,
            port: port.to_owned(),
        };
        let written =
            "4711\n/var/lib/pg\n1764342000\n5432\n/tmp\nlocalhost\n  123  456\nready   \n";
        assert!(is_of(written, &server("/var/lib/pg", 1_764_342_000.4, "5432")));
        for other in [
            server("/var/lib/pg", 1_764_342_900.0, "5432"),
            server("/var/lib/pg", 1_764_341_100.0, "5432"),
            server("/var/lib/pg", 1_764_342_000.4, "5433"),
            server("/var/lib/other", 1_764_342_000.4, "5432"),
        ] {
            assert!(!is_of(written, &other), "{} {}", other.directory, other.started);
        }
        let of_any = server("/var/lib/pg", 0.0, "5432");
        assert!(!is_of("", &of_any) && !is_of("4711\n/var/lib/pg\nsoon\n5432", &of_any));
    }
}
