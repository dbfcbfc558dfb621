//! What a killed process leaves behind is removed; what a living one has is not.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use shelfops_advisor::rehearsal::copy::{Method, clean, leftovers};
use shelfops_advisor::rehearsal::run::{Migration, Rehearsal, Script, Workload};
use shelfops_advisor::rehearsal::{Address, Copy, Programs};
use shelfops_testkit::{connect, program_directory, wait_for};

use super::bench::{PATIENCE, copy, database, databases, request};

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
    // Those of living processes are none.
    assert!(!leftovers(&address).await.unwrap().contains(&living.name));
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

/// Ends the session that holds a copy, as a server that shuts down or somebody with a list of sessions does.
async fn lose(copy: &Copy) {
    // The lock is named like the copy, by FNV-1a.
    let key = copy.name().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let server = connect(&shelfops_testkit::server().await.unwrap().url("postgres")).await.unwrap();
    let ended = "select pg_terminate_backend(pid, 30000) from pg_locks
        where locktype = 'advisory' and (classid::int8 << 32) | objid::int8 = $1";
    let rows = server.query(ended, &[&key.cast_signed()]).await.unwrap();
    assert_eq!(rows.len(), 1, "who holds {}?", copy.name());
    assert!(rows[0].get::<_, bool>(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_whose_holder_is_gone_stays_while_somebody_works_in_it() {
    let shop = database("create table places (id bigint)").await;
    let address = Address::parse(&shop.url()).unwrap();
    let copy = copy(&shop, Method::Clone { may_disconnect: false }).await.unwrap();
    let name = copy.name();
    let working = connect(copy.url()).await.unwrap();
    lose(&copy).await;
    // Whatever cleans now, this test or another, leaves it.
    assert!(!clean(&address).await.unwrap().contains(&name));
    working.batch_execute("select 1").await.unwrap();
    drop(working);
    wait_for("the leftover to be cleaned", PATIENCE, async || {
        clean(&address).await.unwrap();
        databases(&name).await.is_empty()
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_that_lost_its_hold_says_so() {
    let shop = database("create table places (id bigint)").await;
    let copy = copy(&shop, Method::Clone { may_disconnect: false }).await.unwrap();
    lose(&copy).await;
    let programs = Programs::new(program_directory().await.unwrap());
    let workload = Workload::default();
    let rehearsal =
        Rehearsal { copy: &copy, programs: &programs, workload: &workload, watch: &|_| {} };
    let up = Script::plain("alter table places add column name text");
    let migration = Migration { name: "x".to_owned(), up, down: None };
    let error = rehearsal.run(&[migration]).await.unwrap_err().to_string();
    assert!(error.contains(&copy.name()) && error.contains("was ended"), "{error}");
}

/// Who presses Ctrl-C ends the program's part, not the server's: `create database` would go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_given_up_while_the_server_makes_it_is_gone() {
    let shop = database("create table places (id bigint)").await;
    let server = connect(&shop.server().url("postgres")).await.unwrap();
    let asked = "select query from pg_stat_activity
        where query like 'create database%' || $1 || '%' and wait_event_type = 'Lock'";
    let wanted = request(&shop, Method::Clone { may_disconnect: false }).await;
    // Whoever copies a database waits for who is changing what is said of it, and nothing is seen of the
    // copy yet. No other test waits for this one.
    let holding = connect(&shop.server().url("postgres")).await.unwrap();
    let hold = format!("begin; comment on database \"{}\" is 'held'", shop.name());
    holding.batch_execute(&hold).await.unwrap();
    let making = tokio::spawn(async move { Copy::make(&wanted, &|_| {}).await.map(drop) });
    let mut name = String::new();
    wait_for("the server to make the copy", PATIENCE, async || {
        let found = server.query_opt(asked, &[&shop.name()]).await.unwrap();
        let text = found.map(|row| row.get::<_, String>(0)).unwrap_or_default();
        name = text.split('"').nth(1).unwrap_or_default().to_owned();
        !name.is_empty()
    })
    .await
    .unwrap();
    making.abort();
    assert!(making.await.unwrap_err().is_cancelled());
    assert!(server.query_opt(asked, &[&shop.name()]).await.unwrap().is_none(), "it goes on");
    holding.batch_execute("rollback").await.unwrap();
    assert!(databases(&name).await.is_empty());
}
