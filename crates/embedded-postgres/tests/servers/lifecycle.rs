//! A server starts, is shared, and stops when nobody is left.

use std::thread;

use shelfops_embedded_postgres::{Process, Server};

use crate::owner::Owner;
use crate::place::{
    Place, guard_of, installation, is_root, query, signal, wait_until, wait_until_gone,
};

#[test]
fn a_server_starts_answers_and_stops() {
    let place = Place::open();
    let server = place.start();
    let process_id = server.process_id().unwrap();

    assert_eq!(query(&server, "select current_user").unwrap(), "shelfops_admin");
    assert_eq!(query(&server, "show listen_addresses").unwrap(), "");
    assert_eq!(query(&server, "show shared_buffers").unwrap(), "16MB");
    assert_eq!(query(&server, "show server_encoding").unwrap(), "UTF8");
    assert_eq!(query(&server, "show jit").unwrap(), "off");
    assert_eq!(query(&server, "show port").unwrap(), server.port().to_string());

    assert!(server.stop_if_last().unwrap());
    assert_eq!(Process::find(process_id), None);
}

#[test]
fn data_and_port_survive_a_restart() {
    let place = Place::open();
    let server = place.start();
    let port = server.port();
    query(&server, "create table kept as select 42 as answer").unwrap();
    server.stop_if_last().unwrap();

    let server = place.start();

    assert_eq!(query(&server, "select answer from kept").unwrap(), "42");
    assert_eq!(server.port(), port);
    server.stop_if_last().unwrap();
}

#[test]
fn root_does_not_run_the_server_itself() {
    let place = Place::open();
    let server = place.start();
    let owner =
        query(&server, "select pg_read_file('/proc/self/status') ~ E'Uid:\\t0\\t'").unwrap();
    assert_eq!(owner, "f");
    // The directory is open to others, so nothing had to move away from it.
    assert_eq!(server.directory(), place.server().canonicalize().unwrap());
    if is_root() {
        use std::os::unix::fs::MetadataExt;
        assert_ne!(server.directory().join("data").metadata().unwrap().uid(), 0);
    }
    server.stop_if_last().unwrap();
}

#[test]
fn a_second_process_attaches_and_the_server_outlives_the_first() {
    let place = Place::open();
    let owner = Owner::spawn(&place.server());
    let server = place.start();
    assert_eq!(server.process_id(), Some(owner.server_process_id));

    let second = Owner::spawn(&place.server());
    assert_eq!(second.server_process_id, owner.server_process_id);
    owner.finish();
    second.kill();

    assert_eq!(query(&server, "select 1").unwrap(), "1");
    assert!(server.stop_if_last().unwrap());
}

#[test]
fn the_server_stays_while_somebody_else_uses_it() {
    let place = Place::open();
    let owner = Owner::spawn(&place.server());
    assert!(!place.start().stop_if_last().unwrap());
    let server = place.start();
    assert_eq!(query(&server, "select 1").unwrap(), "1");
    owner.finish();
    server.stop_if_last().unwrap();
}

#[test]
fn many_starts_at_once_make_one_server() {
    let place = Place::open();
    let process_ids: Vec<u32> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| place.start())).collect();
        let owners: Vec<_> = (0..3).map(|_| Owner::spawn(&place.server())).collect();
        let servers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let attached = servers.iter().map(|server| server.process_id().unwrap());
        let ids = attached.chain(owners.iter().map(|owner| owner.server_process_id)).collect();
        owners.into_iter().for_each(Owner::finish);
        ids
    });
    assert_eq!(process_ids.len(), 7);
    assert!(process_ids.iter().all(|id| *id == process_ids[0]), "{process_ids:?}");
    place.start().stop_if_last().unwrap();
}

#[test]
fn the_server_stops_when_its_owner_is_killed() {
    let place = Place::open();
    let owner = Owner::spawn(&place.server());
    let server_process_id = owner.server_process_id;
    owner.kill();
    wait_until_gone(server_process_id);
    wait_until("the guard to leave", || !place.server().join("guard").exists());
    wait_until("the guard's mark to go", || !place.server().join("stopping").exists());
}

#[test]
fn the_server_stops_when_its_owner_is_interrupted() {
    let place = Place::open();
    let owner = Owner::spawn(&place.server());
    let server_process_id = owner.server_process_id;
    owner.interrupt();
    wait_until_gone(server_process_id);
    // A guard that the interrupt had hit would have left its file.
    wait_until("the guard to leave", || !place.server().join("guard").exists());
}

#[test]
fn a_start_while_the_guard_stops_the_server_finds_a_server() {
    let place = Place::open();
    for _ in 0..2 {
        let owner = Owner::spawn(&place.server());
        owner.kill();
        wait_until("the guard to begin", || place.server().join("stopping").exists());
        let server = place.start();
        assert_eq!(query(&server, "select 1").unwrap(), "1");
        assert!(guard_of(&server).is_alive());
        drop(server);
    }
    place.start().stop_if_last().unwrap();
}

#[test]
fn a_killed_guard_is_replaced() {
    let place = Place::open();
    let server = place.start();
    let first = guard_of(&server);

    signal("KILL", first.id());
    wait_until_gone(first.id());
    assert!(!server.ensure_running().unwrap());
    let second = guard_of(&server);
    assert!(second.is_alive());

    signal("KILL", second.id());
    wait_until_gone(second.id());
    let attached = place.start();
    assert!(guard_of(&attached).is_alive());
    drop(server);
    attached.stop_if_last().unwrap();
}

#[test]
fn changed_settings_take_effect_unless_somebody_uses_the_server() {
    let place = Place::open();
    let server = place.start();
    let changed = || Server::start(installation(), place.config().setting("work_mem", "9MB"));

    let attached = changed().unwrap();
    assert_ne!(query(&attached, "show work_mem").unwrap(), "9MB");
    drop((server, attached));

    let server = changed().unwrap();
    assert_eq!(query(&server, "show work_mem").unwrap(), "9MB");
    server.stop_if_last().unwrap();
}

#[test]
fn tcp_asks_for_a_password() {
    let place = Place::open();
    let config = place.config().setting("listen_addresses", "127.0.0.1");
    let server = Server::start(installation(), config).unwrap();
    query(&server, "create role clerk login password 'till'").unwrap();
    let connect = |password: &str| {
        let mut command = std::process::Command::new(server.installation().program("psql"));
        command.args([
            "--no-psqlrc",
            "--no-password",
            "--command",
            "select 1",
            "--host",
            "127.0.0.1",
        ]);
        command.args(["--port", &server.port().to_string(), "--username", "clerk", "postgres"]);
        command.env("PGPASSWORD", password).output().unwrap().status.success()
    };
    assert!(connect("till"));
    assert!(!connect("wrong"));
    server.stop_if_last().unwrap();
}
