//! A caller's hold on a running server.

use std::path::Path;

use crate::error::{StartError, StopError};
use crate::installation::Installation;
use crate::postmaster::{Phase, Postmaster};
use crate::server::Plan;
use crate::users::Registration;
use crate::{SUPERUSER, guard, url};

/// Keeps a server running until it is dropped, or its process ends.
#[derive(Debug)]
pub struct ServerHandle {
    plan: Plan,
    registration: Registration,
    port: u16,
}

impl ServerHandle {
    pub(crate) fn new(mut plan: Plan, registration: Registration, postmaster: &Postmaster) -> Self {
        let port = postmaster.port;
        // A restart must keep the port that this handle has told its callers.
        plan.config.port = Some(port);
        Self { plan, registration, port }
    }

    /// Returns the installation that runs the server.
    pub fn installation(&self) -> &Installation {
        &self.plan.installation
    }

    /// Returns the directory of the server's files, which may differ from the configured one.
    pub fn directory(&self) -> &Path {
        self.plan.home.path()
    }

    /// Returns the directory of the server's socket: what clients call its host.
    pub fn socket_directory(&self) -> &Path {
        self.plan.home.socket_directory()
    }

    /// Returns the port, which is part of the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the name of the superuser, who needs no password.
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// Returns the URL by which the superuser reaches `database`.
    pub fn connection_url(&self, database: &str) -> String {
        self.connection_url_as(SUPERUSER, database)
    }

    /// Returns the URL by which the role `user` reaches `database`; it must be allowed to log in.
    pub fn connection_url_as(&self, user: &str, database: &str) -> String {
        url::connection(user, self.socket_directory(), self.port, database)
    }

    /// Returns the id of the server's main process while the server runs.
    pub fn process_id(&self) -> Option<u32> {
        Some(Postmaster::find(&self.plan.home.data())?.process.id())
    }

    /// Starts the server, and its guard, again if they were killed; tells whether the server was.
    ///
    /// Returns when the server accepts connections, after whatever recovery it needed. Open
    /// connections do not survive; port and socket stay the same.
    pub fn ensure_running(&self) -> Result<bool, StartError> {
        let is_ready = |found: Postmaster| found.phase == Phase::Ready;
        let is_running = Postmaster::find(&self.plan.home.data()).is_some_and(is_ready);
        if is_running && guard::is_alive(&self.plan.home) {
            return Ok(false);
        }
        let _lock = self.plan.lock()?;
        let before = self.process_id();
        let after = self.plan.bring_up(&self.registration)?;
        Ok(before != Some(after.process.id()))
    }

    /// Gives the handle up, and stops the server at once unless somebody else uses it.
    ///
    /// Tells whether the server was stopped. Dropping the handle instead leaves that to the guard.
    pub fn stop_if_last(self) -> Result<bool, StopError> {
        let _lock = self.plan.lock()?;
        if self.registration.has_company() {
            return Ok(false);
        }
        if let Some(postmaster) = Postmaster::find(&self.plan.home.data()) {
            postmaster.stop()?;
        }
        Ok(true)
    }
}
