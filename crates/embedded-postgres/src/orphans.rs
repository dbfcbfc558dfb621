//! Ends what is left of a server whose main process was killed.
//!
//! Its other processes notice at their next wait, but one that computes for minutes keeps the shared
//! memory in use, and with it every new server from starting.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::postmaster;
use crate::process::Process;

/// Sends `signal` to every process that works in the data directory of a dead server.
///
/// Finds none where there is no `/proc`; waiting has to do there.
pub(crate) fn signal(data: &Path, signal: Signal) {
    for process in working_in(data) {
        tracing::info!(process_id = process.id(), "ending a process left by a killed server");
        postmaster::send(process.id(), signal);
    }
}

fn working_in(data: &Path) -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Process::find)
        .filter(|process| process.works_in(data) && process.is_postgres())
}
