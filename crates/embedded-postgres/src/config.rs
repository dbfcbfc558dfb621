//! What a caller may choose about its server.

use std::path::PathBuf;

/// Where a server keeps its files, and how it differs from the defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Keeps everything the server needs between runs: made if missing.
    pub directory: PathBuf,
    /// Libraries for `shared_preload_libraries`, such as `timescaledb`.
    pub preload: Vec<String>,
    /// Settings by name, written last, so they win over the defaults.
    ///
    /// The server listens on its Unix socket only, unless `listen_addresses` is set here: then
    /// connections over TCP are let in by password (`scram-sha-256`).
    pub settings: Vec<(String, String)>,
    /// The port to use; by default one that was free when the directory was first used.
    pub port: Option<u16>,
}

impl Config {
    /// Returns the defaults for a server that lives in `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), preload: Vec::new(), settings: Vec::new(), port: None }
    }

    /// Adds `library` to those loaded when the server starts.
    #[must_use]
    pub fn preload(mut self, library: &str) -> Self {
        self.preload.push(library.to_owned());
        self
    }

    /// Sets the server setting `name` to `value`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Tells whether the server is to listen on TCP, beside its Unix socket.
    pub(crate) fn listens_on_tcp(&self) -> bool {
        let chosen = self.settings.iter().rfind(|(name, _)| name == "listen_addresses");
        chosen.is_some_and(|(_, addresses)| !addresses.trim().is_empty())
    }
}
