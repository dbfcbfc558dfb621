//! A second process that starts a server, to be killed.
//!
//! The test binary runs itself again: [`holds_a_server_while_told_to`] does nothing in an ordinary
//! run, and owns a server when the environment names a directory.

use std::env;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use shelfops_embedded_postgres::Server;

use crate::place::{installation, small};

const DIRECTORY: &str = "EMBEDDED_POSTGRES_TEST_OWNER_DIRECTORY";
const READY: &str = "the owner's server is process ";

/// A process that has started a server, or attached to it.
pub(crate) struct Owner {
    child: Child,
    /// Kept open, so that the test harness can print to the end.
    _output: Lines<BufReader<ChildStdout>>,
    /// The id of the server's process.
    pub(crate) server_process_id: u32,
}

impl Owner {
    /// Starts a process in a group of its own, as a terminal would, and waits for its server.
    pub(crate) fn spawn(directory: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "owner::holds_a_server_while_told_to", "--nocapture"])
            .env(DIRECTORY, directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut output = output.lines();
        // The harness prints the test's name on the same line first.
        let mut lines = output.by_ref().map_while(Result::ok);
        let ready = lines.find_map(|line| Some(line.split_once(READY)?.1.to_owned()));
        let server_process_id = ready.expect("the owner gave up").parse().unwrap();
        Self { child, _output: output, server_process_id }
    }

    /// Kills the process, which gets no chance to clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets the process end by itself.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Presses Ctrl-C: the terminal sends the signal to the whole group.
    pub(crate) fn interrupt(mut self) {
        let group = format!("-{}", self.child.id());
        let status = Command::new("kill").args(["-s", "INT", "--", &group]).status().unwrap();
        assert!(status.success());
        self.child.wait().unwrap();
    }
}

#[test]
fn holds_a_server_while_told_to() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    let server = Server::start(installation(), small(Path::new(&directory))).unwrap();
    println!("{READY}{}", server.process_id().unwrap());
    let end_of_input = std::io::stdin().lock().lines().count();
    assert_eq!(end_of_input, 0);
}
