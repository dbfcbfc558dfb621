//! Finds an installed PostgreSQL and runs it privately, for as long as somebody uses it.
//!
//! [`Installation::find`] looks for PostgreSQL 15 or newer; [`Server::start`] runs it in a directory
//! of the caller's, reachable through a Unix socket that only the caller may enter. Several processes
//! may start the same directory at once: the first starts the server, the others attach. When the
//! last of them has ended, however it ended, a guard stops the server.
//!
//! The crate knows nothing of anybody's schema, and speaks no SQL. It runs on Unix.
//!
//! ```no_run
//! use shelfops_embedded_postgres::{Config, Installation, Server};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::start(Installation::find()?, Config::new(".shelfops/postgres"))?;
//! println!("connect to {}", server.connection_url("postgres"));
//! # Ok(())
//! # }
//! ```

mod cluster;
mod config;
mod control;
mod error;
mod files;
mod guard;
mod handle;
mod home;
mod installation;
mod lock;
mod log;
mod machine;
mod orphans;
mod poll;
mod port;
mod postmaster;
mod private_directory;
mod process;
mod server;
mod server_user;
mod settings;
mod url;
mod users;

pub use config::Config;
pub use error::{FileError, StartError, StopError};
pub use handle::ServerHandle;
pub use installation::{FindError, Installation, Version};
pub use process::Process;
pub use server::Server;

/// The superuser of every server this crate initialises.
pub const SUPERUSER: &str = "shelfops_admin";

/// The oldest major version of PostgreSQL that is accepted.
pub const OLDEST_MAJOR_VERSION: u32 = 15;
