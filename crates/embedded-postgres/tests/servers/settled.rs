//! A server finds a place to live when the one it was given does not do.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use shelfops_embedded_postgres::{Server, ServerHandle, StartError};

use crate::place::{Place, installation, is_root, query, small};

#[test]
fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let place = Place::open();
    let directory = place.path().join("long".repeat(30)).join("postgres");
    let server = Server::start(installation(), small(&directory)).unwrap();

    let socket_directory = server.socket_directory().to_owned();
    assert!(socket_directory.starts_with("/tmp"), "{}", socket_directory.display());
    assert_eq!(socket_directory.metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(query(&server, "select 1").unwrap(), "1");

    server.stop_if_last().unwrap();
    fs::remove_dir_all(socket_directory).unwrap();
}

#[test]
fn odd_characters_in_the_path_do_no_harm() {
    let place = Place::open();
    let directory = place.path().join("it's a \"shop\" of $HOME; é");
    let server = Server::start(installation(), small(&directory)).unwrap();
    assert_eq!(query(&server, "select 1").unwrap(), "1");
    assert!(server.socket_directory().starts_with(directory.canonicalize().unwrap()));
    server.stop_if_last().unwrap();
}

#[test]
fn a_comma_in_the_path_keeps_only_the_socket_away() {
    let place = Place::open();
    let directory = place.path().join("one, two");
    let server = Server::start(installation(), small(&directory)).unwrap();
    assert_eq!(query(&server, "select 1").unwrap(), "1");
    assert_eq!(server.directory(), directory.canonicalize().unwrap());
    let socket_directory = server.socket_directory().to_owned();
    server.stop_if_last().unwrap();
    fs::remove_dir_all(socket_directory).unwrap();
}

#[test]
fn a_directory_the_server_cannot_enter_is_replaced_and_remembered() {
    if !is_root() {
        return; // the server runs as the caller, who can enter
    }
    let place = Place::closed();
    let server = place.start();
    let home = server.directory().to_owned();
    assert!(home.starts_with("/var/tmp"), "{}", home.display());
    let metadata = home.metadata().unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o777), (0, 0o710));
    query(&server, "create table kept ()").unwrap();
    server.stop_if_last().unwrap();

    let moved = place.path().join("moved");
    fs::rename(place.server(), &moved).unwrap();
    let server = Server::start(installation(), small(&moved)).unwrap();

    assert_eq!(server.directory(), home);
    assert_eq!(query(&server, "select count(*) from kept").unwrap(), "0");
    forget(server);
}

#[test]
fn a_replacement_that_somebody_else_made_first_is_refused() {
    if !is_root() {
        return; // only root needs a replacement
    }
    let place = Place::closed();
    let server = place.start();
    let home = server.directory().to_owned();
    forget(server);
    fs::create_dir(&home).unwrap();
    lchown(&home, Some(12_345), None).unwrap();

    let error = place.try_start().unwrap_err();

    assert!(matches!(error, StartError::ForeignDirectory { owner: 12_345, .. }), "{error}");
    fs::remove_dir(&home).unwrap();
}

#[test]
fn root_runs_the_server_of_another_user_as_that_user() {
    if !is_root() {
        return; // only root can run as somebody else
    }
    let place = Place::open();
    let server = place.start();
    server.stop_if_last().unwrap();
    give(&place.server(), 65_534);

    let server = place.start();

    let owner = query(&server, "select pg_read_file('/proc/self/status') ~ E'Uid:\\t65534\\t'");
    assert_eq!(owner.unwrap(), "t");
    server.stop_if_last().unwrap();
}

/// Stops a server that lives outside its test's directory, and removes its files.
fn forget(server: ServerHandle) {
    let home = server.directory().to_owned();
    assert!(server.stop_if_last().unwrap());
    // The guard leaves within its second or two, and no longer needs the directory.
    fs::remove_dir_all(home).unwrap();
}

fn give(path: &Path, user_id: u32) {
    lchown(path, Some(user_id), Some(user_id)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user_id);
        }
    }
}
