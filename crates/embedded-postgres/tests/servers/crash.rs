//! A server comes back after it was killed, whatever the kill left behind.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use shelfops_embedded_postgres::Process;

use crate::place::{Place, guard_of, psql, query, signal, wait_until, wait_until_gone};

#[test]
fn a_killed_server_comes_back_with_what_was_committed() {
    let place = Place::open();
    let server = place.start();
    let port = server.port();
    assert!(!server.ensure_running().unwrap());
    query(&server, "create table kept as select generate_series(1, 1000)").unwrap();

    let killed = server.process_id().unwrap();
    signal("KILL", killed);
    wait_until_gone(killed);

    assert!(server.ensure_running().unwrap());
    assert_ne!(server.process_id(), Some(killed));
    assert_eq!(server.port(), port);
    assert_eq!(query(&server, "select count(*) from kept").unwrap(), "1000");
    assert!(guard_of(&server).is_alive());
    server.stop_if_last().unwrap();
}

#[test]
fn a_busy_query_of_a_killed_server_does_not_keep_the_next_from_starting() {
    let place = Place::open();
    let server = place.start();
    let endless =
        "select count(*) from generate_series(1, 1e9::bigint) a, generate_series(1, 99) b";
    let mut client = psql(&server, endless).stderr(Stdio::null()).spawn().unwrap();
    let is_busy =
        "select count(*) from pg_stat_activity where query like 'select count(*) from gen%'";
    wait_until("the query to run", || query(&server, is_busy).unwrap() == "1");

    let killed = server.process_id().unwrap();
    signal("KILL", killed);
    wait_until_gone(killed);

    assert!(server.ensure_running().unwrap());
    assert_eq!(query(&server, "select 1").unwrap(), "1");
    client.wait().unwrap();
    server.stop_if_last().unwrap();
}

#[test]
fn lock_files_that_name_a_living_process_are_seen_through() {
    let place = Place::open();
    let server = place.start();
    let killed = server.process_id().unwrap();
    signal("KILL", killed);
    wait_until_gone(killed);
    // As if this test's process had been given the killed server's process id.
    let files = [
        server.directory().join("data/postmaster.pid"),
        server.socket_directory().join(format!(".s.PGSQL.{}.lock", server.port())),
    ];
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let rest = text.split_once('\n').unwrap().1.to_owned();
        fs::write(&file, format!("{}\n{rest}", std::process::id())).unwrap();
    }

    assert_eq!(server.process_id(), None);
    assert!(server.ensure_running().unwrap());
    assert!(Process::current().is_alive());
    server.stop_if_last().unwrap();
}

#[test]
fn an_interrupted_initdb_leaves_nothing_in_the_way() {
    let place = Place::open();
    let draft = place.server().join("data.new.4711");
    fs::create_dir_all(draft.join("base")).unwrap();
    fs::write(draft.join("PG_VERSION"), "15\n").unwrap();

    let server = place.start();

    assert_eq!(query(&server, "select 1").unwrap(), "1");
    let home = fs::read_dir(server.directory()).unwrap().flatten();
    let drafts = home.filter(|entry| entry.file_name().to_string_lossy().starts_with("data.new"));
    assert_eq!(drafts.count(), 0);
    server.stop_if_last().unwrap();
}

#[test]
fn a_stale_port_file_does_not_matter() {
    let place = Place::open();
    let server = place.start();
    let port = server.port();
    fs::write(server.directory().join("port"), "1\n").unwrap();
    let attached = place.start();
    assert_eq!(attached.port(), port);
    assert_eq!(query(&attached, "select 1").unwrap(), "1");
    drop(server);
    attached.stop_if_last().unwrap();

    fs::write(place.server().join("port"), "not a number\n").unwrap();
    let server = place.start();
    assert_eq!(query(&server, "select 1").unwrap(), "1");
    server.stop_if_last().unwrap();
}

#[test]
fn a_server_whose_directory_is_removed_ends_with_its_owner() {
    let place = Place::open();
    let server = place.start();
    let process_id = server.process_id().unwrap();
    // The guard looks once a second, and must have seen the server to end it.
    let began = Instant::now();
    wait_until("the guard to look twice", || began.elapsed() > Duration::from_secs(2));
    // The server may write while its files are removed.
    wait_until("the directory to go", || {
        fs::remove_dir_all(place.server()).ok();
        !place.server().exists()
    });
    wait_until_gone(process_id);
    drop(server);
}
