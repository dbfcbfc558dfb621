//! Chooses the port of a server and remembers it.
//!
//! Without TCP the port is only part of the socket's file name, which nobody else can take: the
//! directory is ours. It still differs from server to server, so that one is not mistaken for another.

use std::net::{Ipv4Addr, TcpListener};

use crate::config::Config;
use crate::error::FileError;
use crate::files;
use crate::home::Home;

/// Used where no TCP socket can be opened to find a free port.
const DEFAULT_PORT: u16 = 5432;

/// Returns the configured port, else the remembered one, else one that is free now.
pub(crate) fn choose(home: &Home, config: &Config) -> Result<u16, FileError> {
    if let Some(port) = config.port {
        return Ok(port);
    }
    let file = home.port_file();
    let remembered = files::read_if_there(&file)?.and_then(|text| text.trim().parse().ok());
    let is_usable = |port: &u16| !config.listens_on_tcp() || is_free(*port);
    if let Some(port) = remembered.filter(is_usable) {
        return Ok(port);
    }
    let port = free_port().unwrap_or(DEFAULT_PORT);
    files::replace(&file, &format!("{port}\n"))?;
    Ok(port)
}

/// Tells whether nobody on this machine listens on `port`.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn free_port() -> Option<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    listener.local_addr().ok().map(|address| address.port())
}
