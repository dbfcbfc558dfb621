//! Chooses the user the server runs as, since PostgreSQL refuses to run as root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::StartError;

/// Users that may run the server when root starts it, the best first.
const CANDIDATES: &[&str] = &["postgres", "nobody"];

/// The user the server runs as: the caller, unless that is root.
#[derive(Debug, Clone)]
pub(crate) struct ServerUser {
    name: String,
    user_id: u32,
    group_id: u32,
    must_switch: bool,
}

impl ServerUser {
    /// Chooses the caller, or for root the owner of the data, or for new data a system user.
    pub(crate) fn choose(data: &Path) -> Result<Self, StartError> {
        let user_id = effective_user_id();
        if user_id != 0 {
            let group_id = rustix::process::getegid().as_raw();
            let name = format!("user {user_id}");
            return Ok(Self { name, user_id, group_id, must_switch: false });
        }
        let owner = fs::symlink_metadata(data).ok().filter(|metadata| metadata.uid() != 0);
        if let Some(owner) = owner {
            let (user_id, group_id) = (owner.uid(), owner.gid());
            let name = format!("user {user_id}");
            return Ok(Self { name, user_id, group_id, must_switch: true });
        }
        CANDIDATES.iter().find_map(|name| Self::named(name)).ok_or(StartError::NoServerUser)
    }

    fn named(name: &str) -> Option<Self> {
        let (user_id, group_id) = (ask_id("-u", name)?, ask_id("-g", name)?);
        Some(Self { name: format!("user {name}"), user_id, group_id, must_switch: true })
    }

    /// Returns a name for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the user id.
    pub(crate) fn user_id(&self) -> u32 {
        self.user_id
    }

    /// Returns the group id.
    pub(crate) fn group_id(&self) -> u32 {
        self.group_id
    }

    /// Tells whether the caller is root, so that the server runs as somebody else.
    pub(crate) fn must_switch(&self) -> bool {
        self.must_switch
    }

    /// Makes the user own `path`, without following a symbolic link.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        if self.must_switch {
            lchown(path, Some(self.user_id), Some(self.group_id))
        } else {
            Ok(())
        }
    }

    /// Prepares to run `program` as the user, away from the caller's PostgreSQL environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        // Some directory the user can be in; messages in English, since a few are acted on.
        command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
        if self.must_switch {
            command.uid(self.user_id).gid(self.group_id);
        }
        command
    }

    /// Runs a command to its end and returns what it did and printed.
    pub(crate) fn run(&self, mut command: Command) -> Result<std::process::Output, StartError> {
        command.output().map_err(|source| StartError::Command {
            program: command.get_program().into(),
            user: self.name.clone(),
            source,
        })
    }

    /// Tells whether the user can get into `directory` and write there.
    pub(crate) fn can_write_in(&self, directory: &Path) -> Result<bool, StartError> {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", r#"cd -- "$1" && test -w ."#, "sh"]).arg(directory);
        Ok(self.run(command)?.status.success())
    }
}

/// Returns the user the calling process acts as.
pub(crate) fn effective_user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn ask_id(what: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([what, name]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
