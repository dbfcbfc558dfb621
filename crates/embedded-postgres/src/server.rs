//! Brings a server up, or attaches to the one that runs.

use std::time::Duration;

use crate::config::Config;
use crate::error::{FileError, StartError};
use crate::handle::ServerHandle;
use crate::home::Home;
use crate::installation::Installation;
use crate::log::LogPosition;
use crate::postmaster::{Phase, Postmaster};
use crate::settings::{self, Surroundings};
use crate::users::Registration;
use crate::{cluster, control, files, guard, lock, machine, poll, port};

/// Longer than a server takes that somebody else is stopping.
const STOPPED: Duration = Duration::from_secs(90);

/// A private PostgreSQL server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts the server in the configured directory, or attaches to the one that runs there.
    ///
    /// Returns when the server accepts connections. Any number of processes may call this at once.
    /// The server runs until the last of their handles is dropped, or their last process ends, and
    /// about three seconds more. When another version made the data, that version runs if it is
    /// installed. An attached server keeps its settings while anybody else uses it.
    pub fn start(installation: Installation, config: Config) -> Result<ServerHandle, StartError> {
        let home = Home::prepare(&config.directory)?;
        let _lock = lock::acquire(&home.lock_file())?;
        // Registered before anything runs, so the guard never sees a server nobody uses.
        let registration = Registration::add(&home.users())?;
        let mut plan = Plan { home, installation, config };
        plan.check()?;
        let postmaster = plan.bring_up(&registration)?;
        Ok(ServerHandle::new(plan, registration, &postmaster))
    }
}

/// Everything needed to bring a server up, now and after a crash.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) home: Home,
    pub(crate) installation: Installation,
    pub(crate) config: Config,
}

impl Plan {
    /// Refuses what cannot work, and switches to the version that made the data.
    fn check(&mut self) -> Result<(), StartError> {
        let data = self.home.data();
        let server_version = self.installation.version();
        if let Some(data_version) = cluster::major_version(&data)?
            && data_version != server_version.major()
        {
            self.installation = Installation::find_major(data_version).map_err(|source| {
                StartError::VersionMismatch {
                    directory: data,
                    data_version,
                    server_version,
                    source,
                }
            })?;
            tracing::warn!(
                data_version,
                newer_version = %server_version,
                "another version of PostgreSQL made the data, so that version runs"
            );
        }
        let lacks =
            |library: &&String| !library.contains('/') && !self.installation.has_library(library);
        match self.config.preload.iter().find(lacks) {
            None => Ok(()),
            Some(library) => Err(StartError::MissingLibrary {
                library: library.clone(),
                version: self.installation.version(),
                directory: self.installation.library_directory().to_owned(),
            }),
        }
    }

    /// Returns the running server, started if need be. The caller holds the lock.
    pub(crate) fn bring_up(&self, registration: &Registration) -> Result<Postmaster, StartError> {
        guard::wait_while_stopping(&self.home)?;
        guard::ensure(&self.home)?;
        if let Some(running) = self.find_settled()? {
            let settings = self.settings(self.config.port.unwrap_or(running.port))?;
            let are_current = files::read_if_there(&self.home.settings_file())?
                .is_some_and(|written| written == settings);
            if are_current || registration.has_company() {
                if !are_current {
                    tracing::warn!("the server is in use and keeps its settings until it restarts");
                }
                return Ok(running);
            }
            running.stop()?;
        }
        self.launch()
    }

    /// Returns the running server once it neither starts nor stops.
    fn find_settled(&self) -> Result<Option<Postmaster>, StartError> {
        let data = self.home.data();
        let find = || Postmaster::find(&data);
        match find().map(|found| found.phase) {
            None => Ok(None),
            Some(Phase::Starting) => {
                let log = LogPosition::now(&self.home.logs());
                match control::wait_until_ready(&self.home, &log) {
                    // It ended after all: whoever starts it next sees why.
                    Err(StartError::Refused { .. }) => Ok(None),
                    outcome => outcome.map(Some),
                }
            }
            Some(Phase::Ready) => Ok(find()),
            Some(Phase::Stopping) => {
                let is_gone = || find().is_none().then_some(());
                poll::until(STOPPED, Duration::from_millis(50), is_gone);
                find().map_or(Ok(None), |stuck| stuck.stop().map(|()| None).map_err(Into::into))
            }
        }
    }

    fn launch(&self) -> Result<Postmaster, StartError> {
        if cluster::major_version(&self.home.data())?.is_none() {
            cluster::initialize(&self.home, &self.installation, &self.config)?;
        }
        cluster::include_settings(&self.home.data())?;
        let port = port::choose(&self.home, &self.config)?;
        files::replace(&self.home.settings_file(), &self.settings(port)?)?;
        let postmaster = control::start(&self.home, &self.installation, port)?;
        tracing::info!(
            version = %self.installation.version(),
            directory = %self.home.path().display(),
            process_id = postmaster.process.id(),
            "started PostgreSQL"
        );
        Ok(postmaster)
    }

    fn settings(&self, port: u16) -> Result<String, StartError> {
        let surroundings = Surroundings {
            socket_directory: self.home.socket_directory(),
            port,
            memory_megabytes: machine::memory_megabytes(),
        };
        settings::render(&self.config, surroundings)
    }

    /// Opens the lock that keeps other processes from starting or stopping the server.
    pub(crate) fn lock(&self) -> Result<std::fs::File, FileError> {
        lock::acquire(&self.home.lock_file())
    }
}
