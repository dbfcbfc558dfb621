//! Starts the server process and waits until it is ready, over whatever a crash left behind.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::error::{FileError, StartError};
use crate::home::Home;
use crate::installation::Installation;
use crate::log::{LogPosition, STARTUP_LOG};
use crate::postmaster::{self, Phase, Postmaster};
use crate::{files, orphans, poll};

/// How the operating system says that the disk is full.
pub(crate) const DISK_FULL: &str = "No space left on device";

/// How PostgreSQL says that processes of a killed server still use its shared memory.
const MEMORY_IN_USE: &str = "pre-existing shared memory block";

/// How the operating system says that somebody else listens on a port.
const ADDRESS_IN_USE: &str = "Address already in use";

/// Recovery replays at most what `max_wal_size` keeps, which takes minutes on a slow disk.
const READY: Duration = Duration::from_secs(300);

/// How long to wait for processes of a killed server.
const ORPHANS_GONE: Duration = Duration::from_secs(30);

/// After this share of the wait, processes that ignored a polite signal are killed.
const ORPHANS_POLITE: Duration = Duration::from_secs(10);

/// An error quotes this many lines of what `pg_ctl` printed, when the log is empty.
const PRINTED_LINES: usize = 5;

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Starts the server and returns it once it accepts connections.
pub(crate) fn start(
    home: &Home,
    installation: &Installation,
    port: u16,
) -> Result<Postmaster, StartError> {
    let began = Instant::now();
    loop {
        let log = LogPosition::now(&home.logs());
        postmaster::remove_stale_files(&home.data(), home.socket_directory())?;
        let Launch::Failed { printed } = launch(home, installation)? else {
            return wait_until_ready(home, &log);
        };
        let lines = log.lines_since().unwrap_or(printed);
        if lines.contains(MEMORY_IN_USE) && began.elapsed() < ORPHANS_GONE {
            end_orphans(&home.data(), began.elapsed());
            continue;
        }
        return Err(refusal(home, port, lines));
    }
}

/// Waits until the server that was launched is ready.
pub(crate) fn wait_until_ready(home: &Home, log: &LogPosition) -> Result<Postmaster, StartError> {
    let data = home.data();
    let outcome = poll::until(READY, POLL_INTERVAL, || match Postmaster::find(&data) {
        None => Some(None),
        Some(found) if found.phase == Phase::Ready => Some(Some(found)),
        Some(_) => None,
    });
    match outcome {
        Some(Some(postmaster)) => Ok(postmaster),
        Some(None) => Err(StartError::Refused { directory: data, log: lines_or_note(log) }),
        None => Err(StartError::NotReady { seconds: READY.as_secs(), log: lines_or_note(log) }),
    }
}

fn lines_or_note(log: &LogPosition) -> String {
    log.lines_since().unwrap_or_else(|| "  (it logged nothing)".to_owned())
}

/// What became of an attempt to start the server.
enum Launch {
    /// The server runs, ready or nearly so.
    Running,
    /// The server ended at once; this was printed.
    Failed { printed: String },
}

/// Runs `pg_ctl start`, which detaches the server from this process and its terminal.
fn launch(home: &Home, installation: &Installation) -> Result<Launch, StartError> {
    let startup_log = home.logs().join(STARTUP_LOG);
    files::remove(&startup_log).map_err(FileError::of("remove", &startup_log))?;
    let mut command = home.user().command(&installation.program("pg_ctl"));
    command.args(["start", "--silent", "--wait", "--timeout", &READY.as_secs().to_string()]);
    // pg_ctl hands its paths to a shell without care for quotes in them: these have none.
    command.current_dir(home.path()).args(["--pgdata", "data"]);
    command.arg("--log").arg(Path::new("log").join(STARTUP_LOG));
    let output = home.user().run(command)?;
    // A server that is still recovering after the timeout has started all the same.
    if output.status.success() || Postmaster::find(&home.data()).is_some() {
        return Ok(Launch::Running);
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    Ok(Launch::Failed { printed: files::last_lines(&printed, PRINTED_LINES) })
}

fn end_orphans(data: &Path, waited: Duration) {
    orphans::signal(data, if waited < ORPHANS_POLITE { Signal::QUIT } else { Signal::KILL });
    // The next attempt tells whether it helped; this only keeps attempts apart.
    poll::until(Duration::from_millis(500), Duration::from_millis(500), || None::<()>);
}

/// Says why the server ended, as far as its log tells.
fn refusal(home: &Home, port: u16, log: String) -> StartError {
    if log.contains(DISK_FULL) {
        return StartError::DiskFull { directory: home.path().to_owned() };
    }
    if log.contains(ADDRESS_IN_USE) {
        return StartError::PortTaken { port };
    }
    StartError::Refused { directory: home.data(), log }
}
