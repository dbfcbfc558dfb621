//! Reads a server's log from a file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use shelfops_advisor::workload::{LogReading, read_log};

use crate::ops::OpError;

/// Reads a log where it holds up nobody else.
pub(crate) async fn log_of(path: &Path) -> Result<LogReading, OpError> {
    let shown = path.display().to_string();
    let file = File::open(path)
        .map_err(|error| OpError::usage(format!("cannot read the log {shown}: {error}")))?;
    let read =
        tokio::task::spawn_blocking(move || read_log(BufReader::with_capacity(1 << 20, file)));
    let reading = read
        .await
        .map_err(|lost| OpError::failed(format!("reading {shown} broke off: {lost}")))??;
    if reading.entries == 0 {
        return Err(OpError::usage(format!("{shown} has no entries of a PostgreSQL log")));
    }
    Ok(reading)
}
