//! What a killed process leaves behind is removed; what a living one has is not.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use shelfops_advisor::rehearsal::copy::{Method, clean};
use shelfops_advisor::rehearsal::{Address, Copy};
use shelfops_testkit::wait_for;

use super::bench::{PATIENCE, database, databases, request};

const PART: &str = "REHEARSAL_TEST_SOURCE";
const SAYS: &str = "the other process has made ";

/// Another process that owns a copy.
struct Owner {
    child: Child,
    name: String,
}

impl Owner {
    fn spawn(source: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "rehearsal::leftovers::plays_an_owner", "--nocapture"])
            .env(PART, source)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let said = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once(SAYS)?.1.to_owned()));
        Self { child, name: said.expect("the other process gave up") }
    }

    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.name.clone()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn plays_an_owner() {
    let Ok(source) = env::var(PART) else { return };
    let request = shelfops_advisor::rehearsal::CopyRequest {
        source: Address::parse(&source).unwrap(),
        method: Method::Clone { may_disconnect: false },
        programs: shelfops_advisor::rehearsal::Programs::new("/nowhere"),
    };
    let copy = Copy::make(&request, &|_| {}).await.unwrap();
    writeln!(std::io::stdout().lock(), "{SAYS}{}", copy.name()).unwrap();
    std::io::stdin().lock().lines().count();
}

#[tokio::test]
async fn a_copy_of_a_killed_process_is_cleaned_and_one_of_a_living_process_is_not() {
    let shop = database("create table places (id bigint)").await;
    let killed = Owner::spawn(&shop.url());
    let living = Owner::spawn(&shop.url());
    let address = Address::parse(&shop.url()).unwrap();
    assert!(!clean(&address).await.unwrap().contains(&killed.name), "cleaned while it lived");
    let name = killed.kill();
    // The server takes a moment to notice. Another test's copy may be what cleans.
    wait_for("the leftover to be cleaned", PATIENCE, async || {
        clean(&address).await.unwrap();
        databases(&name).await.is_empty()
    })
    .await
    .unwrap();
    assert_eq!(databases(&living.name).await.len(), 1);
}

#[tokio::test]
async fn the_next_copy_cleans_by_itself() {
    let shop = database("create table places (id bigint)").await;
    let name = Owner::spawn(&shop.url()).kill();
    let again = request(&shop, Method::Clone { may_disconnect: false }).await;
    wait_for("the leftover to be cleaned", PATIENCE, async || {
        drop(Copy::make(&again, &|_| {}).await.unwrap());
        databases(&name).await.is_empty()
    })
    .await
    .unwrap();
}
