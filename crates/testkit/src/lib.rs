//! Throwaway PostgreSQL databases for tests.
//!
//! All test processes of a run share one server: the one `TEST_DATABASE_URL` names, or a private one
//! that is started below the build's target directory and stops by itself. Each test gets a database
//! of its own, cloned from a template that is built once, and dropped with the test.
//!
//! ```no_run
//! use shelfops_testkit::TestDatabase;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let database = TestDatabase::from_template("stores", "fingerprint of the schema", async |url| {
//!     let client = shelfops_testkit::connect(&url).await?;
//!     client.batch_execute("create table stores (store_id text primary key)").await?;
//!     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
//! })
//! .await?;
//! let client = database.connect().await?;
//! client.execute("insert into stores values ('downtown')", &[]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows none of ours but the one that runs the server, so all may use it in their tests.

mod address;
mod connection;
mod database;
mod database_name;
mod dump;
mod embedded;
mod engine;
mod error;
mod server;
mod sweep;
mod target_directory;
mod template;
mod vacuum;
mod wait;

pub use connection::connect;
pub use database::TestDatabase;
pub use dump::{pg_dump, program_directory};
pub use engine::{Engine, engines, server_for};
pub use error::TestkitError;
pub use server::{TestServer, own_server, server};
pub use vacuum::vacuum_all;
pub use wait::wait_for;
