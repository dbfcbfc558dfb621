//! Other test processes, which the test binary plays itself.
//!
//! [`plays_another_process`] does nothing in an ordinary run; with a part in the environment it plays
//! that part, says what it did, and waits for the end of its input.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use shelfops_testkit::{Engine, TestDatabase, TestkitError, server, server_for};

use crate::engines::hypertable;
use crate::fixture::{fresh_fingerprint, store_count, three_stores};

const PART: &str = "TESTKIT_TEST_PART";
const ARGUMENT: &str = "TESTKIT_TEST_ARGUMENT";
const SAYS: &str = "the other process says: ";

/// Another process, killed when dropped.
pub(crate) struct OtherProcess {
    child: Child,
    said: Option<String>,
    _output: Lines<BufReader<ChildStdout>>,
}

impl OtherProcess {
    /// Starts a process that plays `part`, and waits until it has said something.
    pub(crate) fn spawn(part: &str, argument: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "other_process::plays_another_process", "--nocapture"])
            .env(PART, part)
            .env(ARGUMENT, argument)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = output.by_ref().map_while(Result::ok);
        let said = lines.find_map(|line| Some(line.split_once(SAYS)?.1.to_owned()));
        Self { child, said, _output: output }
    }

    /// Returns what the process said.
    pub(crate) fn said(&self) -> &str {
        self.said.as_deref().expect("the other process gave up")
    }

    /// Kills the process, which gets no chance to clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn plays_another_process() {
    let Ok(part) = env::var(PART) else { return };
    let argument = env::var(ARGUMENT).unwrap();
    match part.as_str() {
        "own a database" => {
            let database = TestDatabase::empty().await.unwrap();
            say(database.name());
            wait_for_end_of_input();
        }
        "hang while building" => {
            let hang = async |_url| -> Result<(), TestkitError> {
                say("building");
                wait_for_end_of_input();
                Ok(())
            };
            TestDatabase::from_template("hanging", &argument, hang).await.unwrap();
        }
        "use a copy" => {
            let build = async |url: String| three_stores(&url).await;
            let fingerprint = fresh_fingerprint();
            let copy = TestDatabase::from_template("named", &fingerprint, build).await.unwrap();
            let is_embedded = server().await.unwrap().is_embedded();
            say(&format!("{} stores, embedded: {is_embedded}", store_count(&copy).await));
        }
        "use copies of a hypertable" => {
            let server = server_for(Engine::Timescale).await.unwrap();
            let fingerprint = fresh_fingerprint();
            let mut copies = Vec::new();
            for _ in 0..3 {
                let copy = server.from_template("scheduled", &fingerprint, hypertable).await;
                copies.push(copy.unwrap());
            }
            say(&format!("{} copies", copies.len()));
        }
        other => panic!("nobody can play `{other}`"),
    }
}

fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{SAYS}{text}").unwrap();
}

fn wait_for_end_of_input() {
    std::io::stdin().lock().lines().count();
}
