//! A server that cannot start says why, and what to do.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use shelfops_embedded_postgres::{FileError, Server, StartError};

use crate::place::{Place, installation, is_root, query, small};

#[test]
fn a_refused_start_quotes_the_servers_log() {
    let place = Place::open();
    let config = place.config().setting("work_mem", "plenty");
    let error = Server::start(installation(), config).unwrap_err();
    assert!(matches!(error, StartError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("work_mem"), "{error}");
}

#[test]
fn data_of_a_version_that_is_not_installed_are_left_alone() {
    let place = Place::open();
    place.start().stop_if_last().unwrap();
    fs::write(place.server().join("data/PG_VERSION"), "99\n").unwrap();

    let error = place.try_start().unwrap_err();

    assert!(matches!(error, StartError::VersionMismatch { data_version: 99, .. }), "{error}");
    assert!(error.to_string().contains("install PostgreSQL 99"), "{error}");
}

#[test]
fn files_that_are_no_data_are_left_alone() {
    let place = Place::open();
    let data = place.server().join("data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("notes.txt"), "mine").unwrap();

    let error = place.try_start().unwrap_err();

    assert!(matches!(error, StartError::NotADataDirectory { .. }), "{error}");
    assert_eq!(fs::read_to_string(data.join("notes.txt")).unwrap(), "mine");
}

#[test]
fn a_missing_library_is_named() {
    let place = Place::open();
    let config = place.config().preload("no_such_library");
    let error = Server::start(installation(), config).unwrap_err();
    assert!(matches!(error, StartError::MissingLibrary { .. }), "{error}");
}

#[test]
fn a_taken_port_is_named() {
    let place = Place::open();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = place.config().setting("listen_addresses", "127.0.0.1");
    config.port = Some(port);
    let error = Server::start(installation(), config).unwrap_err();
    assert!(matches!(error, StartError::PortTaken { port: taken } if taken == port), "{error}");
}

#[test]
fn a_full_disk_is_called_a_full_disk() {
    let place = Place::open();
    let Some(_small_disk) = SmallDisk::mount(place.server()) else {
        return; // only root can mount one
    };
    let error = Server::start(installation(), small(&place.server())).unwrap_err();
    assert!(
        matches!(error, StartError::DiskFull { .. } | StartError::File(FileError::DiskFull { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("free some space"), "{error}");
}

#[test]
fn a_failed_start_leaves_no_user_behind() {
    let place = Place::open();
    let config = place.config().setting("work_mem", "plenty");
    Server::start(installation(), config).unwrap_err();
    assert_eq!(fs::read_dir(place.server().join("users")).unwrap().count(), 0);
    let server = place.start();
    assert_eq!(query(&server, "select 1").unwrap(), "1");
    assert!(server.stop_if_last().unwrap());
}

/// A file system too small for a server.
struct SmallDisk {
    directory: PathBuf,
}

impl SmallDisk {
    fn mount(directory: PathBuf) -> Option<Self> {
        if !is_root() {
            return None;
        }
        fs::create_dir(&directory).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs"]).arg(&directory);
        command.status().ok()?.success().then_some(Self { directory })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.directory).status().ok();
    }
}
