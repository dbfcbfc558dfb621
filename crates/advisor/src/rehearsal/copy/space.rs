//! Whether there is room for a copy: it must not fill the disk of those who use the server.

use std::process::Stdio;

use shelfops_connection::Address;
use tokio::process::Command;
use tokio_postgres::Client;

use super::CopyError;
use super::error::doing;
use crate::indexes::megabytes;

/// How much more than the copy takes must be left for others.
const SPARE: f64 = 1.1;

/// The size of a database, and where the server's files are, where this login may know and the server says that
/// it is reached on its own machine.
const SIZE: &str = "
    select pg_database_size($1)::float8,
        case when pg_has_role(current_user, 'pg_read_all_settings', 'usage')
                and (inet_server_addr() is null or inet_server_addr() = inet_client_addr())
            then current_setting('data_directory') end";

/// Looks whether there is room for a copy as large as its source; answers how large that is, for people.
pub(super) async fn checked(source: &Address, client: &Client) -> Result<String, CopyError> {
    let row = client
        .query_one(SIZE, &[&source.database()])
        .await
        .map_err(doing(format!("look how large {} is", source.database())))?;
    let (bytes, directory): (f64, Option<String>) = (row.get(0), row.get(1));
    let left = match &directory {
        Some(directory) => left_in(directory).await,
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

/// Asks how many bytes are left where a directory is; nothing where it is not on this machine.
async fn left_in(directory: &str) -> Option<f64> {
    let mut asked = Command::new("df");
    asked.args(["-P", "-k", directory]).stdin(Stdio::null()).env("LC_ALL", "C");
    let output = asked.output().await.ok().filter(|output| output.status.success())?;
    left(&String::from_utf8_lossy(&output.stdout))
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
}
